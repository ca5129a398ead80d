"""micro: the google-benchmark programs beside this file."""
import json
import subprocess

from host import BUILD

MIN_SECONDS = 0.3
UNITS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


def run(_lab, _namespace):
    rows = []
    programs = sorted((BUILD / "tests/bench").glob("*_bench"))
    if not programs:
        raise RuntimeError(f"no benchmark programs in {BUILD}/tests/bench: "
                           "build them with -DHEARSAY_BENCH=ON")
    for program in programs:
        done = subprocess.run([program, "--benchmark_format=json",
                               f"--benchmark_min_time={MIN_SECONDS}"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=180)
        if done.returncode != 0:
            raise RuntimeError(f"{program.name}: {done.stderr.strip()}")
        for entry in json.loads(done.stdout)["benchmarks"]:
            rows.append({
                "name": "micro", "system": "hearsay", "nodes": 1, "rate": None,
                "payload_bytes": None, "p50_ms": None, "p99_ms": None, "delivered_ratio": None,
                "benchmark": f"{program.name.removesuffix('_bench')}: {entry['name']}",
                "cpu_ns": entry["cpu_time"] * UNITS[entry["time_unit"]],
            })
    return rows


def targets(_rows):
    return []
