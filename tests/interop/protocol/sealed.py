"""Section 6: sealed packets and the list of frames inside."""
import struct

from nacl import bindings, exceptions

from . import packets
from .errors import Refused, demand

REPLAY_WINDOW = 8192
COUNTER_LAST = 2**64 - 1  # this one and 0 are never accepted
FRAME_MAX = 1152
FRAMES_MAX = 64
PLAINTEXT_UNPROBED = 1164


class Session:
    """The keys and counters of one handshake; a number is the receiver's name for it."""

    def __init__(self, own_number, peer_number, keys):
        self.own_number = own_number
        self.peer_number = peer_number
        self.keys = keys
        self.last_sent = 0
        self.largest_seen = 0
        self.seen = set()

    def seal(self, codec, plaintext):
        self.last_sent += 1
        clear = packets.Sealed(codec, self.peer_number, self.last_sent).clear()
        return clear + bindings.crypto_aead_chacha20poly1305_ietf_encrypt(
            plaintext, clear[:packets.SEALED_ASSOCIATED], nonce_of(self.last_sent),
            self.keys.session_send)

    def open(self, sealed):
        """The plaintext. A counter is only remembered once its packet has opened."""
        demand(0 < sealed.counter < COUNTER_LAST, "a counter that is never used")
        demand(sealed.counter > self.largest_seen - REPLAY_WINDOW
               and sealed.counter not in self.seen, "a packet seen before, or too old")
        try:
            plaintext = bindings.crypto_aead_chacha20poly1305_ietf_decrypt(
                sealed.ciphertext, sealed.clear()[:packets.SEALED_ASSOCIATED],
                nonce_of(sealed.counter), self.keys.session_receive)
        except exceptions.CryptoError:
            raise Refused("a packet that does not open") from None
        self.seen.add(sealed.counter)
        if sealed.counter > self.largest_seen:
            self.largest_seen = sealed.counter
            self.seen = {c for c in self.seen if c > self.largest_seen - REPLAY_WINDOW}
        return plaintext


def nonce_of(counter):
    return struct.pack("<QI", counter, 0)


def plaintext_of(frames):
    """`frames` are encoded."""
    demand(1 <= len(frames) <= FRAMES_MAX, "no frame, or too many")
    out = b""
    for frame in frames:
        demand(1 <= len(frame) <= FRAME_MAX, "a frame of the wrong size")
        out += struct.pack("<H6x", len(frame)) + frame + bytes(-len(frame) % 8)
    return out


def frames_in(plaintext):
    """The encoded frames of a plaintext."""
    frames, at = [], 0
    while at < len(plaintext):
        demand(len(frames) < FRAMES_MAX, "too many frames")
        demand(at + 8 <= len(plaintext), "a plaintext that ends within a frame's head")
        size, = struct.unpack_from("<H", plaintext, at)
        demand(1 <= size <= FRAME_MAX, "a frame of the wrong size")
        end = at + 8 + size
        padded = end + -end % 8
        demand(padded <= len(plaintext), "a plaintext that ends within a frame")
        demand(not any(plaintext[at + 2:at + 8]) and not any(plaintext[end:padded]),
               "a zero that is not")
        frames.append(plaintext[at + 8:end])
        at = padded
    demand(frames, "a plaintext without a frame")
    return frames
