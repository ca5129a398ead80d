#!/usr/bin/env python3
"""Runs one of the programs in docs/API.md or README.md, exactly as printed, against a real daemon.

Usage: examples_test.py HEADING. Ends with 77 where the language is not installed.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from harness import Case, eventually

# Heading, then the language of its block, the file it goes to, and what runs that.
PROGRAMS = {
    "Python": ("python", "example.py", ["python3"]),
    "Plain Python": ("python", "plain.py", ["python3"]),
    "Shell": ("sh", "example.sh", ["sh"]),
    "Node": ("js", "example.js", ["node"]),
    "Go": ("go", "example.go", ["go", "run"]),
    "Everyday": ("python", "readme.py", ["python3"]),
}
DOCUMENTS = {"Everyday": "README.md"}  # the others are in docs/API.md
# The one in README.md has the socket's path in it: it sees the daemon's in that place.
IN_A_RUN_OF_ITS_OWN = ["unshare", "--mount", *(["--map-root-user"] if os.getuid() else []), "sh",
                       "-c", 'mount -t tmpfs run /run && mkdir /run/hearsay && '
                       'ln -s "$HEARSAY_SOCKET" /run/hearsay/hearsay.sock && exec "$@"', "sh"]
ALSO_NEEDS = {"Shell": ["socat"]}
HEADING = sys.argv.pop(1) if len(sys.argv) > 1 else "Plain Python"


def printed(heading, language):
    """The one block of that language below that heading."""
    text = (ROOT / DOCUMENTS.get(heading, "docs/API.md")).read_text(encoding="utf-8")
    section = re.search(rf"^#+ {heading}\n(.*?)(?=^#+ |\Z)", re.sub(
        r"^```.*?^```", lambda block: block[0].replace("\n#", "\n\0#"), text,
        flags=re.M | re.S), flags=re.M | re.S)[1].replace("\0", "")
    block, = re.findall(rf"^```{language}\n(.*?)^```$", section, flags=re.M | re.S)
    return block


def environment(folder, socket):
    """Go wants a home for what it builds; the module lies where the package would not put it."""
    return {**os.environ, "HEARSAY_SOCKET": str(socket), "PYTHONPATH": str(ROOT / "client/python"),
            "GOCACHE": f"{folder}/go-cache", "GOPATH": f"{folder}/go", "GOFLAGS": "-mod=mod",
            "GO111MODULE": "off", "PYTHONUNBUFFERED": "1"}


class Example(Case):
    def test_it_publishes_and_prints_what_comes(self):
        language, name, command = PROGRAMS[HEADING]
        program = pathlib.Path(self.folder) / name
        program.write_text(printed(HEADING, language), encoding="utf-8")
        if HEADING in DOCUMENTS:
            command = [*IN_A_RUN_OF_ITS_OWN, *command]
        alpha = self.daemon("alpha").start()
        alpha.call("network.create", name="office")
        output = pathlib.Path(self.folder) / "output"
        with alpha.api() as api, output.open("wb") as out:
            api.call("subscribe", topics=["deploy"])
            process = subprocess.Popen(
                [*command, str(program)], stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, start_new_session=True,
                env=environment(self.folder, alpha.folder / "api"))
            self.addCleanup(self.end, process)
            try:
                api.socket.settimeout(90)  # go builds its library first
                head, payload = api.next_event("message")
                self.assertEqual((head["topic"], payload), ("deploy", b"v2 is out"))
                eventually(lambda: self.is_printed(alpha, output), "the message to be printed")
                self.assertIsNone(process.poll(), "it ended by itself")
            except (AssertionError, TimeoutError):
                print(f"---- its output\n{output.read_text(errors='replace')}", flush=True)
                raise

    @staticmethod
    def is_printed(alpha, output):
        """Says it again each time: the program may not have subscribed yet."""
        alpha.call("publish", b"green", topic="ci.build")
        said = output.read_bytes()
        return b"ci.build" in said and b"green" in said

    @staticmethod
    def end(process):
        """The program and what it has started, a session of their own."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


if __name__ == "__main__":
    for needed in [PROGRAMS[HEADING][2][0], *ALSO_NEEDS.get(HEADING, [])]:
        if not shutil.which(needed):
            print(f"skipped: {needed} is not installed; the example for {HEADING} was not run")
            sys.exit(77)
    if HEADING in DOCUMENTS and subprocess.run([*IN_A_RUN_OF_ITS_OWN, "true"], check=False,
                                               env=environment("/", "/")).returncode != 0:
        print(f"skipped: no mount namespace for the example in {DOCUMENTS[HEADING]}")
        sys.exit(77)
    unittest.main()
