"""flood_quiet: 16 nodes, a subscriber on each, one publishes 100-byte messages at 50 a second.

One process publishes and reads everything, so there is one clock: each payload begins with the
moment before it was sent. Latency is from there to the moment the subscriber's bytes were read,
over the 15 other nodes; the publisher's own copy counts for the delivered ratio only."""
import selectors
import struct
import time

from systems import Hearsay, Serf

NODES = 16
RATE = 50
PAYLOAD = 100
SECONDS = 20
DRAIN_SECONDS = 8    # after the last publish; serf needs some
STAMP = struct.Struct("<QI")


def percentile(values, share):
    return values[min(len(values) - 1, int(len(values) * share))] if values else None


def drive(system, seconds, rate, size):
    """Publishes on time while reading; returns the number published and the subscribers."""
    subscribers = system.subscribe("bench")
    publish = system.publisher(0)
    padding = b"x" * (size - STAMP.size)
    count = int(seconds * rate)
    with selectors.DefaultSelector() as selector:
        for subscriber in subscribers:
            selector.register(subscriber, selectors.EVENT_READ)
        started = time.monotonic()
        end = started + seconds + DRAIN_SECONDS
        sent = 0
        while (now := time.monotonic()) < end:
            due = started + sent / rate if sent < count else end
            if now >= due:
                publish(STAMP.pack(time.monotonic_ns(), sent) + padding)
                sent += 1
                continue
            for key, _ in selector.select(due - now):
                key.fileobj.read()
    return count, subscribers


def judge(system, count, subscribers):
    """Latencies in ms of the other nodes, ascending, and how much was delivered."""
    latencies, delivered, repeated = [], 0, 0
    for subscriber in subscribers:
        seen = set()
        for moment, payload in system.bodies(subscriber):
            sent_at, number = STAMP.unpack_from(payload)
            if number in seen:
                repeated += 1
                continue
            seen.add(number)
            if subscriber.number != 0:
                latencies.append((moment - sent_at) / 1e6)
        delivered += len(seen)
        subscriber.close()
    latencies.sort()
    return latencies, delivered / (count * len(subscribers)), repeated


def row_of(system, count, subscribers):
    latencies, ratio, repeated = judge(system, count, subscribers)
    return {
        "name": "flood_quiet", "system": system.name, "nodes": NODES, "rate": RATE,
        "payload_bytes": PAYLOAD, "p50_ms": percentile(latencies, 0.50),
        "p99_ms": percentile(latencies, 0.99), "max_ms": latencies[-1] if latencies else None,
        "delivered_ratio": ratio, "repeated": repeated, "messages": count,
    }


def run(lab, namespace, seconds=SECONDS):
    rows = []
    systems = [Hearsay] + ([Serf] if Serf.is_installed() else [])
    for make in systems:
        system = make(lab, namespace, NODES)
        try:
            system.start()
            time.sleep(3)  # joining is not what is measured
            rows.append(row_of(system, *drive(system, seconds, RATE, PAYLOAD)))
        finally:
            system.close()
    return rows


def targets(rows):
    """(what, is reached) for each goal."""
    by_system = {row["system"]: row for row in rows}
    hearsay, serf = by_system["hearsay"], by_system.get("serf")
    p99 = hearsay["p99_ms"] or float("inf")
    yield f"all delivered: {hearsay['delivered_ratio']:.4%}", hearsay["delivered_ratio"] == 1
    yield f"p99 at most 5 ms: {p99:.2f} ms", p99 <= 5
    if serf and serf["p99_ms"]:
        factor = serf["p99_ms"] / p99
        yield f"p99 at most 1/50 of serf's: 1/{factor:.0f}", factor >= 50
