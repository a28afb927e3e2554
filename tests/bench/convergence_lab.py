"""The hosts, the guest and the moves of tests/bench/convergence, and how a move is measured: the
same way whoever makes it.
"""
import dataclasses
import os
import pathlib
import re
import signal
import sys
import threading
import time

import libvirt

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lab"))
from blackbox import Lab, lab, wait_until  # noqa: E402
from convergence_peers import Sample  # noqa: E402

LINK = "400mbit"
MEMORY_MIB, WORKING_SET_MIB = 512, 128
GUEST = "busy"

FLAGS = {"auto-converge": libvirt.VIR_MIGRATE_AUTO_CONVERGE,
         "xbzrle": libvirt.VIR_MIGRATE_COMPRESSED}
PLAIN = (libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_PEER2PEER
         | libvirt.VIR_MIGRATE_PERSIST_DEST | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE)

TRACE_HEADER = ("at-ms,pass,memory-total,memory-processed,memory-remaining,rate,dirty-rate,"
                "throttle,expected-downtime-ms")


@dataclasses.dataclass
class Move:
    """What came of one."""

    tool: str
    rate: float = 0.0  # what the guest said it wrote, in MiB/s, just before
    total_s: float = 0.0
    outcome: str = ""  # moved, gave up, capped, failed
    downtime_ms: int = None
    downtime_origin: str = ""
    passes: int = None
    needed_ms: int = None  # the downtime it named as needed
    why: str = ""
    wrong: list = dataclasses.field(default_factory=list)
    decisions: list = dataclasses.field(default_factory=list)
    samples: list = dataclasses.field(default_factory=list)


def read_sample(domain, started):
    """None where there is no copy yet, or no job any more."""
    try:
        stats = domain.jobStats()
    except libvirt.libvirtError:
        return None
    if stats.get("type", 0) == libvirt.VIR_DOMAIN_JOB_NONE or not stats.get("memory_total"):
        return None
    get = lambda key: stats.get(key, 0)
    return Sample(time.monotonic() - started, get("memory_iteration"), get("memory_total"),
                  get("memory_processed"), get("memory_remaining"), get("memory_bps"),
                  get("memory_dirty_rate") * get("memory_page_size"),
                  get("auto_converge_throttle"), get("downtime"))


def write_trace(path, samples):
    lines = [TRACE_HEADER]
    for at_s, *values in samples:
        lines.append(",".join(map(str, (round(at_s * 1000), *values))))
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


class Recorder:
    """Samples of a job while the with lasts, one each half second."""

    def __init__(self, domain, started, wanted):
        self.domain, self.started, self.samples = domain, started, []
        self.thread = threading.Thread(target=self._run) if wanted else None
        self.ended = threading.Event()

    def _run(self):
        while not self.ended.wait(0.5 if self.samples else 0.02):
            sample = read_sample(self.domain, self.started)
            if sample:
                self.samples.append(sample)

    def __enter__(self):
        if self.thread:
            self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        if self.thread:
            self.thread.join()


class Hosts(Lab):
    """Two hosts behind the slow link, and what they tell when a job has completed."""

    def __init__(self, folder):
        super().__init__("b", folder)
        self.completed = []

    def __enter__(self):
        libvirt.registerErrorHandler(lambda *_: None, None)
        libvirt.virEventRegisterDefaultImpl()
        threading.Thread(target=self._run_events, daemon=True).start()
        super().__enter__()
        try:
            self.set_link()
            self.connections = {host: libvirt.open(self.uri(host)) for host in (1, 2)}
            for host, connection in self.connections.items():
                connection.domainEventRegisterAny(
                    None, libvirt.VIR_DOMAIN_EVENT_ID_JOB_COMPLETED, self._on_completed, host)
        except BaseException:
            super().__exit__()
            raise
        return self

    @staticmethod
    def _run_events():
        while True:
            libvirt.virEventRunDefaultImpl()

    def _on_completed(self, _connection, _domain, stats, host):
        self.completed.append((time.monotonic(), host, stats))

    @staticmethod
    def set_link(rate=LINK):
        lab("link", rate)


class Guest:
    """One guest of one load, moved to and fro."""

    def __init__(self, hosts, rate, mode="clock", idle_after=None, memory=MEMORY_MIB,
                 working_set=WORKING_SET_MIB):
        self.hosts, self.rate, self.mode = hosts, rate, mode
        self.at = 1
        # Whole pages: xbzrle, which Proxmox has on, would shrink anything less to nothing.
        idle = ["--idle-after", idle_after] if idle_after else []
        lab("clean-guest", GUEST)
        lab("guest", GUEST, "--memory", memory, "--dirty", working_set, "--rate", rate,
            "--mode", mode, "--whole", *idle)
        lab("wait-counter", GUEST, 3)

    def domain(self, host):
        return self.hosts.connections[host].lookupByName(GUEST)

    def close(self):
        lab("clean-guest", GUEST)

    def counted_rate(self):
        """MiB/s that it last said it wrote. One that is bound by the CPU needs a while after a
        move, and a machine that is not busy, to be as fast as it should."""
        if self.mode == "cpu":
            wait_until(10, lambda: self._said_rate() > 0.9 * self.rate)
        return self._said_rate()

    def _said_rate(self):
        log = pathlib.Path(os.environ["LAB_DIR"], "serial", GUEST + ".log")
        said = re.findall(r"rate=([0-9.]+)\r?\n", log.read_text("ascii", "replace"))
        return float(said[-1])

    # ---- by a rule ----

    def warm_up(self, rule):
        """There and back: the first move to a host probes its QEMU, and would pay for it."""
        for _ in range(2):
            self.move_by("", rule, 60)

    def move_by(self, name, rule, cap_s, during=None, record=False):
        """A plain migration, and the rule beside it. Longer than cap_s: it is aborted."""
        source, target = self.at, 3 - self.at
        domain = self.domain(source)
        move = Move(name, rate=self.counted_rate())
        failure = []
        ended = threading.Event()

        def migrate():
            try:
                domain.migrateToURI3(self.hosts.env[f"LAB_PEER_URI_{target}"],
                                     self._parameters(rule, target),
                                     PLAIN | sum(FLAGS[flag] for flag in rule.flags))
            except libvirt.libvirtError as error:
                failure.append(str(error))
            move.total_s = time.monotonic() - started
            ended.set()

        started = time.monotonic()
        thread = threading.Thread(target=migrate)
        thread.start()
        with Recorder(domain, started, record) as recorder:
            aborted = self._steer(rule, domain, started, ended, cap_s, during, move)
            thread.join()
        move.samples = recorder.samples
        if not failure:
            move.outcome = "moved"
        elif aborted:
            move.outcome = aborted
        else:
            move.outcome, move.why = "failed", failure[0]
        self._settle(move, started, source, target)
        return move

    def _parameters(self, rule, target):
        parameters = {libvirt.VIR_MIGRATE_PARAM_URI: self.hosts.env[f"LAB_MIGRATION_URI_{target}"]}
        for key, value in rule.parameters.items():
            if key == "xbzrle-cache":
                parameters[libvirt.VIR_MIGRATE_PARAM_COMPRESSION] = ["xbzrle"]
                parameters[libvirt.VIR_MIGRATE_PARAM_COMPRESSION_XBZRLE_CACHE] = value
            else:
                parameters[key] = value
        return parameters

    @staticmethod
    def _steer(rule, domain, started, ended, cap_s, during, move):
        """Who ended it, if it was not the copy itself."""
        aborted = None
        wait = 0.02  # until there is a copy
        next_look = started
        while not ended.wait(wait):
            now = time.monotonic()
            if during:
                during(now - started)
            if now - started > cap_s and not aborted:
                aborted = "capped"
                domain.abortJob()
            if now < next_look or aborted:
                continue
            sample = read_sample(domain, started)
            if not sample:
                continue
            move.passes = sample.iteration
            for action, *value in rule.feed(sample):
                move.decisions.append((round(sample.at_s, 1), action, *value))
                try:
                    if action == "downtime":
                        domain.migrateSetMaxDowntime(value[0], 0)
                    else:
                        aborted = "gave up"
                        domain.abortJob()
                except libvirt.libvirtError as error:
                    if not ended.wait(1):  # else it was over, and there was nothing to set
                        move.wrong.append(f"{action}: {error}")
            next_look = now + rule.interval
            wait = min(rule.interval, 0.1)
        return aborted

    # ---- by migratectl ----

    def move_by_us(self, ctl, options, cap_s, record=False, keep=None):
        """As a script would do it; the time is the program's whole life. keep: a dict that gets
        what the program said."""
        source, target = self.at, 3 - self.at
        move = Move("migratectl", rate=self.counted_rate())
        started = time.monotonic()
        with Recorder(self.domain(source), started, record) as recorder:
            running = ctl.move(GUEST, source, target, "--quiet", *options)
            cap = threading.Timer(cap_s, running.signal, [signal.SIGINT])
            cap.start()
            answer = running.end(cap_s + 60)
            move.total_s = time.monotonic() - started
            cap.cancel()
        move.samples = recorder.samples
        if keep is not None:
            keep.update(answer.values)
        move.passes = answer["passes"]
        move.decisions = [(decision["at_ms"] / 1000, decision["what"], decision["why"])
                          for decision in answer["decisions"] or []]
        move.needed_ms = find_number(answer.values, "needed_downtime_ms")
        fault = answer["error"] or {}
        move.why = fault.get("message") or answer.said.strip()
        if answer.code == 0:
            move.outcome = "moved"
        elif move.total_s > cap_s:
            move.outcome = "capped"
        elif answer.code == 3 and fault.get("code") in ("no-convergence", "timed-out"):
            move.outcome = "gave up"
        else:
            move.outcome = "failed"
            move.wrong.append(str(answer))
        self._settle(move, started, source, target)
        if move.downtime_ms is None and move.outcome == "moved":
            move.downtime_ms, move.downtime_origin = answer["downtime_ms"], "migratectl"
        return move

    # ---- afterwards ----

    def _settle(self, move, started, source, target):
        """Where the guest is now and whether it lives; what the move took from it."""
        at, other = (target, source) if move.outcome == "moved" else (source, target)
        where = lambda: self.hosts.where(GUEST)
        if not wait_until(10, lambda: where()[at].startswith("running")
                          and where()[other] == "absent"):
            move.wrong.append(f"the guest: {where()}")
        self.at = at
        for words in (("wait-counter", GUEST, "+1", "--timeout", 30), ("check-counter", GUEST)):
            counted = lab(*words, check=False)
            if counted.returncode != 0:
                move.wrong.append(counted.stdout.strip())
        if move.outcome == "moved":
            self._measure(move, started, source, target)

    def _measure(self, move, started, source, target):
        """From the destination's completed statistics; after post-copy they are empty, and only
        the source's event has the figure."""
        try:
            stats = self.domain(target).jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)
        except libvirt.libvirtError:
            stats = {}
        origin = "statistics"
        if "downtime" not in stats:
            told = lambda: [event[2] for event in self.hosts.completed
                            if event[0] >= started and event[1] == source]
            origin = "event"
            stats = (wait_until(2, told) or [{}])[-1]
        if "downtime" in stats:
            move.downtime_ms, move.downtime_origin = stats["downtime"], origin
        move.passes = stats.get("memory_iteration") or move.passes


def find_number(value, key):
    """The first number under that key, however deep."""
    if isinstance(value, dict):
        if isinstance(value.get(key), (int, float)):
            return value[key]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            found = find_number(item, key)
            if found is not None:
                return found
    return None
