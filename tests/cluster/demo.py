#!/usr/bin/env python3
"""./dev demo: watch a small network form, talk, lose a node and end, within a minute.

  demo.py                      5 nodes on one LAN of network namespaces; where those cannot be
                               made, on 127.0.0.1 to 127.0.0.5
  demo.py --subnets [--minutes N]   9 hosts in 3 subnets behind a router, left running for an
                               operator to play with; ends on Ctrl-C, or after N minutes (30)

Exit code 0 when everything shown has happened, 1 with the reason when something has not."""
import argparse
import shlex
import subprocess
import sys
import textwrap
import time

from api import Listener, pump
from host import COMMAND
from lab import Lab, Skip, end_on_signals, three_subnets

NODES = 5
NAMES = ["alice", "bob", "carol", "dave", "erin"]
TOPIC = "news"


class Demo:
    """One run; `say` prints with the seconds since the start."""

    def __init__(self, lab):
        self.lab = lab
        self.started = time.monotonic()

    def say(self, text):
        print(f"[{time.monotonic() - self.started:5.1f} s] {text}", flush=True)

    def show(self, host, *arguments):
        """Runs a hearsay command as an operator of that host would, and prints what it prints."""
        print(f"          {host.name}$ hearsay {shlex.join(arguments)}")
        done = host.command(*arguments)
        print(textwrap.indent(done.stdout, "          "), end="", flush=True)
        assert done.returncode == 0, f"hearsay {arguments[0]} failed: {done.stderr.strip()}"

    def wait(self, is_true, seconds, what):
        deadline = time.monotonic() + seconds
        while not is_true():
            assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
            time.sleep(0.05)

    def all_alive(self, count):
        return all(list(host.states().values()).count("alive") == count
                   for host in self.lab.hosts.values() if host.process.poll() is None)


def make_lan(lab):
    lab.add_bridge("br-demo")
    for number, name in enumerate(NAMES, 1):
        lab.add_host(name, lab.add_place(name, "br-demo", f"10.77.0.{number}/24"))


def make_loopback(lab):
    """Beacons do not cross the loopback interface's addresses, so here all but the first have a
    seed."""
    for number, name in enumerate(NAMES, 1):
        lab.add_host(name, listen={"addresses": [f"127.0.0.{number}"]},
                     discovery={"beacon": False, "seeds": ["127.0.0.1"] if number > 1 else []})


def meet(demo, how):
    demo.lab.start_all()
    demo.say(f"{NODES} daemons run; none of them was told an address of another" if how == "beacon"
             else f"{NODES} daemons run on 127.0.0.1 to 127.0.0.{NODES}; the first is the seed")
    demo.wait(lambda: demo.all_alive(NODES), 20, f"{NODES} members found on all")
    demo.say("every node has found every other:")
    demo.show(demo.lab.hosts["carol"], "members")


def talk(demo):
    hosts = demo.lab.hosts
    listeners = [Listener(name, host.socket, [TOPIC]) for name, host in hosts.items()]
    demo.say("every node subscribes; every node publishes")
    for name, host in hosts.items():
        demo.show(host, "publish", TOPIC, f"hello from {name}")
    expected = {f"hello from {name}".encode() for name in hosts}

    def is_done():
        return all({payload for _, payload in l.messages} >= expected for l in listeners)

    assert pump(listeners, is_done, 10), "not every message was delivered on every node"
    pump(listeners, lambda: False, 1)  # a second delivery would come now
    for listener in listeners:
        got = [payload.decode() for _, payload in listener.messages]
        assert len(got) == len(expected), f"{listener.name} got {len(got)} messages: {got}"
        print(f"          {listener.name:6} got {', '.join(got)}")
        listener.close()
    demo.say(f"{len(expected)} messages, each delivered exactly once on each of {NODES} nodes")


def lose_one(demo):
    victim = demo.lab.hosts["dave"]
    others = [host for host in demo.lab.hosts.values() if host is not victim]
    listeners = [Listener(host.name, host.socket, [], events=True) for host in others]
    demo.say("dave is killed with SIGKILL: no goodbye")
    killed = time.monotonic()
    victim.kill()
    noticed = {}

    def is_done():
        for listener in listeners:
            for event in listener.events:
                if event["event"] == "member_failed" and event["name"] == "dave":
                    noticed.setdefault(listener.name, time.monotonic() - killed)
        return len(noticed) == len(listeners)

    assert pump(listeners, is_done, 10), f"only {sorted(noticed)} noticed that dave is gone"
    for name, seconds in sorted(noticed.items(), key=lambda entry: entry[1]):
        print(f"          {name:6} noticed after {seconds:.2f} s")
    for listener in listeners:
        listener.close()
    demo.wait(lambda: all(host.states().get("dave") == "failed" for host in others), 5,
              "dave listed as failed on all")
    demo.show(demo.lab.hosts["alice"], "members")
    demo.say("everyone lists dave as failed")


def run_demo(lab, how):
    demo = Demo(lab)
    (make_lan if how == "beacon" else make_loopback)(lab)
    meet(demo, how)
    talk(demo)
    lose_one(demo)
    for host in lab.hosts.values():
        host.stop()
    demo.say("all stopped; the demo has shown what it promised")


def write_wrappers(lab):
    """For each host a script that runs hearsay there."""
    for host in lab.hosts.values():
        script = lab.folder / f"on-{host.name}"
        words = " ".join(host.inside([COMMAND, "--socket", host.socket]))
        script.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        script.chmod(0o755)


def run_subnets(lab, minutes):
    demo = Demo(lab)
    demo.say("making 9 hosts, a1 to c3, in 3 subnets behind a router")
    three_subnets(lab)
    lab.start_all()
    write_wrappers(lab)
    demo.wait(lambda: demo.all_alive(9), 30, "9 members found on all")
    demo.say("all 9 know all 9: by beacons inside a subnet, by one seed across")
    demo.show(lab.hosts["c3"], "members")
    a1, b2 = lab.hosts["a1"], lab.hosts["b2"]
    folder = lab.folder
    print(textwrap.dedent(f"""
        Play with it as root from another terminal:

          {folder}/on-a1 members --watch
          {folder}/on-b2 subscribe news
          {folder}/on-c3 publish news 'the router carries it'
          {folder}/on-a1 status

          ip netns exec {b2.namespace} sh
              a shell on b2 (10.77.2.2)
          kill -9 {b2.process.pid}
              b2 fails: see who notices
          ip -n {b2.namespace} link set eth0 down
              its wire is cut
          ip -n {lab.prefix}-r link set eth1 down
              the router loses subnet b
          ip netns exec {a1.namespace} tc qdisc add dev eth0 root netem loss 20%
              a1 loses every fifth packet it sends

        Configuration, state and log of a host: {folder}/a1
        Ctrl-C ends and removes everything, as do {minutes} minutes.
        """), flush=True)
    deadline = time.monotonic() + minutes * 60
    told = set()
    while time.monotonic() < deadline:
        time.sleep(0.5)
        for host in lab.hosts.values():
            if host.name not in told and host.process.poll() is not None:
                told.add(host.name)
                demo.say(f"the daemon of {host.name} has ended; start it again with:\n          "
                         + " ".join(host.daemon_arguments()))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subnets", action="store_true", help="9 hosts in 3 subnets, left running")
    parser.add_argument("--minutes", type=float, default=30, help="how long --subnets runs")
    options = parser.parse_args()
    end_on_signals()
    try:
        if options.subnets:
            with Lab() as lab:
                run_guarded(lab, lambda: run_subnets(lab, options.minutes))
            return 0
        try:
            with Lab() as lab:
                run_guarded(lab, lambda: run_demo(lab, "beacon"))
        except Skip as skip:
            print(f"{skip}: using loopback addresses instead")
            with Lab(has_namespaces=False) as lab:
                run_guarded(lab, lambda: run_demo(lab, "loopback"))
        return 0
    except KeyboardInterrupt:
        print("\nended by Ctrl-C; everything is removed")
        return 0 if options.subnets else 130
    except (AssertionError, RuntimeError, OSError, Skip, subprocess.SubprocessError) as failure:
        print(f"\nDEMO FAILED: {failure}", flush=True)
        return 1


def run_guarded(lab, act):
    """On failure prints what the daemons logged, while it is there."""
    try:
        act()
    except (AssertionError, RuntimeError, OSError, subprocess.SubprocessError):
        print(lab.logs())
        raise


if __name__ == "__main__":
    sys.exit(main())
