"""Hosts with an interface each on one bridge, for benchmarks of what loopback does not show. They
find each other by beacon alone."""
import contextlib
import time

from api import Listener, pump
from lab import run

FORM_SECONDS = 60


class Lan:
    """Two bridges with a patch cable between them; hosts on both in turn. `tag` tells several of
    one lab apart (at most five characters)."""

    def __init__(self, lab, tag, count):
        self.lab = lab
        self.bridges = [f"br-{tag}a", f"br-{tag}b"]
        self.patch = f"pc-{tag}a"
        for bridge in self.bridges:
            lab.add_bridge(bridge)
        run("ip", "-n", lab.switch, "link", "add", self.patch, "type", "veth", "peer", "name",
            f"pc-{tag}b")
        for side, bridge in zip("ab", self.bridges):
            run("ip", "-n", lab.switch, "link", "set", f"pc-{tag}{side}", "master", bridge)
            run("ip", "-n", lab.switch, "link", "set", f"pc-{tag}{side}", "up")
        self.tag = tag
        self.hosts = []
        for _ in range(count):
            self.add_host()

    def add_host(self):
        number = len(self.hosts) + 1
        name = f"{self.tag}n{number}"
        namespace = self.lab.add_place(name, self.bridges[number % 2], f"10.80.0.{number}/24")
        self.hosts.append(self.lab.add_host(name, namespace))
        return self.hosts[-1]

    def start(self):
        for host in self.hosts:
            host.start()
        return self

    def remove(self):
        """Also what the kernel remembers of it: its tables of neighbours (1,024 entries each of
        IPv4 and IPv6) are shared by all namespaces, and when they are full nothing is sent."""
        for host in self.hosts:
            host.kill()
            self.lab.remove_namespace(host.namespace)
            del self.lab.hosts[host.name]
        for bridge in self.bridges:
            run("ip", "-n", self.lab.switch, "link", "del", bridge)
        run("ip", "-n", self.lab.switch, "link", "del", self.patch)

    def split(self):
        run("ip", "-n", self.lab.switch, "link", "set", self.patch, "down")

    def heal(self):
        run("ip", "-n", self.lab.switch, "link", "set", self.patch, "up")


def alive_at(host):
    """How many members the host counts as alive, itself included; 0 while it does not answer."""
    try:
        return host.ask(op="status")["members"]["alive"]
    except (OSError, ConnectionError):
        return 0


def seconds_until(hosts, wanted, limit):
    """Until each of `hosts` counted `wanted` members, looked at over and over; None when one did
    not within `limit`."""
    started = time.monotonic()
    left = list(hosts)
    while left:
        left = [host for host in left if alive_at(host) != wanted]
        if left and time.monotonic() - started > limit:
            return None
        time.sleep(0.005)
    return time.monotonic() - started


def form(lan):
    if seconds_until(lan.hosts, len(lan.hosts), FORM_SECONDS) is None:
        raise RuntimeError(f"{len(lan.hosts)} hosts are not one network after {FORM_SECONDS} s")


class Watch:
    """The event streams of hosts: read while waiting, so that nothing is missed."""

    def __init__(self, hosts):
        self.listeners = [Listener(host.name, host.socket, [], events=True) for host in hosts]

    def wait(self, seconds, is_done=lambda: False):
        return pump(self.listeners, is_done, seconds)

    def failed(self):
        """(who said it, of whom) of every failure told so far."""
        return [(listener.name, event["name"]) for listener in self.listeners
                for event in listener.events if event["event"] == "member_failed"]

    def close(self):
        for listener in self.listeners:
            with contextlib.suppress(OSError):
                listener.close()


def row(name, nodes, **figures):
    """As bench.json wants them."""
    return {"name": name, "system": "hearsay", "nodes": nodes, "rate": 0, "payload_bytes": 0,
            "p50_ms": None, "p99_ms": None, "delivered_ratio": None, **figures}


def middle(values):
    return sorted(values)[len(values) // 2]
