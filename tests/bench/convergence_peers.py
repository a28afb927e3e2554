"""How other tools steer a live migration, each published rule a small class without any I/O.

A rule is fed the samples of a running job, every `interval` seconds, and answers with what the
tool would do then: ("downtime", MS) or ("abort",). What it asks of libvirt at the start is in
`flags` and `parameters`.
"""
import collections
import math

Sample = collections.namedtuple(
    "Sample", "at_s iteration total processed remaining rate dirty_rate throttle expected_ms")

MEBI = 1 << 20
GIBI = 1 << 30


def downtime(ms):
    return [("downtime", ms)]


ABORT = [("abort",)]


class Virsh:
    """`virsh migrate --live --p2p`: QEMU's own limit of 300 ms, and patience without end."""

    interval = 0.5
    flags = ()
    parameters = {}

    def feed(self, sample):
        return []


class Nova:
    """The limit rises by the clock: ten steps up to 500 ms, each 75 s for a GiB, of which a guest
    has at least two; after 800 s for a GiB it gives up."""

    interval = 0.5
    flags = ()
    parameters = {}
    MOST_MS, STEPS, DELAY_S, TIMEOUT_S, LEAST_GIB = 500, 10, 75, 800, 2

    def __init__(self, memory_mib):
        gib = max(self.LEAST_GIB, memory_mib / 1024)
        delay = int(self.DELAY_S * gib)
        base = self.MOST_MS / self.STEPS
        step = (self.MOST_MS - base) / self.STEPS
        self.steps = [(delay * i, int(base + step * i)) for i in range(self.STEPS + 1)]
        self.timeout = self.TIMEOUT_S * gib

    def feed(self, sample):
        if sample.at_s > self.timeout:
            return ABORT
        if self.steps and sample.at_s >= self.steps[0][0]:
            return downtime(self.steps.pop(0)[1])
        return []


class KubeVirt:
    """The rule in use today: QEMU's own limit; it gives up after 150 s for a GB, or when what
    remains has not fallen from one sample to the next for 150 s."""

    interval = 0.4
    flags = ()
    parameters = {}
    SECONDS_A_GB, STUCK_S = 150, 150

    def __init__(self, memory_mib):
        self.deadline = self.SECONDS_A_GB * math.ceil(memory_mib * MEBI / 1e9)
        self.remaining = None
        self.fell_at = 0

    def feed(self, sample):
        if self.remaining is None or sample.remaining < self.remaining:
            self.fell_at = sample.at_s
        self.remaining = sample.remaining
        if sample.at_s > self.deadline or sample.at_s - self.fell_at > self.STUCK_S:
            return ABORT
        return []


class Vdsm:
    """“Minimal downtime”: a look every 10 s; when the pass has changed since the last, the next of
    a list is done, and the last of the list is to give up."""

    interval = 10
    flags = ("auto-converge",)
    parameters = {}
    FIRST_MS = 100

    def __init__(self, memory_mib):
        self.stalling = [(1, downtime(150)), (2, downtime(200)), (3, downtime(300)),
                         (4, downtime(400)), (5, downtime(500)), (-1, ABORT)]
        self.started = False
        self.first = self.last = None

    def feed(self, sample):
        if not self.started:
            self.started = True
            return downtime(self.FIRST_MS)
        if self.first is None:
            self.first = self.last = sample.iteration
        if sample.iteration <= self.last:
            return []
        self.last = sample.iteration
        if self.stalling and self.stalling[0][0] < sample.iteration - self.first:
            return self.stalling.pop(0)[1]
        return []


class Proxmox:
    """The limit, 100 ms at first, doubles whenever what remains has grown more than five times
    from one look to the next. It never gives up."""

    flags = ("auto-converge", "xbzrle")
    FIRST_MS, MOST_MS, PATIENCE = 100, 2000000, 5

    def __init__(self, memory_mib):
        self.interval = 1
        # A tenth of memory, as the next power of two.
        self.parameters = {"xbzrle-cache": 1 << (memory_mib * MEBI // 10 - 1).bit_length()}
        self.limit = None
        self.looks = self.counter = 0
        self.processed = self.remaining = 0

    def feed(self, sample):
        if self.limit is None:
            self.limit = self.FIRST_MS
            return downtime(self.limit)
        self.looks += 1
        mean = self.processed / self.looks
        if sample.processed == self.processed:
            return []
        if mean and sample.remaining < mean:
            self.interval = 0.1
        grown = sample.remaining > self.remaining or sample.remaining == 0
        self.processed, self.remaining = sample.processed, sample.remaining
        self.counter += grown
        if self.counter <= self.PATIENCE:
            return []
        self.counter = 0
        self.limit = min(self.limit * 2, self.MOST_MS)
        return downtime(self.limit)


class Enough(Virsh):
    """No tool's rule, but the measure of what a guest takes: once everything was sent one time,
    any downtime will do."""

    interval = 0.1
    LIMIT_MS = 20000

    def __init__(self):
        self.done = False

    def feed(self, sample):
        if self.done or sample.iteration < 3:
            return []
        self.done = True
        return downtime(self.LIMIT_MS)


PEERS = {"virsh": lambda mib: Virsh(), "nova": Nova, "kubevirt": KubeVirt, "vdsm": Vdsm,
         "proxmox": Proxmox}
