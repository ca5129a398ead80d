"""Section 8: codec 1. Written by hand against the schema, on the runtime of python3-flatbuffers.

flatc --python could make this, but then a reader would meet generated code where the field ids and
structs stand here in one screen; and that code believes every offset, so the checks below would
have to be written all the same.
"""
import struct

import flatbuffers
from flatbuffers import encode, packer
from flatbuffers.number_types import UOffsetTFlags
from flatbuffers.table import Table

from . import frames
from .batch import Header, Piece
from .errors import demand

# Structs of the schema: layout with its padding, and alignment.
SIGNED_HEADER = struct.Struct("<32sQQQIIHHH64s2x"), 8
PLACE = struct.Struct("<IHHB3x"), 4
NODE_ID = struct.Struct("<32s"), 1
UID = struct.Struct("<16s"), 1
RANGE = struct.Struct("<QQ"), 8
CREDIT = struct.Struct("<32sI"), 4
HAVE_STREAM = struct.Struct("<32sQQQH6x"), 8
WANT_STREAM = struct.Struct("<32sQH6x"), 8
RECORD = struct.Struct("<32sQQ"), 8
BUCKET_HASH = struct.Struct("<Q"), 8
WANTED_CHUNKS = struct.Struct("<16sHH"), 2
HEARTBEAT = struct.Struct("<QQQQQIIB7x"), 8
ADDRESS = struct.Struct("<16sH"), 2
OFFSET = struct.Struct("<I"), 4
BYTE = struct.Struct("<B"), 1
U32 = struct.Struct("<I"), 4
U64 = struct.Struct("<Q"), 8



# ---- writing

class Writer:
    """A buffer of one frame. What a table points at is written before the table."""

    def __init__(self):
        self.builder = flatbuffers.Builder(256)

    def put(self, data):
        builder = self.builder
        builder.head = UOffsetTFlags.py_type(builder.Head() - len(data))
        builder.Bytes[builder.Head():builder.Head() + len(data)] = data

    def list_of(self, kind, rows):
        """The offset of a vector of structs; 0, so absent, if it is empty."""
        layout, align = kind
        if not rows:
            return 0
        self.builder.StartVector(layout.size, len(rows), align)
        self.put(b"".join(layout.pack(*row) for row in rows))
        return self.builder.EndVector()

    def bytes_of(self, data):
        return self.list_of(BYTE, [(byte,) for byte in data])

    def table(self, fields):
        """`fields` maps an id to (kind, values); an OFFSET of 0 is left out."""
        self.builder.StartObject(max(fields, default=-1) + 1)
        for slot, (kind, values) in fields.items():
            if kind is OFFSET:
                self.builder.PrependUOffsetTRelativeSlot(slot, values[0], 0)
                continue
            layout, align = kind
            self.builder.Prep(align, layout.size)
            self.put(layout.pack(*values))
            self.builder.Slot(slot)
        return self.builder.EndObject()

    def frame(self, slot, kind, values):
        self.builder.Finish(self.table({slot: (kind, values)}))
        return bytes(self.builder.Output())


def encoded(frame):
    frame.check()
    writer = Writer()
    return ENCODERS[type(frame)](writer, frame)


def encode_chunk(writer, chunk):
    piece = chunk.piece
    fields = {2: (PLACE, (piece.first_message, piece.index, piece.lead, chunk.hops))}
    if chunk.header:
        h = chunk.header
        fields[0] = SIGNED_HEADER, (h.publisher, h.epoch, h.seq, h.created_ms, h.lifetime_ms,
                                    h.body_size, h.kind, h.flags, h.chunk_count, chunk.signature)
        fields[3] = OFFSET, (writer.bytes_of(h.topic),)
    else:
        fields[1] = UID, (chunk.uid,)
    fields[4] = OFFSET, (writer.bytes_of(piece.data),)
    fields[5] = OFFSET, (writer.list_of(NODE_ID, [(digest,) for digest in chunk.path]),)
    return writer.frame(0, OFFSET, (writer.table(fields),))


def encode_ack(writer, ack):
    fields = {0: (U32, (ack.delay_us,)),
              1: (OFFSET, (writer.list_of(RANGE, ack.ranges),)),
              2: (OFFSET, (writer.list_of(CREDIT, ack.credits),))}
    return writer.frame(1, OFFSET, (writer.table(fields),))


def encode_have(writer, have):
    streams = [(s.publisher, s.epoch, s.floor, s.top, len(s.ranges)) for s in have.streams]
    ranges = [pair for stream in have.streams for pair in stream.ranges]
    hashes = [(value,) for value in have.bucket_hashes]
    fields = {0: (OFFSET, (writer.list_of(HAVE_STREAM, streams),)),
              1: (OFFSET, (writer.list_of(RANGE, ranges),)),
              2: (OFFSET, (writer.list_of(BUCKET_HASH, hashes),)),
              3: (U64, (have.expanded,)),
              4: (OFFSET, (writer.list_of(RECORD, have.records),))}
    return writer.frame(2, OFFSET, (writer.table(fields),))


def encode_want(writer, want):
    streams = [(s.publisher, s.epoch, len(s.ranges)) for s in want.streams]
    ranges = [pair for stream in want.streams for pair in stream.ranges]
    fields = {0: (OFFSET, (writer.list_of(WANT_STREAM, streams),)),
              1: (OFFSET, (writer.list_of(RANGE, ranges),)),
              2: (OFFSET, (writer.list_of(WANTED_CHUNKS, want.chunks),)),
              3: (OFFSET, (writer.list_of(NODE_ID, [(m,) for m in want.records]),))}
    return writer.frame(3, OFFSET, (writer.table(fields),))


def encode_heartbeat(writer, beat):
    return writer.frame(4, HEARTBEAT, (
        beat.sent_us, beat.echo_us, beat.wall_ms, beat.known_epoch, beat.known_version,
        beat.echo_delay_us, beat.lost, beat.wants_reply))


def encode_close(writer, close):
    fields = {0: (BYTE, (close.reason,)),
              1: (OFFSET, (writer.list_of(ADDRESS, close.candidates),))}
    return writer.frame(7, OFFSET, (writer.table(fields),))


ENCODERS = {
    frames.Chunk: encode_chunk, frames.Ack: encode_ack, frames.Have: encode_have,
    frames.Want: encode_want, frames.Heartbeat: encode_heartbeat, frames.Close: encode_close,
    frames.Prune: lambda writer, frame: writer.frame(5, NODE_ID, (frame.publisher,)),
    frames.Graft: lambda writer, frame: writer.frame(6, NODE_ID, (frame.publisher,)),
}


# ---- reading: the runtime follows offsets, this class sees that they stay inside

class Reader:
    """One table of a buffer."""

    def __init__(self, buffer, at):
        demand(at % 4 == 0 and at + 4 <= len(buffer), "a table outside the frame")
        vtable = at - struct.unpack_from("<i", buffer, at)[0]
        demand(vtable % 2 == 0 and 0 <= vtable <= len(buffer) - 4, "a vtable outside the frame")
        vtable_size, self.size = struct.unpack_from("<HH", buffer, vtable)
        demand(vtable_size >= 4 and vtable_size % 2 == 0
               and vtable + vtable_size <= len(buffer), "a vtable outside the frame")
        demand(self.size >= 4 and at + self.size <= len(buffer), "a table outside the frame")
        self.table = Table(buffer, at)

    @property
    def buffer(self):
        return self.table.Bytes

    def place_of(self, slot, kind):
        """Where a field's value begins; None if the field is absent."""
        layout, align = kind
        offset = self.table.Offset(4 + 2 * slot)
        if not offset:
            return None
        at = self.table.Pos + offset
        demand(offset >= 4 and offset + layout.size <= self.size and at % align == 0,
               "a field outside its table")
        return at

    def row(self, slot, kind):
        """The values of a scalar or struct field; None if it is absent."""
        at = self.place_of(slot, kind)
        return None if at is None else kind[0].unpack_from(self.buffer, at)

    def number(self, slot, kind):
        return (self.row(slot, kind) or (0,))[0]

    def inner(self, slot):
        at = self.place_of(slot, OFFSET)
        return None if at is None else Reader(self.buffer, self.table.Indirect(at))

    def rows(self, slot, kind):
        """The elements of a list; none if it is absent."""
        layout, align = kind
        at = self.place_of(slot, OFFSET)
        if at is None:
            return []
        begin = self.table.Indirect(at)
        demand(begin % 4 == 0 and begin + 4 <= len(self.buffer), "a list outside the frame")
        count = encode.Get(packer.uoffset, self.buffer, begin)
        begin += 4
        demand(begin % align == 0, "a list that is not aligned")
        demand(count <= (len(self.buffer) - begin) // layout.size, "a list outside the frame")
        return list(layout.iter_unpack(self.buffer[begin:begin + count * layout.size]))

    def bytes_at(self, slot):
        return b"".join(bytes(row) for row in self.rows(slot, BYTE))


def decoded(buffer):
    """The frame in a buffer; refuses what breaks the encoding or a limit."""
    demand(len(buffer) >= 8, "a frame that ends too early")
    root = Reader(buffer, encode.Get(packer.uoffset, buffer, 0))
    there = [slot for slot in range(8) if root.table.Offset(4 + 2 * slot)]
    demand(len(there) == 1, "not exactly one frame")
    frame = DECODERS[there[0]](root)
    frame.check()
    return frame


def decode_chunk(root):
    table = root.inner(0)
    place = table.row(2, PLACE)
    demand(place is not None, "a chunk without its place")
    first_message, index, lead, hops = place
    piece = Piece(index, first_message, lead, table.bytes_at(4))
    path = tuple(row[0] for row in table.rows(5, NODE_ID))
    fields, uid = table.row(0, SIGNED_HEADER), table.row(1, UID)
    topic = table.bytes_at(3)
    demand((fields is None) != (uid is None), "a chunk needs a header or a uid")
    if fields is None:
        demand(not topic, "a topic without a header")
        return frames.Chunk(piece, path, hops, uid=uid[0])
    (publisher, epoch, seq, created_ms, lifetime_ms, body_size, kind, flags, chunk_count,
     signature) = fields
    header = Header(publisher, epoch, seq, created_ms, lifetime_ms, kind, flags, chunk_count,
                    body_size, topic)
    return frames.Chunk(piece, path, hops, header, signature)


def decode_ack(root):
    table = root.inner(1)
    return frames.Ack(table.number(0, U32), tuple(table.rows(1, RANGE)),
                      tuple(table.rows(2, CREDIT)))


def cut_ranges(rows, ranges):
    """Gives each row the next of the ranges, as many as its last value says."""
    given = []
    for *fields, count in rows:
        demand(count <= len(ranges), "fewer ranges than the streams say")
        given.append((*fields, tuple(ranges[:count])))
        ranges = ranges[count:]
    demand(not ranges, "more ranges than the streams say")
    return given


def decode_have(root):
    table = root.inner(2)
    streams = cut_ranges(table.rows(0, HAVE_STREAM), table.rows(1, RANGE))
    return frames.Have(tuple(frames.HaveStream(*stream) for stream in streams),
                       tuple(row[0] for row in table.rows(2, BUCKET_HASH)),
                       table.number(3, U64), tuple(table.rows(4, RECORD)))


def decode_want(root):
    table = root.inner(3)
    streams = cut_ranges(table.rows(0, WANT_STREAM), table.rows(1, RANGE))
    return frames.Want(tuple(frames.WantStream(*stream) for stream in streams),
                       tuple(table.rows(2, WANTED_CHUNKS)),
                       tuple(row[0] for row in table.rows(3, NODE_ID)))


def decode_heartbeat(root):
    (sent_us, echo_us, wall_ms, known_epoch, known_version, echo_delay_us, lost,
     wants_reply) = root.row(4, HEARTBEAT)
    return frames.Heartbeat(sent_us, echo_us, echo_delay_us, wall_ms, lost, bool(wants_reply),
                            known_epoch, known_version)


def decode_close(root):
    table = root.inner(7)
    return frames.Close(table.number(0, BYTE), tuple(table.rows(1, ADDRESS)))


DECODERS = [
    decode_chunk, decode_ack, decode_have, decode_want, decode_heartbeat,
    lambda root: frames.Prune(root.row(5, NODE_ID)[0]),
    lambda root: frames.Graft(root.row(6, NODE_ID)[0]),
    decode_close,
]
