"""flood_loss: 16 nodes of which each loses 10% of what reaches it, at 50 and at 5,000 a second.

Loss by nftables, each datagram for itself; then every node deaf for 10% of the time, in bursts of
50 ms each at moments of its own, as a timer of this benchmark switches it. Both in a namespace that
the run has made: nothing else is touched."""
import random
import threading
import time

from lab import run as command
from load import load, times
from systems import Hearsay

NODES = 16
PAYLOAD = 100
LOSS_PERCENT = 10
PORT = 4327
RATES = (50, 5000)
DEAF_SECONDS = 0.05
DEAF_SHARE = 0.1


def nft(namespace, script):
    command("ip", "netns", "exec", namespace, "nft", script)


def lose(namespace):
    nft(namespace, "add table inet loss; add chain inet loss input "
        "{ type filter hook input priority 0; };"
        f"add rule inet loss input udp dport {PORT} numgen random mod 100 < {LOSS_PERCENT} drop")


class Deafness:
    """Addresses in the set `deaf` hear nothing. Each is put there with a timeout, which the kernel
    keeps, so a slow benchmark makes nobody deaf for longer."""

    def __init__(self, namespace, addresses):
        self.namespace = namespace
        self.addresses = addresses
        self.ends = threading.Event()
        self.bursts = 0
        nft(namespace, "add table inet deaf;"
            "add set inet deaf deaf { type ipv4_addr; flags timeout; };"
            "add chain inet deaf input { type filter hook input priority 0; };"
            f"add rule inet deaf input udp dport {PORT} ip daddr @deaf drop")
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        order = random.Random(1)
        pause = DEAF_SECONDS / DEAF_SHARE
        due = [(order.random() * pause, address) for address in self.addresses]
        started = time.monotonic()
        while not self.ends.is_set():
            due.sort()
            moment, address = due.pop(0)
            if self.ends.wait(max(0.0, moment - (time.monotonic() - started))):
                return
            nft(self.namespace, "add element inet deaf deaf "
                f"{{ {address} timeout {int(DEAF_SECONDS * 1000)}ms }}")
            self.bursts += 1
            # The next one a whole round later, give or take: 10% of the time in the long run.
            due.append((moment + pause * (0.5 + order.random()), address))

    def close(self):
        self.ends.set()
        self.thread.join(10)
        nft(self.namespace, "delete table inet deaf")


def row_of(system, what, rate, found):
    return {"name": "flood_loss", "system": system.name, "nodes": NODES, "what": what,
            "rate": rate, "taken": found["published_per_s"], "delivered_ratio": found["ratio"],
            "least_ratio": found["ratio_min"], "repeated": found["repeated"],
            "p50_ms": found["p50_ms"], "p99_ms": found["p99_ms"], "max_ms": found["max_ms"],
            "drain_s": found["drain_seconds"]}


def offer(system, namespace, rate, seconds):
    return load(system, namespace, [f"0:{rate}:{int(rate * seconds)}"], size=PAYLOAD,
                seconds=seconds, drain=20, timeout=180)


def run(lab, namespace):
    if namespace is None:
        raise RuntimeError("loss needs a namespace of its own")
    seconds = times("TRIAL", 10.0)
    system = Hearsay(lab, namespace, NODES)
    rows = []
    try:
        system.start()
        time.sleep(2)
        lose(namespace)
        for rate in RATES:
            rows.append(row_of(system, "10% loss", rate, offer(system, namespace, rate, seconds)))
            time.sleep(2)
        nft(namespace, "delete table inet loss")
        deafness = Deafness(namespace, [f"127.0.0.{number + 1}" for number in range(NODES)])
        try:
            found = offer(system, namespace, RATES[0], seconds)
        finally:
            deafness.close()
        rows.append(row_of(system, "deaf 10% of the time", RATES[0], found) |
                    {"bursts": deafness.bursts})
    finally:
        system.close()
    return rows


def targets(rows):
    for row in rows:
        where = f"{row['what']}, {row['rate']} a second"
        yield f"{where}: all delivered: {row['least_ratio']:.3%} where least", \
            row["least_ratio"] == 1
        yield f"{where}: taken at that rate: {row['taken']:.0f}", row["taken"] >= 0.97 * row["rate"]
    yield f"10% loss, 50 a second: p99 at most 30 ms: {rows[0]['p99_ms']:.1f} ms", \
        rows[0]["p99_ms"] <= 30
    yield f"deaf: p99 at most 600 ms: {rows[2]['p99_ms']:.0f} ms", rows[2]["p99_ms"] <= 600
