#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/gossip/outputs.h"

namespace hearsay::sim {

// A message of the simulation: its place in the ledger.
using Published = std::size_t;

// Books of what was published and what was delivered, and the rules that no fault excuses:
//
//  1. A delivery is of a message that its publisher published, with that topic and payload.
//  2. A process delivers each message at most once, under one id, which is the same everywhere.
//  3. Over clean restarts a node delivers each message at most once; after a crash at most once
//     more for each crash, and then says that it may be a repeat.
//
// Every pair of payload and topic is published at most once per publisher: that is how a delivery
// is recognised without trusting the id it comes with.
class Ledger {
public:
    // A message handed to publish() and not refused.
    Published publish(const crypto::NodeId& publisher, std::string_view topic, ByteView payload,
                      std::uint32_t lifetime_ms, Instant now);
    // A liar's, or one nobody need hear of: only the rules hold for it.
    void disown(Published message) { messages_[message].is_disowned = true; }
    bool is_disowned(Published message) const { return messages_[message].is_disowned; }
    // The message's id, as the publisher's accepted event tells it.
    void accept(Published message, const gossip::MessageId& id);

    // How the process before ended, for the node that begins another. One that was rolled back
    // cannot know that it repeats something.
    enum class Before { clean_stop, crash, rollback };
    void begin_process(std::size_t node, Before before);
    void begin_process(std::size_t node, bool after_crash) {
        begin_process(node, after_crash ? Before::crash : Before::clean_stop);
    }
    // What is wrong with this delivery; nullopt when nothing is, and then it is entered.
    std::optional<std::string> deliver(std::size_t node, const gossip::Delivery& delivery,
                                       Instant now);

    std::size_t size() const { return messages_.size(); }
    Instant expires(Published message) const { return messages_[message].expires; }
    bool is_accepted(Published message) const { return messages_[message].id.has_value(); }
    const gossip::MessageId& id(Published message) const { return *messages_[message].id; }

    // By any process of the node.
    std::size_t deliveries(Published message, std::size_t node) const;
    // By the node's latest process.
    bool is_delivered_by_process(Published message, std::size_t node) const;
    std::size_t nodes_reached(Published message) const;
    std::size_t deliveries_max_per_node(Published message) const;
    std::optional<Instant> first_delivery(Published message, std::size_t node) const;
    std::uint64_t delivery_count() const { return delivery_count_; }
    std::uint8_t hops_max(Published message) const { return messages_[message].hops_max; }

private:
    struct PerNode {
        std::uint32_t count = 0;
        std::uint32_t last_process = 0;  // 0: none; processes count from 1
        Instant first{};
    };
    struct Message {
        Instant expires{};
        std::optional<gossip::MessageId> id;
        std::vector<PerNode> nodes;
        std::uint8_t hops_max = 0;
        bool is_disowned = false;
    };
    // How often a node had crashed when each of its processes began.
    struct Processes {
        std::vector<std::uint32_t> crashes_before;
        std::uint32_t rolled_back_last = 0;  // the last process that began with old state
    };

    std::optional<std::string> problem_of_repeat(std::size_t node, const PerNode& earlier,
                                                 bool may_repeat) const;
    PerNode& per_node(Message& message, std::size_t node);

    std::vector<Message> messages_;
    std::map<crypto::Hash, Published> by_content_;
    std::map<gossip::MessageId, Published> by_id_;
    std::vector<Processes> processes_;
    std::uint64_t delivery_count_ = 0;
};

}  // namespace hearsay::sim
