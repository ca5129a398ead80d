#!/usr/bin/env python3
"""Fails when a source file breaks a rule that a reviewer should not have to check.

The rules: one-way includes, third-party headers only in the folder that owns them, nothing in
the protocol core that reads a clock, makes a thread or throws, and no file grown too long.
"""
import pathlib
import re
import sys

# A folder may include itself and what is listed here, nothing else.
MAY_INCLUDE = {
    "base": set(),
    "crypto": {"base"},
    "wire": {"base", "crypto"},
    "wire/protobuf": {"base", "crypto", "wire"},
    "config": {"base", "crypto"},
    "daemon/gossip": {"base", "crypto", "wire", "config"},
    "daemon/host": {"base", "crypto", "wire", "config", "daemon/gossip"},
    "daemon": {"base", "crypto", "wire", "config", "daemon/gossip", "daemon/host"},
    "client": {"base", "config"},
}
# Third-party headers, and the only folders allowed to see each.
OWNERS = {
    "uv.h": {"daemon/host"},
    "sodium": {"crypto"},
    "flatbuffers/": {"wire"},
    "google/protobuf/": {"wire/protobuf"},
    "toml++/": {"config"},
    "nlohmann/": {"daemon/host", "client"},
    "CLI/": {"client"},
}
BANNED_IN_CORE = re.compile(
    r"::now\(\)|random_device|\bthrow\b|\bgetenv\b|#include <sys/"
    r"|#include <(thread|mutex|atomic|fstream|iostream|random)>"
    r"|std::(thread|mutex|atomic)\b"
    # One owner each, but for records, which never change (docs/decisions/0014).
    r"|std::shared_ptr\b(?!<const (gossip::)?Record>)"
)
TESTS = "tests/"
COLUMNS_MAX = 100
LINES_MAX = 500
LINES_MAX_OF = {"daemon/gossip/engine.cc": 400}  # the orchestrator is the file that rots first
FILE_COUNT_MAX = {"base": 6}


def folder_of(path):
    matches = [folder for folder in MAY_INCLUDE if path.startswith(folder + "/")]
    return max(matches, key=len, default=None)


def problems_in(home, line):
    if len(line) > COLUMNS_MAX:
        yield f"longer than {COLUMNS_MAX} columns"
    if match := re.match(r'#include "([^"]+)"', line):
        target = folder_of(match[1])
        if home and target not in {None, home} | MAY_INCLUDE[home]:
            yield f"{home} may not include {target}"
        if home and match[1].startswith(TESTS):
            yield "only tests may include tests"
    if home and (match := re.match(r"#include <([^>]+)>", line)):
        owners = next((o for prefix, o in OWNERS.items() if match[1].startswith(prefix)), {home})
        if home not in owners:
            yield f"only {', '.join(sorted(owners))} may include <{match[1]}>"
    if home == "daemon/gossip" and BANNED_IN_CORE.search(line.split("//")[0]):
        yield f"not in the core: {line.strip()}"


def main():
    errors = []
    tops = sorted({folder.split("/")[0] for folder in MAY_INCLUDE} | {"tests"})
    for path in sorted(p for top in tops for p in pathlib.Path(top).rglob("*.[hc]*")):
        if path.suffix not in {".h", ".hpp", ".c", ".cc"}:
            continue
        lines = path.read_text().splitlines()
        if len(lines) > LINES_MAX_OF.get(str(path), LINES_MAX):
            errors.append(f"{path}: {len(lines)} lines is too long")
        home = folder_of(str(path))
        for number, line in enumerate(lines, 1):
            errors += [f"{path}:{number}: {p}" for p in problems_in(home, line)]
    for folder, most in FILE_COUNT_MAX.items():
        count = len(list(pathlib.Path(folder).iterdir()))
        if count > most:
            errors.append(f"{folder}: {count} files, at most {most}")
    print("\n".join(errors) or "tidy")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
