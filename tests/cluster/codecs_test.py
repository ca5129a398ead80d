#!/usr/bin/env python3
"""10 hosts on one LAN that speak two codecs: f1-f3 FlatBuffers only, p1-p3 prefer Protocol Buffers,
b1-b3 prefer FlatBuffers and read both, and `odd` reads Protocol Buffers only. All messages arrive
everywhere, once; who shares no codec is not linked, and says so on both sides."""
import sys

from api import Listener
from cluster_test import alive_count, publish_round, require_once_everywhere
from host import BUILD
from lab import Lab, main_of, wait_until

PLUGIN = BUILD.absolute() / "wire/protobuf/codec-protobuf.so"
MESSAGES = 100
CODECS = {"f": ["flatbuffers"], "p": ["protobuf", "flatbuffers"], "b": ["flatbuffers", "protobuf"],
          "o": ["protobuf"]}
# Both sides prefer their own: what is sent from the first to the second.
SENT = {("f", "f"): "flatbuffers", ("f", "p"): "flatbuffers", ("f", "b"): "flatbuffers",
        ("p", "f"): "flatbuffers", ("p", "p"): "protobuf", ("p", "b"): "protobuf",
        ("b", "f"): "flatbuffers", ("b", "p"): "flatbuffers", ("b", "b"): "flatbuffers",
        ("p", "o"): "protobuf", ("b", "o"): "protobuf", ("o", "p"): "protobuf",
        ("o", "b"): "protobuf"}


def make_hosts(lab):
    lab.add_bridge("br")
    for number, name in enumerate(["f1", "f2", "f3", "p1", "p2", "p3", "b1", "b2", "b3", "odd"], 1):
        namespace = lab.add_place(name, "br", f"10.78.0.{number}/24")
        wire = {"codecs": CODECS[name[0]]}
        if name[0] != "f":
            wire["plugins"] = [str(PLUGIN)]
        # Seeds are dialled whatever beacons bring: odd meets f1, which it cannot talk to.
        seeds = {"odd": ["10.78.0.1", "10.78.0.4"], "f1": ["10.78.0.10"]}.get(name, [])
        lab.add_host(name, namespace, wire=wire, discovery={"seeds": seeds})


def links(lab):
    """(from, to) -> codec, of all links."""
    found = {}
    for name, host in lab.hosts.items():
        for link in host.ask(op="links")["links"]:
            found[name, link["name"]] = link["codec"]
    return found


def test_codecs_of_links(lab):
    found = links(lab)
    counts = {}
    for (here, there), codec in found.items():
        assert (here[0], there[0]) in SENT, f"{here} and {there} share no codec, but are linked"
        assert codec == SENT[here[0], there[0]], f"{here} sends {codec} to {there}"
        counts[codec] = counts.get(codec, 0) + 1
    assert counts.get("flatbuffers", 0) >= 6 and counts.get("protobuf", 0) >= 6, counts
    shown = lab.hosts["p1"].command("links")
    assert shown.returncode == 0 and "protobuf" in shown.stdout, shown.stdout + shown.stderr
    print(f"{len(found)} ends of links by the codec they send: {counts}")


def tells(host, addresses, theirs, ours):
    """Whether status and doctor of a host name one of the others, what it reads and what we read:
    the last one met, which may not be the same in both."""
    status = host.command("status").stdout
    doctor = host.command("doctor", "--json").stdout
    return all(any(f"{address}:4327" in text for address in addresses) and theirs in text and ours in text and word in text
               for text, word in ((status, "no link is possible with"),
                                  (doctor, "no_common_codec")))


def test_refusal(lab):
    f1, odd = lab.hosts["f1"], lab.hosts["odd"]
    wait_until(lambda: tells(odd, [f"10.78.0.{n}" for n in (1, 2, 3)], "flatbuffers",
                             "protobuf"), 10,
               "odd says that it shares no codec with f1, f2 or f3")
    wait_until(lambda: tells(f1, ["10.78.0.10"], "protobuf", "flatbuffers"), 10,
               "f1 says that it shares no codec with odd")
    for host in (f1, odd):
        assert host.ask(op="status")["counters"]["refused_no_common_codec"] > 0, host.name
    line = next(line for line in odd.command("status").stdout.splitlines() if "no link" in line)
    print(f"odd: {line.strip()}")


def test():
    if not PLUGIN.exists():
        print("skipped: the Protocol Buffers codec is not built (HEARSAY_PROTOBUF)")
        sys.exit(77)
    with Lab() as lab:
        try:
            make_hosts(lab)
            lab.start_all()
            hosts = list(lab.hosts.values())
            took = wait_until(lambda: all(alive_count(host) == len(hosts) for host in hosts), 15,
                              "all 10 hosts know all 10")
            print(f"all 10 know all 10 after {took:.1f} s")
            listeners = [Listener(host.name, host.socket, ["cluster"]) for host in hosts]
            texts = [f"message {number}".encode() for number in range(MESSAGES)]
            publish_round(hosts, texts)
            took = require_once_everywhere(listeners, set(texts), 15)
            print(f"{MESSAGES} messages from 10 hosts delivered once on each, within {took:.2f} s")
            test_codecs_of_links(lab)
            test_refusal(lab)
            for listener in listeners:
                listener.close()
        except BaseException:
            print(lab.logs())
            raise


if __name__ == "__main__":
    main_of(test)
