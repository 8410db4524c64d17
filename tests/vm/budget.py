# SPDX-License-Identifier: Apache-2.0
"""What the tests of the collector time share: the sums that must hold in any run, windows in which
the kernel's own accounts are read as well, loads that take CPUs away, a budget by the trace.

May know about: the command line and the JSON of kvm_watcher, the guests. Nothing of its code.
To extend: what must hold in every interval is a line in check_budget().
"""
import collections
import contextlib
import os
import re
import signal
import subprocess
import time
import types

from cases_load import schedstat, stop
from harness import SLOW, TRACING, Trace, Watch, equal, losses_of, rows_of

MS = 1000000
S = 1000 * MS
ON_CPU = ("guest", "nested", "kernel", "vmm", "poll_hit", "poll_wasted")
WAITING = ("preempted", "woken", "throttled")
ASLEEP = ("halted", "blocked", "idle", "stopped")
STATES = ON_CPU + WAITING + ASLEEP
READING = 20 * SLOW * MS  # a reading of the emulated machine's vCPUs is so long at most


def near(got, expected, slack, what):
    print(f"#   {what}: {got / MS:.3f} ms, expected {expected / MS:.3f} +- {slack / MS:.3f}: "
          f"{(got - expected) / MS:+.3f}", flush=True)
    assert abs(got - expected) <= slack, f"{what}: {got}, expected {expected} +- {slack}"


def of(row, states):
    return sum(row[s + "_ns"] for s in states)


def key_of(row):
    return row["pid"], row["vm"], row["vcpu"]


def intervals(objects, table="time", **match):
    """Rows of the intervals, in order, that match. A state that this kernel does not tell has no time."""
    rows = [{k: 0 if v is None and k.endswith("_ns") else v for k, v in r.items()}
            for r in rows_of(objects, table)
            if not r.get("summary") and all(r[k] == v for k, v in match.items())]
    return sorted(rows, key=lambda r: r["mono_ns"])


def whole(objects, **match):
    """The sum of all intervals: of each state, and wall."""
    sums = collections.Counter()
    for r in intervals(objects, **match):
        for s in STATES + ("wall", "unaccounted"):
            sums[s] += r[s + "_ns"]
    assert sums["wall"], f"no rows of {match}"
    return sums


def begin_of(objects, **match):
    """When the vCPU was first seen."""
    rows = intervals(objects, **match)
    return rows[-1]["mono_ns"] - sum(r["wall_ns"] for r in rows)


def waited(objects, **match):
    return sum(r["waited_ns"] for r in intervals(objects, "time-culprits", **match))


def check_interval(row, first):
    """The states add up; while a vCPU that runs is being seen for the first time, no event has told
    yet what it does: at most until the tick (4 ms), with what an emulated machine makes of it."""
    equal(row["unaccounted_ns"], abs(row["wall_ns"] - of(row, STATES)), f"unaccounted of {row}")
    bound = row["wall_ns"] // 1000
    assert row["unaccounted_ns"] <= max(bound, READING if first else 0), f"does not add up: {row}"
    assert row["wall_ns"] <= row["interval_ns"] + READING, f"more than there was: {row}"
    for s in STATES:
        assert 0 <= row[s + "_ns"] <= row["wall_ns"] + READING, f"{s} of {row}"


PARTS = (("time-kernel", "kernel_ns", ("kernel", "poll_hit", "poll_wasted")),
         ("time-culprits", "waited_ns", WAITING))


def check_budget(objects, alive=True, settled=False):
    """What must hold in any run: in every interval, and for each vCPU.
    alive: none of the vCPUs ended meanwhile; settled: all are stopped at the end, so that no table
    has what another one has yet to get."""
    vcpus = collections.defaultdict(list)
    for r in intervals(objects):
        vcpus[key_of(r)].append(r)
    assert vcpus, "no rows of time"
    for rows in vcpus.values():
        for i, r in enumerate(rows):
            check_interval(r, i == 0)
            if 0 < i < len(rows) - (0 if alive else 1):
                assert r["wall_ns"] >= r["interval_ns"] - READING, f"time is missing: {r}"
        # the intervals follow each other without a gap
        if alive and len(rows) > 1:
            wall = sum(r["wall_ns"] for r in rows[1:])
            span = rows[-1]["mono_ns"] - rows[0]["mono_ns"]
            assert abs(wall - span) <= READING, f"{rows[0]} and so on: {wall} of {span}"
    for table, column, states in PARTS:
        check_parts(vcpus, objects, table, column, states, MS if settled else READING)
    return vcpus


def check_parts(vcpus, objects, table, column, states, open_ns):
    """A table whose rows add up to some of the states. It is read a bit later than these: what it
    has too much in an interval it lacks in the next, and nothing of it is left at the end."""
    got = collections.Counter()
    for r in intervals(objects, table):
        got[key_of(r), r["mono_ns"]] += r[column]
    for key, rows in vcpus.items():
        ahead = 0
        for r in rows:
            expected = of(r, states)
            ahead += got[key, r["mono_ns"]] - expected
            assert abs(ahead) <= 2 * READING, \
                f"{table}: {got[key, r['mono_ns']]} of {expected}, {ahead} ahead in {r}"
        expected = sum(of(r, states) for r in rows)
        assert abs(ahead) <= open_ns + expected // 1000, f"{table} of {key}: {ahead} of {expected}"


def none_lost(objects, *but):
    """Nor has a guest that is killed finished its exit; and newer kernels keep some changes of
    state from us, and say so."""
    equal(set(losses_of(objects)) - {"unfinished", "split", "misses", *but}, set(), "losses")


@contextlib.contextmanager
def at_home(cpu=0):
    """This process and what it starts stay on one CPU; guests that are told theirs do not care."""
    usual = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, usual)


def stop_all(guests):
    for g in guests:
        os.kill(g.pid, signal.SIGSTOP)
    for g in guests:
        stop(g, g.vcpu_threads())


@contextlib.contextmanager
def window(guests, *args, others=(), what="time", interval="0.25", without=""):
    """Watches from one stop of the guests to the next, after which they stay stopped. What it
    yields has then .objects, and .ran, by thread: ns on a CPU, ns runnable, slices, as the kernel
    has it; of the vCPUs and of the others."""
    threads = [t for g in guests for t in g.vcpu_threads()] + list(others)
    got = types.SimpleNamespace()
    stop_all(guests)
    with PromptWatch(*args, what=what, interval=interval, without=without) as w:
        before = schedstat(threads)
        for g in guests:
            os.kill(g.pid, signal.SIGCONT)
        yield got
        stop_all(guests)
        after = schedstat(threads)
        got.ran = {t: [y - x for x, y in zip(b, a)] for t, b, a in zip(threads, before, after)}
        time.sleep(0.1)
        got.objects = w.finish()


class PromptWatch(Watch):
    """A watcher that none keeps from its CPU when it is to read, and that has little to read:
    tables that are read one after the other are then of nearly the same moment."""

    def __init__(self, *args, what="time", **kw):
        super().__init__("--max-vcpus", 64, *args, what=what, **kw)
        os.sched_setscheduler(self.p.pid, os.SCHED_FIFO, os.sched_param(20))


class Hog:
    """A process that takes all of a CPU that it can get."""

    def __init__(self, cpu):
        self.p = subprocess.Popen(["taskset", "-c", str(cpu), "/bin/busybox", "sh", "-c",
                                   "while :; do :; done"])
        self.pid = self.p.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.p.kill()
        self.p.wait()


@contextlib.contextmanager
def settings(**values):
    """Files with these contents meanwhile: path, with __ for /. Some kernels do not have some."""
    old = {}
    try:
        for name, value in values.items():
            path = "/" + name.replace("__", "/")
            if os.path.exists(path):
                with open(path, encoding="ascii") as f:
                    old[path] = f.read().strip()
                with open(path, "w", encoding="ascii") as f:
                    f.write(str(value))
        yield
    finally:
        for path, value in reversed(old.items()):
            with open(path, "w", encoding="ascii") as f:
                f.write(value)


def real_time_for_ever():
    """Real-time threads may keep a CPU for ever, also where others have a server of deadlines."""
    return settings(proc__sys__kernel__sched_rt_runtime_us=-1,
                    sys__kernel__debug__sched__fair_server__cpu0__runtime=0,
                    sys__kernel__debug__sched__fair_server__cpu1__runtime=0)


class Cgroup:
    """A cgroup with control over CPU time."""

    def __init__(self, name, parent=None):
        above = parent.path if parent else "/sys/fs/cgroup"
        with open(above + "/cgroup.subtree_control", "w", encoding="ascii") as f:
            f.write("+cpu")
        self.path = f"{above}/{name}"

    def write(self, file, text):
        with open(f"{self.path}/{file}", "w", encoding="ascii") as f:
            f.write(str(text))

    def throttled(self):
        """ns, as the kernel has it."""
        text = open(self.path + "/cpu.stat", encoding="ascii").read()
        return 1000 * int(re.search(r"^throttled_usec (\d+)", text, re.M).group(1))

    def __enter__(self):
        os.mkdir(self.path)
        return self

    def __exit__(self, *_):
        for _ in range(100):
            try:
                os.rmdir(self.path)
                return
            except OSError:  # what has just been killed is not gone yet
                time.sleep(0.05)


class BudgetTrace(Trace):
    """The kernel's own trace of all that a budget is made of."""
    EVENTS = Trace.EVENTS + ["syscalls/sys_enter_ioctl"]
    ON = {"kvm_entry": "guest", "kvm_exit": "kernel", "kvm_userspace_exit": "vmm"}

    def __init__(self):
        self.read = None

    def events(self):
        """Once, as reading takes its time."""
        self.read = self.read or super().events()
        return self.read

    @staticmethod
    def after_switch(state, prev_state):
        if prev_state[0] == "R":
            return "preempted"
        if prev_state[0] in "Tt":
            return "stopped"
        return "idle" if state == "vmm" else "halted"

    def budget(self, tid, since, until):
        """(ns by state, changes to it) of a vCPU's thread; from its first event on."""
        ns, changes = collections.Counter(), collections.Counter()
        on, state, start = None, None, since
        for who, now, name, text in self.events():
            after = state
            if name == "sched_switch":
                m = re.search(r"prev_pid=(\d+) .*prev_state=(\S+) ==> .*next_pid=(\d+)", text)
                if int(m.group(1)) == tid:
                    after = self.after_switch(on, m.group(2))
                elif int(m.group(3)) == tid:
                    after = on
            elif name == "sched_wakeup":
                if int(re.search(r" pid=(\d+)", text).group(1)) == tid and state in ASLEEP:
                    after = "woken"
            elif who == tid and name in self.ON:
                after = on = self.ON[name]
            elif who == tid and name == "sys_ioctl" and re.search(r"cmd: (0x)?ae80\b", text):
                after = on = "kernel"
            if after != state:
                if state:
                    ns[state] += max(0, min(now, until) - max(start, since))
                state, start = after, now
                changes[state] += since < now < until
        if state:
            ns[state] += max(0, until - max(start, since))
        return ns, changes


class InterruptTrace(Trace):
    """The kernel's own trace of interrupts and softirqs, by CPU."""
    EVENTS = ["sched/sched_switch", "irq/irq_handler_entry", "irq/irq_handler_exit",
              "irq/softirq_entry", "irq/softirq_exit", "irq_vectors/local_timer_entry",
              "irq_vectors/local_timer_exit"]

    def during_waits(self, tid, cpu):
        """(ns, how often) of those on the CPU while a thread that lost it waits for it."""
        self.write("tracing_on", "0")
        line = re.compile(r"-\d+\s+\[(\d+)\].*?(\d+)\.(\d{6}): (\w+): (.*)$")
        ns, times, depth, start, waits = 0, 0, 0, 0, False
        for m in map(line.search, open(f"{TRACING}/trace", encoding="utf-8", errors="replace")):
            if not m or int(m.group(1)) != cpu:
                continue
            now, name = int(m.group(2)) * S + int(m.group(3)) * 1000, m.group(4)
            if name == "sched_switch":
                s = re.search(r"prev_pid=(\d+) .*prev_state=(\S+) ==> .*next_pid=", m.group(5))
                waits = int(s.group(1)) == tid and s.group(2)[0] == "R" or \
                    waits and f"next_pid={tid} " not in m.group(5)
                depth = 0
            elif name.endswith("_entry"):
                depth += 1
                start = now if depth == 1 else start
            elif depth:
                depth -= 1
                if not depth and waits:
                    ns, times = ns + now - start, times + 1
        return ns, times
