"""detection: one of 16 nodes is killed (SIGKILL); when do all the others say that it has failed?

Every node's own event stream is read by this process, so there is one clock: from just before the
signal to the moment the bytes of the event were read. A hearsay node is started again after each
trial and joins before the next; a serf agent stays dead, so that a trial has one node less."""
import os
import random
import selectors
import signal
import time

from systems import Hearsay, Serf

NODES = 16
TRIALS = {"hearsay": 20, "serf": 5}
LIMIT_SECONDS = 20
SETTLE_SECONDS = 3


def percentile(values, share):
    return values[min(len(values) - 1, int(len(values) * share))] if values else None


def wait_for_failure(watchers, victim, started, limit):
    """The seconds until each watcher told of it; shorter than `watchers` when some never did."""
    noticed = {}
    with selectors.DefaultSelector() as selector:
        for watcher in watchers:
            selector.register(watcher, selectors.EVENT_READ)
        while len(noticed) < len(watchers) and (left := started + limit - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                moment = time.monotonic()
                if key.fileobj.number not in noticed and victim in key.fileobj.failed():
                    noticed[key.fileobj.number] = moment - started
    return list(noticed.values())


def trial(system, living, victim):
    watchers = [system.watch_failures(number) for number in living if number != victim]
    try:
        started = time.monotonic()
        os.kill(system.pids()[victim], signal.SIGKILL)
        return wait_for_failure(watchers, victim, started, LIMIT_SECONDS), len(watchers)
    finally:
        for watcher in watchers:
            watcher.close()


def measure(system, trials):
    """Seconds until the last node told, ascending; all seconds; how many should have told."""
    order = random.Random(1)
    living = list(range(system.nodes))
    last, every, expected = [], [], 0
    for _ in range(trials):
        time.sleep(SETTLE_SECONDS)
        victim = order.choice(living[1:])  # the first one is the seed of the others
        seconds, watchers = trial(system, living, victim)
        expected += watchers
        every += seconds
        last.append(max(seconds) if len(seconds) == watchers else float(LIMIT_SECONDS))
        if not system.revive(victim):
            living.remove(victim)
    return sorted(last), sorted(every), expected


def run(lab, namespace):
    rows = []
    for make in [Hearsay] + ([Serf] if Serf.is_installed() else []):
        system = make(lab, namespace, NODES)
        try:
            system.start()
            last, every, expected = measure(system, TRIALS[system.name])
            rows.append({
                "name": "detection", "system": system.name, "nodes": NODES, "rate": 0,
                "payload_bytes": 0, "p50_ms": 1000 * percentile(every, 0.5),
                "p99_ms": 1000 * percentile(every, 0.99), "max_ms": 1000 * every[-1],
                "all_told_p50_ms": 1000 * percentile(last, 0.5),
                "delivered_ratio": len(every) / expected, "trials": len(last),
            })
        finally:
            system.close()
    return rows


def targets(rows):
    by_system = {row["system"]: row for row in rows}
    hearsay, serf = by_system["hearsay"], by_system.get("serf")
    yield (f"told by all others: {hearsay['delivered_ratio']:.2%}",
           hearsay["delivered_ratio"] == 1)
    yield f"median at most 2.2 s: {hearsay['p50_ms'] / 1000:.2f} s", hearsay["p50_ms"] <= 2200
    yield f"p99 at most 2.5 s: {hearsay['p99_ms'] / 1000:.2f} s", hearsay["p99_ms"] <= 2500
    if serf:
        factor = serf["p50_ms"] / hearsay["p50_ms"]
        yield f"serf at least 3 times slower: {factor:.1f} times", factor >= 3
