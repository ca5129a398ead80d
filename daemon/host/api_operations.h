#pragma once

#include <functional>
#include <string>

#include "daemon/host/api_request.h"
#include "daemon/host/api_target.h"
#include "daemon/host/api_topics.h"
#include "daemon/host/api_view.h"

namespace hearsay::host {

enum class ApiRight { read, publish, administer };
// What an operation takes.
ApiRight right_for(ApiOp op);

// What an answer is made from.
struct ApiContext {
    ApiTarget& target;
    const ApiRates& rates;
    const RecentTopics& topics;
    ApiUse use;
    Instant now;
};

// Does every operation that needs nothing of the connection but its rights, which the caller has
// checked, and appends the reply. Not publish, subscribe, unsubscribe, events, leave, member.ping.
void answer_api_request(const ApiContext& context, const ApiRequest& request, std::string& out);

}  // namespace hearsay::host
