// Publishing over one connection: from the request to its one reply.
#include "daemon/host/api_session.h"
#include "wire/limits.h"

namespace hearsay::host {
namespace {

void write_many(ApiReply& reply, const ApiPublish& publish) {
    JsonWriter& json = reply.json();
    json.key("accepted").number(publish.ids.size() - publish.refused);
    json.key("refused").number(publish.refused);
    json.key("messages").begin_array();
    for (const auto& id : publish.ids) id ? json.text(message_id_text(*id)) : json.null();
    json.end_array();
}

}  // namespace

void ApiSession::begin_publish(const ApiRequest& request) {
    publish_ = std::make_shared<ApiPublish>();
    publish_->id = request.id;
    publish_->is_many = request.has_sizes;
    publish_->may_wait = request.wait;
    publish_->lifetime = request.lifetime;
    publish_->topic = *request.topic;
    publish_->ids.resize(request.sizes.size());
    publish_->unread = request.sizes.size();
    if (hub_.allows(peer_, ApiRight::publish)) return;
    publish_->may_wait = false;
    publish_->error = {"forbidden",
                       "you may not publish: `publishers` in [api] of the "
                       "configuration says who may"};
}

bool ApiSession::publish_payload() {
    ApiPublish& publish = *publish_;
    if (publish.error.code == "forbidden") return refuse_message(publish.error), true;
    if (reader_.is_payload_too_large())
        return refuse_message(error_of(gossip::PublishError::payload_too_large)), true;

    gossip::PublishTicket ticket = 0;
    const gossip::PublishOptions options{publish.lifetime};
    const auto refusal = hub_.target().publish(publish.topic, reader_.payload(), options, ticket);
    if (!refusal) {
        --publish.unread;
        ++publish.unaccepted;
        ++unaccepted_;
        hub_.await(ticket, *this, publish_, reader_.payload_index());
        return true;
    }
    if (refusal->engine == gossip::PublishError::busy && publish.may_wait) {
        if (!room_deadline_ || hub_.now().monotonic < *room_deadline_) return false;
        publish.may_wait = false;  // the rest of the request does not wait as long each
    }
    refuse_message(error_of(*refusal));
    return true;
}

void ApiSession::refuse_message(ApiError error) {
    if (publish_->refused == 0) publish_->error = std::move(error);
    ++publish_->refused;
    --publish_->unread;
    answer_if_complete(*publish_);
}

void ApiSession::accept(ApiPublish& publish, std::size_t index, const gossip::MessageId& id) {
    publish.ids[index] = id;
    --publish.unaccepted;
    --unaccepted_;
    answer_if_complete(publish);
    if (has_stopped_ && on_output) on_output();  // to be taken up again
}

void ApiSession::answer_if_complete(const ApiPublish& publish) {
    if (publish.unread > 0 || publish.unaccepted > 0) return;
    std::string line;
    ApiReply reply(line, publish.id, publish.refused == 0);
    if (publish.is_many) {
        write_many(reply, publish);
    } else if (publish.refused == 0) {
        reply.json().key("message").text(message_id_text(*publish.ids[0]));
    }
    if (publish.refused > 0) reply.error(publish.error.code, publish.error.message);
    reply.end();
    put(line);
}

}  // namespace hearsay::host
