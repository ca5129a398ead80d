#pragma once

#include <memory>
#include <vector>

#include "tests/bench/load/connection.h"
#include "tests/bench/load/ledger.h"
#include "tests/bench/load/options.h"
#include "tests/bench/load/protocol.h"

namespace hearsay::load {

std::uint64_t now_ns();  // CLOCK_MONOTONIC

// One connection, its protocol, and what is found in what it sends.
class Client : public Sink {
public:
    Client(const Options& options, std::size_t endpoint);

    void read(std::uint64_t now);
    void on_message(std::string_view) override {}
    void on_taken(std::uint64_t, std::uint64_t) override {}
    void on_lagged(std::uint64_t) override {}
    void on_answer(std::string_view bytes) override { connection.out += bytes; }

    const Options& options;
    const std::size_t endpoint;
    Connection connection;
    std::unique_ptr<Protocol> protocol;
    bool watches_writable = false;

protected:
    std::uint64_t now_ = 0;  // when what is being parsed was read
};

class Subscriber final : public Client {
public:
    Subscriber(const Options& options, std::size_t endpoint);
    void on_message(std::string_view payload) override;
    void on_lagged(std::uint64_t messages) override { lagged += messages; }
    std::uint64_t received() const;

    std::vector<Tally> of_publisher;
    std::uint64_t counted = 0;  // identical ones, which nothing tells apart
    std::uint64_t lagged = 0;
    std::uint64_t last_ns = 0;
};

class Publisher final : public Client {
public:
    Publisher(const Options& options, std::size_t number);
    void on_taken(std::uint64_t accepted, std::uint64_t refused) override;

    void send_warm_up();
    void start(std::uint64_t at);
    // Puts out what is due; when the next will be, 0: nothing more, or not before some is taken.
    std::uint64_t publish_due(std::uint64_t now);
    bool is_finished() const { return is_over_ && accepted + refused == sent; }

    const Plan plan;
    std::uint64_t sent = 0;
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;
    std::uint64_t started_ns = 0;
    std::uint64_t taken_ns = 0;  // when the last one was
    std::uint64_t warm_ups = 0;  // sent and not yet taken

private:
    // What may be sent now by the plan and by what waits.
    std::uint64_t allowed(std::uint64_t now) const;
    void send(std::uint64_t count, std::uint64_t now);

    const std::uint32_t number_;
    std::uint64_t end_ns_ = 0;
    bool is_over_ = false;
    std::string payloads_;  // scratch
};

}  // namespace hearsay::load
