#pragma once

#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "daemon/host/api_access.h"
#include "daemon/host/api_message.h"
#include "daemon/host/api_operations.h"
#include "daemon/host/api_target.h"
#include "daemon/host/api_topics.h"
#include "daemon/host/api_view.h"

namespace hearsay::host {

class ApiSession;
struct ApiPublish;

// What the connections of the local API share: the daemon behind them, who listens, which
// publish waits for which ticket. No sockets: control.h has them.
class ApiHub {
public:
    struct Environment {
        std::function<Now()> now;
        uid_t own_user = 0;
        AccountNames names;
    };

    ApiHub(ApiTarget& target, Environment environment);
    ApiHub(const ApiHub&) = delete;
    ApiHub& operator=(const ApiHub&) = delete;

    // What the engine says. Only queue.
    void handle_delivery(const gossip::Delivery& delivery);
    void handle_event(const gossip::Event& event);

    // To be called every 10 seconds.
    void sample_rates();
    // One sentence for each entry of [api] that names nobody.
    std::vector<std::string> access_problems() const;

    // ---- for sessions
    void add(ApiSession& session) { sessions_.push_back(&session); }
    void remove(ApiSession& session);
    const std::vector<ApiSession*>& sessions() const { return sessions_; }
    void await(gossip::PublishTicket ticket, ApiSession& session,
               std::shared_ptr<ApiPublish> publish, std::size_t index);
    void await_probe(gossip::PublishTicket ticket, ApiSession& session, const std::string& id);
    // The delivery under way as it is written, once for all who want it; until the next one.
    const ApiMessage& written(const gossip::Delivery& delivery);
    // By the configuration as it is now: a reload counts at once.
    bool allows(const Peer& peer, ApiRight right);
    const config::Api& config() const { return target_.config().api; }
    ApiTarget& target() { return target_; }
    ApiContext context();
    Now now() const { return environment_.now(); }

private:
    struct Waiting {
        ApiSession* session;
        std::shared_ptr<ApiPublish> publish;
        std::size_t index;
    };

    struct Names {
        std::string name;
        std::string label;  // labels.h
    };
    const Names& names_of(const crypto::NodeId& id);
    void note_name(const crypto::NodeId& id, const std::string& name);
    void handle_accepted(const gossip::Event& event);
    void handle_probed(const gossip::Event& event);
    void refresh_names();

    ApiTarget& target_;
    Environment environment_;
    ApiAccess access_;
    config::Api access_of_;  // what it was made from
    std::vector<ApiSession*> sessions_;
    std::unordered_map<gossip::PublishTicket, Waiting> waiting_;
    struct Probe {
        ApiSession* session;
        std::string id;  // of the request
    };
    std::unordered_map<gossip::PublishTicket, Probe> probes_;
    RecentTopics topics_;
    ApiRates rates_;
    std::uint64_t lagged_before_ = 0;  // of connections that have gone
    ApiMessage message_;               // reused
    bool is_written_ = false;          // it is of the delivery under way
    std::string line_;                 // reused

    // Names of members, copied from a snapshot when an event says they may have changed; when there
    // are many at most four times a second, as a snapshot costs time in its size.
    std::map<crypto::NodeId, Names> names_;
    bool are_names_stale_ = true;
    std::optional<Instant> names_at_;
};

}  // namespace hearsay::host
