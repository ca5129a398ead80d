"""large_message: 1 MiB from one of 16 nodes, until the last byte is at the last one.

One message at a time, as many as the run is long; the nats-server mesh has its limit raised to take
them. Medians and the slowest of all."""
import time

from load import load, median, times
from nats_mesh import NatsMesh
from systems import Hearsay

NODES = 16
SIZE = 1 << 20
COUNT = 10
LIMIT_SECONDS = 15


def row_of(system, namespace, count):
    seconds, ratio = [], 1.0
    for _ in range(count):
        found = load(system, namespace, ["0:0:1"], size=SIZE, seconds=1, drain=LIMIT_SECONDS)
        ratio = min(ratio, found["ratio_min"])
        seconds.append(found["seconds"] if found["ratio_min"] == 1 else None)
        time.sleep(0.3)
    known = [value for value in seconds if value is not None]
    return {"name": "large_message", "system": system.name, "nodes": NODES, "payload_bytes": SIZE,
            "messages": count, "least_ratio": ratio,
            "median_ms": 1000 * median(known) if known else None,
            "max_ms": 1000 * max(known) if known else None}


def run(lab, namespace):
    rows = []
    for make in [Hearsay] + [NatsMesh] * NatsMesh.is_installed():
        system = make(lab, namespace, NODES)
        try:
            system.start()
            time.sleep(2)
            rows.append(row_of(system, namespace, times("COUNT", COUNT)))
        finally:
            system.close()
    return rows


def targets(rows):
    hearsay = rows[0]
    yield f"all delivered: {hearsay['least_ratio']:.2%} where least", hearsay["least_ratio"] == 1
    if len(rows) > 1 and hearsay["median_ms"]:
        factor = hearsay["median_ms"] / rows[1]["median_ms"]
        yield f"median at most 3 times nats's: {factor:.2f}", factor <= 3
