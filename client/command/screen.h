#pragma once

#include <string>

namespace hearsay::client {

// A view that is shown again and again. On a terminal each takes the place of the last, without
// flicker: lines are overwritten, not the screen cleared. Elsewhere, one after the other with an
// empty line between.
class Screen {
public:
    void show(const std::string& text);

private:
    bool is_first_ = true;
};

}  // namespace hearsay::client
