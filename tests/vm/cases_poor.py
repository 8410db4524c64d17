# SPDX-License-Identifier: Apache-2.0
"""A KVM that tells little: KVM for PVM, built into a kernel without kprobes, which permits no fentry.

These run on such a machine itself (tests/run.py, set poor): kvm_exit never fires there, so that
exits are those to user space. Some do so in the lab, too, where the watcher is told to. May know about: what KVM for PVM emulates and what it
runs (guests in user mode). To extend: a function poor_COLLECTOR_….
"""
import json
import os
import subprocess
import time

import cases_works
from harness import ALL, GUEST, WATCHER, Guest, Watch, count, equal, losses_of, rows_of

SPLIT = ("vmm_ns", "poll_ns", "halted_ns", "waiting_ns")


def poor_works():
    """What matrix.py reads: what is there shows something of guests."""
    cases_works.works([["mix", "-n", 10], ["touchu", "-n", 8], ["msi", "-n", 3]])


def check():
    out = subprocess.run([WATCHER, "check", "-o", "jsonl"], capture_output=True, text=True,
                         check=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def watched(guest, what, *args):
    """What was seen of a guest's whole run, and what it says itself."""
    with Watch("-p", guest.pid, "--rows", 0, *args, what=what) as w:
        results = guest.run()
        return w.finish(), results


def by(rows, *keys):
    """Counts by keys."""
    got = {}
    for r in rows:
        key = tuple(r[k] for k in keys)
        got[key] = got.get(key, 0) + r["count"]
    return got


def seen(objects, kind, expected, ended):
    """Exits to user space, with the parts of their time. So many vCPUs' threads have ended, which
    where nothing else can be watched is the end of the vCPUs."""
    rows = rows_of(objects)
    for r in rows:
        equal(r["isa"], "user", "isa")
        equal(r["kernel_ns"], None, "KVM's own time")
        equal(sum(r[p] for p in SPLIT), r["total_ns"], f"sum of the parts of {r}")
    equal(by(rows, "vcpu", "reason"), expected, f"exits of {kind}")
    # the one that ends the run is followed by no KVM_RUN
    ended = 0 if "KVM_WATCHER_EXITS" in os.environ else ended
    equal(losses_of(objects), {"unfinished": ended} if ended else {}, f"losses of {kind}")


def poor_check():
    """Each collector says what it lacks; none is silently empty."""
    states = {r["what"]: (r["state"], r["means"]) for r in check() if r["what"] in ALL.split(",")}
    equal({c: s for c, (s, _) in states.items()}, {
        "exits": "reduced", "time": "reduced", "io": "reduced", "mmio": "reduced",
        "faults": "reduced", "dirty": "unavailable", "nested": "unavailable", "halt": "reduced",
        "irq": "reduced", "load": "ok", "timer": "unavailable",
        "hypercall": "unavailable",
        "ioctl": "unavailable", "cost": "ok"}, "states of the collectors")
    for c, (state, means) in states.items():
        assert state == "ok" or "without " in means or "needs " in means, f"{c}: {means}"


def poor_unavailable():
    """Who asks for what cannot be had is told why, not that permission is lacking."""
    for what, why in (("dirty", "mark_page_dirty_in_slot"), ("nested", "kvm_exit"),
                      ("hypercall", "kvm_exit"), ("timer", "timer"), ("ioctl", "kvm_vm_ioctl")):
        p = subprocess.run([WATCHER, "stat", what, "0.1", "1"], capture_output=True, text=True,
                           check=False)
        equal(p.returncode, 3, f"exit code of {what}")
        assert why in p.stderr and "run as root" not in p.stderr, p.stderr
        p = subprocess.run([WATCHER, "stat", f"exits,{what}", "0.1", "1"], capture_output=True,
                           text=True, check=True)
        assert "unavailable: " in p.stdout, p.stdout
    p = subprocess.run([WATCHER, "stat", "--low-overhead", "0.1", "1"], capture_output=True,
                       text=True, check=False)
    equal(p.returncode, 3, "exit code of --low-overhead")
    assert "SVM or Intel's VMX" in p.stderr, p.stderr


def poor_exits_default():
    """stat without a collector's name shows what there is instead of exits of guests."""
    p = subprocess.run([WATCHER, "stat", "0.1", "1"], capture_output=True, text=True, check=True)
    assert "exits are those to user space" in p.stderr, p.stderr
    for table in ("exits", "io", "faults", "halt", "irq-vectors"):
        assert f" {table}, " in p.stdout, f"{table}: {p.stdout}"


def poor_exits_to_user(vcpus=2):
    """Exactly those of each vCPU, by reason, as KVM's own statistics count them."""
    for kind, reason, n in (("out", "IO", 1), ("in", "IO", 1), ("ports", "IO", 6),
                            ("mmio", "MMIO", 1), ("mmiow", "MMIO", 1), ("outu", "IO", 1)):
        with Guest("-k", kind, "-n", 300, "-v", vcpus) as g:
            objects, results = watched(g, "exits")
            seen(objects, kind, {(v, reason): 300 * n for v in range(vcpus)}, vcpus)
            for r in results:
                equal(r["user_exits"], 300 * n, "KVM's own statistics of user exits")


def case_exits_to_user():
    """The same where KVM tells of guests' exits, too: by the environment, those are left alone. One
    vCPU at a time, as newer kernels keep events from programs that another task was preempted in."""
    os.environ["KVM_WATCHER_EXITS"] = "user"
    try:
        poor_exits_to_user(1)
        poor_exits_one_thread()
        poor_exits_modes()
        poor_mmio()
    finally:
        del os.environ["KVM_WATCHER_EXITS"]


def poor_exits_in_kernel():
    """What KVM handles itself is no exit to user space."""
    for kind in ("cpuid", "rdmsr", "wrmsr", "crs", "mmiok", "mmioev", "selfipi"):
        with Guest("-k", kind, "-n", 200) as g:
            objects, _ = watched(g, "exits")
            seen(objects, kind, {}, 1)


def poor_exits_one_thread():
    """One thread that runs all vCPUs in turn."""
    with Guest("-k", "out", "-n", 200, "-v", 4, "-o") as g:
        objects, _ = watched(g, "exits")
        seen(objects, "out -o", {(v, "IO"): 200 for v in range(4)}, 0)


def poor_exits_several_vms():
    """VMs of one process."""
    with Guest("-k", "out", "-n", 100, "-m", 3) as g:
        objects, _ = watched(g, "exits")
        equal(by(rows_of(objects), "vm"), {(f"kw-guest-{g.pid}{n}",): 100
                                           for n in ("", "#2", "#3")}, "exits by VM")


def poor_exits_modes():
    """--count-only and --sample count all; --reason and --exclude choose."""
    with Guest("-k", "mix", "-n", 200) as g:
        objects, _ = watched(g, "exits", "--count-only")
        got = by(rows_of(objects), "reason")
        # counted where it begins, so that the one that ends the run is, too
        equal(got, {("IO",): 401, ("MMIO",): 200}, "exits, counted only")
    with Guest("-k", "mix", "-n", 200) as g:
        objects, _ = watched(g, "exits", "--sample", 4)
        equal(count(rows_of(objects), reason="MMIO"), 200, "exits, sampled")
    for option, expected in (("--reason", {("MMIO",): 200}), ("--exclude", {("IO",): 400})):
        with Guest("-k", "mix", "-n", 200) as g:
            objects, _ = watched(g, "exits", option, "MMIO")
            equal(by(rows_of(objects), "reason"), expected, option)


def poor_exits_filters():
    """Filters on processes and vCPUs."""
    with Guest("-k", "out", "-n", 100, "-v", 2) as g, Guest("-k", "out", "-n", 100) as other:
        with Watch("-p", g.pid, "--vcpu", 1) as w:
            g.run()
            other.run()
            equal(by(rows_of(w.finish()), "pid", "vcpu"), {(g.pid, 1): 100}, "one vCPU of one VM")


def poor_exits_trace():
    """Each exit to user space is an event."""
    with Guest("-k", "mmio", "-n", 100) as g:
        with Watch("-p", g.pid, what="exits", verb="trace") as w:
            g.run()
            events = rows_of(w.finish(), "exits")
        equal([(e["reason"], e["kernel_ns"]) for e in events], [("MMIO", None)] * 100, "events")


def poor_io():
    """Ports, MSRs, CPUID leaves, MMIO pages: each access; times are those of exits to user space."""
    expected = {
        "cpuid": {("cpuid", "0x0"): 250},
        "rdmsr": {("rdmsr", "0x8b UCODE_REV"): 250},
        "out": {("out", "0x3f8"): 250, ("to-user", "IO"): 250},
        "in": {("in", "0x3f8"): 250, ("to-user", "IO"): 250},
        "outu": {("out", "0x3f8"): 250, ("to-user", "IO"): 250},
        "mmio": {("mmio-read", "0x3ff00000"): 250, ("to-user", "MMIO"): 250},
        "mmiow": {("mmio-write", "0x3ff00000"): 250, ("to-user", "MMIO"): 250},
        "ports": {(w, p): 250 for w in ("in", "out") for p in ("0x3f8", "0x2f8", "0x70")} |
                 {("to-user", "IO"): 1500},
        "leaves": {("cpuid", p): 250 for p in ("0x0", "0x1", "0x80000000")},
    }
    for kind, rows in expected.items():
        with Guest("-k", kind, "-n", 250) as g:
            objects, _ = watched(g, "io")
        got = by(rows_of(objects, "io"), "what", "detail")
        end = [k for k in got if k[0] == "out" and k[1].startswith("0x50")]
        equal([got.pop(k) for k in end], [1], "the end of the run")
        got[("to-user", "IO")] -= 1
        equal({k: n for k, n in got.items() if n}, rows, f"accesses of {kind}")
        for r in rows_of(objects, "io"):
            equal(r["kernel_ns"], None, "KVM's own time")
            equal(r["exits"], 0 if r["what"] != "to-user" else r["exits"], "exits charged")
            equal(r["total_ns"] is None, r["exits"] == 0, "time of what was no exit")
        charged = sum(r["exits"] for r in rows_of(objects, "io"))
        equal(charged, rows.get(("to-user", "IO"), 0) + rows.get(("to-user", "MMIO"), 0),
              f"exits of {kind} that were charged")


def poor_mmio():
    """Each access once, by who does it."""
    for kind, page, access, who in (("mmio", "0x3ff00000", "read", "vmm"),
                                    ("mmiow", "0x3ff00000", "write", "vmm"),
                                    ("mmior", "0x3ff00000", "read", "vmm"),
                                    ("mmiok", "0xfec00000", "read", "kernel")):
        with Guest("-k", kind, "-n", 200) as g:
            objects, _ = watched(g, "mmio")
        equal(by(rows_of(objects, "mmio"), "page", "access", "by"), {(page, access, who): 200}, kind)


def poor_faults():
    """Of a guest in user mode, which KVM for PVM runs instead of emulating it: as KVM counts them;
    one maps 8 pages."""
    with Guest("-k", "touchu", "-n", 800) as g:
        objects, results = watched(g, "faults")
    equal(by(rows_of(objects, "faults"), "result", "size", "isa"),
          {("mapped", "4K", "user"): results[0]["stats"]["pf_fixed"]}, "faults as KVM counts them")
    equal(by(rows_of(objects, "faults"), "result"), {("mapped",): 100}, "faults")
    equal(sorted(int(r["page"], 16) for r in rows_of(objects, "faults-pages")),
          [0x20000000 + 8 * 4096 * i for i in range(100)], "pages")
    equal({r["total_ns"] for r in rows_of(objects, "faults")}, {None}, "times")


def poor_halt():
    """As many as KVM's own statistics have, and as long."""
    for kind in ("msi", "ioapic", "pic", "timerp"):
        with Guest("-k", kind, "-n", 300) as g:
            objects, results = watched(g, "halt")
        kvm = results[0]["stats"]
        equal(by(rows_of(objects, "halt"), "outcome", "wakeup").get(("wait", "valid"), 0) +
              by(rows_of(objects, "halt"), "outcome", "wakeup").get(("poll", "valid"), 0),
              kvm["halt_wakeup"] + kvm["halt_successful_poll"], f"halts of {kind}")
        polling = rows_of(objects, "halt-polling")
        equal(sum(r["hit_ns"] + r["wasted_ns"] for r in polling), results[0]["poll_ns"],
              f"polling of {kind}")
        equal({r[c] for r in polling for c in ("hlts", "unhalted", "again", "outside")}, {None},
              "what only exits of guests would tell")


def poor_irq():
    """The ends of interrupts, by vector, as the guest counts its interrupts; else: unavailable."""
    for kind in ("msi", "ioapic", "pic", "irqfd", "irqfdio", "timer1", "timerd"):
        with Guest("-k", kind, "-n", 200) as g:
            objects, results = watched(g, "irq")
        # the PIC's end by an OUT of the guest, not by the local APIC
        expected = {} if kind == "pic" else {(int(v, 16),): n
                                            for v, n in results[0]["vectors"].items()}
        if kind == "pic":
            expected = {(0xf0,): 1}
        got = {(r["vector"],): r["eois"] for r in rows_of(objects, "irq-vectors")}
        equal(got, expected, f"EOIs of {kind}")
        for r in rows_of(objects, "irq-vectors"):
            equal([r[c] for c in ("accepted", "coalesced", "injected", "reinjected")], [None] * 4,
                  "what cannot be seen")
        said = {o["collector"]: o.get("unavailable") for o in objects if "unavailable" in o}
        equal({t for t, why in said.items() if why}, {"irq", "irq-times"}, "unavailable tables")


def poor_time():
    """The states add up; the VMM's time, its sleep and the halts are what the VMM says."""
    with Guest("-k", "out", "-n", 100, "--vmm-sleep", 2000, "--vmm-spin", 1000) as g:
        objects, results = watched(g, "time")
    r, t = rows_of(objects, "time")[0], results[0]["times"]
    states = ("kernel", "vmm", "poll_hit", "poll_wasted", "halted", "preempted", "woken",
              "blocked", "idle", "stopped")
    equal(sum(r[s + "_ns"] for s in states), r["wall_ns"], "sum of the states")
    equal([r[c] for c in ("guest_ns", "nested_ns", "throttled_ns")], [None] * 3, "what is not told")
    # all of its CPU time is the kernel's (with the guest's) or the VMM's, to the switches' edges
    assert abs(r["kernel_ns"] + r["vmm_ns"] - t["cpu"]) < 0.05 * t["cpu"] + 5e6, (r, t)
    assert r["vmm_ns"] >= 100 * 1000000, f"the VMM spun for 100 ms: {r}"
    assert r["idle_ns"] >= 100 * 2000000, f"the VMM slept for 200 ms: {r}"


def poor_time_running():
    """A vCPU that was in KVM_RUN when counting began, and never leaves it, is known all the same."""
    with subprocess.Popen([GUEST, "-k", "cpuid", "-n", "1000000000"]) as p:
        time.sleep(0.3)
        w = Watch("-p", p.pid, what="time,io,exits")
        time.sleep(0.5)
        objects = w.finish()
        p.kill()
    rows = rows_of(objects, "time")
    equal([(r["vcpu"], r["unaccounted_ns"], r["vmm_ns"], r["idle_ns"]) for r in rows],
          [(0, 0, 0, 0)], "the vCPU's time: unaccounted, in the VMM, asleep there")
    equal({(r["what"], r["detail"]) for r in rows_of(objects, "io")}, {("cpuid", "0x0")}, "what it does")
    equal(rows_of(objects), [], "exits to user space")


def poor_load():
    """Slices and run time of the vCPU's thread, as the scheduler has them."""
    with Guest("-k", "out", "-n", 20000, "-s", 100, "--times") as g:
        objects, results = watched(g, "load")
    got, cpu = sum(r["run_ns"] for r in rows_of(objects, "load")), results[0]["times"]["cpu"]
    assert abs(got - cpu) < 0.05 * cpu + 2e6, f"run time {got}, the scheduler says {cpu}"


def poor_together():
    """All that works here, at once."""
    p = subprocess.run([WATCHER, "stat", "exits,time,faults,irq,io,mmio,halt,load,cost", "0.2", "1"],
                       capture_output=True, text=True, check=False)
    equal(p.returncode, 0, f"exit code: {p.stderr}")


def poor_never_fires():
    """Told to expect exits of guests, the watcher finds out that there are none, and says so."""
    with Guest("-k", "out", "-n", 2000) as g:
        p = subprocess.Popen([WATCHER, "stat", "exits", "-v", "1", "2"], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=dict(os.environ, KVM_WATCHER_EXITS="guest"))
        for line in p.stderr:
            if "counting since" in line:
                break
        g.run()
        _, err = p.communicate(timeout=60)
    equal(err.count("kvm_exit has not fired"), 1, f"finding in: {err}")
