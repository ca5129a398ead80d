"""idle: what a linked daemon costs when nothing is published: memory, CPU, traffic."""
import os
import time

from systems import Hearsay, wait_until

NODES = 16
SECONDS = 20
RSS_MAX_MB = 12
CPU_MAX_PERCENT = 0.5


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        line = next(line for line in file if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def link_count(host):
    return host.ask(op="status")["links"]


def run(lab, namespace, seconds=SECONDS):
    system = Hearsay(lab, namespace, NODES)
    try:
        system.start()
        first = system.hosts[0]
        for number in range(1, NODES):  # a large network would not link it to all by itself
            first.ask(op="connect", address=f"127.0.0.{number + 1}")
        try:
            wait_until(lambda: link_count(first) == NODES - 1, 15, "15 neighbours")
        except RuntimeError:
            pass  # the row says how many there were
        time.sleep(3)
        pid = first.process.pid
        before = first.ask(op="status")["counters"]
        cpu, started = cpu_seconds(pid), time.monotonic()
        time.sleep(seconds)
        cpu, took = cpu_seconds(pid) - cpu, time.monotonic() - started
        after = first.ask(op="status")["counters"]
        return [{
            "name": "idle", "system": "hearsay", "nodes": NODES, "rate": 0, "payload_bytes": 0,
            "p50_ms": None, "p99_ms": None, "delivered_ratio": None,
            "neighbours": link_count(first), "rss_mb": rss_mb(pid), "cpu_percent": 100 * cpu / took,
            "datagrams_sent_per_second":
                (after["datagrams_sent"] - before["datagrams_sent"]) / took,
            "bytes_sent_per_second": (after["bytes_sent"] - before["bytes_sent"]) / took,
        }]
    finally:
        system.close()


def targets(rows):
    row = rows[0]
    yield f"15 neighbours: {row['neighbours']}", row["neighbours"] == NODES - 1
    yield f"RSS at most {RSS_MAX_MB} MB: {row['rss_mb']:.1f} MB", row["rss_mb"] <= RSS_MAX_MB
    yield (f"CPU at most {CPU_MAX_PERCENT}% of a core: {row['cpu_percent']:.2f}%",
           row["cpu_percent"] <= CPU_MAX_PERCENT)
