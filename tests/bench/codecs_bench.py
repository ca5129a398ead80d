"""codecs: what each codec costs per frame: time to encode and decode, bytes."""
import micro

GOALS_NS = {"encode_chunk": 1000, "decode_chunk": 300}


def run(_lab, _namespace):
    return micro.run_program("codec")


def targets(rows):
    cpu_ns = {row["benchmark"].removeprefix("codec: "): row["cpu_ns"] for row in rows}
    for name, most in GOALS_NS.items():
        yield f"{name} (FlatBuffers, 890 bytes of body) at most {most} ns: {cpu_ns[name]:.0f}", \
            cpu_ns[name] <= most
