#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

// The one table of keys. Loading, checking, `hearsay config show`, reloading and the tests of the
// documents all read it, so that they cannot differ.
namespace hearsay::config {

enum class Kind {
    text,      // string; the bound is on its bytes
    flag,      // true or false
    count,     // integer
    size,      // bytes: "64MiB" or an integer
    duration,  // "250ms"; the bound is in nanoseconds
    names,     // list of strings; the bound is on its entries
    hosts,     // list of "host" or "host:port"; the bound is on its entries
    ranges,    // list of "10.1.2.0/24"; the bound is on its entries
    tags,      // table of strings; the bound is on its entries
    level,     // one of kLogLevels
};

// Where a value lives in a Config.
using Field =
    std::variant<std::string*, bool*, std::uint16_t*, std::uint32_t*, std::uint64_t*, Duration*,
                 std::vector<std::string>*, std::vector<HostPort>*, std::vector<AddressRange>*,
                 std::vector<Tag>*, LogLevel*>;

// Both ends are allowed. Always {0, 0} for flags and levels.
struct Bound {
    std::uint64_t least = 0;
    std::uint64_t most = 0;
};

struct Key {
    std::string_view section;
    std::string_view name;
    Kind kind;
    Bound bound;
    bool is_reloadable;  // SIGHUP can change it while the daemon runs
    Field (*field)(Config&);
    std::string_view help;  // its effect, in a sentence or two

    std::string path() const { return std::string(section) + "." + std::string(name); }
};

inline constexpr std::array<std::string_view, 4> kLogLevels{"error", "warning", "info", "debug"};
std::string_view to_text(LogLevel level);

// By section, in the order of Config's members.
std::span<const Key> keys();
// Null when there is none.
const Key* find_key(std::string_view section, std::string_view name);
const Key* find_key(std::string_view path);
std::vector<std::string_view> sections();
std::vector<std::string_view> names_in(std::string_view section);

// What a key's value may be, in words: "50ms to 10s", "at most 16 entries", "true or false".
std::string bound_text(const Key& key);
// The same for an amount in the key's own unit: "250ms", "64MiB", "7".
std::string amount_text(Kind kind, std::uint64_t amount);
bool is_within(const Key& key, std::uint64_t amount);

// The value of a key as TOML: what stands after "name = ". Of Config{}, the default.
std::string value_text(const Key& key, const Config& config);

// Paths of the keys whose values differ, in the table's order.
std::vector<std::string> changed_keys(const Config& a, const Config& b);
// False for a path that is no key's.
bool is_reloadable(std::string_view path);

}  // namespace hearsay::config
