#!/usr/bin/python3
"""A real daemon on loopback and the second implementation hold a whole conversation."""
import pathlib
import sys
import unittest

from requirements import require

require("nacl", "flatbuffers")
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/e2e"), str(ROOT / "client/python")]

import hearsay
from harness import Case, eventually
from protocol.names import Identity, Network, base32
from protocol.peer import Peer

SECONDS = 10  # for any one thing to happen


class Conversation(Case):
    def setUp(self):
        super().setUp()
        self.peers = []

    def tearDown(self):
        for peer in self.peers:
            peer.close()
        super().tearDown()

    def started(self, name="alpha"):
        """A daemon in a fresh network, and the network as its token tells."""
        daemon = self.daemon(name).start()
        return daemon, Network.from_token(daemon.call("network.create", name="office")["token"])

    def peer(self, network, **options):
        self.peers.append(Peer(Identity(), network, **options))
        return self.peers[-1]

    def joined(self, daemon, peer):
        """Dials; returns when each has the other's presence."""
        peer.dial(("127.0.0.1", daemon.port()))
        self.until(peer, lambda: self.is_member(daemon, peer), "the daemon to know us")
        self.until(peer, lambda: daemon.name in names(peer), "us to know the daemon")

    def until(self, peer, claim, what):
        if not peer.run_until(claim, SECONDS):
            self.fail(f"waited {SECONDS} s for {what}; refused: {peer.refused}")

    def is_member(self, daemon, peer):
        found = [member for member in daemon.call("members")["members"]
                 if member["id"] == base32(peer.identity.id)]
        return found and found[0]["state"] == "alive" and found[0]["name"] == peer.name

    def test_it_joins_and_is_a_member_like_any_other(self):
        daemon, network = self.started()
        peer = self.peer(network)
        self.joined(daemon, peer)
        member = daemon.members()["python"]
        self.assertEqual(member["id"], base32(peer.identity.id))
        self.assertEqual(member["tags"], {"language": "python"})
        self.assertEqual(member["version"], "hearsay interop")
        self.assertEqual(member["epoch"], peer.epoch)
        self.assertEqual(member["addresses"], ["127.0.0.1:%d" % peer.address[1]])
        me = daemon.call("key")["node"]
        self.assertIn(me, [base32(member_id) for member_id in peer.members()])
        link, = daemon.call("links")["links"]
        self.assertFalse(link["initiator"])
        self.assertEqual(link["codec"], "flatbuffers")
        # Heartbeats are answered: the daemon has measured a round trip and sends its own.
        at, = peer.links.values()
        self.until(peer, lambda: at.beats >= 4, "four heartbeats")
        self.assertIsNotNone(daemon.call("links")["links"][0]["rtt"])
        self.assertEqual(peer.refused, [])

    def test_what_it_publishes_is_delivered_and_what_the_daemon_publishes_is_received(self):
        daemon, network = self.started()
        peer = self.peer(network)
        self.joined(daemon, peer)
        with daemon.api() as api:
            api.call("subscribe", topics=["*"])
            for payloads in ([b"v2 is out"], [b""], [bytes(range(256)) * 40],
                             [b"many", b"in one", b"batch" * 300, b""]):
                made = peer.publish("deploy", *payloads)
                at, = peer.links.values()
                self.until(peer, lambda a=at: not a.chunks and not a.in_flight, "acks")
                for index, payload in enumerate(payloads):
                    head, got = api.next_event("message")
                    self.assertEqual(got, payload)
                    self.assertEqual(head["id"], f"{made.uid.hex()}/{index}")
                    self.assertEqual((head["topic"], head["publisher"], head["name"], head["hops"]),
                                     ("deploy", base32(peer.identity.id), "python", 1))
        me = daemon.call("key")["node"]
        for payload in (b"seen", b"", b"large " * 5000):
            sent = daemon.call("publish", payload, topic="answer")["message"]
            self.until(peer, lambda s=sent: any(m.id == s for m in peer.messages), "a message")
            last = peer.messages[-1]
            self.assertEqual((last.topic, last.payload, base32(last.publisher), last.hops),
                             ("answer", payload, me, 1))
        # Everything is acknowledged: nothing of it waits at the daemon.
        self.until(peer, lambda: daemon.call("links")["links"][0]["packets_in_flight"] == 0,
                   "nothing in flight")
        counters = daemon.call("status")["counters"]
        refusals = {name: count for name, count in counters.items()
                    if name.startswith("refused_") and count}
        self.assertEqual(refusals, {})
        self.assertEqual(peer.refused, [])

    def test_messages_that_share_a_batch_and_a_signature_are_told_apart(self):
        daemon, network = self.started()
        peer = self.peer(network)
        self.joined(daemon, peer)
        payloads = [b"%d " % number * (number % 150) for number in range(300)]
        with hearsay.Client(f"{daemon.folder}/api") as client:
            ids = client.publish_many("many", payloads)
        self.until(peer, lambda: len(peer.messages) >= len(payloads), "all of them")
        self.assertEqual({m.id: m.payload for m in peer.messages}, dict(zip(ids, payloads)))
        self.assertEqual(len(peer.messages), len(payloads))
        shared = {message.id.split("/")[0] for message in peer.messages}
        self.assertLess(len(shared), len(payloads))
        self.assertEqual(peer.refused, [])

    def test_what_was_published_before_it_came_is_repaired_both_ways(self):
        daemon, network = self.started()
        early = daemon.call("publish", b"early " * 400, topic="news", lifetime=60)["message"]
        peer = self.peer(network)
        made = peer.publish("news", b"also early")
        with daemon.api() as api:
            api.call("subscribe", topics=["news"])
            self.joined(daemon, peer)
            self.until(peer, lambda: peer.messages, "what was published before")
            self.assertEqual([(m.id, m.payload) for m in peer.messages], [(early, b"early " * 400)])
            self.until(peer, lambda: not api.is_silent(0.01), "the daemon to ask for ours")
            head, payload = api.next_event("message")
            self.assertEqual((head["id"], payload), (f"{made.uid.hex()}/0", b"also early"))

    def test_the_daemon_dials_and_it_answers(self):
        daemon, network = self.started()
        peer = self.peer(network)
        daemon.call("connect", address="127.0.0.1:%d" % peer.address[1])
        self.until(peer, lambda: self.is_member(daemon, peer), "the daemon to know us")
        self.assertTrue(daemon.call("links")["links"][0]["initiator"])
        sent = daemon.call("publish", b"called", topic="t")["message"]
        self.until(peer, lambda: any(m.id == sent for m in peer.messages), "a message")
        self.assertEqual(peer.refused, [])

    def test_a_forged_message_is_not_delivered(self):
        daemon, network = self.started()
        peer = self.peer(network)
        self.joined(daemon, peer)
        with daemon.api() as api:
            api.call("subscribe", topics=["*"])
            honest = peer.identity.sign
            peer.identity.sign = lambda data: honest(data + b"?")
            peer.publish("t", b"forged")
            peer.identity.sign = honest
            self.until(peer, lambda: daemon.call("status")["counters"]["refused_bad_signature"],
                       "a refusal to be counted")
            at, = peer.links.values()
            self.until(peer, lambda: at.closed is not None, "the link to be closed")
            self.assertEqual(at.closed, 4)  # misbehaved
            self.assertTrue(api.is_silent(0.2))

    def test_it_says_goodbye(self):
        daemon, network = self.started()
        peer = self.peer(network)
        self.joined(daemon, peer)
        peer.leave()
        eventually(lambda: daemon.members()["python"]["state"] == "left", "the leave to be known")

    def test_it_talks_when_every_fifth_datagram_is_lost(self):
        daemon, network = self.started()
        peer = self.peer(network, lose=0.2, seed=20)
        self.joined(daemon, peer)
        with daemon.api() as api:
            api.call("subscribe", topics=["*"])
            for number in range(20):
                peer.publish("t", b"%d" % number * 500)
                daemon.call("publish", b"%d" % number * 500, topic="back")
            self.until(peer, lambda: len(peer.messages) == 20, "all of the daemon's")
            at, = peer.links.values()
            self.until(peer, lambda: not at.chunks and not at.in_flight, "acks")
            got = [api.next_event("message") for _ in range(40)]
        self.assertEqual(sorted(int(p[:len(p) // 500]) for h, p in got if h["topic"] == "t"),
                         list(range(20)))
        self.assertEqual(len({message.id for message in peer.messages}), 20)


def names(peer):
    return {presence.name for presence in peer.members().values()}


if __name__ == "__main__":
    unittest.main()
