# SPDX-License-Identifier: Apache-2.0
"""VM tests of the collector time: for what a vCPU waits, and who has its CPU meanwhile.

May know about: the command line and the JSON of kvm_watcher, the guests. Nothing of its code.
To extend: a function case_NAME (see inside.py).
"""
# pylint: disable=wildcard-import,unused-wildcard-import
import mmap
import time

import linux
from budget import *
from cases_halt import parameters
from cases_load import schedstat
from cases_time import SPIN, all_in, in_between, parts
from harness import *


def check_ran(got, pid, tid, vcpu=0, bound=100, switch=10000):
    """The kernel's own account of the thread, within 1 %, and what lies between its clock and ours
    at each switch: of that, the one has too much what the other lacks."""
    b = whole(got.objects, pid=pid, vcpu=vcpu)
    ran, delay, slices = got.ran[tid]
    slack = switch * slices + 2 * MS
    near(parts(b, ON_CPU), ran, ran // bound + slack, f"run time of {tid}, {slices} slices")
    near(parts(b, WAITING), delay, delay // bound + slack, f"run delay of {tid}")
    near(parts(b, ON_CPU + WAITING), ran + delay, (ran + delay) // 100, f"both of {tid}")
    return b


def by_culprit(objects, **match):
    ns = collections.Counter()
    for r in intervals(objects, "time-culprits", **match):
        ns[r["by"], r["culprit_pid"], r["culprit_id"]] += r["waited_ns"]
    return ns


def check_whom(theirs, culprits, ran, waiting):
    """A vCPU waits when the other one runs, and for nobody else; interrupts come upon either."""
    irq = culprits["irq", None, None]
    print(f"#   waiting {waiting / MS:.3f} ms: {culprits}", flush=True)
    near(theirs, ran, ran // 100 + irq + 5 * MS, "waited for the other one")
    assert theirs + irq >= 0.98 * waiting, f"others had the CPU: {culprits}"
    assert irq <= 0.1 * waiting, f"too many interrupts: {culprits}"


# ---- who ran instead ---------------------------------------------------------------------------

def case_time_two_on_one_cpu():
    """Two VMs on one CPU: each waits half of the time, and for the other."""
    with at_home(1), Guest(*SPIN, cpus="0") as one, Guest(*SPIN, cpus="0") as two:
        tids = {g.pid: g.vcpu_threads()[0] for g in (one, two)}
        for g in (one, two):
            g.go()
        with window([one, two], interval="0.5") as got:
            time.sleep(3)
    check_budget(got.objects, settled=True)
    for me, other in ((one, two), (two, one)):
        b = check_ran(got, me.pid, tids[me.pid])
        active = b["wall"] - b["stopped"]
        assert 0.45 * active <= parts(b, WAITING) <= 0.55 * active, f"not half: {b}"
        culprits = by_culprit(got.objects, pid=me.pid)
        theirs = culprits["vcpu", other.pid, 0]
        check_whom(theirs, culprits, got.ran[tids[other.pid]][0], parts(b, WAITING))
    none_lost(got.objects)


def case_time_two_vcpus_of_one_vm():
    """Two vCPUs of one VM that share a CPU: the culprit is the sibling."""
    with at_home(1), Guest(*SPIN, "-v", 2, cpus="0") as g:
        tids = g.vcpu_threads()
        g.go()
        with window([g]) as got:
            time.sleep(1.5)
    check_budget(got.objects, settled=True)
    for v, tid in enumerate(tids):
        check_ran(got, g.pid, tid, v)
        culprits = by_culprit(got.objects, vcpu=v)
        check_whom(culprits["vcpu", g.pid, 1 - v], culprits, got.ran[tids[1 - v]][0],
                   parts(whole(got.objects, vcpu=v), WAITING))
    none_lost(got.objects)


def case_time_hog():
    """A process that takes half of the vCPU's CPU."""
    with at_home(1), Guest(*SPIN, cpus="0") as g, Hog(0) as hog:
        tid = g.vcpu_threads()[0]
        g.go()
        with window([g], others=[hog.pid]) as got:
            time.sleep(2)
    check_budget(got.objects, settled=True)
    b = check_ran(got, g.pid, tid)
    culprits = by_culprit(got.objects)
    mine, irq = culprits["process", hog.pid, None], culprits["irq", None, None]
    # the hog also ran while the vCPU was stopped
    assert mine <= got.ran[hog.pid][0] + 5 * MS, (culprits, got.ran)
    assert mine + irq >= 0.98 * parts(b, WAITING), f"others had the CPU: {culprits}"
    assert irq <= 0.1 * parts(b, WAITING), f"too many interrupts: {culprits}"
    none_lost(got.objects)


def case_time_hog_that_never_stops():
    """A slice that does not end for many intervals: each has its share of the wait, by the hog."""
    with real_time_for_ever(), at_home(1), Guest(*SPIN, cpus="0") as g, Hog(0) as hog:
        g.go()
        with PromptWatch(interval="0.25") as w:
            time.sleep(0.3)
            os.sched_setscheduler(hog.pid, os.SCHED_FIFO, os.sched_param(50))
            time.sleep(0.05)
            since = time.monotonic_ns()
            time.sleep(1.5)
            until = time.monotonic_ns()
            os.sched_setscheduler(hog.pid, os.SCHED_OTHER, os.sched_param(0))
            time.sleep(0.3)
            objects = w.finish()
    check_budget(objects)
    rows = in_between(objects, since, until)
    all_in(rows, "preempted")
    for r in rows:
        culprits = by_culprit(objects, mono_ns=r["mono_ns"])
        mine = culprits["process", hog.pid, None]
        near(mine + culprits["irq", None, None], r["preempted_ns"], MS, "the hog's and interrupts'")
        assert mine >= 0.9 * r["preempted_ns"], f"{culprits} of {r}"
    none_lost(objects)


def case_time_iothread_in_the_way():
    """An iothread of the VMM on the vCPU's CPU: it is the culprit, for as long as it ran."""
    with at_home(1), Guest(*SPIN, "--iothread", "20000,20000", cpus="0") as g:
        tid = g.vcpu_threads()[0]
        with PromptWatch(interval="0.25") as w:
            g.go()
            time.sleep(2)
            before = schedstat([tid])[0]
            os.kill(g.pid, signal.SIGTERM)
            results = g.results()
            time.sleep(0.3)
            objects = w.finish()
        g.end()
    check_budget(objects)
    ledger = results[-1]
    b = whole(objects)
    culprits = by_culprit(objects)
    near(culprits["vmm", g.pid, ledger["iothread"]], ledger["run"], ledger["run"] // 50 + 40 * MS,
         "waited for the iothread")
    near(parts(b, WAITING), before[1], before[1] // 50 + 10 * MS, "run delay")
    print(f"#   culprits {culprits}", flush=True)
    none_lost(objects)


def kernel_thread(name):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/comm", encoding="ascii") as f:
            if f.read().strip() == name:
                return int(pid)
    raise Skip(f"no kernel thread {name}")


def case_time_kernel_thread():
    """A kernel thread that is busy on the vCPU's CPU: KSM's, which looks for equal pages. It has to
    sleep now and then, else RCU would not let any BPF program go."""
    ksmd, size = kernel_thread("ksmd"), 64 << 20
    usual = os.sched_getaffinity(ksmd)
    with mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as pages, at_home(1), \
            Guest(*SPIN, cpus="0") as g, \
            settings(sys__kernel__mm__ksm__sleep_millisecs=1,
                     sys__kernel__mm__ksm__pages_to_scan=1000, sys__kernel__mm__ksm__run=1):
        pages.madvise(12)  # MADV_MERGEABLE
        for i in range(0, size, 4096):
            pages[i:i + 8] = i.to_bytes(8, "little")
        tid = g.vcpu_threads()[0]
        os.sched_setaffinity(ksmd, {0})
        try:
            g.go()
            with window([g], others=[ksmd]) as got:
                time.sleep(2)
        finally:
            os.sched_setaffinity(ksmd, usual)
    check_budget(got.objects, settled=True)
    b = check_ran(got, g.pid, tid)
    culprits = by_culprit(got.objects)
    print(f"#   ksmd ran {got.ran[ksmd]}, culprits {culprits}", flush=True)
    if got.ran[ksmd][0] < 100 * MS:
        raise Skip("KSM has nothing to do")
    mine = culprits["kernel", ksmd, None]
    assert 0.9 * parts(b, WAITING) <= mine <= got.ran[ksmd][0] + 5 * MS, (culprits, b)
    none_lost(got.objects)


def case_time_interrupts():
    """Interrupts while a vCPU waits are no process's: as long as the kernel's trace has it, whoever
    they came upon."""
    with at_home(1), Guest(*SPIN, cpus="0") as g, Hog(0):
        tid = g.vcpu_threads()[0]
        g.go()
        with InterruptTrace() as t:
            with window([g]) as got:
                time.sleep(1)
            theirs, n = t.during_waits(tid, 0)
    check_budget(got.objects, settled=True)
    assert n > 80, f"{n} interrupts"
    mine = by_culprit(got.objects)["irq", None, None]
    # one hook of each of the two is told before the other's
    near(mine, theirs, 20000 * n + theirs // 10, f"time of {n} interrupts")
    none_lost(got.objects)


def case_time_wake_ups():
    """Waking up on a CPU that is idle takes its time: nobody's, as the kernel's trace has it."""
    n = 60
    with parameters(halt_poll_ns=0), at_home(0), BudgetTrace() as t, \
            Guest("-k", "hlt", "-n", n, "-t", 10 * MS, "--times", cpus="1") as g:
        with PromptWatch(interval="0.25") as w:
            results = g.run()
            time.sleep(0.3)
            objects = w.finish()
        g.end()
        times = results[0]["times"]
        theirs, changes = t.budget(results[0]["tid"], times["start"], times["end"])
    check_budget(objects)
    b = whole(objects)
    near(b["woken"], theirs["woken"], 20000 * changes["woken"] + 2 * MS,
         f"woken, {changes['woken']} times")
    culprits = by_culprit(objects)
    print(f"#   culprits {culprits}", flush=True)
    # the rest is of when another thread of the host had the CPU at the wake-up
    assert culprits["idle", None, None] + culprits["irq", None, None] >= 0.7 * b["woken"], \
        f"not by idle: {culprits} of {b}"
    none_lost(objects)


# ---- limits ------------------------------------------------------------------------------------

def throttled_run(inner, outer):
    """A guest in a cgroup, of which that or the one above has a limit of 20 %."""
    with at_home(1), Guest(*SPIN, cpus="0") as g:
        tid = g.vcpu_threads()[0]
        outer.write("cpu.max", "20000 100000")
        inner.write("cgroup.procs", g.pid)
        g.go()
        time.sleep(0.3)
        stop(g, [tid])
        before = outer.throttled()
        with window([g]) as got:
            time.sleep(2)
        theirs = outer.throttled() - before
    check_budget(got.objects, settled=True)
    b = whole(got.objects)
    near(b["throttled"], theirs, theirs // 100 + 2 * MS, "throttled, by cpu.stat")
    culprits = by_culprit(got.objects)
    near(culprits["limit", None, None], b["throttled"], b["throttled"] // 1000 + MS, "by the limit")
    active = b["wall"] - b["stopped"]
    assert b["throttled"] >= 0.7 * active, f"of {active}: {b}"
    near(parts(b, ON_CPU), got.ran[tid][0], active // 100, "run time")
    print(f"#   run delay {got.ran[tid][1]}, waiting {parts(b, WAITING)}", flush=True)
    none_lost(got.objects)


def case_time_throttled():
    """A cgroup's limit: as long as the cgroup's own statistics say."""
    with Cgroup("limited") as c:
        throttled_run(c, c)


def case_time_throttled_above():
    """The limit is that of a cgroup further up."""
    with Cgroup("above") as above, Cgroup("within", above) as c:
        throttled_run(c, above)


# ---- a stock guest -----------------------------------------------------------------------------

def single_time_linux():
    """Two vCPUs of a Linux guest with disk, network and IPIs on one CPU: the states add up in each
    interval, run time and wait are the kernel's, vhost's worker is a culprit, and its row the
    kernel's account of it."""
    with linux.LinuxGuest("time", smp=2, mem=128, disk=True, net="vhost",
                          work="disk,net,ipi secs=60") as q:
        q.wait_for("guest: works")
        tids = q.vcpu_threads()
        vhost = vhost_worker(q.pid)
        q_guest = LinuxThreads(q.pid, tids)
        with window([q_guest], "-p", q.pid, others=[vhost, q.pid], interval="1") as got:
            time.sleep(6)
        os.kill(q.pid, signal.SIGCONT)
    check_budget(got.objects, settled=True)
    for v, tid in enumerate(tids):
        check_ran(got, q.pid, tid, v, bound=50, switch=20000)
    rows = intervals(got.objects, "time-threads")
    roles = {r["thread"]: r["role"] for r in rows}
    equal((roles.get(vhost), roles.get(q.pid)), ("vhost", "emulator"), f"roles: {roles}")
    for tid, what in ((vhost, "vhost"), (q.pid, "emulator")):
        ran, delay, slices = got.ran[tid]
        mine = [r for r in rows if r["thread"] == tid]
        slack = 20000 * slices + 5 * MS
        near(sum(r["run_ns"] for r in mine), ran, ran // 50 + slack, f"{what} ran")
        near(sum(r["waited_ns"] for r in mine), delay, delay // 50 + slack, f"{what} waited")
    culprits = collections.Counter()
    for (by, _, _), ns in by_culprit(got.objects).items():
        culprits[by] += ns
    print(f"#   culprits {culprits}", flush=True)
    for by in ("vcpu", "vmm", "vhost"):
        assert culprits[by] > 0, f"nothing by {by}: {culprits}"
    none_lost(got.objects)


class LinuxThreads:
    """What window() has to know of a guest."""

    def __init__(self, pid, tids):
        self.pid, self.tids = pid, tids

    def vcpu_threads(self):
        return self.tids


def vhost_worker(pid):
    """A kernel thread of its own, or one of the process."""
    name = f"vhost-{pid}"
    for tid in os.listdir(f"/proc/{pid}/task"):
        if open(f"/proc/{pid}/task/{tid}/comm", encoding="ascii").read().strip() == name:
            return int(tid)
    return kernel_thread(name)
