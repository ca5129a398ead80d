"""The Python module of client/python against real daemons."""
import datetime
import os
import pathlib
import socket
import sys
import threading
import unittest
import unittest.mock

from harness import Case

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "client/python"))

import hearsay


class PythonClient(Case):
    def client(self, daemon, **options):
        client = hearsay.Client(self.path(daemon), **options)
        self.addCleanup(client.close)
        return client

    def path(self, daemon):
        return f"{daemon.folder}/api"

    def test_what_one_host_publishes_another_receives(self):
        a, b = self.network_of("alpha", "beta")
        with hearsay.subscribe("deploy", "ci.*", path=self.path(b)) as messages:
            client = self.client(a)
            sent = [client.publish("deploy", "v2 is out: \u00e4"),
                    client.publish("ci.build", bytes(range(256)), lifetime=5),
                    client.publish("other", b"nobody asked")]
            self.assertEqual(len(set(sent)), 3)
            first, second = sorted((next(messages), next(messages)),
                                   key=lambda message: sent.index(message.id))
            self.assertEqual((first.id, first.topic, first.text()),
                             (sent[0], "deploy", "v2 is out: \u00e4"))
            self.assertEqual((second.id, second.topic, second.payload, second.lifetime),
                             (sent[1], "ci.build", bytes(range(256)), 5))
            self.assertEqual(first.publisher, client.status()["self"]["id"])
            self.assertEqual((first.hops, first.repeat), (1, False))
            age = datetime.datetime.now(datetime.timezone.utc) - first.created
            self.assertLess(abs(age.total_seconds()), 20)
            self.assertIsNone(messages.receive(timeout=0.2))

    def test_many_at_once_come_in_whole(self):
        a, b = self.network_of("alpha", "beta")
        payloads = [b"%d" % number * 40 for number in range(2500)]
        with hearsay.subscribe("t", path=self.path(b)) as messages:
            ids = self.client(a).publish_many("t", payloads)
            got = [messages.receive(timeout=20) for _ in payloads]
            self.assertEqual({m.id: m.payload for m in got}, dict(zip(ids, payloads)))
            self.assertEqual(messages.lagged, 0)

    def test_members_and_status_tell_who_is_there(self):
        a, _ = self.network_of("alpha", "beta")
        client = self.client(a)
        me, other = client.members()
        self.assertTrue(me["self"])
        self.assertEqual((me["name"], other["name"], other["state"]), ("alpha", "beta", "alive"))
        self.assertEqual(client.status()["network"]["name"], "office")
        self.assertEqual([link["name"] for link in client.links()], ["beta"])
        self.assertEqual(client.ask("network.show")["network"]["name"], "office")

    def test_events_tell_who_comes_and_goes(self):
        a, b = self.daemon("alpha").start(), self.daemon("beta").start()
        token = a.call("network.create", name="office")["token"]
        with hearsay.events(path=self.path(a)) as events:
            b.call("network.join", token=token, seeds=[a.address()])
            seen = {}
            while "member_joined" not in seen:
                event = events.receive(timeout=20)
                seen[event.kind] = event
            self.assertEqual(seen["member_joined"].member, b.call("key")["node"])
            b.stop()
            while not {"member_left", "link_lost"} <= set(seen):
                event = events.receive(timeout=20)
                seen[event.kind] = event
            self.assertEqual(seen["member_left"].label, "beta")
            self.assertEqual(seen["link_lost"].text, "the neighbour is leaving")
            self.assertIsNone(events.receive(timeout=0))

    def test_what_the_daemon_refuses_is_a_refusal_with_its_code(self):
        a = self.daemon("alpha").start()
        client = self.client(a)
        with self.assertRaises(hearsay.Refused) as refused:
            client.publish("t", "x")
        self.assertEqual(refused.exception.code, "no_network")
        a.call("network.create", name="office")
        for topic, payload, code in (("", "x", "bad_topic"),
                                     ("t", bytes(1024 * 1024 + 1), "payload_too_large")):
            with self.assertRaises(hearsay.Refused) as refused:
                client.publish(topic, payload)
            self.assertEqual(refused.exception.code, code)
        with self.assertRaises(hearsay.Refused) as refused:
            client.publish_many("", [b"x", b"y"])
        self.assertEqual(refused.exception.code, "bad_topic")
        with self.assertRaises(hearsay.Refused) as refused:
            hearsay.subscribe(path=self.path(a))
        self.assertEqual(refused.exception.code, "bad_topic")
        # The connection is as good as before.
        self.assertTrue(client.publish("t", "x"))

    def test_a_daemon_that_is_not_there_or_goes_away_is_told_apart(self):
        with self.assertRaises(hearsay.NotRunning) as error:
            hearsay.Client(f"{self.folder}/nothing")
        self.assertIn("nothing", str(error.exception))
        a = self.daemon("alpha").start()
        client = self.client(a)
        with hearsay.subscribe("*", path=self.path(a)) as messages:
            a.stop()
            self.assertEqual(list(messages), [])
            with self.assertRaises(hearsay.Closed):
                messages.receive(timeout=1)
        with self.assertRaises(hearsay.Closed):
            client.status()
        with self.assertRaises(hearsay.Closed):
            client.status()

    def test_the_socket_may_be_named_by_the_environment(self):
        a = self.daemon("alpha").start()
        with unittest.mock.patch.dict(os.environ, HEARSAY_SOCKET=self.path(a)):
            with hearsay.Client() as client:
                self.assertEqual(client.status()["self"]["name"], "alpha")

    def test_a_daemon_that_does_not_answer_is_not_waited_for_for_ever(self):
        path = f"{self.folder}/silent"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            with hearsay.Client(path, timeout=0.2) as client:
                with self.assertRaises(hearsay.NoAnswer):
                    client.status()
                with self.assertRaises(hearsay.Closed):
                    client.status()

    def test_a_line_that_comes_byte_by_byte_is_put_together(self):
        path = f"{self.folder}/slow"
        line = (b'{"event":"message","id":"u/0","topic":"t","publisher":"p","name":"n","label":"n",'
                b'"created":"2026-01-31T09:15:02.125Z","lifetime":60,"epoch":1,"seq":2,"hops":3,'
                b'"repeat":false,"later":1,"size":3}\na\nb')
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()

            def serve():
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1000)
                    for byte in b'{"ok":true}\n{"event":"lagged","messages":7,"events":0}\n' + line:
                        connection.send(bytes([byte]))

            server = threading.Thread(target=serve)
            server.start()
            with hearsay.subscribe("t", path=path) as messages:
                message = messages.receive(timeout=5)
            server.join()
        self.assertEqual((message.payload, message.seq, messages.lagged), (b"a\nb", 2, 7))


if __name__ == "__main__":
    unittest.main(verbosity=2)
