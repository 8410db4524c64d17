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


def total(rows, column="count", **match):
    return sum(r[column] for r in rows if all(r[k] == v for k, v in match.items()))


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
    """Watches from one stop of the guest to the next: [ns on a CPU, ns runnable, slices] per thread
    in between, and then the watcher's objects, are appended to what this yields."""
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
    os.kill(g.pid, signal.SIGCONT)


def check_times(rows, tids, stats):
    """Slices are exactly the kernel's. Its clock is read at other places of a switch, and the first
    slice counts from the first exit in it: at most 50 us a slice, and 5 ms, apart."""
    for tid, (ran, delay, slices) in zip(tids, stats):
        mine = [r for r in rows if r["tid"] == tid]
        equal(total(mine, "slices"), slices, f"slices of {tid}")
        for column, ns in (("run_ns", ran), ("waited_ns", delay)):
            slack = 50000 * slices + 5 * MS
            print(f"# {column} of {tid}: {total(mine, column)} against {ns}, {slices} slices")
            assert abs(total(mine, column) - ns) <= slack, f"{column}: {mine} against {ns}"
    for r in rows:
        assert r["preempted"] + r["slept"] <= r["slices"], r
        if r["slices"]:
            equal(r["mean_ns"], r["run_ns"] // r["slices"], "mean")
            assert r["min_ns"] <= r["max_ns"] <= r["run_ns"], r


def case_load_against_schedstat():
    """Guests that halt, and guests that contend for one CPU: slices and times as the kernel has
    them, and switches as its tracepoint counts them."""
    for args, cpus in ((["-k", "hlt", "-n", 10**7, "-t", 300000, "-v", 2], None),
                       (["-k", "spin", "-n", 10**9, "-s", 1000, "-v", 2], "0")):
        with Counts("sched/sched_switch") as c, Guest(*args, cpus=cpus) as g:
            tids = g.vcpu_threads()
            g.go()
            time.sleep(0.2)
            stop(g, tids)
            before = [c.of("sched/sched_switch", [t]) for t in tids]
            with measured(g, tids) as got:
                time.sleep(2)
            switches = [c.of("sched/sched_switch", [t]) - b for t, b in zip(tids, before)]
        stats, objects = got
        rows = rows_of(objects, "load")
        check_times(rows, tids, stats)
        for tid, n in zip(tids, switches):
            equal(total(rows, "slices", tid=tid), n, f"slices of {tid} against sched_switch")
        if cpus:
            equal({r["cpu"] for r in rows}, {0}, "CPUs")
            assert total(rows, "preempted") > 20 and total(rows, "waited_ns") > 500 * MS, rows
        else:
            assert total(rows, "slept") > 20, rows
        no_losses(objects, *(["unfinished"] if losses_of(objects)["unfinished"] else []))


def moved(tid, cpu):
    """The thread runs on that CPU, alone."""
    os.sched_setaffinity(tid, {cpu})
    while int(open(f"/proc/{tid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()[36]) != cpu:
        time.sleep(0.005)
    time.sleep(0.02)


def case_load_migrations():
    """A spinning vCPU that is moved between CPUs K times has migrated K times, and none is lost or
    made up in any interval; what it still runs counts in each."""
    k = 24
    with Guest("-k", "spin", "-n", 10**9, "-s", 1000) as g:
        tid = g.vcpu_threads()[0]
        moved(tid, 0)
        g.go()
        with measured(g, [tid], "-s", interval="0.25") as got:
            time.sleep(0.3)
            for i in range(k):
                moved(tid, (i + 1) % 2)
            time.sleep(1.2)
    stats, objects = got
    rows = rows_of(objects, "load")
    whole = [r for r in rows if r.get("summary")]
    parts = [r for r in rows if not r.get("summary")]
    check_times(whole, [tid], stats)
    equal({r["cpu"]: r["arrivals"] for r in whole}, {0: k // 2, 1: k // 2}, "migrations")
    for column in ("run_ns", "slices", "arrivals", "waited_ns", "preempted", "slept"):
        equal(total(parts, column), total(whole, column), f"{column} of intervals and summary")
    last = collections.defaultdict(int)
    for r in parts:
        last[r["mono_ns"]] += r["run_ns"]
        assert r["run_ns"] <= r["interval_ns"] + MS, f"more than there was time: {r}"
    assert len(last) >= 6, f"intervals: {last}"
    # of the four last full intervals, it ran through nearly all of each on a CPU of its own
    for ran in list(last.values())[-5:-1]:
        assert ran > 0.5 * 0.25e9, f"the slice still running is missing: {last}"


def case_load_long_slice():
    """A slice that does not end: its CPU's row is there, and every interval has its share."""
    with Guest("-k", "spin", "-n", 10**9, "-s", 1000) as g:
        tid = g.vcpu_threads()[0]
        moved(tid, 1)
        subprocess.run(["chrt", "-f", "-p", "50", str(tid)], check=True)  # so that none preempts it
        g.go()
        time.sleep(0.2)
        with Watch(what="load", interval="0.2") as w:
            time.sleep(1.5)
            rows = rows_of(w.finish(), "load")
    mine = [r for r in rows if r["cpu"] == 1]
    assert any(r["slices"] == 0 for r in mine), f"no interval without an end of a slice: {mine}"
    for r in [r for r in mine if r["slices"] == 0][1:-1]:
        # both of the interval's ends were read before its figures were
        assert abs(r["run_ns"] - r["interval_ns"]) <= 20 * MS, r


def case_load_one_thread():
    """One thread that runs all vCPUs in turn: they share its time, none has another's."""
    with Guest("-k", "out", "-n", 300, "-v", 2, "-m", 3, "-o") as g, \
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
        moved(tid, 0)
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
    mine = [e for e in events if e["mono_ns"] > min(r["mono_ns"] - r["interval_ns"] for r in rows)]
    assert total(rows, "slices") - total(rows, "run_ns") / MS <= len(mine), "events"
    equal([(e["from_cpu"], e["cpu"]) for e in events if e["from_cpu"] is not None],
          [(i % 2, (i + 1) % 2) for i in range(k)], "migrations")
    equal(total(events, "run_ns", end="preempted") + total(events, "run_ns", end="slept"),
          total(events, "run_ns"), "why slices ended")
    for e in slower:
        assert e["run_ns"] >= 10 * MS, e
    equal({e["tid"] for e in events}, {tid}, "threads")


def case_load_nodes():
    """Migrations between NUMA nodes: of those moves, the ones from one to the other."""
    nodes = {int(re.search(r"cpu(\d+)/node(\d+)$", p).group(1)):
             int(re.search(r"cpu(\d+)/node(\d+)$", p).group(2))
             for p in glob.glob("/sys/devices/system/cpu/cpu[0-9]*/node[0-9]*")}
    with Guest("-k", "spin", "-n", 10**9, "-s", 1000) as g:
        tid = g.vcpu_threads()[0]
        moved(tid, 0)
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
    print(f"# nodes: {nodes}, remote: {total(rows, 'remote')}")
    if len(set(nodes.values())) == 1:
        raise Skip("this lab has one node: no migration is from another, which is right")


# ---- timer -------------------------------------------------------------------------------------

class Timers(Trace):
    """The kernel's own trace of its timers."""
    EVENTS = ["timer/hrtimer_start", "timer/hrtimer_expire_entry"]

    def expiries(self):
        """(time of the expiry, time that the timer was set to), of KVM's APIC timers."""
        started, got = {}, []
        for _, now, name, text in self.events():
            if "function=apic_timer_fn" not in text:
                continue
            timer = re.search(r"hrtimer=(\S+)", text).group(1)
            if name == "hrtimer_start":
                started[timer] = int(re.search(r" expires=(\d+)", text).group(1))
            else:
                at = int(re.search(r" now=(\d+)", text).group(1))
                got.append((at, started.get(timer)))
        return got


def timer_run(*args, vcpus=1, verb="stat"):
    with Guest("-v", vcpus, *args) as g, Timers() as t:
        with Watch("--columns", "vcpu,mode,hv,arms,expired,merged,early,restarts,timed,late,"
                   "mean,p50,p99,max,delay,hist", what="timer") as w, \
                Watch(what="timer", verb="trace") as tr:
            results = g.run()
            time.sleep(0.2)
            objects, events = w.finish(), rows_of(tr.finish(), "timer")
        expiries = t.expiries()
        g.end()
    return results, objects, events, expiries


def check_lateness(rows, events, expiries, ahead=0):
    """Each expiry, in order, as the kernel's trace has it: the hook is a few us after the trace's
    own clock; ahead: how long before the guest's deadline KVM sets its timer, at most."""
    mine = sorted((e for e in events if e["what"] in ("expire", "merged")),
                  key=lambda e: e["mono_ns"])
    equal(len(mine), len(expiries), "expiries against the kernel's trace")
    worst = 0
    for e, (at, due) in zip(mine, sorted(expiries)):
        assert 0 <= e["mono_ns"] - at <= 5 * MS, f"{e}: the kernel's timer expired at {at}"
        if due is None:
            continue
        late = e["late_ns"] - e["early_ns"]
        slack = e["mono_ns"] - at  # what passed from the trace's clock to ours
        assert at - due - ahead <= late <= at - due + slack, f"{e}: {at - due} late, set to {due}"
        worst = max(worst, slack)
    print(f"# {len(mine)} expiries, at most {worst} ns from the trace's clock to ours")
    equal(total(rows, "late_ns"), sum(e["late_ns"] for e in mine), "lateness of rows and events")
    for r in rows:
        equal(sum(c for _, c in r["hist"]), r["timed"], "sum of the histogram")
        assert r["p50_ns"] <= r["p99_ns"] <= r["max_ns"], r
        equal(r["mean_ns"], r["late_ns"] // r["timed"], "mean")


def case_timer_oneshot():
    """A halt that waits for its timer: N arms, N expiries, per vCPU."""
    n = 97
    _, objects, events, expiries = timer_run("-k", "hlt", "-n", n, "-t", 2000000, vcpus=2)
    rows = rows_of(objects, "timer")
    for v in (0, 1):
        equal([(r["mode"], r["hv"], r["arms"], r["expired"], r["restarts"]) for r in rows
               if r["vcpu"] == v], [("oneshot", "no", n, n, 0)], f"timers of vCPU {v}")
        equal(sum(e["what"] == "arm" for e in events if e["vcpu"] == v), n, "events of arming")
    check_lateness(rows, events, expiries)
    for e in events:
        if e["what"] == "arm":  # ticks of 1 ns
            assert 1.5 * MS < e["delay_ns"] <= 2 * MS, e
    no_losses(objects)
