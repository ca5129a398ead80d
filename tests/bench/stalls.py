"""stalls: hosts that stand still for some seconds, and whether anybody else is blamed.

16 hosts that lose 10% of what reaches them, for ten minutes, one of them stopped (SIGSTOP) for 5 s
in every 30; then 20 hosts without loss, four of them stopped for 12 s, five times."""
import os
import random
import signal
import time

from lab import run as command
from lan import Lan, Watch, form, row, seconds_until

LOSS_NODES = 16
LOSS_PERCENT = 10
LOSS_ROUNDS = 20
ROUND_SECONDS = 30
STOP_SECONDS = 5
MANY_NODES = 20
MANY_STOPPED = 4
MANY_ROUNDS = 5
MANY_SECONDS = 12


def lose(host):
    command("ip", "netns", "exec", host.namespace, "nft",
            "add table inet loss; add chain inet loss input { type filter hook input priority 0; };"
            f"add rule inet loss input meta l4proto udp numgen random mod 100 < {LOSS_PERCENT} drop")


def stop_and_continue(lan, watch, victims, seconds):
    """Seconds until all are alive to all after the victims go on."""
    for victim in victims:
        os.kill(victim.process.pid, signal.SIGSTOP)
    try:
        watch.wait(seconds)
    finally:
        for victim in victims:
            os.kill(victim.process.pid, signal.SIGCONT)
    return seconds_until(lan.hosts, len(lan.hosts), 20) or 20.0


def blamed(watch, victims):
    return [(by, of) for by, of in watch.failed() if of not in victims]


def with_loss(lab):
    lan = Lan(lab, "l", LOSS_NODES)
    for host in lan.hosts:
        lose(host)
    lan.start()
    form(lan)
    watch = Watch(lan.hosts)
    order = random.Random(1)
    back, wrong = [], []
    for _ in range(LOSS_ROUNDS):
        started = time.monotonic()
        for listener in watch.listeners:
            listener.events.clear()
        victim = order.choice(lan.hosts)
        back.append(stop_and_continue(lan, watch, [victim], STOP_SECONDS))
        watch.wait(ROUND_SECONDS - (time.monotonic() - started))
        wrong += blamed(watch, {victim.name})
    watch.close()
    lan.remove()
    return row("stalls", LOSS_NODES, what="10% loss, one stopped for 5 s", rounds=LOSS_ROUNDS,
               wrongly_failed=len(wrong), back_max_ms=1000 * max(back))


def many(lab):
    lan = Lan(lab, "m", MANY_NODES).start()
    form(lan)
    watch = Watch(lan.hosts)
    order = random.Random(2)
    back, wrong = [], []
    for _ in range(MANY_ROUNDS):
        for listener in watch.listeners:
            listener.events.clear()
        victims = order.sample(lan.hosts, MANY_STOPPED)
        back.append(stop_and_continue(lan, watch, victims, MANY_SECONDS))
        watch.wait(5)
        wrong += blamed(watch, {victim.name for victim in victims})
    watch.close()
    return row("stalls", MANY_NODES, what="4 stopped for 12 s", rounds=MANY_ROUNDS,
               wrongly_failed=len(wrong), back_max_ms=1000 * max(back))


def run(lab, _):
    return [with_loss(lab), many(lab)]


def targets(rows):
    for found in rows:
        yield (f"{found['what']}: nobody else is listed as failed: {found['wrongly_failed']}",
               found["wrongly_failed"] == 0)
    yield (f"back within 2 s of going on: {rows[0]['back_max_ms'] / 1000:.2f} s",
           rows[0]["back_max_ms"] <= 2000)
