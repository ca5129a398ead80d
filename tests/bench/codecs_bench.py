"""codecs: what each codec costs per frame (time to encode and decode, bytes), and whether 16 nodes
of two codecs are as quick as 16 of one: the load of flood_quiet, first all with FlatBuffers, then
every second one preferring Protocol Buffers."""
import time

import flood_quiet
import micro
from host import BUILD
from systems import Hearsay

GOALS_NS = {"encode_chunk": 1000, "decode_chunk": 300}
P99_RATIO_MAX = 1.5
SECONDS = 20
PLUGIN = BUILD.absolute() / "wire/protobuf/codec-protobuf.so"


class Mixed(Hearsay):
    name = "hearsay, two codecs"

    def sections_of(self, number):
        if number % 2 == 0:
            return {}
        return {"wire": {"codecs": ["protobuf", "flatbuffers"], "plugins": [str(PLUGIN)]}}


def flood(make, lab, namespace):
    system = make(lab, namespace, flood_quiet.NODES)
    try:
        system.start()
        time.sleep(3)  # joining is not what is measured
        row = flood_quiet.row_of(system, *flood_quiet.drive(system, SECONDS, flood_quiet.RATE,
                                                            flood_quiet.PAYLOAD))
        codecs = [link["codec"] for host in system.hosts for link in host.ask(op="links")["links"]]
        return row | {"name": "codecs", "codecs_sent": len(set(codecs))}
    finally:
        system.close()


def run(lab, namespace):
    return micro.run_program("codec") + [flood(make, lab, namespace) for make in (Hearsay, Mixed)]


def targets(rows):
    cpu_ns = {row["benchmark"].removeprefix("codec: "): row["cpu_ns"] for row in rows
              if "benchmark" in row}
    for name, most in GOALS_NS.items():
        yield f"{name} (FlatBuffers, 890 bytes of body) at most {most} ns: {cpu_ns[name]:.0f}", \
            cpu_ns[name] <= most
    uniform, mixed = [row for row in rows if row["name"] == "codecs"]
    yield f"two codecs are in use: {mixed['codecs_sent']}", mixed["codecs_sent"] == 2
    yield f"all delivered in the mixed network: {mixed['delivered_ratio']:.4%}", \
        mixed["delivered_ratio"] == 1
    ratio = mixed["p99_ms"] / uniform["p99_ms"]
    yield f"its p99 at most {P99_RATIO_MAX} times the uniform one's: {ratio:.2f}", \
        ratio <= P99_RATIO_MAX
