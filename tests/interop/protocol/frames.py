"""Section 7: the eight frames, decoded, and the limits that every codec holds them to."""
import dataclasses

from .batch import CHUNK_BUDGET, TOPIC_MAX, Header, Piece
from .errors import demand

PATH_MAX = 12
ACK_RANGES_MAX = 32
CREDITS_MAX = 8
STREAMS_MAX = 8
RANGES_MAX = 32
BUCKETS = 64
RECORDS_MAX = 16
WANTED_CHUNKS_MAX = 16
CANDIDATES_MAX = 16
LEAVING, REPLACED, FULL, MISBEHAVED, SECRET_REMOVED, ASKED, SILENT = range(1, 8)


@dataclasses.dataclass(frozen=True)
class Chunk:
    """With header and signature, or with a uid."""
    piece: Piece
    path: tuple
    hops: int = 0
    header: Header | None = None
    signature: bytes = b""
    uid: bytes = b""

    def check(self):
        demand((self.header is None) != (not self.uid), "a chunk needs a header or a uid")
        topic = len(self.header.topic) if self.header else 0
        demand(topic <= TOPIC_MAX, "a topic that is too long")
        demand(len(self.path) <= PATH_MAX, "a path that is too long")
        demand(topic + len(self.piece.data) + 32 * len(self.path) <= CHUNK_BUDGET,
               "a chunk over its budget")


@dataclasses.dataclass(frozen=True)
class Ack:
    delay_us: int
    ranges: tuple  # of (first, last)
    credits: tuple = ()  # of (publisher, bytes)

    def check(self):
        demand(len(self.ranges) <= ACK_RANGES_MAX, "too many ranges")
        demand(len(self.credits) <= CREDITS_MAX, "too many credits")
        check_apart(tuple(reversed(self.ranges)))


@dataclasses.dataclass(frozen=True)
class HaveStream:
    publisher: bytes
    epoch: int
    floor: int
    top: int
    ranges: tuple


@dataclasses.dataclass(frozen=True)
class Have:
    streams: tuple = ()
    bucket_hashes: tuple = ()
    expanded: int = 0
    records: tuple = ()  # of (member, epoch, version)

    def check(self):
        check_streams(self.streams)
        demand(len(self.bucket_hashes) in (0, BUCKETS), "neither no bucket hashes nor all")
        demand(len(self.records) <= RECORDS_MAX, "too many records")


@dataclasses.dataclass(frozen=True)
class WantStream:
    publisher: bytes
    epoch: int
    ranges: tuple


@dataclasses.dataclass(frozen=True)
class Want:
    streams: tuple = ()
    chunks: tuple = ()   # of (uid, first, last)
    records: tuple = ()  # of member

    def check(self):
        check_streams(self.streams)
        demand(len(self.chunks) <= WANTED_CHUNKS_MAX, "too many chunks are wanted")
        demand(len(self.records) <= RECORDS_MAX, "too many records are wanted")
        for _, first, last in self.chunks:
            demand(first <= last, "a range that ends before it begins")


@dataclasses.dataclass(frozen=True)
class Heartbeat:
    sent_us: int
    echo_us: int = 0
    echo_delay_us: int = 0
    wall_ms: int = 0
    lost: int = 0
    wants_reply: bool = False
    known_epoch: int = 0
    known_version: int = 0

    def check(self):
        pass


@dataclasses.dataclass(frozen=True)
class Prune:
    publisher: bytes

    def check(self):
        pass


@dataclasses.dataclass(frozen=True)
class Graft:
    publisher: bytes

    def check(self):
        pass


@dataclasses.dataclass(frozen=True)
class Close:
    reason: int
    candidates: tuple = ()  # of (address in 16 bytes, port)

    def check(self):
        demand(len(self.candidates) <= CANDIDATES_MAX, "too many candidates")


def check_streams(streams):
    demand(len(streams) <= STREAMS_MAX, "too many streams")
    demand(sum(len(stream.ranges) for stream in streams) <= RANGES_MAX, "too many ranges")
    for stream in streams:
        check_apart(stream.ranges)


def check_apart(ranges):
    """Ascending, and no number in two of them."""
    for first, last in ranges:
        demand(first <= last, "a range that ends before it begins")
    for (_, last), (first, _) in zip(ranges, ranges[1:]):
        demand(last < first, "ranges that are not apart, or not in order")
