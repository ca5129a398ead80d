#pragma once

#include <string>

namespace hearsay::client {

// Whether a counter of the daemon counts something that was refused.
bool is_refusal(const std::string& counter);
// What such a counter counts, for people; its name if that is not known.
std::string refusal_words(const std::string& counter);

}  // namespace hearsay::client
