// The words for a key's bound and value: the part of keys.h that writes TOML.
#include "config/duration_text.h"
#include "config/endpoint_text.h"
#include "config/keys.h"
#include "config/range_text.h"
#include "config/toml_text.h"

namespace hearsay::config {
namespace {

std::string range_text(const Key& key, std::string_view unit) {
    const std::string most = amount_text(key.kind, key.bound.most) + std::string(unit);
    if (key.bound.least == 0 && !unit.empty()) return "at most " + most;
    return amount_text(key.kind, key.bound.least) + " to " + most;
}

template <typename Item, typename Write>
std::string list_text(const std::vector<Item>& items, Write write) {
    std::string result;
    for (const Item& item : items) result += (result.empty() ? "" : ", ") + write(item);
    return "[" + result + "]";
}

std::string tags_text(const std::vector<Tag>& tags) {
    std::string result;
    for (const Tag& tag : tags)
        result +=
            (result.empty() ? " " : ", ") + toml_key(tag.key) + " = " + toml_string(tag.value);
    return tags.empty() ? "{}" : "{" + result + " }";
}

struct Writer {
    Kind kind;

    std::string operator()(const std::string* value) const { return toml_string(*value); }
    std::string operator()(const bool* value) const { return *value ? "true" : "false"; }
    std::string operator()(const std::uint16_t* value) const { return amount(*value); }
    std::string operator()(const std::uint32_t* value) const { return amount(*value); }
    std::string operator()(const std::uint64_t* value) const { return amount(*value); }
    std::string operator()(const Duration* value) const {
        return amount(static_cast<std::uint64_t>(value->count()));
    }
    std::string operator()(const std::vector<std::string>* value) const {
        return list_text(*value, toml_string);
    }
    std::string operator()(const std::vector<HostPort>* value) const {
        return list_text(*value, [](const HostPort& host) { return toml_string(to_text(host)); });
    }
    std::string operator()(const std::vector<AddressRange>* value) const {
        return list_text(*value,
                         [](const AddressRange& range) { return toml_string(to_text(range)); });
    }
    std::string operator()(const std::vector<Tag>* value) const { return tags_text(*value); }
    std::string operator()(const LogLevel* value) const { return toml_string(to_text(*value)); }

    std::string amount(std::uint64_t value) const {
        const std::string text = amount_text(kind, value);
        return kind == Kind::count ? text : toml_string(text);
    }
};

}  // namespace

std::string amount_text(Kind kind, std::uint64_t amount) {
    if (kind == Kind::size) return format_size(amount);
    if (kind == Kind::duration)
        return format_duration(Duration(static_cast<Duration::rep>(amount)));
    return std::to_string(amount);
}

std::string bound_text(const Key& key) {
    switch (key.kind) {
        case Kind::flag:
            return "true or false";
        case Kind::level:
            return R"("error", "warning", "info" or "debug")";
        case Kind::text:
            return range_text(key, " bytes");
        case Kind::names:
        case Kind::hosts:
        case Kind::ranges:
        case Kind::tags:
            return range_text(key, " entries");
        case Kind::count:
        case Kind::size:
        case Kind::duration:
            return range_text(key, "");
    }
    return {};
}

std::string value_text(const Key& key, const Config& config) {
    Config copy = config;  // Field points at what may be changed; nothing is changed here
    return std::visit(Writer{key.kind}, key.field(copy));
}

}  // namespace hearsay::config
