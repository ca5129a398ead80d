#pragma once

#include <string>

#include "client/command/json.h"
#include "client/command/text.h"
#include "client/hearsay.hpp"

namespace hearsay::client {

inline constexpr int kExitOk = 0;
inline constexpr int kExitRefused = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotRunning = 3;

// Ends the command with a code and a sentence on standard error. Caught in main() only.
struct Stop {
    int exit_code;
    std::string text;
};

// What every verb is given.
struct Globals {
    std::string socket;  // empty: $HEARSAY_SOCKET or the default
    std::string color = "auto";
    Painter paint;

    // After the arguments have been read.
    void decide_color();
};

// The connection of one run of the command. Everything that goes wrong is a Stop.
class Session {
public:
    explicit Session(const Globals& globals);

    // The reply to {"op": op, ...members}.
    Json ask(const char* op, Json members = Json::object());
    // For what is not asking: runs `work` with the client and turns its errors into Stops.
    template <typename Work>
    auto use(Work work) {
        try {
            return work(client_);
        } catch (const Error& error) {
            throw stop_for(error);
        }
    }

    Client& client() { return client_; }

private:
    Stop stop_for(const Error& error) const;

    Client client_;
};

// The sentence and the exit code for a daemon that cannot be used: no socket, no permission, no
// answer are three different things to do something about.
Stop stop_for(const Error& error, const std::string& socket_path);

// How a member is named: "label", which tells two of one name apart; "name" of a daemon that sends
// no labels; the beginning of its key, if it is known by nothing else. Printable.
std::string label_of(const Json& member);
// Seconds as a round trip, null as "-".
std::string optional_rtt(const Json& seconds);
// Seconds as a signed offset ("+2ms", "-1.5s"), null as "-".
std::string optional_offset(const Json& seconds);

// What a reading verb prints with --json: the reply with "schema" in front, without "id" and "ok".
void print_json(const Json& reply);
Json with_schema(const Json& reply);

}  // namespace hearsay::client
