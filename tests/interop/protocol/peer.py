"""Sections 11 to 14 as far as a minimal member needs them: one node on a UDP socket.

It dials and answers, keeps links alive, publishes, acknowledges, repairs and answers what it is
asked. It relays nothing and accuses nobody, and its links live shorter than a rekey (120 s).
"""
import dataclasses
import random
import select
import socket
import time

from . import batch, flatbuffers_codec, frames, packets, records
from .errors import Refused, demand
from .handshake import FLATBUFFERS, Caller, Door
from .sealed import PLAINTEXT_UNPROBED, frames_in, plaintext_of

HEARTBEAT = 0.5     # seconds
DIAL_RETRY = 0.1
AUTH_I_RETRY = 0.2
CHUNK_RETRY = 0.1   # a packet without an ack for so long is taken for lost
HASHES = 1.0        # how often the neighbours are told our bucket hashes
PRESENCE_LIFETIME_MS = 360_000


@dataclasses.dataclass(frozen=True)
class Message:
    publisher: bytes
    topic: str
    payload: bytes
    id: str  # as the local API writes it
    hops: int


class Link:
    """One neighbour: its session, what it has not acknowledged, and what it said of time."""

    def __init__(self, address, side, is_caller):
        self.address = address
        self.side = side
        self.session = side.session
        self.is_caller = is_caller
        self.heard = False
        self.closed = None           # the reason, once the neighbour has closed it
        self.auth_i = None           # repeated until a sealed packet comes
        self.next_auth_i = self.next_beat = self.next_hashes = 0.0
        self.queue = []              # encoded frames that nobody acknowledges
        self.chunks = []             # encoded chunks to send
        self.in_flight = {}          # packet number -> (when it left, its chunks)
        self.to_ack = set()          # packet numbers since the last ack
        self.last_beat = None        # (their sent_us, when it came)
        self.beats = 0

    @property
    def peer_id(self):
        return self.side.peer.node_id


class Peer:
    """`lose` drops that share of the datagrams, both ways, by a seeded random stream."""

    def __init__(self, identity, network, name="python", lose=0.0, seed=1):
        self.identity = identity
        self.network = network
        self.name = name
        self.epoch = int(time.time() * 1000)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.address = self.socket.getsockname()
        self.lose = lose
        self.random = random.Random(seed)
        self.door = Door(identity, network, self.epoch)
        self.callers = {}            # our session number -> (Caller, address, last packet, when)
        self.called = {}             # their session number and ephemeral -> Called
        self.links = {}              # our session number -> Link
        self.messages = []
        self.refused = []            # why, of everything dropped
        self.records = {}            # (member, kind is suspect) -> (Header, signature, Chunk)
        self.pending = {}            # uid -> (header, pieces by index)
        self.settled = set()         # uids
        self.own = {}                # seq -> Batch
        self.seq = 0
        self.version = 0
        self.wants = {}              # (publisher, epoch) -> seqs asked for
        self.say_presence()

    def close(self):
        self.socket.close()

    # ---- what a program asks of it

    def dial(self, address):
        caller = Caller(self.identity, self.network, self.epoch)
        self.callers[caller.own_session] = [caller, address, caller.hello(), 0.0]

    def publish(self, topic, *payloads, lifetime_ms=60_000):
        """One batch of these messages, signed once; returns it."""
        topic = topic.encode()
        self.seq += 1
        pieces = batch.pieces_at(payloads, batch.cuts_for(payloads, len(topic)))
        made = batch.Batch.make(self.network.id, self.identity, pieces, epoch=self.epoch,
                                seq=self.seq, created_ms=wall_ms(), lifetime_ms=lifetime_ms,
                                kind=batch.MESSAGE, flags=0, topic=topic)
        self.own[self.seq] = made
        self.settled.add(made.uid)
        for link in self.links.values():
            link.chunks += chunks_of(made)
        return made

    def say_presence(self):
        self.say_record(batch.PRESENCE, records.Presence(
            self.name, "hearsay interop", [self.address], {"language": "python"}).encoded(),
            PRESENCE_LIFETIME_MS)

    def say_record(self, kind, body, lifetime_ms):
        self.version += 1
        made = batch.Batch.make(self.network.id, self.identity, [batch.Piece(0, 0, 0, body)],
                                epoch=self.epoch, seq=self.version, created_ms=wall_ms(),
                                lifetime_ms=lifetime_ms, kind=kind, flags=0)
        chunk = frames.Chunk(made.pieces[0], (), 0, made.header, made.signature)
        self.records[self.identity.id] = made.uid, chunk
        for link in self.links.values():
            link.chunks.append(flatbuffers_codec.encoded(chunk))

    def leave(self):
        """Says goodbye; returns when the neighbours have acknowledged it or a second has gone."""
        self.say_record(batch.LEAVE, b"", 60_000)
        self.run_until(lambda: all(not link.chunks and not link.in_flight
                                   for link in self.links.values()), 1.0)
        for link in self.links.values():
            self.send_frames(link, [flatbuffers_codec.encoded(frames.Close(frames.LEAVING))])

    def members(self):
        """Presence of each member that is known, by id."""
        return {member: records.Presence.decoded(chunk.piece.data)
                for member, (_, chunk) in self.records.items()
                if chunk.header.kind == batch.PRESENCE}

    def run_until(self, claim, seconds):
        """Lives until the claim holds; whether it did."""
        end = time.monotonic() + seconds
        while not claim():
            if time.monotonic() > end:
                return False
            self.turn()
        return True

    # ---- one turn

    def turn(self):
        if select.select([self.socket], [], [], 0.01)[0]:
            self.receive()
        now = time.monotonic()
        for entry in list(self.callers.values()):
            if now - entry[3] >= DIAL_RETRY:
                entry[3] = now
                self.send(entry[1], entry[2])
        for link in list(self.links.values()):
            self.tend(link, now)

    def receive(self):
        while True:
            try:
                datagram, source = self.socket.recvfrom(2048)
            except BlockingIOError:
                return
            if self.random.random() < self.lose:
                continue
            try:
                self.handle(source, datagram)
            except Refused as refused:
                self.refused.append(str(refused))

    def send(self, address, datagram):
        if self.random.random() >= self.lose:
            self.socket.sendto(datagram, address)

    def tend(self, link, now):
        if link.closed is not None:
            return
        if link.auth_i and now >= link.next_auth_i:
            link.next_auth_i = now + AUTH_I_RETRY
            self.send(link.address, link.auth_i)
        if not link.heard and link.is_caller:
            return  # until then our AUTH_I may be under way, or its signature being checked
        if now >= link.next_beat:
            link.next_beat = now + HEARTBEAT
            link.queue.append(self.heartbeat(link, now))
        if now >= link.next_hashes:
            link.next_hashes = now + HASHES
            link.queue += [flatbuffers_codec.encoded(frame) for frame in self.haves()]
        if link.to_ack:
            link.queue.insert(0, self.ack(link))
        for counter, (left, chunks) in list(link.in_flight.items()):
            if now - left > CHUNK_RETRY:
                del link.in_flight[counter]
                link.chunks = chunks + link.chunks
        self.flush(link, now)

    def flush(self, link, now):
        while link.queue or link.chunks:
            frames_out, chunks_out, size = [], [], 0
            for source, out in ((link.queue, []), (link.chunks, chunks_out)):
                while source and size + 8 + -(-len(source[0]) // 8) * 8 <= PLAINTEXT_UNPROBED:
                    size += 8 + -(-len(source[0]) // 8) * 8
                    out.append(source[0])
                    frames_out.append(source.pop(0))
            counter = self.send_frames(link, frames_out)
            if chunks_out:
                link.in_flight[counter] = now, chunks_out

    def send_frames(self, link, encoded):
        self.send(link.address, link.session.seal(FLATBUFFERS, plaintext_of(encoded)))
        return link.session.last_sent

    def heartbeat(self, link, now, wants_reply=False):
        echo_us, delay_us = 0, 0
        if link.last_beat:
            echo_us, delay_us = link.last_beat[0], int((now - link.last_beat[1]) * 1e6)
        known = self.records.get(link.peer_id)
        header = known[1].header if known else None
        return flatbuffers_codec.encoded(frames.Heartbeat(
            int(now * 1e6), echo_us, delay_us, wall_ms(), 0, wants_reply,
            header.epoch if header else 0, header.seq if header else 0))

    def ack(self, link):
        ranges = []
        for number in sorted(link.to_ack, reverse=True):
            if ranges and ranges[-1][0] == number + 1:
                ranges[-1][0] = number
            else:
                ranges.append([number, number])
        link.to_ack.clear()
        return flatbuffers_codec.encoded(
            frames.Ack(0, tuple(map(tuple, ranges[:frames.ACK_RANGES_MAX]))))

    def haves(self):
        """Our bucket hashes, and our own stream."""
        sums = [0] * frames.BUCKETS
        for member, (uid, _) in self.records.items():
            bucket = member[0] % frames.BUCKETS
            sums[bucket] = (sums[bucket] + int.from_bytes(uid[:8], "little")) % 2**64
        streams = ()
        if self.own:
            streams = (frames.HaveStream(self.identity.id, self.epoch, 0, self.seq,
                                         ((1, self.seq),)),)
        return [frames.Have(streams, tuple(sums))]

    # ---- what comes in

    def handle(self, source, datagram):
        packet = packets.parsed(datagram)
        if isinstance(packet, packets.Hello):
            self.handle_hello(source, datagram, packet)
        elif isinstance(packet, packets.Cookie):
            entry = self.entry_of(packet.session)
            entry[2], entry[3] = entry[0].handle_cookie(packet), 0.0
        elif isinstance(packet, packets.AuthR):
            caller, address, _, _ = self.entry_of(packet.session)
            auth_i = caller.handle_auth_r(packet)
            del self.callers[packet.session]
            self.add_link(address, caller, True).auth_i = auth_i
        elif isinstance(packet, packets.AuthI):
            self.handle_auth_i(source, packet)
        elif isinstance(packet, packets.Sealed):
            self.handle_sealed(source, packet)

    def entry_of(self, session):
        demand(session in self.callers, "an answer nobody waits for")
        return self.callers[session]

    def handle_hello(self, source, datagram, hello):
        key = hello.session, hello.ephemeral
        if any(hello.cookie) and key in self.called:
            self.send(source, self.called[key].auth_r)
            return
        answer = self.door.handle_hello(source, datagram, hello)
        if isinstance(answer, bytes):
            self.send(source, answer)
            return
        self.called[key] = answer
        self.send(source, answer.auth_r)

    def handle_auth_i(self, source, auth):
        if auth.session in self.links:
            return  # repeated until it hears us
        called = next((c for c in self.called.values() if c.own_session == auth.session), None)
        demand(called is not None, "an AUTH_I nobody waits for")
        called.handle_auth_i(auth)
        self.add_link(source, called, False)

    def add_link(self, address, side, is_caller):
        link = self.links[side.own_session] = Link(address, side, is_caller)
        for _, chunk in self.records.values():
            if chunk.header.publisher == self.identity.id:
                link.chunks.append(flatbuffers_codec.encoded(chunk))
        return link

    def handle_sealed(self, source, packet):
        demand(packet.session in self.links, "no such session")
        link = self.links[packet.session]
        plaintext = link.session.open(packet)
        link.heard, link.auth_i, link.address = True, None, source
        decoded = [flatbuffers_codec.decoded(frame) for frame in frames_in(plaintext)]
        if any(isinstance(frame, frames.Chunk) for frame in decoded):
            link.to_ack.add(packet.counter)
        for frame in decoded:
            HANDLERS[type(frame)](self, link, frame)

    def handle_ack(self, link, ack):
        for first, last in ack.ranges:
            for counter in [c for c in link.in_flight if first <= c <= last]:
                del link.in_flight[counter]

    def handle_heartbeat(self, link, beat):
        link.beats += 1
        link.last_beat = beat.sent_us, time.monotonic()
        if beat.wants_reply:
            link.queue.append(self.heartbeat(link, time.monotonic()))
        if (beat.known_epoch, beat.known_version) > (self.epoch, self.version):
            link.queue.append(flatbuffers_codec.encoded(frames.Want(records=(self.identity.id,))))

    def handle_close(self, link, close):
        link.closed = close.reason

    def handle_chunk(self, link, chunk):
        piece = chunk.piece
        if chunk.uid in self.settled:
            return
        if chunk.header is None:
            demand(chunk.uid in self.pending, "a short chunk of a batch that is not held")
            header, signature, _ = self.pending[chunk.uid]
        else:
            header, signature = chunk.header, chunk.signature
        uid = batch.proved(self.network.id, header, signature, piece, list(chunk.path))
        demand(chunk.header is not None or uid == chunk.uid, "a chunk of another batch")
        if header.kind != batch.MESSAGE:
            self.handle_record(uid, chunk)
            return
        demand(batch.is_in_time(header, wall_ms()), "a batch outside its lifetime")
        if uid in self.settled:
            return
        pieces = self.pending.setdefault(uid, (header, signature, {}))[2]
        pieces[piece.index] = piece.data
        if len(pieces) == header.chunk_count:
            del self.pending[uid]
            self.settled.add(uid)
            self.deliver(uid, header, b"".join(pieces[i] for i in range(len(pieces))), chunk.hops)

    def deliver(self, uid, header, body, hops):
        for index, payload in enumerate(batch.payloads_in(body)):
            self.messages.append(Message(header.publisher, header.topic.decode(), payload,
                                         f"{uid.hex()}/{index}", hops + 1))

    def handle_record(self, uid, chunk):
        header = chunk.header
        if header.kind == batch.SUSPECT:
            accused = records.Suspicion.decoded(chunk.piece.data)
            if accused.target == self.identity.id:
                self.say_presence()
            return
        held = self.records.get(header.publisher)
        if held and (held[1].header.epoch, held[1].header.seq) >= (header.epoch, header.seq):
            return
        if header.kind == batch.PRESENCE:
            records.Presence.decoded(chunk.piece.data)
        self.records[header.publisher] = uid, chunk

    def handle_have(self, link, have):
        """Asks for what is missing, of streams and of records."""
        streams = []
        for stream in have.streams:
            asked = self.wants.setdefault((stream.publisher, stream.epoch), set())
            ranges = tuple((first, last) for first, last in stream.ranges
                           if stream.publisher != self.identity.id and first not in asked)
            asked.update(first for first, _ in ranges)
            if ranges:
                streams.append(frames.WantStream(stream.publisher, stream.epoch, ranges))
        wanted = []
        for member, epoch, version in have.records:
            held = self.records.get(member)
            if not held or (held[1].header.epoch, held[1].header.seq) < (epoch, version):
                wanted.append(member)
        if streams or wanted:
            link.queue.append(flatbuffers_codec.encoded(
                frames.Want(tuple(streams), (), tuple(wanted))))
        if have.bucket_hashes:
            self.list_records(link, have.bucket_hashes)

    def list_records(self, link, theirs):
        """Lists the buckets in which the other side holds something else."""
        ours = self.haves()[0].bucket_hashes
        differ = {i for i in range(frames.BUCKETS) if ours[i] != theirs[i]}
        rows = [(member, chunk.header.epoch, chunk.header.seq)
                for member, (_, chunk) in sorted(self.records.items())
                if member[0] % frames.BUCKETS in differ]
        if differ and len(rows) <= frames.RECORDS_MAX:
            link.queue.append(flatbuffers_codec.encoded(
                frames.Have(expanded=sum(1 << i for i in differ), records=tuple(rows))))

    def handle_want(self, link, want):
        for stream in want.streams:
            if (stream.publisher, stream.epoch) != (self.identity.id, self.epoch):
                continue
            for seq, made in self.own.items():
                if any(first <= seq <= last for first, last in stream.ranges):
                    link.chunks += chunks_of(made)
        for uid, first, last in want.chunks:
            for made in self.own.values():
                if made.uid == uid:
                    link.chunks += chunks_of(made)[first:last + 1]
        for member in want.records:
            if member in self.records:
                link.chunks.append(flatbuffers_codec.encoded(self.records[member][1]))

    def ignore(self, _link, _frame):
        """Prune and Graft are wishes; all our links stay eager."""


HANDLERS = {
    frames.Chunk: Peer.handle_chunk, frames.Ack: Peer.handle_ack, frames.Have: Peer.handle_have,
    frames.Want: Peer.handle_want, frames.Heartbeat: Peer.handle_heartbeat,
    frames.Close: Peer.handle_close, frames.Prune: Peer.ignore, frames.Graft: Peer.ignore,
}


def chunks_of(made):
    return [flatbuffers_codec.encoded(
        frames.Chunk(piece, tuple(path), 0, made.header, made.signature))
        for piece, path in zip(made.pieces, made.paths)]


def wall_ms():
    return int(time.time() * 1000)
