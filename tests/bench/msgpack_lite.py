"""As much of MessagePack as serf's RPC needs: maps of strings, numbers, booleans and bytes.

https://github.com/msgpack/msgpack/blob/master/spec.md
"""
import struct


def pack(value):
    if value is True or value is False:
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return struct.pack(">B", value) if value < 128 else b"\xce" + struct.pack(">I", value)
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        if len(value) < 32:
            return bytes([0xa0 | len(value)]) + value
        return b"\xda" + struct.pack(">H", len(value)) + value  # "raw 16" of the old format
    if isinstance(value, list):
        return bytes([0x90 | len(value)]) + b"".join(map(pack, value))
    return bytes([0x80 | len(value)]) + b"".join(pack(k) + pack(v) for k, v in value.items())


class Incomplete(Exception):
    """The value goes on behind the end of the buffer."""


class Unpacker:
    """Takes one value after the other from the start of a buffer. Strings come as bytes."""

    SIZED = {0xd9: ">B", 0xda: ">H", 0xdb: ">I", 0xc4: ">B", 0xc5: ">H", 0xc6: ">I"}
    NUMBERS = {0xcc: ">B", 0xcd: ">H", 0xce: ">I", 0xcf: ">Q", 0xd0: ">b", 0xd1: ">h", 0xd2: ">i",
               0xd3: ">q", 0xca: ">f", 0xcb: ">d"}
    CONSTANTS = {0xc0: None, 0xc2: False, 0xc3: True}

    def __init__(self, buffer, at=0):
        self.buffer = buffer
        self.at = at

    def take(self, size):
        if self.at + size > len(self.buffer):
            raise Incomplete
        self.at += size
        return bytes(self.buffer[self.at - size:self.at])

    def number(self, layout):
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def value(self):
        kind = self.take(1)[0]
        if kind < 0x80:
            return kind
        if kind < 0x90:
            return self.map(kind & 15)
        if kind < 0xa0:
            return [self.value() for _ in range(kind & 15)]
        if kind < 0xc0:
            return self.take(kind & 31)
        if kind in self.CONSTANTS:
            return self.CONSTANTS[kind]
        if kind in self.SIZED:
            return self.take(self.number(self.SIZED[kind]))
        if kind in self.NUMBERS:
            return self.number(self.NUMBERS[kind])
        if kind in (0xdc, 0xdd):
            return [self.value() for _ in range(self.number(">H" if kind == 0xdc else ">I"))]
        if kind in (0xde, 0xdf):
            return self.map(self.number(">H" if kind == 0xde else ">I"))
        if kind >= 0xe0:
            return kind - 256
        raise ValueError(f"msgpack type {kind:#x}")

    def map(self, size):
        return {self.value(): self.value() for _ in range(size)}
