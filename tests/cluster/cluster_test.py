#!/usr/bin/env python3
"""9 hosts in 3 subnets behind a router: they find each other by beacons inside a subnet and by one
seed across, deliver 200 messages from all hosts once everywhere, notice a kill -9, and the killed
host catches up on what it missed."""
import collections
import time

from api import Listener, pump
from lab import Lab, main_of, three_subnets, wait_until

MESSAGES = 200
MISSED = 40


def alive_count(host):
    return sum(state == "alive" for state in host.states().values())


def bodies(listener):
    return collections.Counter(payload for _, payload in listener.messages)


def require_once_everywhere(listeners, expected, timeout):
    started = time.monotonic()
    done = pump(listeners, lambda: all(expected <= bodies(l).keys() for l in listeners), timeout)
    for listener in listeners:
        missing = expected - bodies(listener).keys()
        assert not missing, f"{listener.name} misses {len(missing)} of {len(expected)} messages"
    assert done
    took = time.monotonic() - started
    pump(listeners, lambda: False, 2)  # whatever comes twice comes now
    for listener in listeners:
        twice = [body for body, count in bodies(listener).items() if count != 1]
        assert not twice, f"{listener.name} got {twice[:3]} more than once"
        assert bodies(listener).keys() <= expected, f"{listener.name} got what nobody published"
    return took


def publish_round(hosts, texts):
    apis = [host.api() for host in hosts]
    for number, text in enumerate(texts):
        apis[number % len(apis)].publish("cluster", text)
    for api in apis:
        api.close()


def test_everyone_meets(lab):
    lab.start_all()
    took = wait_until(lambda: all(alive_count(host) == 9 for host in lab.hosts.values()), 30,
                      "all 9 hosts know all 9")
    print(f"all 9 know all 9 after {took:.1f} s")
    shown = lab.hosts["c3"].command("members")
    assert shown.returncode == 0, shown.stderr
    print(shown.stdout, end="")
    for name in lab.hosts:
        assert name in shown.stdout, f"{name} is not in what `hearsay members` prints"


def test_messages(lab):
    listeners = [Listener(h.name, h.socket, ["cluster"]) for h in lab.hosts.values()]
    texts = [f"message {number}".encode() for number in range(MESSAGES)]
    publish_round(list(lab.hosts.values()), texts)
    took = require_once_everywhere(listeners, set(texts), 20)
    print(f"{MESSAGES} messages from 9 hosts delivered once on each of 9, within {took:.2f} s")
    for listener in listeners:
        listener.close()


def test_failure(lab):
    victim = lab.hosts["c3"]
    others = [host for host in lab.hosts.values() if host is not victim]
    victim.kill()
    took = wait_until(lambda: all(h.states().get("c3") == "failed" for h in others), 10,
                      "c3, killed, is failed to all others")
    print(f"c3 killed; all 8 others report it failed within {took:.1f} s")
    return others


def test_catching_up(lab, others):
    victim = lab.hosts["c3"]
    texts = [f"missed {number}".encode() for number in range(MISSED)]
    publish_round(others, texts)
    # Unplugged until somebody listens there: the daemon would deliver to nobody.
    lab.unplug("c3")
    victim.start()
    victim.wait_ready()
    listener = Listener("c3", victim.socket, ["cluster"])
    lab.replug("c3", "br-c")
    started = time.monotonic()
    expected = set(texts)
    assert pump([listener], lambda: expected <= bodies(listener).keys(), 20), \
        f"c3, restarted, still misses {len(expected - bodies(listener).keys())} messages"
    print(f"c3 restarted and caught up on {MISSED} messages in {time.monotonic() - started:.1f} s")
    pump([listener], lambda: False, 2)
    for event, payload in listener.messages:
        assert bodies(listener)[payload] == 1, f"c3 got {payload} twice since its restart"
        # What it had delivered before the crash may come again, once, and must say so.
        assert payload in expected or event["repeat"], f"{payload} repeated without saying so"
    listener.close()
    took = wait_until(lambda: all(alive_count(host) == 9 for host in lab.hosts.values()), 20,
                      "all 9 are alive to all again")
    print(f"all 9 alive to all again after {took:.1f} s more")


def test():
    with Lab() as lab:
        try:
            three_subnets(lab)
            test_everyone_meets(lab)
            test_messages(lab)
            others = test_failure(lab)
            test_catching_up(lab, others)
        except BaseException:
            print(lab.logs())
            raise


if __name__ == "__main__":
    main_of(test)
