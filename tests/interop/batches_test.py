#!/usr/bin/python3
"""Random batches made by the C++ code and made again here agree byte for byte.

A new seed in every run, or the one in HEARSAY_SEED; HEARSAY_INTEROP_BATCHES says how many.
"""
import os
import subprocess
import sys

from requirements import require

require("nacl")

from protocol import batch
from protocol.errors import Refused
from protocol.names import Identity, is_signed_by

COUNT = int(os.environ.get("HEARSAY_INTEROP_BATCHES", "10000"))
SEED = int(os.environ.get("HEARSAY_SEED", int.from_bytes(os.urandom(7), "little")))


class Words:
    """The words of a line, in order; bytes are hex and a dot, so that none is nothing."""

    def __init__(self, line):
        self.words = iter(line.split())
        if next(self.words) != "batch":
            raise ValueError(f"not a batch: {line[:80]}")

    def number(self):
        return int(next(self.words))

    def numbers(self, count):
        return [self.number() for _ in range(count)]

    def bytes(self):
        return bytes.fromhex(next(self.words).removesuffix("."))

    def list_of_bytes(self):
        return [self.bytes() for _ in range(self.number())]


class Tally:
    """How often each kind of thing was compared, so that a run that compares nothing fails."""

    def __init__(self):
        self.batches = self.chunks = self.several = self.records = 0
        self.consistent = self.contradictory = 0


def compare(line, tally):
    """Raises AssertionError where the two differ."""
    words = Words(line)
    network_id, identity = words.bytes(), Identity(words.bytes())
    epoch, seq, created_ms, lifetime_ms, kind, flags = words.numbers(6)
    topic, payloads = words.bytes(), words.list_of_bytes()
    cuts = words.numbers(words.number())
    pieces = (batch.pieces_at(payloads, cuts) if kind == batch.MESSAGE
              else [batch.Piece(0, 0, 0, payloads[0])])
    made = batch.Batch.make(network_id, identity, pieces, epoch=epoch, seq=seq,
                            created_ms=created_ms, lifetime_ms=lifetime_ms, kind=kind,
                            flags=flags, topic=topic)
    same("root", made.root, words.bytes())
    same("signed bytes", made.signed, words.bytes())
    same("uid", made.uid, words.bytes())
    same("signature", made.signature, words.bytes())
    assert is_signed_by(identity.id, made.signature, made.signed), "its signature does not verify"
    index, path = words.number(), words.list_of_bytes()
    same("path", made.paths[index], path)
    same("root by path", made.root, batch.root_by_path(index, len(pieces), pieces[index].leaf(),
                                                       path))
    for piece, its_path in zip(made.pieces, made.paths):
        batch.check_consistent(made.header, piece, len(its_path))
    if kind == batch.MESSAGE:
        same("payloads", batch.payloads_in(b"".join(p.data for p in pieces)), payloads)
    tally.batches += 1
    tally.chunks += len(pieces)
    tally.several += len(pieces) > 1
    tally.records += kind != batch.MESSAGE
    compare_verdicts(made.header, words, tally)


def compare_verdicts(honest, words, tally):
    """Whether a header and a chunk contradict each other is the same here and there."""
    (chunk_count, body_size, lifetime_ms, kind, index, first_message, lead, size, path_size,
     topic_size, verdict) = words.numbers(11)
    header = batch.Header(honest.publisher, honest.epoch, honest.seq, honest.created_ms,
                          lifetime_ms, kind, honest.flags, chunk_count, body_size,
                          honest.topic[:topic_size])
    piece = batch.Piece(index, first_message, lead, bytes(size))
    try:
        batch.check_consistent(header, piece, path_size)
        why = ""
    except Refused as refused:
        why = str(refused)
    assert (why == "") == (verdict == 1), (
        f"{header} {piece.index} {first_message} {lead} {size} bytes, a path of {path_size}: "
        f"{'consistent' if verdict else 'contradictory'} there, here {why or 'consistent'}")
    tally.consistent += verdict == 1
    tally.contradictory += verdict == 0


def same(what, ours, theirs):
    assert ours == theirs, f"{what}: {ours} here, {theirs} there"


def main():
    tally = Tally()
    with subprocess.Popen([sys.argv[1], str(SEED), str(COUNT)], stdout=subprocess.PIPE,
                          text=True) as maker:
        for number, line in enumerate(maker.stdout):
            try:
                compare(line, tally)
            except (AssertionError, Refused) as error:
                print(f"batch {number} differs, {error}\nagain with HEARSAY_SEED={SEED}")
                maker.kill()
                return 1
    print(f"{tally.batches} batches of {tally.chunks} chunks ({tally.several} of several, "
          f"{tally.records} records) agree; of chunks with changed numbers {tally.consistent} are "
          f"consistent and {tally.contradictory} are not, here and there; seed {SEED}")
    seen = min(tally.several, tally.records, tally.consistent, tally.contradictory)
    return int(maker.returncode != 0 or tally.batches != COUNT or seen < COUNT // 20)


if __name__ == "__main__":
    sys.exit(main())
