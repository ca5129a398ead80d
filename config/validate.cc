#include "config/validate.h"

#include <algorithm>

#include "config/duration_text.h"
#include "config/endpoint_text.h"
#include "config/keys.h"
#include "config/problem.h"
#include "config/range_text.h"

namespace hearsay::config {
namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz0123456789._-";
constexpr std::string_view kAnyCase =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

constexpr std::size_t kNodeNameSizeMax = 63;  // a label of DNS
constexpr std::size_t kTagKeySizeMax = 32;
constexpr std::size_t kTagValueSizeMax = 128;
constexpr std::size_t kNameSizeMax = 32;       // of users and groups (useradd(8)), and of codecs
constexpr std::size_t kInterfaceSizeMax = 15;  // IFNAMSIZ less the final zero

bool is_name(std::string_view text, std::string_view characters, std::size_t size_max) {
    return !text.empty() && text.size() <= size_max &&
           text.find_first_not_of(characters) == text.npos;
}

bool has_control_character(std::string_view text) {
    return std::ranges::any_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool is_account(std::string_view text) {
    return is_name(text, kAnyCase, kNameSizeMax) && !text.starts_with('-');
}

// What is wrong with one entry of a list; empty: nothing.
using CheckName = std::string (*)(std::string_view name);

std::string check_listen_address(std::string_view text) {
    const auto address = parse_address(text);
    if (!address && parse_endpoint(text, 0))
        return quoted(text) + " has brackets or a port; the port stands in listen.port";
    if (!address)
        return quoted(text) + " " + std::string(to_text(address.error())) +
               "; \"::\", \"192.0.2.1\", \"2001:db8::1\" and \"fe80::1%3\" are";
    const bool is_any_ipv4 = *address == Endpoint::ipv4(0, 0, 0, 0, 0);
    const bool is_any = is_any_ipv4 || *address == Endpoint{};
    if (!is_any && !address->with_port(1).is_dialable())
        return quoted(text) + " is no address of one host; unicast addresses are allowed";
    if (address->is_link_local() && address->scope == 0)
        return quoted(text) + " is link-local; its interface index stands after it, as in " +
               quoted(std::string(text) + "%3");
    return {};
}

std::string check_interface(std::string_view name) {
    const bool is_valid = !name.empty() && name.size() <= kInterfaceSizeMax &&
                          name.find_first_of("/: \t") == name.npos && !has_control_character(name);
    return is_valid ? "" : quoted(name) + " is no name of an interface; \"eth0\" is one";
}

std::string check_codec(std::string_view name) {
    return is_name(name, kLower, kNameSizeMax)
               ? ""
               : quoted(name) + " is no name of a codec; 1 to 32 of a-z 0-9 . _ -";
}

std::string path_problem(std::string_view text) {
    if (!text.starts_with('/'))
        return quoted(text) + " is no absolute path; it begins with \"/\"";
    return has_control_character(text) ? quoted(text) + " has control characters; none may be"
                                       : "";
}

std::string check_account(std::string_view name) {
    const bool is_group = name.starts_with('@');
    return is_account(is_group ? name.substr(1) : name)
               ? ""
               : quoted(name) + " is neither a user nor a group; \"alice\" and \"@wheel\" are";
}

// Collects violations, a method for each section that has rules of its own.
class Check {
public:
    explicit Check(const Config& config) : config_(config) {}

    std::vector<Violation> run() {
        bounds();
        node();
        listen();
        discovery();
        link();
        names("wire.codecs", config_.wire.codecs, check_codec);
        names("wire.plugins", config_.wire.plugins, path_problem);
        api();
        return violations_;
    }

private:
    void add(std::string key, std::string what, std::string element = "",
             std::string related = "") {
        violations_.push_back(
            {std::move(key), std::move(element), std::move(related), std::move(what)});
    }

    void bounds() {
        for (const Key& key : keys()) {
            const Field field = key.field(config_);
            const auto amount =
                std::visit([](const auto* value) { return amount_of(*value); }, field);
            if (key.bound.most != 0 && !is_within(key, amount))
                add(key.path(),
                    amount_text(key.kind, amount) + " is out of bound; " + bound_text(key));
        }
    }

    static std::uint64_t amount_of(bool) { return 0; }
    static std::uint64_t amount_of(LogLevel) { return 0; }
    static std::uint64_t amount_of(std::uint16_t value) { return value; }
    static std::uint64_t amount_of(std::uint32_t value) { return value; }
    static std::uint64_t amount_of(std::uint64_t value) { return value; }
    static std::uint64_t amount_of(Duration value) {
        return static_cast<std::uint64_t>(std::max(value, Duration::zero()).count());
    }
    static std::uint64_t amount_of(const auto& text_or_list) { return text_or_list.size(); }

    void node() {
        const Node& node = config_.node;
        if (!node.name.empty() && !is_valid_node_name(node.name))
            add("node.name", quoted(node.name) + " is no name; 1 to 63 of A-Z a-z 0-9 . _ -");
        path("node.state_dir", node.state_dir);
        if (!config_.network.file.empty()) path("network.file", config_.network.file);
        for (const Tag& tag : node.tags) {
            if (!is_valid_tag_key(tag.key))
                add("node.tags", quoted(tag.key) + " is no tag; 1 to 32 of a-z 0-9 . _ -",
                    "." + tag.key);
            if (tag.value.size() > kTagValueSizeMax)
                add("node.tags",
                    "the value of " + quoted(tag.key) + " has " + std::to_string(tag.value.size()) +
                        " bytes; at most 128",
                    "." + tag.key);
            if (has_control_character(tag.value))
                add("node.tags",
                    "the value of " + quoted(tag.key) + " has control characters; none may be",
                    "." + tag.key);
        }
        if (size_of(node.tags) > kTagsSizeMax)
            add("node.tags", "all of them together take " + std::to_string(size_of(node.tags)) +
                                 " bytes, two for each among them; at most 600");
    }

    void path(std::string key, std::string_view text) {
        const std::string wrong = path_problem(text);
        if (!wrong.empty()) add(std::move(key), wrong);
    }

    void listen() {
        const auto& addresses = config_.listen.addresses;
        names("listen.addresses", addresses, check_listen_address);
        // A socket bound to "::" has the port of every address, so a second one cannot be bound.
        const auto any = std::ranges::find(addresses, "::");
        if (any != addresses.end() && addresses.size() > 1)
            add("listen.addresses", "\"::\" serves every address already; it stands alone",
                index_text(static_cast<std::size_t>(any - addresses.begin())));
    }

    void discovery() {
        std::vector<std::string> seeds;
        for (const HostPort& seed : config_.discovery.seeds) seeds.push_back(to_text(seed));
        names("discovery.seeds", seeds, [](std::string_view text) {
            return parse_host_port(text) ? std::string()
                                         : quoted(text) + " is neither an address nor a host name";
        });
        names("discovery.interfaces", config_.discovery.interfaces, check_interface);
        scan();
    }

    void scan() {
        const auto& ranges = config_.discovery.scan;
        for (std::size_t i = 0; i < ranges.size(); ++i) {
            const std::string text = to_text(ranges[i]);
            if (const auto read = parse_range(text); !read)
                add("discovery.scan", explain(read.error(), text), index_text(i));
            for (std::size_t j = 0; j < i; ++j)
                if (contains(ranges[j], ranges[i].first) || contains(ranges[i], ranges[j].first))
                    add("discovery.scan",
                        quoted(text) + " overlaps with " + quoted(to_text(ranges[j])) +
                            "; each address once",
                        index_text(i));
        }
    }

    void link() {
        const Link& link = config_.link;
        if (link.probe_after >= link.dead_after)
            add("link.probe_after",
                format(link.probe_after) + " is not before link.dead_after, " +
                    format(link.dead_after) + "; less than link.dead_after",
                "", "link.dead_after");
        // A healthy neighbour must be heard twice before it can be taken for dead.
        if (link.heartbeat_interval > link.dead_after / 2)
            add("link.heartbeat_interval",
                format(link.heartbeat_interval) + " leaves no room for a lost heartbeat before " +
                    "link.dead_after, " + format(link.dead_after) + "; at most half of it",
                "", "link.dead_after");
    }

    static std::string format(Duration duration) { return quoted(format_duration(duration)); }

    void api() {
        const Api& api = config_.api;
        path("api.socket", api.socket);
        if (!api.group.empty() && !is_account(api.group))
            add("api.group",
                quoted(api.group) + " is no name of a group; 1 to 32 of A-Z a-z " + "0-9 . _ -");
        names("api.publishers", api.publishers, check_account);
        names("api.administrators", api.administrators, check_account);
    }

    // Each entry passes `check` and stands once.
    void names(const std::string& key, const std::vector<std::string>& list, CheckName check) {
        for (std::size_t i = 0; i < list.size(); ++i) {
            const std::string wrong = check(list[i]);
            if (!wrong.empty()) add(key, wrong, index_text(i));
            const auto here = list.begin() + static_cast<std::ptrdiff_t>(i);
            if (std::find(list.begin(), here, list[i]) != here)
                add(key, quoted(list[i]) + " stands twice; each entry once", index_text(i));
        }
    }

    static std::string index_text(std::size_t index) { return "[" + std::to_string(index) + "]"; }

    Config config_;  // a copy, because Field points at what may be changed
    std::vector<Violation> violations_;
};

}  // namespace

bool is_valid_node_name(std::string_view name) { return is_name(name, kAnyCase, kNodeNameSizeMax); }
std::size_t size_of(const std::vector<Tag>& tags) {
    std::size_t size = 0;
    for (const Tag& tag : tags) size += 2 + tag.key.size() + tag.value.size();
    return size;
}

bool is_valid_tag_key(std::string_view key) { return is_name(key, kLower, kTagKeySizeMax); }

std::vector<Violation> validate(const Config& config) { return Check(config).run(); }

}  // namespace hearsay::config
