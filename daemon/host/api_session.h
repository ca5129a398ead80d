#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/host/api_access.h"
#include "daemon/host/api_glob.h"
#include "daemon/host/api_hub.h"
#include "daemon/host/api_message.h"
#include "daemon/host/api_outbox.h"
#include "daemon/host/api_reader.h"
#include "daemon/host/api_reply.h"

namespace hearsay::host {

// One publish request until it is answered.
struct ApiPublish {
    std::string id;
    bool is_many = false;
    bool may_wait = true;
    std::optional<Duration> lifetime;
    std::string topic;
    std::vector<std::optional<gossip::MessageId>> ids;
    std::size_t unread = 0;      // payloads that have not come yet
    std::size_t unaccepted = 0;  // tickets whose event has not come yet
    std::size_t refused = 0;
    ApiError error;  // why the first one was refused
};

// One connection: bytes in, bytes out. Touches no socket.
class ApiSession {
public:
    // A message that finds no room waits this long for some.
    static constexpr Duration kRoomWaitMax = std::chrono::seconds(10);
    static constexpr std::size_t kUnacceptedMax = 1024;
    // Requests are not served while this much waits to be read by their sender.
    static constexpr std::size_t kUnreadMax = std::size_t{1} << 20;
    // Requests other than publishes served in one turn: they cost time in the size of the tables.
    static constexpr int kRequestsPerTurn = 16;

    ApiSession(ApiHub& hub, Peer peer);
    ~ApiSession();
    ApiSession(const ApiSession&) = delete;
    ApiSession& operator=(const ApiSession&) = delete;

    // The outbox has got something to write.
    std::function<void()> on_output;
    // The connected user asked to end the daemon; the reply is in the outbox.
    std::function<void()> on_leave;

    void receive(ByteView bytes);
    // The other end will send no more. Its subscriptions end; what it asked is still answered.
    void receive_end();
    // Takes up what waited: for room, for output to drain, for the next turn.
    void resume();

    // Whether to read on from the socket.
    bool wants_input() const { return !is_ended_ && !is_closing_ && !is_blocked(); }
    // For resume() to be called in the next turn.
    bool wants_turn() const { return is_out_of_turn_ || (has_stopped_ && !is_blocked()); }
    bool is_waiting_for_room() const { return room_deadline_.has_value(); }
    // To be closed once the outbox is empty.
    bool is_finished() const;

    ApiOutbox& outbox() { return outbox_; }
    bool is_subscribed() const { return !topics_.empty() || has_events_; }

    // ---- by the hub
    void deliver(const gossip::Delivery& delivery);
    void tell(std::string_view line);
    // The reply to a request whose answer took its time.
    void answer_later(const std::string& line);
    void accept(ApiPublish& publish, std::size_t index, const gossip::MessageId& id);
    // Puts what a batch has collected into the outbox.
    void flush_batch();

private:
    void add_to_batch(const gossip::Delivery& delivery);
    bool is_blocked() const;
    void advance();
    void handle_request();
    void handle_problem();
    void begin_publish(const ApiRequest& request);
    // False: no room, to be tried again.
    bool publish_payload();
    void refuse_message(ApiError error);
    void answer_if_complete(const ApiPublish& publish);
    void subscribe(const ApiRequest& request);
    void unsubscribe(const ApiRequest& request);
    void ping_member(const ApiRequest& request);
    void forbid(const ApiRequest& request, ApiRight right);
    void put(const std::string& reply);

    ApiHub& hub_;
    Peer peer_;
    ApiReader reader_;
    ApiOutbox outbox_;
    TopicPatterns topics_;
    ApiBatch batch_;
    std::string scratch_;
    std::shared_ptr<ApiPublish> publish_;  // whose payloads are being read
    std::size_t unaccepted_ = 0;  // publishes and probes that wait for their event
    std::optional<Instant> room_deadline_;
    int turns_left_ = kRequestsPerTurn;
    bool has_events_ = false;
    bool wants_batches_ = false;
    bool wants_runs_ = false;
    bool is_ended_ = false;
    bool is_closing_ = false;
    bool is_out_of_turn_ = false;
    bool has_stopped_ = false;  // there may be more to do once nothing blocks it
};

}  // namespace hearsay::host
