# SPDX-License-Identifier: Apache-2.0
"""VM tests of where vCPUs run and of their timers: the collectors load and timer.

May know about: the command line and the JSON of kvm_watcher, the guests. Nothing of its code.
To extend: a function case_NAME (see inside.py).
"""
# pylint: disable=wildcard-import,unused-wildcard-import
import contextlib
import glob
import time

from harness import *

MS = 1000000


def nothing_lost(objects):
    """Nor has a guest that is killed finished its exit, nor are changes of state of interest here."""
    equal(set(losses_of(objects)) - {"unfinished", "split"}, set(), "losses")


# ---- load --------------------------------------------------------------------------------------

def schedstat(tids):
    """Per thread, as the kernel has it: ns on a CPU, ns runnable without one, slices."""
    return [[int(n) for n in open(f"/proc/{t}/schedstat", encoding="ascii")
             .read().split()] for t in tids]


def stop(g, tids):
    """All threads of the guest off their CPUs; until then their slices go on."""
    os.kill(g.pid, signal.SIGSTOP)
    for t in tids:
        while open(f"/proc/{t}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()[0] != "T":
            time.sleep(0.01)
    time.sleep(0.05)


@contextlib.contextmanager
def measured(g, tids, *args, **kw):
    """Watches from one stop of the guest to the next, after which it stays stopped: [ns on a CPU, ns
    runnable, slices] per thread in between, and then the watcher's objects, are appended to what
    this yields."""
    got = []
    stop(g, tids)
    with Watch(*args, what="load", **kw) as w:
        before = schedstat(tids)
        os.kill(g.pid, signal.SIGCONT)
        yield got
        stop(g, tids)
        after = schedstat(tids)
        time.sleep(0.1)
        got.append([[b - a for a, b in zip(x, y)] for x, y in zip(before, after)])
        got.append(w.finish())


def check_times(rows, tids, stats, moves=0):
    """Slices are the kernel's, but for one: the thread may lose its CPU before its first exit; and
    newer kernels do not count those of a thread that had been about to sleep (1 %). Times: their
    clock is read at other places of a switch, and the first slice counts from its first exit, in the
    emulated machine at most 250 us a slice, and 5 ms, apart; what it waited before is not seen, a
    slice of another one's, which newer schedulers make long. The scheduler's clock of a CPU that was
    idle is behind, so that it has some of the wait as run time, with a migration up to 2 ms of it:
    of each of the two, twice as much is borne as of their sum."""
    for tid, (ran, delay, slices) in zip(tids, stats):
        mine = [r for r in rows if r["tid"] == tid]
        assert -1 - slices // 100 <= slices - total(mine, "slices") <= 1, f"{slices} slices: {mine}"
        slack = 250000 * slices + 5 * MS + delay // (slices or 1)
        run, waited = total(mine, "run_ns"), total(mine, "waited_ns")
        print(f"# {tid}: run {run}, kernel {ran}; waited {waited}, kernel {delay}; {slices} slices")
        assert abs(run - ran) <= 2 * slack + 2 * MS * moves, f"run: {mine} against {ran}"
        assert abs(waited - delay) <= 2 * slack + 2 * MS * moves, f"waited: {mine} against {delay}"
        assert abs(run + waited - ran - delay) <= slack, f"{mine} against {ran} + {delay}"
    for r in rows:
        assert r["preempted"] + r["slept"] <= r["slices"], r
        if r["slices"]:
            equal(r["mean_ns"], r["run_ns"] // r["slices"], "mean")
            assert r["min_ns"] <= r["max_ns"] <= r["run_ns"], r


def case_load_against_schedstat():
    """Guests that halt, and guests that contend for one CPU: times as the kernel has them, slices
    exactly as its tracepoint counts them; but for the one before the first exit that is seen."""
    for args, cpus in (([*halting(10**7, 300000), "-v", 2], None),
                       (["-k", "spin", "-n", 10**9, "-s", 1000, "-v", 2], "0")):
        with Counts("sched/sched_switch") as c, Guest(*args, cpus=cpus) as g:
            tids = g.vcpu_threads()
            g.go()
            time.sleep(0.2)
            with Watch(what="load", verb="trace") as trace:
                time.sleep(0.3)
                stop(g, tids)
                since = time.monotonic_ns()
                before = [c.of("sched/sched_switch", [t]) for t in tids]
                with measured(g, tids) as got:
                    time.sleep(2)
                switches = [c.of("sched/sched_switch", [t]) - b for t, b in zip(tids, before)]
                events = [e for e in rows_of(trace.finish(), "load") if e["mono_ns"] > since]
        stats, objects = got
        rows = rows_of(objects, "load")
        check_times(rows, tids, stats)
        for tid, n in zip(tids, switches):
            equal(sum(e["tid"] == tid for e in events), n, f"slices of {tid} against sched_switch")
            assert total(rows, "slices", tid=tid) in (n - 1, n), f"slices of {tid}: {n}, {rows}"
        if cpus:
            equal({r["cpu"] for r in rows}, {0}, "CPUs")
            assert total(rows, "preempted") > 20 and total(rows, "waited_ns") > 500 * MS, rows
        else:
            assert total(rows, "slept") > 20, rows
        nothing_lost(objects)


def moved(tid, cpu):
    """A running thread runs on that CPU now, and nowhere else."""
    os.sched_setaffinity(tid, {cpu})
    there = None
    for _ in range(1000):
        text = open(f"/proc/{tid}/stat", encoding="ascii").read()
        ran = schedstat([tid])[0][0]
        if int(text.rsplit(")", 1)[1].split()[36]) != cpu:
            there = None
        elif there is None:
            there = ran
        elif ran > there:
            time.sleep(0.02)
            return
        time.sleep(0.005)
    raise Broken(f"{tid} does not go to CPU {cpu}")


def case_load_migrations():
    """A spinning vCPU that is moved between CPUs K times has migrated K times, and none is lost or
    made up in any interval; what it still runs counts in each."""
    k = 24
    with Guest("-k", "spin", "-n", 10**9, "-s", 1000) as g:
        tid = g.vcpu_threads()[0]
        os.sched_setaffinity(tid, {0})
        g.go()
        time.sleep(0.2)
        with measured(g, [tid], "-s", interval="0.25") as got:
            time.sleep(0.3)
            for i in range(k):
                moved(tid, (i + 1) % 2)
            time.sleep(1.2)
    stats, objects = got
    rows = rows_of(objects, "load")
    whole = [r for r in rows if r.get("summary")]
    parts = [r for r in rows if not r.get("summary")]
    check_times(whole, [tid], stats, k)
    equal({r["cpu"]: r["arrivals"] for r in whole}, {0: k // 2, 1: k // 2}, "migrations")
    for column in ("run_ns", "slices", "arrivals", "waited_ns", "preempted", "slept"):
        equal(total(parts, column), total(whole, column), f"{column} of intervals and summary")
    last = collections.defaultdict(int)
    for r in parts:
        last[r["mono_ns"]] += r["run_ns"]
        # a slice that ends between the end of the interval and its reading counts whole
        assert r["run_ns"] <= r["interval_ns"] + 20 * MS, f"more than there was time: {r}"
    assert len(last) >= 6, f"intervals: {last}"
    # of the four last full intervals, it ran through nearly all of each on a CPU of its own
    for ran in list(last.values())[-5:-1]:
        assert ran > 0.5 * 0.25e9, f"the slice still running is missing: {last}"


def case_load_two_vcpus():
    """Two vCPUs that change places K times have migrated K times each."""
    k = 10
    with Guest("-k", "spin", "-n", 10**9, "-s", 1000, "-v", 2) as g:
        tids = g.vcpu_threads()
        for i, tid in enumerate(tids):
            os.sched_setaffinity(tid, {i})
        g.go()
        with measured(g, tids) as got:
            time.sleep(0.3)
            for i in range(k):
                for v, tid in enumerate(tids):
                    moved(tid, (i + 1 + v) % 2)
    rows = rows_of(got[1], "load")
    for v in (0, 1):
        equal(total(rows, "arrivals", vcpu=v), k, f"migrations of vCPU {v}")
        equal({r["cpu"] for r in rows if r["vcpu"] == v}, {0, 1}, f"CPUs of vCPU {v}")


def case_load_long_slice():
    """A slice that does not end: its CPU's row is there, and every interval has its share."""
    path = "/proc/sys/kernel/sched_rt_runtime_us"
    usual = open(path, encoding="ascii").read()
    with Guest("-k", "spin", "-n", 10**9, "-s", 1000) as g:
        tid = g.vcpu_threads()[0]
        os.sched_setaffinity(tid, {1})
        g.go()
        with Watch(what="load", interval="0.2") as w:
            try:
                with open(path, "w", encoding="ascii") as f:
                    f.write("-1")
                os.sched_setscheduler(tid, os.SCHED_FIFO, os.sched_param(50))  # none preempts it
                time.sleep(1.5)
            finally:
                os.sched_setscheduler(tid, os.SCHED_OTHER, os.sched_param(0))
                with open(path, "w", encoding="ascii") as f:
                    f.write(usual)
            rows = rows_of(w.finish(), "load")
    mine = [r for r in rows[2:-2] if not r["slices"] and not r["waited_ns"]]
    assert mine, f"no intervals without an end of a slice: {rows}"
    for r in mine:
        equal(r["run_ns"], r["interval_ns"], "run time of an interval without an end of a slice")
        equal((r["cpu"], r["min_ns"], r["max_ns"], r["mean_ns"]), (1, None, None, None), "a row")


def case_load_one_thread():
    """One thread that runs all vCPUs in turn: they share its time, none has another's."""
    with Guest("-k", OUT.kind, "-n", 300, "-v", 2, "-m", 3, "-o") as g, \
            Watch(what="load,exits") as w:
        before = schedstat([g.pid])[0]
        g.run()
        after = schedstat([g.pid])[0]
        objects = w.finish()
    rows = rows_of(objects, "load")
    equal(len({(r["vm"], r["vcpu"]) for r in rows}), 6, "vCPUs that ran")
    ran = after[0] - before[0]
    print(f"# run {total(rows, 'run_ns')} of {ran}")
    # until the next vCPU's first exit, the time is the one's before
    assert 0.8 * ran <= total(rows, "run_ns") <= ran + 5 * MS, (rows, before, after)
    handed = sum(r["slices"] - r["preempted"] - r["slept"] for r in rows)
    equal(handed, 5, "slices that ended as the thread went on with the next vCPU")
    times = collections.Counter()
    for r in rows:
        times[r["vm"], r["vcpu"]] += r["run_ns"]
    exits = collections.Counter()
    for r in rows_of(objects):
        exits[r["vm"], r["vcpu"]] += r["total_ns"] - r["halted_ns"] - r["waiting_ns"]
    for key, ns in times.items():
        assert ns >= 0.95 * exits[key], f"{key} ran {ns}, but was {exits[key]} in exits alone"


def case_load_events():
    """trace: each slice; their sums are those of stat."""
    k = 6
    with Guest("-k", "spin", "-n", 10**9, "-s", 1000) as g:
        tid = g.vcpu_threads()[0]
        os.sched_setaffinity(tid, {0})
        g.go()
        time.sleep(0.2)
        with Watch(what="load", verb="trace") as t, Watch("--slower", "10ms", what="load",
                                                          verb="trace") as slow:
            with measured(g, [tid]) as got:
                time.sleep(0.3)
                for i in range(k):
                    moved(tid, (i + 1) % 2)
            time.sleep(0.3)
            events, slower = rows_of(t.finish(), "load"), rows_of(slow.finish(), "load")
    rows = rows_of(got[1], "load")
    end = max(r["mono_ns"] for r in rows)
    begin = end - max(r["interval_ns"] for r in rows)
    mine = [e for e in events if begin < e["mono_ns"] <= end]
    assert abs(len(mine) - total(rows, "slices")) <= 1 + losses_of(got[1])["misses"], \
        f"{len(mine)} events in the interval, of {rows}"
    equal([(e["from_cpu"], e["cpu"]) for e in events if e["from_cpu"] is not None],
          [(i % 2, (i + 1) % 2) for i in range(k)], "migrations")
    equal(total(events, "run_ns", end="preempted") + total(events, "run_ns", end="slept"),
          total(events, "run_ns"), "why slices ended")
    for e in slower:
        assert e["run_ns"] >= 10 * MS, e
    equal({e["tid"] for e in events}, {tid}, "threads")


def numa_load_nodes():
    """Migrations between NUMA nodes: of those moves, the ones from one to the other."""
    nodes = {int(re.search(r"cpu(\d+)/node(\d+)$", p).group(1)):
             int(re.search(r"cpu(\d+)/node(\d+)$", p).group(2))
             for p in glob.glob("/sys/devices/system/cpu/cpu[0-9]*/node[0-9]*")}
    with Guest("-k", "spin", "-n", 10**9, "-s", 1000) as g:
        tid = g.vcpu_threads()[0]
        os.sched_setaffinity(tid, {0})
        g.go()
        time.sleep(0.2)
        with measured(g, [tid]) as got:
            time.sleep(0.2)
            path = [c for _ in range(3) for c in sorted(nodes)[1:] + [0]]
            for cpu in path:
                moved(tid, cpu)
    rows = rows_of(got[1], "load")
    equal({r["cpu"]: r["node"] for r in rows}, {c: nodes[c] for c in {r["cpu"] for r in rows}},
          "nodes")
    moves = list(zip([0] + path, path))
    equal(total(rows, "arrivals"), len(moves), "migrations")
    equal(total(rows, "remote"), sum(nodes[a] != nodes[b] for a, b in moves), "between nodes")
    assert total(rows, "remote") > 0, f"the lab has but one node: {nodes}"


# ---- timer -------------------------------------------------------------------------------------

class Timers(Trace):
    """The kernel's own trace of its timers."""
    EVENTS = ["timer/hrtimer_start", "timer/hrtimer_expire_entry"]

    def expiries(self, period=0):
        """(time of the expiry, to a microsecond; time that the timer was set to), of KVM's APIC timers."""
        due, got = {}, []
        for _, at, name, text in self.events():
            if "function=apic_timer_fn" not in text:
                continue
            timer = re.search(r"hrtimer=(\S+)", text).group(1)
            if name == "hrtimer_start":
                due[timer] = int(re.search(r" expires=(\d+)", text).group(1))
            else:
                got.append((at, due[timer]))
                due[timer] += period
        return got


TIMER_COLUMNS = ("vcpu,mode,hv,arms,expired,merged,early,restarts,timed,late,mean,p50,p99,max,"
                 "delay,hist")


def timer_run(*args, period=0):
    """Rows and events of a guest, and the kernel's trace."""
    with Guest(*args) as g, Timers() as t:
        with Watch("--columns", TIMER_COLUMNS, what="timer") as w, \
                Watch(what="timer", verb="trace") as tr:
            g.run()
            time.sleep(0.2)
            objects, traced = w.finish(), tr.finish()
        expiries = t.expiries(period)
        g.end()
    return objects, traced, sorted(rows_of(traced, "timer"), key=lambda e: e["mono_ns"]), expiries


def deadline(e):
    """When the guest wanted its interrupt; None: that is not known."""
    return None if e["late_ns"] is None else e["mono_ns"] - e["late_ns"] + e["early_ns"]


def check_lateness(rows, events, expiries, ahead=0):
    """Each expiry of KVM's own timers is in the kernel's trace, with the very same deadline; the
    lateness is the trace's and what passes between its clock and ours, which the emulated machine
    makes long. What is not in it expired as it was armed, for a deadline that was past.
    ahead: how long before the guest's deadline KVM sets its timer, at most."""
    mine = [e for e in events if e["what"] in ("expire", "merged")]
    left = list(mine)
    worst = 0
    for at, due in expiries:
        e = next((e for e in left if e["late_ns"] is not None
                  and 0 <= deadline(e) - due <= ahead), None)
        assert e, f"the kernel's expiry at {at}, for {due}, is not among {left[:3]}"
        apart = abs(e["mono_ns"] - at)
        assert apart <= 5 * MS, f"{e}: by the kernel's trace it expired at {at}"
        left.remove(e)
        worst = max(worst, apart)
    for e in left:
        before = [a for a in events if a["vcpu"] == e["vcpu"] and a["mono_ns"] < e["mono_ns"]]
        assert before and before[-1]["what"] == "arm", f"not in the kernel's trace: {e}"
    print(f"# {len(mine)} expiries, {len(left)} as they were armed, at most {worst} ns apart, late: "
          f"{total(rows, 'late_ns')}, by the events {sum(e['late_ns'] or 0 for e in mine)}")
    for r in rows:
        equal(sum(c for _, c in r["hist"]), r["timed"], "sum of the histogram")
        if r["timed"]:
            assert r["p50_ns"] <= r["p99_ns"] <= r["max_ns"] <= r["late_ns"], r
            equal(r["mean_ns"], r["late_ns"] // r["timed"], "mean")
    apart = abs(total(rows, "late_ns") - sum(e["late_ns"] or 0 for e in mine))
    assert apart <= len(mine) * MS // 2, f"two watchers, at one time, are {apart} ns apart"


def figures(rows, vcpu):
    return [tuple(r[k] for k in ("mode", "hv", "arms", "expired", "merged", "restarts"))
            for r in rows if r["vcpu"] == vcpu]


def case_timer_oneshot():
    """A halt that waits for its timer: N arms, N expiries, per vCPU; and so if it need not halt."""
    n = 97
    for kind in ("hlt", "timer1"):
        objects, traced, events, expiries = timer_run("-k", kind, "-n", n, "-t", 2000000, "-v", 2)
        rows = rows_of(objects, "timer")
        for v in (0, 1):
            equal(figures(rows, v), [("oneshot", "no", n, n, 0, 0)], f"{kind}: timers of vCPU {v}")
            equal(sum(e["what"] == "arm" for e in events if e["vcpu"] == v), n, "arms in events")
        check_lateness(rows, events, expiries)
        for e in events:  # ticks of 1 ns
            if e["what"] == "arm":
                assert 0 <= e["delay_ns"] <= 2 * MS, e
        delays = [e["delay_ns"] for e in events if e["what"] == "arm"]
        assert sorted(delays)[n] > 1.8 * MS, delays
        nothing_lost(objects)
        nothing_lost(traced)


def case_timer_periodic():
    """Armed once, it expires N times or more, one period apart; those that found an interrupt
    still pending are the ones by which the guest saw fewer."""
    n, period = 30, 60 * MS  # a KVM that is late by more than a period leaves some out
    objects, traced, events, expiries = timer_run("-k", "timerp", "-n", n, "-t", period, "-v", 2,
                                                  period=period)
    rows = rows_of(objects, "timer")
    for v in (0, 1):
        row, = (r for r in rows if r["vcpu"] == v)
        equal((row["mode"], row["hv"], row["arms"], row["restarts"], row["delay_ns"]),
              ("periodic", "no", 1, 0, period), f"timer of vCPU {v}")
        equal(row["expired"], row["timed"], "all deadlines are known")
        assert n <= row["expired"] - row["merged"] <= n + 1, row
        due = [deadline(e) for e in events if e["vcpu"] == v and e["what"] != "arm"]
        equal({b - a for a, b in zip(due, due[1:])}, {period}, "from deadline to deadline")
        equal(row["expired"], len(due), "expiries in rows and events")
    check_lateness(rows, events, expiries)
    nothing_lost(objects)
    nothing_lost(traced)


def case_timer_merged():
    """A guest that is stopped takes no interrupts: of its timer's expiries meanwhile, it sees one."""
    n, period = 40, 20 * MS
    with Guest("-k", "timerp", "-n", n, "-t", period) as g, Watch(what="timer") as w:
        g.go()
        time.sleep(0.3)
        os.kill(g.pid, signal.SIGSTOP)
        time.sleep(0.4)
        os.kill(g.pid, signal.SIGCONT)
        g.results()
        row, = rows_of(w.finish(), "timer")
    assert n <= row["expired"] - row["merged"] <= n + 1, row
    assert 15 <= row["merged"] <= 25, row


def case_timer_deadline():
    """TSC deadlines: N arms, N expiries. KVM sets its timer ahead of the guest's deadline."""
    n = 83
    objects, traced, events, expiries = timer_run("-k", "timerd", "-n", n, "-t", 8000000, "-v", 2)
    rows = rows_of(objects, "timer")
    for v in (0, 1):
        equal(figures(rows, v), [("deadline", "no", n, n, 0, 0)], f"timers of vCPU {v}")
    check_lateness(rows, events, expiries, 5000)
    early = [e for e in events if e["early_ns"]]
    equal(total(rows, "early") > 0, bool(early), "early expiries in rows and events")
    for e in events:
        if e["what"] == "arm":
            equal((e["delay_ns"], e["late_ns"]), (None, None), "what is not known as it is armed")
    # the same number of ticks, less what passed until KVM was told, which is long now and then
    delays = sorted(e["delay_ns"] for e in events if e["what"] == "expire" and e["delay_ns"])
    assert len(delays) > n and delays[len(delays) // 2] > 0.9 * delays[-1], f"delays: {delays}"
    nothing_lost(objects)
    nothing_lost(traced)


def case_timer_with_kprobes():
    """The next best way sees the same."""
    n = 71
    for kind, mode in (("timer1", "oneshot"), ("timerd", "deadline")):
        with Guest("-k", kind, "-n", n, "-t", 5000000, "-v", 2) as g:
            with Watch(what="timer", without="fentry") as w:
                g.run()
                rows = rows_of(w.finish(), "timer")
        for v in (0, 1):
            equal(figures(rows, v), [(mode, "no", n, n, 0, 0)], f"{kind}: timers of vCPU {v}")


def case_timer_hist():
    """hist: the lateness of all expiries; and of those later than asked for, trace has no other."""
    n = 60
    with Guest("-k", "timer1", "-n", n, "-t", 2000000) as g:
        p = subprocess.Popen([WATCHER, "hist", "timer", "-v"], text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        with Watch("--slower", "100us", what="timer", verb="trace") as w:
            for line in p.stderr:
                if "counting since" in line:
                    break
            g.run()
            p.send_signal(signal.SIGINT)
            out, _ = p.communicate()
            slow = rows_of(w.finish(), "timer")
    equal(p.returncode, 0, "exit code")
    counts = [int(m) for m in re.findall(r"-> \d+\s*: (\d+)\s+\|", out)]
    equal(sum(counts), n, f"sum of the histogram\n{out}")
    assert all(e["what"] == "expire" and e["late_ns"] >= 100000 for e in slow), slow


def case_timer_seed_options():
    """-o and -T at once, as the reference has them."""
    with Guest("-k", "timer1", "-n", 40, "-t", 2000000) as g:
        out = seed(g, "-T", "-s", "-o", seconds=3)
    summary = out[out.index("in all"):]
    assert re.search(r"oneshot\s+no\s+40\s+40\s", summary), out
    assert re.search(r"VCPU CPU NODE", summary), out
