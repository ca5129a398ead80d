"""Daemons that find each other: by beacon, by name, over IPv6. On lo alone."""
import pathlib
import unittest

from harness import Case, alive, eventually

BEACONS_ON_LO = '[discovery]\ninterfaces = ["lo"]\nbeacon_interval = "1s"\n'


def is_beacon_port_taken():
    """By anything but listeners for beacons: an installed hearsayd, perhaps."""
    groups = ("1B2BFFEF", "000012FF000000000000000027430000")
    lines = "".join(pathlib.Path(f"/proc/net/{table}").read_text() for table in ("udp", "udp6"))
    addresses = [line.split()[1] for line in lines.splitlines() if ":" in line]
    return any(a.endswith(":10E7") and not a.startswith(groups) for a in addresses)


class Discovery(Case):
    def test_daemons_find_each_other_by_beacon_without_any_address(self):
        daemons = [self.daemon(name) for name in ("alpha", "beta", "gamma")]
        for daemon in daemons:
            daemon.write_config(BEACONS_ON_LO, listen='addresses = ["::"]\nport = 0\n')
            daemon.start()
        first, *others = daemons
        token = first.call("network.create", name="office")["token"]
        for daemon in others:
            daemon.call("network.join", token=token)
        for daemon in daemons:
            eventually(lambda d=daemon: alive(d) == {"alpha", "beta", "gamma"}, "the beacons")

    @unittest.skipIf(is_beacon_port_taken(), "UDP port 4327 is in use on this machine")
    def test_a_daemon_with_the_beacon_port_starts_beside_others_that_hear_beacons(self):
        a, b, c = (self.daemon(name) for name in ("alpha", "beta", "gamma"))
        a.write_config(BEACONS_ON_LO)
        a.start().call("network.create", name="office")
        b.write_config(BEACONS_ON_LO, listen='addresses = ["127.0.0.1"]\nport = 4327\n')
        b.start().call("network.join", token=a.call("network.token")["token"])
        eventually(lambda: alive(b) == {"alpha", "beta"}, "the beacons")
        # Taken by a daemon, not only by listeners for beacons.
        c.write_config(listen='addresses = ["127.0.0.1"]\nport = 4327\n')
        self.assertEqual(c.run_to_end()[0], 69)

    def test_a_link_over_ipv6(self):
        a, b = self.daemon("alpha"), self.daemon("beta")
        for daemon in (a, b):
            daemon.write_config(listen='addresses = ["::1"]\nport = 0\n')
            daemon.start()
        token = a.call("network.create", name="office")["token"]
        b.call("network.join", token=token, seeds=[f"[::1]:{a.port()}"])
        eventually(lambda: alive(a) == alive(b) == {"alpha", "beta"}, "the link")
        self.assertIn("[::1]", b.call("links")["links"][0]["address"])

    def test_a_seed_by_name(self):
        a, b = self.daemon("alpha").start(), self.daemon("beta").start()
        token = a.call("network.create", name="office")["token"]
        b.call("network.join", token=token, seeds=[f"localhost:{a.port()}"])
        eventually(lambda: alive(b) == {"alpha", "beta"}, "the link")

    def test_a_seed_of_the_configuration_that_starts_later(self):
        a, b = self.daemon("alpha").start(), self.daemon("beta")
        token, port = a.call("network.create", name="office")["token"], a.port()
        a.stop()
        b.write_config(f'[discovery]\nbeacon = false\nseeds = ["127.0.0.1:{port}"]\n')
        b.start().call("network.join", token=token)
        self.assertEqual(alive(b), {"beta"})
        a.write_config(listen=f'addresses = ["127.0.0.1"]\nport = {port}\n')
        a.start()
        eventually(lambda: alive(a) == alive(b) == {"alpha", "beta"}, "the seed to be dialled")


if __name__ == "__main__":
    unittest.main(verbosity=2)
