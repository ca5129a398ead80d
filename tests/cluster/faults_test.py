#!/usr/bin/env python3
"""20 hosts in 4 subnets behind a router, and what befalls networks: split in halves and healed, one
direction lost, a host killed, suspended, given another address, unplugged. After each, who is
listed as what, and how many links each host keeps."""
import os
import signal
import time

from lab import Lab, main_of, run, wait_until

SUBNETS = "abcd"
HOSTS_PER_SUBNET = 5
HOSTS = len(SUBNETS) * HOSTS_PER_SUBNET
LINKS_MIN, LINKS_MAX = 4, 13


def four_subnets(lab):
    """a1 to d5. Beacons do not cross the router r: the first host of each other subnet has a1 as
    its seed."""
    ports = {}
    for number, subnet in enumerate(SUBNETS, 1):
        lab.add_bridge(f"br-{subnet}")
        ports[f"br-{subnet}"] = f"10.79.{number}.254/24"
    lab.add_router("r", ports)
    for number, subnet in enumerate(SUBNETS, 1):
        for index in range(1, HOSTS_PER_SUBNET + 1):
            name = f"{subnet}{index}"
            namespace = lab.add_place(name, f"br-{subnet}", f"10.79.{number}.{index}/24",
                                      gateway=f"10.79.{number}.254")
            seeds = ["10.79.1.1"] if index == 1 and subnet != "a" else []
            lab.add_host(name, namespace, discovery={"seeds": seeds})


def nft(lab, rules):
    run("ip", "netns", "exec", f"{lab.prefix}-r", "nft", rules)


def sees(host, names, state):
    states = host.states()
    return all(states.get(name) == state for name in names)


def all_alive(lab, hosts=None):
    hosts = hosts or list(lab.hosts.values())
    names = [host.name for host in hosts]
    return all(sees(host, names, "alive") for host in hosts)


def stay_alive(lab, hosts, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert all_alive(lab, hosts), "a living host was taken for failed"
        time.sleep(0.1)


def wait_for_links(hosts):
    def fits():
        counts = [host.ask(op="status")["links"] for host in hosts]
        return all(LINKS_MIN <= count <= LINKS_MAX for count in counts)

    wait_until(fits, 10, f"every host has {LINKS_MIN} to {LINKS_MAX} links")


def test_start(lab):
    lab.start_all()
    took = wait_until(lambda: all_alive(lab), 20, f"all {HOSTS} know all")
    wait_for_links(lab.hosts.values())
    print(f"all {HOSTS} hosts of 4 subnets know all {took:.1f} s after the last was started")


def test_halves(lab):
    halves = [[h for h in lab.hosts.values() if h.name[0] in letters] for letters in ("ab", "cd")]
    nft(lab, "add table ip split; add chain ip split forward { type filter hook forward priority 0; };"
             "add rule ip split forward ip saddr 10.79.1.0-10.79.2.255 ip daddr 10.79.3.0-10.79.4.255 drop;"
             "add rule ip split forward ip daddr 10.79.1.0-10.79.2.255 ip saddr 10.79.3.0-10.79.4.255 drop")
    took = wait_until(
        lambda: all(sees(h, [o.name for o in other], "failed")
                    for half, other in (halves, reversed(halves)) for h in half),
        10, "each half takes the other for failed")
    assert all(all_alive(lab, half) for half in halves), "a half lost one of its own"
    print(f"split 10 from 10: each half lists the other as failed after {took:.1f} s")
    time.sleep(5)
    nft(lab, "delete table ip split")
    took = wait_until(lambda: all_alive(lab), 10, "all are alive to all after the split")
    wait_for_links(lab.hosts.values())
    print(f"healed: all alive to all after {took:.1f} s")


def test_one_direction(lab):
    """d5 hears nobody outside d, but they hear d5: all stay alive, by way of the others."""
    nft(lab, "add table ip oneway; add chain ip oneway forward { type filter hook forward priority 0; };"
             "add rule ip oneway forward ip daddr 10.79.4.5 drop")
    time.sleep(6)
    wait_until(lambda: all_alive(lab), 5, "all are alive with one direction lost")
    nft(lab, "delete table ip oneway")
    wait_until(lambda: all_alive(lab), 5, "all are alive afterwards")
    print("one direction to d5 lost for 6 s: all alive to all")


def test_kill(lab):
    victim = lab.hosts["b3"]
    others = [host for host in lab.hosts.values() if host is not victim]
    victim.kill()
    took = wait_until(lambda: all(sees(h, ["b3"], "failed") for h in others), 8, "b3 is failed")
    assert all_alive(lab, others)
    victim.start()
    victim.wait_ready()
    back = wait_until(lambda: all_alive(lab), 5, "b3 is back")
    print(f"b3 killed: failed to all after {took:.1f} s; restarted: alive to all after {back:.1f} s")


def test_pause(lab):
    victim = lab.hosts["c2"]
    others = [host for host in lab.hosts.values() if host is not victim]
    os.kill(victim.process.pid, signal.SIGSTOP)
    try:
        took = wait_until(lambda: all(sees(h, ["c2"], "failed") for h in others), 8, "c2 is failed")
        stay_alive(lab, others, 5)
    finally:
        os.kill(victim.process.pid, signal.SIGCONT)
    back = wait_until(lambda: all_alive(lab), 5, "c2 is back")
    stay_alive(lab, list(lab.hosts.values()), 4)
    print(f"c2 stopped: failed to all after {took:.1f} s; continued: alive to all after {back:.1f} s")


def test_address(lab):
    host = lab.hosts["a4"]
    run("ip", "-n", host.namespace, "addr", "del", "10.79.1.4/24", "dev", "eth0")
    run("ip", "-n", host.namespace, "addr", "add", "10.79.1.44/24", "dev", "eth0")
    run("ip", "-n", host.namespace, "route", "replace", "default", "via", "10.79.1.254")

    def is_known():
        for other in lab.hosts.values():
            for member in other.ask(op="members")["members"]:
                if member["name"] == "a4" and not any("10.79.1.44:" in a
                                                      for a in member["addresses"]):
                    return False
        return True

    took = wait_until(is_known, 10, "the new address of a4 is known to all")
    back = wait_until(lambda: all_alive(lab), 5, "a4 is alive to all")
    print(f"a4 has another address: known to all after {took:.1f} s, alive after {back:.1f} s")


def test_interface(lab):
    host = lab.hosts["d2"]
    others = [other for other in lab.hosts.values() if other is not host]
    run("ip", "-n", host.namespace, "link", "set", "eth0", "down")
    took = wait_until(lambda: all(sees(h, ["d2"], "failed") for h in others), 8, "d2 is failed")
    wait_until(lambda: sees(host, [h.name for h in others], "failed"), 15,
               "d2 knows that it is alone")
    run("ip", "-n", host.namespace, "link", "set", "eth0", "up")
    run("ip", "-n", host.namespace, "route", "replace", "default", "via", "10.79.4.254")
    back = wait_until(lambda: all_alive(lab), 8, "d2 is back")
    print(f"d2's interface down: failed to all after {took:.1f} s; up: alive after {back:.1f} s")


def test():
    with Lab() as lab:
        try:
            four_subnets(lab)
            for step in (test_start, test_halves, test_one_direction, test_kill, test_pause,
                         test_address, test_interface):
                step(lab)
            wait_for_links(lab.hosts.values())
        except BaseException:
            print(lab.logs())
            raise


if __name__ == "__main__":
    main_of(test)
