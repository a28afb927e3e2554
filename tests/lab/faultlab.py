"""The fault matrix from a case's side: its guest, its controllers, and the ways to hurt them at one
moment.
"""
import glob
import os
import pathlib
import re
import signal
import sqlite3
import time

from blackbox import Ctl, Eye, faults_of_rest, lab, wait_until

ALIVE = ("running", "paused")


class Case:
    """One row of the table. act is a generator: it strikes, yields, heals what must be healed
    before the guest can be recovered, yields, and heals the rest.

    expect: where the guest runs in the end: source, destination, either, off; before it, and a
    semicolon, what is told on the way.
    first: verdicts of a dry run right after the strike; none: there is no dry run.
    last: verdicts of the recovery.
    slow: it waits for what takes libvirt or QEMU long, or boots a guest of its own to lose it.
    """

    def __init__(self, act, recipe, fault, phase, expect, first, last, risk, guest, autostart,
                 slow):
        self.act, self.recipe, self.fault, self.phase = act, recipe, fault, phase
        self.expect, self.first, self.last, self.risk = expect, first, last, risk
        self.guest, self.autostart, self.slow = guest, autostart, slow
        self.end = expect.split("; ")[-1]
        self.name = act.__name__.replace("_", "-")


TABLE = []


def case(recipe, fault, phase, expect, first=(), last=(), *, risk="safe",
         guest="--autostart", autostart=None, slow=False):
    def add(act):
        starts = autostart if autostart is not None else "--autostart" in guest
        TABLE.append(Case(act, recipe, fault, phase, expect, first, last, risk, guest, starts,
                          slow))
        return act
    return add


class World:
    """What one case acts on."""

    GUEST = "m"
    SMALL = ("--memory", "96", "--dirty", "8", "--rate", "2")
    # Some 70 MiB, 3 to 4 s; an endless one is not given up before its deadline.
    COPY = ("--bandwidth", "20", "--deadline", "600")
    # The most of its memory is left when it is stopped, which makes the switch-over long.
    SWITCH = ("--bandwidth", "10", "--target-downtime", "5000")
    made_with = None  # the guest that is there

    def __init__(self, program, hosts, folder, wanted):
        self.hosts, self.wanted = hosts, wanted
        pathlib.Path(folder).mkdir(exist_ok=True)
        self.ctl = Ctl(program, hosts, f"{folder}/{wanted.name}.sqlite")
        self.ctl.verb("list").end()  # makes the journal
        self.wrong, self.seen, self.running = [], [], []
        self.moving = None
        self.source = self.destination = None

    # ---- the guest ----

    def need(self):
        """The guest of this case on one host, alone; the one of the last case if it is good."""
        options = self.wanted.guest.split()
        if World.made_with == options and not {"--paused", "--poweroff-after"} & set(options):
            at = self.at()
            if at and not faults_of_rest(self.hosts, self.GUEST, at, counts=False,
                                         autostart=self.wanted.autostart,
                                         persistent="--transient" not in options):
                self.source, self.destination = at, 3 - at
                return
        lab("clean-guest", self.GUEST)
        World.made_with = None
        memory = () if "--memory" in options else self.SMALL
        lab("guest", self.GUEST, *memory, *options)
        World.made_with = options
        self.source, self.destination = 1, 2

    def look(self, host):
        return self.hosts.look(host, self.GUEST)

    def where(self):
        return f"{self.look(self.source)} / {self.look(self.destination)}"

    def guest_lost_a_page(self):
        """Its kernel, or the program that checks each page of its memory, says so."""
        log = pathlib.Path(f"{self.hosts.env['LAB_DIR']}/serial/{self.GUEST}.log")
        return log.exists() and re.search(rb"BUG:|Oops:|Kernel panic|CORRUPT page",
                                          log.read_bytes())

    # ---- controllers ----

    def expect(self, good, what):
        if not good:
            self.wrong.append(what)

    def start(self, *options):
        self.moving = self.ctl.move(self.GUEST, self.source, self.destination, *options)
        self.running.append(self.moving)
        return self.moving

    def copying(self, *options, after=0.4):
        """A move that is in the middle of its copy."""
        self.start(*(options or self.COPY))
        self.expect(self.moving.wait_phase("copying-memory"), "it did not come to the copy")
        time.sleep(after)
        self.expect(self.moving.phase == "copying-memory", "the copy was over too soon")

    def ends(self, *codes):
        """The move ends by itself."""
        answer = self.moving.end()
        self.seen.append(f"move: {answer.code} {answer['outcome'] or answer.error()}")
        self.expect(answer.code in codes, f"the move's exit code is none of {codes}: {answer}")
        return answer

    def killed(self):
        self.moving.kill()

    def recover(self, *options, journal=None):
        running = self.ctl.recover(self.GUEST, *options, journal=journal)
        self.running.append(running)
        answer = running.end(400)  # verdicts that libvirt may overturn take a minute and more
        done = "+".join(answer.steps())
        self.seen.append(f"{answer['verdict'] or answer.error()}{' ' + done if done else ''}")
        return answer

    def must_recover(self, verdicts, code, *options, journal=None):
        answer = self.recover(*options, journal=journal)
        self.expect(answer.code == code and answer["verdict"] in verdicts,
                    f"recover {' '.join(options)}: wanted {code}, {verdicts}: {answer}")
        return answer

    # ---- moments ----

    def watch(self, host, words, act, seconds=60):
        """As soon as the guest is seen so on that host, within a millisecond or so."""
        deadline = time.monotonic() + seconds
        eye = Eye(self.hosts.uri(host))  # not closed: closing would wait for a host that act hangs
        while not eye.look(self.GUEST).startswith(words):
            if time.monotonic() > deadline:
                self.wrong.append(f"never seen “{words}” on host {host}")
                return
            time.sleep(0.0003)
        act()

    def switching(self, act):
        """A move that is at the switch-over: act strikes while the source is stopped for it."""
        self.start(*self.SWITCH)
        self.watch(self.source, "paused (migrating)", act)

    # ---- who is hurt ----

    def libvirtd(self, host):
        return int(lab("libvirtd", host, "pid").stdout)

    def qemu(self, host):
        return int(lab("qemu", host, self.GUEST, "pid").stdout)

    def daemon(self, host, verb):
        lab("libvirtd", host, verb)

    def destroy(self, host):
        lab("virsh", host, "destroy", self.GUEST)

    def forget_holders(self):
        """What an operator does who declares a controller dead."""
        for path in glob.glob(glob.escape(self.ctl.journal) + ".holder-*"):
            os.unlink(path)

    # ---- afterwards ----

    def at(self):
        return next((host for host in (1, 2) if self.look(host).startswith(ALIVE)), None)

    def heal_hosts(self):
        """Whatever a case left: nothing of it may reach the next one."""
        for running in self.running:
            if running.process.poll() is None:
                running.signal(signal.SIGCONT)
                running.kill()
        for host in (1, 2):
            for verb in ("resume", "start"):
                lab("libvirtd", host, verb, check=False)
            lab("qemu", host, self.GUEST, "resume", check=False)


class Gate:
    """Holds the journal as soon as it has an entry: its controller is then stopped between two
    steps, for it writes before each."""

    def __init__(self, world):
        self.db = sqlite3.connect(world.ctl.journal, isolation_level=None, timeout=0)
        self.world = world

    def _grab(self):
        try:
            self.db.execute("BEGIN IMMEDIATE")
            return True
        except sqlite3.OperationalError:
            return False

    def close_at(self, name, status, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._grab():
                if self.db.execute("SELECT 1 FROM entry WHERE name = ? AND status = ?",
                                   (name, status)).fetchone():
                    return
                self.db.execute("ROLLBACK")
            time.sleep(0.0005)
        self.world.wrong.append(f"the journal never had {name} {status}")

    def last(self):
        return " ".join(self.db.execute("SELECT kind, name, status FROM entry ORDER BY seq DESC"
                                        ).fetchone())

    def open(self):
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")
        self.db.close()


def stop(world):
    """SIGSTOP, and until then it may still do something."""
    world.moving.signal(signal.SIGSTOP)
    wait_until(5, lambda: re.search(r"^State:\s*T", open(
        f"/proc/{world.moving.process.pid}/status", encoding="ascii").read(), re.M))


def stop_between_writes(world):
    """SIGSTOP, but not with the journal locked: that would stop everybody."""
    for _ in range(100):
        stop(world)
        db = sqlite3.connect(world.ctl.journal, isolation_level=None, timeout=0)
        try:
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
            return
        except sqlite3.OperationalError:
            world.moving.signal(signal.SIGCONT)
        finally:
            db.close()
    world.wrong.append("the controller never leaves the journal free")
