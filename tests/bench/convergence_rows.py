"""The rows of tests/bench/convergence: the load, what is allowed, who is compared, and what must
come of it.
"""
import dataclasses
import statistics

ALL = ("virsh", "nova", "kubevirt", "vdsm", "proxmox")
US, ENOUGH = "migratectl", "enough"

# What these rules did on such a lab before: seconds, from and to. A replay that is more than 20 %
# away is wrong, or the machine is busy.
KNOWN_S = {
    30: {"virsh": (12, 12), "nova": (14, 14), "kubevirt": (13, 13), "vdsm": (13, 13),
         "proxmox": (13, 13)},
    42: {"virsh": (38, 40), "nova": (40, 44), "kubevirt": (36, 42), "vdsm": (34, 70),
         "proxmox": (64, 74)},
}


@dataclasses.dataclass
class Row:
    name: str
    rate: int  # MiB/s
    allowed: str  # as the table tells it
    options: tuple  # of migratectl move; None: it is not in this row
    must: object  # Figures -> [(holds, text)]
    peers: tuple = ()
    mode: str = "clock"
    idle_after: int = None
    measures_need: bool = False  # by a move that may take any downtime
    seconds: int = 0  # about what a round takes
    asked: bool = False  # only when named


class Figures:
    """What the moves of a row came to."""

    def __init__(self, row, moves):
        self.row, self.moves = row, moves

    def of(self, tool, key, outcome="moved"):
        values = [getattr(move, key) for move in self.moves.get(tool, ())
                  if outcome in ("", move.outcome)]
        return [value for value in values if value is not None]

    def median(self, tool, key, outcome="moved"):
        values = self.of(tool, key, outcome)
        return statistics.median(values) if values else None

    def has_moved(self, tool):
        """In most of the rounds."""
        return len(self.of(tool, "total_s")) * 2 > len(self.moves.get(tool, ()))

    def fastest(self, most_ms=None):
        """The peer with the least median time, of those that kept to the downtime; or None."""
        fit = [tool for tool in self.row.peers if self.has_moved(tool)
               and (most_ms is None or (self.median(tool, "downtime_ms") or 0) <= most_ms)]
        return min(fit, key=lambda tool: self.median(tool, "total_s"), default=None)


# ---- what must be; each gives (holds, text) ----

def unharmed(figures):
    wrong = [text for move in figures.moves[US] for text in move.wrong]
    return not wrong, "one boot, no count left out" if not wrong else "; ".join(wrong)


def load_was_there(figures):
    rate = min(figures.of(US, "rate", ""))
    return rate >= 0.85 * figures.row.rate, f"the guest wrote at least {rate:.0f} MB/s before"


def moved_within(figures, most_s=None):
    moves = figures.moves[US]
    count = len(figures.of(US, "total_s"))
    total = figures.median(US, "total_s")
    holds = count == len(moves) and (most_s is None or total <= most_s)
    limit = f", at most {most_s} s" if most_s else ""
    return holds, f"moved {count} of {len(moves)}" + (f" in {total:.1f} s{limit}" if count else "")


def downtime_within(figures, most_ms):
    value = figures.median(US, "downtime_ms")
    if value is None:
        return False, "no downtime is known"
    return value <= most_ms, f"downtime {value:.0f} ms, at most {most_ms}"


def beside_fastest(figures, most, kept_ms=None):
    peer = figures.fastest(kept_ms)
    ours = figures.median(US, "total_s")
    if peer is None or ours is None:
        return False, "nothing to compare: " + ("no peer moved it" if peer is None
                                                else "migratectl did not move it")
    theirs = figures.median(peer, "total_s")
    return (ours <= most * theirs,
            f"{ours / theirs:.2f} x {peer} ({ours:.1f} s to {theirs:.1f} s), at most {most}")


def gave_up_within(figures, most_s):
    moves = figures.moves[US]
    times = figures.of(US, "total_s", "gave up")
    if len(times) < len(moves):
        return False, "gave up {} of {}".format(len(times), len(moves))
    total = statistics.median(times)
    return total <= most_s, f"gave up in {total:.1f} s, at most {most_s}"


def named_need(figures, within):
    named = figures.median(US, "needed_ms", "gave up")
    takes = figures.median(ENOUGH, "downtime_ms")
    if named is None or takes is None:
        return False, f"needed downtime: named {named}, measured {takes}"
    away = named / takes - 1
    return (abs(away) <= within, f"named {named:.0f} ms as needed, it takes {takes:.0f}: "
            f"{away:+.0%}, at most {within:.0%} away")


def ended_within(figures, most_s):
    """Moved, or gave up with a reason."""
    moves = figures.moves[US]
    good = [move for move in moves
            if move.outcome == "moved" or (move.outcome == "gave up" and move.why)]
    total = statistics.median(move.total_s for move in moves)
    words = ", ".join(sorted({move.outcome for move in moves}))
    return (len(good) == len(moves) and total <= most_s,
            f"{words} in {total:.1f} s, at most {most_s}")


def as_known(figures):
    known = KNOWN_S[figures.row.rate]
    away = []
    for tool in figures.row.peers:
        low, high = known[tool]
        total = figures.median(tool, "total_s", "")
        if total is not None and not 0.8 * low <= total <= 1.2 * high:
            away.append(f"{tool} {total:.1f} s, known {low} to {high} s")
    return not away, "the replays are as known" if not away else "; ".join(away)


def every(*conditions):
    """must of a row: (function, arguments...) each; beside them always that the guest did write so
    fast, and its own count."""
    def must(figures):
        asked = [*conditions, (load_was_there,), (unharmed,)] if US in figures.moves else conditions
        return [function(figures, *arguments) for function, *arguments in asked]
    return must


HALF_SECOND = ("--max-downtime", "500")

ROWS = [
    Row("0", 0, "nothing", (*HALF_SECOND, "--target-downtime", "150"),
        every((moved_within,), (beside_fastest, 1.05), (downtime_within, 150)),
        peers=ALL, seconds=65),
    Row("20", 20, "nothing", (*HALF_SECOND, "--target-downtime", "150"),
        every((moved_within,), (beside_fastest, 1.05), (downtime_within, 150)),
        peers=ALL, seconds=85),
    Row("36", 36, "nothing", HALF_SECOND,
        every((moved_within,), (beside_fastest, 1.05, 500), (downtime_within, 500)),
        peers=ALL, seconds=140),
    Row("cpu-100", 100, "throttle", (*HALF_SECOND, "--allow", "throttle"),
        every((moved_within, 20)), mode="cpu", seconds=25),
    Row("42", 42, "post-copy", (*HALF_SECOND, "--allow", "postcopy"),
        every((moved_within,), (beside_fastest, 0.4, 500)), peers=ALL, seconds=260),
    Row("200", 200, "nothing", HALF_SECOND,
        every((gave_up_within, 20), (named_need, 0.2)), measures_need=True,
        seconds=35),
    Row("200-3s", 200, "nothing, max downtime 3000 ms", ("--max-downtime", "3000"),
        every((moved_within, 16), (downtime_within, 3000)), seconds=20),
    Row("200-postcopy", 200, "post-copy", (*HALF_SECOND, "--allow", "postcopy"),
        every((moved_within, 16), (downtime_within, 300)), seconds=20),
    Row("cpu-200", 200, "throttle", (*HALF_SECOND, "--allow", "throttle"),
        every((ended_within, 35)), mode="cpu", seconds=40),
    # It counts three times, then the move starts.
    Row("200-then-idle", 200, "nothing, deadline 60 s", (*HALF_SECOND, "--deadline", "60"),
        every((moved_within, 60)), idle_after=17, seconds=35),
    Row("peers-30", 30, "(the replays alone)", None, every((as_known,)), peers=ALL, seconds=80,
        asked=True),
    Row("peers-42", 42, "(the replays alone)", None, every((as_known,)), peers=ALL, seconds=250,
        asked=True),
]
