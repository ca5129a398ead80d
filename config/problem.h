#pragma once

#include <string>
#include <string_view>

namespace hearsay::config {

// One thing wrong with the configuration, told to the person who wrote it.
struct Problem {
    std::string file;     // as it was opened
    unsigned line = 0;    // from 1; 0: the file as a whole
    unsigned column = 0;  // from 1, in characters
    std::string key;      // "section.key"; empty when it is no key's fault
    std::string what;     // what is wrong; what is allowed (did you mean "..."?)

    bool operator==(const Problem&) const = default;
};

// "file:line:column: key: what", without the parts that are not known.
std::string to_text(const Problem& problem);

// A value from a file as a message may show it: in quotes, control characters escaped, cut with
// "..." when it is long.
std::string quoted(std::string_view text);

}  // namespace hearsay::config
