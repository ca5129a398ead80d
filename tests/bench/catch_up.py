"""catch_up: one of 8 nodes hears nothing for a while at 1,000 messages a second, then does again.

The node keeps running; nftables drops what it sends and what is sent to it, in a namespace the run
has made. The publisher stops when the wire is mended; the time until the last subscriber has
everything is the node's catching up, its new links included. HEARSAY_BENCH_AWAY sets how long
(20 s; the goal is meant for 60)."""
import threading
import time

from flood_loss import nft
from load import load, memory_mb, times
from systems import Hearsay

NODES = 8
RATE = 1000
PAYLOAD = 100
LIFETIME = "300s"
STORE = 512 << 20


def run(lab, namespace):
    if namespace is None:
        raise RuntimeError("cutting a node off needs a namespace of its own")
    seconds = times("AWAY", 20.0)
    away = f"127.0.0.{NODES}"
    system = Hearsay(lab, namespace, NODES, limits={"store": STORE}, flood={"lifetime": LIFETIME})
    mended = []

    def mend():
        nft(namespace, "delete table inet away")
        mended.append(time.monotonic())

    try:
        system.start()
        time.sleep(2)
        # Connections of the API are no datagrams: they stay. The 2 s are for the warm-up.
        cut = threading.Timer(2, nft, (
            namespace, "add table inet away; add chain inet away input "
            "{ type filter hook input priority 0; };"
            f"add rule inet away input meta l4proto udp ip saddr {away} drop;"
            f"add rule inet away input meta l4proto udp ip daddr {away} drop"))
        back = threading.Timer(2 + seconds, mend)
        cut.start()
        back.start()
        found = load(system, namespace, [f"0:{RATE}:{int(RATE * (2 + seconds))}"], size=PAYLOAD,
                     seconds=2 + seconds, drain=60, timeout=seconds + 120)
        ended = time.monotonic()
        back.join()
        rss = memory_mb(system.pids())
    finally:
        system.close()
    return [{"name": "catch_up", "system": system.name, "nodes": NODES, "rate": RATE,
             "away_s": seconds, "messages": found["accepted"], "delivered_ratio": found["ratio"],
             "least_ratio": found["ratio_min"], "repeated": found["repeated"],
             "caught_up_s": max(0.0, ended - mended[0]) if found["ratio_min"] == 1 else None,
             "rss_mb": rss}]


def targets(rows):
    row = rows[0]
    yield f"caught up on everything: {row['least_ratio']:.2%}", row["least_ratio"] == 1
    if row["caught_up_s"] is not None:
        yield f"within 5 s of its return: {row['caught_up_s']:.1f} s", row["caught_up_s"] <= 5
