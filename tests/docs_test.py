#!/usr/bin/env python3
"""Fails when a document names what does not exist, or leaves out what it promises to list."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# What looks like a configuration key or section, but is an operation of the API, a member of its
# status reply, a file or a tag of Catch2.
NOT_KEYS = {"network.create", "network.join", "network.open", "network.token", "network.leave",
            "network.show", "network.rotate", "api.lagged", "api.py", "[sim]"}
# Made when there is something to put into it.
NOT_THERE_AT_FIRST = {"tests/fuzz/corpus"}


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def documents():
    """Every Markdown file that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT,
        capture_output=True, text=True, check=False)
    names = listed.stdout.split() if listed.returncode == 0 else []
    if not names:  # a tree without git, as the package is built from
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*.md")
                 if path.relative_to(ROOT).parts[0] not in {"build", "debian"}
                 and not path.relative_to(ROOT).parts[0].startswith("obj-")]
    return sorted(name for name in names if (ROOT / name).exists())


def without_dumps(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


# ---- the checks: each yields sentences about what is wrong

def check_counters():
    counters = re.findall(r'\{Counter::(\w+), "\1"\}', read("daemon/gossip/counters.cc"))
    if len(counters) < 20:
        yield "counters.cc: its table cannot be read any more; mend this test"
    table = read("docs/OPERATIONS.md").split("### Counters", 1)[-1].split("\n## ", 1)[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    listed = [name for row in rows for name in CODE.findall(row)]
    for name in counters:
        if name not in listed:
            yield f"docs/OPERATIONS.md: the table of counters lacks {name}"
    for name in listed:
        if name not in counters:
            yield f"docs/OPERATIONS.md: there is no counter {name}"
        if listed.count(name) > 1:
            yield f"docs/OPERATIONS.md: {name} stands twice"


def configuration_keys():
    rows = re.findall(r'^    \{"(\w+)", "(\w+)", Kind::', read("config/keys.cc"), flags=re.M)
    return {f"{section}.{name}" for section, name in rows}


def check_keys():
    keys = configuration_keys()
    if len(keys) < 20:
        yield "keys.cc: its table cannot be read any more; mend this test"
    sections = {key.split(".")[0] for key in keys}
    for document in documents():
        for code in CODE.findall(read(document)):
            for dotted in re.findall(r"^(\w+\.\w+)(?: = .*)?$", code):
                if dotted.split(".")[0] in sections and dotted not in keys | NOT_KEYS:
                    yield f"{document}: there is no configuration key {dotted}"
            for section, name in re.findall(r"^\[(\w+)\](?: (\w+))?$", code):
                if code in NOT_KEYS:
                    continue
                if section not in sections or name and f"{section}.{name}" not in keys:
                    yield f"{document}: there is no configuration key {code}"


def anchors(text):
    titles = re.findall(r"^#+ (.+)$", without_dumps(text), flags=re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def check_links():
    for document in documents():
        text = read(document)
        for link in LINK.findall(without_dumps(text)):
            if re.match(r"\w+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (ROOT / document).parent / path if path else ROOT / document
            if not target.exists():
                yield f"{document}: {link} leads nowhere"
            elif anchor and anchor not in anchors(target.read_text(encoding="utf-8")):
                yield f"{document}: {link}: there is no such heading"


def check_paths():
    """Paths to files of the tree that the documents name in code."""
    tops = r"(?:base|crypto|wire|config|daemon|client|tests|packaging|docs)"
    for document in documents():
        for code in CODE.findall(without_dumps(read(document))):
            is_pattern = re.search(r"[A-Z]{4,}", code) and not code.endswith((".md", ".txt"))
            if not re.fullmatch(rf"{tops}/[\w./-]+", code) or is_pattern:
                continue
            if not (ROOT / code).exists() and code not in NOT_THERE_AT_FIRST:
                yield f"{document}: there is no {code}"
    for document in documents():
        for number in re.findall(r"\bdecisions/(\d{4})\b(?!-)", read(document)):
            if not list((ROOT / "docs/decisions").glob(f"{number}-*.md")):
                yield f"{document}: there is no decision {number}"


def verbs():
    sources = "".join(path.read_text(encoding="utf-8")
                      for path in sorted((ROOT / "client/command").glob("*.cc")))
    found = set(re.findall(r'add_subcommand\(\s*"(\w+)"', sources))
    inner = set(re.findall(r'add\(parent, globals, "(\w+)"', sources))
    return found, inner | found


def check_verbs():
    outer, inner = verbs()
    if not outer:
        yield "client/command: no verbs are found any more; mend this test"
    for document in ("README.md", "docs/OPERATIONS.md"):
        commands = re.findall(r"(?:^|[|`(\s])(?:sudo )?hearsay ([a-z]+)(?: ([a-z]+))?\b",
                              "\n".join(shown_commands(read(document))))
        for verb, second in commands:
            if verb not in outer:
                yield f"{document}: there is no verb `hearsay {verb}`"
            if verb in {"network", "config", "key"} and second not in inner:
                yield f"{document}: there is no verb `hearsay {verb} {second}`"


def shown_commands(text):
    """Lines of code blocks and code in sentences; comments left out."""
    for block in re.findall(r"^```\w*\n(.*?)^```", text, flags=re.M | re.S):
        for line in block.splitlines():
            yield line.split("  #")[0]
    yield from (code for code in CODE.findall(without_dumps(text)) if "hearsay " in code)


def check_chores():
    chores = set(re.findall(r"^  (\w+) ", read("dev").split("cat <<'EOF'")[1].split("\nEOF")[0],
                            flags=re.M))
    for document in documents():
        for chore in re.findall(r"\./dev ([a-z]+)", read(document)):
            if chore not in chores | {"help"}:
                yield f"{document}: there is no ./dev {chore}"


def main():
    checks = [check_counters, check_keys, check_links, check_paths, check_verbs, check_chores]
    errors = [error for check in checks for error in check()]
    print("\n".join(errors) or f"{len(documents())} documents say what is so")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
