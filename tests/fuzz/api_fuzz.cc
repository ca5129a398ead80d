// Any bytes from a local client. Goals: no crash; the quick reader of publish lines agrees with the
// library; how the bytes are cut into reads changes nothing; memory stays within its bound.
#include <cstddef>
#include <cstdint>

#include "base/insist.h"
#include "daemon/host/api_reader.h"
#include "wire/limits.h"

using namespace hearsay;
using host::ApiReader;

namespace {

void compare_parsers(std::string_view line) {
    host::ApiRequest fast;
    if (!host::parse_publish_fast(line, fast)) return;
    host::ApiRequest slow;
    INSIST(!host::parse_api_request_slow(line, slow));
    INSIST(fast == slow);
}

// One number for all that a reader makes of its input.
class Digest {
public:
    void add(std::string_view text) {
        for (const char c : text) add(static_cast<unsigned char>(c));
        add(text.size());
    }
    void add(std::uint64_t value) { sum_ = (sum_ ^ value) * 0x100000001b3; }
    bool operator==(const Digest&) const = default;

private:
    std::uint64_t sum_ = 0xcbf29ce484222325;
};

void drain(ApiReader& reader, Digest& digest) {
    while (true) {
        const ApiReader::Step step = reader.next();
        if (step == ApiReader::Step::nothing) return;
        digest.add(static_cast<std::uint64_t>(step));
        if (step == ApiReader::Step::request) {
            digest.add(reader.request().id);
            digest.add(static_cast<std::uint64_t>(reader.request().op));
        } else if (step == ApiReader::Step::problem) {
            digest.add(reader.problem().code);
        } else {
            INSIST(reader.payload().size() <= wire::kPayloadSizeMax);
            digest.add(text_of(reader.payload()));
        }
    }
}

Digest read_in_pieces(std::string_view input, std::size_t piece) {
    ApiReader reader;
    Digest digest;
    while (!input.empty()) {
        const std::string_view part = input.substr(0, piece);
        reader.feed(bytes_of(part));
        drain(reader, digest);
        INSIST(reader.buffered() <= wire::kPayloadSizeMax + host::kApiLineSizeMax + part.size());
        input.remove_prefix(part.size());
    }
    return digest;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    compare_parsers(input.substr(0, input.find('\n')));
    const Digest whole = read_in_pieces(input, size + 1);
    INSIST(read_in_pieces(input, 1) == whole);
    INSIST(read_in_pieces(input, 7) == whole);
    return 0;
}
