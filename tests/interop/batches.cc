// Prints random batches, one a line, for batches_test.py to make again: what a publisher chose,
// what wire/ and crypto/ made of it, and a chunk whose numbers may contradict its header, with the
// verdict of is_consistent().
// Usage: interop_batches SEED COUNT
#include <cstdio>
#include <cstdlib>

#include "base/byte_io.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "wire/limits.h"
#include "wire/signed_bytes.h"

namespace hearsay {

namespace {

using crypto::to_hex;

// What was chosen, and the views of `header` point into.
struct Choice {
    std::string topic;
    std::vector<Bytes> payloads;  // of a record: its body, alone
    Bytes body;
    std::vector<std::size_t> cuts;
    wire::BatchHeader header;
};

class BatchMaker {
public:
    explicit BatchMaker(crypto::Random& random) : random_(random) {}

    void print_one() {
        crypto::Secret seed = random_.secret();
        const crypto::Ed25519Signer signer(seed);
        random_.fill(network_.mutable_view());
        Choice choice;
        choose(choice, signer.id());
        make(choice);

        wire::write_signed_bytes(network_, choice.header, root_, signed_);
        print("batch", {network_.view(), seed.view()});
        print_choice(choice);
        print(" ", {root_.view(), signed_, crypto::uid_of(signed_).view(),
                    signer.sign(signed_).view()});
        print_path();
        print_doubtful(choice);
    }

private:
    std::size_t below(std::size_t bound) {
        return static_cast<std::size_t>(random_.below(bound));
    }

    // Mostly small numbers, now and then any.
    std::uint64_t number() { return random_.next() >> below(64); }

    Bytes bytes(std::size_t size) {
        Bytes out(size);
        random_.fill(out);
        return out;
    }

    void choose(Choice& choice, const crypto::NodeId& publisher) {
        constexpr std::uint16_t kUnknownKind = 9;
        const std::size_t kind = below(8);
        choice.header.publisher = publisher;
        choice.header.kind = static_cast<wire::Kind>(
            kind == 7 ? kUnknownKind : kind < 4 ? 0 : kind - 3);
        choice.header.epoch = number();
        choice.header.seq = number();
        choice.header.created_ms = number();
        choice.header.lifetime_ms = static_cast<std::uint32_t>(
            wire::kLifetimeMsMin + below(wire::kLifetimeMsMax - wire::kLifetimeMsMin + 1));
        choice.header.flags = static_cast<std::uint16_t>(number());
        if (choice.header.kind == wire::Kind::message) {
            choose_messages(choice);
        } else {
            choice.body = bytes(below(wire::chunk_bytes_max(0, 1) + 1));
            choice.payloads = {choice.body};
        }
        choice.header.topic = choice.topic;
        choice.header.body_size = static_cast<std::uint32_t>(choice.body.size());
        choice.header.chunk_count = static_cast<std::uint16_t>(choice.cuts.size() + 1);
    }

    void choose_messages(Choice& choice) {
        const bool is_large = below(200) == 0;
        choice.topic.assign(1 + below(wire::kTopicSizeMax), 't');
        for (char& letter : choice.topic) letter = static_cast<char>(' ' + below(95));
        const std::size_t count = 1 + below(8);
        ByteWriter writer(choice.body);
        for (std::size_t i = 0; i < count; ++i) {
            choice.payloads.push_back(bytes(below(is_large ? 20'000 : 400)));
            writer.u32(static_cast<std::uint32_t>(choice.payloads.back().size()));
            writer.bytes(choice.payloads.back());
        }
        cut(choice, is_large);
    }

    // Anywhere, also within a length: into at most 64 chunks, or into the most a path allows.
    void cut(Choice& choice, bool is_large) {
        const std::size_t size = choice.body.size();
        const std::size_t most = wire::chunk_bytes_max(
            choice.topic.size(), is_large ? wire::kChunksPerBatchMax : 64);
        const std::size_t least = is_large ? most : size / 60 + 1;
        std::size_t at = 0;
        while (size - at > most || (size - at > least && below(4) != 0)) {
            at += least + below(std::min(most, size - at) - least + 1);
            if (at < size) choice.cuts.push_back(at);
        }
    }

    // Chunks, leaves and root. `starts` are the offsets at which messages begin.
    void make(const Choice& choice) {
        std::vector<std::size_t> starts{0};
        const bool is_list = choice.header.kind == wire::Kind::message;
        for (const Bytes& payload : choice.payloads)
            starts.push_back(starts.back() + payload.size() + (is_list ? 4 : 0));
        chunks_.clear();
        leaves_.clear();
        for (std::size_t i = 0; i <= choice.cuts.size(); ++i) {
            const std::size_t begin = i == 0 ? 0 : choice.cuts[i - 1];
            const std::size_t end = i < choice.cuts.size() ? choice.cuts[i] : choice.body.size();
            std::size_t message = 0;
            while (message + 2 < starts.size() && starts[message + 1] <= begin) ++message;
            wire::Chunk chunk;
            chunk.header = choice.header;
            chunk.index = static_cast<std::uint16_t>(i);
            chunk.first_message = static_cast<std::uint32_t>(message);
            if (starts[message] < begin)
                chunk.lead = static_cast<std::uint16_t>(std::min(end, starts[message + 1]) - begin);
            chunk.bytes = ByteView(choice.body).subspan(begin, end - begin);
            leaves_.push_back(crypto::leaf_hash(
                {chunk.index, chunk.first_message, chunk.lead}, chunk.bytes));
            chunks_.push_back(chunk);
        }
        root_ = crypto::merkle_root(leaves_);
    }

    void print(const char* before, std::initializer_list<ByteView> values) {
        std::fputs(before, stdout);
        for (const ByteView value : values) std::printf(" %s.", to_hex(value).c_str());
    }

    void print_choice(const Choice& choice) {
        const wire::BatchHeader& h = choice.header;
        std::printf(" %llu %llu %llu %u %u %u", static_cast<unsigned long long>(h.epoch),
                    static_cast<unsigned long long>(h.seq),
                    static_cast<unsigned long long>(h.created_ms), h.lifetime_ms,
                    static_cast<unsigned>(h.kind), unsigned{h.flags});
        print("", {ByteView(reinterpret_cast<const std::uint8_t*>(choice.topic.data()),
                            choice.topic.size())});
        std::printf(" %zu", choice.payloads.size());
        for (const Bytes& payload : choice.payloads) print("", {payload});
        std::printf(" %zu", choice.cuts.size());
        for (const std::size_t at : choice.cuts) std::printf(" %zu", at);
    }

    // The path of one chunk.
    void print_path() {
        const std::size_t index = below(leaves_.size());
        const std::vector<crypto::Hash> path = crypto::merkle_path(leaves_, index);
        std::printf(" %zu %zu", index, path.size());
        for (const crypto::Hash& hash : path) print("", {hash.view()});
    }

    // One chunk with some of its numbers, or of its header's, changed a little or a lot.
    void print_doubtful(const Choice& choice) {
        wire::Chunk chunk = chunks_[below(chunks_.size())];
        std::size_t path_size = crypto::merkle_path_size(chunk.index, chunks_.size());
        wire::BatchHeader header = choice.header;
        for (std::size_t changes = below(3); changes > 0; --changes)
            change(header, chunk, path_size);
        const std::vector<crypto::Hash> path(path_size);
        chunk.header = header;
        chunk.path = path;
        std::printf(" %u %u %u %u %u %u %u %zu %zu %zu %d\n", unsigned{header.chunk_count},
                    header.body_size, header.lifetime_ms, static_cast<unsigned>(header.kind),
                    unsigned{chunk.index}, chunk.first_message, unsigned{chunk.lead},
                    chunk.bytes.size(), path_size, header.topic.size(),
                    wire::is_consistent(header, chunk) ? 1 : 0);
    }

    void change(wire::BatchHeader& header, wire::Chunk& chunk, std::size_t& path_size) {
        switch (below(12)) {
            case 0: vary(header.chunk_count); return;
            case 1: vary(header.body_size); return;
            case 10: header.body_size = edge_of_body(header, chunk); return;
            case 11: chunk.first_message = header.body_size / 4; return;
            case 2: vary(header.lifetime_ms); return;
            case 3: header.kind = static_cast<wire::Kind>(below(6)); return;
            case 4: vary(chunk.index); return;
            case 5: vary(chunk.first_message); return;
            case 6: vary(chunk.lead); return;
            case 7: chunk.bytes = chunk.bytes.first(below(chunk.bytes.size() + 1)); return;
            case 8: path_size = below(wire::kPathSizeMax + 1); return;
            default: header.topic = header.topic.substr(0, below(header.topic.size() + 1)); return;
        }
    }

    // The least that leaves a byte to every other chunk, or the most that they hold; or beside it.
    std::uint32_t edge_of_body(const wire::BatchHeader& header, const wire::Chunk& chunk) {
        const std::size_t count = std::max<std::size_t>(header.chunk_count, 1);
        const std::size_t edge = below(2) == 0
            ? chunk.bytes.size() + count - 1
            : count * wire::chunk_bytes_max(header.topic.size(), count);
        return static_cast<std::uint32_t>(edge + 1 - below(3));
    }

    // To a neighbour of what it is, or to any number.
    template <typename Number>
    void vary(Number& value) {
        const std::size_t how = below(4);
        const std::uint64_t wide = how == 0 ? value + 1u : how == 1 ? value - 1u : number();
        value = static_cast<Number>(wide);
    }

    crypto::Random& random_;
    crypto::NetworkId network_;
    std::vector<wire::Chunk> chunks_;
    std::vector<crypto::Hash> leaves_;
    crypto::Hash root_;
    Bytes signed_;
};

crypto::Secret secret_from(std::uint64_t seed) {
    Bytes bytes;
    ByteWriter writer(bytes);
    writer.u64(seed);
    writer.zeros(crypto::Secret::kSize - bytes.size());
    return crypto::Secret(bytes);
}

}  // namespace

}  // namespace hearsay

int main(int argc, char** argv) {
    if (argc != 3 || !hearsay::crypto::initialise()) {
        std::fputs("usage: interop_batches SEED COUNT\n", stderr);
        return 2;
    }
    hearsay::crypto::Random random(hearsay::secret_from(std::strtoull(argv[1], nullptr, 10)));
    hearsay::BatchMaker maker(random);
    for (unsigned long left = std::strtoul(argv[2], nullptr, 10); left > 0; --left)
        maker.print_one();
    return 0;
}
