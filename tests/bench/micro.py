"""micro: the google-benchmark programs beside this file."""
import json
import subprocess

from host import BUILD

MIN_SECONDS = 0.3
GOALS_NS = {"codec: encode_chunk": 1000, "codec: decode_chunk": 1000, "session: seal": 2000,
            "session: open": 2000}
UNITS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


def run_program(name):
    """Rows of tests/bench/NAME_bench.cc."""
    program = BUILD / f"tests/bench/{name}_bench"
    done = subprocess.run([program, "--benchmark_format=json",
                           f"--benchmark_min_time={MIN_SECONDS}"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180)
    if done.returncode != 0:
        raise RuntimeError(f"{program.name}: {done.stderr.strip()}")
    return [{
        "name": "micro", "system": "hearsay", "nodes": 1, "rate": None,
        "payload_bytes": None, "p50_ms": None, "p99_ms": None, "delivered_ratio": None,
        "benchmark": f"{name}: {entry['name']}",
        "cpu_ns": entry["cpu_time"] * UNITS[entry["time_unit"]],
        "frame_bytes": entry.get("frame_bytes"),
    } for entry in json.loads(done.stdout)["benchmarks"]]


def run(_lab, _namespace):
    programs = sorted((BUILD / "tests/bench").glob("*_bench"))
    if not programs:
        raise RuntimeError(f"no benchmark programs in {BUILD}/tests/bench: "
                           "build them with -DHEARSAY_BENCH=ON")
    rows = []
    for program in programs:
        rows += run_program(program.name.removesuffix("_bench"))
    return rows


def targets(rows):
    cpu_ns = {row["benchmark"]: row["cpu_ns"] for row in rows}
    for name, most in GOALS_NS.items():
        if name in cpu_ns:
            yield f"{name} at most {most / 1000:g} us: {cpu_ns[name] / 1000:.2f}", \
                cpu_ns[name] <= most
    for what in ("look_up_held", "look_up_unknown", "insert_full"):
        ours, theirs = cpu_ns.get(f"dedup: cache_{what}"), cpu_ns.get(f"dedup: set_{what}")
        if ours and theirs:
            yield f"dedup {what} at most 1/3 of std::unordered_set: {ours / theirs:.2f}", \
                ours <= theirs / 3
