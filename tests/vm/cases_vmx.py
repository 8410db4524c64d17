# SPDX-License-Identifier: Apache-2.0
"""VM tests on Intel's VMX, where the machine is slow: one watcher of everything sees all guests, one
after the other, and each case looks at what it has of some of them.

May know about: the command line and the JSON of kvm_watcher, the guests. Nothing of its code.
To extend: a guest is a line of GUESTS, what must come of it is in a function case_COLLECTOR_….
"""
# pylint: disable=wildcard-import,unused-wildcard-import
import contextlib
import functools

from cases_calls import KVM_CALLS, counted, noted, number
from cases_halt import check_halts, parameters
from cases_time import check_ledger
from harness import *

GET_VCPU_MMAP_SIZE = 0xae04
N = 50


def ticks_per_ms():
    """Of the TSC, as the kernel takes it."""
    with open("/proc/cpuinfo", encoding="ascii") as f:
        m = re.search(r"^cpu MHz\s*: ([\d.]+)", f.read(), re.M)
    return int(float(m.group(1)) * 1000) if m else 0


# name: arguments of the guest
GUESTS = {name: ["-k", name, "-n", N] for name in (
    "cpuid", "out", "in", "rdmsr", "wrmsr", "vmcall", "vmmcall", "cr8", "crs", "fsbase", "msrs",
    "ports", "leaves", "mmior", "mmiow", "mmiok", "mmioev", "mmioev0", "touch", "touchr", "touchx",
    "nested", "nestmem", "nestcall", "timer1", "msi", "selfipi", "hypercalls")}
GUESTS |= {"hlt": ["-k", "hlt", "-n", 20, "-v", 2, "-t", 2000000],
           "spin1": ["-k", "timer1", "-n", N, "-t", 1000000, "--spin-wait"],
           "spind": ["-k", "timerd", "-n", N, "-t", ticks_per_ms(), "--spin-wait"],
           "dirty": ["-k", "dirty", "-n", 3, "--pages", 600],
           "times": ["-k", "out", "-n", N, "--times", "--vmm-sleep", 1000, "--vmm-spin", 2000],
           "calls": ["-k", "ports", "-n", N, "--ioctls", 3]}
CODES = {"EXCEPTION_NMI": 0, "EXTERNAL_INTERRUPT": 1, "INTERRUPT_WINDOW": 7, "CPUID": 10, "HLT": 12,
         "VMCALL": 18, "VMRESUME": 24, "CR_ACCESS": 28, "IO_INSTRUCTION": 30, "MSR_READ": 31,
         "MSR_WRITE": 32, "EPT_VIOLATION": 48, "EPT_MISCONFIG": 49, "PREEMPTION_TIMER": 52,
         "PML_FULL": 62}
# What a guest does exactly so often: (reason, level, how often).
EXACT = {"cpuid": [("CPUID", 1, N)], "out": [("IO_INSTRUCTION", 1, N)],
         "in": [("IO_INSTRUCTION", 1, N)], "rdmsr": [("MSR_READ", 1, N)],
         "wrmsr": [("MSR_WRITE", 1, N)], "vmcall": [("VMCALL", 1, N)],
         # KVM mends AMD's instruction once
         "vmmcall": [("EXCEPTION_NMI", 1, 1), ("VMCALL", 1, N)],
         "cr8": [("CR_ACCESS", 1, 2 * N)], "crs": [("CR_ACCESS", 1, N)], "fsbase": [],
         "msrs": [("MSR_READ", 1, 3 * N), ("MSR_WRITE", 1, 3 * N)],
         "mmior": [("EPT_MISCONFIG", 1, N)], "mmioev0": [("EPT_MISCONFIG", 1, N)],
         "touch": [("EPT_VIOLATION", 1, N)], "hlt": [("HLT", 1, 40)],
         "nested": [("VMRESUME", 1, N), ("CPUID", 2, N)],
         "nestmem": [("VMRESUME", 1, N), ("EPT_VIOLATION", 2, N), ("CPUID", 2, N)],
         "nestcall": [("VMRESUME", 1, N), ("VMCALL", 2, N)],
         "spin1": [("PREEMPTION_TIMER", 1, N)],
         "selfipi": [("INTERRUPT_WINDOW", 1, N)]}


def has(feature):
    """Of the processor, as KVM uses it."""
    with open(f"/sys/module/kvm_intel/parameters/{feature}", encoding="ascii") as f:
        return f.read().strip() == "Y"


TRACED = {"entries": "kvm/kvm_entry", "wakeups": "kvm/kvm_vcpu_wakeup",
          "switches": "sched/sched_switch"}


class Reasons:
    """The kernel's own count of exits, by thread and reason."""
    EVENT = "kvm/kvm_exit"
    TRIGGER = "hist:keys=common_pid,exit_reason"

    def __enter__(self):
        Counts.write(self.EVENT, "trigger", self.TRIGGER)
        return self

    def __exit__(self, *_):
        Counts.write(self.EVENT, "trigger", "!" + self.TRIGGER)

    def of(self, tids=None):
        text = open(f"{TRACING}/events/{self.EVENT}/hist", encoding="ascii").read()
        assert re.search(r"Dropped: 0", text), f"the kernel lost counts: {text[-200:]}"
        found = collections.Counter()
        for m in re.finditer(r"common_pid:\s*(\d+), exit_reason:\s*(\d+)\s*} hitcount:\s*(\d+)",
                             text):
            if tids is None or int(m.group(1)) in tids:
                found[int(m.group(2))] += int(m.group(3))
        return found


class Seen:
    """A guest, what it and the kernel say of it, and the watcher's rows of it."""

    def __init__(self, name, guest, reasons, counts):
        tids = guest.vcpu_threads()
        before = reasons.of(tids), {k: counts.of(e, tids) for k, e in TRACED.items()}
        self.name, self.pid, self.objects = name, guest.pid, []
        self.told = guest.run()
        self.results = [r for r in self.told if "stats" in r]
        self.stats = self.results[0]["stats"]
        self.reasons = reasons.of(tids) - before[0]
        self.counts = {k: counts.of(e, tids) - before[1][k] for k, e in TRACED.items()}
        guest.end()
        self.switches = counts.of(TRACED["switches"], tids) - before[1]["switches"]

    def rows(self, table="exits", **match):
        return matching(rows_of(self.objects, table), **match)

    def total(self, table="exits", column="count", **match):
        return total(self.rows(table), column, **match)

    def silent(self):
        """Entries of which no kvm_entry told; the exit that ends the run has none, the first entry
        no exit."""
        return sum(self.reasons.values()) - self.counts["entries"]


def watched(names, what):
    """{name: Seen}, the watcher's objects, and how many exits there were."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(parameters(halt_poll_ns=0))
        guests = {name: stack.enter_context(Guest(*GUESTS[name], name=name)) for name in names}
        reasons = stack.enter_context(Reasons())
        counts = stack.enter_context(Counts(*TRACED.values()))
        with Watch(what=what) as w:
            before = reasons.of()
            seen = {name: Seen(name, g, reasons, counts) for name, g in guests.items()}
            exits = sum((reasons.of() - before).values())
            objects = w.finish()
    for s in seen.values():
        s.objects = [o for o in objects if o.get("pid") == s.pid]
    return seen, objects, exits


@functools.lru_cache(None)
def session():
    """All guests, one after the other, watched with everything."""
    return watched(GUESTS, ALL)


def see(*names):
    return [session()[0][n] for n in names] if len(names) > 1 else session()[0][names[0]]


def undisturbed(name, what):
    """Newer kernels keep events of functions from programs that are preempted, and tell how many: a
    guest that suffered is watched once more, without the other collectors."""
    if not losses_of(session()[1])["misses"]:
        return see(name)
    seen, objects, _ = watched([name], what)
    equal(losses_of(objects)["misses"], 0, f"{name}: events that this kernel kept from us")
    return seen[name]


# ---- exits -------------------------------------------------------------------------------------

def case_exits_vmx():
    """Each guest's exits: as many as it made, as many as the kernel's trace has of each reason, and
    all of KVM's statistics; but for the one in which it ended."""
    seen, objects, _ = session()
    for name, s in seen.items():
        for reason, level, n in EXACT.get(name, ()):
            got = s.total(reason=reason, level=level)
            if reason == "PREEMPTION_TIMER":
                # one that expires amidst another exit makes none of its own: the trace tells how many
                low = n - 5 if has("preemption_timer") else 0
                assert low <= got <= (n if low else 0), f"{name}: {got} of {n} exits by the timer"
                continue
            equal(got, n, f"{name}: {reason} of level {level}")
        mine = collections.Counter()
        for r in s.rows():
            mine[r["reason_code"]] += r["count"]
        mine[CODES["IO_INSTRUCTION"]] += len(s.results)
        equal(dict(mine), dict(s.reasons), f"{name}: exits by reason, against the kernel's trace")
        for r in s.rows():
            equal((r["reason_code"], r["isa"]), (CODES.get(r["reason"], r["reason_code"]), "vmx"),
                  "reason and number")
        check_split(s.rows())
        equal(sum(mine.values()), sum(r["exits"] for r in s.results), f"{name}: KVM's statistics")
    equal(see("fsbase").rows(), [], "exits of a guest whose MSR is its own")
    with open(f"{TRACING}/events/kvm/kvm_entry/format", encoding="ascii") as f:
        tells = "immediate_exit" in f.read()
    for name, s in seen.items():
        # a deadline that is written, and the timer that expires, on the fast path
        most = 2 * N if name == "spind" and not tells else N if name == "spin1" and not tells else 0
        print(f"# {name}: {s.silent()} entries without kvm_entry", flush=True) if s.silent() else 0
        assert most * 0.9 <= s.silent() <= most, f"{name}: {s.silent()} of {most} entries"
    lost = losses_of(objects)
    lost.pop("misses", 0)  # as newer kernels keep events from programs that are preempted: never exits
    equal(dict(lost), {"unfinished": sum(len(s.results) for s in seen.values())}, "losses")


def case_exits_vmx_low_overhead():
    """Counts by one probe alone: exact, L2's as well; those handled on the fast path pass it by."""
    names = ("cpuid", "msrs", "mmior", "nestmem", "touch", "hlt")
    guests = {n: Guest(*GUESTS[n], name=n) for n in names}
    with contextlib.ExitStack() as stack:
        for g in guests.values():
            stack.enter_context(g)
        with Watch("--low-overhead") as w:
            for g in guests.values():
                g.run()
            objects = w.finish()
    for name, g in guests.items():
        for reason, level, n in EXACT[name]:
            equal(count(rows_of(objects), pid=g.pid, reason=reason, level=level), n,
                  f"{name}: {reason} of level {level}")


# ---- what they were about ----------------------------------------------------------------------

def case_io_vmx():
    """N accesses to each port, MSR, leaf and control register, at one place each."""
    n = N
    expected = {"msrs": [(what, msr) for msr in (0x8b, 0x277, 0x1a0) for what in ("rdmsr", "wrmsr")],
                "ports": [(what, p) for p in (0x3f8, 0x2f8, 0x70) for what in ("out", "in")],
                "leaves": [("cpuid", leaf) for leaf in (0, 1, 0x80000000)],
                "cr8": [("cr-read", 8), ("cr-write", 8)], "crs": [("cr-write", 4)],
                "spind": [("wrmsr", 0x6e0)], "mmioev0": [("mmio-write", 0x3ff02000)]}
    for name, details in expected.items():
        s = see(name)
        for what, code in details:
            rows = s.rows("io", what=what, detail_code=code)
            equal(total(rows), n, f"{name}: {what} {code:#x}")
            equal(len({r["rip"] for r in rows}), 1, f"{name}: places that do {what} {code:#x}: {rows}")
    for name in ("out", "mmior"):
        s = see(name)
        equal(s.total("io", what="to-user"), s.results[0]["user_exits"] + 1, f"{name}: to user space")


def case_mmio_vmx():
    """N accesses each, by whom they are done, and the times of the exits."""
    for name, access, page, by in (("mmior", "read", "0x3ff00000", "vmm"),
                                   ("mmiow", "write", "0x3ff00000", "vmm"),
                                   ("mmiok", "read", "0xfec00000", "kernel"),
                                   ("mmioev", "write", "0x3ff02000", "ioeventfd"),
                                   ("mmioev0", "write", "0x3ff02000", "ioeventfd")):
        s = see(name)
        equal([(r["access"], r["page"], r["by"], r["count"]) for r in s.rows("mmio")],
              [(access, page, by, N)], f"{name}: rows")
        equal(s.total("mmio", "total_ns"), s.total("exits", "total_ns", reason="EPT_MISCONFIG"),
              f"{name}: times of the accesses, and of the exits")


def case_faults_vmx():
    """Faults are the EPT violations and, but for fast MMIO, misconfigurations; what came of them is
    in KVM's statistics; the exit qualification tells what the access was."""
    for name, s in session()[0].items():
        fast = N if name == "mmioev0" else 0
        equal(s.total("faults"), s.total(reason=NPF) - fast, f"{name}: faults and exits")
        kvm = {k: sum(r["stats"][k] for r in s.results) for k in ("pf_fixed", "pf_fast", "pf_spurious")}
        equal(s.total("faults", result="mapped"), kvm["pf_fixed"] - kvm["pf_fast"], f"{name}: mapped")
        equal(s.total("faults", result="fast"), kvm["pf_fast"], f"{name}: fast")
        equal(s.total("faults", result="spurious"), kvm["pf_spurious"], f"{name}: spurious")
    for name, access, level in (("touch", "write", 1), ("touchr", "read", 1), ("touchx", "exec", 1),
                                ("nestmem", "write", 2)):
        equal(see(name).total("faults", access=access, present="no", result="mapped", size="4K",
                              level=level), N, f"{name}: faults")
        pages = {r["page"] for r in see(name).rows("faults-pages")}
        equal(pages, {hex(0x20000000 + 4096 * i) for i in range(N)}, f"{name}: pages")
    equal(see("mmior").total("faults", access="unknown", result="mmio"), N, "MMIO faults")


def case_dirty_vmx():
    """Each page marked once a round. Without PML, each mark is a fault; with it, the processor notes
    them, and exits when its log is full: each time another 512 are noted."""
    s, pages, rounds = undisturbed("dirty", "exits,dirty"), 600, 3
    equal(s.results[0]["distinct"], [pages] * rounds, "pages that KVM's log had, round by round")
    equal(s.total("dirty", "distinct"), pages, "distinct pages")
    equal(s.total("dirty", "marks"), pages * rounds, "marks")
    equal(s.total("dirty", "stalls"), s.stats["pf_fast"], "stalls, against KVM's fast faults")
    equal({r["count"] for r in s.rows("dirty-pages")}, {rounds}, "marks of each page")
    log = {r["what"]: r["count"] for r in s.rows("dirty-log")}
    equal(log["KVM_GET_DIRTY_LOG"], rounds, "KVM_GET_DIRTY_LOG")
    full = s.total(reason="PML_FULL")
    equal(log.get("pml-full", 0), full, "full logs, in dirty and exits")
    equal((full > 0, s.stats["pf_fast"]), (True, 0) if has("pml") else (False, pages * rounds),
          "who notes the pages")


def case_nested_vmx():
    """N rounds of L1 and L2: who handles what."""
    for name, reason in (("nested", "CPUID"), ("nestmem", "CPUID"), ("nestcall", "VMCALL")):
        s = see(name)
        equal(s.total("nested", what="L2 to L1", reason=reason), N, f"{name}: reflected")
        equal(s.total("nested", what="L1 tax", reason="VMRESUME"), N, f"{name}: VMRESUME")
        equal((s.total("nested", what="L1->L2"), s.total("nested", what="L2->L1")),
              (s.stats["nested_run"],) * 2, f"{name}: switches, against KVM's statistics")
        equal(s.total("nested", what="L2 by L0"), N if name == "nestmem" else 0, f"{name}: by L0")


# ---- halts, interrupts, timers -----------------------------------------------------------------

def case_halt_vmx():
    s = see("hlt")
    halts, _ = check_halts(s.objects, s.results, 20)
    equal(total(halts), s.counts["wakeups"], "wake-ups, against the kernel's count")
    equal({r["outcome"] for r in halts} - {"at-once"}, {"wait"}, "how halts end without polling")


def case_irq_vmx():
    """What the guests counted was raised, accepted, injected and ended, as KVM's statistics have it."""
    for name, source, vector in (("msi", "msi", 0x70), ("selfipi", "ipi", 0x50),
                                 ("timer1", "lvt", 0x40), ("spind", "lvt", 0x40)):
        s = see(name)
        equal(s.total("irq", source=source, vector=vector), N, f"{name}: raised")
        for text, n in s.results[0]["vectors"].items():
            for column in ("accepted", "injected", "eois"):
                equal(s.total("irq-vectors", column, vector=int(text, 0)), n, f"{name}: {column} {text}")
        equal(s.total("irq-vectors", "injected") + s.total("irq-vectors", "reinjected"),
              s.stats["irq_injections"], f"{name}: injections, against KVM's statistics")
        equal(s.total("irq-times", way="inject-eoi", vector=vector), N, f"{name}: times")
    equal({r["irqchip"] for r in see("msi").rows("irq-apicv")}, {"kernel"}, "controllers")
    equal({r["inhibits"] for r in see("msi").rows("irq-apicv")}, {"yes"}, "APICv")


def case_timer_vmx():
    """N expiries each: of the preemption timer while the guest runs, if KVM uses it: Bochs' one
    ticks too fast with a TSC of several GHz."""
    hv = "yes" if has("preemption_timer") else "no"
    for name, mode in (("spin1", "oneshot"), ("spind", "deadline")):
        equal([(r["mode"], r["hv"], r["arms"], r["expired"], r["merged"])
               for r in see(name).rows("timer")], [(mode, hv, N, N, 0)], f"{name}: timers")
    s = see("timer1")
    equal((s.total("timer", "arms", mode="oneshot"), s.total("timer", "expired", mode="oneshot")),
          (N, N), "timers of a guest that halts")


# ---- calls, times, the rest --------------------------------------------------------------------

def case_hypercall_vmx():
    s = see("hypercalls")
    for nr in KVM_CALLS:
        equal(sum(r["count"] for r in s.rows("hypercall") if number(r["nr"]) == nr), N, f"calls {nr}")
    for name in ("vmcall", "vmmcall"):
        equal(see(name).total("hypercall", api="kvm", name="VAPIC_POLL_IRQ"), N, f"{name}: calls")
    equal([(r["api"], r["level"], r["count"]) for r in see("nestcall").rows("hypercall")],
          [("none", 2, N)], "calls that are L1's")
    for name in ("hypercalls", "vmcall", "nestcall"):
        equal(see(name).total("hypercall", "exits"), see(name).total(reason=VMMCALL), f"{name}: exits")


def case_ioctl_vmx():
    s = undisturbed("calls", "ioctl")
    # and one as the guest ends
    equal(counted(s.objects), noted(s.told) | {(s.pid, "system", GET_VCPU_MMAP_SIZE): (1, 0)},
          "ioctls by scope and request")


def case_load_vmx():
    """Slices are the kernel's switches, but for the one before the first exit, and for those after
    the last run, at which a thread may be gone."""
    for name in ("cpuid", "spin1", "dirty", "times"):
        s = see(name)
        slices = s.total("load", "slices")
        assert s.counts["switches"] - 1 <= slices <= s.switches, (
            f"{name}: {slices} of {s.counts['switches']} to {s.switches}")


def case_time_vmx():
    """The states add up; they are the ledger's; a guest that spins is not taken for the kernel,
    although its exits are handled on the fast path."""
    for name, s in session()[0].items():
        for r in s.rows("time"):
            states = sum(v for k, v in r.items() if k.endswith("_ns") and
                         k not in ("mono_ns", "interval_ns", "wall_ns", "unaccounted_ns"))
            equal(states + r["unaccounted_ns"], r["wall_ns"], f"{name}: states of {r}")
    s = see("times")
    check_ledger(s.objects, s.results[0])
    for name in ("spin1", "spind"):
        guest, wanted = see(name).total("time", "guest_ns"), N * 1000000
        assert guest >= 0.5 * wanted, f"{name}: {guest} ns of the guest's, which spun {wanted} ns"


def case_cost_vmx():
    """One run per exit of any VM."""
    _, objects, exits = session()
    runs = {r["program"]: r["runs"] + r["missed"] for r in rows_of(objects, "cost")}
    equal(runs["kw_kvm_exit"], exits, "runs at kvm_exit, against the kernel's count of exits")
