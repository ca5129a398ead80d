#include "config/assign.h"

#include <algorithm>
#include <optional>

#include "config/duration_text.h"
#include "config/endpoint_text.h"
#include "config/suggest.h"

namespace hearsay::config {
namespace {

// One value on its way into one key: a visitor of Field.
class Assignment {
public:
    Assignment(const Key& key, const Value& value, const std::string& file,
               std::vector<Problem>& problems)
        : key_(key), value_(value), file_(file), problems_(problems) {}

    void operator()(std::string* field) {
        if (value_.type != ValueType::string) return refuse_type("a string");
        if (!is_within(key_, value_.text.size()))
            return refuse(std::to_string(value_.text.size()) + " bytes are out of bound");
        *field = value_.text;
    }

    void operator()(bool* field) {
        if (value_.type != ValueType::boolean)
            return report(value_, "expected true or false without quotes, found " +
                                      describe(value_));
        *field = value_.flag;
    }

    void operator()(std::uint16_t* field) { put(field); }
    void operator()(std::uint32_t* field) { put(field); }
    void operator()(std::uint64_t* field) { put(field); }

    void operator()(Duration* field) {
        if (value_.type != ValueType::string)
            return refuse_type("a duration with its unit in quotes");
        const auto parsed = parse_duration(value_.text);
        if (!parsed) return refuse_unit(parsed.error(), "250ms, 5s, 2min or 1h");
        if (const auto amount = bounded(static_cast<std::uint64_t>(parsed->count())))
            *field = Duration(static_cast<Duration::rep>(*amount));
    }

    void operator()(std::vector<std::string>* field) {
        std::vector<std::string> strings;
        if (strings_of_list(strings)) *field = strings;
    }

    void operator()(std::vector<HostPort>* field) {
        std::vector<std::string> strings;
        if (!strings_of_list(strings)) return;
        std::vector<HostPort> hosts;
        for (const Value& item : value_.items) {
            const auto host = parse_host_port(item.text);
            if (host)
                hosts.push_back(*host);
            else
                report(item, quoted(item.text) + " " + std::string(to_text(host.error())) +
                                 "; a host is \"name\", \"192.0.2.1:4327\" or "
                                 "\"[2001:db8::1]:4327\"");
        }
        if (hosts.size() == strings.size()) *field = hosts;
    }

    void operator()(std::vector<Tag>* field) {
        if (value_.type != ValueType::table)
            return report(value_, "expected a table of strings, found " + describe(value_) +
                                      "; write it like { role = \"web\" }");
        std::vector<Tag> tags = *field;
        for (const Value& item : value_.items)
            if (item.type == ValueType::string)
                merge(tags, {item.name, item.text});
            else
                report(item, tag_type_text(item));
        if (!is_within(key_, tags.size()))
            return refuse(std::to_string(tags.size()) + " entries are out of bound");
        *field = tags;
    }

    void operator()(LogLevel* field) {
        if (value_.type != ValueType::string) return refuse_type("a string");
        const auto found = std::ranges::find(kLogLevels, value_.text);
        if (found == kLogLevels.end())
            return refuse(quoted(value_.text) + " is no log level",
                          did_you_mean(value_.text, kLogLevels));
        *field = static_cast<LogLevel>(found - kLogLevels.begin());
    }

private:
    template <typename Number>
    void put(Number* field) {
        const auto amount = key_.kind == Kind::size ? size_amount() : count_amount();
        if (amount) *field = static_cast<Number>(*amount);  // the bound is within the type
    }

    std::optional<std::uint64_t> count_amount() {
        if (value_.type != ValueType::integer) {
            refuse_type("an integer without quotes");
            return std::nullopt;
        }
        return integer_amount();
    }

    std::optional<std::uint64_t> size_amount() {
        if (value_.type == ValueType::integer) return integer_amount();
        if (value_.type != ValueType::string) {
            refuse_type("a size in quotes, or an integer of bytes");
            return std::nullopt;
        }
        const auto parsed = parse_size(value_.text);
        if (parsed) return bounded(*parsed);
        refuse_unit(parsed.error(), "64MiB, 512KiB, 100kB, or an integer of bytes");
        return std::nullopt;
    }

    std::optional<std::uint64_t> integer_amount() {
        if (value_.integer >= 0) return bounded(static_cast<std::uint64_t>(value_.integer));
        refuse(std::to_string(value_.integer) + " is out of bound");
        return std::nullopt;
    }

    std::optional<std::uint64_t> bounded(std::uint64_t amount) {
        if (is_within(key_, amount)) return amount;
        const bool is_string = value_.type == ValueType::string;
        refuse((is_string ? quoted(value_.text) : std::to_string(amount)) + " is out of bound");
        return std::nullopt;
    }

    bool strings_of_list(std::vector<std::string>& strings) {
        if (value_.type == ValueType::string) {
            report(value_, "expected a list of strings, found a string; write it in brackets, [" +
                               quoted(value_.text) + "]");
            return false;
        }
        if (value_.type != ValueType::list) {
            refuse_type("a list of strings");
            return false;
        }
        const std::size_t problems_before = problems_.size();
        for (const Value& item : value_.items) {
            strings.push_back(item.text);
            if (item.type != ValueType::string)
                report(item, "expected a string in the list, found " + describe(item));
        }
        if (!is_within(key_, strings.size()))
            refuse(std::to_string(strings.size()) + " entries are out of bound");
        return problems_.size() == problems_before;
    }

    // Sorted by key, so that the same tags are the same list in whatever order they were given.
    static void merge(std::vector<Tag>& tags, const Tag& tag) {
        const auto place = std::ranges::lower_bound(tags, tag.key, {}, &Tag::key);
        if (place != tags.end() && place->key == tag.key)
            *place = tag;
        else
            tags.insert(place, tag);
    }

    static std::string tag_type_text(const Value& item) {
        std::string text = "the tag " + quoted(item.name) + " is " + describe(item) +
                           "; its value is a string";
        if (item.type == ValueType::table) text += ", and a key with a dot stands in quotes";
        return text;
    }

    void refuse_type(std::string_view expected) {
        refuse("expected " + std::string(expected) + ", found " + describe(value_));
    }

    void refuse_unit(UnitError error, std::string_view examples) {
        refuse(quoted(value_.text) + " " + std::string(to_text(error)),
               ", written like " + std::string(examples));
    }

    void refuse(const std::string& wrong, const std::string& after_bound = "") {
        report(value_, wrong + "; " + bound_text(key_) + after_bound);
    }

    void report(const Value& at, const std::string& what) {
        problems_.push_back({file_, at.line, at.column, key_.path(), what});
    }

    const Key& key_;
    const Value& value_;
    const std::string& file_;
    std::vector<Problem>& problems_;
};

}  // namespace

void assign(const Key& key, const Value& value, const std::string& file, Config& config,
            std::vector<Problem>& problems) {
    std::visit(Assignment(key, value, file, problems), key.field(config));
}

}  // namespace hearsay::config
