#pragma once

#include "wire/frame.h"

namespace hearsay::wire {

// Whether a frame keeps the limits of wire/limits.h and the order its lists promise: what every
// codec checks before decode() says yes, so that all codecs accept the same frames.
//   - Chunk: topic, path and the shared budget (with a header the topic counts too)
//   - ranges: first <= last, none overlapping, ascending (in an Ack descending), count
//   - the count of every other list; bucket hashes are none or kRecordBuckets
// Numbers that only the protocol core understands (kinds, reasons, times) pass.
bool keeps_limits(const Frame& frame);

}  // namespace hearsay::wire
