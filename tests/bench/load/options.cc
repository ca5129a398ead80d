#include "tests/bench/load/options.h"

#include <cstdlib>
#include <stdexcept>

#include "tests/bench/load/stamp.h"

namespace hearsay::load {
namespace {

double number_in(const std::string& text) {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !(value >= 0) || value > 1e12)
        throw std::invalid_argument("'" + text + "' is not a number that makes sense here");
    return value;
}

std::uint64_t count_in(const std::string& text) {
    return static_cast<std::uint64_t>(number_in(text));
}

// ENDPOINT[:RATE[:COUNT]]
Plan plan_in(const std::string& text) {
    const std::size_t first = text.find(':');
    Plan plan;
    plan.endpoint = count_in(text.substr(0, first));
    if (first == std::string::npos) return plan;
    const std::size_t second = text.find(':', first + 1);
    plan.rate = number_in(text.substr(first + 1, second - first - 1));
    if (second != std::string::npos) plan.count = count_in(text.substr(second + 1));
    return plan;
}

void set(Options& options, const std::string& name, const std::string& value) {
    if (name == "--system") {
        options.system = value;
    } else if (name == "--publish") {
        options.plans.push_back(plan_in(value));
    } else if (name == "--topic") {
        options.topic = value;
    } else if (name == "--size") {
        options.size = count_in(value);
    } else if (name == "--seconds") {
        options.seconds = number_in(value);
    } else if (name == "--drain") {
        options.drain = number_in(value);
    } else if (name == "--warm-up") {
        options.warm_up = number_in(value);
    } else if (name == "--window") {
        options.window = count_in(value);
    } else if (name == "--batch-max") {
        options.batch_max = count_in(value);
    } else {
        throw std::invalid_argument("there is no option " + name);
    }
}

void check(const Options& options) {
    if (options.system != "hearsay" && options.system != "nats")
        throw std::invalid_argument("--system is hearsay or nats");
    if (options.endpoints.empty()) throw std::invalid_argument("no endpoint is given");
    if (options.plans.empty()) throw std::invalid_argument("--publish is needed");
    for (const Plan& plan : options.plans)
        if (plan.endpoint >= options.endpoints.size())
            throw std::invalid_argument("--publish names an endpoint that is not there");
    if (options.batch_max < 1 || options.batch_max > 1024 || options.window < options.batch_max)
        throw std::invalid_argument("--batch-max is 1 to 1024, --window not below it");
    if (options.size > (std::size_t{1} << 20) ||
        (!options.is_identical && options.size < kStampSize))
        throw std::invalid_argument("--size is 16 to 1048576");
}

}  // namespace

Options parse_options(const std::vector<std::string>& arguments) {
    Options options;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        if (!argument.starts_with("--")) {
            options.endpoints.push_back(argument);
        } else if (argument == "--identical") {
            options.is_identical = true;
        } else if (i + 1 < arguments.size()) {
            set(options, argument, arguments[++i]);
        } else {
            throw std::invalid_argument(argument + " needs a value");
        }
    }
    check(options);
    return options;
}

std::string usage() {
    return "usage: hearsay_load --system hearsay|nats --publish ENDPOINT[:RATE[:COUNT]]...\n"
           "    [--topic T] [--size BYTES] [--seconds S] [--drain S] [--warm-up S] [--window N]\n"
           "    [--batch-max N] [--identical] SOCKET|ADDRESS:PORT...\n"
           "Subscribes at every endpoint, publishes as planned, prints one line of JSON.\n";
}

}  // namespace hearsay::load
