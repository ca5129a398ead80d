#include "tests/sim/liar.h"

#include <algorithm>

#include "daemon/gossip/presence.h"
#include "wire/signed_bytes.h"

namespace hearsay::sim {
namespace {

constexpr std::size_t kHeardMax = 300;
constexpr std::size_t kReplaysPerDatagram = 3;
// Behind the numbers its engine uses, and near enough not to make others give those up.
constexpr std::uint64_t kSeqFirst = 20'000;
constexpr std::uint64_t kVersionFirst = std::uint64_t{1} << 40;

}  // namespace

std::string_view name_of(Lie lie) {
    switch (lie) {
        case Lie::silent_relay: return "silent relay";
        case Lie::censor: return "censor";
        case Lie::replayer: return "replayer";
        case Lie::equivocator: return "equivocator";
        case Lie::flooder: return "flooder";
        case Lie::false_accuser: return "false accuser";
        case Lie::announcer: return "announcer";
        case Lie::babbler: return "babbler";
        case Lie::forger: return "forger";
    }
    return "unknown";
}

Liar::Liar(Lie lie, const crypto::Signer& signer, const crypto::NetworkId& network,
           const crypto::Sealer& sealer, wire::Codec& codec, crypto::Random random)
    : lie_(lie),
      signer_(signer),
      network_(network),
      sealer_(sealer),
      codec_(codec),
      random_(std::move(random)) {}

void Liar::RememberingSealer::seal(const crypto::Secret& key, std::uint64_t counter,
                                   ByteView associated, ByteView plaintext,
                                   MutableBytes out) const {
    if (associated.size() == wire::kSealedAssociatedSize)
        sealings_.push_back({key.clone(), counter, Bytes(associated.begin(), associated.end()),
                             Bytes(plaintext.begin(), plaintext.end())});
    real_.seal(key, counter, associated, plaintext, out);
}

const Liar::Sealing* Liar::RememberingSealer::find(std::uint64_t counter,
                                                   ByteView associated) const {
    for (const Sealing& sealing : sealings_)
        if (sealing.counter == counter && std::equal(associated.begin(), associated.end(),
                                                     sealing.associated.begin()))
            return &sealing;
    return nullptr;
}

void Liar::look(gossip::Snapshot snapshot, WallTime now) {
    view_ = std::move(snapshot);
    now_ = now;
    lies_before_look_ = lies_;
    if (lie_ == Lie::equivocator && random_.below(2) == 0) equivocate();
}

std::optional<Bytes> Liar::rewrite(ByteView datagram) {
    const auto packet = wire::parse_sealed(datagram);
    if (!packet) return std::nullopt;
    const Sealing* sealing = sealer_.find(packet->counter, packet->associated);
    if (sealing == nullptr) return std::nullopt;

    alignas(8) std::array<std::uint8_t, wire::kPlaintextSizeMax> said;
    alignas(8) std::array<std::uint8_t, wire::kPlaintextSizeMax> saying;
    std::copy(sealing->plaintext.begin(), sealing->plaintext.end(), said.begin());
    arena_.reset();
    has_other_codec_ = false;
    wire::PlaintextReader reader(ByteView(said).first(sealing->plaintext.size()), codec_, arena_);
    wire::PlaintextWriter writer(MutableBytes(saying).first(wire::kPlaintextSizeDefault));
    wire::Frame frame;
    while (reader.next(frame) == wire::PlaintextReader::Step::frame) {
        if (keeps(frame)) writer.add(codec_, frame);
    }
    if (view_.epoch != 0 && lies_ < lies_before_look_ + kLiesPerLook)
        add_lies(writer, packet->session);
    if (writer.is_empty()) writer.add(codec_, wire::Heartbeat{});

    Bytes changed(writer.size() + wire::kSealedOverhead);
    const wire::CodecId codec = has_other_codec_ ? wire::CodecId{200} : packet->codec;
    wire::write_sealed_header(codec, packet->session, packet->counter, changed);
    sealer_.real().seal(sealing->key, packet->counter,
                        ByteView(changed).first(wire::kSealedAssociatedSize), writer.written(),
                        MutableBytes(changed).subspan(wire::kSealedHeaderSize));
    return changed;
}

bool Liar::keeps(const wire::Frame& frame) {
    const auto* chunk = std::get_if<wire::Chunk>(&frame);
    if (chunk == nullptr) return true;
    const bool is_own = chunk->has_header && chunk->header.publisher == signer_.id();
    if (lie_ == Lie::silent_relay) return is_own;
    if (lie_ == Lie::censor) {
        if (view_.members.size() < 2) return true;
        const crypto::NodeId& victim = std::min_element(view_.members.begin(), view_.members.end(),
                                                        [](const auto& a, const auto& b) {
                                                            return a.id < b.id;
                                                        })->id;
        return !chunk->has_header || chunk->header.publisher != victim;
    }
    if (lie_ == Lie::replayer) {
        heard_.push_back(encode(frame));
        if (heard_.size() > kHeardMax) heard_.pop_front();
    }
    return true;
}

void Liar::add_lies(wire::PlaintextWriter& writer, wire::SessionId session) {
    switch (lie_) {
        case Lie::replayer:
            for (std::size_t i = 0; i < kReplaysPerDatagram && !heard_.empty(); ++i)
                lies_ += writer.add_encoded(heard_[random_.below(heard_.size())]) ? 1U : 0U;
            return;
        case Lie::equivocator:
            if (!versions_[session % 2].empty())
                lies_ += writer.add_encoded(versions_[session % 2]) ? 1U : 0U;
            return;
        case Lie::false_accuser: return accuse(writer);
        case Lie::announcer: return announce(writer);
        case Lie::babbler: return babble(writer);
        case Lie::forger: return forge(writer);
        case Lie::silent_relay:
        case Lie::censor:
        case Lie::flooder: return;
    }
}

bool Liar::tell(wire::PlaintextWriter& writer, const wire::Frame& frame) {
    const bool is_told = writer.add(codec_, frame);
    lies_ += is_told ? 1U : 0U;
    return is_told;
}

Bytes Liar::encode(const wire::Frame& frame) {
    Bytes encoded(wire::kFrameSizeMax);
    encoded.resize(codec_.encode(frame, encoded));
    return encoded;
}

wire::BatchHeader Liar::header_of(wire::Kind kind, std::uint64_t seq,
                                  const gossip::BuiltBatch& built) {
    wire::BatchHeader header;
    header.publisher = signer_.id();
    header.epoch = view_.epoch;
    header.seq = seq;
    header.created_ms = now_.ms;
    header.lifetime_ms = 60'000;
    header.kind = kind;
    header.chunk_count = static_cast<std::uint16_t>(built.chunks.size());
    header.body_size = static_cast<std::uint32_t>(built.body.size());
    if (kind == wire::Kind::message) header.topic = "lies";
    return header;
}

wire::Chunk Liar::chunk_of(const wire::BatchHeader& header, const gossip::BuiltBatch& built,
                           std::size_t index) {
    Bytes bytes;
    wire::write_signed_bytes(network_, header, built.root, bytes);
    wire::Chunk chunk;
    chunk.header = header;
    chunk.signature = signer_.sign(bytes);
    chunk.index = static_cast<std::uint16_t>(index);
    chunk.first_message = built.chunks[index].first_message;
    chunk.lead = built.chunks[index].lead;
    chunk.bytes = built.bytes(index);
    chunk.path = built.paths[index];
    return chunk;
}

Bytes Liar::message(std::string_view payload, std::uint64_t seq) {
    const ByteView view = bytes_of(payload);
    const gossip::BuiltBatch built = gossip::build_batch({&view, 1}, 4);
    if (on_publish) on_publish("lies", view);
    return encode(chunk_of(header_of(wire::Kind::message, seq, built), built));
}

void Liar::equivocate() {
    const std::uint64_t seq = kSeqFirst + ++number_;
    const std::string text = std::to_string(view_.epoch) + "/" + std::to_string(seq);
    versions_ = {message(text + " yes", seq), message(text + " no", seq)};
}

void Liar::accuse(wire::PlaintextWriter& writer) {
    const auto& accused = view_.members[random_.below(view_.members.size())];
    if (accused.is_self || random_.below(4) != 0) return;
    const Bytes body = gossip::encode_suspect({accused.id, accused.epoch, accused.version});
    const gossip::BuiltBatch built = gossip::build_record(body);
    tell(writer, chunk_of(header_of(wire::Kind::suspect, kVersionFirst + ++number_, built), built));
}

void Liar::announce(wire::PlaintextWriter& writer) {
    gossip::Presence presence;
    presence.name = "everywhere";
    presence.software = "liar";
    for (std::size_t i = 0; i < gossip::kAddressesMax; ++i) {
        const auto byte = [&] { return static_cast<std::uint8_t>(random_.below(256)); };
        presence.addresses.push_back(Endpoint::ipv4(198, 18, byte(), byte(), 4327));
    }
    const gossip::BuiltBatch built = gossip::build_record(gossip::encode_presence(presence));
    if (!tell(writer, chunk_of(header_of(wire::Kind::presence, kVersionFirst + ++number_, built),
                               built)))
        return;
    addresses_ += gossip::kAddressesMax;
}

// Rarely: whoever checks it ends the link.
void Liar::forge(wire::PlaintextWriter& writer) {
    if (random_.below(10) != 0) return;
    const std::string text = "forged " + std::to_string(++number_);
    const ByteView payload = bytes_of(text);
    const gossip::BuiltBatch built = gossip::build_batch({&payload, 1}, 4);
    wire::Chunk chunk =
        chunk_of(header_of(wire::Kind::message, kSeqFirst + number_, built), built);
    chunk.signature.bytes[3] ^= 1;
    tell(writer, chunk);
}

void Liar::babble(wire::PlaintextWriter& writer) {
    const std::uint64_t what = random_.below(40);
    if (what < 9) return babble_batches(writer, what);
    switch (what) {
        case 9: {
            Bytes garbage(8 + random_.below(100));
            random_.fill(garbage);
            lies_ += writer.add_encoded(garbage) ? 1U : 0U;
            return;
        }
        case 10: has_other_codec_ = true; return;
        case 11: {
            wire::Chunk chunk;
            chunk.has_header = false;
            random_.fill(chunk.uid.bytes);
            chunk.bytes = bytes_of("nothing");
            tell(writer, chunk);
            return;
        }
        case 12: {
            const wire::NumberRange all{1, UINT64_MAX - 1};
            wire::StreamRanges stream{signer_.id(), view_.epoch + 7, 0, UINT64_MAX - 1, {&all, 1}};
            wire::Have have;
            have.streams = {&stream, 1};
            tell(writer, have);
            wire::Want want;
            stream.floor = stream.top = 0;
            want.streams = {&stream, 1};
            tell(writer, want);
            return;
        }
        case 13: {
            const wire::NumberRange all{1, UINT64_MAX - 1};
            wire::Ack ack;
            ack.ranges = {&all, 1};
            tell(writer, ack);
            return;
        }
        case 14: {
            if (random_.below(20) != 0) return;  // it ends the link
            std::vector<Endpoint> places;
            for (std::uint16_t i = 0; i < wire::kCandidatesMax; ++i)
                places.push_back(Endpoint::ipv4(198, 19, 1, 1, static_cast<std::uint16_t>(i + 1)));
            wire::Close close{wire::CloseReason::full, places};
            tell(writer, close);
            return;
        }
        default: return;
    }
}

void Liar::babble_batches(wire::PlaintextWriter& writer, std::uint64_t what) {
    const std::uint64_t seq = kSeqFirst + ++number_;
    const std::string text = std::to_string(view_.epoch) + "/" + std::to_string(seq) + " babble";
    const ByteView payload = bytes_of(text);
    const gossip::BuiltBatch built = gossip::build_batch({&payload, 1}, 4);
    wire::BatchHeader header = header_of(wire::Kind::message, seq, built);
    switch (what) {
        case 0: header.body_size = 1; break;
        case 1: header.created_ms += 3'600'000; break;
        case 2: header.created_ms -= 3'600'000; break;
        case 3: {  // the same once more, with another byte in it
            if (on_publish) on_publish("lies", payload);
            tell(writer, chunk_of(header, built));
            Bytes bytes(built.bytes(0).begin(), built.bytes(0).end());
            bytes.back() ^= 1;
            wire::Chunk second = chunk_of(header, built);
            second.bytes = bytes;
            tell(writer, second);
            return;
        }
        case 4: return forge(writer);
        case 5: {
            const gossip::BuiltBatch raw = gossip::build_record(bytes_of("no list of messages"));
            tell(writer, chunk_of(header_of(wire::Kind::message, seq, raw), raw));
            return;
        }
        case 6: {
            const gossip::BuiltBatch raw = gossip::build_record(bytes_of("no accusation"));
            tell(writer, chunk_of(header_of(wire::Kind::suspect, seq, raw), raw));
            return;
        }
        case 7: {  // so far ahead that all before it is given up
            header.seq += std::uint64_t{1} << 40;
            if (on_publish) on_publish("lies", payload);
            break;
        }
        default: {  // what it said of itself long ago
            const gossip::BuiltBatch raw = gossip::build_record(gossip::encode_presence({}));
            wire::BatchHeader old = header_of(wire::Kind::presence, 1, raw);
            old.epoch = 1;
            tell(writer, chunk_of(old, raw));
            return;
        }
    }
    tell(writer, chunk_of(header, built));
}

}  // namespace hearsay::sim
