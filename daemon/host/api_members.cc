#include "daemon/host/api_members.h"

#include <algorithm>

#include "config/endpoint_text.h"
#include "daemon/host/labels.h"

namespace hearsay::host {
namespace {

constexpr std::size_t kPrefixMin = 4;

bool answers_to(const gossip::MemberSnapshot& member, const std::string& id,
                const std::string& text) {
    if (member.name == text || (text.size() >= kPrefixMin && id.starts_with(text))) return true;
    const auto mark = text.rfind('#');
    if (mark == text.npos || mark == 0 || mark + 1 == text.size()) return false;
    return member.name == text.substr(0, mark) && id.starts_with(text.substr(mark + 1));
}

}  // namespace

std::optional<ApiError> find_member(const gossip::Snapshot& snapshot, const std::string& text,
                                    crypto::NodeId& id) {
    std::size_t count = 0;
    for (const auto& member : snapshot.members) {
        const std::string member_text = crypto::to_text(member.id);
        const bool is_whole = member_text == text;
        if (!is_whole && !answers_to(member, member_text, text)) continue;
        id = member.id;
        ++count;
        if (is_whole) return std::nullopt;
    }
    if (count == 0)
        return ApiError{"no_such_member",
                        "no member has that name, or an id that begins so "
                        "(4 characters or more); see `hearsay members`"};
    if (count > 1)
        return ApiError{"ambiguous_member", std::to_string(count) +
                                                " members answer to that; give more of the id, "
                                                "or NAME#KEY as `hearsay members` shows it"};
    return std::nullopt;
}

void write_ping(JsonWriter& json, const gossip::Snapshot& snapshot, const crypto::NodeId& id,
                std::optional<Duration> round_trip) {
    const auto found =
        std::find_if(snapshot.members.begin(), snapshot.members.end(),
                     [&](const gossip::MemberSnapshot& member) { return member.id == id; });
    const gossip::MemberSnapshot member =
        found == snapshot.members.end() ? gossip::MemberSnapshot{} : *found;
    json.key("member").text(crypto::to_text(id)).key("short").text(crypto::short_text(id));
    json.key("name").text(member.name).key("label").text(labels_of(snapshot)[id]);
    json.key("self").flag(member.is_self).key("linked").flag(member.is_linked);
    json.key("state").text(name_of(member.state));
    json.key("address");
    member.addresses.empty() ? json.null() : json.text(config::to_text(member.addresses.front()));
    json.key("rtt");
    round_trip ? json.seconds(*round_trip) : json.null();
    json.key("hops");
    member.presence_age ? json.number(member.presence_hops) : json.null();
    json.key("presence_age");
    member.presence_age ? json.seconds(*member.presence_age) : json.null();
}

}  // namespace hearsay::host
