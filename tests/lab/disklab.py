"""Guests whose disks are each host's own (recipe B), and all that is known of their images: chains
and options, bytes, holes, what else is on a host.
"""
import hashlib
import json
import os
import pathlib
import re
import subprocess

from blackbox import Lab, lab, wait_until

LOCAL = "/srv/local"
POOL = "local"
MIB = 1 << 20

# Of the guest's pattern: see guest/pattern.c.
BLOCK, STRIDE = MIB // 16, MIB // 2


class DiskLab(Lab):
    """Two hosts, each with an active pool of its own folder: a check can prove what is not
    shared."""

    def __init__(self, folder):
        super().__init__("b", folder)
        self.inits = {}

    def __enter__(self):
        super().__enter__()
        try:
            for host in (1, 2):
                self.enter_host(host)
                lab("virsh", host, "pool-define-as", POOL, "dir", "--target", LOCAL)
                lab("virsh", host, "pool-autostart", POOL)
                lab("virsh", host, "pool-start", POOL)
        except BaseException:
            lab("down", check=False)
            raise
        return self

    def enter_host(self, host):
        """Its first process outlives its libvirtd, which is a child of it."""
        status = pathlib.Path("/proc", lab("libvirtd", host, "pid").stdout.strip(), "status")
        self.inits[host] = re.search(r"^PPid:\s*(\d+)$", status.read_text("ascii"), re.M).group(1)

    def inside(self, host, *argv, check=True, text=True):
        """A command that sees the host's files and network."""
        done = subprocess.run(["nsenter", "--target", self.inits[host], "--mount", "--root",
                               "--pid", "--net", "--", *argv], check=False, text=text,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        if check and done.returncode != 0:
            raise RuntimeError(f"on h{host}, {argv}: {done.stderr}{done.stdout}")
        return done.stdout

    def outside(self, host, path):
        """The same file on this machine; not for what is mounted below LOCAL."""
        return pathlib.Path(self.env[f"LAB_LOCAL_{host}"], os.path.relpath(path, LOCAL))

    def virsh(self, host, *words):
        """Lines, without empty ones."""
        done = subprocess.run(["virsh", "-q", "-c", self.uri(host), *words], check=True, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        return [line.strip() for line in done.stdout.splitlines() if line.strip()]

    # ---- images ----

    def image(self, host, name, form, size, *, options=(), backing=None, data=()):
        """data: [(offset, bytes)], at random. size in bytes."""
        path = f"{LOCAL}/{name}"
        below = ("-b", backing[0], "-F", backing[1]) if backing else ()
        self.inside(host, "qemu-img", "create", "-q", "-f", form,
                    *(word for option in options for word in ("-o", option)), *below, path,
                    str(size))
        for offset, length in data:
            self.fill(host, path, form, offset, length)
        return path

    def fill(self, host, path, form, offset, length):
        raw = self.outside(host, f"{LOCAL}/.random")
        raw.write_bytes(os.urandom(length))
        self.inside(host, "qemu-io", "-f", form, "-c",
                    f"write -s {LOCAL}/.random {offset} {length}", path)
        raw.unlink()

    def chain(self, host, path, form):
        """What must be the same after a move: all but names of this machine's, times and sizes of
        files."""
        told = json.loads(self.inside(host, "qemu-img", "info", "--backing-chain", "--force-share",
                                      "--output=json", "-f", form, path))
        keep = ("filename", "format", "virtual-size", "cluster-size", "backing-filename",
                "backing-filename-format")
        links = []
        for image in told:
            link = {key: image[key] for key in keep if key in image}
            specific = image.get("format-specific", {}).get("data", {})
            link.update({key: value for key, value in specific.items() if key != "corrupt"})
            links.append(link)
        return links

    def digest(self, host, path):
        said = self.inside(host, "sha256sum", "-b", "-z", "--", path)
        return said[:64]

    def allocated(self, host, path):
        return 512 * int(self.inside(host, "stat", "-c", "%b", "--", path))

    def files(self, host):
        """{path: (size, sha256)} of all below LOCAL."""
        found = self.inside(host, "find", LOCAL, "-mindepth", "1", "-printf", r"%y %s %p\0")
        rows = {}
        for row in filter(None, found.split("\0")):
            kind, size, path = row.split(" ", 2)
            rows[path] = (int(size), self.digest(host, path)) if kind == "f" else kind
        return rows

    def everything(self, host):
        """What a move could leave on a host, as text to be compared."""
        return {
            "domains": sorted(self.virsh(host, "list", "--all", "--name")),
            "pools": sorted(self.virsh(host, "pool-list", "--all", "--name")),
            "secrets": sorted(self.virsh(host, "secret-list")),
            "files": self.files(host),
        }

    def raw_digest(self, host, path, form, blocks):
        """Of what a guest with a pattern of so many blocks never writes, as it would read it."""
        target = f"{LOCAL}/.as-raw"
        self.inside(host, "qemu-img", "convert", "--force-share", "-f", form, "-O", "raw", path,
                    target)
        total = hashlib.sha256()
        with open(self.outside(host, target), "rb") as data:
            for _ in range(blocks):
                data.seek(BLOCK, os.SEEK_CUR)
                total.update(data.read(STRIDE - BLOCK))
            while part := data.read(MIB):
                total.update(part)
        os.unlink(self.outside(host, target))
        return total.hexdigest()


def difference(before, after):
    """What two answers of everything () do not agree in; empty: they do."""
    lines = []
    for what in before:
        old, new = before[what], after[what]
        if isinstance(old, dict):
            old, new = set(old.items()), set(new.items())
        lines += [f"{what}: gone {item}" for item in set(old) - set(new)]
        lines += [f"{what}: new {item}" for item in set(new) - set(old)]
    return "\n".join(sorted(lines))


def disk_xml(target, path, form, *, bus="virtio", device="disk", extra=""):
    return (f"<disk type='file' device='{device}'><driver name='qemu' type='{form}'/>"
            f"<source file='{xml_escape(path)}'/><target dev='{target}' bus='{bus}'/>{extra}"
            "</disk>")


def xml_escape(text):
    for what, instead in (("&", "&amp;"), ("<", "&lt;"), ("'", "&apos;"), ("\n", "&#10;")):
        text = text.replace(what, instead)
    return text


class Guest:
    """One of the lab, with a pattern on its disks."""

    SIZE = ("--memory", "96", "--dirty", "2", "--rate", "1")

    def __init__(self, hosts, name, pattern, devices, *options, host=1):
        self.hosts, self.name, self.at, self.pattern = hosts, name, host, pattern
        self.log = pathlib.Path(hosts.env["LAB_DIR"], "serial", name + ".log")
        snippet = pathlib.Path(hosts.env["LAB_DIR"], "guests", name + ".devices")
        snippet.write_text("".join(devices), encoding="utf-8")
        size = () if "--memory" in options else self.SIZE
        lab("clean-guest", name)
        lab("guest", name, *size, "--host", host, "--pattern", pattern, "--devices", snippet,
            *options)

    @property
    def blocks(self):
        return self.pattern * MIB // BLOCK

    def said(self, what):
        """Groups of the last complete line so."""
        text = self.log.read_text("ascii", "replace")
        found = re.findall(what + r"\r?\n", text)
        return found[-1] if found else None

    def passes(self):
        return int(self.said(r"pattern disks=\d+ passes=(\d+) generation=\d+") or 0)

    def generation(self):
        return int(self.said(r"pattern .*generation=(\d+)"))

    def reads_all(self, seconds=90):
        """Each block that was written before is read once more, and is what it should be."""
        wanted = self.passes() + 2
        return wait_until(seconds, lambda: self.passes() >= wanted or self.is_hurt()) \
            and not self.is_hurt()

    def is_hurt(self):
        found = re.search(r"(CORRUPT|FAILED|Kernel panic|BUG:|Oops).*",
                          self.log.read_text("ascii", "replace"))
        return found and found.group(0)

    def last_words(self):
        return self.log.read_text("ascii", "replace")[-600:]

    def state(self, host=None):
        return self.hosts.look(host or self.at, self.name)

    def shut_down(self):
        lab("virsh", self.at, "shutdown", self.name)
        return wait_until(60, lambda: self.state().startswith("shut off"))

    def boots(self):
        """How often it has booted, and looked at its disks."""
        return len(re.findall(r"pattern found .*\n", self.log.read_text("ascii", "replace")))

    def start(self):
        """Boots, and finds its pattern where the boot before left it."""
        before = self.generation()
        so_far = self.boots()
        lab("virsh", self.at, "start", self.name)
        if not wait_until(90, lambda: self.boots() > so_far or self.is_hurt()) or self.is_hurt():
            return False
        found = int(self.said(r"pattern found disks=\d+ generation=(\d+)"))
        return before <= found <= before + 1
