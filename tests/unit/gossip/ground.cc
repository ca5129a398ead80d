#include "tests/unit/gossip/ground.h"

#include "base/insist.h"
#include "wire/signed_bytes.h"

namespace hearsay::gossip::ground {
namespace {

Core make_core(Ground& ground, unsigned number, const config::Gossip& config,
               const crypto::Network& network) {
    Self self;
    self.name = "node" + std::to_string(number);
    self.software = "test";
    self.port = config::kDefaultPort;
    Core core{config,
              network.clone(),
              &ground.signer,
              &ground.sealer,
              &ground.codecs,
              std::move(self),
              ground.signer.id(),
              kEpoch,
              {kWallMs},
              crypto::Random(secret_of(static_cast<std::uint8_t>(100 + number))),
              {},
              {},
              {},
              {}};
    core.random.fill(core.hash_key);
    return core;
}

}  // namespace

crypto::Secret secret_of(std::uint8_t number) {
    const Bytes bytes(crypto::Secret::kSize, number);
    return crypto::Secret(bytes);
}

crypto::Network make_network(std::initializer_list<std::uint8_t> secrets, std::uint8_t number) {
    crypto::Network network;
    network.name = "test";
    network.id.bytes.fill(number);
    for (const std::uint8_t secret : secrets) network.secrets.push_back(secret_of(secret));
    return network;
}

Endpoint place(unsigned number) {
    return Endpoint::ipv4(10, 0, static_cast<std::uint8_t>(number >> 8),
                          static_cast<std::uint8_t>(number), config::kDefaultPort);
}

crypto::NodeId node_of(unsigned number) { return sim::CheapSigner(kCryptoSecret, number).id(); }

void Put::add(const Outputs& outputs) {
    for (const Transmit& transmit : outputs.transmits)
        sent.push_back({transmit.to, Bytes(transmit.datagram.begin(), transmit.datagram.end())});
    jobs.insert(jobs.end(), outputs.verifications.begin(), outputs.verifications.end());
    for (const Delivery& delivery : outputs.deliveries) {
        deliveries.push_back({delivery, std::string(delivery.topic),
                              std::string(text_of(delivery.payload))});
        deliveries.back().facts.topic = {};
        deliveries.back().facts.payload = {};
    }
    events.insert(events.end(), outputs.events.begin(), outputs.events.end());
}

std::size_t Put::count(EventKind kind) const {
    return static_cast<std::size_t>(std::count_if(
        events.begin(), events.end(), [&](const Event& event) { return event.kind == kind; }));
}

const Event* Put::find(EventKind kind) const {
    const auto found = std::find_if(events.begin(), events.end(),
                                    [&](const Event& event) { return event.kind == kind; });
    return found == events.end() ? nullptr : &*found;
}

std::vector<Bytes> Put::sent_to(const Endpoint& to) const {
    std::vector<Bytes> result;
    for (const Sent& one : sent)
        if (one.to == to) result.push_back(one.datagram);
    return result;
}

Ground::Ground(unsigned number, const config::Gossip& config, const crypto::Network& network)
    : signer(kCryptoSecret, number), core(make_core(*this, number, config, network)) {
    INSIST(crypto::initialise());
    codecs.add(wire::make_flatbuffers_codec());
}

Put Ground::take() {
    Put put;
    put.add(core.outbox.take());
    core.outbox.begin();
    return put;
}

bool is_valid(const VerifyJob& job) {
    return sim::CheapVerifier(kCryptoSecret).verify(job.signer, job.message, job.signature);
}

SessionEnds make_session(Ground& near, unsigned far, bool near_dialled, std::uint64_t far_epoch) {
    crypto::Random& random = near.core.random;
    const crypto::Secret there = random.secret();
    const crypto::Secret back = random.secret();
    SessionEnds ends;
    ends.near.peer = node_of(far);
    ends.near.peer_epoch = far_epoch;
    ends.near.at = place(far);
    ends.near.our_session = random.next();
    ends.near.their_session = random.next();
    ends.near.send_key = there.clone();
    ends.near.receive_key = back.clone();
    ends.near.is_initiator = near_dialled;
    ends.near.codec = near.codecs.find(wire::kFlatbuffersId);
    ends.near.readable = {wire::kFlatbuffersId};
    ends.near.network_secret = near.core.secret(0).clone();

    ends.far.peer = near.core.self_id;
    ends.far.peer_epoch = near.core.epoch;
    ends.far.at = place(far);  // its own: by which hear() finds what is for it
    ends.far.our_session = ends.near.their_session;
    ends.far.their_session = ends.near.our_session;
    ends.far.send_key = back.clone();
    ends.far.receive_key = there.clone();
    ends.far.is_initiator = !near_dialled;
    ends.far.codec = ends.near.codec;
    ends.far.readable = ends.near.readable;
    ends.far.network_secret = near.core.secret(0).clone();
    return ends;
}

std::vector<wire::Frame> FarEnd::hear(const std::vector<Bytes>& datagrams) {
    std::vector<wire::Frame> frames;
    for (const Bytes& datagram : datagrams) {
        const auto packet = wire::parse_sealed(datagram);
        if (!packet || packet->session != channel_.facts().our_session) continue;
        Page& page = pages_.emplace_back();
        const auto opened = channel_.open(*packet, page.bytes);
        if (!opened) continue;
        numbers_.push_back(packet->counter);
        wire::PlaintextReader reader(ByteView(page.bytes).first(*opened),
                                     *channel_.facts().codec, page.arena);
        wire::Frame frame;
        bool has_chunk = false;
        while (true) {
            const auto step = reader.next(frame);
            INSIST(step != wire::PlaintextReader::Step::malformed);
            if (step == wire::PlaintextReader::Step::end) break;
            has_chunk |= std::holds_alternative<wire::Chunk>(frame);
            frames.push_back(frame);
        }
        channel_.note_received(packet->counter, has_chunk, kStart);
    }
    return frames;
}

std::vector<wire::Frame> FarEnd::hear(const Put& put) {
    return hear(put.sent_to(channel_.facts().at));
}

Bytes FarEnd::say(const std::vector<wire::Frame>& frames) {
    alignas(8) std::array<std::uint8_t, wire::kPlaintextSizeMax> plain;
    wire::PlaintextWriter writer(plain);
    for (const wire::Frame& frame : frames) INSIST(writer.add(*channel_.facts().codec, frame));
    Bytes datagram(wire::kDatagramSizeMax);
    std::uint64_t number = 0;
    datagram.resize(channel_.seal(writer.written(), datagram, number));
    return datagram;
}

wire::Chunk Batch::chunk(std::size_t index) const {
    wire::Chunk chunk;
    chunk.header = header;
    chunk.header.topic = topic;
    chunk.signature = signature;
    chunk.uid = uid;
    chunk.index = static_cast<std::uint16_t>(index);
    chunk.first_message = built.chunks[index].first_message;
    chunk.lead = built.chunks[index].lead;
    chunk.bytes = built.bytes(index);
    chunk.path = built.paths[index];
    return chunk;
}

wire::Chunk Batch::short_chunk(std::size_t index) const {
    wire::Chunk result = chunk(index);
    result.has_header = false;
    result.header = {};
    result.signature = {};
    return result;
}

void Author::sign(Batch& batch) const {
    wire::BatchHeader header = batch.header;
    header.topic = batch.topic;
    Bytes bytes;
    wire::write_signed_bytes(make_network().id, header, batch.built.root, bytes);
    batch.uid = crypto::uid_of(bytes);
    batch.signature = signer_.sign(bytes);
}

Batch Author::messages(std::uint64_t seq, const std::vector<std::string>& payloads,
                       const BatchFacts& facts) const {
    std::vector<ByteView> views;
    for (const std::string& payload : payloads) views.push_back(bytes_of(payload));
    Batch batch;
    batch.topic = facts.topic;
    batch.built = build_batch(views, facts.topic.size());
    batch.header.publisher = id();
    batch.header.epoch = facts.epoch;
    batch.header.seq = seq;
    batch.header.created_ms = facts.created_ms;
    batch.header.lifetime_ms = facts.lifetime_ms;
    batch.header.chunk_count = static_cast<std::uint16_t>(batch.built.chunks.size());
    batch.header.body_size = static_cast<std::uint32_t>(batch.built.body.size());
    sign(batch);
    return batch;
}

Batch Author::message(std::uint64_t seq, std::string_view payload, const BatchFacts& facts) const {
    return messages(seq, {std::string(payload)}, facts);
}

Batch Author::record(wire::Kind kind, std::uint64_t epoch, std::uint64_t version, ByteView body,
                     std::uint32_t lifetime_ms) const {
    Batch batch;
    batch.built = build_record(body);
    batch.header.publisher = id();
    batch.header.epoch = epoch;
    batch.header.seq = version;
    batch.header.created_ms = kWallMs;
    batch.header.lifetime_ms = lifetime_ms;
    batch.header.kind = kind;
    batch.header.body_size = static_cast<std::uint32_t>(body.size());
    sign(batch);
    return batch;
}

Batch Author::presence(std::uint64_t epoch, std::uint64_t version,
                       const Presence& presence) const {
    return record(wire::Kind::presence, epoch, version, encode_presence(presence));
}

Batch Author::suspect(std::uint64_t number, const Suspect& suspect) const {
    return record(wire::Kind::suspect, kEpoch, number, encode_suspect(suspect), 10'000);
}

Batch Author::leave(std::uint64_t epoch, std::uint64_t version) const {
    return record(wire::Kind::leave, epoch, version, {});
}

}  // namespace hearsay::gossip::ground
