"""What the programs that test migratectl from outside share: the lab, TAP, a move in a process of
its own, a recovery, looking at the hosts. They know of libmigrate what an operator sees.
"""
import ctypes
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent

# How migratectl ends.
DONE, REFUSED, STAYED, FAILED, TO_REPAIR, LEFT = 0, 2, 3, 4, 5, 6

CLOSED = {"finalized", "undone", "cancelled", "reverted"}


class Tap:
    def __init__(self, planned):
        self.count = self.failed = 0
        print(f"1..{planned}", flush=True)

    def ok(self, good, what, detail=""):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {what}", flush=True)
        if not good:
            self.say(detail)
        return good

    def say(self, text):
        for line in text.splitlines():
            print(f"# {line}", flush=True)


def wait_until(seconds, holds):
    """What holds () gives, as soon as it is true; else its last answer."""
    deadline = time.monotonic() + seconds
    while not (answer := holds()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return answer


# ---- hosts ----

STATES = ["no state", "running", "blocked", "paused", "shutdown", "shut off", "crashed",
          "suspended"]
PAUSED = ["unknown", "user", "migrating", "saving", "dumping", "I/O error", "watchdog", "snapshot",
          "shutting down", "snapshot", "crashed", "starting up", "post-copy", "post-copy failed"]
RUNNING = ["unknown", "booted", "migrated", "restored", "snapshot", "unpaused",
           "migration canceled", "save canceled", "event wakeup", "crashed", "post-copy",
           "post-copy failed"]
OFF = ["unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "snapshot",
       "daemon"]
REASONS = {1: RUNNING, 3: PAUSED, 5: OFF}

libvirt = ctypes.CDLL("libvirt.so.0")
libvirt.virConnectOpen.restype = ctypes.c_void_p
libvirt.virDomainLookupByName.restype = ctypes.c_void_p


@ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
def ignore_error(_data, _error):
    """libvirt's own lines, about hosts that tests take away."""


libvirt.virSetErrorFunc(None, ignore_error)


class Eye:
    """One host, asked in a fraction of a millisecond: what a program that has to be started could
    not see in time."""

    def __init__(self, uri):
        self.connection = ctypes.c_void_p(libvirt.virConnectOpen(uri.encode()))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.connection:
            libvirt.virConnectClose(self.connection)

    def look(self, guest):
        """"running (migrated)", "absent", or "unreachable"."""
        if not self.connection:
            return "unreachable"
        domain = ctypes.c_void_p(libvirt.virDomainLookupByName(self.connection, guest.encode()))
        if not domain:
            alive = libvirt.virConnectIsAlive(self.connection) == 1
            return "absent" if alive else "unreachable"
        state, reason = ctypes.c_int(), ctypes.c_int()
        got = libvirt.virDomainGetState(domain, ctypes.byref(state), ctypes.byref(reason), 0)
        libvirt.virDomainFree(domain)
        if got != 0:
            return "absent"
        reasons = REASONS.get(state.value, [])
        word = reasons[reason.value] if reason.value < len(reasons) else str(reason.value)
        return f"{STATES[state.value]} ({word})"

    def flags(self, guest):
        """Whether it is defined there, and starts with the host."""
        domain = ctypes.c_void_p(libvirt.virDomainLookupByName(self.connection, guest.encode()))
        if not domain:
            return False, False
        autostart = ctypes.c_int()
        libvirt.virDomainGetAutostart(domain, ctypes.byref(autostart))
        persistent = libvirt.virDomainIsPersistent(domain) == 1
        libvirt.virDomainFree(domain)
        return persistent, autostart.value == 1


def lab(*words, check=True, timeout=300):
    done = subprocess.run([HERE / "lab", *map(str, words)], text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if check and done.returncode != 0:
        raise RuntimeError(f"lab {' '.join(map(str, words))}: {done.stdout}")
    return done


class Lab:
    """Two hosts for as long as the with lasts."""

    def __init__(self, recipe, folder):
        self.recipe = recipe
        os.environ["LAB_DIR"] = folder

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        try:
            lab("up", "--recipe", self.recipe)
            lines = lab("env").stdout.splitlines()
            self.env = dict(line.split("=", 1) for line in lines)
            for host in (1, 2):  # the first answer takes seconds
                lab("virsh", host, "capabilities")
        except BaseException:
            lab("down", check=False)
            raise
        return self

    def __exit__(self, *_):
        lab("down", check=False)

    def uri(self, host):
        return self.env[f"LAB_URI_{host}"]

    def host(self, host):
        """As --host and --to take it."""
        return f"{self.uri(host)}={self.env[f'LAB_PEER_URI_{host}']}"

    def look(self, host, guest):
        with Eye(self.uri(host)) as eye:
            return eye.look(guest)

    def where(self, guest):
        return {host: self.look(host, guest) for host in (1, 2)}


class Observer:
    """lab-observer for as long as the with lasts: samples and twice are known afterwards."""

    def __init__(self, program, hosts, guest):
        self.command = [program, guest, hosts.uri(1), hosts.uri(2)]
        self.samples = self.twice = 0

    def __enter__(self):
        self.process = subprocess.Popen(self.command, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        return self

    def __exit__(self, *_):
        said = self.process.communicate()[0].split()
        if self.process.returncode != 0:
            raise RuntimeError(f"lab-observer ended with {self.process.returncode}")
        self.samples, self.twice = int(said[1]), int(said[3])


# ---- migratectl ----

class Answer:
    def __init__(self, code, out, said):
        self.code = code
        self.said = said
        try:
            self.values = json.loads(out)
        except ValueError:
            self.values = {}

    def __getitem__(self, key):
        return self.values.get(key)

    def error(self):
        return (self["error"] or {}).get("code")

    def steps(self):
        return [step["what"] for step in self["steps"] or [] if step["done"]]

    def __str__(self):
        return f"exit code {self.code}\n{json.dumps(self.values, indent=1)}\n{self.said}"


class Running:
    """migratectl in a process of its own. phase is what it last said of the move."""

    def __init__(self, words):
        self.said, self.phase = [], ""
        self.started = time.monotonic()
        self.process = subprocess.Popen([*map(str, words)], text=True, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.said.append(line)
            words = line.split()
            if len(words) == 3 and words[0] == "job":
                self.phase = words[2]

    def wait_phase(self, phase, seconds=60):
        """False: it ended before."""
        reached = lambda: self.phase == phase or self.process.poll() is not None
        wait_until(seconds, reached)
        return self.phase == phase

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        return self.end()

    def end(self, seconds=180):
        timer = threading.Timer(seconds, self.process.kill)
        timer.start()
        out = self.process.stdout.read()
        code = self.process.wait()
        timer.cancel()
        self.reader.join(5)
        return Answer(code, out, "".join(self.said))


class Ctl:
    """migratectl with the hosts of a lab and one journal."""

    def __init__(self, program, hosts, journal):
        self.program, self.hosts, self.journal = program, hosts, journal

    def move(self, guest, source, destination, *options):
        by = [] if "tunnelled" in options else [
            "--migration-uri", self.hosts.env[f"LAB_MIGRATION_URI_{destination}"]]
        return Running([self.program, "move", guest, "--json", "--journal", self.journal,
                        "--from", self.hosts.uri(source), "--to", self.hosts.host(destination),
                        *by, *options])

    def check(self, guest, source, destination, *options):
        return self.verb("check", guest, "--from", self.hosts.uri(source),
                         "--to", self.hosts.host(destination), *options).end()

    def recover(self, guest, *options, journal=None):
        return Running([self.program, "recover", guest, "--json",
                        "--journal", journal or self.journal, "--host", self.hosts.host(1),
                        "--host", self.hosts.host(2), *options])

    def verb(self, *words):
        return Running([self.program, *words, "--json", "--journal", self.journal])

    def open_jobs(self):
        """Those that have something to end: a job without facts has asked its hosts, no more."""
        jobs = self.verb("list", "--all").end()["jobs"] or []
        return [f"{job['id']} {job['state']}" for job in jobs
                if job["state"] not in CLOSED and ("facts" in job or job["state"] != "checked")
                and job["state"] != "new"]


def faults_of_rest(hosts, guest, at, *, autostart=True, persistent=True, counts=True):
    """What is wrong with a guest that should run on that host and be unknown to the other."""
    wrong = []
    where = hosts.where(guest)
    if not where[at].startswith("running"):
        wrong.append(f"on host {at}: {where[at]}")
    if where[3 - at] != "absent":
        wrong.append(f"on host {3 - at}: {where[3 - at]}")
    if wrong:
        return wrong
    with Eye(hosts.uri(at)) as eye:
        defined, starts = eye.flags(guest)
    if defined != persistent:
        wrong.append(f"that it is defined on host {at} is {defined}")
    if starts != autostart:
        wrong.append(f"its autostart on host {at} is {starts}")
    for words in (("wait-counter", guest, "+1"), ("check-counter", guest)) if counts else ():
        counted = lab(*words, check=False)
        if counted.returncode != 0:
            wrong.append(counted.stdout.strip())
    return wrong
