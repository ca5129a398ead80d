#pragma once

#include "wire/codec.h"

namespace hearsay::wire {

// Holds a codec of others to what it promises, frame by frame. What a codec does wrong in spite
// of its self-test then costs the frame and nothing else:
// 1. A decoded frame has every view inside the bytes it came from or inside the arena, aligned,
//    and keeps the limits of wire/frame_limits.h. Anything else is refused as malformed.
// 2. A size that encode() claims is at most what there was room for, or else 0.
// 3. What it throws ends here, as a frame that is refused or does not fit.
// It is no sandbox: code of the same process that writes where it should not, or never returns,
// is stopped by nobody. A codec is trusted code.
std::unique_ptr<Codec> guard(std::unique_ptr<Codec> codec);

}  // namespace hearsay::wire
