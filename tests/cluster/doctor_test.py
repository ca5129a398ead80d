#!/usr/bin/env python3
"""`hearsay doctor` names what keeps hosts from each other, with what mends it: each cause is planted in
a network of namespaces and must be found, and a healthy host has no findings."""
import json
import shutil
import socket
import subprocess
import sys
import time

from cluster_test import wait_until
from host import DAEMON
from lab import Lab, main_of, run
from network_token import Network, beacon, hello

BEACONS = {"beacon": True, "remember": False, "beacon_interval": "1s"}
SMALL_BUFFERS = {"receive_buffer": "128KiB", "send_buffer": "128KiB"}
NODE_ID = bytes(range(32))
SKEW_MS = 3_600_000

# The wall clock of a process, an hour ahead.
CLOCK_SHIM = r"""
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, id, now);
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) now->tv_sec += 3600;
    return result;
}
"""


class Ground:
    """Hosts a, b and c on one bridge, at 10.89.0.1 to 10.89.0.3; `x` is where strangers are."""

    def __init__(self, lab):
        self.lab = lab
        self.round = 0
        lab.add_bridge("br")
        self.places = {name: lab.add_place(name, "br", f"10.89.0.{number}/24")
                       for number, name in enumerate("abcx", 1)}

    def make(self, name, network=None, **sections):
        self.round += 1
        before, self.lab.network = self.lab.network, network or self.lab.network
        sections.setdefault("discovery", BEACONS)
        sections.setdefault("listen", SMALL_BUFFERS)
        host = self.lab.add_host(f"{name}{self.round}", self.places[name[0]], **sections)
        self.lab.network = before
        return host

    def start(self, *names, **sections):
        hosts = [self.make(name, **sections) for name in names]
        for host in hosts:
            host.start()
        for host in hosts:
            host.wait_ready()
        return hosts

    def stop(self):
        for host in self.lab.hosts.values():
            host.kill()


def start_under(host, *wrapper):
    """Starts the daemon by way of another program."""
    arguments = host.daemon_arguments()
    at = arguments.index(str(DAEMON))
    host.daemon_arguments = lambda: [*arguments[:at], *map(str, wrapper), *arguments[at:]]
    host.start()
    host.wait_ready()


def findings(host):
    """Checks what every answer of the doctor must be."""
    done = host.command("doctor", "--json")
    answer = json.loads(done.stdout)
    assert answer["schema"] == 1, answer
    assert done.returncode == (1 if answer["findings"] else 0), (done.returncode, done.stderr)
    for finding in answer["findings"]:
        assert finding["text"] and finding["commands"], f"no remedy: {finding}"
    return answer["findings"]


def find(host, code, words=()):
    """The finding of that code whose text has the words, if there is one."""
    for finding in findings(host):
        if finding["code"] == code and all(word in finding["text"] for word in words):
            return finding
    return None


def require(host, code, *words, command, timeout=20):
    """Waits for the finding; one of its remedies must have the command."""
    try:
        took = wait_until(lambda: find(host, code, words), timeout, f"doctor finds {code} {words}")
    except AssertionError as failure:
        raise AssertionError(f"{host.name}: {failure}; found {findings(host)}") from None
    finding = find(host, code, words)
    assert command in "\n".join(finding["commands"]), f"{command!r} is not in {finding['commands']}"
    shown = host.command("doctor")
    assert shown.returncode == 1 and finding["text"] in shown.stdout, shown.stdout
    print(f"{code}: found after {took:.1f} s: {finding['text']}", flush=True)


def require_healthy(*hosts):
    for host in hosts:
        found = findings(host)
        assert not found, f"{host.name} is healthy, but: {found}"
        shown = host.command("doctor")
        assert shown.returncode == 0 and shown.stdout.startswith("ok"), shown.stdout


def are_linked(*hosts):
    return all(len(host.ask(op="links")["links"]) >= len(hosts) - 1 for host in hosts)


def link(*hosts):
    wait_until(lambda: are_linked(*hosts), 10, "the hosts are linked")


# ---- healthy

def test_healthy(ground):
    hosts = ground.start("a", "b", "c")
    link(*hosts)
    end = time.monotonic() + 12  # what would take time to be found is found by then
    while time.monotonic() < end:
        require_healthy(*hosts)
        time.sleep(1)
    print("three healthy hosts: no findings for 12 s", flush=True)


# ---- the daemon and its network

def test_not_running(ground):
    host = ground.make("a")
    require(host, "not_running", "hearsayd is not running", command="systemctl start hearsay")


def test_no_network(ground):
    host = ground.make("a")
    (host.folder / "state/network").unlink()
    host.start()
    host.wait_ready()
    require(host, "no_network", "talks to nobody", command="hearsay network join")


def test_duplicate_identity(ground):
    a, b = ground.start("a", "b")
    link(a, b)
    clone = ground.make("c")
    shutil.copy(a.folder / "state/identity", clone.folder / "state/identity")
    clone.start()
    clone.wait_ready()
    wait_until(lambda: any(find(host, "duplicate_identity") for host in (a, clone)), 20,
               "one of the two finds its twin")
    host = a if find(a, "duplicate_identity") else clone
    require(host, "duplicate_identity", "uses this host's identity",
            command=f"rm {host.folder / 'state'}/identity")


# ---- interfaces

def test_missing_interface(ground):
    (host,) = ground.start("a", discovery={**BEACONS, "interfaces": ["wlan7"]})
    require(host, "no_interface", "wlan7", "eth0", command="systemctl reload hearsay")


def test_interface_down(ground):
    (host,) = ground.start("a", discovery={**BEACONS, "interfaces": ["eth0"]})
    run("ip", "-n", ground.places["a"], "link", "set", "eth0", "down")
    require(host, "interface_down", "eth0 is down", command="ip link set dev eth0 up")
    run("ip", "-n", ground.places["a"], "link", "set", "eth0", "up")
    wait_until(lambda: not find(host, "interface_down"), 10, "the remedy mends it")


def test_no_carrier(ground):
    (host,) = ground.start("a")
    run("ip", "-n", ground.lab.switch, "link", "set", "p-a", "down")
    require(host, "interface_down", "no carrier", command="ip link show dev eth0")
    run("ip", "-n", ground.lab.switch, "link", "set", "p-a", "up")


def test_no_multicast_flag(ground):
    place = ground.places["a"]
    run("ip", "-n", place, "link", "set", "dev", "eth0", "multicast", "off")
    (host,) = ground.start("a")
    require(host, "no_multicast", "eth0", command="ip link set dev eth0 multicast on")
    run("ip", "-n", place, "link", "set", "dev", "eth0", "multicast", "on")
    wait_until(lambda: not find(host, "no_multicast"), 10, "the remedy mends it")


def test_small_mtu(ground):
    place = ground.places["a"]
    run("ip", "-n", place, "link", "set", "dev", "eth0", "mtu", "1000")
    (host,) = ground.start("a")
    require(host, "mtu", "1000 bytes", command="ip link set dev eth0 mtu 1500")
    run("ip", "-n", place, "link", "set", "dev", "eth0", "mtu", "1500")


# ---- packet filters

def nft(place, *rules):
    run("ip", "netns", "exec", place, "nft", "; ".join(
        ["add table inet filter",
         "add chain inet filter input { type filter hook input priority 0; }", *rules]))


def forget_filter(*places):
    for place in places:
        run("ip", "netns", "exec", place, "nft", "flush ruleset")


def test_port_blocked(ground):
    """At the blocked host by its own rules, at the other by beacons without an answer."""
    a, b = ground.places["a"], ground.places["b"]
    nft(a, "add rule inet filter input udp dport 4327 drop")
    blocked, other = ground.start("a", "b")
    require(blocked, "port_blocked", "drops what comes to UDP port 4327", "inet filter input",
            command="nft insert rule inet filter input udp dport 4327 accept")
    require(other, "port_blocked", "10.89.0.1:4327 are heard, but it does not answer",
            command="ufw allow hearsay", timeout=25)
    run("ip", "netns", "exec", a, "nft", "insert rule inet filter input udp dport 4327 accept")
    wait_until(lambda: are_linked(blocked, other), 15, "the remedy mends it")
    wait_until(lambda: not findings(blocked) and not findings(other), 15, "both are healthy")
    forget_filter(a, b)


def test_policy_drops(ground):
    place = ground.places["a"]
    nft(place, "add chain inet filter input { policy drop; }")
    (host,) = ground.start("a")
    require(host, "port_blocked", "policy of the chain inet filter input is drop",
            command="nft insert rule inet filter input udp dport 4327 accept")
    forget_filter(place)


def test_silent_seed(ground):
    (host,) = ground.start("a", discovery={"beacon": False, "seeds": ["10.89.0.200"]})
    require(host, "seed_silent", "10.89.0.200:4327", command="tcpdump", timeout=25)


def test_unknown_seed(ground):
    (host,) = ground.start("a", discovery={"beacon": False, "seeds": ["no-such-host.invalid"]})
    require(host, "seed_unknown", "no-such-host.invalid",
            command="getent hosts no-such-host.invalid")


def test_multicast_blocked(ground):
    """Linked by a seed, on one wire, and still no beacon."""
    places = [ground.places[name] for name in "ab"]
    for place in places:
        nft(place, "add rule inet filter input ip daddr 224.0.0.0/4 drop",
            "add rule inet filter input ip6 daddr ff00::/8 drop")
    hosts = ground.start("a", "b", discovery={**BEACONS, "seeds": ["10.89.0.1"]})
    link(*hosts)
    require(hosts[1], "multicast_blocked", "10.89.0.1:4327", "eth0",
            command="tcpdump -ni eth0 udp port 4327 and multicast", timeout=25)
    forget_filter(*places)
    wait_until(lambda: not find(hosts[1], "multicast_blocked"), 10, "multicast passes again")


def test_nobody_there(ground):
    (host,) = ground.start("a")
    require(host, "alone", "no other host of the network lab", command="hearsay connect HOST")


def test_no_way(ground):
    (host,) = ground.start("a", discovery={"beacon": False})
    require(host, "no_way", "beacons are off", command="hearsay connect HOST")


# ---- strangers and clocks

def test_wrong_network(ground):
    (host,) = ground.start("a")
    ground.make("b", network=Network("lab")).start()
    require(host, "wrong_network", "10.89.0.2:4327 is in another one", "networks of one name",
            command="hearsay network token")


def send(ground, payload, to=("10.89.0.1", 4327)):
    with ground.lab.inside(ground.places["x"]):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.sendto(payload, to)
    sock.close()


def test_wrong_secret(ground):
    """Our network's id under another secret: rotated here, or there, only."""
    a, b = ground.start("a", "b")
    link(a, b)
    stale = Network("lab")
    stale.id = ground.lab.network.id
    send(ground, hello(stale))
    require(a, "wrong_secret", "10.89.0.4", command="hearsay network join")


def test_clock_of_another(ground):
    a, b = ground.start("a", "b")
    link(a, b)
    wall_ms = time.time_ns() // 1_000_000 + SKEW_MS
    send(ground, beacon(ground.lab.network, 4327, wall_ms, NODE_ID))
    require(a, "clock", "the clock of 10.89.0.4", "60min ahead", command="timedatectl set-ntp true")


def test_own_clock(ground):
    """A neighbour's clock an hour off, which is ours as it sees it."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        print("clock of this host: not tried, there is no C compiler")
        return
    source = ground.lab.folder / "clock.c"
    source.write_text(CLOCK_SHIM)
    shim = ground.lab.folder / "clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", shim, source], check=True, timeout=30)
    (a,) = ground.start("a", discovery={**BEACONS, "seeds": ["10.89.0.2"]})
    b = ground.make("b")
    start_under(b, "env", f"LD_PRELOAD={shim}")
    link(a, b)
    require(b, "clock", "this host's clock is 60min ahead of", "nothing can be published",
            command="timedatectl set-ntp true")


# ---- buffers

def test_small_buffer(ground):
    """Without the right to exceed the kernel's limit, as the service runs."""
    host = ground.make("a", listen={"receive_buffer": "256MiB"})
    start_under(host, "setpriv", "--bounding-set=-net_admin")
    require(host, "receive_buffer", "bursts may be lost", "net.core.rmem_max",
            command="sysctl -w net.core.rmem_max=268435456")


TESTS = [
    [test_healthy, test_not_running, test_no_network, test_missing_interface, test_interface_down,
     test_no_carrier, test_no_multicast_flag, test_small_mtu, test_small_buffer, test_unknown_seed],
    [test_port_blocked, test_policy_drops, test_multicast_blocked],
    [test_silent_seed, test_nobody_there, test_no_way, test_wrong_network, test_wrong_secret,
     test_clock_of_another, test_own_clock, test_duplicate_identity],
]


def test(tests):
    with Lab() as lab:
        try:
            ground = Ground(lab)
            for each in tests:
                each(ground)
                ground.stop()
        except BaseException:
            print(lab.logs())
            raise


if __name__ == "__main__":
    chosen = [int(number) - 1 for number in sys.argv[1:]] or range(len(TESTS))
    main_of(lambda: test([each for part in chosen for each in TESTS[part]]))
