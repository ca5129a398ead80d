#include "config/assign.h"

#include <algorithm>
#include <optional>

#include "config/duration_text.h"
#include "config/endpoint_text.h"
#include "config/range_text.h"
#include "config/suggest.h"

namespace hearsay::config {
namespace {

constexpr std::string_view kHostForms =
    R"(; a host is "name", "192.0.2.1:4327" or "[2001:db8::1]:4327")";

// Sorted by key, so that the same tags are the same list in whatever order they were given.
void merge(std::vector<Tag>& tags, const Tag& tag) {
    const auto place = std::ranges::lower_bound(tags, tag.key, {}, &Tag::key);
    if (place != tags.end() && place->key == tag.key)
        *place = tag;
    else
        tags.insert(place, tag);
}

// One value on its way into one key: a visitor of Field. True: the field has it.
class Assignment {
public:
    Assignment(const Key& key, const Value& value, const std::string& file,
               std::vector<Problem>& problems)
        : key_(key), value_(value), file_(file), problems_(problems) {}

    bool operator()(std::string* field) {
        if (value_.type != ValueType::string) return refuse_type("a string");
        if (!is_within(key_, value_.text.size()))
            return refuse(std::to_string(value_.text.size()) + " bytes are out of bound");
        *field = value_.text;
        return true;
    }

    bool operator()(bool* field) {
        if (value_.type != ValueType::boolean)
            return report(value_,
                          "expected true or false without quotes, found " + describe(value_));
        *field = value_.flag;
        return true;
    }

    // The bound of a key lies within its type.
    bool operator()(std::uint16_t* field) { return put(field, whole_number()); }
    bool operator()(std::uint32_t* field) { return put(field, whole_number()); }
    bool operator()(std::uint64_t* field) { return put(field, whole_number()); }
    bool operator()(Duration* field) { return put(field, nanoseconds()); }

    bool operator()(std::vector<std::string>* field) {
        if (!is_list()) return false;
        std::vector<std::string> names;
        for (const Value& item : value_.items)
            if (is_string(item)) names.push_back(item.text);
        *field = names;
        return true;
    }

    bool operator()(std::vector<HostPort>* field) {
        if (!is_list()) return false;
        std::vector<HostPort> hosts;
        for (const Value& item : value_.items)
            if (const auto host = host_of(item)) hosts.push_back(*host);
        if (hosts.size() != value_.items.size()) return false;
        *field = hosts;
        return true;
    }

    bool operator()(std::vector<AddressRange>* field) {
        if (!is_list()) return false;
        std::vector<AddressRange> ranges;
        for (const Value& item : value_.items)
            if (const auto range = range_of(item)) ranges.push_back(*range);
        if (ranges.size() != value_.items.size()) return false;
        *field = ranges;
        return true;
    }

    bool operator()(std::vector<Tag>* field) {
        if (value_.type != ValueType::table)
            return report(value_, "expected a table of strings, found " + describe(value_) +
                                      R"(; write it like { role = "web" })");
        std::vector<Tag> tags = *field;
        for (const Value& item : value_.items)
            if (item.type == ValueType::string)
                merge(tags, {item.name, item.text});
            else
                report(item, "the tag " + quoted(item.name) + " is " + describe(item) +
                                 "; its value is a string, and a key with a dot has quotes");
        if (!is_within(key_, tags.size()))
            return refuse(std::to_string(tags.size()) + " entries are out of bound");
        *field = tags;
        return true;
    }

    bool operator()(LogLevel* field) {
        if (value_.type != ValueType::string) return refuse_type("a string");
        const auto found = std::ranges::find(kLogLevels, value_.text);
        if (found == kLogLevels.end())
            return refuse(quoted(value_.text) + " is no log level",
                          did_you_mean(value_.text, kLogLevels));
        *field = static_cast<LogLevel>(found - kLogLevels.begin());
        return true;
    }

private:
    using Amount = std::optional<std::uint64_t>;

    template <typename Number>
    static bool put(Number* field, Amount amount) {
        if (amount) *field = static_cast<Number>(*amount);
        return amount.has_value();
    }
    static bool put(Duration* field, Amount amount) {
        if (amount) *field = Duration(static_cast<Duration::rep>(*amount));
        return amount.has_value();
    }

    Amount whole_number() {
        const bool is_size = key_.kind == Kind::size;
        if (is_size && value_.type == ValueType::string) return bytes();
        if (value_.type != ValueType::integer) {
            refuse_type(is_size ? "a size in quotes, or an integer of bytes"
                                : "an integer without quotes");
            return std::nullopt;
        }
        // A negative one is beyond every bound, as its complement is.
        return bounded(static_cast<std::uint64_t>(value_.integer), std::to_string(value_.integer));
    }

    Amount bytes() {
        const auto size = parse_size(value_.text);
        if (size) return bounded(*size, quoted(value_.text));
        refuse_unit(size.error(), "64MiB, 512KiB, 100kB, or an integer of bytes",
                    nearest_size(value_.text));
        return std::nullopt;
    }

    Amount nanoseconds() {
        if (value_.type != ValueType::string) {
            refuse_type("a duration with its unit in quotes", R"(, written like "5s")");
            return std::nullopt;
        }
        const auto duration = parse_duration(value_.text);
        if (duration)
            return bounded(static_cast<std::uint64_t>(duration->count()), quoted(value_.text));
        refuse_unit(duration.error(), "250ms, 5s, 2min or 1h", nearest_duration(value_.text));
        return std::nullopt;
    }

    Amount bounded(std::uint64_t amount, const std::string& shown) {
        if (is_within(key_, amount)) return amount;
        refuse(shown + " is out of bound");
        return std::nullopt;
    }

    bool is_list() {
        if (value_.type == ValueType::string)
            return report(value_,
                          "expected a list of strings, found a string; write it in "
                          "brackets, [" +
                              quoted(value_.text) + "]");
        if (value_.type != ValueType::list) return refuse_type("a list of strings");
        if (!is_within(key_, value_.items.size()))
            return refuse(std::to_string(value_.items.size()) + " entries are out of bound");
        return true;
    }

    bool is_string(const Value& item) {
        return item.type == ValueType::string ||
               report(item, "expected a string in the list, found " + describe(item));
    }

    std::optional<HostPort> host_of(const Value& item) {
        if (!is_string(item)) return std::nullopt;
        const auto host = parse_host_port(item.text);
        if (host) return *host;
        report(item, quoted(item.text) + " " + std::string(to_text(host.error())) +
                         std::string(kHostForms));
        return std::nullopt;
    }

    std::optional<AddressRange> range_of(const Value& item) {
        if (!is_string(item)) return std::nullopt;
        const auto range = parse_range(item.text);
        if (range) return *range;
        report(item, explain(range.error(), item.text));
        return std::nullopt;
    }

    bool refuse_type(std::string_view expected, const std::string& after_bound = "") {
        return refuse("expected " + std::string(expected) + ", found " + describe(value_),
                      after_bound);
    }

    bool refuse_unit(UnitError error, const std::string& examples, const std::string& nearest) {
        const std::string hint = nearest.empty() ? "" : " (did you mean " + quoted(nearest) + "?)";
        return refuse(quoted(value_.text) + " " + std::string(to_text(error)),
                      ", written like " + examples + hint);
    }

    bool refuse(const std::string& wrong, const std::string& after_bound = "") {
        return report(value_, wrong + "; " + bound_text(key_) + after_bound);
    }

    bool report(const Value& at, const std::string& what) {
        problems_.push_back({file_, at.line, at.column, key_.path(), what});
        return false;
    }

    const Key& key_;
    const Value& value_;
    const std::string& file_;
    std::vector<Problem>& problems_;
};

}  // namespace

bool assign(const Key& key, const Value& value, const std::string& file, Config& config,
            std::vector<Problem>& problems) {
    return std::visit(Assignment(key, value, file, problems), key.field(config));
}

}  // namespace hearsay::config
