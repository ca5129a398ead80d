#!/usr/bin/env python3
"""Each way to be found is enough by itself: a seed by address, a seed by name, beacons, remembered
members, another member's news, a subnet scan, `hearsay connect`. And beacons follow interfaces that
come and go. One network of namespaces, fresh daemons for each way."""
import contextlib
import json
import pathlib
import shutil
import time

from cluster_test import wait_until
from lab import Lab, main_of, run

# No way in but the one under test.
ALONE = {"beacon": False, "remember": False}
BEACONS = {"beacon": True, "remember": False, "beacon_interval": "1s"}
SMALL_BUFFERS = {"receive_buffer": "128KiB", "send_buffer": "128KiB"}


class Ground:
    """Hosts a, b and c on one bridge, at 10.88.0.1 to 10.88.0.3."""

    def __init__(self, lab):
        self.lab = lab
        self.round = 0
        lab.add_bridge("br")
        self.places = {name: lab.add_place(name, "br", f"10.88.0.{number}/24")
                       for number, name in enumerate("abc", 1)}

    def start(self, **discovery):
        """Starts a fresh daemon for each name; the hosts."""
        self.stop()
        self.round += 1
        hosts = []
        for name, keys in discovery.items():
            host = self.lab.add_host(f"{name}{self.round}", self.places[name], discovery=keys,
                                     listen=SMALL_BUFFERS)
            host.start()
            hosts.append(host)
        for host in hosts:
            host.wait_ready()
        return hosts

    def stop(self):
        for host in self.lab.hosts.values():
            host.stop()


def are_linked(*hosts):
    """Every one of them with every other."""
    names = {host.name for host in hosts}
    return all({link["name"] for link in host.ask(op="links")["links"]} >= names - {host.name}
               for host in hosts)


def require_link(what, *hosts, timeout=15):
    took = wait_until(lambda: are_linked(*hosts), timeout, f"a link by {what}")
    print(f"{what}: linked after {took:.1f} s", flush=True)


def require_none(seconds, *hosts):
    """The test itself must be able to fail: without the way under test they do not meet."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert all(not host.ask(op="links")["links"] for host in hosts), "linked by another way"
        time.sleep(0.2)


def test_nothing(ground):
    hosts = ground.start(a=ALONE, b=ALONE)
    require_none(4, *hosts)


def test_seed_by_address(ground):
    require_link("a seed's address", *ground.start(a=ALONE, b={**ALONE, "seeds": ["10.88.0.1"]}))


@contextlib.contextmanager
def names_of(namespace, text):
    """What `ip netns exec` shows as /etc/hosts within the namespace."""
    folder = pathlib.Path("/etc/netns") / namespace
    folder.mkdir(parents=True)
    try:
        (folder / "hosts").write_text(text)
        yield
    finally:
        shutil.rmtree(folder)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()  # ours if nobody else has one


def test_seed_by_name(ground):
    with names_of(ground.places["b"], "127.0.0.1 localhost\n10.88.0.1 alpha.lab.test\n"):
        hosts = ground.start(a=ALONE, b={**ALONE, "seeds": ["alpha.lab.test"]})
        require_link("a seed's name", *hosts)


def test_beacon(ground):
    require_link("beacons", *ground.start(a=BEACONS, b=BEACONS))


def test_remembered(ground):
    a, b = ground.start(a=ALONE, b={**ALONE, "remember": True, "seeds": ["10.88.0.1"]})
    require_link("a seed, to be remembered", a, b)
    assert b.stop() == 0, "b did not stop cleanly"
    file = b.folder / "hearsay.toml"
    text = file.read_text()
    file.write_text(text.replace('seeds = ["10.88.0.1"]', "seeds = []"))
    assert text != file.read_text()
    b.start()
    b.wait_ready()
    require_link("remembered members", a, b)


def test_news_of_a_third(ground):
    a, b, c = ground.start(a=ALONE, b={**ALONE, "seeds": ["10.88.0.1"]},
                           c={**ALONE, "seeds": ["10.88.0.1"]})
    require_link("a third member's news", a, b, c)
    a.kill()
    wait_until(lambda: b.states().get(a.name) == "failed", 10, "a, killed, is failed")
    assert are_linked(b, c), "b and c were linked through a only"


def scan_of(host):
    return host.ask(op="status")["scan"]


def test_scan(ground):
    (b,) = ground.start(b={**ALONE, "scan": ["10.88.0.0/24"]})
    wait_until(lambda: scan_of(b)["running"], 5, "the scan begins")
    shown = b.command("status").stdout
    assert "10.88.0.0/24: " in shown and " of 254 addresses tried" in shown, shown
    ground.stop()
    a, b = ground.start(a=ALONE, b={**ALONE, "scan": ["10.88.0.0/24"]})
    require_link("a subnet scan", a, b)
    wait_until(lambda: scan_of(b)["passes"] == 1, 10, "the pass ends")
    scan = scan_of(b)
    assert scan["tried"] == scan["addresses"] == 254 and scan["answered"] <= 1, scan
    assert scan["next_pass"] is None and not scan["running"], scan
    assert "not again while there are links" in b.command("status").stdout


def test_scan_by_reload(ground):
    a, b = ground.start(a=ALONE, b=ALONE)
    assert scan_of(b) is None
    file = b.folder / "hearsay.toml"
    text = file.read_text()
    file.write_text(text.replace("[discovery]\n", '[discovery]\nscan = ["10.88.0.1/33"]\n'))
    refused = b.command("reload")
    assert refused.returncode == 1 and "discovery.scan" in refused.stderr, refused.stderr
    assert f"{file}:" in refused.stderr and "prefix length" in refused.stderr, refused.stderr
    file.write_text(text.replace("[discovery]\n", '[discovery]\nscan = ["10.88.0.0/29"]\n'))
    assert b.command("reload").returncode == 0
    require_link("a scan told of by a reload", a, b)


def test_connect(ground):
    a, b = ground.start(a=ALONE, b=ALONE)
    require_none(1, a, b)
    assert b.command("connect", "10.88.0.1").returncode == 0
    require_link("hearsay connect", a, b)


def test_interfaces(ground):
    """An interface that appears, loses its wire, gets it back, goes and comes again."""
    lab = ground.lab
    where = ground.places["b"] = lab.add_namespace("d")  # with nothing but lo
    a, b = ground.start(a=BEACONS, b=BEACONS)
    require_none(2, a, b)
    lab.plug(where, "eth1", "br", "p-b1", "10.88.0.12/24")
    require_link("an interface that appeared", a, b)
    run("ip", "-n", where, "link", "set", "eth1", "down")
    wait_until(lambda: not b.ask(op="links")["links"], 10, "the link dies with its interface")
    run("ip", "-n", where, "link", "set", "eth1", "up")
    require_link("an interface that is up again", a, b)
    run("ip", "-n", where, "link", "del", "eth1")
    wait_until(lambda: not b.ask(op="links")["links"], 10, "the link dies with its interface")
    # Another address than before: nothing that was remembered leads there.
    lab.plug(where, "eth1", "br", "p-b1", "10.88.0.13/24")
    require_link("an interface that came back", a, b)
    took = wait_until(lambda: "10.88.0.13:4327" in json.dumps(a.ask(op="members")), 5,
                      "the new address is told")
    print(f"its new address was known elsewhere {took:.1f} s later")


TESTS = (test_nothing, test_seed_by_address, test_seed_by_name, test_beacon, test_remembered,
         test_news_of_a_third, test_scan, test_scan_by_reload, test_connect, test_interfaces)


def test():
    with Lab() as lab:
        try:
            ground = Ground(lab)
            for each in TESTS:
                each(ground)
        except BaseException:
            print(lab.logs())
            raise


if __name__ == "__main__":
    main_of(test)
