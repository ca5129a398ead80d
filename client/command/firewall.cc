#include "client/command/firewall.h"

#include <optional>

namespace hearsay::client {
namespace {

std::string text_of(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string table_of(const Json& entry) {
    return text_of(entry, "family") + " " + text_of(entry, "table");
}

// A number, a range or a set of both.
bool includes(const Json& right, std::uint16_t port) {
    if (right.is_number_integer()) return right.get<std::int64_t>() == port;
    if (!right.is_object()) return false;
    if (const auto set = right.find("set"); set != right.end() && set->is_array()) {
        for (const Json& item : *set)
            if (includes(item, port)) return true;
        return false;
    }
    const auto range = right.find("range");
    if (range == right.end() || !range->is_array() || range->size() != 2) return false;
    const Json& first = (*range)[0];
    const Json& last = (*range)[1];
    return first.is_number_integer() && last.is_number_integer() &&
           first.get<std::int64_t>() <= port && port <= last.get<std::int64_t>();
}

bool is_port_match(const Json& expression, std::uint16_t port) {
    const auto match = expression.find("match");
    if (match == expression.end() || !match->is_object()) return false;
    const std::string op = text_of(*match, "op");
    const auto left = match->find("left");
    const auto right = match->find("right");
    if ((op != "==" && op != "in") || left == match->end() || right == match->end()) return false;
    const auto payload = left->is_object() ? left->find("payload") : left->end();
    if (!left->is_object() || payload == left->end() || !payload->is_object()) return false;
    const std::string protocol = text_of(*payload, "protocol");
    return (protocol == "udp" || protocol == "th") && text_of(*payload, "field") == "dport" &&
           includes(*right, port);
}

enum class Fate { none, accepts, drops };

// Says only that it is about UDP.
bool is_protocol_match(const Json& expression) {
    const auto match = expression.find("match");
    return match != expression.end() && match->is_object() && match->contains("right") &&
           (*match)["right"] == "udp";
}

// What a rule does to datagrams to the port; none: it does not speak of it. One that drops only
// some of them, as of one source, is none either.
Fate fate_of(const Json& rule, std::uint16_t port) {
    const auto expressions = rule.find("expr");
    if (expressions == rule.end() || !expressions->is_array()) return Fate::none;
    bool is_for_port = false;
    bool is_for_some = false;
    Fate fate = Fate::none;
    for (const Json& expression : *expressions) {
        if (!expression.is_object()) continue;
        if (is_port_match(expression, port))
            is_for_port = true;
        else if (expression.contains("match") && !is_protocol_match(expression))
            is_for_some = true;
        if (expression.contains("accept")) fate = Fate::accepts;
        if (expression.contains("drop") || expression.contains("reject")) fate = Fate::drops;
    }
    if (!is_for_port || (fate == Fate::drops && is_for_some)) return Fate::none;
    return fate;
}

class Ruleset {
public:
    Ruleset(const Json& ruleset, std::uint16_t port) : port_(port) {
        const auto found = ruleset.is_object() ? ruleset.find("nftables") : ruleset.end();
        if (ruleset.is_object() && found != ruleset.end() && found->is_array()) entries_ = &*found;
    }

    std::vector<FirewallBlock> blocks() const {
        std::vector<FirewallBlock> result;
        each("chain", [&](const Json& chain) {
            if (text_of(chain, "hook") != "input" || text_of(chain, "type") != "filter") return;
            if (const auto block = block_of(chain)) result.push_back(*block);
        });
        return result;
    }

private:
    template <typename Visit>
    void each(const char* kind, Visit visit) const {
        if (entries_ == nullptr) return;
        for (const Json& entry : *entries_) {
            if (!entry.is_object()) continue;
            const auto found = entry.find(kind);
            if (found != entry.end() && found->is_object()) visit(*found);
        }
    }

    std::optional<FirewallBlock> block_of(const Json& chain) const {
        const std::string name = text_of(chain, "name");
        FirewallBlock block{table_of(chain) + " " + name, false, 0};
        Fate first = Fate::none;
        bool is_accepted_somewhere = false;
        each("rule", [&](const Json& rule) {
            if (table_of(rule) != table_of(chain)) return;
            const Fate fate = fate_of(rule, port_);
            is_accepted_somewhere |= fate == Fate::accepts;
            if (first != Fate::none || text_of(rule, "chain") != name) return;
            first = fate;
            if (fate == Fate::drops) block.handle = rule.value("handle", 0U);
        });
        if (first == Fate::drops) return block;
        if (text_of(chain, "policy") != "drop" || is_accepted_somewhere) return std::nullopt;
        block.is_by_policy = true;
        return block;
    }

    std::uint16_t port_;
    const Json* entries_ = nullptr;
};

}  // namespace

std::vector<FirewallBlock> find_blocks(const Json& ruleset, std::uint16_t port) {
    return Ruleset(ruleset, port).blocks();
}

}  // namespace hearsay::client
