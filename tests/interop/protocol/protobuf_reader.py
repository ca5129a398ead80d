"""Frames of the codec in Protocol Buffers (wire/protobuf/hearsay.proto), read only, by hand."""
import struct

from . import frames
from .batch import Header, Piece
from .errors import demand

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
FIXED_SIZES = {FIXED64: 8, FIXED32: 4}


def varint(data, at):
    """A number and the offset behind it."""
    value = 0
    for i in range(10):
        demand(at + i < len(data), "a number that ends too early")
        value |= (data[at + i] & 127) << 7 * i
        if data[at + i] < 128:
            demand(value < 2**64, "a number of more than 64 bits")
            return value, at + i + 1
    demand(False, "a number of more than ten bytes")


class Fields:
    """The fields of one encoded message, by number."""

    def __init__(self, data):
        self.values = {}
        at = 0
        while at < len(data):
            key, at = varint(data, at)
            kind = key & 7
            if kind == VARINT:
                value, at = varint(data, at)
            else:
                demand(kind in (BYTES, *FIXED_SIZES), "a group, or nothing known")
                size, at = varint(data, at) if kind == BYTES else (FIXED_SIZES[kind], at)
                demand(at + size <= len(data), "a field that ends too early")
                value, at = data[at:at + size], at + size
            self.values.setdefault(key >> 3, []).append((kind, value))

    def all(self, number, kind):
        values = self.values.get(number, [])
        demand(all(is_kind == kind for is_kind, _ in values), "a field of another type")
        return [value for _, value in values]

    def one(self, number, kind, absent):
        values = self.all(number, kind)
        demand(len(values) <= 1, "a field that is there twice")
        return values[0] if values else absent

    def number(self, number, bits=64):
        value = self.one(number, VARINT, 0)
        demand(value < 2**bits, "a number that does not fit its field")
        return value

    def fixed(self, number):
        return struct.unpack("<Q", self.one(number, FIXED64, bytes(8)))[0]

    def bytes(self, number, size=None):
        value = self.one(number, BYTES, b"")
        demand(size is None or len(value) == size, "a byte string of another size")
        return value

    def messages(self, number):
        return [Fields(value) for value in self.all(number, BYTES)]

    def steps(self, number):
        """A packed list of numbers, in pairs."""
        data, at, values = self.bytes(number), 0, []
        while at < len(data):
            value, at = varint(data, at)
            values.append(value)
        demand(len(values) % 2 == 0, "half a range")
        return list(zip(values[::2], values[1::2]))


def descending(steps):
    ranges = []
    for distance, length in steps:
        last = ranges[-1][0] - 1 - distance if ranges else distance
        ranges.append((last - length, last))
    demand(all(first >= 0 for first, _ in ranges), "a range below nothing")
    return tuple(ranges)


def ascending(steps):
    ranges = []
    for distance, length in steps:
        first = ranges[-1][1] + 1 + distance if ranges else distance
        ranges.append((first, first + length))
    demand(all(last < 2**64 for _, last in ranges), "a range of more than 64 bits")
    return tuple(ranges)


def pieces_of(data, size):
    demand(len(data) % size == 0, "a list that ends within an element")
    return tuple(data[i:i + size] for i in range(0, len(data), size))


def decoded(data):
    """The frame in a buffer; refuses what breaks the encoding or a limit."""
    fields = Fields(data)
    there = [number for number in fields.values if number in DECODERS]
    demand(len(there) == 1, "not exactly one frame")
    frame = DECODERS[there[0]](Fields(fields.one(there[0], BYTES, b"")))
    frame.check()
    return frame


def decode_chunk(f):
    piece = Piece(f.number(3, 16), f.number(4, 32), f.number(5, 16), f.bytes(7))
    path, hops = pieces_of(f.bytes(8), 32), f.number(6, 8)
    headers = f.messages(1)
    demand(len(headers) + len(f.all(2, BYTES)) == 1, "a chunk needs a header or a uid")
    if not headers:
        return frames.Chunk(piece, path, hops, uid=f.bytes(2, 16))
    h = headers[0]
    header = Header(h.bytes(1, 32), h.number(2), h.number(3), h.number(4), h.number(5, 32),
                    h.number(6, 16), h.number(7, 16), h.number(8, 16), h.number(9, 32),
                    h.bytes(11))
    return frames.Chunk(piece, path, hops, header, h.bytes(10, 64))


def decode_ack(f):
    return frames.Ack(f.number(1, 32), descending(f.steps(2)),
                      tuple((c.bytes(1, 32), c.number(2, 32)) for c in f.messages(3)))


def decode_have(f):
    streams = tuple(frames.HaveStream(s.bytes(1, 32), s.fixed(2), s.number(3), s.number(4),
                                      ascending(s.steps(5))) for s in f.messages(1))
    hashes = tuple(struct.unpack("<Q", piece)[0] for piece in pieces_of(f.bytes(2), 8))
    records = tuple((r.bytes(1, 32), r.number(2), r.number(3)) for r in f.messages(4))
    return frames.Have(streams, hashes, f.fixed(3), records)


def decode_want(f):
    streams = tuple(frames.WantStream(s.bytes(1, 32), s.fixed(2), ascending(s.steps(5)))
                    for s in f.messages(1))
    chunks = tuple((c.bytes(1, 16), c.number(2, 16), c.number(3, 16)) for c in f.messages(2))
    demand(all(len(member) == 32 for member in f.all(3, BYTES)), "a byte string of another size")
    return frames.Want(streams, chunks, tuple(f.all(3, BYTES)))


def decode_heartbeat(f):
    return frames.Heartbeat(f.number(1), f.number(2), f.number(3, 32), f.number(4),
                            f.number(5, 32), bool(f.number(6)), f.number(7), f.number(8))


def decode_close(f):
    return frames.Close(f.number(1, 8), tuple((a.bytes(1, 16), a.number(2, 16))
                                              for a in f.messages(2)))


DECODERS = {
    1: decode_chunk, 2: decode_ack, 3: decode_have, 4: decode_want, 5: decode_heartbeat,
    6: lambda f: frames.Prune(f.bytes(1, 32)), 7: lambda f: frames.Graft(f.bytes(1, 32)),
    8: decode_close,
}
