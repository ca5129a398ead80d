"""Section 5: both sides of the handshake, without a socket. Retries are the caller's business."""
import os
import struct

from nacl import bindings, exceptions

from . import packets
from .errors import Refused, demand
from .names import hash_of, is_signed_by, keyed_hash, label
from .sealed import Session

HELLO_MAC = "hearsay/v1/hello"
DATAGRAM_SIZE = 1200
FLATBUFFERS = 1
NONCE_0 = bytes(12)


class Ephemeral:
    """An X25519 key for one handshake."""

    def __init__(self, secret=None):
        self.secret = secret or os.urandom(32)
        self.public = bindings.crypto_scalarmult_base(self.secret)


class Keys:
    """The four keys of a handshake, as one side sees them."""

    def __init__(self, own, peer_public, is_caller, transcript, secret):
        kx = (bindings.crypto_kx_client_session_keys if is_caller
              else bindings.crypto_kx_server_session_keys)
        try:
            receive, send = kx(own.public, own.secret, peer_public)
        except exceptions.CryptoError:
            raise Refused("a low-order ephemeral") from None

        def key(direction, purpose):
            return keyed_hash(direction, label(purpose), transcript, secret)

        self.handshake_send = key(send, "hearsay/v1/key/handshake")
        self.handshake_receive = key(receive, "hearsay/v1/key/handshake")
        self.session_send = key(send, "hearsay/v1/key/session")
        self.session_receive = key(receive, "hearsay/v1/key/session")


def transcript_of(network_id, hello2, auth_r_clear):
    """`hello2` is the whole packet."""
    return hash_of(label("hearsay/v1/transcript"), network_id, hello2, auth_r_clear)


def signed_by(role, network_id, initiator_ephemeral, responder_ephemeral, transcript):
    """The 160 bytes that a side signs; the role is "initiator" or "responder"."""
    return (label(f"hearsay/v1/handshake/{role}") + network_id + initiator_ephemeral
            + responder_ephemeral + transcript)


def seal(key, plaintext, associated, nonce=NONCE_0):
    return bindings.crypto_aead_chacha20poly1305_ietf_encrypt(plaintext, associated, nonce, key)


def unseal(key, ciphertext, associated, nonce=NONCE_0):
    try:
        return bindings.crypto_aead_chacha20poly1305_ietf_decrypt(ciphertext, associated, nonce,
                                                                  key)
    except exceptions.CryptoError:
        raise Refused("it does not decrypt") from None


def hello_with_mac(hello, network, secret):
    covered = hello.covered()
    return covered + network.mac(HELLO_MAC, covered, secret)


def random_session():
    return struct.unpack("<Q", os.urandom(8))[0]


class Side:
    """What caller and called have in common."""

    def __init__(self, identity, network, epoch):
        self.identity = identity
        self.network = network
        self.epoch = epoch
        self.session = None  # once it is made
        self.peer = None     # the payload of the other side, once its signature is checked

    def sealed_payload(self, role, ephemerals, transcript, key):
        signature = self.identity.sign(signed_by(role, self.network.id, *ephemerals, transcript))
        payload = packets.AuthPayload(self.identity.id, signature, self.epoch, DATAGRAM_SIZE,
                                      bytes([FLATBUFFERS]))
        return seal(key, payload.encoded(), transcript)

    def accept_payload(self, role, ephemerals, transcript, key, ciphertext):
        payload = packets.AuthPayload.decoded(unseal(key, ciphertext, transcript))
        signed = signed_by(role, self.network.id, *ephemerals, transcript)
        demand(is_signed_by(payload.node_id, payload.signature, signed), "a bad signature")
        demand(payload.node_id != self.identity.id, "our own key")
        demand(FLATBUFFERS in payload.codecs, "no codec in common")
        self.peer = payload


class Caller(Side):
    """hello(), then COOKIE and AUTH_R into the methods of their names, until there is a session."""

    def __init__(self, identity, network, epoch, secret=None):
        super().__init__(identity, network, epoch)
        self.secret = secret or network.secrets[0]
        self.ephemeral = Ephemeral()
        self.own_session = random_session()
        self.nonce = os.urandom(16)
        self.hello2 = None

    def hello(self, cookie=bytes(32)):
        hello = packets.Hello(self.network.tag(), self.own_session, self.nonce,
                              self.ephemeral.public, cookie)
        return hello_with_mac(hello, self.network, self.secret)

    def handle_cookie(self, cookie):
        """Returns HELLO2."""
        demand(cookie.session == self.own_session and cookie.nonce == self.nonce,
               "a cookie for another HELLO")
        self.hello2 = self.hello(cookie.cookie)
        return self.hello2

    def handle_auth_r(self, auth):
        """Returns AUTH_I; there is a session now."""
        demand(auth.session == self.own_session and self.hello2, "an AUTH_R nobody waits for")
        transcript = transcript_of(self.network.id, self.hello2, auth.clear())
        keys = Keys(self.ephemeral, auth.ephemeral, True, transcript, self.secret)
        ephemerals = (self.ephemeral.public, auth.ephemeral)
        self.accept_payload("responder", ephemerals, transcript, keys.handshake_receive,
                            auth.sealed)
        self.session = Session(self.own_session, auth.own_session, keys)
        sealed = self.sealed_payload("initiator", ephemerals, transcript, keys.handshake_send)
        return packets.AuthI(auth.own_session).clear() + sealed


class Called(Side):
    """One handshake that somebody else began, from a HELLO2 with a good cookie on."""

    def __init__(self, identity, network, epoch, hello2_datagram, hello2, secret):
        super().__init__(identity, network, epoch)
        self.own_session = random_session()
        self.caller_session = hello2.session
        own = Ephemeral()
        clear = packets.AuthR(hello2.session, self.own_session, own.public).clear()
        self.transcript = transcript_of(network.id, hello2_datagram, clear)
        self.keys = Keys(own, hello2.ephemeral, False, self.transcript, secret)
        self.ephemerals = (hello2.ephemeral, own.public)
        self.auth_r = clear + self.sealed_payload("responder", self.ephemerals, self.transcript,
                                                  self.keys.handshake_send)

    def handle_auth_i(self, auth):
        """There is a session when it returns."""
        self.accept_payload("initiator", self.ephemerals, self.transcript,
                            self.keys.handshake_receive, auth.sealed)
        self.session = Session(self.own_session, self.caller_session, self.keys)


class Door:
    """Answers strangers: HELLO with a cookie, for which it keeps nothing, HELLO2 with AUTH_R."""

    def __init__(self, identity, network, epoch):
        self.identity = identity
        self.network = network
        self.epoch = epoch
        self.cookie_key = os.urandom(32)  # lives shorter than the 120 s after which it would change

    def cookie_for(self, source, hello):
        return keyed_hash(self.cookie_key, label("hearsay/v1/cookie"), repr(source).encode(),
                          hello.nonce, hello.ephemeral)

    def handle_hello(self, source, datagram, hello):
        """A COOKIE for HELLO, a Called for HELLO2."""
        demand(hello.network_tag == self.network.tag(), "another network")
        secret = self.network.secret_of(HELLO_MAC, datagram)
        demand(secret is not None, "a HELLO with a wrong MAC")
        cookie = self.cookie_for(source, hello)
        if not any(hello.cookie):
            return packets.Cookie(hello.session, hello.nonce, cookie).encoded()
        demand(hello.cookie == cookie, "a wrong cookie")
        return Called(self.identity, self.network, self.epoch, datagram, hello, secret)
