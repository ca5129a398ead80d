"""Reads the golden vectors in tests/vectors."""
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "vectors"
looked_at = set()  # (file, name) of every vector that a test has asked for


class Vectors(dict):
    """Name to value of one file; notes what is looked at."""

    def __init__(self, file, values):
        super().__init__(values)
        self.file = file

    def __getitem__(self, name):
        looked_at.add((self.file, name))
        return super().__getitem__(name)


def read(file):
    """Of a file with indented lines of hex, or of one with a value a line.

    A value that is no hex stays text.
    """
    values, last = {}, None
    for line in (FOLDER / file).read_text(encoding="utf-8").splitlines():
        said = line.split("#")[0].rstrip()
        if not said:
            continue
        if said.startswith(" "):
            values[last] += bytes.fromhex(said)
            continue
        last, _, value = said.partition(" ")
        try:
            values[last] = bytes.fromhex(value)
        except ValueError:
            values[last] = value
    return Vectors(file, values)
