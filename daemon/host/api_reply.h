#pragma once

#include <string>
#include <string_view>

#include "daemon/gossip/engine.h"
#include "daemon/host/api_text.h"
#include "daemon/host/node.h"

namespace hearsay::host {

// Why something was refused, for programs and for people; docs/API.md lists the codes.
struct ApiError {
    std::string_view code;  // a literal
    std::string message;
};
ApiError error_of(NodeError error);
ApiError error_of(gossip::PublishError error);
ApiError error_of(const Node::PublishRefusal& refusal);

// Writes one reply line: the constructor its beginning, end() its end. `id` as JSON; empty: none.
class ApiReply {
public:
    ApiReply(std::string& out, std::string_view id, bool is_ok);
    JsonWriter& json() { return json_; }
    void error(std::string_view code, std::string_view message);
    void end();

private:
    std::string& out_;
    JsonWriter json_;
};

void append_ok(std::string& out, std::string_view id);
void append_error(std::string& out, std::string_view id, const ApiError& error);

}  // namespace hearsay::host
