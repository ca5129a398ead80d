#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hearsay::load {

// What a protocol finds in what a system sends.
class Sink {
public:
    virtual ~Sink() = default;
    virtual void on_message(std::string_view payload) = 0;  // valid during the call
    // The system has taken messages of the oldest requests, or refused them.
    virtual void on_taken(std::uint64_t accepted, std::uint64_t refused) = 0;
    virtual void on_lagged(std::uint64_t messages) = 0;
    virtual void on_answer(std::string_view bytes) = 0;  // to be sent back
};

// How one system is spoken to, over one connection. Reads what it needs of a line and no more:
// the load must cost less than what is measured.
class Protocol {
public:
    virtual ~Protocol() = default;
    virtual void append_greeting(std::string& out) = 0;
    virtual void append_subscribe(std::string& out, std::string_view topic) = 0;
    // `payloads`: `count` of `size` bytes each, back to back.
    virtual void append_publish(std::string& out, std::string_view topic, std::string_view payloads,
                                std::size_t count, std::size_t size) = 0;
    // Returns the bytes used up: whole messages only. Throws std::runtime_error when the system
    // says that something is wrong.
    virtual std::size_t parse(std::string_view input, Sink& sink) = 0;
};

// docs/API.md
std::unique_ptr<Protocol> make_hearsay_protocol();
// https://docs.nats.io/reference/reference-protocols/nats-protocol
std::unique_ptr<Protocol> make_nats_protocol();

}  // namespace hearsay::load
