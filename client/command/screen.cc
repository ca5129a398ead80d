#include "client/command/screen.h"

#include <unistd.h>

#include <cstdio>

namespace hearsay::client {

void Screen::show(const std::string& text) {
    std::string out;
    if (isatty(STDOUT_FILENO) == 1) {
        out = is_first_ ? "\x1b[H\x1b[2J" : "\x1b[H";
        for (const char c : text) {
            if (c == '\n') out += "\x1b[K";  // what the line before had more
            out += c;
        }
        out += "\x1b[J";
    } else {
        out = (is_first_ ? "" : "\n") + text;
    }
    is_first_ = false;
    std::fwrite(out.data(), 1, out.size(), stdout);
    std::fflush(stdout);
}

}  // namespace hearsay::client
