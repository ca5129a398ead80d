"""Section 4: the outer packets. Each has one layout; any other size or a set zero is refused."""
import dataclasses
import struct

from .errors import demand

VERSION = 1
HELLO, COOKIE, HELLO2, AUTH_R, AUTH_I, SEALED, BEACON = range(1, 8)
SIZES = {
    HELLO: range(256, 257), COOKIE: range(64, 65), HELLO2: range(256, 257),
    AUTH_R: range(182, 190), AUTH_I: range(142, 150), SEALED: range(36, 1453),
    BEACON: range(96, 97),
}
AUTH_R_CLEAR = 56
AUTH_I_CLEAR = 16
SEALED_CLEAR = 20
SEALED_ASSOCIATED = 12
CODECS_MAX = 8


@dataclasses.dataclass(frozen=True)
class Hello:
    """HELLO, or HELLO2 with the cookie. The MAC is put on and looked at by the handshake."""
    network_tag: bytes
    session: int
    nonce: bytes
    ephemeral: bytes
    cookie: bytes = bytes(32)

    def covered(self):
        """All but the MAC."""
        kind = HELLO2 if any(self.cookie) else HELLO
        return (bytes([VERSION, kind]) + bytes(6) + self.network_tag
                + struct.pack("<Q", self.session) + self.nonce + self.ephemeral
                + self.cookie).ljust(240, b"\0")


@dataclasses.dataclass(frozen=True)
class Cookie:
    session: int  # the caller's
    nonce: bytes  # of its HELLO
    cookie: bytes

    def encoded(self):
        return (bytes([VERSION, COOKIE]) + bytes(6) + struct.pack("<Q", self.session) + self.nonce
                + self.cookie)


@dataclasses.dataclass(frozen=True)
class AuthR:
    session: int  # the caller's
    own_session: int
    ephemeral: bytes
    sealed: bytes = b""

    def clear(self):
        return (bytes([VERSION, AUTH_R]) + bytes(6)
                + struct.pack("<QQ", self.session, self.own_session) + self.ephemeral)


@dataclasses.dataclass(frozen=True)
class AuthI:
    session: int  # the responder's
    sealed: bytes = b""

    def clear(self):
        return bytes([VERSION, AUTH_I]) + bytes(6) + struct.pack("<Q", self.session)


@dataclasses.dataclass(frozen=True)
class Sealed:
    codec: int
    session: int  # the receiver's
    counter: int
    ciphertext: bytes = b""  # with its tag

    def clear(self):
        return struct.pack("<BBBBQQ", VERSION, SEALED, self.codec, 0, self.session, self.counter)


@dataclasses.dataclass(frozen=True)
class Beacon:
    port: int
    network_tag: bytes
    wall_ms: int
    node_id: bytes

    def covered(self):
        return (struct.pack("<BBHI", VERSION, BEACON, self.port, 0) + self.network_tag
                + struct.pack("<Q", self.wall_ms) + self.node_id + bytes(24))


@dataclasses.dataclass(frozen=True)
class AuthPayload:
    """What each side says of itself inside AUTH_R and AUTH_I."""
    node_id: bytes
    signature: bytes
    epoch: int
    datagram_size: int
    codecs: bytes
    flags: int = 0

    def encoded(self):
        return (self.node_id + self.signature
                + struct.pack("<QHHB", self.epoch, self.datagram_size, self.flags,
                              len(self.codecs)) + self.codecs)

    @classmethod
    def decoded(cls, data):
        demand(len(data) >= 110, "an auth payload that ends too early")
        epoch, datagram_size, flags, count = struct.unpack_from("<QHHB", data, 96)
        demand(1 <= count <= CODECS_MAX and len(data) == 109 + count,
               "an auth payload with a wrong number of codecs")
        return cls(data[:32], data[32:96], epoch, datagram_size, data[109:], flags)


def parsed(datagram):
    """The packet in a datagram, one of the classes above."""
    demand(len(datagram) >= 2, "a datagram that is too short")
    demand(datagram[0] == VERSION, "another version")
    kind = datagram[1]
    demand(kind in SIZES, "a type that is not known")
    demand(len(datagram) in SIZES[kind], "a packet of the wrong size")
    if kind == SEALED:
        demand(datagram[3] == 0, "a zero that is not")
        return Sealed(datagram[2], *struct.unpack_from("<QQ", datagram, 4),
                      datagram[SEALED_CLEAR:])
    if kind == BEACON:
        demand(not any(datagram[4:8]) and not any(datagram[56:80]), "a zero that is not")
        port, = struct.unpack_from("<H", datagram, 2)
        wall_ms, = struct.unpack_from("<Q", datagram, 16)
        return Beacon(port, datagram[8:16], wall_ms, datagram[24:56])
    demand(not any(datagram[2:8]), "a zero that is not")
    return HANDSHAKE_PARSERS[kind](datagram)


def parsed_hello(datagram):
    demand(not any(datagram[104:240]), "a zero that is not")
    cookie = datagram[72:104]
    demand(any(cookie) == (datagram[1] == HELLO2), "a cookie where none is, or none where one is")
    session, = struct.unpack_from("<Q", datagram, 16)
    return Hello(datagram[8:16], session, datagram[24:40], datagram[40:72], cookie)


def parsed_cookie(datagram):
    demand(any(datagram[32:64]), "a cookie of zeros")
    session, = struct.unpack_from("<Q", datagram, 8)
    return Cookie(session, datagram[16:32], datagram[32:64])


def parsed_auth_r(datagram):
    return AuthR(*struct.unpack_from("<QQ", datagram, 8), datagram[24:56],
                 datagram[AUTH_R_CLEAR:])


def parsed_auth_i(datagram):
    return AuthI(*struct.unpack_from("<Q", datagram, 8), datagram[AUTH_I_CLEAR:])


HANDSHAKE_PARSERS = {HELLO: parsed_hello, HELLO2: parsed_hello, COOKIE: parsed_cookie,
                     AUTH_R: parsed_auth_r, AUTH_I: parsed_auth_i}
