"""The fault matrix where recover works without a journal, or without all hosts."""
import pathlib

from blackbox import DONE, TO_REPAIR, lab, wait_until
from faultlab import World, case

SOURCE = {"runs-on-source"}
THERE = {"runs-on-destination"}


def kill_direct_at_switch_over(w):
    w.start(*w.SWITCH, "--transport", "direct")
    w.watch(w.source, "paused (migrating)", lambda: w.moving.process.kill())
    w.moving.end()


@case("a", "controller killed, direct, no journal", "switch-over", "source", autostart=False)
def direct_without_journal(w):
    kill_direct_at_switch_over(w)
    w.must_recover(SOURCE, DONE, "--apply", "safe", journal="none")
    yield
    forget_job(w)


def forget_job(w):
    """The job stays open in a file that nobody reads any more."""
    pathlib.Path(w.ctl.journal).rename(w.ctl.journal + ".lost")
    World.made_with = None


@case("a", "controller killed, no journal", "copy", "destination", autostart=False)
def in_flight_without_journal(w):
    w.copying()
    w.killed()
    w.must_recover(SOURCE | THERE, DONE, "--apply", "safe", journal="none")
    yield
    forget_job(w)


@case("a", "definition left at the source, no journal", "after the move", "destination")
def leftover_definition_without_journal(w):
    xml = lab("virsh", w.source, "dumpxml", "--inactive", w.GUEST).stdout
    w.start()
    w.ends(DONE)
    path = pathlib.Path(w.ctl.journal + ".xml")
    path.write_text(xml, encoding="utf-8")
    lab("virsh", w.source, "define", path)
    w.must_recover(SOURCE | THERE, TO_REPAIR, "--apply", "safe", journal="none")
    w.expect(w.look(w.source) != "absent", "safe steps have removed a definition")
    w.must_recover(SOURCE | THERE, DONE, "--apply", "destructive", journal="none")
    yield


@case("a", "guest off, never moved, no journal", "no move", "off")
def runs_nowhere(w):
    w.destroy(w.source)
    w.must_recover({"stopped"}, DONE, "--apply", "safe", journal="none")
    yield


@case("a", "one host unreachable", "copy", "unknown until it is back; source")
def one_host_unreachable(w):
    w.copying()
    w.killed()
    w.daemon(w.source, "kill")
    before = w.look(w.destination)
    w.must_recover({"unknown"}, TO_REPAIR, "--apply", "destructive")
    w.expect(before in ("absent", w.look(w.destination)), "something was changed")
    yield
    w.daemon(w.source, "start")
    w.must_recover(SOURCE, DONE, "--apply", "safe")


@case("a", "one host unreachable, no journal", "no move", "unknown until it is back; source")
def one_host_unreachable_without_journal(w):
    w.daemon(w.destination, "kill")
    w.must_recover({"unknown"}, TO_REPAIR, "--apply", "destructive", journal="none")
    w.expect(w.look(w.source).startswith("running"), "something was changed")
    yield
    w.daemon(w.destination, "start")
    w.must_recover(SOURCE, DONE, "--apply", "safe", journal="none")


@case("a", "two copies of a guest that was never ours", "no move", "two copies; source",
      guest="--transient")
def split_brain(w):
    path = f"{w.hosts.env['LAB_DIR']}/guests/{w.GUEST}.xml"
    uuid = lab("virsh", w.source, "domuuid", w.GUEST).stdout.strip()
    name = f"<name>{w.GUEST}</name>"
    xml = pathlib.Path(path).read_text(encoding="utf-8")
    # A console of its own: the counter of the one that stays is still to be read.
    xml = xml.replace(name, f"{name}<uuid>{uuid}</uuid>").replace(f"/{w.GUEST}.log", "/other.log")
    other = pathlib.Path(w.ctl.journal + ".xml")
    other.write_text(xml, encoding="utf-8")
    lab("virsh", w.destination, "create", other)
    wait_until(10, lambda: w.look(w.destination).startswith("running"))
    w.must_recover({"split"}, TO_REPAIR, "--apply", "destructive")
    w.expect(w.look(w.destination).startswith("running"), "nobody had chosen a copy")
    yield
    w.must_recover(SOURCE, DONE, "--keep", w.hosts.uri(w.source), "--apply", "destructive")
