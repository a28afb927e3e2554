"""The fault matrix with root: links, whole hosts, disks; and the switch-over, which a slow link
makes seconds long."""
import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import threading
import time

from blackbox import DONE, FAILED, LEFT, STAYED, TO_REPAIR, Eye, lab, wait_until
from faultlab import Gate, case

SOURCE = {"runs-on-source"}
THERE = {"runs-on-destination"}
ON_THE_WAY = {"in-flight", "runs-on-destination"}
UNSURE = {"unknown", "frozen", "runs-on-source"}


def heal_network():
    for words in (("power-on", 1), ("power-on", 2), ("link", "restore"), ("link", "unlimited")):
        lab(*words, check=False)


def is_linked(w):
    """Hosts that had no network do not reach each other for a moment longer."""
    return all(lab("run", host, "virsh", "-q", "-c", w.hosts.env[f"LAB_PEER_URI_{3 - host}"], "uri",
                   check=False).returncode == 0 for host in (1, 2))


def mend_link(w):
    lab("link", "restore")
    lab("link", "unlimited")
    w.expect(wait_until(60, lambda: is_linked(w)), "the hosts do not reach each other")


# ---- the link ----


@case("b", "link cut for 5 s", "copy", "destination", last=SOURCE | THERE)
def link_cut_for_a_while_in_copy(w):
    w.copying()
    lab("link", "cut", w.destination)
    time.sleep(5)
    lab("link", "restore")
    w.ends(DONE)
    yield


@case("b", "link cut for ever", "copy", "source", last=SOURCE)
def link_cut_in_copy(w):
    w.copying()
    lab("link", "cut", w.destination)
    w.ends(STAYED)
    yield
    yield
    mend_link(w)


@case("b", "link cut for ever, controller killed", "copy", "source", SOURCE, SOURCE)
def link_cut_and_controller_killed_in_copy(w):
    w.copying()
    lab("link", "cut", w.destination)
    w.killed()
    yield
    yield
    mend_link(w)


def at_long_switch_over(w, act, *options):
    """Some 50 MiB travel while the source is stopped, at 12 MiB/s."""
    lab("link", "100mbit")
    w.start(*w.SWITCH, *options)
    w.watch(w.source, "paused (migrating)", act)


@case("b", "link cut for 5 s, controller killed", "switch-over", "destination", last=THERE)
def link_cut_for_a_while_at_switch_over(w):
    at_long_switch_over(w, lambda: lab("link", "cut", w.destination))
    w.killed()
    time.sleep(5)
    lab("link", "restore")
    yield


# QEMU writes the last of the memory with its monitor held up, until TCP gives up.
@case("b", "link cut, controller killed", "switch-over", "stands still until it is back; source",
      {"monitor-unresponsive"}, SOURCE)
def link_cut_at_switch_over(w):
    at_long_switch_over(w, lambda: lab("link", "cut", w.destination))
    w.killed()
    yield
    mend_link(w)


class Unplugger:
    """Takes a host's card down within a millisecond: no program is started for it."""

    NEWNET, GET, SET, UP = 0x40000000, 0x8913, 0x8914, 1

    def __init__(self, pid):
        self.pid = pid
        thread = threading.Thread(target=self._enter)  # only this thread changes its network
        thread.start()
        thread.join()

    def _enter(self):
        with open(f"/proc/{self.pid}/ns/net", "rb") as space:
            if ctypes.CDLL(None).setns(space.fileno(), self.NEWNET) == 0:
                self.control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def set(self, up):
        request = struct.pack("16sh14x", b"eth0", 0)
        name, flags = struct.unpack("16sh14x", fcntl.ioctl(self.control, self.GET, request))
        flags = flags | self.UP if up else flags & ~self.UP
        fcntl.ioctl(self.control, self.SET, struct.pack("16sh14x", name, flags))


def lose_reply(w, strike, *options):
    """libvirt's last message was heeded at the destination, and the source never hears of it."""
    w.expect(wait_until(60, lambda: is_linked(w)), "the hosts do not reach each other")
    plug = Unplugger(w.libvirtd(w.destination))

    def act():
        plug.set(False)
        strike()

    w.start(*w.COPY, *options)
    w.watch(w.destination, ("running", "paused (user)", "paused (unknown)"), act)
    return plug


def lose_reply_and_controller(w, *options):
    plug = lose_reply(w, lambda: w.moving.process.kill(), *options)
    w.moving.end()
    return plug


# The source's half is destroyed before libvirt lets it run on.
@case("b", "reply to Finish lost", "Finish", "destination", last=SOURCE | THERE)
def lost_reply_with_controller(w):
    plug = lose_reply(w, lambda: None)
    w.ends(DONE, FAILED)
    yield
    plug.set(True)
    mend_link(w)


@case("b", "reply to Finish lost, controller killed", "Finish", "destination", last=THERE)
def lost_reply(w):
    plug = lose_reply_and_controller(w)
    yield
    yield
    plug.set(True)
    mend_link(w)


@case("b", "reply to Finish lost, controller killed, strict", "Finish", "either",
      last=SOURCE | THERE)
def lost_reply_when_strict(w):
    plug = lose_reply_and_controller(w, "--hand-over", "strict")
    yield
    yield
    plug.set(True)
    mend_link(w)


# ---- whole hosts ----


def starts_with_host(w, host):
    with Eye(w.hosts.uri(host)) as eye:
        w.expect(eye.flags(w.GUEST)[1], f"its autostart on host {host} was not restored")


@case("b", "source loses power, controller killed", "copy", "unknown until it is back; off",
      {"unknown"}, {"stopped"})
def source_loses_power_in_copy(w):
    w.copying()
    lab("power-off", w.source)
    w.killed()
    yield
    lab("power-on", w.source)
    yield
    starts_with_host(w, w.source)


@case("b", "destination loses power", "copy", "source", SOURCE | {"unknown"}, SOURCE)
def destination_loses_power_in_copy(w):
    w.copying(*w.COPY, "--set", "settle-timeout=2")
    lab("power-off", w.destination)
    w.ends(FAILED, STAYED)
    yield
    lab("power-on", w.destination)
    yield
    w.expect(wait_until(60, lambda: is_linked(w)), "the hosts do not reach each other")


@case("b", "both hosts lose power, controller killed", "copy", "unknown until they are back; off",
      {"unknown"}, {"stopped"})
def both_lose_power_in_copy(w):
    w.copying()
    for host in (1, 2):
        lab("power-off", host)
    w.killed()
    yield
    for host in (1, 2):
        lab("power-on", host)
    yield
    starts_with_host(w, w.source)


def killed_before_finalize(w):
    gate = Gate(w)
    w.start(*w.COPY)
    gate.close_at("transfer", "done")
    w.killed()
    gate.open()


@case("b", "destination loses power, controller killed", "finalize",
      "unknown until it is back; off", {"unknown"}, {"stopped"})
def destination_loses_power_in_finalize(w):
    killed_before_finalize(w)
    lab("power-off", w.destination)
    yield
    lab("power-on", w.destination)
    yield
    w.expect(w.look(w.source) == "absent", "it is defined at the source again")
    starts_with_host(w, w.destination)


@case("b", "source loses power, controller killed", "finalize",
      "unknown until it is back; destination", {"unknown"}, SOURCE | THERE)
def source_loses_power_in_finalize(w):
    killed_before_finalize(w)
    lab("power-off", w.source)
    yield
    lab("power-on", w.source)
    yield
    w.expect(wait_until(60, lambda: is_linked(w)), "the hosts do not reach each other")


@case("b", "source loses power, controller killed", "switch-over", "unknown until it is back; off",
      {"unknown"}, {"stopped"})
def source_loses_power_at_switch_over(w):
    at_long_switch_over(w, lambda: lab("power-off", w.source))
    w.killed()
    yield
    lab("power-on", w.source)


# ---- controllers and daemons in a long switch-over ----


@case("b", "controller killed", "switch-over", "destination", last=THERE)
def controller_killed_at_long_switch_over(w):
    at_long_switch_over(w, lambda: w.moving.process.kill())
    w.moving.end()
    yield


@case("b", "controller SIGTERM", "switch-over", "destination", last=THERE)
def controller_told_to_end_at_long_switch_over(w):
    at_long_switch_over(w, lambda: w.moving.signal(signal.SIGTERM))
    w.ends(LEFT)
    yield


@case("b", "controller killed, direct", "switch-over", "source", last=SOURCE)
def direct_controller_killed_at_long_switch_over(w):
    at_long_switch_over(w, lambda: w.moving.process.kill(), "--transport", "direct")
    w.moving.end()
    yield


def strike_daemon(w, host, number, *options):
    """The controller dies as well: what is found is what recover finds."""
    daemon = w.libvirtd(host)

    def act():
        os.kill(daemon, number)
        w.moving.process.kill()

    at_long_switch_over(w, act, *options)
    w.moving.end()


@case("b", "source libvirtd killed, back later", "switch-over", "unknown until it is back; source",
      {"unknown"}, SOURCE)
def source_libvirtd_killed_at_long_switch_over(w):
    strike_daemon(w, w.source, signal.SIGKILL)
    yield
    w.daemon(w.source, "start")


@case("b", "source libvirtd hung for 20 s", "switch-over", "unknown until it is back; source",
      {"unknown"}, SOURCE)
def source_libvirtd_hung_at_long_switch_over(w):
    strike_daemon(w, w.source, signal.SIGSTOP)
    begun = time.monotonic()
    yield
    time.sleep(max(0, begun + 20 - time.monotonic()))
    w.daemon(w.source, "resume")


@case("b", "destination libvirtd killed, back later", "switch-over",
      "unknown until it is back; source", UNSURE, SOURCE)
def destination_libvirtd_killed_at_long_switch_over(w):
    strike_daemon(w, w.destination, signal.SIGKILL)
    yield
    w.daemon(w.destination, "start")


def hang_destination_libvirtd(w, *options):
    strike_daemon(w, w.destination, signal.SIGSTOP, *options)
    begun = time.monotonic()
    yield
    time.sleep(max(0, begun + 20 - time.monotonic()))
    w.daemon(w.destination, "resume")


@case("b", "destination libvirtd hung for 20 s, strict", "switch-over",
      "unknown until it is back; source", UNSURE, SOURCE)
def destination_libvirtd_hung_at_long_switch_over(w):
    yield from hang_destination_libvirtd(w, "--hand-over", "strict")


def runs_twice(w):
    return all(w.look(host).startswith("running") for host in (1, 2))


def choose_source(w):
    """Which of two copies is good only their owner can tell."""
    w.expect(wait_until(60, lambda: runs_twice(w)), f"it does not run twice: {w.where()}")
    w.must_recover({"split"}, TO_REPAIR, "--apply", "destructive")
    w.expect(runs_twice(w), "nobody had chosen a copy")
    w.must_recover(SOURCE, DONE, "--keep", w.hosts.uri(w.source), "--apply", "destructive")
    # Both have counted into one file; from here on there is one again.
    os.truncate(f"{w.hosts.env['LAB_DIR']}/serial/{w.GUEST}.log", 0)


# libvirt's source gives the hand-over up and lets its copy run on; the destination's, once it goes
# on, finds both the end of the connection and the message that says to start, and mostly heeds the
# message first.
@case("b", "destination libvirtd hung for 20 s", "switch-over",
      "mostly two copies by libvirt; source", UNSURE)
def destination_libvirtd_hung_when_fast(w):
    yield from hang_destination_libvirtd(w)
    wait_until(60, lambda: runs_twice(w) or w.look(w.destination) == "absent")
    if runs_twice(w):
        choose_source(w)
    else:
        w.must_recover(SOURCE, DONE, "--apply", "safe")


def kill_in_finish(w, words, *options):
    """After the destination has heeded libvirt's last message, before it has answered it."""
    daemon = w.libvirtd(w.destination)
    w.start(*w.COPY, *options)
    w.watch(w.destination, words, lambda: os.kill(daemon, signal.SIGKILL))
    w.daemon(w.destination, "start")


# Its death breaks the connection, and libvirt's source lets its copy run on at once: no controller
# is quick enough to be there first, as it is when a reply is lost without a word.
@case("b", "destination libvirtd killed, restarted", "Finish", "two copies by libvirt; source")
def destination_libvirtd_killed_in_finish(w):
    kill_in_finish(w, "running")
    answer = w.ends(FAILED)
    w.expect(answer["outcome"] == "split", f"it was not told: {answer}")
    yield
    choose_source(w)


@case("b", "destination libvirtd killed, restarted, strict", "Finish", "source", last=SOURCE)
def destination_libvirtd_killed_in_finish_when_strict(w):
    kill_in_finish(w, ("paused (user)", "paused (unknown)"), "--hand-over", "strict")
    w.ends(STAYED, FAILED)
    yield


# ---- the disk ----


@case("b", "destination's disk is full", "switch-over", "source", last=SOURCE)
def disk_full_for_the_definition(w):
    folder = "/etc/libvirt/qemu"
    enter = ["nsenter", "--target", str(w.libvirtd(w.destination)), "--mount"]
    subprocess.run([*enter, "mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", folder], check=True)
    subprocess.run([*enter, "sh", "-c", f"! head -c 8192 /dev/zero >{folder}/full 2>/dev/null"],
                   check=True)
    w.start(*w.COPY)
    w.ends(STAYED)
    subprocess.run([*enter, "umount", folder], check=True)
    yield
