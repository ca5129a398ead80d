#!/usr/bin/env python3
"""./dev bench [NAME...]: runs all benchmarks, or the named ones, prints what they found beside what
they should, and writes build/bench.json. Each is bounded in time.

Exit code 1 when one could not run; a goal that is missed is only said."""
import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("HEARSAY_BUILD", str(ROOT / "build/release"))
sys.path.insert(0, str(ROOT / "tests/cluster"))
import catch_up  # noqa: E402
import codecs_bench  # noqa: E402
import detection  # noqa: E402
import flood_burst  # noqa: E402
import flood_loss  # noqa: E402
import flood_max  # noqa: E402
import flood_overload  # noqa: E402
import flood_quiet  # noqa: E402
import heal  # noqa: E402
import idle  # noqa: E402
import idle_lan  # noqa: E402
import join  # noqa: E402
import large_message  # noqa: E402
import micro  # noqa: E402
import nats_mesh  # noqa: E402
import stalls  # noqa: E402
from lab import Lab, Skip, end_on_signals  # noqa: E402
from systems import Serf, version_of  # noqa: E402

BENCHMARKS = {"flood_quiet": flood_quiet, "idle": idle, "micro": micro, "codecs": codecs_bench,
              "detection": detection,
              "join": join, "heal": heal, "stalls": stalls, "idle_lan": idle_lan,
              "flood_max": flood_max, "flood_burst": flood_burst, "flood_overload": flood_overload,
              "flood_loss": flood_loss, "large_message": large_message, "catch_up": catch_up}
# Where no namespace can be made:
ON_LOOPBACK = {"flood_quiet", "codecs", "idle", "detection", "flood_max", "flood_burst", "flood_overload",
               "large_message"}
RESULT = ROOT / "build/bench.json"


def machine():
    def first_line(command):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=10, cwd=ROOT)
            return done.stdout.strip().split("\n")[0]
        except OSError:
            return ""

    model = ""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {
        "cpu": model, "cores": os.cpu_count(), "kernel": platform.release(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
        "load_before": os.getloadavg()[0],
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": first_line(["git", "rev-parse", "--short", "HEAD"]),
        "serf": version_of("serf") if Serf.is_installed() else None,
        "nats": nats_mesh.version() if nats_mesh.NatsMesh.is_installed() else None,
    }


def shown(value):
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 100 else f"{value:.0f}"
    return str(value)


def print_table(rows):
    """Columns are the keys of the rows; those that are empty throughout are left out."""
    keys = [key for key in dict.fromkeys(key for row in rows for key in row)
            if key != "name" and any(row.get(key) is not None for row in rows)]
    lines = [keys] + [[shown(row.get(key)) for key in keys] for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(keys))]
    for line in lines:
        print("  " + "  ".join(cell.rjust(width) for cell, width in zip(line, widths)))


def run_one(name):
    """Rows of one benchmark, in a namespace of its own where that can be made."""
    benchmark = BENCHMARKS[name]
    if name == "micro":
        return benchmark.run(None, None)
    try:
        with Lab() as lab:
            return benchmark.run(lab, lab.add_namespace("bench"))
    except Skip as skip:
        if name not in ON_LOOPBACK:
            raise RuntimeError(skip) from None
        print(f"  {skip}: on this host's own loopback addresses")
        with Lab(has_namespaces=False) as lab:
            return benchmark.run(lab, None)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    for name in names:
        if name not in BENCHMARKS:
            parser.error(f"no benchmark '{name}'; there are: {', '.join(BENCHMARKS)}")
    end_on_signals()

    report = {"schema": 1, "machine": machine(), "results": []}
    print("machine: " + ", ".join(f"{key} {value}" for key, value in report["machine"].items()))
    failures = 0
    for name in names:
        started = time.monotonic()
        print(f"\n{name}: {BENCHMARKS[name].__doc__.splitlines()[0].split(': ', 1)[1]}", flush=True)
        try:
            rows = run_one(name)
        except (RuntimeError, OSError, subprocess.SubprocessError) as failure:
            print(f"  FAILED: {failure}")
            failures += 1
            continue
        print_table(rows)
        for what, is_reached in BENCHMARKS[name].targets(rows):
            print(f"  {'reached' if is_reached else 'MISSED '}  {what}")
        print(f"  ({time.monotonic() - started:.0f} s)")
        report["results"] += rows
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(report, indent=1) + "\n")
    print(f"\nwritten to {RESULT.relative_to(ROOT)}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
