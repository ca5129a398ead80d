#include "tests/bench/load/report.h"

#include <algorithm>
#include <cstdio>

namespace hearsay::load {
namespace {

std::string text_of(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
}

void append(std::string& out, const char* key, const std::string& value) {
    if (out.back() != '{' && out.back() != '[') out += ',';
    out.append("\"").append(key).append("\":").append(value);
}

void append(std::string& out, const char* key, std::uint64_t value) {
    append(out, key, std::to_string(value));
}

void append_latencies(std::string& out, const Latencies& latencies) {
    const bool has_any = latencies.count() > 0;
    append(out, "p50_ms", has_any ? text_of(latencies.percentile_ms(0.50)) : "null");
    append(out, "p99_ms", has_any ? text_of(latencies.percentile_ms(0.99)) : "null");
    append(out, "max_ms", has_any ? text_of(latencies.max_ms()) : "null");
}

double seconds_between(std::uint64_t from, std::uint64_t to) {
    return to > from ? static_cast<double>(to - from) / 1e9 : 0;
}

}  // namespace

std::string report_of(const Options& options,
                      const std::vector<std::unique_ptr<Subscriber>>& subscribers,
                      const std::vector<std::unique_ptr<Publisher>>& publishers) {
    Latencies all;
    std::string each = "[";
    std::uint64_t sent = 0, accepted = 0, refused = 0, started = 0, taken = 0;
    for (std::size_t p = 0; p < publishers.size(); ++p) {
        const Publisher& publisher = *publishers[p];
        Latencies own;
        for (const auto& subscriber : subscribers)
            if (subscriber->endpoint != publisher.endpoint)
                own.add(subscriber->of_publisher[p].latencies);
        all.add(own);
        const double seconds = seconds_between(publisher.started_ns, publisher.taken_ns);
        each += each.back() == '[' ? "{" : ",{";
        append(each, "endpoint", publisher.endpoint);
        append(each, "accepted", publisher.accepted);
        append(each, "refused", publisher.refused);
        append(each, "per_s",
               text_of(seconds > 0 ? static_cast<double>(publisher.accepted) / seconds : 0));
        append_latencies(each, own);
        each += '}';
        sent += publisher.sent;
        accepted += publisher.accepted;
        refused += publisher.refused;
        started = publisher.started_ns;
        taken = std::max(taken, publisher.taken_ns);
    }
    each += ']';

    std::uint64_t received = 0, least = ~std::uint64_t{0}, repeated = 0, out_of_order = 0;
    std::uint64_t lagged = 0, last = 0;
    for (const auto& subscriber : subscribers) {
        received += subscriber->received();
        least = std::min(least, subscriber->received());
        lagged += subscriber->lagged;
        last = std::max(last, subscriber->last_ns);
        for (const Tally& tally : subscriber->of_publisher) {
            repeated += tally.repeated;
            out_of_order += tally.out_of_order;
        }
    }
    const auto expected = static_cast<double>(accepted);
    const double publish_seconds = seconds_between(started, taken);
    const double seconds = seconds_between(started, last);

    std::string out = "{";
    append(out, "sent", sent);
    append(out, "accepted", accepted);
    append(out, "refused", refused);
    append(out, "received", received);
    append(out, "ratio",
           text_of(accepted == 0 ? 0
                                 : static_cast<double>(received) / expected /
                                       static_cast<double>(subscribers.size())));
    append(out, "ratio_min", text_of(accepted == 0 ? 0 : static_cast<double>(least) / expected));
    append(out, "repeated", repeated);
    append(out, "out_of_order", out_of_order);
    append(out, "lagged", lagged);
    append(out, "publish_seconds", text_of(publish_seconds));
    append(out, "seconds", text_of(seconds));
    append(out, "published_per_s", text_of(publish_seconds > 0 ? expected / publish_seconds : 0));
    append(out, "delivered_per_s", text_of(seconds > 0 ? expected / seconds : 0));
    append(out, "drain_seconds", text_of(seconds_between(taken, last)));
    append(out, "is_identical", options.is_identical ? "true" : "false");
    append_latencies(out, all);
    append(out, "publishers", each);
    return out + "}";
}

}  // namespace hearsay::load
