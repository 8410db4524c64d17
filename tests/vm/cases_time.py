# SPDX-License-Identifier: Apache-2.0
"""VM tests of the collector time: states against what the guests, their VMM and the kernel know.

Every case checks that the states add up in every interval (budget.py). Clocks: the collector's are
those of tracepoints, the ledgers' are the threads' own CPU time, which the scheduler takes; between
the two lie some steps of a switch or of a system call, which the emulated machine makes long.

May know about: the command line and the JSON of kvm_watcher, the guests. Nothing of its code.
To extend: a function case_NAME (see inside.py); who ran instead is in cases_culprits.py.
"""
# pylint: disable=wildcard-import,unused-wildcard-import
import time

from budget import *
from cases_halt import kept_by_kvm, parameters
from cases_load import moved
from harness import *

# last, and yet its figures are of the moment of the reading
TIME_LAST = ALL.replace("time,", "", 1) + ",time"
SPIN = ("-k", "spin", "-n", 10**9, "-s", 1000)  # makes no exits, and does not end
STEP = 100000 * SLOW  # ns from one clock's reading of an event to another's, at most, on average
CALL = 400000 * SLOW  # … where there is a system call between the two, and all that watches it
WAKE = 400000 * SLOW  # … of a wake-up: the scheduler's clock of an idle CPU is behind (cases_load.py)


def parts(budget, states):
    return sum(budget[s] for s in states)


def check_ledger(objects, record, halts=0):
    """The budget of a run that lies within the watch, against what the vCPU's thread knows."""
    t, b = record["times"], whole(objects, pid=record["pid"], vcpu=record["vcpu"])
    inside = CALL * t["runs"] + WAKE * halts
    outside = CALL * t["runs"] + WAKE * (t["sleeps"] + t["pauses"])
    # before and after the run, its thread begins and ends
    near(b["vmm"], t["cpu"] - t["inside_cpu"], outside + 2 * READING, "outside KVM_RUN")
    near(parts(b, ON_CPU) - b["vmm"], t["inside_cpu"], t["inside_cpu"] // 100 + inside + 2 * MS,
         "on a CPU in KVM_RUN")
    # and apart from that its thread sleeps
    around = b["wall"] - (t["end"] - t["start"])
    near(parts(b, ASLEEP + WAITING) - around, t["end"] - t["start"] - t["cpu"],
         inside + outside + 2 * READING, "without a CPU")
    near(b["halted"] + b["blocked"], t["inside"] - t["inside_cpu"],
         inside + parts(b, WAITING) + MS, "asleep in KVM_RUN")
    return t, b, around


# ---- guests whose times are known --------------------------------------------------------------

def case_time_busy():
    """A guest that does nothing but compute, on a CPU of its own: all is the guest's, but for the
    host's ticks, each of which is an exit (500 in 2 s). Of a CPU that is not emulated, they take
    less than 1 %; of this one up to 6 %, so that the kernel's trace has to say how much."""
    with at_home(), Guest(*SPIN, "--times", cpus="1") as g, BudgetTrace() as t:
        g.go()
        tid = g.vcpu_threads()[0]
        with window([g], interval="0.5") as got:
            began = time.monotonic_ns()
            time.sleep(2)
            ended = time.monotonic_ns()
        theirs, changes = t.budget(tid, began, ended)
    check_budget(got.objects, settled=True)
    b = whole(got.objects)
    ran, delay, _ = got.ran[tid]
    active = b["wall"] - b["stopped"]
    near(parts(b, ON_CPU), ran, ran // 200, "run time of schedstat")
    near(active, ran + delay, (ran + delay) // 200, "time in which it ran or waited")
    # the window is a bit longer than the span
    more = active - (ended - began)
    near(b["guest"], theirs["guest"], more + 20 * MS, "the guest's, by the trace")
    near(b["kernel"], theirs["kernel"], (20000 * changes["kernel"] + 5 * MS) * SLOW,
         "the kernel's")
    print(f"#   guest {b['guest'] / active:.2%}, kernel {b['kernel'] / active:.2%}, "
          f"waiting {parts(b, WAITING) / active:.2%}", flush=True)
    assert b["vmm"] + parts(b, ASLEEP) - b["stopped"] <= 0.01 * active + READING, b
    assert b["guest"] >= 0.8 * active, b
    none_lost(got.objects)


def case_time_halted():
    """HLTs that sleep for a known time, without polling."""
    n, ns = 40, 20 * MS
    with parameters(halt_poll_ns=0), BudgetTrace() as t, \
            Guest(*halting(n, ns), "-v", 2, "--times") as g:
        with PromptWatch(interval="0.25") as w:
            results = g.run()
            time.sleep(0.3)
            objects = w.finish()
        g.end()
        for r in results:
            v = r["vcpu"]
            theirs, _ = t.budget(r["tid"], r["times"]["start"], r["times"]["end"])
            b = whole(objects, vcpu=v)
            near(b["halted"], theirs["halted"], STEP * n, f"halted of vCPU {v}, by the trace")
            # the timer is armed a bit before the sleep
            assert n * (ns - MS) <= b["halted"], f"{n} times {ns} ns of vCPU {v}: {b}"
            equal((b["poll_hit"], b["poll_wasted"]), (0, 0), "polling")
            if "halt_wait_ns" not in r["stats"]:
                continue
            kvm = r["stats"]["halt_wait_ns"]
            # KVM's own has the way to sleep and back, and the wait for a CPU
            print(f"#   KVM's halt_wait_ns {kvm}: {kvm - b['halted']} more", flush=True)
            assert 0 <= kvm - b["halted"] <= parts(b, WAITING) + b["kernel"], (kvm, b)
    check_budget(objects)
    for r in results:
        check_ledger(objects, r, n)
    none_lost(objects)


def case_time_polling():
    """Polling that is too short at first and then long enough: hits and waste are KVM's own
    statistics, but for when another one had the CPU meanwhile."""
    n = 40
    with parameters(halt_poll_ns=100 * MS, halt_poll_ns_grow=3, halt_poll_ns_grow_start=50000), \
            Guest(*halting(n, 2 * MS), "-v", 2, "--times") as g:
        # one interval: a reading amidst a halt would have told its polling as the kernel's time
        with PromptWatch(interval="60") as w:
            results = g.run()
            time.sleep(0.3)
            objects = w.finish()
        g.end()
    check_budget(objects)
    for vcpus, stats in kept_by_kvm(results):
        budgets = [whole(objects, vcpu=v) for v in vcpus]
        preempted = total(budgets, "preempted")
        for state, name in (("poll_hit", "halt_poll_success_ns"),
                            ("poll_wasted", "halt_poll_fail_ns")):
            mine, kvm = total(budgets, state), stats[name]
            print(f"#   {state} of {set(vcpus)}: {mine}, KVM has {kvm}; preempted {preempted}", flush=True)
            assert kvm - preempted <= mine <= kvm, f"{state} of {set(vcpus)}: {budgets}, not {kvm}"
            assert mine > 0, f"no {state}: the test is too small"
    for r in results:
        check_ledger(objects, r, n)
    none_lost(objects)


def budget_of(*args):
    """What a guest tells of its run, and the watcher's objects, whose budget is checked."""
    with Guest(*args) as g:
        with PromptWatch(interval="0.25") as w:
            results = g.run()
            time.sleep(0.3)
            objects = w.finish()
        g.end()
    check_budget(objects)
    return results, objects


def case_time_vmm_sleeps():
    """A VMM that sleeps for a known time at each exit to user space."""
    n, us = 30, 30000
    results, objects = budget_of("-k", OUT.kind, "-n", n, "--vmm-sleep", us)
    t, b, around = check_ledger(objects, results[0])
    equal(t["sleeps"], n, "sleeps")
    near(b["idle"] - around, t["slept"] - t["slept_cpu"], WAKE * n + parts(b, WAITING), "idle")
    # it sleeps for as long as asked, but for what it takes to fall asleep
    assert b["idle"] - around >= n * (1000 * us - CALL), (b, t)
    none_lost(objects)


def case_time_vmm_spins():
    """A VMM that is on a CPU for a known time at each exit to user space."""
    n, us = 30, 40000
    results, objects = budget_of("-k", OUT.kind, "-n", n, "--vmm-spin", us)
    t, b, _ = check_ledger(objects, results[0])
    equal(t["spins"], n, "spins")
    # besides, it goes there and back, and sets up the run
    near(b["vmm"], t["spun"], t["spun"] // 100 + CALL * n, "VMM")
    assert b["vmm"] >= t["spun"] - STEP, (b, t)
    none_lost(objects)


def case_time_against_the_trace():
    """Two vCPUs that do a bit of everything on one CPU; the watch begins and ends amidst it: every
    state is that of the kernel's own trace."""
    with parameters(halt_poll_ns=0), at_home(1), \
            Guest("-k", "mix", "-n", 10**6, "-v", 2, "--vmm-sleep", 300, cpus="0") as g:
        tids = g.vcpu_threads()
        g.go()
        time.sleep(0.2)
        with BudgetTrace() as t:
            with PromptWatch(interval="0.5") as w:
                time.sleep(1)
                objects = w.finish()
            for v, tid in enumerate(tids):
                b = whole(objects, vcpu=v)
                since, until = begin_of(objects, vcpu=v), intervals(objects, vcpu=v)[-1]["mono_ns"]
                theirs, changes = t.budget(tid, since, until)
                assert sum(changes.values()) > 300, f"the trace has too little: {changes}"
                for s in ("guest", "kernel", "vmm", "halted", "preempted", "woken", "idle"):
                    near(b[s], theirs[s], STEP * changes[s] + 5 * MS, f"{s} of vCPU {v} "
                         f"({changes[s]} times)")
                assert b["preempted"] + b["woken"] > 10 * MS, f"they never waited: {b}"
    check_budget(objects)
    none_lost(objects)


def case_time_nested():
    """A guest of the guest: its time is apart, as the kernel's trace of its switches has it."""
    with at_home(), Guest("-k", "nested", "-n", 10**6, "-s", 30000, "--times", cpus="1") as g:
        g.go()
        tid = g.vcpu_threads()[0]
        with window([g], what="time,exits") as got:
            time.sleep(1.5)
    check_budget(got.objects, settled=True)
    b = whole(got.objects)
    ran, _, _ = got.ran[tid]
    near(parts(b, ON_CPU), ran, ran // 100 + 5 * MS, "run time of schedstat")
    levels = {r["level"] for r in intervals(got.objects, "time-kernel")}
    assert {1, 2} <= levels <= {None, 1, 2}, f"levels: {levels}"
    l2 = count(rows_of(got.objects), level=2)
    assert l2 > 20, f"{l2} exits of L2"
    # L2 makes its one exit at once, L1 spins before each: with the way into and out of guest mode,
    # of the CPUID of L2 no more than a host's tick now and then
    print(f"#   {l2} exits of L2, {b['nested'] // l2} ns each; {b}", flush=True)
    assert 0 < b["nested"] < b["guest"], b
    none_lost(got.objects)


# ---- one state across many intervals -----------------------------------------------------------

def in_between(objects, since, until, **match):
    """Rows of the intervals that lie in this span."""
    return [r for r in intervals(objects, **match)
            if r["mono_ns"] - r["interval_ns"] >= since and r["mono_ns"] <= until]


def all_in(rows, state, least=3):
    assert len(rows) >= least, f"too few intervals: {rows}"
    for r in rows:
        assert r[state + "_ns"] >= 0.999 * r["wall_ns"], f"not all {state}: {r}"
        assert abs(r["wall_ns"] - r["interval_ns"]) <= READING, f"wall of {r}"


def case_time_stopped():
    """SIGSTOP: the time is known, and each interval has its share."""
    with Guest(*SPIN) as g:
        tids = g.vcpu_threads()
        g.go()
        with PromptWatch(interval="0.2") as w:
            time.sleep(0.5)
            asked = time.monotonic_ns()
            stop(g, tids)
            since = time.monotonic_ns()
            time.sleep(1.2)
            until = time.monotonic_ns()
            os.kill(g.pid, signal.SIGCONT)
            time.sleep(0.5)
            objects = w.finish()
    check_budget(objects)
    b = whole(objects)
    # stop() waits after the thread has stopped, too
    assert until - since - MS <= b["stopped"] <= until - asked + MS, (b, asked, since, until)
    all_in(in_between(objects, since, until), "stopped")
    assert b["guest"] > 300 * MS, b
    none_lost(objects)


def case_time_paused():
    """A VM that its VMM does not run: its vCPUs idle, for a known time, in each interval."""
    with at_home(), Guest(*SPIN, "-v", 2, "--times", cpus="1") as g:
        with PromptWatch(interval="0.2") as w:
            g.go()
            time.sleep(0.5)
            os.kill(g.pid, signal.SIGUSR2)
            time.sleep(0.2)
            since = time.monotonic_ns()
            time.sleep(1.2)
            until = time.monotonic_ns()
            os.kill(g.pid, signal.SIGUSR2)
            time.sleep(0.4)
            os.kill(g.pid, signal.SIGTERM)
            results = g.results()
            time.sleep(0.2)
            objects = w.finish()
        g.end()
    check_budget(objects)
    for r in results:
        t, b, around = check_ledger(objects, r)
        equal(t["pauses"], 1, "pauses")
        # then both wake up, and one of them gets the CPU first
        near(b["idle"] - around, t["paused"] - t["paused_cpu"], 2 * READING + b["woken"], "idle")
        all_in(in_between(objects, since, until, vcpu=r["vcpu"]), "idle")
    none_lost(objects)


def case_time_since_before():
    """What goes on since before the watch, and does not end in it: a halt, a pause, a stop."""
    with Guest("-k", "msi", "-n", 10**6, "--dest", 0, "-v", 2) as halted, \
            Guest(*SPIN, "--times") as paused, \
            Guest(*SPIN) as stopped:
        for g in (halted, paused, stopped):
            g.go()
        time.sleep(0.5)
        os.kill(paused.pid, signal.SIGUSR2)
        stop(stopped, stopped.vcpu_threads())
        with PromptWatch(interval="0.25") as w:
            time.sleep(1.6)
            objects = w.finish()
    check_budget(objects)
    for g, vcpu, state in ((halted, 1, "halted"), (paused, 0, "idle"), (stopped, 0, "stopped")):
        rows = intervals(objects, pid=g.pid, vcpu=vcpu)
        assert rows, f"no rows of what is {state} since before"
        all_in(rows, state, least=6)
        near(sum(r["wall_ns"] for r in rows), rows[-1]["mono_ns"] - w.since, READING, f"{state}")
    none_lost(objects)


# ---- threads that come, go and move ------------------------------------------------------------

def case_time_comings_and_goings():
    """vCPUs that appear and end while watched, VMs that follow each other: the states of each add
    up, and none has time before it was there or after."""
    with PromptWatch(interval="0.2") as w:
        with Guest("-k", OUT.kind, "-n", 300, "-v", 2, "-r", 4) as g, \
                Guest(*halting(20, 5 * MS), "--times") as h:
            since = time.monotonic_ns()
            for x in (g, h):
                x.go()
            g.results()
            results = h.results()
            for x in (g, h):
                x.end()
        until = time.monotonic_ns()
        time.sleep(0.5)
        objects = w.finish()
    vcpus = check_budget(objects, alive=False)
    mine = [k for k in vcpus if k[0] == g.pid]
    equal(sorted(v for _, _, v in mine), [0] * 4 + [1] * 4, f"vCPUs of {mine}")
    for key in mine:
        wall = sum(r["wall_ns"] for r in vcpus[key])
        assert 0 < wall <= until - w.since, f"{key}: {wall}"
        assert vcpus[key][-1]["mono_ns"] - vcpus[key][-1]["interval_ns"] <= until, vcpus[key][-1]
    # this one's warming-up is watched, too
    b = whole(objects, pid=h.pid)
    assert parts(b, ON_CPU) >= results[0]["times"]["cpu"] - WAKE * 20, (b, results)
    assert b["halted"] >= 20 * 4 * MS, (b, results)
    assert since > w.since
    none_lost(objects)


def case_time_moves():
    """vCPUs that change places on CPUs all the time, both waiting for one of them now and then."""
    with Guest(*SPIN, "-v", 2) as g:
        tids = g.vcpu_threads()
        for tid in tids:
            os.sched_setaffinity(tid, {0})
        g.go()
        with window([g]) as got:
            for i in range(16):
                for v, tid in enumerate(tids):
                    moved(tid, (i // (v + 1) + 1) % 2)
            time.sleep(0.5)
    check_budget(got.objects, settled=True)
    for v, tid in enumerate(tids):
        b = whole(got.objects, vcpu=v)
        ran, delay, slices = got.ran[tid]
        # the scheduler's clock of a CPU that was idle is behind, so that it has some of the wait as
        # run time, up to 2 ms with a migration (cases_load.py)
        run, wait = parts(b, ON_CPU), parts(b, WAITING)
        near(run, ran, ran // 100 + 2 * MS * 16, f"run time, {slices} slices")
        near(wait, delay, delay // 100 + 2 * MS * 16, "run delay")
        near(run + wait, ran + delay, (ran + delay) // 100, "both")
    none_lost(got.objects)


def case_time_one_thread():
    """One thread that runs all vCPUs in turn: those that it does not run are idle."""
    with Guest("-k", OUT.kind, "-n", 300, "-v", 2, "-m", 3, "-o", "--times") as g, \
            PromptWatch(interval="0.25") as w:
        before = schedstat([g.pid])[0]
        results = g.run()
        after = schedstat([g.pid])[0]
        time.sleep(0.3)
        objects = w.finish()
        g.end()
    vcpus = check_budget(objects)
    equal(len(vcpus), 6, f"vCPUs: {list(vcpus)}")
    ran = after[0] - before[0]
    b = collections.Counter()
    for rows in vcpus.values():
        one = collections.Counter()
        for r in rows:
            for s in STATES:
                one[s] += r[s + "_ns"]
        b += one
    cpu = sum(r["times"]["cpu"] for r in results)
    # from "go" to the first exit, and from vCPU to vCPU, the thread is none's
    print(f"#   on a CPU {parts(b, ON_CPU)}, ledger {cpu}, schedstat {ran}", flush=True)
    assert cpu - STEP * 6 * 300 - 10 * MS <= parts(b, ON_CPU) <= ran + 10 * MS, (b, cpu, ran)
    none_lost(objects)


# ---- other threads of the VMM ------------------------------------------------------------------

def case_time_threads():
    """The VMM's other threads: run time and wait of each are the kernel's, the iothread's is also
    its own ledger's; they begin at 0 even though they ran before."""
    with Guest(*SPIN, "--iothread", "20000,30000") as g:
        vcpus = g.vcpu_threads()
        time.sleep(0.2)
        tids = sorted(int(t) for t in os.listdir(f"/proc/{g.pid}/task"))
        comms = {t: open(f"/proc/{g.pid}/task/{t}/comm", encoding="ascii").read().strip()
                 for t in tids}
        with PromptWatch(interval="0.25") as w:
            before = dict(zip(tids, schedstat(tids)))
            g.go()
            time.sleep(1.5)
            os.kill(g.pid, signal.SIGTERM)
            results = g.results()
            time.sleep(0.6)
            objects = w.finish()
        main = [a - b for a, b in zip(schedstat([g.pid])[0], before[g.pid])]
        g.end()
    check_budget(objects)
    ledger = results[-1]
    rows = intervals(objects, "time-threads")
    assert not {r["thread"] for r in rows} & set(vcpus), f"vCPUs among the others: {rows}"

    def total(column, tid):
        return sum(r[column] for r in rows if r["thread"] == tid)

    roles = {r["thread"]: (r["role"], r["comm"]) for r in rows}
    io = ledger["iothread"]
    equal(roles.get(io), ("iothread", "IO iothread0"), f"the iothread among {roles}")
    equal(roles.get(g.pid), ("emulator", comms[g.pid]), f"the first thread among {roles}")
    for tid, name in comms.items():
        if name == "control":
            equal(roles.get(tid, ("worker", name)), ("worker", name), "role of a thread")
    for tid, (role, _) in roles.items():
        assert role in ("emulator", "iothread", "worker", "kvm"), f"role of {tid}: {role}"
    near(total("run_ns", io), ledger["run"], ledger["run"] // 100 + 5 * MS, "iothread, its ledger")
    near(total("run_ns", g.pid), main[0], main[0] // 100 + 5 * MS, "emulator, by schedstat")
    near(total("waited_ns", g.pid), main[1], main[1] // 100 + 5 * MS, "its wait")
    assert total("slices", io) >= 1500 // 60, f"slices of the iothread: {rows}"
    for r in rows:
        if r["thread"] == io:
            assert r["run_ns"] + r["waited_ns"] <= r["interval_ns"] + READING, r
    none_lost(objects)


# ---- verbs and options -------------------------------------------------------------------------

def case_time_per_vm_and_host():
    """The rows of a VM are the sums of its vCPUs', that of the host is the sum of all; a filter
    leaves out the others, and nothing else."""
    with at_home(), Guest("-k", "mix", "-n", 10**6, "-v", 2, name="one", cpus="1") as one, \
            Guest("-k", "mix", "-n", 10**6, name="two", cpus="1") as two:
        for g in (one, two):
            g.go()
        time.sleep(0.1)
        stop_all((one, two))
        with Watch("--per", "vm", what="time") as vm, \
                Watch("--per", "host", what="time") as host, \
                Watch("-p", two.pid, what="time") as only:
            with window([one, two], interval="60") as got:
                time.sleep(1)
            per_vm, per_host, of_two = vm.finish(), host.finish(), only.finish()
    each = got.objects
    for objects in (each, of_two):
        check_budget(objects, settled=True)
        none_lost(objects)
    equal({r["pid"] for r in intervals(of_two)}, {two.pid}, "VMs of -p")
    equal(len(intervals(per_vm)), 2, "rows per VM")
    equal(len(intervals(per_host)), 1, "rows per host")

    def check(row, of_each, what):
        equal(row["unaccounted_ns"], abs(row["wall_ns"] - of(row, STATES)), f"sum of {what}")
        assert row["unaccounted_ns"] <= row["wall_ns"] // 1000 + READING, f"sum of {what}: {row}"
        # each watch is one of its own: of two at one hook, one is told first
        active = of_each["wall"] - of_each["stopped"]
        near(row["wall_ns"] - row["stopped_ns"], active, active // 100 + 5 * MS, f"{what}, running")
        for s in ("guest", "kernel", "vmm", "halted"):
            near(row[s + "_ns"], of_each[s], active // 20, f"{s} of {what}")

    for g in (one, two):
        row = [r for r in intervals(per_vm) if r["pid"] == g.pid]
        check(row[0], whole(each, pid=g.pid), f"VM {row[0]['vm']}")
    check(intervals(per_host)[0], whole(each), "the host")
    check(intervals(of_two)[0], whole(each, pid=two.pid), "the VM that -p names")


def case_time_without_fentry_and_kprobes():
    """The next best ways add up as well."""
    for without in ("fentry", "fentry,kprobe"):
        with Guest("-k", "mix", "-n", 10**6, "-v", 2, cpus="1") as g:
            g.go()
            with window([g], without=without) as got:
                time.sleep(1)
        check_budget(got.objects, settled=True)
        none_lost(got.objects)
        for v, (ran, _, slices) in enumerate(got.ran.values()):
            near(parts(whole(got.objects, vcpu=v), ON_CPU), ran,
                 ran // 100 + 20000 * slices + 5 * MS, f"run time without {without}")


def case_time_with_all():
    """All collectors at once: it adds up as well, and KVM's part is that of exits."""
    with at_home(), Guest("-k", "mix", "-n", 10**6, "-v", 2, cpus="1") as g:
        g.go()
        with window([g], what=TIME_LAST, interval="1") as got:
            time.sleep(2)
    check_budget(got.objects, settled=True)
    b = whole(got.objects)
    exits = rows_of(got.objects)
    n = sum(r["count"] for r in exits)
    for mine, theirs in ((b["kernel"], "kernel_ns"), (b["poll_hit"] + b["poll_wasted"], "poll_ns"),
                         (b["halted"], "halted_ns"), (b["vmm"], "vmm_ns")):
        ns = sum(r[theirs] for r in exits)
        near(mine, ns, ns // 20 + 5 * MS, f"{theirs} of {n} exits")
    for reason, level in {(r["reason"], r["level"]) for r in exits if r["level"]}:
        theirs = [r for r in exits if (r["reason"], r["level"]) == (reason, level)]
        ns = sum(r["kernel_ns"] + r["poll_ns"] for r in theirs)
        mine = intervals(got.objects, "time-kernel", reason=reason, level=level)
        # newer kernels keep changes of state from the one or the other
        near(sum(r["kernel_ns"] for r in mine), ns, ns // 10 + 2 * MS,
             f"KVM's time for {sum(r['count'] for r in theirs)} times {reason}")
    for tid, (ran, _, slices) in got.ran.items():
        v = next(r["vcpu"] for r in intervals(got.objects) if r["tid"] == tid)
        near(parts(whole(got.objects, vcpu=v), ON_CPU), ran, ran // 100 + 20000 * slices + 5 * MS,
             f"run time of vCPU {v}")
    none_lost(got.objects, "no_call")
