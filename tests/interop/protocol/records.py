"""Section 3: what the bodies of presence and suspect say."""
import dataclasses
import ipaddress
import struct

from .errors import Refused, demand

BODY_MAX = 900
TEXT_MAX = 63
ADDRESSES_MAX = 8
TAGS_MAX = 16


def mapped(host):
    """An address in 16 bytes, IPv4 as ::ffff:a.b.c.d."""
    address = ipaddress.ip_address(host)
    return address.packed if address.version == 6 else bytes(10) + b"\xff\xff" + address.packed


def unmapped(packed):
    address = ipaddress.IPv6Address(packed)
    return str(address.ipv4_mapped or address)


@dataclasses.dataclass(frozen=True)
class Presence:
    name: str
    software: str
    addresses: list  # of (host, port)
    tags: dict = dataclasses.field(default_factory=dict)

    def encoded(self):
        out = short_text(self.name) + short_text(self.software) + bytes([len(self.addresses)])
        for host, port in self.addresses:
            out += mapped(host) + struct.pack("<H", port)
        out += bytes([len(self.tags)])
        for key, value in self.tags.items():
            out += short_text(key) + short_text(value)
        return out

    @classmethod
    def decoded(cls, body):
        demand(len(body) <= BODY_MAX, "a presence that is too large")
        cut = Cut(body)
        name, software = cut.text(TEXT_MAX), cut.text(TEXT_MAX)
        address_count = cut.byte()
        demand(address_count <= ADDRESSES_MAX, "a presence with too many addresses")
        addresses = []
        for _ in range(address_count):
            host = unmapped(cut.take(16))
            addresses.append((host, *struct.unpack("<H", cut.take(2))))
        tag_count = cut.byte()
        demand(tag_count <= TAGS_MAX, "a presence with too many tags")
        tags = {}
        for _ in range(tag_count):
            key = cut.text(255)
            tags[key] = cut.text(255)
        demand(not cut.rest, "bytes behind a presence")
        return cls(name, software, addresses, tags)


@dataclasses.dataclass(frozen=True)
class Suspicion:
    target: bytes
    epoch: int
    version: int

    def encoded(self):
        return self.target + struct.pack("<QQ", self.epoch, self.version)

    @classmethod
    def decoded(cls, body):
        demand(len(body) == 48, "a suspect record of the wrong size")
        return cls(body[:32], *struct.unpack("<QQ", body[32:]))


class Cut:
    """Takes fields off the front."""

    def __init__(self, rest):
        self.rest = rest

    def take(self, size):
        demand(len(self.rest) >= size, "a record that ends too early")
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def byte(self):
        return self.take(1)[0]

    def text(self, most):
        size = self.byte()
        demand(size <= most, "a text that is too long")
        try:
            said = self.take(size).decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("a text that is not UTF-8") from None
        demand(all(c >= " " and c != "\x7f" for c in said), "a text with control characters")
        return said


def short_text(text):
    data = text.encode("utf-8")
    return bytes([len(data)]) + data
