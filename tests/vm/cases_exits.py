# SPDX-License-Identifier: Apache-2.0
"""VM tests of the exits collector, of filters, of VMs that come and go, and of the verbs.

May know about: the command line and the JSON of kvm_watcher, the guests. Nothing of its code.
To extend: a function case_NAME (see inside.py).
"""
# pylint: disable=wildcard-import,unused-wildcard-import
import collections
import json
import os
import re
import signal
import subprocess
import tempfile
import time

from harness import *


# ---- counts ------------------------------------------------------------------------------------

def exact(kind, n, vcpus, vms=1):
    with Guest("-k", kind, "-n", n, "-v", vcpus, "-m", vms) as g, Watch() as w:
        results = g.run()
        objects = w.finish()
        g.end()
    rows = rows_of(objects)
    # first, so that a further exit below is known to be one that KVM made
    equal(sum(r["count"] for r in rows), sum(r["exits"] - 1 for r in results),
          f"{kind}: all exits against KVM's statistics")
    for reason, level in KINDS[kind]:
        if kind == "touch" and results[0]["stats_of"] == "vm":
            # such a KVM maps pages beside the touched one, too: as many faults as it counted itself
            equal(count(rows, reason=reason, level=level),
                  sum(r["stats"]["pf_fixed"] for r in results), "faults against KVM's statistics")
            continue
        for v in range(vcpus):
            equal(count(rows, vcpu=v, reason=reason, level=level), n * vms,
                  f"{kind}: {reason} of vCPU {v}")
    check_split(rows)
    no_losses(objects)
    return rows, results


def case_exact_per_kind():
    for kind in KINDS:
        rows, results = exact(kind, 211, 2)
        check_against_kvm(rows, results)
        if kind in ("out", "in", "mmio"):
            equal(sum(r["user_exits"] for r in results), 2 * 211, f"{kind}: user-space exits")
            assert sum(r["vmm_ns"] for r in rows if r["reason"] in IO | NPF) > 0, "no VMM time"
        if kind == "hlt":
            assert sum(r["halted_ns"] for r in rows if r["reason"] == "HLT") > 0, "no halted time"


def case_exact_pause():
    with Guest("-k", "pause", "-n", 211) as g, Watch() as w:
        results = g.run()
        rows = rows_of(w.finish())
    equal(sum(r["count"] for r in rows), results[0]["exits"] - 1, "exits against KVM's statistics")
    if results[0]["exits"] < 211:
        raise Skip("the emulated processor does not intercept PAUSE: KVM counts no exits either")
    equal(count(rows, reason="PAUSE"), 211, "PAUSE")


def case_exact_16_vcpus():
    rows, results = exact("cpuid", 101, 16)
    check_against_kvm(rows, results)


def case_exact_many_vms():
    """40 VMs of 2 vCPUs in one process, and 8 processes more, at once."""
    with Guest("-k", QUICK.kind, "-n", 53, "-v", 2, "-m", 40) as one:
        others = [Guest("-k", OUT.kind, "-n", 47, name=f"vm{i}") for i in range(8)]
        with Watch() as w:
            for g in [one] + others:
                g.go()
            results = [g.results() for g in [one] + others]
            objects = w.finish()
        for g in others:
            g.end()
        one.end()
    rows = rows_of(objects)
    by_vm = collections.Counter()
    for r in rows:
        if r["pid"] == one.pid and r["reason"] == QUICK.reason:
            by_vm[(r["vm"], r["vcpu"])] += r["count"]
    equal(len(by_vm), 80, "vCPUs of the process with 40 VMs")
    equal(set(by_vm.values()), {53}, "exits of each of them")
    for g, res in zip(others, results[1:]):
        equal(count(rows, pid=g.pid, reason=OUT.reason), 47, f"exits of process {g.pid}")
        check_against_kvm(rows, res)
    equal({r["vm"] for r in rows if r["pid"] != one.pid}, {f"vm{i}" for i in range(8)}, "names")
    equal(sum(r["count"] for r in rows if r["pid"] == one.pid),
          sum(r["exits"] - 1 for r in results[0]), "all exits against KVM's statistics")
    no_losses(objects)
    check_split(rows)


def case_one_thread_runs_all():
    """One thread that runs all vCPUs in turn: each exit belongs to the vCPU, not to the thread."""
    with Guest("-k", OUT.kind, "-n", 31, "-v", 2, "-m", 3, "-o") as g, Watch() as w:
        results = g.run()
        objects = w.finish()
        g.end()
    rows = rows_of(objects)
    counts = sorted(r["count"] for r in matching(rows, reason=OUT.reason))
    equal(counts, [31] * 6, "exits to the VMM per vCPU")
    equal(sum(r["count"] for r in rows), sum(r["exits"] - 1 for r in results), "all exits")
    check_split(rows)


def case_migrations():
    """vCPU threads that are moved between CPUs all the time lose and misattribute nothing."""
    n = 3000
    with Guest("-k", OUT.kind, "-n", n, "-v", 2) as g, Watch() as w:
        g.go()
        moves = 0
        tids = g.vcpu_threads()
        while moves < 40:
            for tid in tids:
                try:
                    os.sched_setaffinity(tid, {moves % os.cpu_count()})
                except ProcessLookupError:
                    pass
            moves += 1
            time.sleep(0.02)
        results = g.results()
        objects = w.finish()
    rows = rows_of(objects)
    for r in results:
        equal(count(rows, vcpu=r["vcpu"], reason=OUT.reason), n, f"exits of vCPU {r['vcpu']}")
        equal({x["tid"] for x in rows if x["vcpu"] == r["vcpu"]}, {r["tid"]}, "thread of the vCPU")
    check_against_kvm(rows, results)
    check_split(rows)
    no_losses(objects)


def case_intervals_add_up():
    """The intervals' figures are the summary's, and both are exact."""
    n = 6000
    with Guest("-k", OUT.kind, "-n", n, "-v", 2) as g, Watch("-s", "--columns",
                                                             "vcpu,reason,count,total,hist,"
                                                             "min,max", interval="0.3") as w:
        g.run()
        objects = w.finish()
    rows = matching(rows_of(objects), reason=OUT.reason)
    parts = [r for r in rows if not r.get("summary")]
    whole = [r for r in rows if r.get("summary")]
    equal(sum(r["count"] for r in whole), 2 * n, "exits of the summary")
    for vcpu in (0, 1):
        mine = [r for r in parts if r["vcpu"] == vcpu]
        total = next(r for r in whole if r["vcpu"] == vcpu)
        assert len(mine) > 1, "too quick: one interval"
        equal(sum(r["count"] for r in mine), total["count"], "count")
        equal(sum(r["total_ns"] for r in mine), total["total_ns"], "total")
        equal(min(r["min_ns"] for r in mine), total["min_ns"], "min")
        equal(max(r["max_ns"] for r in mine), total["max_ns"], "max")
        for r in mine + [total]:
            equal(sum(c for _, c in r["hist"]), r["count"], "sum of the histogram")


def single_histogram_carries():
    """More than 65535 exits in one bucket: the narrow counters wrap, and nothing is lost."""
    n = 300000
    with Guest("-k", "cpuid", "-n", n) as g, Watch("--columns", "reason,count,hist", "-s",
                                                   interval="5") as w:
        g.run()
        objects = w.finish()
    rows = [r for r in rows_of(objects) if r.get("summary") and r["reason"] == "CPUID"]
    equal(rows[0]["count"], n, "CPUID exits")
    equal(sum(c for _, c in rows[0]["hist"]), n, "sum of the histogram")
    assert max(c for _, c in rows[0]["hist"]) > 65535, "no bucket wrapped; the test is too small"
    no_losses(objects)


# ---- times -------------------------------------------------------------------------------------

def case_poll_time_is_kvms():
    """Halt-polling time is what KVM's own statistics say, to the nanosecond."""
    path = "/sys/module/kvm/parameters/halt_poll_ns"
    with open(path, "w", encoding="ascii") as f:
        f.write("2000000")
    with Guest("-k", "hlt", "-n", 300, "-t", 20000) as g, Watch() as w:
        results = g.run()
        rows = rows_of(w.finish())
    check_split(rows)
    polled = sum(r["poll_ns"] for r in rows)
    assert results[0]["poll_ns"] > 0, "KVM did not poll"
    equal(polled, results[0]["poll_ns"], "polling time")


def split_from_trace(events, tids, since, until):
    """What the watcher should say, computed from the trace: per reason count and parts."""
    figures = collections.defaultdict(collections.Counter)
    state = {t: {"exit": None, "vmm": None, "off": None, "wake": None} for t in tids}
    for tid, now, name, text in events:
        if name == "sched_switch":
            m = re.search(r"prev_pid=(\d+) .*prev_state=(\S+) ==> .*next_pid=(\d+)", text)
            prev, why, following = int(m.group(1)), m.group(2), int(m.group(3))
            if prev in state:
                s = state[prev]
                s["off"], s["wake"] = now, now if why[0] == "R" else None
                if s["vmm"]:
                    s["vmm_sum"] += now - s["vmm"]
            if following in state and state[following]["off"]:
                s = state[following]
                if s["exit"]:
                    wake = s["wake"] or s["off"]
                    s["halted"] += wake - s["off"]
                    s["waiting"] += now - wake
                s["off"] = None
                if s["vmm"]:
                    s["vmm"] = now
            continue
        if name == "sched_wakeup":
            woken = int(re.search(r" pid=(\d+)", text).group(1))
            if woken in state and state[woken]["off"] and not state[woken]["wake"]:
                state[woken]["wake"] = now
            continue
        if tid not in state:
            continue
        s = state[tid]
        if name == "kvm_exit":
            reason = re.search(r"reason (\S+)", text).group(1).upper()
            s.update(exit=now, reason=reason, vmm=None, vmm_sum=0, halted=0, waiting=0)
        elif name == "kvm_userspace_exit" and s["exit"]:
            s["vmm"] = now
        elif name == "kvm_entry" and s["exit"]:
            if s["vmm"]:
                s["vmm_sum"] += now - s["vmm"]
            if s["exit"] > since and now < until:
                f = figures[s["reason"]]
                f["count"] += 1
                f["total_ns"] += now - s["exit"]
                for k in ("halted", "waiting"):
                    f[k + "_ns"] += s[k]
                f["vmm_ns"] += s["vmm_sum"]
            s["exit"] = s["vmm"] = None
    return figures


def case_against_the_kernels_trace():
    """Started and stopped amidst a busy guest: counts are exactly, times nearly the trace's."""
    with Guest("-k", "mix", "-n", 100000, "-v", 2, cpus="0") as g, Trace() as t:
        g.go()
        time.sleep(0.3)
        with Watch("-s") as w:
            time.sleep(2.5)
            objects = w.finish()
        until = int(re.search(r"counting until (\d+) ns", open(w.err.name).read()).group(1))
        events = t.events()
    rows = [r for r in rows_of(objects) if r.get("summary")]
    tids = {r["tid"] for r in rows}
    equal(len(tids), 2, "threads")
    figures = split_from_trace(events, tids, w.since, until)
    assert sum(f["count"] for f in figures.values()) > 300, "the trace has too few exits"
    for reason, f in figures.items():
        mine = {k: sum(r[k] for r in rows if r["reason"] == reason) for k in list(f)}
        # an exit at the very edge may fall on either side: the clocks are read at other places
        assert abs(mine["count"] - f["count"]) <= 1, f"{reason}: {mine} against {dict(f)}"
        for k in ("total_ns", "halted_ns", "waiting_ns"):
            slack = 60000 * f["count"] + 0.03 * f["total_ns"]
            assert abs(mine[k] - f[k]) <= slack, f"{reason} {k}: {mine} against {dict(f)}"
    waited = sum(r["waiting_ns"] for r in rows)
    assert waited > 0, "two busy vCPUs on one CPU never waited"
    no_losses(objects)
    check_split(rows)


def case_against_perf():
    """perf kvm --host stat, recording at the same time, has the same counts and totals."""
    perf = ["/usr/bin/perf", "kvm", "--host"]
    with Guest("-k", "mix", "-n", 400) as g, tempfile.TemporaryDirectory() as d:
        os.mkfifo(d + "/control")
        os.mkfifo(d + "/ack")
        # of the whole host: given a process, perf gives up on KVM's own thread in it (6.12 on)
        p = subprocess.Popen(perf + ["stat", "record", "-o", d + "/perf.data", "-D", "-1", "--control",
                                     f"fifo:{d}/control,{d}/ack"],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with Watch() as w:
            with open(d + "/control", "w", encoding="ascii") as f:
                f.write("enable\n")
            with open(d + "/ack", encoding="ascii") as f:
                equal(f.read(4), "ack\n", "perf's answer")
            g.run()
            rows = rows_of(w.finish())
        p.send_signal(signal.SIGINT)
        p.wait()
        report = subprocess.run(perf + ["-i", d + "/perf.data", "stat", "report"],
                                capture_output=True, text=True, check=False)
    theirs = {}
    for line in (report.stdout + report.stderr).splitlines():
        m = re.match(r"\s*(\S+)\s+(\d+)\s+[\d.]+%\s+[\d.]+%\s+[\d.]+us\s+[\d.]+us\s+([\d.]+)us",
                     line)
        if m:
            theirs[m.group(1).upper()] = int(m.group(2)), float(m.group(3)) * 1000
    assert theirs, f"perf reports nothing: {report}"
    equal({r["reason"]: r["count"] for r in rows if r["level"]},
          {reason: n for reason, (n, _) in theirs.items()}, "counts by reason against perf's")
    for r in rows:
        if r["level"]:  # each watcher sees what the other's programs cost
            n, mean = theirs[r["reason"]]
            slack = 100000 * n + 0.05 * r["total_ns"]
            assert abs(r["total_ns"] - n * mean) <= slack, f"{r}: perf has {n} of {mean} ns"


# ---- filters -----------------------------------------------------------------------------------

def case_filters():
    a = Guest("-k", "mix", "-n", 60, "-v", 2, name="alpha")
    b = Guest("-k", "mix", "-n", 60, "-v", 2, name="beta")
    with a, b:
        tids = a.vcpu_threads()
        everything = lambda r: True  # noqa: E731
        cases = {
            ("-p", a.pid): lambda r: r["pid"] == a.pid,
            ("-p", f"{a.pid},{b.pid}"): everything,
            ("--vm", "beta"): lambda r: r["pid"] == b.pid,
            ("--vm", f"alpha,{b.pid}"): everything,
            ("--vcpu", "1"): lambda r: r["vcpu"] == 1,
            ("--vcpu", "0,1", "--vm", "alpha"): lambda r: r["pid"] == a.pid,
            ("--tid", tids[0]): lambda r: r["tid"] == tids[0],
            ("--tid", f"{tids[0]},{tids[1]}", "--vcpu", "1"):
                lambda r: r["tid"] in tids and r["vcpu"] == 1,
            ("--reason", "hlt,CPUID"): lambda r: r["reason"] in ("HLT", "CPUID"),
            ("--reason", "12" if INTEL else "0x78"): lambda r: r["reason"] == "HLT",
            ("--exclude", ",".join(MSR | IO).title()): lambda r: r["reason"] not in MSR | IO,
            ("--reason", ",".join({"HLT"} | IO), "--exclude", *IO, "-p", b.pid, "--vcpu", "0"):
                lambda r: r["reason"] == "HLT" and r["pid"] == b.pid and r["vcpu"] == 0,
        }
        watches = {args: Watch(*args) for args in cases}
        whole = Watch()
        a.go()
        b.go()
        a.results()
        b.results()
        all_rows = rows_of(whole.finish())
        key = lambda r: (r["pid"], r["vcpu"], r["reason"], r["level"], r["count"])  # noqa: E731
        for args, passes in cases.items():
            got = sorted(map(key, rows_of(watches[args].finish())), key=str)
            expected = sorted((key(r) for r in all_rows if passes(r)), key=str)
            assert expected, f"{args}: the test expects nothing"
            # interrupts of the host come when they come, and may hit the edges of a run
            drop = lambda ks: [k for k in ks if k[2] not in INTERRUPT | {"FASTPATH"}]  # noqa: E731
            equal(drop(got), drop(expected), f"rows with {args}")


def case_wrong_filters():
    def fails(code, message, *args):
        p = subprocess.run([WATCHER, *map(str, args)], capture_output=True, text=True, check=False)
        equal((p.returncode, p.stdout), (code, ""), f"exit code and output of {args}")
        assert re.search(message, p.stderr) and p.stderr.count("\n") == 1, f"{args}: {p.stderr!r}"

    with Guest(name="alpha") as g:
        fails(2, "no process 999999", "stat", "-p", "999999")
        fails(2, "process 1 has no VM", "stat", "-p", "1")
        fails(2, "process 1 has no VM", "stat", "-p", f"{g.pid},1")
        fails(2, "no thread 999999", "stat", "--tid", "999999")
        thread = g.vcpu_threads()[0]
        fails(2, f"is a thread of process {g.pid}", "stat", "-p", thread)
        fails(2, "'' is not a list of VMs", "stat", "--vm", "")
        fails(2, "no VM 'gamma'", "stat", "--vm", "alpha,gamma")
        with Guest("-n", "1", name="other") as other:
            fails(2, "both among", "stat", "--vm", "alpha", "-p", other.pid)
        fails(2, "'NOSUCH' is unknown", "stat", "--reason", "NOSUCH")


# ---- VMs come and go ---------------------------------------------------------------------------

def case_churn():
    """200 VMs, 10 at a time, in one process: each one's exits are its own, and room is reused."""
    with Guest("-k", "cpuid", "-n", 23, "-m", 10, "-r", 20) as g:
        with Watch("--max-vcpus", 64, "-s", interval="0.1") as w:
            results = g.run()
            g.end()
            time.sleep(0.3)
            objects = w.finish()
    equal(len(results), 200, "VMs of the guest")
    rows = [r for r in rows_of(objects) if r.get("summary")]
    counts = collections.Counter()
    for r in rows:
        if r["reason"] == "CPUID":
            counts[r["vm"]] += r["count"]
    equal(len(counts), 200, "VMs seen")
    equal(set(counts.values()), {23}, "CPUID exits of each")
    no_losses(objects, "unfinished")
    unfinished = [o["count"] for o in objects if o.get("loss") == "unfinished"]
    equal(sum(unfinished), 2 * 200, "exits that ended with their vCPU, in intervals and summary")


def case_churn_on_one_thread():
    """VMs that follow each other on one thread, at recycled addresses, are told apart."""
    with Guest("-k", "cpuid", "-n", 17, "-r", 40, "-o") as g, Watch("-s", interval="0.1") as w:
        g.run()
        g.end()
        time.sleep(0.3)
        objects = w.finish()
    rows = [r for r in rows_of(objects) if r.get("summary") and r["reason"] == "CPUID"]
    equal(sorted(r["count"] for r in rows), [17] * 40, "CPUID exits per VM")


def case_starts_without_vms():
    with Watch("-s", interval="0.2") as w:
        time.sleep(0.5)
        with Guest("-k", "cpuid", "-n", 71, name="late") as g:
            time.sleep(0.3)
            g.run()
            g.end()
        time.sleep(0.3)
        objects = w.finish()
    rows = [r for r in rows_of(objects) if r.get("summary")]
    equal(count(rows, vm="late", reason="CPUID"), 71, "CPUID exits of the VM that came later")


def case_reused_pid():
    """Two VMMs with the same pid, one after the other, are two VMs."""
    with Watch("-s", interval="0.2") as w:
        with Guest("-k", "cpuid", "-n", 41, name="first") as g:
            pid = g.pid
            time.sleep(0.3)
            g.run()
            g.end()
        time.sleep(0.3)
        for _ in range(50):
            with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as f:
                f.write(str(pid - 1))
            with Guest("-k", "cpuid", "-n", 43, name="second") as g:
                if g.pid == pid:
                    time.sleep(0.3)
                    g.run()
                    g.end()
                    break
        else:
            raise Skip("the pid could not be had again")
        time.sleep(0.3)
        objects = w.finish()
    rows = [r for r in rows_of(objects) if r.get("summary") and r["pid"] == pid]
    equal(count(rows, vm="first", reason="CPUID"), 41, "CPUID exits of the first")
    equal(count(rows, vm="second", reason="CPUID"), 43, "CPUID exits of the second")


def case_too_many_vcpus():
    """More vCPUs than there is room for: what is not counted is told."""
    with Guest("-k", "cpuid", "-n", 20, "-v", 8, "-m", 4) as g, Watch("--max-vcpus", 16) as w:
        results = g.run()
        objects = w.finish()
    rows = rows_of(objects)
    lost = losses_of(objects)
    assert lost["no_slot"] > 0, "nothing is said of what was lost"
    seen = {(r["vm"], r["vcpu"]) for r in rows}
    assert 10 <= len(seen) < 32, f"{len(seen)} vCPUs seen"
    for vm, vcpu in seen:
        equal(count(rows, vm=vm, vcpu=vcpu, reason="CPUID"), 20, f"CPUID exits of {vm} {vcpu}")
    equal(len(results), 32, "vCPUs of the guest")


# ---- other verbs -------------------------------------------------------------------------------

def case_trace():
    n = 307
    with Guest("-k", "out", "-n", n, "-v", 2) as g, Watch("--exclude",
                                                          ",".join(INTERRUPT | NPF),
                                                          verb="trace") as w:
        g.run()
        time.sleep(0.3)
        objects = w.finish()
    rows = [r for r in rows_of(objects) if r["reason"] in IO]
    equal([sum(1 for r in rows if r["vcpu"] == v) for v in (0, 1)], [n, n], "events per vCPU")
    for r in rows:
        equal(sum(r[p] for p in PARTS), r["total_ns"], "parts of an event")
    assert not any(r["reason"] in INTERRUPT | NPF for r in rows_of(objects)), "excluded"
    for vcpu in (0, 1):
        times = [r["mono_ns"] for r in rows if r["vcpu"] == vcpu]
        equal(sorted(times), times, "times of a vCPU's events")
    no_losses(objects)


def case_trace_slower():
    with Guest("-k", "hlt", "-n", 100, "-t", 3000000) as g:
        with Watch("--slower", "1ms", verb="trace") as w, Watch() as s:
            g.run()
            objects = w.finish()
            stat = rows_of(s.finish())
    rows = rows_of(objects)
    assert rows and min(r["total_ns"] for r in rows) >= 1000000, "a quick exit in the trace"
    hlt = [r for r in rows if r["reason"] == "HLT"]
    equal(count(stat, reason="HLT"), 100, "HLT exits of stat")
    assert 50 < len(hlt) <= 100, f"{len(hlt)} slow halts of 100 of at least 3 ms"


def case_hist():
    with Guest("-k", "out", "-n", 200) as g:
        p = subprocess.Popen([WATCHER, "hist", "exits", "--reason", *IO, "-v"], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for line in p.stderr:
            if "counting since" in line:
                break
        g.run()
        p.send_signal(signal.SIGINT)
        out, _ = p.communicate()
    equal(p.returncode, 0, "exit code")
    counts = [int(m) for m in re.findall(r"-> \d+\s*: (\d+)\s+\|", out)]
    equal(sum(counts), 200, f"sum of the histogram\n{out}")


def case_list_vms():
    with Guest("-v", 3, name="alpha") as g:
        out = subprocess.run([WATCHER, "list", "vms", "-o", "jsonl"], capture_output=True,
                             text=True, check=True).stdout
        vms = [json.loads(line) for line in out.splitlines()]
        equal([(v["vm"], v["pid"], v["vms"], v["vcpus"]) for v in vms], [("alpha", g.pid, 1, 3)],
              "VMs")


# What KVM of a kernel that does not tell its types (5.10) lacks besides.
LACKS_UNTYPED = {
    "kvm_unmap_gfn_range", "kvm_mmu_split_huge_page", "split by the VMM begins",
    "split by the VMM ends", "faults", "mark_page_dirty_in_slot", "kvm_dirty_ring_push",
    "kvm_dirty_ring_exit", "dirty", "kvm_apicv_accept_irq", "kvm_set_or_clear_apicv_inhibit",
    "__kvm_set_or_clear_apicv_inhibit", "kvm_set_or_clear_apicv_inhibit ends",
    "__kvm_set_or_clear_apicv_inhibit ends", "kvm_apicv_inhibit_changed", "irq",
    "kvm_hv_hypercall_done", "kvm_xen_hypercall", "hypercall"}


def case_check():
    p = subprocess.run([WATCHER, "check", "-o", "jsonl"], capture_output=True, text=True, check=False)
    rows = {o["what"]: o for o in map(json.loads, p.stdout.splitlines())}
    equal((p.returncode, p.stderr), (0, ""), "exit code and messages")
    bad = {k: v["state"] for k, v in rows.items() if v["state"] not in ("ok", "not tried")}
    equal(set(bad), set() if TYPED else LACKS_UNTYPED, "what does not work here")
    how = "fentry" if TYPED else "kprobe"
    equal(rows["KVM_RUN"]["how"], how + "/kvm_arch_vcpu_ioctl_run", "variant")
    if not TYPED:
        equal(bad["dirty"], "unavailable", "where its function is part of its callers")
        warnings = subprocess.run(["dmesg"], capture_output=True, text=True, check=True).stdout
        assert not re.search(r"WARNING: .*(bpf|verifier)", warnings), "the kernel warns of maps"


# Programs that nothing in the lab sets off, and why.
SILENT = {"io_cr": "without decode assists KVM emulates the access and does not tell",
          "io_fast_mmio": "Intel's, or a later kernel's", "mmio_fast": "likewise",
          "dirty_pml_full": "Intel's", "kw_run_kprobe": "", "kw_destroy_kprobe": "",
          "irq_posted": "the emulated processor has no AVIC",
          "irq_inhibit_fentry": "likewise", "irq_inhibit2_fentry": "likewise",
          "irq_inhibit_fexit": "likewise", "irq_inhibit2_fexit": "likewise",
          "irq_debug_fentry": "case_irq_apicv_flips", "irq_debug_fexit": "likewise",
          "irq_inhibit_changed": "likewise", "irq_pv_eoi": "Linux guests' (single_all_collectors)",
          "time_throttle_fentry": "case_time_throttled", "time_unthrottle_fentry": "likewise",
          "time_flush": "case_time_hog_that_never_stops",
          "timer_hv_fexit": "Intel's", "hypercall_xen": "6.1 is built without Xen's"}


def case_each_collector_alone():
    """Whatever is chosen, nothing is refused because of what was not."""
    lacks = set() if TYPED else LACKS_UNTYPED
    for name in ALL.split(","):
        p = subprocess.run([WATCHER, "stat", name, "-t", "0.1"], text=True, check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        equal(p.returncode, 3 if lacks and name == "dirty" else 0, f"exit code of {name}")
        said = p.stderr.splitlines()
        equal(bool(said), name in lacks, f"messages of {name}: {said}")
        for line in said:
            assert any(f" {hook} " in f" {line} " for hook in lacks), f"{name}: {line}"


def case_every_program_runs():
    """What is attached is called: guests that set off each hook, and the kernel's count of runs."""
    with open("/proc/sys/kernel/bpf_stats_enabled", "w", encoding="ascii") as f:
        f.write("1")
    with open("/proc/sys/vm/nr_hugepages", "w", encoding="ascii") as f:
        f.write("8")
    longest = "/sys/module/kvm/parameters/halt_poll_ns"
    usual = open(longest, encoding="ascii").read()
    with open(longest, "w", encoding="ascii") as f:  # so that even slow halts make it grow
        f.write("20000000")
    try:
        with Watch(what=ALL) as w:
            for args in (["mix", "-n", 20], ["hlt", "-n", 20, "-t", 3000000],
                         ["hlt", "-n", 40, "-t", 1000], ["leaves", "-n", 5], ["mmio", "-n", 5],
                         ["mmioev", "-n", 5], ["nested", "-n", 5],
                         ["touch", "-n", 16, "--drop", 2], ["dirty", "-n", 2, "--pages", 16],
                         *([["dirty", "-n", 3, "--pages", 300, "--ring", 256]]
                           if has_event("kvm_dirty_ring_push") else []),
                         ["touch", "-n", 4, "--huge", "--log"], ["pic", "-n", 3],
                         ["ioapic", "-n", 3], ["msi", "-n", 3], ["irqfd", "-n", 3],
                         ["ipi", "-n", 3, "-v", 2], ["hypercalls", "-n", 3],
                         ["hvcalls", "-n", 3], ["cpuid", "--ioctls", 1]):
                with Guest("-k", *args) as g:
                    g.run()
                    g.end()
            out = subprocess.run(["/usr/sbin/bpftool", "-j", "prog", "show"], capture_output=True,
                                 text=True, check=True).stdout
            w.finish()
    finally:
        for path, text in (("/proc/sys/kernel/bpf_stats_enabled", "0"),
                           ("/proc/sys/vm/nr_hugepages", "0"), (longest, usual)):
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
    mine = re.compile("^(kw|" + ALL.replace(",", "|") + ")_")
    runs = {p["name"]: p.get("run_cnt", 0) for p in json.loads(out) if mine.match(p.get("name", ""))}
    assert len(runs) > 60, f"programs: {runs}"
    silent = {n for n, c in runs.items() if not c}
    equal({n for n in silent if not any(s.startswith(n) for s in SILENT)}, set(),
          "programs that never ran")


def case_own_cost():
    """What the programs cost, against the kernel's list of them: its own counts, from the first
    question on, and no longer than the source is open."""
    def kernels():
        out = subprocess.run(["/usr/sbin/bpftool", "-j", "prog", "show"], capture_output=True,
                             text=True, check=True).stdout
        mine = [p for p in json.loads(out) if p.get("name", "").startswith("kw_")]
        return [sum(p.get(c, 0) for p in mine) for c in ("run_cnt", "run_time_ns")]

    def stats_on():
        return int(open("/proc/sys/kernel/bpf_stats_enabled", encoding="ascii").read())

    equal(stats_on(), 0, "statistics for all")
    p = subprocess.Popen([os.path.join(BUILD, "tests", "own-cost")], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True)

    def ask():
        print(file=p.stdin, flush=True)
        return [int(n) for n in p.stdout.readline().split()]

    with Guest("-k", "cpuid", "-n", 20000) as g:
        first = ask()
        g.run()
        before, kernel, after = ask(), kernels(), ask()
    p.communicate(timeout=60)
    equal(p.returncode, 0, "exit code")
    assert first[0] < 1000 and before[0] - first[0] >= 40000, f"runs: {first}, {before}"
    for low, n, high in zip(before, kernel, after):
        assert 0 < low <= n <= high, f"{before}, {kernel}, {after}"


def case_only_needed_maps():
    """A ring buffer exists for trace alone, and all maps go with the tool."""
    def maps():
        out = subprocess.run(["/usr/sbin/bpftool", "map", "list"], capture_output=True, text=True,
                             check=True).stdout
        return set(re.findall(r"name (\w+)", out))

    with Watch() as w:
        of_stat = maps()
        w.finish()
    with Watch(verb="trace") as w:
        of_trace = maps()
        w.finish()
    assert {"vcpus", "exits_first", "exits_pool"} <= of_stat, of_stat
    equal(of_trace - of_stat, {"events"}, "maps that only trace has")
    for _ in range(50):  # the kernel frees them a little later
        left = of_stat & maps()
        if not left:
            break
        time.sleep(0.1)
    equal(left, set(), "maps left behind")


def case_without_fentry_and_kprobes():
    """The next best ways: counts stay exact, and VMs that follow each other are told apart."""
    for without, how in (("fentry", "kprobe/"), ("fentry,kprobe", "tp_btf/sched_process_exit")):
        out = subprocess.run([WATCHER, "check", "-o", "jsonl"], capture_output=True, text=True,
                             env=dict(os.environ, KVM_WATCHER_WITHOUT=without), check=False).stdout
        rows = {o["what"]: o for o in map(json.loads, out.splitlines())}
        assert rows["vCPU destroyed"]["how"].startswith(how), rows["vCPU destroyed"]
        equal(rows["exits"]["state"], "ok" if without == "fentry" else "reduced", "state of exits")
        with Guest("-k", "cpuid", "-n", 61, "-m", 3, "-r", 8) as g:
            with Watch("-s", interval="0.2", without=without) as w:
                g.run()
                g.end()
                time.sleep(0.3)
                rows = [r for r in rows_of(w.finish()) if r.get("summary")]
        counts = collections.Counter()
        for r in rows:
            if r["reason"] == "CPUID":
                counts[r["vm"]] += r["count"]
        equal((len(counts), set(counts.values())), (24, {61}), f"CPUID exits without {without}")
        check_split(rows)


def case_names_cannot_reach_the_terminal():
    evil = "a\x1b[31mred\x07\nb\u202e\u009b2J"
    with Guest("-k", "cpuid", "-n", 50, name=evil) as g:
        out = tempfile.NamedTemporaryFile("rb")
        with Watch("-o", "table:" + out.name) as w:
            g.run()
            objects = w.finish()
        listing = subprocess.run([WATCHER, "list", "vms"], capture_output=True, check=True).stdout
    equal({r["vm"] for r in rows_of(objects)}, {evil}, "name in JSON")
    raw = open(w.out.name, "rb").read()
    for text in (out.read(), listing, raw):
        bad = [b for b in text if (b < 32 and b != 10) or b == 127]
        equal(bad, [], "control characters")
        for c in ("\u202e", "\u009b"):
            assert c.encode() not in text, "a control character beyond ASCII"


def case_seed_options():
    with Guest("-k", "cpuid", "-n", 50) as g:
        out = seed(g, "-s", "-e", seconds=3)
    summary = out[out.index("in all"):]
    assert re.search(r"CPUID\s+1\s+50\s", summary), out


def case_seed_options_together():
    """All modes of the reference at once, in any order: each shows what it is about."""
    tables = {"exits": "-e", "faults": "-f", "mmio": "-m", "dirty": "-d", "halt": "-w", "irq": "-c",
              "load": "-o", "timer": "-T", "hypercall": "--hypercall", "ioctl": "-l"}
    options = [*tables.values(), "-n", "-i"]
    for order in (options, options[::-1]):
        with Guest("-k", "hlt", "-n", 20) as g:
            out = seed(g, "-s", *order)
        headings = re.findall(r"^\S+ (\S+), .* in all", out, re.M)
        equal({h for h in headings if h in tables}, set(tables), "tables of the summary")
        equal(headings.pop(), "dirty-pages", "the last table: how often each page got dirty")
        equal(len(headings), len(set(headings)), f"tables, each once: {headings}")
        summary = out[out.index("in all"):]
        assert re.search(r"HLT\s+1\s+20\s", summary), out
        assert re.search(r"oneshot\s+no\s+20\s+20\s", summary), out
        assert re.search(r"lvt\s+timer\s+64\s+fixed\s+20\s", summary), out


def case_signals_and_streams():
    with Guest("-k", "spin", "-n", 1000):
        p = subprocess.Popen([WATCHER, "stat", "exits", "-v", "-s", "60"], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for line in p.stderr:
            if "counting since" in line:
                break
        p.send_signal(signal.SIGTERM)
        out, _ = p.communicate(timeout=30)
        equal(p.returncode, 0, "exit code after SIGTERM")
        assert "in all" in out, "no summary after SIGTERM"
        p = subprocess.run(f"{WATCHER} stat exits 0.1 50 | head -1", shell=True, text=True,
                           capture_output=True, timeout=60, check=False)
        equal(p.stderr, "", "a closed pipe is quiet")


def programs():
    out = subprocess.run(["/usr/sbin/bpftool", "prog", "list"], capture_output=True, text=True,
                         check=True).stdout
    return re.findall(r"name (kw_\w+)", out)


def case_sigkill_leaves_nothing():
    with Guest("-k", "out", "-n", 100000):
        with Watch() as w:
            assert len(programs()) >= 8, f"only these are loaded: {programs()}"
            w.p.kill()
            w.p.wait()
    for _ in range(50):
        if not programs():
            break
        time.sleep(0.1)
    equal(programs(), [], "programs left behind")
    equal(os.listdir("/sys/fs/bpf"), [], "pinned objects")


def single_linux_guest():
    """A stock Linux under QEMU: its name, its halts, and KVM's own count of all its exits."""
    kernel, image = os.environ["KVMW_KERNEL"], os.environ["KVMW_GUEST"]
    log = tempfile.NamedTemporaryFile("w+")
    with Watch("-s", interval="1") as w:
        q = subprocess.Popen(
            ["/usr/bin/qemu-system-x86_64", "-name", "guest=linux1,debug-threads=on", "-uuid",
             "c0ffee00-1111-2222-3333-444455556666", "-nodefaults",
             "-no-user-config", "-display", "none", "-machine", "pc", "-accel", "kvm", "-cpu", "host",
             "-smp", "2", "-m", "256", "-serial", "stdio", "-kernel", kernel, "-initrd", image,
             "-append", "console=ttyS0 quiet loglevel=3 panic=-1 no_timer_check tsc=reliable"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            for _ in range(1200):
                if "guest: idle" in open(log.name, errors="replace").read():
                    break
                if q.poll() is not None:
                    raise Broken(f"QEMU ended ({q.returncode}): " +
                                 open(log.name, errors="replace").read()[-500:])
                time.sleep(0.1)
            else:
                raise Broken("the guest did not boot: " + open(log.name).read()[-500:])
            by_uuid = subprocess.run([WATCHER, "stat", "--vm", "C0FFEE00-1111-2222-3333-444455556666",
                                      "--per", "vm", "-o", "csv", "1", "1"], check=False,
                                     capture_output=True, text=True)
            assert ",linux1," in by_uuid.stdout, f"--vm UUID: {by_uuid}"
            time.sleep(2)
            q.send_signal(signal.SIGSTOP)
            time.sleep(0.5)
            stats = [d for d in os.listdir("/sys/kernel/debug/kvm") if d.startswith(f"{q.pid}-")]
            exits = int(open(f"/sys/kernel/debug/kvm/{stats[0]}/exits").read())
            objects = w.finish()
        finally:
            q.kill()
            q.wait()
    rows = [r for r in rows_of(objects) if r.get("summary")]
    equal({r["vm"] for r in rows}, {"linux1"}, "name of the VM")
    equal({r["vcpu"] for r in rows}, {0, 1}, "vCPUs")
    assert count(rows, reason="HLT") > 10, "an idle Linux does not halt"
    # stopped by a signal, each vCPU is amidst an exit
    equal(sum(r["count"] for r in rows), exits - 2, "all exits against KVM's statistics")
    check_split(rows)
    no_losses(objects)


# ---- slow ones, run by name ---------------------------------------------------------------------

def slow_churn1000():
    """1000 VMs at once."""
    with Guest("-k", "cpuid", "-n", 11, "-m", 1000) as g, Watch() as w:
        results = g.run()
        objects = w.finish()
    rows = rows_of(objects)
    counts = collections.Counter(r["vm"] for r in rows if r["reason"] == "CPUID")
    equal(len(counts), 1000, "VMs")
    equal(count(rows, reason="CPUID"), 11000, "CPUID exits")
    equal(sum(r["count"] for r in rows), sum(r["exits"] - 1 for r in results), "all exits")
    no_losses(objects)
