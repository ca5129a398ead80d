// hearsay_load: one process that publishes to and reads from all nodes of a system, so that one
// clock measures. See options.cc for what it takes and report.cc for what it prints.
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <stdexcept>

#include "tests/bench/load/run.h"

int main(int argc, char** argv) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
        const auto options = hearsay::load::parse_options({argv + 1, argv + argc});
        std::puts(hearsay::load::run(options).c_str());
        return 0;
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "hearsay_load: %s\n%s", error.what(), hearsay::load::usage().c_str());
        return 64;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "hearsay_load: %s\n", error.what());
        return 1;
    }
}
