"""flood_overload: four times what 16 nodes carry is offered, while a second node says little.

First the quiet publisher alone at 50 a second, then beside one that publishes as fast as it is
taken and wants to publish four times the highest rate. The highest rate is looked for first, in
short trials."""
import time

from flood_max import NODES, PAYLOAD, highest, throughput_sections
from load import load, memory_mb, times
from systems import Hearsay

QUIET_NODE = 8
QUIET_RATE = 50
MEMORY_MAX_MB = 192  # the store of 64 MiB, what the kernel and clients have not read, and the rest


def quiet_p99(found, number):
    return found["publishers"][number]["p99_ms"]


def run(lab, namespace):
    seconds = times("TRIAL", 3.0)
    system = Hearsay(lab, namespace, NODES, **throughput_sections())
    try:
        system.start()
        time.sleep(2)
        quiet = f"{QUIET_NODE}:{QUIET_RATE}:{int(4 * seconds * QUIET_RATE)}"
        alone = load(system, namespace, [quiet], size=PAYLOAD, seconds=4 * seconds)
        most, _ = highest(system, namespace, [0], seconds)
        time.sleep(2)
        offered = 4 * most
        loaded = load(system, namespace, [f"0:{offered:g}", quiet], size=PAYLOAD,
                      seconds=4 * seconds, drain=20, timeout=180)
        rss = memory_mb(system.pids())
    finally:
        system.close()
    return [{
        "name": "flood_overload", "system": system.name, "nodes": NODES, "highest": most,
        "offered": offered, "taken": loaded["publishers"][0]["per_s"],
        "refused": loaded["refused"], "delivered_ratio": loaded["ratio"],
        "least_ratio": loaded["ratio_min"], "lagged": loaded["lagged"],
        "drain_s": loaded["drain_seconds"], "busy_p99_ms": quiet_p99(loaded, 0),
        "quiet_alone_p99_ms": quiet_p99(alone, 0), "quiet_p99_ms": quiet_p99(loaded, 1),
        "rss_mb": rss,
    }]


def targets(rows):
    row = rows[0]
    yield (f"accepted messages delivered: {row['least_ratio']:.2%} where least",
           row["least_ratio"] == 1)
    yield (f"the publisher is slowed: {row['taken']:.0f} of {row['offered']:.0f} a second taken",
           row["taken"] < row["offered"])
    factor = row["quiet_p99_ms"] / row["quiet_alone_p99_ms"]
    yield f"a quiet publisher's p99 at most 5 times as long: {factor:.1f}", factor <= 5
    yield f"memory at most {MEMORY_MAX_MB} MB: {row['rss_mb']:.0f}", row["rss_mb"] <= MEMORY_MAX_MB
