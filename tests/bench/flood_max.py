"""flood_max: the highest rate at which 16 subscribers on 16 nodes get everything; 100 bytes.

One publisher, then four (the rate is theirs together). A trial offers a rate for some seconds; it
is carried when all of it was taken, each subscriber got each message once, and the last was there
within a tenth of the trial after its end. The rate is doubled (or halved) until one is carried and
one is not, then the gap is halved until it is below 10%. Between two trials the systems rest.

HEARSAY_BENCH_TRIAL sets the seconds of a trial (3), HEARSAY_BENCH_ROUNDS how often all is
repeated (1); figures are medians of the rounds. Throughput is measured with `redundancy` = 1 where
the daemon has that key."""
import subprocess
import time

from host import COMMAND
from load import is_whole, load, median, memory_mb, times
from nats_mesh import NatsMesh
from systems import Hearsay

NODES = 16
PAYLOAD = 100
FIRST_RATE = 2000
RATE_MIN = 60
RATE_MAX = 1_000_000
GAP = 1.1
REST_SECONDS = 1
PUBLISHERS = {"1": [0], "4": [0, 4, 8, 12]}


def has_key(key):
    """Whether this build's configuration has it."""
    done = subprocess.run([COMMAND, "config", "show", "/dev/null"],
                          capture_output=True, text=True, timeout=10)
    return key in done.stdout


def throughput_sections():
    return {"flood": {"redundancy": 1}} if has_key("redundancy") else {}


def offer(system, namespace, publishers, rate, seconds, **options):
    share = rate / len(publishers)
    plans = [f"{number}:{share:g}:{int(share * seconds)}" for number in publishers]
    return load(system, namespace, plans, seconds=seconds, drain=max(2, seconds / 2),
                size=PAYLOAD, **options)


def is_carried(found, seconds):
    return is_whole(found) and found["publish_seconds"] <= seconds * 1.1 \
        and found["drain_seconds"] <= seconds * 0.1


def highest(system, namespace, publishers, seconds):
    """(messages a second, what was found at it); (0, last trial) when even the least is too much."""
    good, best, bad = 0, None, None
    rate = FIRST_RATE
    while RATE_MIN <= rate <= RATE_MAX:
        found = offer(system, namespace, publishers, rate, seconds)
        if is_carried(found, seconds):
            good, best = rate, found
        else:
            bad = rate
            time.sleep(REST_SECONDS)
        if good and bad and bad / good < GAP:
            break
        rate = (good * bad) ** 0.5 if good and bad else rate / 2 if bad else rate * 2
        time.sleep(REST_SECONDS)
    return (good, best) if best else (0, found)


def rows_of(system, namespace, seconds, which=PUBLISHERS):
    for label, publishers in which.items():
        rate, found = highest(system, namespace, publishers, seconds)
        time.sleep(REST_SECONDS)
        half = offer(system, namespace, publishers, rate / 2, seconds) if rate else {}
        yield {
            "name": "flood_max", "system": system.name, "nodes": NODES, "publishers": label,
            "rate": rate, "payload_bytes": PAYLOAD, "delivered_ratio": found["ratio"],
            "repeated": found["repeated"], "out_of_order": found["out_of_order"],
            "p99_ms": found["p99_ms"], "half_p50_ms": half.get("p50_ms"),
            "half_p99_ms": half.get("p99_ms"), "rss_mb": memory_mb(system.pids()),
        }


def run(lab, namespace):
    seconds = times("TRIAL", 3.0)
    found = {}
    for _ in range(times("ROUNDS", 1)):
        for make in [NatsMesh] * NatsMesh.is_installed() + [Hearsay]:
            sections = throughput_sections() if make is Hearsay else {}
            system = make(lab, namespace, NODES, **sections)
            try:
                system.start()
                time.sleep(2)
                for row in rows_of(system, namespace, seconds):
                    found.setdefault((row["system"], row["publishers"]), []).append(row)
            finally:
                system.close()
    return [{key: median([row[key] for row in rows])
             if isinstance(value, (int, float)) else value for key, value in rows[0].items()}
            for rows in found.values()]


def targets(rows):
    by_what = {(row["system"], row["publishers"]): row for row in rows}
    for label in PUBLISHERS:
        hearsay, nats = by_what["hearsay", label], by_what.get(("nats", label))
        if nats and nats["rate"]:
            ratio = hearsay["rate"] / nats["rate"]
            yield f"{label} publishing: rate at least nats's: {ratio:.2f} of it", ratio >= 1
        p99 = hearsay["half_p99_ms"] or float("inf")
        yield f"{label} publishing: p99 at half of it at most 20 ms: {p99:.1f} ms", p99 <= 20
