#!/usr/bin/env python3
"""Nobody can be hurt through a hearsay network by datagrams sent in his name.

Raw packets with the victim's source address go to live nodes: what they send to the victim never
exceeds, at any moment, the bytes sent in its name. And beacons in the victim's name, replayed from
the wire or forged by somebody with the network's secret, make the whole network send the victim at
most one HELLO per node in 5 seconds."""
import os
import random
import time

from lab import Lab, main_of
from network_token import beacon, hello
from raw import Spoofer, Tap

PORT = 4327
NODES = 5
VICTIM = "10.78.0.99"
GROUP = ("239.255.43.27", PORT)
TYPES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 255]
SIZES = [0, 1, 2, 3, 16, 19, 20, 21, 36, 56, 63, 64, 65, 95, 96, 97, 189, 255, 256, 257, 600,
         1200, 1452]
HELLO_SIZE = 256
# One HELLO per node in 5 s; less what timers and the taps may be off.
HELLO_INTERVAL = 4.9
BEACON_SECONDS = 16


class Ledger:
    """What was sent in the victim's name, and what came to the victim."""

    def __init__(self, spoofer, tap):
        self.spoofer = spoofer
        self.tap = tap
        self.sent = self.received = 0
        self.replies = 0
        tap.drain()

    def send(self, target, payload, port=PORT):
        self.sent += self.spoofer.send((VICTIM, port), target, payload)

    def settle(self, what, seconds=0.1):
        for seen in self.tap.watch(seconds):
            if seen.target == VICTIM:
                self.received += seen.size()
                self.replies += 1
        assert self.received <= self.sent, \
            f"{what}: {self.received} bytes came to the victim for {self.sent} sent in its name"


def node(number):
    return (f"10.78.0.{number}", PORT)


def make_lab(lab):
    lab.add_bridge("br")
    for number in range(1, NODES + 1):
        namespace = lab.add_place(f"h{number}", "br", f"10.78.0.{number}/24")
        lab.add_host(f"h{number}", namespace)
    attacker = lab.add_place("attacker", "br", "10.78.0.66/24")
    victim = lab.add_place("victim", "br", f"{VICTIM}/24")
    with lab.inside(attacker):
        spoofer, wire = Spoofer("eth0"), Tap("eth0", wants_own=False)
    with lab.inside(victim):
        tap = Tap("eth0", wants_own=False)
    return spoofer, wire, tap


def wait_for_members(lab):
    deadline = time.monotonic() + 20
    while any(list(host.states().values()).count("alive") != NODES for host in lab.hosts.values()):
        assert time.monotonic() < deadline, "the network does not form"
        time.sleep(0.1)


def test_garbage(ledger):
    for kind in TYPES:
        for size in SIZES:
            for _ in range(3):
                ledger.send(node(1), (bytes([1, kind]) + os.urandom(size))[:size])
        ledger.settle(f"garbage of type {kind}")
    print(f"garbage of {len(TYPES)} types and {len(SIZES)} sizes: {ledger.received} bytes back "
          f"for {ledger.sent}")


def test_hellos(ledger, network):
    for count in range(400):
        ledger.send(node(1 + count % NODES), hello(network), port=1024 + count)
        if count % 40 == 0:
            ledger.settle("HELLO", 0.02)
    ledger.settle("HELLO", 0.3)
    assert ledger.replies > 0, "no HELLO was answered: this tests nothing"
    print(f"400 HELLOs: {ledger.replies} answers, {ledger.received} bytes back for {ledger.sent}")
    before = ledger.replies
    for count in range(200):
        ledger.send(node(1), hello(network, kind=3, cookie=os.urandom(32)), port=1024 + count)
    ledger.settle("HELLO2", 0.3)
    print(f"200 HELLO2s with made-up cookies: {ledger.replies - before} answers")


def handshake_packets(lab):
    """What passes on h2's wire while h2 starts again: every type of packet."""
    with lab.inside(lab.switch):
        tap = Tap("p-h2")
    lab.hosts["h2"].kill()
    lab.hosts["h2"].start()
    seen = tap.watch(3)
    wait_for_members(lab)
    packets = {}
    for datagram in seen:
        packets.setdefault(datagram.payload[1], []).append(datagram.payload)
    assert {1, 2, 3, 4, 5, 6} <= packets.keys(), f"only types {sorted(packets)} were seen"
    return [payload for kind in packets.values() for payload in kind[:20]]


def test_replays(ledger, packets):
    for payload in packets:
        for number in range(1, NODES + 1):
            ledger.send(node(number), payload)
    ledger.settle("replayed handshakes", 1.0)
    print(f"{len(packets)} packets of real handshakes replayed to all nodes: {ledger.received} "
          f"bytes back for {ledger.sent}")


def require_few_hellos(seen, what):
    """Per node, no two HELLOs within HELLO_INTERVAL; nothing but HELLOs."""
    last = {}
    for datagram in seen:
        assert len(datagram.payload) <= HELLO_SIZE, \
            f"{what}: {datagram.source} sent {len(datagram.payload)} bytes to the victim"
        gap = datagram.at - last.get(datagram.source, -100)
        assert gap >= HELLO_INTERVAL, \
            f"{what}: {datagram.source} sent two datagrams within {gap:.2f} s to the victim"
        last[datagram.source] = datagram.at
    print(f"{what}: {len(seen)} HELLOs to the victim in {BEACON_SECONDS} s from {NODES} nodes")


def flood_beacons(spoofer, wire, tap, make):
    """Sends make(newest beacons seen) in the victim's name at 100 a second, to the group and to
    each node; returns what came to the victim."""
    tap.drain()
    seen, newest = [], []
    end = time.monotonic() + BEACON_SECONDS
    while time.monotonic() < end:
        newest = ([d.payload for d in wire.drain()
                   if d.target == GROUP[0] and d.source != VICTIM] + newest)[:10]
        payload = make(newest)
        if payload:
            spoofer.send((VICTIM, PORT), random.choice([GROUP, node(random.randint(1, NODES))]),
                         payload)
        time.sleep(0.01)
        seen += [d for d in tap.drain() if d.target == VICTIM]
    return seen


def test_beacons(lab, spoofer, wire, tap):
    seen = flood_beacons(spoofer, wire, tap, lambda newest: random.choice(newest or [b""]))
    require_few_hellos(seen, "replayed beacons")

    def forged(port):
        return beacon(lab.network, port, int(time.time() * 1000), os.urandom(32))

    time.sleep(5)
    seen = flood_beacons(spoofer, wire, tap, lambda _: forged(PORT))
    require_few_hellos(seen, "forged beacons")
    assert seen, "no beacon was believed: this tests nothing"
    time.sleep(5)
    seen = flood_beacons(spoofer, wire, tap, lambda _: forged(random.randint(1024, 65535)))
    require_few_hellos(seen, "forged beacons with ever other ports")


def test():
    with Lab() as lab:
        try:
            spoofer, wire, tap = make_lab(lab)
            lab.start_all()
            wait_for_members(lab)
            test_garbage(Ledger(spoofer, tap))
            test_hellos(Ledger(spoofer, tap), lab.network)
            packets = handshake_packets(lab)
            test_replays(Ledger(spoofer, tap), packets)
            test_beacons(lab, spoofer, wire, tap)
            wait_for_members(lab)
            print("the network is whole after all of it")
        except BaseException:
            print(lab.logs())
            raise


if __name__ == "__main__":
    main_of(test)
