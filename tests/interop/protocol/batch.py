"""Section 2: batches, their chunks, the tree over these, and what is signed."""
import dataclasses
import struct

from .errors import demand
from .names import hash_of, is_signed_by, label

MESSAGE, PRESENCE, SUSPECT, LEAVE = range(4)
TOPIC_MAX = 255
PAYLOAD_MAX = 1_048_576
BODY_MAX = 1_114_112
CHUNK_BUDGET = 900
CHUNKS_MAX = 4096
LIFETIME_MS = range(1000, 3_600_000 + 1)
CLOCK_SKEW_MAX_MS = 5 * 60 * 1000
QUIET = 1  # bit 0 of a record's flags


@dataclasses.dataclass(frozen=True)
class Header:
    """What travels of the signed bytes, but the topic, which has a field of its own."""
    publisher: bytes
    epoch: int
    seq: int
    created_ms: int
    lifetime_ms: int
    kind: int
    flags: int
    chunk_count: int
    body_size: int
    topic: bytes = b""


@dataclasses.dataclass(frozen=True)
class Piece:
    """One chunk: where it stands and its bytes."""
    index: int
    first_message: int
    lead: int
    data: bytes

    def leaf(self):
        return hash_of(b"\0", struct.pack("<HIH", self.index, self.first_message, self.lead),
                       self.data)


# ---- the tree: RFC 9162 2.1, n leaves split at the largest power of two below n

def node(left, right):
    return hash_of(b"\1", left, right)


def split(count):
    return 1 << ((count - 1).bit_length() - 1)


def deepest(count):
    """ceil(log2(count)): the path of the deepest leaf."""
    return (count - 1).bit_length()


def root_of(leaves):
    if len(leaves) == 1:
        return leaves[0]
    at = split(len(leaves))
    return node(root_of(leaves[:at]), root_of(leaves[at:]))


def path_of(index, leaves):
    """The siblings of a leaf, from the leaf upwards."""
    if len(leaves) == 1:
        return []
    at = split(len(leaves))
    if index < at:
        return path_of(index, leaves[:at]) + [root_of(leaves[at:])]
    return path_of(index - at, leaves[at:]) + [root_of(leaves[:at])]


def path_size(index, count):
    if count == 1:
        return 0
    at = split(count)
    return 1 + (path_size(index, at) if index < at else path_size(index - at, count - at))


def root_by_path(index, count, leaf, path):
    """The root that a chunk proves; the path must have exactly path_size(index, count) hashes."""
    if count == 1:
        return leaf
    at = split(count)
    if index < at:
        return node(root_by_path(index, at, leaf, path[:-1]), path[-1])
    return node(path[-1], root_by_path(index - at, count - at, leaf, path[:-1]))


# ---- what is signed

def signed_bytes(network_id, header, root):
    return (label("hearsay/v1/batch") + network_id + header.publisher
            + struct.pack("<QQQIHHHHI", header.epoch, header.seq, header.created_ms,
                          header.lifetime_ms, header.kind, header.flags, header.chunk_count,
                          len(header.topic), header.body_size)
            + root + header.topic)


def uid_of(signed):
    return hash_of(signed)[:16]


def is_topic(topic):
    """1 to 255 bytes of UTF-8 without C0 controls and DEL."""
    try:
        text = topic.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return 1 <= len(topic) <= TOPIC_MAX and all(c >= " " and c != "\x7f" for c in text)


def capacity(topic_size, count):
    """How many bytes each of so many chunks may have."""
    return CHUNK_BUDGET - topic_size - 32 * deepest(count)


def check_consistent(header, piece, path_length):
    """Refuses numbers that contradict each other, before anything is hashed."""
    count, size = header.chunk_count, len(piece.data)
    demand(1 <= count <= CHUNKS_MAX, "a batch of no chunks, or of too many")
    demand(piece.index < count, "a chunk behind the last")
    demand(path_length == path_size(piece.index, count), "a path of the wrong length")
    demand(header.lifetime_ms in LIFETIME_MS, "a lifetime out of bounds")
    if header.kind == MESSAGE:
        demand(is_topic(header.topic), "a message without a valid topic")
        demand(header.body_size >= 4, "a body that holds no message")
    elif header.kind in (PRESENCE, SUSPECT, LEAVE):
        demand(not header.topic, "a record with a topic")
        demand(count == 1, "a record of several chunks")
    else:
        demand(not header.topic or is_topic(header.topic), "a topic that is none")
    most = capacity(len(header.topic), count)
    demand(header.body_size <= min(BODY_MAX, most * count), "a body that is too large")
    demand(size <= most, "a chunk over its budget")
    if count == 1:
        demand(size == header.body_size, "one chunk that is not the body")
    else:
        demand(size > 0, "an empty chunk")
        demand(size + count - 1 <= header.body_size, "a chunk that leaves nothing to the others")
    demand(piece.lead <= size, "a lead longer than the chunk")
    if piece.index == 0:
        demand(piece.lead == 0 and piece.first_message == 0, "a first chunk that continues")
    else:
        demand(piece.lead > 0 or piece.first_message > 0, "a later chunk that begins the batch")
        demand(4 * (piece.first_message + 1) <= header.body_size,
               "more messages than the body can hold")


def is_in_time(header, now_ms):
    begin = header.created_ms - CLOCK_SKEW_MAX_MS
    end = header.created_ms + header.lifetime_ms + CLOCK_SKEW_MAX_MS
    return begin <= now_ms < end


def proved(network_id, header, signature, piece, path):
    """The uid of the batch a chunk belongs to; refuses what its signature does not cover."""
    check_consistent(header, piece, len(path))
    root = root_by_path(piece.index, header.chunk_count, piece.leaf(), path)
    signed = signed_bytes(network_id, header, root)
    demand(is_signed_by(header.publisher, signature, signed), "a signature that does not verify")
    return uid_of(signed)


# ---- bodies

def body_of(payloads):
    return b"".join(struct.pack("<I", len(payload)) + payload for payload in payloads)


def payloads_in(body):
    payloads, at = [], 0
    while at < len(body):
        demand(at + 4 <= len(body), "a body that ends within a length")
        size, = struct.unpack_from("<I", body, at)
        demand(size <= PAYLOAD_MAX and at + 4 + size <= len(body), "a message behind the body")
        payloads.append(body[at + 4:at + 4 + size])
        at += 4 + size
    demand(payloads, "a body without a message")
    return payloads


def pieces_at(payloads, cuts):
    """The chunks of a body cut at these offsets, ascending, neither 0 nor its size."""
    body = body_of(payloads)
    starts = [0]
    for payload in payloads:
        starts.append(starts[-1] + 4 + len(payload))
    pieces = []
    for begin, end in zip([0, *cuts], [*cuts, len(body)]):
        message = max(i for i, start in enumerate(starts[:-1]) if start <= begin)
        continues = starts[message] < begin
        lead = min(end, starts[message + 1]) - begin if continues else 0
        pieces.append(Piece(len(pieces), message, lead, body[begin:end]))
    return pieces


def cuts_for(payloads, topic_size):
    """Offsets that keep every chunk within its budget, on message boundaries where that can be."""
    count = 1
    while True:
        cuts = greedy_cuts(payloads, capacity(topic_size, count))
        if len(cuts) + 1 <= count:
            return cuts
        count = len(cuts) + 1


def greedy_cuts(payloads, most):
    cuts, begin, at = [], 0, 0
    for payload in payloads:
        end = at + 4 + len(payload)
        if end - begin > most and end - at <= most and at > begin:
            cuts.append(at)  # whole in the next chunk
            begin = at
        while end - begin > most:
            begin += most
            cuts.append(begin)
        at = end
    return cuts


@dataclasses.dataclass(frozen=True)
class Batch:
    """A batch as its publisher makes it: every chunk with its path."""
    header: Header
    pieces: list
    paths: list
    root: bytes
    signed: bytes
    uid: bytes
    signature: bytes

    @classmethod
    def make(cls, network_id, identity, pieces, **fields):
        """`fields` are those of Header that are not counted here."""
        header = Header(publisher=identity.id, chunk_count=len(pieces),
                        body_size=sum(len(piece.data) for piece in pieces), **fields)
        leaves = [piece.leaf() for piece in pieces]
        root = root_of(leaves)
        signed = signed_bytes(network_id, header, root)
        return cls(header, pieces, [path_of(i, leaves) for i in range(len(leaves))], root, signed,
                   uid_of(signed), identity.sign(signed))
