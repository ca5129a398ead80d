"""idle_lan: what a daemon costs in networks of 10, 20 and 60 hosts when nothing is published."""
import time

from idle import cpu_seconds, rss_mb
from lan import Lan, form, row

SIZES = (10, 20, 60)
SETTLE_SECONDS = 20
SECONDS = 30
COUNTERS = ("datagrams_sent", "bytes_sent", "datagrams_received", "bytes_received")


def look(hosts):
    return [[host.ask(op="status")["counters"][name] for name in COUNTERS] +
            [cpu_seconds(host.process.pid)] for host in hosts]


def measure(lan):
    time.sleep(SETTLE_SECONDS)
    before, started = look(lan.hosts), time.monotonic()
    time.sleep(SECONDS)
    after, took = look(lan.hosts), time.monotonic() - started
    sums = [sum(last - first for first, last in zip(firsts, lasts)) / took / len(lan.hosts)
            for firsts, lasts in zip(zip(*before), zip(*after))]
    links = [host.ask(op="status")["links"] for host in lan.hosts]
    return row("idle_lan", len(lan.hosts), links_mean=sum(links) / len(links),
               packets_sent=sums[0], bytes_sent=sums[1], packets_received=sums[2],
               bytes_received=sums[3], cpu_percent=100 * sums[4],
               rss_mb=max(rss_mb(host.process.pid) for host in lan.hosts))


def run(lab, _):
    rows = []
    for size in SIZES:
        lan = Lan(lab, f"i{size}", size).start()
        form(lan)
        rows.append(measure(lan))
        lan.remove()
    return rows


def targets(rows):
    worst = {key: max(found[key] for found in rows) for key in rows[0] if key != "what"
             and isinstance(rows[0][key], float)}
    yield (f"at most 3 KB/s each way per host: {worst['bytes_sent']:.0f} and "
           f"{worst['bytes_received']:.0f} bytes/s",
           max(worst["bytes_sent"], worst["bytes_received"]) <= 3000)
    yield (f"at most 25 packets/s each way: {worst['packets_sent']:.1f} and "
           f"{worst['packets_received']:.1f}",
           max(worst["packets_sent"], worst["packets_received"]) <= 25)
    yield f"at most 0.3% of a core: {worst['cpu_percent']:.2f}%", worst["cpu_percent"] <= 0.3
    yield f"RSS at most 12 MB: {worst['rss_mb']:.1f} MB", worst["rss_mb"] <= 12
