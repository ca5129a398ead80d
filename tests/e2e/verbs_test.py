"""What an operator asks and changes with the command: tags, ping, names that two hosts share."""
import json
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import threading
import time
import unittest

from harness import Case, eventually


class Tags(Case):
    def test_a_change_of_tags_is_seen_elsewhere_within_a_second(self):
        a, b = self.network_of("alpha", "beta", config='[node.tags]\nrole = "web"\n')
        changed = a.command("tags", "set", "role=db", "rack=7")
        self.assertEqual(changed.returncode, 0, changed.stderr)
        eventually(lambda: b.members()["alpha"]["tags"] == {"role": "db", "rack": "7"},
                   "the tags to be seen", seconds=1)
        self.assertEqual(changed.stdout, "role=db\nrack=7\n")
        self.assertIn("until the daemon ends", changed.stderr)
        a.command("tags", "remove", "rack")
        eventually(lambda: b.members()["alpha"]["tags"] == {"role": "db"},
                   "the removal to be seen", seconds=1)

    def test_tags_of_run_time_outlast_a_reload_of_the_same_tags_but_no_restart(self):
        a, = self.network_of("alpha", config='[node.tags]\nrole = "web"\n')
        a.command("tags", "set", "role=db")
        a.write_config('[node.tags]\nrole = "web"\n[flood]\nlifetime = "30s"\n')
        self.assertEqual(a.command("reload").returncode, 0)
        self.assertEqual(a.members()["alpha"]["tags"], {"role": "db"})
        a.write_config('[node.tags]\nrole = "cache"\n')
        a.command("reload")
        self.assertEqual(a.members()["alpha"]["tags"], {"role": "cache"})
        a.command("tags", "set", "role=db")
        a.stop()
        a.start()
        self.assertEqual(a.members()["alpha"]["tags"], {"role": "cache"})

    def test_what_is_no_tag_is_refused_with_the_rule(self):
        a = self.daemon("alpha").start()
        for words, rule in ((("set", "Role=web"), "1 to 32 of a-z 0-9 . _ -"),
                            (("set", "role"), "a tag is written KEY=VALUE"),
                            (("set", "role=" + "x" * 129), "at most 128"),
                            (("set", *(f"k{i}=v" for i in range(17))), "at most 16"),
                            (("remove", "role"), "no tag \"role\"")):
            result = a.command("tags", *words)
            self.assertEqual(result.returncode, 1)
            self.assertIn(rule, result.stderr)
            self.assertEqual(len(result.stderr.splitlines()), 1)
        self.assertEqual(a.command("tags").stdout, "")
        self.assertEqual(json.loads(a.command("tags", "--json").stdout)["tags"], {})


class Ping(Case):
    def test_a_neighbour_answers_within_milliseconds(self):
        a, _ = self.network_of("alpha", "beta")
        result = a.command("ping", "beta", "--count", "3", "--interval", "10ms")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("3 sent, 3 answered", result.stdout)
        read = json.loads(
            a.command("ping", "beta", "--count", "2", "--interval", "10ms", "--json").stdout)
        self.assertEqual((read["sent"], read["answered"], len(read["rtts"])), (2, 2, 2))
        self.assertLess(read["least"], 0.25)
        self.assertEqual(read["hops"], 1)

    def test_each_ping_is_measured_anew(self):
        a, _ = self.network_of("alpha", "beta")
        before = a.call("links")["links"][0]["packets_sent"]
        a.command("ping", "beta", "--count", "20", "--interval", "1ms")
        self.assertGreaterEqual(a.call("links")["links"][0]["packets_sent"], before + 20)

    def test_strangers_and_the_host_itself_are_refused_in_words(self):
        a, = self.network_of("alpha")
        for member, words in (("nobody", "no member has that name"), ("alpha", "host itself")):
            result = a.command("ping", member)
            self.assertEqual(result.returncode, 1)
            self.assertIn(words, result.stderr)

    def test_a_member_that_has_failed_is_not_measured(self):
        a, b = self.network_of("alpha", "beta")
        b.process.kill()
        b.process.wait()
        eventually(lambda: a.members()["beta"]["state"] == "failed", "beta to be failed")
        result = a.command("ping", "beta")
        self.assertEqual(result.returncode, 1)
        self.assertIn("beta is failed and has no link", result.stderr)


class Exec(Case):
    def listen(self, daemon, *words):
        before = daemon.call("status")["api"]["subscribers"]
        process = subprocess.Popen(daemon.command_line(*words), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        eventually(lambda: daemon.call("status")["api"]["subscribers"] > before or
                   process.poll() is not None, "the subscription")
        return process

    def test_each_message_of_another_host_is_given_to_a_command(self):
        a, b = self.network_of("alpha", "beta")
        reader = self.listen(b, "subscribe", "t", "--count", "3", "--exec-jobs", "1", "--exec",
                             "sh -c 'echo $HEARSAY_TOPIC $HEARSAY_NAME $(cat)'")
        for payload in (b"one", b"$(two)", b"three"):
            a.call("publish", payload, topic="t")
        out, err = reader.communicate(timeout=20)
        self.assertEqual((reader.returncode, err), (0, ""))
        self.assertEqual(sorted(out.splitlines()),
                         ["t alpha $(two)", "t alpha one", "t alpha three"])

    def test_a_stuck_command_delays_nobody_and_is_killed(self):
        a, = self.network_of("alpha")
        reader = self.listen(a, "subscribe", "t", "--count", "5", "--exec-jobs", "2",
                             "--exec-timeout", "2s", "--exec",
                             "sh -c 'read word; test $word = stuck && sleep 60; echo $word'")
        began = time.monotonic()
        for payload in (b"stuck\n", b"1\n", b"2\n", b"3\n", b"4\n"):
            a.call("publish", payload, topic="t")
        lines = [reader.stdout.readline().strip() for _ in range(4)]
        self.assertLess(time.monotonic() - began, 1.5)
        self.assertEqual(lines, ["1", "2", "3", "4"])
        _, err = reader.communicate(timeout=20)
        self.assertEqual(reader.returncode, 1)
        self.assertIn("took too long and was killed", err)

    def test_being_told_to_end_ends_the_commands_as_well(self):
        a, = self.network_of("alpha")
        reader = self.listen(a, "subscribe", "t", "--exec", "sh -c 'echo $$; sleep 60'")
        a.call("publish", b"", topic="t")
        pid = int(reader.stdout.readline())
        reader.send_signal(signal.SIGTERM)
        self.assertEqual(reader.wait(10), 128 + signal.SIGTERM)
        eventually(lambda: not pathlib.Path(f"/proc/{pid}").exists(), "the command to be gone")

    def test_events_are_given_to_a_command(self):
        a, b = self.network_of("alpha", "beta")
        reader = self.listen(a, "events", "--count", "1", "--exec",
                             "sh -c 'echo $HEARSAY_EVENT $HEARSAY_NAME'")
        b.stop()
        out, _ = reader.communicate(timeout=20)
        self.assertIn(out.split(), (["member_left", "beta"], ["link_lost", "beta"]))


class Views(Case):
    def shown(self, daemon, *words, seconds=1.5):
        """What the command writes to a terminal in that time."""
        master, slave = pty.openpty()
        process = subprocess.Popen(daemon.command_line(*words), stdin=subprocess.DEVNULL,
                                   stdout=slave, stderr=slave)
        os.close(slave)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        process.wait(10)
        out = b""
        try:
            while chunk := os.read(master, 65536):
                out += chunk
        except OSError:  # the other end is closed
            pass
        os.close(master)
        return out.decode()

    def test_members_are_shown_again_on_a_terminal_when_one_leaves(self):
        a, b = self.network_of("alpha", "beta")
        stop = threading.Timer(0.5, b.stop)
        stop.start()
        out = self.shown(a, "--color", "never", "members", "--watch", seconds=3)
        stop.join()
        views = out.split("\x1b[H")
        self.assertGreaterEqual(len(views), 3)
        self.assertIn("alive", views[1].split("beta")[1].splitlines()[0])
        self.assertIn("left", views[-1].split("beta")[1].splitlines()[0])

    def test_top_refreshes_on_a_terminal_and_knows_rates(self):
        a, b = self.network_of("alpha", "beta")
        out = self.shown(a, "top", "--interval", "200ms", seconds=2)
        self.assertGreaterEqual(out.count("\x1b[H"), 3)
        for word in ("network office", "LINK", "beta", "No messages yet."):
            self.assertIn(word, out)
        process = subprocess.Popen(a.command_line("top", "--interval", "1s", "--json"),
                                   stdout=subprocess.PIPE, text=True)
        time.sleep(0.3)
        for _ in range(20):
            b.call("publish", b"12345", topic="busy")
        read = json.loads(process.communicate(timeout=20)[0])
        topic = {t["topic"]: t for t in read["topics"]}["busy"]
        self.assertAlmostEqual(topic["messages"] * read["over"], 20, delta=0.1)
        self.assertAlmostEqual(topic["bytes"] * read["over"], 100, delta=0.5)
        self.assertGreater(read["links"][0]["bytes_received"], 0)


class Duplicates(Case):
    def test_two_members_of_one_name_are_told_apart_and_named_in_health_and_events(self):
        a, b = self.network_of("alpha", "beta")
        with a.api() as at_a:
            at_a.call("events")
            at_a.call("subscribe", topics=["t"])
            c = self.daemon("gamma")
            c.config_file.write_text(
                c.config_file.read_text().replace('name = "gamma"', 'name = "beta"'))
            c.start()
            c.call("network.join", token=a.call("network.token")["token"], seeds=[a.address()])
            event, _ = at_a.next_event("duplicate_name")
            self.assertIn("2 members are called beta", event["text"])
            labels = {m["label"] for m in a.call("members")["members"] if m["name"] == "beta"}
            self.assertEqual(len(labels), 2)
            self.assertTrue(all(label.startswith("beta#") for label in labels))
            self.assertEqual(labels, {event["label"], event["by_label"]})
            c.call("publish", b"x", topic="t")
            self.assertIn(at_a.next_event("message")[0]["label"], labels)
        health = " ".join(a.call("status")["health"])
        self.assertIn("2 members are called beta: ", health)
        for label in labels:
            self.assertIn(label, health)
            self.assertIn(label, a.command("members").stdout)
            self.assertEqual(
                a.command("ping", label, "--count", "1").returncode, 0, "a label finds its member")
        # The one that shares its name is told as well.
        eventually(lambda: "(this host)" in " ".join(b.call("status")["health"]), "beta's health")

    def test_two_hosts_with_one_key_are_told_where_the_other_is_and_what_to_do(self):
        a, b = self.network_of("alpha", "beta")
        clone = self.daemon("clone")
        clone.state.mkdir(mode=0o700)
        shutil.copy2(b.state / "identity", clone.state / "identity")
        clone.start()
        began = time.monotonic()
        clone.call("network.join", token=a.call("network.token")["token"],
                   seeds=[a.address(), b.address()])
        for daemon, other in ((clone, b), (b, clone)):
            health = eventually(
                lambda d=daemon: [h for h in d.call("status")["health"]
                                  if "uses this host's identity" in h],
                f"{daemon.name} to notice", seconds=90)
            print(f"{daemon.name} noticed after {time.monotonic() - began:.1f} s", flush=True)
            eventually(lambda d=daemon, o=other: o.address() in " ".join(d.call("status")["health"]),
                       "the other's address", seconds=5)
            self.assertIn("delete the file identity", " ".join(health))


if __name__ == "__main__":
    unittest.main(verbosity=2)
