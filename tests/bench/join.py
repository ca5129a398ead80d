"""join: how soon a host, and 30 hosts at once, are part of a network that beacons make.

Three things on one LAN: 30 hosts started at once; a host that joins 16; a host that comes back with
its key at another address."""
import time

from api import Api
from lan import Lan, Watch, alive_at, form, middle, row, seconds_until
from lab import run as command

AT_ONCE = 30
MEMBERS = 16
TRIES = 10
LIMIT = 30


def start_at_once(lab):
    """Seconds from the last start until all know all."""
    taken = []
    for number in range(TRIES):
        lan = Lan(lab, f"s{number}", AT_ONCE).start()
        taken.append(seconds_until(lan.hosts, AT_ONCE, LIMIT) or float(LIMIT))
        lan.remove()
    return taken


def told_of(watch, name):
    return all(any(event["event"] == "member_joined" and
                   event["name"] == name for event in listener.events)
               for listener in watch.listeners)


def join(lan):
    """A new host: seconds until it knows all, and until all know it, both from its start."""
    watch = Watch(lan.hosts)
    try:
        host = lan.add_host()
        started = time.monotonic()
        host.start()
        watch.wait(LIMIT, lambda: told_of(watch, host.name))
        seen = time.monotonic() - started
        known = seconds_until([host], len(lan.hosts), LIMIT)
        return seen, time.monotonic() - started if known is not None else float(LIMIT)
    finally:
        watch.close()


def come_back(lan, number):
    """Killed, and started with its key at another address: seconds until a message that it
    publishes is everywhere."""
    host = lan.hosts[number]
    host.kill()
    command("ip", "-n", host.namespace, "addr", "flush", "dev", "eth0", "scope", "global")
    command("ip", "-n", host.namespace, "addr", "add", f"10.80.0.{100 + number}/24", "dev", "eth0")
    others = [other for other in lan.hosts if other is not host]
    delivered = [other.ask(op="status")["counters"]["messages_delivered"] for other in others]
    started = time.monotonic()
    host.start()
    host.wait_ready()
    while alive_at(host) < 2:
        time.sleep(0.005)
    with Api(host.socket) as api:
        api.publish("back", b"here I am")
    while any(other.ask(op="status")["counters"]["messages_delivered"] <= before
              for other, before in zip(others, delivered)):
        if time.monotonic() - started > LIMIT:
            break
    return time.monotonic() - started


def run(lab, _):
    rows = []
    taken = start_at_once(lab)
    rows.append(row("join", AT_ONCE, what="30 started at once: one network",
                    p50_ms=1000 * middle(taken), max_ms=1000 * max(taken), tries=len(taken)))
    lan = Lan(lab, "j", MEMBERS).start()
    form(lan)
    joins = [join(lan) for _ in range(TRIES)]
    for index, what in ((0, "a join: seen by all"), (1, "a join: the joiner knows all")):
        values = [pair[index] for pair in joins]
        rows.append(row("join", MEMBERS, what=what, p50_ms=1000 * middle(values),
                        max_ms=1000 * max(values), tries=len(values)))
    back = []
    for number in range(1, 1 + TRIES // 2):
        back.append(come_back(lan, number))
        time.sleep(3)
    rows.append(row("join", len(lan.hosts), what="back at a new address: its message everywhere",
                    p50_ms=1000 * middle(back), max_ms=1000 * max(back), tries=len(back)))
    return rows


def targets(rows):
    for found, limit in zip(rows, (1.0, 2.0, 2.0, 1.0)):
        yield (f"{found['what']} within {limit} s of the start: {found['max_ms'] / 1000:.2f} s",
               found["max_ms"] <= 1000 * limit)
