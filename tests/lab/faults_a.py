"""The fault matrix without root: controllers, daemons, QEMUs and guests."""
import os
import signal
import subprocess
import time

import faults_alone  # noqa: F401: more of this table
from blackbox import DONE, FAILED, LEFT, REFUSED, STAYED, Eye, lab, wait_until
from faultlab import Gate, case, stop, stop_between_writes

SOURCE = {"runs-on-source"}
THERE = {"runs-on-destination"}
ON_THE_WAY = {"in-flight", "runs-on-destination"}
# A dirtier that the cap does not let through: its copy does not end before the fault does.
ENDLESS = "--memory 112 --dirty 16 --rate 30 --autostart"

# ---- the controller is killed ----


@case("a", "controller killed", "check", "source", last=SOURCE)
def killed_in_check(w):
    w.start()
    w.moving.wait_phase("gathering")
    w.killed()
    yield


def killed_behind_gate(w, name, status):
    gate = Gate(w)
    w.start(*w.COPY)
    gate.close_at(name, status)
    w.seen.append(gate.last())
    w.killed()
    gate.open()


@case("a", "controller killed", "prepare", "source", SOURCE, SOURCE)
def killed_in_prepare(w):
    killed_behind_gate(w, "clear-autostart", "begun")
    yield


@case("a", "controller killed", "start of the transfer", "either", last=SOURCE | THERE)
def killed_when_transfer_is_begun(w):
    killed_behind_gate(w, "transfer", "begun")
    yield


@case("a", "controller killed", "copy", "destination", ON_THE_WAY, THERE)
def killed_in_copy(w):
    w.copying()
    w.killed()
    yield


@case("a", "controller killed", "switch-over", "destination", ON_THE_WAY, THERE)
def killed_at_switch_over(w):
    w.switching(lambda: w.moving.process.kill())
    w.moving.end()
    yield


@case("a", "controller killed", "finalize", "destination", THERE, THERE)
def killed_in_finalize(w):
    killed_behind_gate(w, "transfer", "done")
    yield


@case("a", "controller killed, strict hand-over", "copy", "destination", ON_THE_WAY, THERE)
def killed_in_copy_when_strict(w):
    w.copying(*w.COPY, "--hand-over", "strict")
    w.killed()
    yield


@case("a", "controller killed, strict hand-over", "finalize", "destination", last=THERE)
def killed_before_it_lets_run_what_arrived_paused(w):
    gate = Gate(w)
    w.start(*w.COPY, "--hand-over", "strict")
    w.watch(w.destination, ("paused (user)", "paused (unknown)", "running"), lambda: None)
    gate.close_at("transfer", "begun")
    w.killed()
    gate.open()
    yield


@case("a", "controller killed, transient guest", "copy", "destination", ON_THE_WAY, THERE,
      guest="--transient")
def killed_with_transient_guest(w):
    w.copying()
    w.killed()
    yield


@case("a", "controller killed, tunnelled", "copy", "destination", ON_THE_WAY, THERE)
def killed_in_tunnelled_copy(w):
    w.copying(*w.COPY, "--transport", "tunnelled")
    w.killed()
    yield


@case("a", "controller killed, direct", "copy", "source", last=SOURCE)
def killed_in_direct_copy(w):
    w.copying(*w.COPY, "--transport", "direct")
    w.killed()
    yield


@case("a", "controller killed, direct", "switch-over", "source",
      {"paused-before-hand-over", "runs-on-source"}, SOURCE)
def killed_at_direct_switch_over(w):
    w.start(*w.SWITCH, "--transport", "direct")
    w.watch(w.source, "paused (migrating)", lambda: w.moving.process.kill())
    w.moving.end()
    yield


# ---- the controller is stopped, and told to end ----


@case("a", "controller stopped and continued", "copy", "destination")
def stopped_through_the_copy_and_continued(w):
    w.copying()
    stop_between_writes(w)
    wait_until(60, lambda: w.look(w.destination).startswith("running"))
    w.must_recover(THERE | {None}, REFUSED, "--apply", "safe")
    w.moving.signal(signal.SIGCONT)
    w.ends(DONE)
    yield


def slept_through_takeover(w, verdicts, seconds=0):
    """Another has the guest: the sleeper does nothing more."""
    begun = time.monotonic()
    w.forget_holders()
    w.must_recover(verdicts, DONE, "--apply", "safe")
    time.sleep(max(0, begun + seconds - time.monotonic()))
    w.moving.signal(signal.SIGCONT)
    answer = w.ends(FAILED)
    # Between an order and its proof it sees the order undone, elsewhere that it was replaced.
    w.expect(answer.error() in ("lost-claim", "needs-recover"), f"it was not refused: {answer}")


@case("a", "controller stopped, taken over, continued", "copy", "destination")
def stopped_and_taken_over_in_copy(w):
    w.copying()
    stop_between_writes(w)
    slept_through_takeover(w, THERE)
    yield


# When it wakes, each of its clocks has run out.
@case("a", "controller stopped past its deadlines, taken over", "copy", "destination")
def stopped_past_its_deadlines_and_taken_over(w):
    w.copying(*w.COPY, "--deadline", "6", *(word for key in (
        "call-timeout=2000", "settle-timeout=3", "stall-timeout=3", "switchover-timeout=3")
        for word in ("--set", key)))
    stop_between_writes(w)
    slept_through_takeover(w, THERE, 7)
    yield


@case("a", "controller stopped, taken over, continued", "prepare", "source")
def stopped_and_taken_over_in_prepare(w):
    gate = Gate(w)
    w.start(*w.COPY)
    gate.close_at("clear-autostart", "begun")
    w.seen.append(gate.last())
    # The fence is the next write to the journal: an order whose intent is written will be given.
    with Eye(w.hosts.uri(w.source)) as eye:
        wait_until(10, lambda: not eye.flags(w.GUEST)[1])
    stop(w)
    gate.open()
    slept_through_takeover(w, SOURCE)
    yield


@case("a", "controller stopped, taken over, continued", "finalize", "destination")
def stopped_and_taken_over_in_finalize(w):
    gate = Gate(w)
    w.start(*w.COPY)
    gate.close_at("transfer", "done")
    stop(w)
    gate.open()
    slept_through_takeover(w, THERE)
    yield


@case("a", "controller SIGTERM", "check", "source", last=SOURCE)
def sigterm_in_check(w):
    w.start(*w.COPY)
    w.moving.wait_phase("gathering")
    w.moving.signal(signal.SIGTERM)
    w.ends(STAYED, REFUSED)
    yield


@case("a", "controller SIGTERM", "prepare", "source", last=SOURCE)
def sigterm_in_prepare(w):
    gate = Gate(w)
    w.start(*w.COPY)
    gate.close_at("clear-autostart", "begun")
    w.moving.signal(signal.SIGTERM)
    wait_until(5, lambda: any("cancelling" in line for line in w.moving.said))
    gate.open()
    w.ends(STAYED)
    yield


@case("a", "controller SIGTERM", "copy", "destination", ON_THE_WAY, THERE)
def sigterm_in_copy(w):
    w.copying()
    w.moving.signal(signal.SIGTERM)
    w.ends(LEFT)
    yield


@case("a", "controller SIGTERM", "finalize", "destination")
def sigterm_in_finalize(w):
    gate = Gate(w)
    w.start(*w.COPY)
    gate.close_at("transfer", "done")
    w.moving.signal(signal.SIGTERM)
    gate.open()
    w.ends(DONE)
    yield


# ---- libvirtd ----


@case("a", "source libvirtd killed, restarted", "copy", "source", last=SOURCE)
def source_libvirtd_restarted_in_copy(w):
    w.copying()
    w.daemon(w.source, "kill")
    w.daemon(w.source, "start")
    w.ends(STAYED)
    yield


@case("a", "source libvirtd killed, back later", "copy", "unknown until it is back; source",
      {"unknown"}, SOURCE)
def source_libvirtd_away_in_copy(w):
    w.copying(*w.COPY, "--set", "settle-timeout=2")
    w.daemon(w.source, "kill")
    w.ends(FAILED)
    yield
    w.daemon(w.source, "start")


@case("a", "source libvirtd hung, continued", "copy", "either", last=SOURCE | THERE)
def source_libvirtd_hung_in_copy(w):
    w.copying(*w.COPY, "--set", "settle-timeout=2", "--set", "call-timeout=2000")
    w.daemon(w.source, "hang")
    w.ends(FAILED)
    yield
    w.daemon(w.source, "resume")


@case("a", "destination libvirtd killed, restarted", "copy", "source", last=SOURCE)
def destination_libvirtd_restarted_in_copy(w):
    w.copying()
    w.daemon(w.destination, "kill")
    w.daemon(w.destination, "start")
    w.ends(STAYED)
    yield


@case("a", "destination libvirtd hung, continued", "copy", "source", SOURCE | {"unknown"}, SOURCE)
def destination_libvirtd_hung_in_copy(w):
    w.copying(*w.COPY, "--set", "settle-timeout=2", "--set", "call-timeout=2000")
    w.daemon(w.destination, "hang")
    w.ends(FAILED, STAYED)
    yield
    w.daemon(w.destination, "resume")


@case("a", "both libvirtd killed, restarted", "copy", "source", last=SOURCE)
def both_libvirtd_restarted_in_copy(w):
    w.copying()
    for host in (1, 2):
        w.daemon(host, "kill")
    w.killed()
    for host in (1, 2):
        w.daemon(host, "start")
    yield


def at_switch_over(w, host, number, *options):
    """The controller dies as well: what is found is what recover finds."""
    daemon = w.libvirtd(host)

    def act():
        os.kill(daemon, number)
        w.moving.process.kill()

    w.start(*w.SWITCH, *options)
    w.watch(w.source, "paused (migrating)", act)
    w.moving.end()


@case("a", "source libvirtd killed, back later", "switch-over", "unknown until it is back; either",
      {"unknown"}, SOURCE | THERE)
def source_libvirtd_killed_at_switch_over(w):
    at_switch_over(w, w.source, signal.SIGKILL)
    yield
    w.daemon(w.source, "start")


# The destination runs, and the half at the source waits for nobody any more.
@case("a", "source libvirtd killed, back later", "Finish", "unknown until it is back; destination",
      {"unknown"}, THERE)
def source_libvirtd_killed_in_finish(w):
    daemon = w.libvirtd(w.source)

    def act():
        os.kill(daemon, signal.SIGKILL)
        w.moving.process.kill()

    w.start(*w.COPY)
    w.watch(w.destination, "running", act)
    w.moving.end()
    yield
    w.daemon(w.source, "start")


@case("a", "source libvirtd hung, continued", "switch-over", "unknown until it is back; either",
      {"unknown"}, SOURCE | THERE, slow=True)
def source_libvirtd_hung_at_switch_over(w):
    at_switch_over(w, w.source, signal.SIGSTOP)
    yield
    w.daemon(w.source, "resume")


@case("a", "destination libvirtd killed, strict", "switch-over",
      "unknown until it is back; source", {"unknown"}, SOURCE)
def destination_libvirtd_killed_at_switch_over(w):
    at_switch_over(w, w.destination, signal.SIGKILL, "--hand-over", "strict")
    yield
    w.daemon(w.destination, "start")


@case("a", "destination libvirtd hung, continued, strict", "switch-over",
      "unknown until it is back; either", {"unknown"}, SOURCE | THERE, slow=True)
def destination_libvirtd_hung_at_switch_over(w):
    at_switch_over(w, w.destination, signal.SIGSTOP, "--hand-over", "strict")
    yield
    w.daemon(w.destination, "resume")


# ---- QEMU ----


@case("a", "source QEMU killed", "copy", "off", {"stopped"}, {"stopped"}, guest=ENDLESS, slow=True)
def source_qemu_killed_in_copy(w):
    w.copying()
    lab("qemu", w.source, w.GUEST, "kill")
    w.ends(STAYED)
    w.must_recover({"stopped"}, 5, "--apply", "safe")  # its start is disruptive
    answer = w.must_recover({"runs-on-source", "stopped"}, DONE, "--apply", "disruptive")
    w.expect("start-guest" in answer.steps(), f"it was not started: {answer}")
    w.destroy(w.source)
    yield


@case("a", "destination QEMU killed", "copy", "source", last=SOURCE)
def destination_qemu_killed_in_copy(w):
    w.copying()
    lab("qemu", w.destination, w.GUEST, "kill")
    w.ends(STAYED)
    yield


@case("a", "source QEMU hung, continued", "copy", "destination")
def source_qemu_hung_and_continued(w):
    w.copying()
    lab("qemu", w.source, w.GUEST, "hang")
    time.sleep(3)
    lab("qemu", w.source, w.GUEST, "resume")
    w.ends(DONE)
    yield


@case("a", "source QEMU hung for ever", "copy", "off", {"monitor-unresponsive"},
      {"stopped", "lost"}, risk="destructive", guest=ENDLESS, slow=True)
def source_qemu_hung_for_ever(w):
    w.copying()
    lab("qemu", w.source, w.GUEST, "hang")
    w.killed()
    yield
    before = w.where()
    w.must_recover({"monitor-unresponsive"}, 5, "--apply", "disruptive")
    w.expect(w.where() == before, f"something was changed: {w.where()}")


@case("a", "destination QEMU hung, continued", "copy", "destination")
def destination_qemu_hung_and_continued(w):
    w.copying()
    lab("qemu", w.destination, w.GUEST, "hang")
    time.sleep(3)
    lab("qemu", w.destination, w.GUEST, "resume")
    w.ends(DONE)
    yield


@case("a", "destination QEMU hung for ever", "copy", "source", {"stalled"}, SOURCE,
      risk="disruptive", guest=ENDLESS, slow=True)
def destination_qemu_hung_for_ever(w):
    w.copying()
    lab("qemu", w.destination, w.GUEST, "hang")
    w.killed()
    yield


@case("a", "destination QEMU killed", "switch-over", "source", last=SOURCE)
def destination_qemu_killed_at_switch_over(w):
    w.start(*w.SWITCH)
    w.moving.wait_phase("copying-memory")
    qemu = w.qemu(w.destination)
    w.watch(w.source, "paused (migrating)", lambda: os.kill(qemu, signal.SIGKILL))
    w.ends(STAYED)
    yield


@case("a", "source QEMU killed", "switch-over", "off", slow=True)
def source_qemu_killed_at_switch_over(w):
    qemu = w.qemu(w.source)
    w.switching(lambda: os.kill(qemu, signal.SIGKILL))
    w.ends(STAYED)
    w.must_recover({"stopped"}, 5, "--apply", "safe")
    yield


# ---- the guest ----


@case("a", "guest powers itself off", "copy", "off", {"stopped"}, {"stopped"},
      guest=ENDLESS + " --poweroff-after 10")
def guest_powers_off_in_copy(w):
    w.start(*w.COPY)
    w.ends(STAYED)
    yield


@case("a", "guest destroyed at the source", "copy", "off", {"stopped"}, {"stopped"}, guest=ENDLESS,
      slow=True)
def destroyed_at_source_in_copy(w):
    w.copying()
    w.destroy(w.source)
    w.ends(STAYED)
    yield


@case("a", "guest destroyed at the destination", "copy", "source", last=SOURCE)
def destroyed_at_destination_in_copy(w):
    w.copying()
    w.destroy(w.destination)
    w.ends(STAYED)
    yield


@case("a", "definition cannot be written there", "switch-over", "source", last=SOURCE)
def definition_cannot_be_written(w):
    folder = f"{w.hosts.env['LAB_DIR']}/h{w.destination}/c/libvirt/qemu"
    w.copying()
    os.chmod(folder, 0o500)
    try:
        w.ends(STAYED)
    finally:
        os.chmod(folder, 0o700)
    yield


# ---- two at once ----


@case("a", "two controllers start the same move", "prepare", "destination")
def two_controllers(w):
    first = w.start(*w.COPY)
    second = w.start(*w.COPY)
    answers = [running.end() for running in (first, second)]
    codes = sorted(answer.code for answer in answers)
    w.seen.append(f"moves: {codes}")
    loser = max(answers, key=lambda answer: answer.code)
    w.expect(codes == [DONE, REFUSED] and loser.error() in ("busy", "blocked"),
             f"one had to win: {answers[0]}\n{answers[1]}")
    yield


@case("a", "recover twice at the same time", "copy", "destination", last=SOURCE)
def two_recoveries(w):
    w.copying()
    w.killed()
    both = [w.ctl.recover(w.GUEST, "--apply", "safe") for _ in range(2)]
    answers = [running.end() for running in both]
    codes = sorted(answer.code for answer in answers)
    w.seen.append(f"recoveries: {codes}")
    w.expect(codes in ([DONE, DONE], [DONE, REFUSED])
             and all(answer.code == DONE or answer.error() == "busy" for answer in answers),
             f"{answers[0]}\n{answers[1]}")
    yield


@case("a", "recover killed in mid follow", "copy", "destination", last=THERE)
def recover_killed_in_follow(w):
    w.copying("--bandwidth", "12")
    w.killed()
    recovery = w.ctl.recover(w.GUEST, "--apply", "safe")
    held = lambda: subprocess.run(  # noqa: E731
        [w.ctl.program, "list", "--json", "--journal", w.ctl.journal], text=True,
        stdout=subprocess.PIPE, check=False).stdout.count('"held":true')
    w.expect(wait_until(20, held), "the recovery never took the claim")
    time.sleep(0.5)
    w.expect(recovery.process.poll() is None, "it was over too soon")
    recovery.kill()
    yield
