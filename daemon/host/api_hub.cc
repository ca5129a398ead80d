#include "daemon/host/api_hub.h"

#include <algorithm>
#include <utility>

#include "config/endpoint_text.h"
#include "daemon/host/api_members.h"
#include "daemon/host/api_session.h"
#include "daemon/host/labels.h"

namespace hearsay::host {
namespace {

// A snapshot costs time in its size: of few members it may be taken often, so that a name is there
// with the first message.
constexpr std::size_t kFewMembers = 64;
constexpr Duration kNamesRefreshMin = std::chrono::milliseconds(250);
constexpr Duration kNamesRefreshMinOfFew = std::chrono::milliseconds(10);

bool changes_names(gossip::EventKind kind) {
    return kind == gossip::EventKind::member_joined || kind == gossip::EventKind::member_updated;
}

}  // namespace

ApiHub::ApiHub(ApiTarget& target, Environment environment)
    : target_(target),
      environment_(std::move(environment)),
      access_(target.config().api, environment_.own_user, environment_.names),
      access_of_(target.config().api) {}

void ApiHub::remove(ApiSession& session) {
    std::erase(sessions_, &session);
    std::erase_if(waiting_, [&](const auto& entry) { return entry.second.session == &session; });
    std::erase_if(probes_, [&](const auto& entry) { return entry.second.session == &session; });
    lagged_before_ += session.outbox().missed_total();
}

void ApiHub::await(gossip::PublishTicket ticket, ApiSession& session,
                   std::shared_ptr<ApiPublish> publish, std::size_t index) {
    waiting_.insert_or_assign(ticket, Waiting{&session, std::move(publish), index});
}

void ApiHub::await_probe(gossip::PublishTicket ticket, ApiSession& session, const std::string& id) {
    probes_.insert_or_assign(ticket, Probe{&session, id});
}

bool ApiHub::allows(const Peer& peer, ApiRight right) {
    if (right == ApiRight::read) return true;
    if (access_of_ != config()) {
        access_of_ = config();
        access_ = ApiAccess(access_of_, environment_.own_user, environment_.names);
    }
    const bool is_publish = right == ApiRight::publish;
    return (is_publish ? access_.publishers : access_.administrators).allows(peer);
}

std::vector<std::string> ApiHub::access_problems() const {
    std::vector<std::string> problems;
    const auto add = [&](std::string_view key, const AccessList& list) {
        for (const std::string& entry : list.unknown())
            problems.push_back(
                "api." + std::string(key) + ": there is no " +
                (entry.starts_with('@') ? "group " + entry.substr(1) : "user " + entry) +
                " on this host");
    };
    add("publishers", access_.publishers);
    add("administrators", access_.administrators);
    return problems;
}

void ApiHub::sample_rates() { rates_.sample(target_.snapshot().counters, now().monotonic); }

ApiContext ApiHub::context() {
    ApiUse use{sessions_.size(), 0, lagged_before_};
    for (ApiSession* const session : sessions_) {
        use.subscribers += session->is_subscribed() ? 1 : 0;
        use.lagged += session->outbox().missed_total();
    }
    return {target_, rates_, topics_, use, now().monotonic};
}

// ---- names

void ApiHub::refresh_names() {
    const Instant now = environment_.now().monotonic;
    const Duration pause = names_.size() > kFewMembers ? kNamesRefreshMin : kNamesRefreshMinOfFew;
    if (names_at_ && now - *names_at_ < pause) return;
    names_at_ = now;
    are_names_stale_ = false;
    names_.clear();
    gossip::Snapshot snapshot = target_.snapshot();
    auto labels = labels_of(snapshot);
    for (auto& member : snapshot.members)
        names_.emplace(member.id, Names{std::move(member.name), std::move(labels[member.id])});
}

const ApiHub::Names& ApiHub::names_of(const crypto::NodeId& id) {
    static const Names kUnknown;
    if (are_names_stale_ || !names_.contains(id)) refresh_names();
    const auto found = names_.find(id);
    return found == names_.end() ? kUnknown : found->second;
}

// Refreshing waits, but nobody should be told of a member without its name.
void ApiHub::note_name(const crypto::NodeId& id, const std::string& name) {
    are_names_stale_ = true;
    Names& names = names_[id];
    if (names.name != name) names = {name, name};
}

// ---- from the engine

void ApiHub::handle_delivery(const gossip::Delivery& delivery) {
    topics_.note(delivery.topic, delivery.payload.size(), now().monotonic);
    const bool is_wanted = std::any_of(sessions_.begin(), sessions_.end(), [](ApiSession* session) {
        return session->is_subscribed();
    });
    if (!is_wanted) return;
    is_written_ = false;
    for (ApiSession* const session : sessions_) session->deliver(delivery);
}

const ApiMessage& ApiHub::written(const gossip::Delivery& delivery) {
    if (std::exchange(is_written_, true)) return message_;
    const Names& publisher = names_of(delivery.publisher);
    write_message(delivery, publisher.name, publisher.label, message_);
    return message_;
}

void ApiHub::handle_accepted(const gossip::Event& event) {
    const auto found = waiting_.find(event.ticket);
    if (found == waiting_.end()) return;  // whoever published it has gone
    const Waiting waiting = std::move(found->second);
    waiting_.erase(found);
    waiting.session->accept(*waiting.publish, waiting.index, event.id);
}

void ApiHub::handle_probed(const gossip::Event& event) {
    const auto found = probes_.find(event.ticket);
    if (found == probes_.end()) return;  // whoever asked has gone
    const Probe probe = std::move(found->second);
    probes_.erase(found);
    std::string line;
    ApiReply reply(line, probe.id, true);
    write_ping(reply.json(), target_.snapshot(), event.member, event.round_trip);
    reply.end();
    probe.session->answer_later(line);
}

void ApiHub::handle_event(const gossip::Event& event) {
    if (event.kind == gossip::EventKind::accepted) return handle_accepted(event);
    if (event.kind == gossip::EventKind::probed) return handle_probed(event);
    if (changes_names(event.kind)) note_name(event.member, event.name);
    line_.clear();
    JsonWriter json(line_);
    json.begin_object().key("event").text(gossip::name_of(event.kind));
    json.key("at").time(now().wall);
    json.key("member");
    event.member.is_zero() ? json.null() : json.text(crypto::to_text(event.member));
    const Names member = event.member.is_zero() ? Names{} : names_of(event.member);
    json.key("name").text(member.name).key("label").text(member.label);
    json.key("by");
    event.other.is_zero() ? json.null() : json.text(crypto::to_text(event.other));
    json.key("by_label").text(event.other.is_zero() ? "" : names_of(event.other).label);
    json.key("address");
    event.at.is_dialable() ? json.text(config::to_text(event.at)) : json.null();
    json.key("text").text(event.text).end_object();
    line_ += '\n';
    for (ApiSession* const session : sessions_) session->tell(line_);
}

}  // namespace hearsay::host
