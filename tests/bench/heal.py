"""heal: networks split in halves for a minute; how soon they are one again.

4 hosts from 4 and 10 from 10, 20 tries each, several networks at a time."""
import time

from lan import Lan, alive_at, form, middle, row, seconds_until

AT_A_TIME = {4: 5, 10: 2}  # by the size of a half
TRIES = 20
APART_SECONDS = 60
LIMIT = 60


def until_one(lans):
    """Of each network the seconds until all its hosts know all."""
    started = time.monotonic()
    left = {lan: list(lan.hosts) for lan in lans}
    taken = []
    while left and time.monotonic() - started < LIMIT:
        for lan in list(left):
            left[lan] = [host for host in left[lan] if alive_at(host) != len(lan.hosts)]
            if not left[lan]:
                taken.append(time.monotonic() - started)
                del left[lan]
    return taken + [float(LIMIT)] * len(left)


def run(lab, _):
    rows = []
    for half, count in AT_A_TIME.items():
        lans = [Lan(lab, f"h{half}{number}", 2 * half).start() for number in range(count)]
        taken = []
        for lan in lans:
            form(lan)
        for _ in range(TRIES // count):
            time.sleep(2)
            for lan in lans:
                lan.split()
            time.sleep(APART_SECONDS)
            for lan in lans:
                if seconds_until(lan.hosts, half, 1) is None:
                    raise RuntimeError("a half does not list the other as failed")
            for lan in lans:
                lan.heal()
            taken += until_one(lans)
        for lan in lans:
            lan.remove()
        rows.append(row("heal", 2 * half, apart_seconds=APART_SECONDS, p50_ms=1000 * middle(taken),
                        max_ms=1000 * max(taken), tries=len(taken)))
    return rows


def targets(rows):
    for found in rows:
        half = found["nodes"] // 2
        yield (f"{half} and {half} are one within 3 s: {found['max_ms'] / 1000:.2f} s",
               found["max_ms"] <= 3000)
