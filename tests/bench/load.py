"""Runs hearsay_load (tests/bench/load) against a system of systems.py or nats_mesh.py."""
import json
import os
import pathlib
import statistics
import subprocess

from host import BUILD

PROGRAM = BUILD / "tests/bench/hearsay_load"


def load(system, namespace, plans, timeout=120, **options):
    """What the program prints, as a dictionary. `plans`: strings ENDPOINT:RATE:COUNT; options are
    its own, with _ for -."""
    if not PROGRAM.exists():
        raise RuntimeError(f"{PROGRAM} is not built: build it with -DHEARSAY_BENCH=ON")
    prefix = ["ip", "netns", "exec", namespace] if namespace else []
    arguments = prefix + [str(PROGRAM), "--system", system.name]
    for plan in plans:
        arguments += ["--publish", plan]
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        arguments += [flag] if value is True else [flag, str(value)]
    arguments += [str(endpoint) for endpoint in system.endpoints()]
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=timeout)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip().splitlines()[0] if done.stderr else "no reason told")
    return json.loads(done.stdout)


def is_whole(found):
    """Every accepted message is at every subscriber, once."""
    return found["refused"] == 0 and found["accepted"] > 0 and found["ratio_min"] == 1


def memory_mb(pids):
    """The largest RSS of these processes."""
    sizes = [0]
    for pid in pids:
        try:
            pages = pathlib.Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
        except OSError:
            continue
        sizes.append(int(pages) * os.sysconf("SC_PAGE_SIZE") / (1 << 20))
    return max(sizes)


def times(name, default):
    """How often, how long: the number of environment variable HEARSAY_BENCH_name, or the default."""
    return type(default)(os.environ.get(f"HEARSAY_BENCH_{name}", default))


def median(values):
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
