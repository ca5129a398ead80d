#include "tests/bench/load/clients.h"

#include <algorithm>
#include <cmath>
#include <ctime>

namespace hearsay::load {
namespace {

// Not woken for each message when they are many: those of half a millisecond go together.
constexpr std::uint64_t kWakeNs = 500'000;
constexpr std::size_t kOutMax = std::size_t{1} << 20;  // bytes the system has not read yet

}  // namespace

std::uint64_t now_ns() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(time.tv_nsec);
}

Client::Client(const Options& all, std::size_t number)
    : options(all),
      endpoint(number),
      connection(all.endpoints[number]),
      protocol(all.system == "nats" ? make_nats_protocol() : make_hearsay_protocol()) {
    protocol->append_greeting(connection.out);
}

void Client::read(std::uint64_t now) {
    if (!connection.read_some()) return;
    now_ = now;
    connection.consume(protocol->parse(connection.input(), *this));
}

// ---- Subscriber

Subscriber::Subscriber(const Options& all, std::size_t number)
    : Client(all, number), of_publisher(all.plans.size()) {
    protocol->append_subscribe(connection.out, all.topic);
}

void Subscriber::on_message(std::string_view payload) {
    if (payload.size() < kStampSize || options.is_identical) {
        const bool is_warm_up = payload.size() >= kStampSize && stamp_of(payload).number == kWarmUp;
        if (!is_warm_up) {
            ++counted;
            last_ns = now_;
            return;
        }
    }
    const Stamp stamp = stamp_of(payload);
    if (stamp.publisher >= of_publisher.size()) return;
    of_publisher[stamp.publisher].note(stamp, now_);
    if (stamp.number != kWarmUp) last_ns = now_;
}

std::uint64_t Subscriber::received() const {
    std::uint64_t total = counted;
    for (const Tally& tally : of_publisher) total += tally.received;
    return total;
}

// ---- Publisher

Publisher::Publisher(const Options& all, std::size_t number)
    : Client(all, all.plans[number].endpoint),
      plan(all.plans[number]),
      number_(static_cast<std::uint32_t>(number)) {}

void Publisher::on_taken(std::uint64_t taken, std::uint64_t not_taken) {
    if (warm_ups > 0) {
        --warm_ups;
        return;
    }
    accepted += taken;
    refused += not_taken;
    taken_ns = now_;
}

void Publisher::send_warm_up() {
    payloads_.clear();
    append_stamped(payloads_, {now_ns(), number_, kWarmUp}, kStampSize);
    protocol->append_publish(connection.out, options.topic, payloads_, 1, kStampSize);
    ++warm_ups;
}

void Publisher::start(std::uint64_t at) {
    started_ns = at;
    end_ns_ = at + static_cast<std::uint64_t>(options.seconds * 1e9);
}

std::uint64_t Publisher::allowed(std::uint64_t now) const {
    std::uint64_t due = plan.count > 0 ? plan.count : ~std::uint64_t{0};
    if (plan.rate > 0) {
        const std::uint64_t until = plan.count > 0 ? now : std::min(now, end_ns_);
        const double elapsed = static_cast<double>(until - started_ns) / 1e9;
        due = std::min(due, static_cast<std::uint64_t>(std::floor(elapsed * plan.rate)) + 1);
    }
    const std::uint64_t waiting = sent - accepted - refused;
    const std::uint64_t room = options.window - std::min(waiting, options.window);
    return connection.waiting() >= kOutMax ? 0 : std::min(due - std::min(due, sent), room);
}

void Publisher::send(std::uint64_t count, std::uint64_t now) {
    payloads_.clear();
    for (std::uint64_t i = 0; i < count; ++i, ++sent) {
        if (options.is_identical) {
            payloads_.append(options.size, '=');
        } else {
            append_stamped(payloads_, {now, number_, static_cast<std::uint32_t>(sent)},
                           options.size);
        }
    }
    protocol->append_publish(connection.out, options.topic, payloads_, count, options.size);
}

std::uint64_t Publisher::publish_due(std::uint64_t now) {
    if (is_over_) return 0;
    std::uint64_t left = allowed(now);
    // As fast as possible: whole batches, unless these are the last ones.
    if (plan.rate == 0 && left < options.batch_max && (plan.count == 0 || plan.count - sent > left))
        left = 0;
    for (; left > 0 && connection.waiting() < kOutMax; left -= std::min(left, options.batch_max))
        send(std::min(left, options.batch_max), now_ns());
    is_over_ = plan.count > 0 ? sent >= plan.count : now >= end_ns_;
    if (is_over_ || plan.rate == 0 || allowed(now) > 0) return is_over_ ? 0 : now + kWakeNs;
    const double next = static_cast<double>(sent) / plan.rate * 1e9;
    return std::max(now + kWakeNs / 10, std::max(started_ns + static_cast<std::uint64_t>(next),
                                                 plan.rate > 2000 ? now + kWakeNs : 0));
}

}  // namespace hearsay::load
