#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

// Files that must be whole or not there. Each begins with one line,
//     hearsay-state-1 KIND SIZE CHECKSUM
// (decimal, and the first 8 bytes of BLAKE2b-256 over the content in hex), then SIZE bytes.
namespace hearsay::host {

enum class Durability {
    synced,  // on disk when the call returns: file and folder
    lazy,    // whole or not there after a crash, but it may be the older one; does not wait
};

enum class StateFileError { not_there, cannot_read, too_large, damaged };

// Replaces the file: written under another name in the same folder (0600), renamed. Returns why
// not, in words ("No space left on device"); empty: done. The old file is then still there.
std::string replace_file(const std::string& path, ByteView content, Durability durability);
Result<Bytes, StateFileError> read_file(const std::string& path, std::size_t size_max);

// The same with the first line in front. `kind` keeps one file from being taken for another.
std::string write_state(const std::string& path, std::string_view kind, ByteView content,
                        Durability durability);
Result<Bytes, StateFileError> read_state(const std::string& path, std::string_view kind,
                                         std::size_t size_max);

}  // namespace hearsay::host
