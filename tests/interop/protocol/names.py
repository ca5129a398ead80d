"""Section 1: labels, hashes, keys, networks and their tokens."""
import base64
import hashlib
import os
import re

from nacl import bindings, exceptions

from .errors import Refused, demand

TOKEN_PREFIX = "hearsay1-"
SECRETS_MAX = 3
NAME = re.compile(r"[a-z0-9-]{1,32}")


def label(text):
    """What stands in front of everything hashed, MACed or signed: ASCII in 32 bytes."""
    return text.encode("ascii").ljust(32, b"\0")


def hash_of(*parts):
    """H of the document: BLAKE2b-256 without a key."""
    return hashlib.blake2b(b"".join(parts), digest_size=32).digest()


def keyed_hash(key, *parts, size=32):
    return hashlib.blake2b(b"".join(parts), digest_size=size, key=key).digest()


def base32(data):
    return base64.b32encode(data).decode("ascii").lower().rstrip("=")


def from_base32(text):
    """Refuses upper case, padding and bits that stand for nothing: a text has one spelling."""
    try:
        data = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except ValueError as error:
        raise Refused(f"no base32: {error}") from None
    demand(base32(data) == text, "base32 with another spelling than its own")
    return data


class Identity:
    """A node's Ed25519 key, of which only the seed is stored."""

    def __init__(self, seed=None):
        self.seed = seed or os.urandom(32)
        self.id, self._secret = bindings.crypto_sign_seed_keypair(self.seed)

    def sign(self, data):
        return bindings.crypto_sign(data, self._secret)[:64]


def is_signed_by(node_id, signature, data):
    try:
        bindings.crypto_sign_open(signature + data, node_id)
    except exceptions.BadSignatureError:
        return False
    return True


class Network:
    """An id and one to three secrets. The first is used, all are accepted."""

    def __init__(self, name, network_id, secrets, is_open=False):
        demand(1 <= len(secrets) <= SECRETS_MAX, "a network has one to three secrets")
        demand(NAME.fullmatch(name), "a network's name has 1 to 32 characters of a-z 0-9 -")
        self.name = name
        self.id = network_id
        self.secrets = list(secrets)
        self.is_open = is_open

    @classmethod
    def open(cls, name):
        """The network that whoever knows its name can join."""
        of = label("hearsay/v1/open-network")
        return cls(name, hash_of(of, b"\0", name.encode()), [hash_of(of, b"\1", name.encode())],
                   is_open=True)

    @classmethod
    def from_token(cls, token):
        demand(token.startswith(TOKEN_PREFIX), "a token begins with hearsay1-")
        data = from_base32(token[len(TOKEN_PREFIX):])
        demand(len(data) >= 3 and data[0] == 1, "a token of another version")
        demand(data[1] in (0, 1), "a token with flags that are not known")
        rest = data[3:]
        name, rest = rest[:data[2]], rest[data[2]:]
        network_id, rest = rest[:32], rest[32:]
        count = rest[0] if rest else 0
        demand(len(rest) == 1 + 32 * count + 4, "a token with a wrong size")
        demand(hash_of(label("hearsay/v1/token"), data[:-4])[:4] == data[-4:],
               "a token with a wrong checksum")
        secrets = [rest[1 + 32 * i:33 + 32 * i] for i in range(count)]
        network = cls(name.decode("latin-1"), network_id, secrets, is_open=data[1] == 1)
        follows = cls.open(network.name)
        demand(network.is_open == (network.id == follows.id and secrets == follows.secrets),
               "a token that says open of a network that is not, or the other way")
        return network

    def token_bytes(self):
        name = self.name.encode()
        data = bytes([1, self.is_open, len(name)]) + name + self.id
        data += bytes([len(self.secrets)]) + b"".join(self.secrets)
        return data + hash_of(label("hearsay/v1/token"), data)[:4]

    def token(self):
        return TOKEN_PREFIX + base32(self.token_bytes())

    def tag(self):
        """Eight bytes that name the network to strangers; on the wire as they are."""
        return hash_of(label("hearsay/v1/network-tag"), self.id)[:8]

    def mac(self, purpose, covered, secret):
        """`purpose` is a label; 16 bytes."""
        return keyed_hash(secret, label(purpose), self.id, covered, size=16)

    def secret_of(self, purpose, packet):
        """The secret under which the last 16 bytes of the packet are its MAC; None if none is."""
        for secret in self.secrets:
            if self.mac(purpose, packet[:-16], secret) == packet[-16:]:
                return secret
        return None
