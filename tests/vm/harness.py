# SPDX-License-Identifier: Apache-2.0
"""What the VM tests share: guests, watchers, the kernel's own trace, comparisons.

May know about: the command line and the JSON of kvm_watcher, the guests. Nothing of its code.
To extend: what two files of cases need.
"""
import collections
import json
import os
import re
import signal
import subprocess
import tempfile
import time

BUILD = os.environ.get("KVMW_BUILD", "build")
WATCHER = os.path.join(BUILD, "kvm_watcher")
GUEST = os.path.join(BUILD, "tests", "kw-guest")
TRACING = "/sys/kernel/tracing"
with open(os.path.join(os.path.dirname(__file__), "../../src/collectors/list.h"),
          encoding="ascii") as _list:
    ALL = ",".join(re.findall(r"^KW_COLLECTOR\((\w+)\)", _list.read(), re.M))
PARTS = ("kernel_ns", "vmm_ns", "poll_ns", "halted_ns", "waiting_ns")

INTEL = os.path.exists("/sys/module/kvm_intel")
def words(amd, *intel):
    """A reason that cases ask for by AMD's word, in the words of the processor."""
    return frozenset(intel if INTEL else (amd,))


IO = words("IO", "IO_INSTRUCTION")
MSR = words("MSR", "MSR_READ", "MSR_WRITE")
RDMSR = words("MSR", "MSR_READ")
WRMSR = words("MSR", "MSR_WRITE")
NPF = words("NPF", "EPT_VIOLATION", "EPT_MISCONFIG")
VMMCALL = words("VMMCALL", "VMCALL")
VMRUN = words("VMRUN", "VMLAUNCH", "VMRESUME")
INTERRUPT = words("INTERRUPT", "EXTERNAL_INTERRUPT")

# The processor's words for what cases that all processors run ask of guests: a kind that makes one
# exit per iteration, and that one's reason, if KVM answers it, if the VMM does, and if it halts; of
# how many ns a tick of the halt's timer is in the lab; and what a write to a mapped page is called.
Exit = collections.namedtuple("Exit", "kind reason")
QUICK, OUT, HALT, TICK, WRITE = {
    "x86_64": (Exit("cpuid", "CPUID"), Exit("out", IO), Exit("hlt", "HLT"), 1, "write user"),
    "aarch64": (Exit("hvc", "HVC64"), Exit("mmiow", "DABT_LOW"), Exit("wfi", "WFI"), 16, "write"),
    "riscv64": (Exit("sbi", "SUPERVISOR_SYSCALL"), Exit("sbiuser", "SUPERVISOR_SYSCALL"),
                Exit("wfi", "WFI"), 100, "write"),
}[os.uname().machine]

# How much slower than x86 its emulation is: what lies between two clocks' readings of one event.
SLOW = 1 if os.uname().machine == "x86_64" else 4


def halting(n, ns):
    """Arguments of a guest that halts N times until its timer has expired, after so many ns."""
    return "-k", HALT.kind, "-n", n, "-t", ns // TICK


# Kinds of guests: the reason that they make exactly N exits for, and the level of those.
KINDS = {
    "cpuid": [("CPUID", 1)], "out": [(IO, 1)], "in": [(IO, 1)], "rdmsr": [(RDMSR, 1)],
    "wrmsr": [(WRMSR, 1)], "vmcall" if INTEL else "vmmcall": [(VMMCALL, 1)], "mmio": [(NPF, 1)],
    "touch": [(NPF, 1)], "hlt": [("HLT", 1)], "nested": [(VMRUN, 1), ("CPUID", 2)],
}


# Does the kernel tell the types of KVM?
TYPED = any(os.path.exists(f"/sys/kernel/btf/{m}") for m in ("kvm", "kvm_amd", "kvm_intel")) or \
    not os.path.exists("/sys/module/kvm/initstate")


def has_event(name):
    return any(os.path.exists(f"{TRACING}/events/{system}/{name}") for system in ("kvm", "kvmmmu"))


class Skip(Exception):
    """The case cannot be tried here; says why."""


class Broken(Exception):
    """What the case needs (a guest, its VMM) broke before the watcher had a part in it."""


def equal(got, expected, what):
    if got != expected:
        raise AssertionError(f"{what}: {got!r}, expected {expected!r}")


class Stats(dict):
    """KVM's figures of a vCPU; not all kernels have all."""

    def __missing__(self, name):
        raise Skip(f"KVM of this kernel does not count {name}")


class Guest:
    """A kw-guest with its VMs made and warmed up, waiting to be let go."""

    def __init__(self, *args, name=None, cpus=None):
        command = [GUEST, "-w", *map(str, args)] + (["--name", name] if name else [])
        if cpus is not None:
            command = ["taskset", "-c", cpus] + command
        self.p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.p.pid
        equal(self.p.stdout.readline(), "ready\n", "first line of the guest")

    def go(self):
        print("go", file=self.p.stdin, flush=True)

    def results(self):
        """One record per vCPU and round; the VMs of the last round still exist."""
        rows = []
        for line in self.p.stdout:
            if line == "done\n":
                return rows
            rows.append(json.loads(line))
            if "stats" in rows[-1]:  # else it is of a VM, or of the VMM's thread
                rows[-1]["stats"] = Stats(rows[-1]["stats"])
        raise AssertionError(f"the guest died: {self.p.wait()}")

    def run(self):
        self.go()
        return self.results()

    def vcpu_threads(self):
        """Thread ids, in order of vCPU; KVM may have threads of its own in the process."""
        named = {}
        for tid in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{tid}/comm", encoding="ascii") as f:
                m = re.match(r"CPU (\d+)/KVM", f.read())
            if m:
                named[int(m.group(1))] = int(tid)
        return [named[i] for i in sorted(named)]

    def end(self):
        self.p.communicate("end\n", timeout=60)
        equal(self.p.returncode, 0, "exit code of the guest")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.p.poll() is None:
            self.p.kill()
        self.p.communicate()


class Watch:
    """A running kvm_watcher; finish() returns its JSON objects."""

    def __init__(self, *args, what="exits", verb="stat", interval="60", without=""):
        self.out = tempfile.NamedTemporaryFile("w+", suffix=".jsonl")
        self.err = tempfile.NamedTemporaryFile("w+", suffix=".err")
        positional = [interval] if verb == "stat" and interval else []
        self.p = subprocess.Popen([WATCHER, verb, what, "-v", "-o", "jsonl:" + self.out.name,
                                   *map(str, args), *positional], stderr=self.err,
                                  env=dict(os.environ, KVM_WATCHER_WITHOUT=without))
        self.since = None
        for _ in range(3000):
            m = re.search(r"counting since (\d+) ns", open(self.err.name).read())
            if m:
                self.since = int(m.group(1))
                break
            if self.p.poll() is not None:
                break
            time.sleep(0.05)
        if not self.since:
            self.p.kill()  # else it would be there in all cases that follow
            self.p.wait()
            raise AssertionError("kvm_watcher did not start: " + open(self.err.name).read())

    def finish(self, code=0, how=signal.SIGINT):
        if how:
            self.p.send_signal(how)
        equal(self.p.wait(60), code, "exit code of kvm_watcher")
        return [json.loads(line) for line in open(self.out.name)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.p.poll() is None:
            self.p.kill()
        self.p.wait()


def seed(guest, *options, seconds=4):
    """What the reference's options print while a guest runs."""
    p = subprocess.Popen([WATCHER, "-v", "-t", str(seconds), "-p", str(guest.pid), *options],
                         text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for line in p.stderr:
        if "counting since" in line:
            break
    guest.run()
    out, _ = p.communicate(timeout=60)
    equal(p.returncode, 0, "exit code")
    return out


def watched(*args, what="exits", watch=(), verb="stat"):
    """A guest's results, and what the watcher says of its run."""
    with Guest(*args) as g, Watch(*watch, what=what, verb=verb) as w:
        results = g.run()
        objects = w.finish()
        g.end()
    return results, objects


def rows_of(objects, table="exits"):
    """The rows of a table; a case of one that cannot be had here is not for this kernel."""
    rows = [o for o in objects if o["collector"] == table]
    if rows and all(r.get("unavailable") for r in rows):
        raise Skip(rows[0]["unavailable"])
    return rows


def losses_of(objects):
    lost = collections.Counter()
    for o in objects:
        if o["collector"] == "loss":
            lost[o["loss"]] += o["count"]
    return lost


def matching(rows, **match):
    """Those whose columns have these values; a set: one of them."""
    return [r for r in rows if all(r[k] in v if isinstance(v, frozenset) else r[k] == v
                                   for k, v in match.items())]


def total(rows, column="count", **match):
    return sum(r[column] for r in matching(rows, **match))


def count(rows, **match):
    return total(rows, **match)


def check_split(rows):
    """What must hold for every row of any run."""
    for r in rows:
        if r["level"] is None:
            equal(r["reason"], "FASTPATH", "reason of a row without level")
            continue
        equal(sum(r[p] for p in PARTS), r["total_ns"], f"sum of the parts of {r}")
        equal(r["sched_out_ns"], r["halted_ns"] + r["waiting_ns"], "sched-out")
        equal(r["e2e_ns"], r["total_ns"], "E2E")
        equal(r["on_cpu_ns"], r["e2e_ns"] - r["sched_out_ns"], "on-CPU")
        equal(r["mean_ns"], r["total_ns"] // r["count"], "mean")
        order = [r[k] for k in ("min_ns", "p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns")]
        equal(sorted(order), order, f"order of min, percentiles, max of {r}")
        if r["count"] == 1:
            equal((r["min_ns"], r["max_ns"]), (r["total_ns"],) * 2, "min and max of one exit")


def check_against_kvm(rows, results, vm_name=None):
    """Per vCPU: all exits seen, and fast-path ones, are KVM's own count, less the one in flight."""
    groups = collections.defaultdict(list)  # one each, or, where KVM tells only sums, of a VM
    for g in results:
        match = {"pid": g["pid"], "vcpu": g["vcpu"]}
        if vm_name:
            match["vm"] = vm_name(g)
        groups[g["vm"] if g["stats_of"] == "vm" else len(groups)].append((match, g))
    for group in groups.values():
        equal(sum(count(rows, **match) for match, _ in group), sum(g["exits"] - 1 for _, g in group),
              f"exits of {[match for match, _ in group]} against KVM's statistics")


def no_losses(objects, *expected):
    """No losses but those expected. Where the kernel lets a hook's program be preempted (7.x), it
    keeps some changes of state from us, the more the slower programs are; never an exit."""
    lost = losses_of(objects)
    exits = sum(r.get("count", 1) for r in rows_of(objects))
    assert lost.pop("split", 0) <= 0.05 * exits, f"changes of state lost: {losses_of(objects)}"
    equal(set(lost), set(expected), "losses")


class Counts:
    """The kernel's own count of tracepoints, by thread: by triggers that count, which have no
    buffer that could overflow, or, where it has none, by its trace."""

    def __init__(self, *events, **conditions):
        """conditions: what an event must be like to count, by its name, e.g. kvm_mmio="type!=0"."""
        self.events = {e: conditions.get(e.split("/")[1]) for e in events}
        self.triggers = os.path.exists(f"{TRACING}/events/{events[0]}/hist")

    def __enter__(self):
        if not self.triggers:
            Trace.write("trace", "")
            Trace.write("buffer_size_kb", "16384")
            Trace.write("tracing_on", "1")
        for e, condition in self.events.items():
            if self.triggers:
                self.write(e, "trigger", self.trigger(condition))
            else:
                self.write(e, "filter", condition or "0")
                self.write(e, "enable", "1")
        return self

    def __exit__(self, *_):
        for e, condition in self.events.items():
            if self.triggers:
                self.write(e, "trigger", "!" + self.trigger(condition))
            else:
                self.write(e, "enable", "0")
                self.write(e, "filter", "0")

    @staticmethod
    def trigger(condition):
        return "hist:keys=common_pid" + (f" if {condition}" if condition else "")

    @staticmethod
    def write(event, what, text):
        Trace.write(f"events/{event}/{what}", text)

    def hits(self, event):
        if self.triggers:
            text = open(f"{TRACING}/events/{event}/hist", encoding="ascii").read()
            assert re.search(r"Dropped: 0", text), f"{event}: the kernel lost counts: {text[-200:]}"
            return {int(m.group(1)): int(m.group(2))
                    for m in re.finditer(r"common_pid:\s*(\d+)\s*} hitcount:\s*(\d+)", text)}
        name, hits = event.split("/")[1], collections.Counter()
        line = re.compile(rf"^\s*.{{16}}-(\d+)\s.*\d\.\d{{6}}: {name}(?:: |\()")
        for text in open(f"{TRACING}/trace", encoding="utf-8", errors="replace"):
            assert "LOST" not in text, "the kernel's trace lost events: " + text
            m = line.match(text)
            if m:
                hits[int(m.group(1))] += 1
        return hits

    def of(self, event, tids=None):
        """How often it happened in any of these threads; without them, in all."""
        return sum(n for t, n in self.hits(event).items() if tids is None or t in tids)


class Trace:
    """The kernel's own trace of exits and switches, as an oracle for counts and times."""
    EVENTS = ["kvm/kvm_exit", "kvm/kvm_entry", "kvm/kvm_userspace_exit", "sched/sched_switch",
              "sched/sched_wakeup"]

    def __enter__(self):
        self.write("tracing_on", "0")
        self.write("trace", "")
        self.write("buffer_size_kb", "16384")
        self.write("trace_clock", "mono")
        for e in self.EVENTS:
            self.write(f"events/{e}/enable", "1")
        self.write("tracing_on", "1")
        return self

    def __exit__(self, *_):
        self.write("tracing_on", "0")
        for e in self.EVENTS:
            self.write(f"events/{e}/enable", "0")
        self.write("trace", "")
        self.write("buffer_size_kb", "1024")

    @staticmethod
    def write(name, text):
        with open(f"{TRACING}/{name}", "w", encoding="ascii") as f:
            f.write(text)

    def events(self):
        """(tid, time in ns, name, text), in order of time."""
        self.write("tracing_on", "0")
        line = re.compile(r"^\s*(.{16})-(\d+)\s+\[\d+\].*?(\d+)\.(\d{6}): (\w+)(?:: |\()(.*)$")
        events = []
        for text in open(f"{TRACING}/trace", encoding="utf-8", errors="replace"):
            m = line.match(text)
            if m:
                events.append((int(m.group(2)), int(m.group(3)) * 10**9 + int(m.group(4)) * 1000,
                               m.group(5), m.group(6)))
            elif "LOST" in text:
                raise AssertionError("the kernel's trace lost events: " + text)
        return sorted(events, key=lambda e: e[1])
