"""Two and more daemons shake hands, publish and deliver."""
import unittest

from harness import Case, Refused, alive, eventually


class Messages(Case):
    def test_two_daemons_link_by_seed_and_deliver_both_ways(self):
        a, b = self.network_of("alpha", "beta")
        with a.api() as at_a, b.api() as at_b:
            at_a.call("subscribe", topics=["deploy"])
            at_b.call("subscribe", topics=["deploy"])
            sent = at_a.call("publish", b"v2 is out", topic="deploy")
            for api, hops in ((at_a, 0), (at_b, 1)):
                head, payload = api.next_event("message")
                self.assertEqual(payload, b"v2 is out")
                self.assertEqual(head["id"], sent["message"])
                self.assertEqual(head["topic"], "deploy")
                self.assertEqual(head["hops"], hops)
                self.assertFalse(head["repeat"])
            at_b.call("publish", b"seen", topic="deploy")
            self.assertEqual(at_a.next_event("message")[1], b"seen")

    def test_a_message_names_its_publisher(self):
        a, b = self.network_of("alpha", "beta")
        with b.api() as at_b:
            at_b.call("subscribe", topics=["t"])

            def name():
                a.call("publish", b"x", topic="t")
                return at_b.next_event("message")[0]["name"]

            eventually(lambda: name() == "alpha", "the publisher's name")

    def test_a_payload_of_any_bytes_arrives_as_it_is(self):
        a, b = self.network_of("alpha", "beta")
        payloads = [b"", bytes(range(256)), b"\n{}\n", b"x" * 5000]
        with b.api() as at_b:
            at_b.call("subscribe", topics=["*"])
            for payload in payloads:
                a.call("publish", payload, topic="bytes")
            received = [at_b.next_event("message")[1] for _ in payloads]
        self.assertEqual(sorted(received), sorted(payloads))

    def test_a_message_crosses_a_daemon_that_nobody_subscribed_on(self):
        a, b, c = self.network_of("alpha", "beta", "gamma")
        with c.api() as at_c, b.api() as at_b:
            at_c.call("subscribe", topics=["t"])
            at_b.call("subscribe", topics=["other"])
            for number in range(50):
                a.call("publish", str(number).encode(), topic="t")
            received = [int(at_c.next_event("message")[1]) for _ in range(50)]
            self.assertEqual(sorted(received), list(range(50)))
            self.assertTrue(at_c.is_silent(0.5), "something came twice")
            self.assertTrue(at_b.is_silent(0.1), "a message nobody asked for")

    def test_every_member_knows_every_other_by_name_and_tags(self):
        daemons = self.network_of("alpha", "beta", "gamma", config='[node.tags]\nrole = "web"\n')
        for daemon in daemons:
            members = daemon.members()
            self.assertEqual(set(members), {"alpha", "beta", "gamma"})
            for member in members.values():
                self.assertEqual(member["tags"], {"role": "web"})
                self.assertEqual(member["state"], "alive")
            self.assertTrue(members[daemon.name]["self"])

    def test_a_daemon_that_is_killed_is_found_out(self):
        a, b, c = self.network_of("alpha", "beta", "gamma")
        with b.api() as at_b:
            at_b.call("events")
            a.process.kill()
            a.process.wait()
            while at_b.next_event("member_failed")[0]["name"] != "alpha":
                pass
        for daemon in (b, c):
            eventually(lambda d=daemon: d.members()["alpha"]["state"] == "failed",
                       "alpha to be failed")

    def test_a_daemon_that_is_told_to_connect_does(self):
        a, b = self.daemon("alpha").start(), self.daemon("beta").start()
        token = a.call("network.create", name="office")["token"]
        b.call("network.join", token=token)
        self.assertEqual(alive(b), {"beta"})
        b.call("connect", address=a.address())
        eventually(lambda: alive(b) == {"alpha", "beta"}, "the link")

    def test_hosts_of_another_network_are_refused_and_counted(self):
        a, b = self.daemon("alpha").start(), self.daemon("beta").start()
        a.call("network.create", name="office")
        b.call("network.create", name="office")
        b.call("connect", address=a.address())
        eventually(lambda: a.call("status")["counters"]["refused_wrong_network"] > 0,
                   "a refusal to be counted")
        self.assertEqual(alive(a), {"alpha"})
        self.assertEqual(a.call("links")["links"], [])

    def test_what_cannot_be_published_is_refused_by_name(self):
        a = self.daemon("alpha").start()
        with self.assertRaises(Refused) as refused:
            a.call("publish", b"x", topic="t")
        self.assertEqual(refused.exception.code, "no_network")
        a.call("network.create", name="office")
        with self.assertRaises(Refused) as refused:
            a.call("publish", b"x", topic="")
        self.assertEqual(refused.exception.code, "bad_topic")
        with self.assertRaises(Refused) as refused:
            a.call("publish", b"x" * (1024 * 1024 + 1), topic="t")
        self.assertEqual(refused.exception.code, "payload_too_large")


if __name__ == "__main__":
    unittest.main(verbosity=2)
