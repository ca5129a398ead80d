"""The join token and the keyed hashes of a network, made independently of the daemon."""
import base64
import hashlib
import os
import struct


def label(text):
    return text.encode().ljust(32, b"\0")


def blake2b(size, *parts, key=b""):
    hasher = hashlib.blake2b(digest_size=size, key=key)
    for part in parts:
        hasher.update(part)
    return hasher.digest()


class Network:
    """A closed network with one fresh secret."""

    def __init__(self, name):
        self.name = name.encode()
        self.id = os.urandom(32)
        self.secret = os.urandom(32)

    def token(self):
        body = struct.pack("<BBB", 1, 0, len(self.name)) + self.name + self.id + b"\1" + self.secret
        body += blake2b(32, label("hearsay/v1/token"), body)[:4]
        return "hearsay1-" + base64.b32encode(body).decode().lower().rstrip("=")

    def tag(self):
        return blake2b(32, label("hearsay/v1/network-tag"), self.id)[:8]

    def mac(self, purpose, covered):
        return blake2b(16, label(purpose), self.id, covered, key=self.secret)


def hello(network, kind=1, cookie=bytes(32)):
    """A HELLO, or a HELLO2 (kind 3) with that cookie, good under the network's secret."""
    packet = bytes([1, kind]) + bytes(6) + network.tag() + os.urandom(8 + 16 + 32)
    if kind == 3:
        packet += cookie
    packet = packet.ljust(240, b"\0")
    return packet + network.mac("hearsay/v1/hello", packet)


def beacon(network, port, wall_ms, node_id):
    """A BEACON, good under the network's secret."""
    packet = bytes([1, 7]) + struct.pack("<HI", port, 0) + network.tag()
    packet += struct.pack("<Q", wall_ms) + node_id
    packet = packet.ljust(80, b"\0")
    return packet + network.mac("hearsay/v1/beacon", packet)
