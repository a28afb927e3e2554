"""What goes wrong while disks travel, as a table: how it is brought about, and how the move ends of
it. disk-faults plays it.
"""
import os
import pathlib
import signal

from blackbox import lab
from disklab import LOCAL, MIB

TABLE = []

# So slow that there is time to strike.
SLOW = "60mbit"


class Case:
    """act (w) strikes and gives the answer of the move. codes: of the errors that are right; none:
    it moves. words: in what is told. runs: the guest runs. folder: of its disks, below LOCAL.
    disks: their names; none: a chain of three and a raw one."""

    def __init__(self, act, what, codes, words, runs, folder, disks):
        self.act, self.what, self.codes, self.words = act, what, codes, words
        self.runs, self.folder, self.disks = runs, folder, disks
        self.name = act.__name__.replace("_", "-")


def case(what, *codes, words="", runs=False, folder="", disks=None):
    def add(act):
        TABLE.append(Case(act, what, codes, words, runs, folder, disks))
        return act
    return add


# ---- a full disk ----


class Small:
    """A file system of its own, at the destination, where the guest's disks are to go."""

    def __init__(self, w, mib):
        self.w, self.path = w, w.folder
        w.inside("mkdir", "-p", self.path)
        w.inside("mount", "-t", "tmpfs", "-o", f"size={mib}m", "small", self.path)
        w.pool(w.there)

    def fill(self):
        """As far as it goes."""
        self.w.hosts.inside(self.w.there, "dd", "if=/dev/zero", f"of={self.path}/filler", "bs=1M",
                            check=False)

    def give_room(self):
        self.w.inside("rm", "-f", f"{self.path}/filler")
        self.w.inside("mount", "-o", "remount,size=4g", self.path)


@case("the destination's disk is too small", "blocked", "no-space", words="space", folder="small")
def full_from_the_start(w):
    small = Small(w, 6)
    answer = w.move()
    w.heal(small.give_room)
    return answer


@case("the destination's disk is too small, which is accepted", "no-space", folder="small")
def full_in_the_copy(w):
    small = Small(w, 6)
    answer = w.move("--accept", "space-short")
    w.heal(small.give_room)
    return answer


@case("the same through streams", "no-space", folder="small")
def full_in_the_streams(w):
    small = Small(w, 6)
    answer = w.move("--accept", "space-short", "--set", "road=stream")
    w.heal(small.give_room)
    return answer


@case("the destination's disk is filled by others in the copy", "no-space", folder="small")
def filled_in_the_copy(w):
    small = Small(w, 60)
    lab("link", SLOW)
    w.start("--accept", "space-short")
    w.reach("copying-disks")
    small.fill()
    answer = w.end()
    w.heal(small.give_room)
    return answer


@case("the same while the guest runs", "no-space", runs=True, folder="small")
def filled_in_the_copy_of_a_block_move(w):
    small = Small(w, 60)
    lab("link", SLOW)
    w.start("--accept", "space-short", "--kind", "block")
    w.reach("copying-disks")
    small.fill()
    answer = w.end()
    w.heal(small.give_room)
    return answer


# ---- something is there ----


def put(w, name, make):
    """Until the second try, which finds the name free."""
    path = f"{w.folder}/{name}"
    make(path)
    w.clear(lambda: w.inside("rm", "-f", path))


def top_of(w, size=None, form="raw"):
    name = os.path.basename(w.top)
    put(w, name, lambda path: w.inside("qemu-img", "create", "-q", "-f", form, path,
                                       str(size or w.size(w.top))))
    return w.move()


@case("a file of the image's name and size is there", "blocked", "busy", words="w-top")
def target_exists(w):
    return top_of(w)


@case("a smaller one", "blocked", "busy", words="w-top")
def target_is_smaller(w):
    return top_of(w, MIB)


@case("a larger one, while the guest runs", "blocked", "busy", words="w-top", runs=True)
def target_is_larger(w):
    return top_of(w, 200 * MIB)


@case("one of another format", "blocked", "busy", words="w-top")
def target_is_of_another_format(w):
    return top_of(w, 64 * MIB, "qcow2")


@case("a backing file of that name and size has something else in it", "blocked", "busy", "changed",
      words="w-base")
def backing_file_differs(w):
    put(w, os.path.basename(w.base),
        lambda path: w.inside("truncate", "-s", str(w.size(w.base)), path))
    return w.move()


@case("a backing file of that name is shorter", "blocked", "busy", "changed", words="w-base",
      runs=True)
def backing_file_is_shorter(w):
    put(w, os.path.basename(w.base), lambda path: w.inside("truncate", "-s", "1M", path))
    return w.move()


# ---- names ----


@case("the destination's folder is a symbolic link", folder="link")
def folder_is_a_link(w):
    w.inside("mkdir", "-p", f"{LOCAL}/real")
    w.inside("ln", "-sfn", f"{LOCAL}/real", w.folder)
    w.pool(w.there)
    return w.move()


@case("the folder is missing at the destination, and its name has a space and a comma",
      folder="not there, yet")
def folder_is_missing(w):
    """Nothing proves that it is another one, so what was at the source stays there."""
    source = w.here
    w.options = ("--disks", "vda,vdb", "--accept", "disk-copy-unproven")
    w.clear(lambda: w.hosts.inside(source, "find", w.folder, "-type", "f", "-delete"))
    w.clear(lambda: w.pool(w.here))  # or nothing tells there what is below an image
    return w.move()


@case("names with spaces, commas and quotes", disks=("a b,c=d.img", "it's \"1\" & <2>.img"))
def names_with_spaces_and_commas(w):
    return w.move()


@case("names with “..”", disks=("..up..img", "...", "down.."))
def names_with_dots(w):
    return w.move()


# libvirt writes a newline of its own documents as it is, and reads a space: what the guest names is
# not the file.
@case("a name with a newline", "not-found", words="does not show", disks=("new\nline.img", "plain"))
def name_with_a_newline(w):
    answer = w.move()
    w.hopeless = True
    return answer


@case("the same while the guest runs", runs=True, disks=("a b,c=d.img", "..up..img"))
def names_of_a_block_move(w):
    return w.move()


# ---- chains ----


def break_chain(w, below):
    """The image says that it has that below it, until the second try."""
    w.rebase(w.middle, below)
    w.clear(lambda: w.rebase(w.middle, w.base))
    return w.move()


@case("a backing file is missing", "blocked", words="no-such")
def backing_file_is_missing(w):
    return break_chain(w, f"{w.folder}/no-such")


@case("a chain that is a circle", "blocked", words="w-")
def chain_is_a_circle(w):
    return break_chain(w, w.top)


# ---- daemons ----


def kill_daemon(w, host, phase, *options):
    lab("link", SLOW)
    pid = w.daemon(host)
    # Nobody starts it anew before the move has ended.
    w.start("--set", "resume-timeout=10", "--set", "settle-timeout=10", *options)
    for each in phase.split():
        w.reach(each)
    os.kill(pid, signal.SIGKILL)
    answer = w.end()
    w.heal(lambda: w.restart(host))
    return answer


def restart_daemon(w, host):
    """As whoever looks after it does it, while the move waits."""
    w.start("--set", "road=stream")
    w.reach("copying-disks")
    os.kill(w.daemon(host), signal.SIGKILL)
    w.restart(host)
    return w.end()


@case("source's libvirtd killed and started anew in the middle of streams")
def source_restarted_in_the_streams(w):
    return restart_daemon(w, w.here)


@case("destination's libvirtd killed and started anew in the middle of streams")
def destination_restarted_in_the_streams(w):
    return restart_daemon(w, w.there)


DEAD = ("unreachable", "failed", "needs-recover", "timed-out", "not-found")


@case("source's libvirtd killed while the destination is prepared", *DEAD)
def source_killed_in_preparation(w):
    return kill_daemon(w, w.here, "preparing")


@case("destination's libvirtd killed while it is prepared", *DEAD)
def destination_killed_in_preparation(w):
    return kill_daemon(w, w.there, "preparing")


@case("source's libvirtd killed in the copy", *DEAD)
def source_killed_in_the_copy(w):
    return kill_daemon(w, w.here, "copying-disks")


@case("destination's libvirtd killed in the copy", *DEAD)
def destination_killed_in_the_copy(w):
    return kill_daemon(w, w.there, "copying-disks")


@case("source's libvirtd killed while a block move is prepared", *DEAD, runs=True)
def source_killed_in_preparation_of_a_block_move(w):
    return kill_daemon(w, w.here, "preparing", "--kind", "block")


@case("destination's libvirtd killed while a block move is prepared", *DEAD, runs=True)
def destination_killed_in_preparation_of_a_block_move(w):
    return kill_daemon(w, w.there, "preparing", "--kind", "block")


@case("source's libvirtd killed in the copy of a block move", *DEAD, runs=True)
def source_killed_in_the_copy_of_a_block_move(w):
    return kill_daemon(w, w.here, "starting copying-disks", "--kind", "block")


@case("destination's libvirtd killed in the copy of a block move", *DEAD, runs=True)
def destination_killed_in_the_copy_of_a_block_move(w):
    return kill_daemon(w, w.there, "starting copying-disks", "--kind", "block")


# ---- the image source ----


@case("an image source whose checksum is not the image's", "invalid",
      words="has the SHA-256 checksum", runs=True)
def image_source_lies(w):
    folder = pathlib.Path(w.scratch, "images")
    folder.mkdir(exist_ok=True)
    name = os.path.basename(w.base)
    (folder / name).write_bytes(w.hosts.outside(w.here, w.base).read_bytes())
    (folder / "SUMS").write_text(f"{'0' * 64}  {name}\n", encoding="ascii")
    return w.move_by_controller(f"image-folder={folder}", f"image-checksums={folder}/SUMS")


# ---- the link ----


@case("the guest writes faster than the link carries", runs=True)
def guest_is_faster_than_the_link(w):
    lab("link", "30mbit")
    return w.move("--kind", "block")


@case("the link is cut in the copy", "unreachable", "timed-out", "failed")
def link_cut_in_the_copy(w):
    """A stream goes through this program, which has other links."""
    return cut(w, "--road", "mirror")


@case("the link is cut in the copy of a block move", "unreachable", "timed-out", "failed",
      runs=True)
def link_cut_in_the_copy_of_a_block_move(w):
    return cut(w, "--kind", "block")


def cut(w, *options):
    lab("link", SLOW)
    w.impatient(True)
    w.start("--set", "stall-timeout=10", *options)
    if w.wanted.runs:
        w.reach("starting")
    w.reach("copying-disks")
    lab("link", "cut", w.there)
    answer = w.end()
    w.heal(lambda: lab("link", "restore"))
    w.heal(lambda: w.impatient(False))
    return answer
