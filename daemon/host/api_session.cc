#include "daemon/host/api_session.h"

#include <algorithm>
#include <utility>

#include "daemon/host/api_members.h"
#include "wire/limits.h"

namespace hearsay::host {

ApiSession::ApiSession(ApiHub& hub, Peer peer)
    : hub_(hub), peer_(std::move(peer)), outbox_(hub.config().subscriber_queue) {
    hub_.add(*this);
}

ApiSession::~ApiSession() { hub_.remove(*this); }

void ApiSession::put(const std::string& reply) {
    outbox_.add_reply(reply);
    if (on_output) on_output();
}

// ---- what comes in

void ApiSession::receive(ByteView bytes) {
    reader_.feed(bytes);
    advance();
}

void ApiSession::receive_end() {
    is_ended_ = true;
    topics_.clear();
    has_events_ = false;
    if (on_output) on_output();  // to see whether it is finished
}

void ApiSession::resume() {
    if (room_deadline_ && publish_payload()) room_deadline_.reset();
    turns_left_ = kRequestsPerTurn;
    is_out_of_turn_ = false;
    advance();
}

bool ApiSession::is_blocked() const {
    return room_deadline_ || is_out_of_turn_ || unaccepted_ >= kUnacceptedMax ||
           outbox_.size() >= kUnreadMax;
}

bool ApiSession::is_finished() const {
    return is_closing_ || (is_ended_ && unaccepted_ == 0 && !has_stopped_);
}

void ApiSession::advance() {
    has_stopped_ = false;
    while (!is_closing_) {
        if (is_blocked()) {
            has_stopped_ = true;
            return;
        }
        switch (reader_.next()) {
            case ApiReader::Step::nothing:
                turns_left_ = kRequestsPerTurn;
                return;
            case ApiReader::Step::request:
                handle_request();
                break;
            case ApiReader::Step::problem:
                handle_problem();
                break;
            case ApiReader::Step::payload:
                if (!publish_payload()) room_deadline_ = hub_.now().monotonic + kRoomWaitMax;
                break;
        }
    }
}

void ApiSession::handle_problem() {
    const ApiProblem& problem = reader_.problem();
    scratch_.clear();
    append_error(scratch_, problem.id, {problem.code, problem.message});
    is_closing_ = problem.is_fatal;
    put(scratch_);
}

void ApiSession::forbid(const ApiRequest& request, ApiRight right) {
    const bool is_publish = right == ApiRight::publish;
    scratch_.clear();
    append_error(scratch_, request.id,
                 {"forbidden", std::string("you may not ") + std::string(name_of(request.op)) +
                                   ": `" + (is_publish ? "publishers" : "administrators") +
                                   "` in [api] of the configuration says who may"});
    put(scratch_);
}

void ApiSession::handle_request() {
    const ApiRequest& request = reader_.request();
    if (request.op == ApiOp::publish) return begin_publish(request);
    is_out_of_turn_ = --turns_left_ <= 0;
    const ApiRight right = right_for(request.op);
    if (!hub_.allows(peer_, right)) return forbid(request, right);
    if (request.op == ApiOp::subscribe) return subscribe(request);
    if (request.op == ApiOp::unsubscribe) return unsubscribe(request);
    if (request.op == ApiOp::member_ping) return ping_member(request);
    scratch_.clear();
    if (request.op == ApiOp::events) {
        has_events_ = request.on;
        append_ok(scratch_, request.id);
    } else if (request.op == ApiOp::leave) {
        append_ok(scratch_, request.id);
        put(scratch_);
        if (on_leave) on_leave();
        return;
    } else {
        answer_api_request(hub_.context(), request, scratch_);
    }
    put(scratch_);
}

void ApiSession::subscribe(const ApiRequest& request) {
    scratch_.clear();
    const auto is_bad = [](const std::string& pattern) {
        return pattern.empty() || pattern.size() > wire::kTopicSizeMax;
    };
    if (request.topics->empty() ||
        std::any_of(request.topics->begin(), request.topics->end(), is_bad)) {
        append_error(scratch_, request.id,
                     {"bad_topic", "a pattern of topics has 1 to 255 bytes, and one is needed"});
        return put(scratch_);
    }
    TopicPatterns wanted = topics_;
    for (const std::string& pattern : *request.topics) {
        if (wanted.add(pattern)) continue;
        append_error(scratch_, request.id,
                     {"too_many_topics", "one connection listens to at most 256 patterns"});
        return put(scratch_);
    }
    topics_ = std::move(wanted);
    flush_batch();
    wants_batches_ = request.batch || request.runs;
    wants_runs_ = request.runs;
    append_ok(scratch_, request.id);
    put(scratch_);
}

void ApiSession::unsubscribe(const ApiRequest& request) {
    if (!request.topics) topics_.clear();
    for (const std::string& pattern : request.topics.value_or(std::vector<std::string>()))
        topics_.remove(pattern);
    scratch_.clear();
    append_ok(scratch_, request.id);
    put(scratch_);
}

// Answered at once when there is no link to measure, else by the event that follows.
void ApiSession::ping_member(const ApiRequest& request) {
    scratch_.clear();
    const gossip::Snapshot snapshot = hub_.target().snapshot();
    crypto::NodeId id;
    if (const auto error = find_member(snapshot, *request.member, id)) {
        append_error(scratch_, request.id, *error);
        return put(scratch_);
    }
    const bool is_linked =
        std::any_of(snapshot.members.begin(), snapshot.members.end(),
                    [&](const auto& member) { return member.id == id && member.is_linked; });
    if (!is_linked) {
        ApiReply reply(scratch_, request.id, true);
        write_ping(reply.json(), snapshot, id, std::nullopt);
        reply.end();
    } else if (const auto ticket = hub_.target().probe(id)) {
        ++unaccepted_;
        return hub_.await_probe(*ticket, *this, request.id);
    } else {
        append_error(scratch_, request.id,
                     {"busy", "64 members are being pinged already; try again"});
    }
    put(scratch_);
}

void ApiSession::answer_later(const std::string& line) {
    --unaccepted_;
    put(line);
}

// ---- what goes out

void ApiSession::deliver(const gossip::Delivery& delivery) {
    if (!topics_.match(delivery.topic)) return;
    if (wants_batches_) {
        add_to_batch(delivery);
    } else {
        const ApiMessage& message = hub_.written(delivery);
        outbox_.add_message(message.line, message.payload);
    }
    if (on_output) on_output();
}

void ApiSession::add_to_batch(const gossip::Delivery& delivery) {
    const std::size_t size = delivery.payload.size();
    if (wants_runs_ && batch_.continues(delivery)) {
        if (!outbox_.admit_message(batch_.bytes(), size)) return;
        batch_.add_to_run(delivery);
    } else {
        const ApiMessage& message = hub_.written(delivery);
        if (!outbox_.admit_message(batch_.bytes(), message.line.size() + size)) return;
        batch_.add(delivery, message);
    }
    if (batch_.is_full()) flush_batch();
}

void ApiSession::flush_batch() {
    if (!batch_.empty()) batch_.flush(outbox_.admitted());
}

void ApiSession::tell(std::string_view line) {
    if (!has_events_) return;
    outbox_.add_event(line);
    if (on_output) on_output();
}

}  // namespace hearsay::host
