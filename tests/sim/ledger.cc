#include "tests/sim/ledger.h"

#include <algorithm>

#include "base/insist.h"
#include "crypto/hash.h"

namespace hearsay::sim {
namespace {

crypto::Hash content_of(const crypto::NodeId& publisher, std::string_view topic, ByteView payload) {
    const std::uint8_t topic_size = static_cast<std::uint8_t>(topic.size());
    return crypto::blake2b({publisher.view(), ByteView(&topic_size, 1), bytes_of(topic), payload});
}

std::string text_of_id(const gossip::MessageId& id) {
    return crypto::to_hex(id.uid.view()) + "/" + std::to_string(id.index);
}

}  // namespace

Published Ledger::publish(const crypto::NodeId& publisher, std::string_view topic, ByteView payload,
                          std::uint32_t lifetime_ms, Instant now) {
    const Published message = messages_.size();
    const bool is_new = by_content_.emplace(content_of(publisher, topic, payload), message).second;
    INSIST(is_new);  // the test must make its payloads differ
    messages_.push_back({now + std::chrono::milliseconds(lifetime_ms), std::nullopt, {}, 0, false});
    return message;
}

void Ledger::accept(Published message, const gossip::MessageId& id) {
    INSIST(!messages_[message].id || *messages_[message].id == id);
    messages_[message].id = id;
    by_id_.emplace(id, message);
}

void Ledger::begin_process(std::size_t node, Before before) {
    if (node >= processes_.size()) processes_.resize(node + 1);
    auto& crashes = processes_[node].crashes_before;
    const std::uint32_t crashed = crashes.empty() ? 0 : crashes.back();
    crashes.push_back(crashed + (before == Before::clean_stop ? 0 : 1));
    if (before == Before::rollback)
        processes_[node].rolled_back_last = static_cast<std::uint32_t>(crashes.size());
}

std::optional<std::string> Ledger::deliver(std::size_t node, const gossip::Delivery& delivery,
                                           Instant now) {
    const auto found =
        by_content_.find(content_of(delivery.publisher, delivery.topic, delivery.payload));
    if (found == by_content_.end())
        return "delivered what was never published: " + text_of_id(delivery.id) + ", topic '" +
               std::string(delivery.topic) + "', " + std::to_string(delivery.payload.size()) +
               " bytes by " + crypto::short_text(delivery.publisher);
    Message& message = messages_[found->second];
    if (!message.id) accept(found->second, delivery.id);
    if (*message.id != delivery.id)
        return "delivered " + text_of_id(*message.id) + " under the id " + text_of_id(delivery.id);
    if (by_id_.at(delivery.id) != found->second)
        return "two messages have the id " + text_of_id(delivery.id);

    PerNode& entry = per_node(message, node);
    if (entry.count > 0) {
        if (auto problem = problem_of_repeat(node, entry, delivery.may_repeat))
            return *problem + ": " + text_of_id(delivery.id);
    } else {
        entry.first = now;
    }
    ++entry.count;
    entry.last_process = static_cast<std::uint32_t>(processes_[node].crashes_before.size());
    message.hops_max = std::max(message.hops_max, delivery.hops);
    ++delivery_count_;
    return std::nullopt;
}

std::optional<std::string> Ledger::problem_of_repeat(std::size_t node, const PerNode& earlier,
                                                     bool may_repeat) const {
    const auto& crashes = processes_[node].crashes_before;
    if (earlier.last_process == crashes.size()) return "delivered twice by one process";
    if (crashes.back() == crashes[earlier.last_process - 1])
        return "delivered again after clean restarts only";
    if (!may_repeat && processes_[node].rolled_back_last <= earlier.last_process)
        return "repeated after a crash without saying so";
    return std::nullopt;
}

Ledger::PerNode& Ledger::per_node(Message& message, std::size_t node) {
    if (node >= message.nodes.size()) message.nodes.resize(node + 1);
    return message.nodes[node];
}

std::size_t Ledger::deliveries(Published message, std::size_t node) const {
    const auto& nodes = messages_[message].nodes;
    return node < nodes.size() ? nodes[node].count : 0;
}

bool Ledger::is_delivered_by_process(Published message, std::size_t node) const {
    const auto& nodes = messages_[message].nodes;
    return node < nodes.size() && nodes[node].count > 0 &&
           nodes[node].last_process == processes_[node].crashes_before.size();
}

std::size_t Ledger::nodes_reached(Published message) const {
    const auto& nodes = messages_[message].nodes;
    return static_cast<std::size_t>(std::count_if(
        nodes.begin(), nodes.end(), [](const PerNode& entry) { return entry.count > 0; }));
}

std::size_t Ledger::deliveries_max_per_node(Published message) const {
    std::size_t most = 0;
    for (const PerNode& entry : messages_[message].nodes)
        most = std::max<std::size_t>(most, entry.count);
    return most;
}

std::optional<Instant> Ledger::first_delivery(Published message, std::size_t node) const {
    if (deliveries(message, node) == 0) return std::nullopt;
    return messages_[message].nodes[node].first;
}

}  // namespace hearsay::sim
