#!/usr/bin/python3
"""The golden vectors, read and made again by the second implementation."""
import struct
import unittest

from requirements import require

require("nacl", "flatbuffers")

import vector_file
from protocol import batch, flatbuffers_codec, frames, handshake, names, packets, protobuf_reader
from protocol import records, sealed
from protocol.errors import Refused
from protocol.names import Identity, Network


def s(first, size):
    """S(a, n) of the document."""
    return bytes(range(first, first + size))


class Names(unittest.TestCase):
    def setUp(self):
        self.vectors = vector_file.read("crypto_network.txt")

    def test_tokens_are_read_and_made_again(self):
        expected = {"token.one": ("home", [s(0x40, 32)], False),
                    "token.two": ("plant-7", [s(0x40, 32), s(0x80, 32)], False)}
        for vector, (name, secrets, is_open) in expected.items():
            text = self.vectors[f"{vector}.text"]
            network = Network.from_token(text)
            self.assertEqual((network.name, network.id, network.secrets, network.is_open),
                             (name, s(0x10, 32), secrets, is_open))
            self.assertEqual(network.token_bytes(), self.vectors[f"{vector}.bytes"])
            self.assertEqual(network.token(), text)

    def test_an_open_network_comes_from_its_name(self):
        network = Network.open("office-lan")
        self.assertEqual(network.id, self.vectors["open.id"])
        self.assertEqual(network.secrets, [self.vectors["open.secret"]])
        self.assertEqual(network.token(), self.vectors["open.token.text"])

    def test_a_token_with_one_letter_changed_is_refused(self):
        text = self.vectors["token.one.text"]
        for at in range(9, len(text)):
            changed = text[:at] + ("a" if text[at] != "a" else "b") + text[at + 1:]
            with self.assertRaises(Refused, msg=changed):
                Network.from_token(changed)

    def test_tag_and_macs(self):
        network = Network("home", s(0x10, 32), [s(0x40, 32)])
        self.assertEqual(network.tag(), self.vectors["tag"])
        for purpose in ("hello", "beacon"):
            self.assertEqual(network.mac(f"hearsay/v1/{purpose}", b"some bytes", s(0x40, 32)),
                             self.vectors[f"mac.{purpose}"])


class Hashes(unittest.TestCase):
    def setUp(self):
        self.vectors = vector_file.read("crypto_hash.txt")

    def test_uid_of_signed_bytes(self):
        header = batch.Header(s(32, 32), 7, 1, 1700000000000, 60000, 0, 0, 1, 13, b"topic")
        signed = batch.signed_bytes(s(0, 32), header, s(64, 32))
        self.assertEqual(signed, self.vectors["uid.signed"])
        self.assertEqual(batch.uid_of(signed), self.vectors["uid"])

    def test_leaves(self):
        for number in range(5):
            index, first, lead = struct.unpack("<HIH", self.vectors[f"leaf.{number}.position"])
            piece = batch.Piece(index, first, lead, self.vectors[f"leaf.{number}.bytes"])
            self.assertEqual(piece.leaf(), self.vectors[f"leaf.{number}"])

    def test_a_tree_of_five_and_its_paths(self):
        leaves = [batch.Piece(i, i, 0, s(16 * i, 16)).leaf() for i in range(5)]
        self.assertEqual(leaves, [self.vectors[f"merkle.leaf.{i}"] for i in range(5)])
        root = self.vectors["merkle.root"]
        self.assertEqual(batch.root_of(leaves), root)
        for i in range(5):
            path = batch.path_of(i, leaves)
            self.assertEqual(b"".join(path), self.vectors[f"merkle.path.{i}"])
            self.assertEqual(len(path), batch.path_size(i, 5))
            self.assertEqual(batch.root_by_path(i, 5, leaves[i], path), root)


class Signed(unittest.TestCase):
    def setUp(self):
        self.vectors = vector_file.read("wire_signed.txt")
        self.network_id = s(0x40, 32)
        self.identity = Identity(self.vectors["seed"])
        self.payloads = [b"one", b"two" * 20, b"three"]

    def made(self, pieces, **fields):
        return batch.Batch.make(self.network_id, self.identity, pieces, epoch=1700000000000,
                                created_ms=1700000001234, flags=0, **fields)

    def test_a_batch_from_its_messages_to_its_signature(self):
        pieces = batch.pieces_at(self.payloads, [20, 64])
        made = self.made(pieces, seq=7, lifetime_ms=60000, kind=batch.MESSAGE, topic=b"deploy")
        self.assertEqual(batch.body_of(self.payloads), self.vectors["body"])
        self.assertEqual([(p.first_message, p.lead) for p in pieces], [(0, 0), (1, 44), (1, 7)])
        for i, piece in enumerate(pieces):
            self.assertEqual(names.hash_of(self.vectors[f"leaf.{i}.input"]), piece.leaf())
            self.assertEqual(piece.leaf(), self.vectors[f"leaf.{i}"])
        self.assertEqual([b"".join(path) for path in made.paths],
                         [self.vectors[f"path.{i}"] for i in range(3)])
        self.assertEqual(made.root, self.vectors["root"])
        self.assertEqual(made.signed, self.vectors["signed"])
        self.assertEqual(made.uid, self.vectors["uid"])
        self.assertEqual(made.signature, self.vectors["signature"])

    def test_each_chunk_is_proved_alone_and_no_other(self):
        pieces = batch.pieces_at(self.payloads, [20, 64])
        made = self.made(pieces, seq=7, lifetime_ms=60000, kind=batch.MESSAGE, topic=b"deploy")
        for piece, path in zip(pieces, made.paths):
            self.assertEqual(batch.proved(self.network_id, made.header, made.signature, piece,
                                          path), self.vectors["uid"])
            data = bytes([piece.data[0] ^ 1]) + piece.data[1:]
            forged = batch.Piece(piece.index, piece.first_message, piece.lead, data)
            with self.assertRaises(Refused):
                batch.proved(self.network_id, made.header, made.signature, forged, path)
        self.assertEqual(batch.payloads_in(b"".join(p.data for p in pieces)), self.payloads)

    def test_a_record(self):
        made = self.made([batch.Piece(0, 0, 0, b"\1\2\3")], seq=2, lifetime_ms=3600000,
                         kind=batch.PRESENCE)
        self.assertEqual(made.signed, self.vectors["record.signed"])
        self.assertEqual(made.uid, self.vectors["record.uid"])

    def test_the_cuts_a_publisher_makes_keep_the_budget(self):
        for sizes in ([890], [891], [0] * 900, [896, 3000, 1, 895, 20000], [1_048_576]):
            payloads = [bytes(size) for size in sizes]
            pieces = batch.pieces_at(payloads, batch.cuts_for(payloads, 6))
            header = batch.Header(bytes(32), 1, 1, 0, 60000, batch.MESSAGE, 0, len(pieces),
                                  sum(len(p.data) for p in pieces), b"deploy")
            for piece in pieces:
                batch.check_consistent(header, piece, batch.path_size(piece.index, len(pieces)))
            self.assertEqual(batch.payloads_in(b"".join(p.data for p in pieces)), payloads)
            self.assertEqual(len(pieces) == 1, sum(sizes) + 4 * len(sizes) <= 894)


class Packets(unittest.TestCase):
    def setUp(self):
        self.vectors = vector_file.read("wire_packets.txt")
        self.mac = s(0xf0, 16)
        tag = struct.pack("<Q", 0x1122334455667788)
        self.packets = {
            "hello": packets.Hello(tag, 0x99aabbccddeeff00, s(0x10, 16), s(0x20, 32)),
            "cookie": packets.Cookie(0x99aabbccddeeff00, s(0x10, 16), s(0x40, 32)),
            "hello2": packets.Hello(tag, 0x99aabbccddeeff00, s(0x10, 16), s(0x20, 32),
                                    s(0x40, 32)),
            "auth_r_clear": packets.AuthR(0x99aabbccddeeff00, 0x0807060504030201, s(0x60, 32)),
            "auth_i_clear": packets.AuthI(0x0807060504030201),
            "sealed_header": packets.Sealed(1, 0x0807060504030201, 42),
            "beacon": packets.Beacon(4327, tag, 1700000000000, s(0x80, 32)),
        }

    def bytes_of(self, packet):
        if isinstance(packet, (packets.Hello, packets.Beacon)):
            return packet.covered() + self.mac
        return packet.encoded() if isinstance(packet, packets.Cookie) else packet.clear()

    def test_each_is_made_as_the_vector_says(self):
        for name, packet in self.packets.items():
            self.assertEqual(self.bytes_of(packet), self.vectors[name], name)

    def test_each_is_read(self):
        behind = {"auth_r_clear": bytes(130), "auth_i_clear": bytes(130),
                  "sealed_header": bytes(100)}
        for name, packet in self.packets.items():
            data = self.vectors[name] + behind.get(name, b"")
            read = packets.parsed(data)
            self.assertEqual(self.bytes_of(read), self.vectors[name], name)
            self.assertEqual(type(read), type(packet))
            with self.assertRaises(Refused):
                packets.parsed(data[:30])
            with self.assertRaises(Refused):
                packets.parsed(data + bytes(2000))

    def test_a_zero_that_is_not_is_refused(self):
        for name, at in (("hello", 5), ("hello", 120), ("cookie", 3), ("hello2", 239),
                         ("beacon", 4), ("beacon", 60), ("sealed_header", 3)):
            data = bytearray(self.vectors[name] + bytes(100 if name == "sealed_header" else 0))
            data[at] = 1
            with self.assertRaises(Refused, msg=name):
                packets.parsed(bytes(data))

    def test_what_each_side_says_of_itself(self):
        data = self.vectors["auth_payload"]
        payload = packets.AuthPayload.decoded(data)
        self.assertEqual(payload, packets.AuthPayload(s(0x80, 32), s(0xa0, 64), 1700000000000,
                                                      1452, b"\1\x09"))
        self.assertEqual(payload.encoded(), data)


class Handshake(unittest.TestCase):
    def setUp(self):
        self.vectors = vector_file.read("crypto_handshake.txt")
        self.network = Network("home", s(0x10, 32), [s(0x60, 32)])
        self.own = {role: handshake.Ephemeral(self.vectors[f"{role}.secret"])
                    for role in ("initiator", "responder")}
        self.transcript = handshake.transcript_of(self.network.id, b"HELLO2", b"AUTH_R clear")

    def keys(self, role):
        peer = "responder" if role == "initiator" else "initiator"
        return handshake.Keys(self.own[role], self.own[peer].public, role == "initiator",
                              self.transcript, self.network.secrets[0])

    def test_transcript_and_keys_of_both_sides(self):
        self.assertEqual(self.transcript, self.vectors["transcript"])
        for role, peer in (("initiator", "responder"), ("responder", "initiator")):
            self.assertEqual(self.own[role].public, self.vectors[f"{role}.public"])
            keys = self.keys(role)
            for purpose in ("handshake", "session"):
                self.assertEqual(getattr(keys, f"{purpose}_send"),
                                 self.vectors[f"{purpose}.{role}"])
                self.assertEqual(getattr(keys, f"{purpose}_receive"),
                                 self.vectors[f"{purpose}.{peer}"])

    def test_what_each_side_signs(self):
        identity = Identity(s(0xc0, 32))
        self.assertEqual(identity.id, self.vectors["signer.id"])
        for role in ("initiator", "responder"):
            signed = handshake.signed_by(role, self.network.id, self.own["initiator"].public,
                                         self.own["responder"].public, self.transcript)
            self.assertEqual(signed, self.vectors[f"signed.{role}"])
            signature = self.vectors[f"signature.{role}"]
            self.assertEqual(identity.sign(signed), signature)
            self.assertTrue(names.is_signed_by(identity.id, signature, signed))
            self.assertFalse(names.is_signed_by(identity.id, signature, signed[1:] + b"\0"))

    def test_seals(self):
        key = self.keys("initiator").handshake_send
        ciphertext = self.vectors["sealed.handshake"]
        self.assertEqual(handshake.seal(key, b"who I am", self.transcript), ciphertext)
        self.assertEqual(handshake.unseal(key, ciphertext, self.transcript), b"who I am")
        key = self.keys("responder").session_receive
        self.assertEqual(handshake.unseal(key, self.vectors["sealed.session"], b"header",
                                          sealed.nonce_of(0x0102030405060708)), b"a datagram")

    def test_a_caller_and_a_door_make_a_session(self):
        alpha, beta = Identity(), Identity()
        caller = handshake.Caller(alpha, self.network, 5)
        door = handshake.Door(beta, self.network, 6)
        hello = caller.hello()
        cookie = door.handle_hello("here", hello, packets.parsed(hello))
        hello2 = caller.handle_cookie(packets.parsed(cookie))
        with self.assertRaises(Refused):
            door.handle_hello("elsewhere", hello2, packets.parsed(hello2))
        called = door.handle_hello("here", hello2, packets.parsed(hello2))
        called.handle_auth_i(packets.parsed(caller.handle_auth_r(packets.parsed(called.auth_r))))
        self.assertEqual((caller.peer.node_id, caller.peer.epoch), (beta.id, 6))
        self.assertEqual((called.peer.node_id, called.peer.epoch), (alpha.id, 5))
        packet = packets.parsed(caller.session.seal(1, b"hello"))
        self.assertEqual(called.session.open(packet), b"hello")
        with self.assertRaises(Refused):
            called.session.open(packet)

    def test_a_handshake_without_the_secret_gets_nowhere(self):
        stranger = Network("home", self.network.id, [bytes(32)])
        hello = handshake.Caller(Identity(), stranger, 5).hello()
        door = handshake.Door(Identity(), self.network, 6)
        with self.assertRaises(Refused):
            door.handle_hello("here", hello, packets.parsed(hello))


HEADER = batch.Header(s(0, 32), 1700000000000, 7, 1700000001234, 60000, 0, 0, 3, 2000, b"deploy")
FRAMES = {
    "chunk": frames.Chunk(batch.Piece(1, 2, 3, b"\4\0\0\0v2.1"), (s(0x80, 32), s(0xa0, 32)), 4,
                          HEADER, s(0x40, 64)),
    "chunk_without_header": frames.Chunk(batch.Piece(0, 0, 0, b"\4\0\0\0v2.1"), (), 0,
                                         uid=s(0x10, 16)),
    "ack": frames.Ack(2500, ((90, 100), (80, 88)), ((s(0, 32), 65536),)),
    "have": frames.Have((frames.HaveStream(s(0, 32), 1700000000000, 9, 16, ((11, 14), (16, 16))),
                         frames.HaveStream(s(32, 32), 1700000000001, 1, 4, ((3, 4),))),
                        (), 9223372036854775809, ((s(0x40, 32), 1700000000000, 5),)),
    "want": frames.Want((frames.WantStream(s(0, 32), 1700000000000, ((11, 14), (16, 16))),
                         frames.WantStream(s(32, 32), 1700000000001, ((3, 4),))),
                        ((s(0x10, 16), 1, 15),), (s(0x40, 32),)),
    "heartbeat": frames.Heartbeat(5000000, 4500000, 800, 1700000000099, 2, True, 1700000000000, 3),
    "prune": frames.Prune(s(0, 32)),
    "graft": frames.Graft(s(32, 32)),
    "close": frames.Close(frames.FULL, ((records.mapped("192.0.2.1"), 4327),
                                        (records.mapped("2001:db8::1"), 4327))),
}


class Frames(unittest.TestCase):
    def setUp(self):
        self.vectors = vector_file.read("wire_frames.txt")

    def test_each_vector_is_the_frame_that_its_notes_say(self):
        self.assertEqual(set(self.vectors), set(FRAMES))
        for name, frame in FRAMES.items():
            self.assertEqual(flatbuffers_codec.decoded(self.vectors[name]), frame, name)

    def test_each_vector_of_the_other_codec_is_the_same_frame(self):
        vectors = vector_file.read("wire_frames_protobuf.txt")
        self.assertEqual(set(vectors), set(FRAMES))
        for name, frame in FRAMES.items():
            self.assertEqual(protobuf_reader.decoded(vectors[name]), frame, name)

    def test_what_is_written_is_read_again(self):
        bare = [frames.Ack(0, ()), frames.Have(), frames.Have((), tuple(range(64))),
                frames.Want(), frames.Close(frames.LEAVING)]
        for frame in [*FRAMES.values(), *bare]:
            encoded = flatbuffers_codec.encoded(frame)
            self.assertLessEqual(len(encoded), sealed.FRAME_MAX)
            self.assertEqual(flatbuffers_codec.decoded(encoded), frame)

    def test_a_damaged_frame_is_refused_or_read_and_nothing_else(self):
        for name, data in self.vectors.items():
            for at in range(len(data)):
                for value in (data[at] ^ 1, data[at] ^ 0x80, 0, 255):
                    changed = data[:at] + bytes([value]) + data[at + 1:]
                    try:
                        flatbuffers_codec.decoded(changed)
                    except Refused:
                        pass
                with self.assertRaises(Refused, msg=f"{name} cut at {at}"):
                    if flatbuffers_codec.decoded(data[:at]) != FRAMES[name]:
                        self.fail(f"{name} cut at {at} is another frame")
                    if not any(data[at:]):  # padding that nothing points at
                        raise Refused("only padding is missing")

    def test_limits_are_kept_by_the_reader(self):
        too_much = [
            frames.Ack(0, ((1, 2), (2, 3))), frames.Ack(0, ((5, 4),)),
            frames.Ack(0, tuple((2 * i, 2 * i) for i in range(33, 0, -1))),
            frames.Have((), (1, 2)), frames.Have((), (), 0, ((bytes(32), 1, 1),) * 17),
            frames.Want(records=(bytes(32),) * 17), frames.Want(chunks=((bytes(16), 2, 1),)),
            frames.Close(1, ((bytes(16), 1),) * 17),
            frames.Chunk(batch.Piece(0, 0, 0, bytes(901)), (), uid=bytes(16)),
        ]
        for frame in too_much:
            writer = flatbuffers_codec.Writer()
            data = flatbuffers_codec.ENCODERS[type(frame)](writer, frame)
            with self.assertRaises(Refused, msg=str(frame)[:80]):
                flatbuffers_codec.decoded(data)

    def test_a_plaintext_is_a_list_of_frames(self):
        encoded = [self.vectors[name] for name in ("heartbeat", "ack", "prune")]
        plaintext = sealed.plaintext_of(encoded)
        self.assertEqual(sealed.frames_in(plaintext), encoded)
        for broken in (b"", plaintext[:-1], plaintext + b"\1" + bytes(7), b"\1\0\1" + bytes(13)):
            with self.assertRaises(Refused):
                sealed.frames_in(broken)


class Records(unittest.TestCase):
    def test_a_presence_is_read_as_it_was_written(self):
        presence = records.Presence("gamma", "interop 1", [("127.0.0.1", 4327), ("fd00::1", 5000)],
                                    {"role": "web", "empty": ""})
        body = presence.encoded()
        self.assertEqual(records.Presence.decoded(body), presence)
        for cut in range(len(body)):
            with self.assertRaises(Refused):
                records.Presence.decoded(body[:cut])

    def test_a_suspicion_is_read_as_it_was_written(self):
        suspicion = records.Suspicion(s(0, 32), 5, 6)
        self.assertEqual(records.Suspicion.decoded(suspicion.encoded()), suspicion)


def load_tests(_loader, tests, _pattern):
    """The cases above, and at the end one that says which vectors none of them looked at."""

    def is_every_vector_looked_at():
        everything = {(path.name, name) for path in vector_file.FOLDER.glob("*.txt")
                      for name in vector_file.read(path.name)}
        assert everything == vector_file.looked_at, everything - vector_file.looked_at

    tests.addTest(unittest.FunctionTestCase(is_every_vector_looked_at))
    return tests


if __name__ == "__main__":
    unittest.main()
