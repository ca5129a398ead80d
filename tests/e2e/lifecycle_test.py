"""Start, reload, leave, stop, restart, and every way in which a start is refused."""
import os
import signal
import socket
import subprocess
import time
import unittest

from harness import HEARSAYD, Case, Refused, alive, eventually


class Lifecycle(Case):
    def test_without_a_network_the_two_commands_to_choose_from_are_named(self):
        a = self.daemon("alpha").start()
        status = a.call("status")
        self.assertIsNone(status["network"])
        self.assertEqual(status["links"], 0)
        health = " ".join(status["health"])
        self.assertIn("`hearsay network create NAME`", health)
        self.assertIn("`hearsay network join`", health)

    def test_an_open_network_is_called_open(self):
        a = self.daemon("alpha").start()
        a.call("network.open", name="fair")
        self.assertIn("anyone on the LAN can join", " ".join(a.call("status")["health"]))

    def test_a_restart_keeps_identity_and_network_and_raises_the_epoch(self):
        a = self.daemon("alpha").start()
        a.call("network.create", name="office")
        before = a.call("status")
        self.assertEqual(a.stop(), 0)
        after = a.start().call("status")
        self.assertEqual(after["self"]["id"], before["self"]["id"])
        self.assertEqual(after["network"], before["network"])
        self.assertGreater(after["self"]["epoch"], before["self"]["epoch"])

    def test_after_a_restart_members_are_found_without_any_seed(self):
        a, b = self.network_of("alpha", "beta")
        # The port must not change with the restart for the others to find it.
        a_port, b_port = a.port(), b.port()
        a.stop(), b.stop()
        (b.state / "seeds").unlink()
        for daemon, port in ((a, a_port), (b, b_port)):
            daemon.write_config(listen=f'addresses = ["127.0.0.1"]\nport = {port}\n')
            daemon.start()
        for daemon in (a, b):
            eventually(lambda d=daemon: alive(d) == {"alpha", "beta"}, "the members remembered")

    def test_nothing_is_delivered_twice_across_a_clean_restart(self):
        a, b = self.network_of("alpha", "beta")
        with b.api() as at_b:
            at_b.call("subscribe", topics=["t"])
            a.call("publish", b"once", topic="t")
            self.assertEqual(at_b.next_event("message")[1], b"once")
        self.assertEqual(b.stop(), 0)
        b.start()
        with b.api() as at_b:
            at_b.call("subscribe", topics=["t"])
            eventually(lambda: alive(b) == {"alpha", "beta"}, "beta to be back")
            a.call("publish", b"two", topic="t")
            self.assertEqual(at_b.next_event("message")[1], b"two")
            self.assertTrue(at_b.is_silent(1), "an old message came again")
        # Nor before anybody had subscribed.
        self.assertEqual(b.call("status")["counters"]["messages_delivered"], 1)

    def test_what_was_missed_while_away_arrives_after_the_restart(self):
        a, b = self.network_of("alpha", "beta")
        self.assertEqual(b.stop(), 0)
        a.call("publish", b"meanwhile", topic="t")
        # Held until there is a subscriber: it would be delivered to nobody.
        a.process.send_signal(signal.SIGSTOP)
        b.start()
        with b.api() as at_b:
            at_b.call("subscribe", topics=["t"])
            a.process.send_signal(signal.SIGCONT)
            self.assertEqual(at_b.next_event("message")[1], b"meanwhile")

    def test_sigterm_says_leave_and_exits_with_0(self):
        a, b = self.network_of("alpha", "beta")
        with a.api() as at_a:
            at_a.call("events")
            beta = b.call("status")["self"]["id"]
            started = time.monotonic()
            self.assertEqual(b.stop(signal.SIGTERM), 0)
            self.assertLess(time.monotonic() - started, 3)
            self.assertEqual(at_a.next_event("member_left")[0]["member"], beta)
        self.assertEqual(a.members()["beta"]["state"], "left")
        self.assertFalse((b.folder / "api").exists(), "the socket is left behind")

    def test_sigint_stops_too(self):
        a = self.daemon("alpha").start()
        self.assertEqual(a.stop(signal.SIGINT), 0)

    def test_the_api_can_end_the_daemon(self):
        a = self.daemon("alpha").start()
        a.call("leave")
        self.assertEqual(a.process.wait(5), 0)

    def test_a_network_can_be_left_and_another_one_entered(self):
        a, b = self.network_of("alpha", "beta")
        a.call("network.leave")
        eventually(lambda: b.members()["alpha"]["state"] == "left", "the goodbye")
        self.assertIsNone(a.call("status")["network"])

        def enters():
            try:
                return a.call("network.create", name="other")
            except Refused as refused:
                self.assertEqual(refused.code, "leaving")
                return None

        eventually(enters, "the old network to be left")
        self.assertEqual(a.call("status")["network"]["name"], "other")

    def test_sighup_reloads_what_can_change(self):
        a = self.daemon("alpha").start()
        a.write_config('[flood]\nlifetime = "5s"\n[limits]\nlinks = 7\n')
        a.process.send_signal(signal.SIGHUP)
        eventually(lambda: 'lifetime = "5s"' in a.call("config.show")["text"], "the reload")
        self.assertNotIn("links = 7", a.call("config.show")["text"])
        self.assertIn("flood.lifetime has changed", a.log)
        self.assertIn("limits.links has changed and waits for a restart", a.log)

    def test_a_reload_of_a_bad_file_keeps_the_running_configuration(self):
        a = self.daemon("alpha").start()
        a.write_config('[flood]\nlifetime = "5 parsecs"\n')
        a.process.send_signal(signal.SIGHUP)
        eventually(lambda: "former one stays in force" in a.log, "the refusal in the log")
        self.assertIn("flood.lifetime", a.log)
        self.assertIn('lifetime = "1min"', a.call("config.show")["text"])

    def test_tags_reach_the_others_by_reload(self):
        a, b = self.network_of("alpha", "beta")
        a.write_config('[node.tags]\nrole = "db"\n')
        self.assertEqual(a.call("reload")["changed"], ["node.tags"])
        eventually(lambda: b.members()["alpha"]["tags"] == {"role": "db"}, "the tags")

    def test_the_service_manager_hears_of_every_step(self):
        a = self.daemon("alpha")
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        manager.settimeout(10)
        manager.bind(f"{self.folder}/notify")
        heard = []

        def hears(start):
            while not any(line.startswith(start) for line in heard):
                heard.extend(manager.recv(4096).decode().splitlines())
            position = next(i for i, line in enumerate(heard) if line.startswith(start))
            del heard[:position + 1]

        a.environment = {"NOTIFY_SOCKET": f"{self.folder}/notify", "WATCHDOG_USEC": "200000"}
        a.start()
        hears("READY=1")
        hears("STATUS=in no network")
        hears("WATCHDOG=1")
        hears("WATCHDOG=1")
        a.call("network.create", name="office")
        hears("STATUS=network office: 1 member, 0 links")
        a.process.send_signal(signal.SIGHUP)
        hears("RELOADING=1")
        hears("MONOTONIC_USEC=")
        hears("READY=1")
        self.assertEqual(a.stop(), 0)
        hears("STOPPING=1")
        manager.close()


class Refusals(Case):
    def refused(self, daemon, code, *words):
        """The start fails with that code and one line that has the words."""
        actual, lines = daemon.run_to_end()
        self.assertEqual(actual, code, lines)
        self.assertEqual(len(lines), 1, lines)
        for word in words:
            self.assertIn(word, lines[0])

    def test_a_port_that_is_taken(self):
        a = self.daemon("alpha").start()
        b = self.daemon("beta")
        b.write_config(listen=f'addresses = ["127.0.0.1"]\nport = {a.port()}\n')
        self.refused(b, 69, str(a.port()), "taken", "listen.port")

    def test_an_address_of_another_host(self):
        a = self.daemon("alpha")
        a.write_config(listen='addresses = ["192.0.2.200"]\nport = 0\n')
        self.refused(a, 69, "192.0.2.200", "listen.addresses")

    def test_a_bad_configuration_with_every_problem(self):
        a = self.daemon("alpha")
        a.write_config('[flood]\nlifetime = "5"\n[limits]\nlinkz = 3\nstreams = 1\n')
        code, lines = a.run_to_end()
        self.assertEqual(code, 78)
        self.assertEqual(len(lines), 3, lines)
        for line, word in zip(lines, ("flood.lifetime", "links", "limits.streams")):
            self.assertIn(str(a.config_file), line)
            self.assertIn(word, line)

    def test_a_configuration_that_is_not_there(self):
        a = self.daemon("alpha")
        a.config_file.unlink()
        self.refused(a, 78, str(a.config_file))

    def test_an_identity_that_others_can_read(self):
        a = self.daemon("alpha").start()
        a.stop()
        (a.state / "identity").chmod(0o644)
        self.refused(a, 78, "identity", "chmod 0600")
        self.assertTrue((a.state / "identity").exists())

    def test_a_damaged_identity_is_never_replaced(self):
        a = self.daemon("alpha").start()
        a.stop()
        (a.state / "identity").write_text("rubbish\n")
        self.refused(a, 78, "identity")
        self.assertEqual((a.state / "identity").read_text(), "rubbish\n")

    def test_a_network_file_without_a_token(self):
        a = self.daemon("alpha").start()
        a.stop()
        (a.state / "network").write_text("rubbish\n")
        self.refused(a, 78, "network", "hearsay network join")

    def test_a_state_folder_in_use(self):
        a = self.daemon("alpha").start()
        b = self.daemon("beta")
        b.config_file.write_text(b.config_file.read_text().replace(str(b.state), str(a.state)))
        self.refused(b, 69, str(a.state))

    def test_a_state_folder_that_cannot_be_made(self):
        a = self.daemon("alpha")
        a.config_file.write_text(
            a.config_file.read_text().replace(str(a.state), "/proc/no/such/place"))
        self.refused(a, 73, "/proc/no/such/place", "node.state_dir")

    def test_a_folder_for_the_socket_that_cannot_be_made(self):
        a = self.daemon("alpha")
        a.config_file.write_text(
            a.config_file.read_text().replace(f"{a.folder}/api", "/proc/no/api"))
        code, lines = a.run_to_end()
        self.assertIn(code, (69, 71, 73, 77), lines)
        self.assertIn("/proc/no", lines[-1])

    def test_an_unknown_argument(self):
        result = subprocess.run([HEARSAYD, "--daemonise"], capture_output=True, text=True,
                                timeout=10, check=False)
        self.assertEqual(result.returncode, 64)
        self.assertIn("--daemonise", result.stderr)

    def test_check_reads_the_configuration_and_starts_nothing(self):
        a = self.daemon("alpha")
        command = [HEARSAYD, "--check", "--config", str(a.config_file)]
        self.assertEqual(subprocess.run(command, timeout=10, check=False).returncode, 0)
        self.assertFalse(a.state.exists())
        a.write_config("[nonsense]\n")
        result = subprocess.run(command, capture_output=True, timeout=10, check=False)
        self.assertEqual(result.returncode, 78)

    def test_the_version_is_told(self):
        result = subprocess.run([HEARSAYD, "--version"], capture_output=True, text=True,
                                timeout=10, check=True)
        self.assertRegex(result.stdout, r"^hearsayd \d+\.\d+\.\d+\n$")


@unittest.skipUnless(os.geteuid() == 0, "needs root to mount a small tmpfs")
class FullDisk(Case):
    def test_gossip_goes_on_with_a_full_disk(self):
        a, b = self.network_of("alpha", "beta")
        a.stop()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(a.state)],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("cannot mount a tmpfs here")
        self.addCleanup(subprocess.run, ["umount", "-l", str(a.state)], check=False)
        a.start()
        token = b.call("network.token")["token"]
        a.call("network.join", token=token, seeds=[b.address()])
        with (a.state / "filler").open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(512))
            except OSError:
                pass
        a.stop()
        a.start()
        eventually(lambda: alive(a) == {"alpha", "beta"}, "the link with the disk full")
        with a.api() as at_a:
            at_a.call("subscribe", topics=["t"])
            b.call("publish", b"still here", topic="t")
            self.assertEqual(at_a.next_event("message")[1], b"still here")
        self.assertIn("No space left on device", " ".join(a.call("status")["health"]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
