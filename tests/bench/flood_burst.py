"""flood_burst: 30 nodes; 5,000 messages at once from one of them, then one from each, all alike.

Serf in the same run is offered the same burst, and how much of it reaches everyone within the
time is told. NATS takes it from one server of a mesh of 30."""
import time

from flood_quiet import percentile
from load import load, memory_mb
from nats_mesh import NatsMesh
from systems import Hearsay, Serf

NODES = 30
BURST = 5000
PAYLOAD = 100
WAIT_SECONDS = 10
SERF_WAIT_SECONDS = 15


def burst_row(system, found):
    return {"name": "flood_burst", "system": system.name, "nodes": NODES,
            "what": f"{BURST} from one node", "delivered_ratio": found["ratio"],
            "least_ratio": found["ratio_min"], "out_of_order": found["out_of_order"],
            "repeated": found["repeated"], "seconds": found["seconds"],
            "p99_ms": found["p99_ms"], "rss_mb": memory_mb(system.pids())}


def alike_row(system, found):
    return {"name": "flood_burst", "system": system.name, "nodes": NODES,
            "what": "alike from each node", "delivered_ratio": found["ratio"],
            "least_ratio": found["ratio_min"], "out_of_order": None, "repeated": None,
            "seconds": found["seconds"], "p99_ms": None, "rss_mb": None}


def loaded(system, namespace):
    yield burst_row(system, load(system, namespace, [f"0:0:{BURST}"], size=PAYLOAD,
                                 window=BURST, seconds=WAIT_SECONDS, drain=WAIT_SECONDS))
    time.sleep(2)
    yield alike_row(system, load(system, namespace, [f"{number}:0:1" for number in range(NODES)],
                                 size=PAYLOAD, seconds=2, drain=WAIT_SECONDS, identical=True))


def serf_burst(system):
    """Each event has a payload of its own. An agent says of every one that it was taken."""
    subscribers = system.subscribe("bench")
    publish = system.publisher(0)
    started = time.monotonic_ns()
    for number in range(BURST):
        publish(b"%08d" % number + b"x" * (PAYLOAD - 8))
        if number % 16 == 0:
            for subscriber in subscribers:
                subscriber.read()
    end = time.monotonic() + SERF_WAIT_SECONDS
    while time.monotonic() < end:
        for subscriber in subscribers:
            subscriber.read()
        time.sleep(0.01)
    counts, last, order = [], started, 0
    for subscriber in subscribers:
        numbers = []
        for moment, payload in system.bodies(subscriber):
            numbers.append(int(payload[:8]))
            last = max(last, moment)
        counts.append(len(set(numbers)))
        order += sum(1 for a, b in zip(numbers, numbers[1:]) if b < a)
        subscriber.close()
    return {"ratio": sum(counts) / len(counts) / BURST,
            "ratio_min": percentile(sorted(counts), 0) / BURST, "out_of_order": order,
            "repeated": None, "seconds": (last - started) / 1e9, "p99_ms": None}


def run(lab, namespace):
    rows = []
    for make in [Hearsay] + [NatsMesh] * NatsMesh.is_installed() + [Serf] * Serf.is_installed():
        system = make(lab, namespace, NODES)
        try:
            system.start()
            time.sleep(2)
            if make is Serf:
                rows.append(burst_row(system, serf_burst(system)))
            else:
                rows += loaded(system, namespace)
        finally:
            system.close()
    return rows


def targets(rows):
    burst, alike = rows[0], rows[1]
    yield (f"burst: all {BURST} at every node: {burst['least_ratio']:.2%} where least",
           burst["least_ratio"] == 1)
    yield (f"burst: in the publisher's order, once: {burst['out_of_order']} out of it, "
           f"{burst['repeated']} repeated", burst["out_of_order"] == 0 and burst["repeated"] == 0)
    yield f"burst: within 1 s: {burst['seconds']:.2f} s", burst["seconds"] <= 1
    yield (f"alike: all {NODES} at every node: {alike['least_ratio']:.2%} where least",
           alike["least_ratio"] == 1)
