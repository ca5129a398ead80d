#include "daemon/host/control.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "daemon/host/api_session.h"
#include "daemon/host/control_socket.h"
#include "daemon/host/loop.h"

namespace hearsay::host {
namespace {

constexpr std::size_t kReadSize = std::size_t{64} << 10;
constexpr int kAcceptsPerTurn = 16;
constexpr Duration kRatesInterval = std::chrono::seconds(10);
constexpr Duration kRetryInterval = std::chrono::seconds(1);

void warn_on_stderr(std::string_view sentence) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(sentence.size()), sentence.data());
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

// ---- one connection

namespace {

struct Connection {
    Connection(Loop& loop, FileDescriptor socket, ApiHub& hub, Peer peer,
               std::function<void(Connection&)> on_dirty)
        : fd(std::move(socket)),
          session(hub, std::move(peer)),
          mark_dirty(std::move(on_dirty)),
          poll(loop, fd.get(), [this](Poll::Ready ready) { handle_ready(ready); }) {
        session.on_output = [this] { touch(); };
        watch(true, false);
    }

    void touch() {
        if (!is_dirty) mark_dirty(*this);
        is_dirty = true;
    }
    void handle_ready(Poll::Ready ready);
    void read_some();
    // Until the socket or the outbox is at its end.
    void write_some();
    // Watches what there is to wait for.
    void settle() { watch(session.wants_input(), !session.outbox().empty()); }
    void watch(bool readable, bool writable);

    FileDescriptor fd;
    ApiSession session;
    std::function<void(Connection&)> mark_dirty;
    bool is_dirty = false;
    bool is_broken = false;
    bool watches_readable = false;
    bool watches_writable = false;
    Poll poll;
};

void Connection::watch(bool readable, bool writable) {
    if (readable == watches_readable && writable == watches_writable) return;
    poll.watch(readable, writable);
    watches_readable = readable;
    watches_writable = writable;
}

void Connection::handle_ready(Poll::Ready ready) {
    if (ready.failed) watches_readable = watches_writable = false;
    if (ready.readable && session.wants_input()) read_some();
    touch();  // writing is left to the end of the turn
}

void Connection::read_some() {
    static std::array<std::uint8_t, kReadSize> buffer;  // one thread
    const ssize_t size = recv(fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size > 0) {
        session.receive(ByteView(buffer).first(static_cast<std::size_t>(size)));
    } else if (size == 0) {
        session.receive_end();
    } else if (!would_block(errno)) {
        is_broken = true;
    }
}

void Connection::write_some() {
    session.flush_batch();
    ApiOutbox& outbox = session.outbox();
    while (!is_broken && !outbox.empty()) {
        const std::string_view bytes = outbox.pending();
        const ssize_t size =
            send(fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (size < 0) {
            is_broken = !would_block(errno);
            return;
        }
        outbox.consume(static_cast<std::size_t>(size));
    }
}

}  // namespace

// ---- Control

struct Control::Parts {
    Parts(Loop& the_loop, std::unique_ptr<ApiTarget> the_target, const config::Config& config,
          Warn the_warn);

    void accept_some();
    bool accept_one();
    void refuse(const FileDescriptor& socket);
    void end_turn();
    void resume_soon();
    void resume_all();
    void leave_soon();

    Loop& loop;
    std::unique_ptr<ApiTarget> target;
    Warn warn;
    ApiHub hub;
    ControlSocket socket;
    std::vector<std::unique_ptr<Connection>> connections;
    std::vector<Connection*> dirty;
    bool is_resume_posted = false;
    bool is_leave_wanted = false;
    // Posted work may come after this has gone.
    std::shared_ptr<bool> is_alive = std::make_shared<bool>(true);
    Poll listening;
    Timer rates_timer;
    Timer retry_timer;  // for room that nobody told of, and for accepting again
    TurnEnd turn_end;
};

Control::Parts::Parts(Loop& the_loop, std::unique_ptr<ApiTarget> the_target,
                      const config::Config& config, Warn the_warn)
    : loop(the_loop),
      target(std::move(the_target)),
      warn(the_warn ? std::move(the_warn) : warn_on_stderr),
      hub(*target, {Loop::both, geteuid(), AccountNames::of_system()}),
      socket(config.api, AccountNames::of_system(), warn),
      listening(loop, socket.fd(), [this](Poll::Ready) { accept_some(); }),
      rates_timer(loop,
                  [this] {
                      hub.sample_rates();
                      rates_timer.start_in(kRatesInterval);
                  }),
      retry_timer(loop,
                  [this] {
                      listening.watch(true, false);
                      resume_all();
                  }),
      turn_end(loop, [this] { end_turn(); }) {
    for (const std::string& problem : hub.access_problems()) warn(problem);
    listening.watch(true, false);
    hub.sample_rates();
    rates_timer.start_in(kRatesInterval);
}

void Control::Parts::accept_some() {
    for (int i = 0; i < kAcceptsPerTurn; ++i)
        if (!accept_one()) return;
}

bool Control::Parts::accept_one() {
    FileDescriptor accepted(accept4(socket.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!accepted.is_open()) {
        if (would_block(errno) || errno == ECONNABORTED) return false;
        // Out of descriptors or memory: the connection stays in the backlog, so do not spin on it.
        listening.watch(false, false);
        retry_timer.start_in(kRetryInterval);
        return false;
    }
    Peer peer;
    if (connections.size() >= hub.config().clients) {
        refuse(accepted);
    } else if (read_peer(accepted.get(), peer)) {
        connections.push_back(std::make_unique<Connection>(
            loop, std::move(accepted), hub, std::move(peer),
            [this](Connection& connection) { dirty.push_back(&connection); }));
        connections.back()->session.on_leave = [this] { is_leave_wanted = true; };
    }
    return true;
}

void Control::Parts::refuse(const FileDescriptor& refused) {
    std::string line;
    append_error(line, "",
                 {"too_many_clients", "there are " + std::to_string(connections.size()) +
                                          " connections already; `clients` in [api] of the "
                                          "configuration is the limit"});
    (void)!send(refused.get(), line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void Control::Parts::end_turn() {
    if (dirty.empty()) return;
    const auto touched = std::exchange(dirty, {});
    for (Connection* const connection : touched) {
        connection->is_dirty = false;
        connection->write_some();
        const ApiSession& session = connection->session;
        if (connection->is_broken ||
            (session.is_finished() && connection->session.outbox().empty())) {
            std::erase_if(connections, [&](const auto& own) { return own.get() == connection; });
            continue;
        }
        connection->settle();
        if (session.wants_turn()) resume_soon();
        if (session.is_waiting_for_room() && !retry_timer.due())
            retry_timer.start_in(kRetryInterval);
    }
    if (is_leave_wanted) leave_soon();
}

void Control::Parts::resume_soon() {
    if (std::exchange(is_resume_posted, true)) return;
    loop.post([this, alive = std::weak_ptr(is_alive)] {
        if (alive.expired()) return;
        is_resume_posted = false;
        resume_all();
    });
}

void Control::Parts::resume_all() {
    for (const auto& connection : connections) {
        if (!connection->session.wants_turn() && !connection->session.is_waiting_for_room())
            continue;
        connection->session.resume();
        connection->touch();
    }
}

void Control::Parts::leave_soon() {
    is_leave_wanted = false;
    loop.post([this, alive = std::weak_ptr(is_alive)] {
        if (!alive.expired()) target->stop();
    });
}

Control::Control(Loop& loop, std::unique_ptr<ApiTarget> target, const config::Config& config,
                 Warn warn)
    : parts_(std::make_unique<Parts>(loop, std::move(target), config, std::move(warn))) {}

Control::~Control() { stop(); }

void Control::handle_room() {
    if (parts_ && std::any_of(parts_->connections.begin(), parts_->connections.end(),
                              [](const auto& connection) {
                                  return connection->session.is_waiting_for_room();
                              }))
        parts_->resume_soon();
}

void Control::handle_delivery(const gossip::Delivery& delivery) {
    if (parts_) parts_->hub.handle_delivery(delivery);
}

void Control::handle_event(const gossip::Event& event) {
    if (parts_) parts_->hub.handle_event(event);
}

std::size_t Control::client_count() const { return parts_ ? parts_->connections.size() : 0; }

void Control::stop() {
    if (!parts_) return;
    for (const auto& connection : parts_->connections) connection->write_some();
    parts_.reset();
}

}  // namespace hearsay::host
