# SPDX-License-Identifier: Apache-2.0
"""VM tests of what exits were about: the collectors io, mmio and nested.

May know about: the command line and the JSON of kvm_watcher, the guests. Nothing of its code.
To extend: a function case_NAME (see inside.py).
"""
# pylint: disable=wildcard-import,unused-wildcard-import
import subprocess
import time

from harness import *

WHATS = {"msrs": [("rdmsr", 0x8b), ("wrmsr", 0x8b), ("rdmsr", 0x277), ("wrmsr", 0x277),
                  ("rdmsr", 0x1a0), ("wrmsr", 0x1a0)],
         "ports": [("out", 0x3f8), ("in", 0x3f8), ("out", 0x2f8), ("in", 0x2f8), ("out", 0x70),
                   ("in", 0x70)],
         "leaves": [("cpuid", 0), ("cpuid", 1), ("cpuid", 0x80000000)]}
REASON = {"msrs": MSR, "ports": IO, "leaves": "CPUID"}


def case_io_by_detail():
    """N accesses to each of several MSRs, ports and leaves, per vCPU, and the exits' very times."""
    n = 53
    for kind, details in WHATS.items():
        with Guest("-k", kind, "-n", n, "-v", 2) as g, Watch(what="exits,io") as w:
            results = g.run()
            objects = w.finish()
            g.end()
        rows = rows_of(objects, "io")
        for v in (0, 1):
            for what, code in details:
                equal(total(rows, vcpu=v, what=what, detail_code=code), n,
                      f"{kind}: {what} {code:#x} of vCPU {v}")
                rips = {r["rip"] for r in rows if r["what"] == what and r["detail_code"] == code}
                equal(len(rips), 1, f"{kind}: places that do {what} {code:#x}: {rips}")
        whats = {what for what, _ in details}
        for column in ("total_ns", "kernel_ns", "vmm_ns"):
            equal(sum(r[column] for r in rows if r["what"] in whats and r["exits"]),
                  total(rows_of(objects), column, reason=REASON[kind]),
                  f"{kind}: {column} of the details, and of the {REASON[kind]} exits")
        # KVM counts the exit that ends the run as well, and so does io
        equal(total(rows, what="to-user"), sum(r["user_exits"] + 1 for r in results),
              f"{kind}: exits to user space")
        no_losses(objects, "unfinished") if kind == "none" else no_losses(objects)


def case_io_instruction_pointers():
    """The guest's addresses are those of the instructions, as the guest's code has them."""
    with Guest("-k", "leaves", "-n", 30) as g, Trace() as t, Watch(what="io") as w:
        g.run()
        rows = rows_of(w.finish(), "io")
        events = t.events()
    seen = collections.Counter(re.search(r"rip (0x[0-9a-f]+)", text).group(1)
                               for _, _, name, text in events
                               if name == "kvm_exit" and "reason cpuid" in text.lower())
    mine = {r["rip"]: r["count"] for r in rows if r["what"] == "cpuid"}
    equal(mine, dict(seen), "instruction pointers of CPUID, against the kernel's trace")


def case_mmio_by_whom():
    """N accesses each, done by user space, a device in the kernel, and an ioeventfd."""
    n = 61
    for kind, access, page, by in (("mmior", "read", "0x3ff00000", "vmm"),
                                   ("mmiow", "write", "0x3ff00000", "vmm"),
                                   ("mmiok", "read", "0xfec00000", "kernel"),
                                   ("mmioev", "write", "0x3ff02000", "ioeventfd"),
                                   ("mmioev0", "write", "0x3ff02000", "ioeventfd")):
        with Guest("-k", kind, "-n", n, "-v", 2) as g, Watch(what="exits,mmio,io") as w:
            g.run()
            objects = w.finish()
            g.end()
        rows = rows_of(objects, "mmio")
        for v in (0, 1):
            equal(total(rows, vcpu=v, access=access, page=page, by=by), n, f"{kind} of vCPU {v}")
        equal(total(rows), 2 * n, f"{kind}: all MMIO accesses: {rows}")
        equal(total(rows, "total_ns"), total(rows_of(objects), "total_ns", reason=NPF),
              f"{kind}: times of the accesses, and of the NPF exits")
        equal(total(rows_of(objects, "io"), what="mmio-" + access), 2 * n, f"{kind}: mmio in io")
        no_losses(objects)


def case_events_of_details():
    """trace: each access with what it was about, and what it took; sums are stat's."""
    n = 40
    with Guest("-k", "mmiow", "-n", n) as g, Watch(what="mmio,io", verb="trace") as w, \
            Watch(what="mmio") as s:
        g.run()
        time.sleep(0.3)
        objects = w.finish()
        stat = rows_of(s.finish(), "mmio")
    events = rows_of(objects, "mmio")
    equal([(e["gpa"], e["access"], e["by"], e["size"]) for e in events],
          [("0x3ff00010", "write", "vmm", 4)] * n, "MMIO events")
    assert all(e["total_ns"] > 0 and e["vmm_ns"] > 0 for e in events), events[0]
    equal(total(stat), n, "accesses of stat")
    equal(sum(1 for e in rows_of(objects, "io") if e["what"] == "mmio-write"), n, "events of io")
    with Guest("-k", "ports", "-n", 5) as g, Watch(what="io", verb="trace") as w:
        g.run()
        time.sleep(0.3)
        objects = w.finish()
    events = [(e["what"], e["detail"]) for e in rows_of(objects, "io") if e["total_ns"]]
    one = [("out", "0x3f8"), ("in", "0x3f8"), ("out", "0x2f8"), ("in", "0x2f8"), ("out", "0x70"),
           ("in", "0x70")]
    equal(sorted(events), sorted(one * 5), "events of ports")


def case_flood_of_keys():
    """A guest that makes up keys fills its own share; sums stay exact, its neighbour's rows too."""
    n = 3000
    flood = Guest("-k", "flood", "-n", n, "-v", 2, name="flood")
    victim = Guest("-k", "msrs", "-n", 200, name="victim")
    with flood, victim, Watch(what="io,mmio,faults", interval="1") as w:
        flood.go()
        time.sleep(1)
        victim.run()
        flood.results()
        entries = {name: map_entries(name) for name in ("io_rows", "mmio_rows", "faults_pages")}
        objects = w.finish()
        flood.end()
        victim.end()
    io, mmio = rows_of(objects, "io"), rows_of(objects, "mmio")
    # the last exit of each vCPU is a write to a port, too
    counts = [total(io, vm="flood", what=w) for w in ("cpuid", "out", "mmio-write")]
    counts.append(total(mmio, vm="flood"))
    expected = [2 * n, 2 * n + 2, 2 * n, 2 * n]
    # a kernel that preempts tracepoints keeps some from us, and tells how many
    missed = losses_of(objects)["misses"]
    assert all(c <= e for c, e in zip(counts, expected)) and \
        sum(expected) - sum(counts) <= missed, f"flood: {counts}, not {expected}; missed {missed}"
    assert any(r["detail"] == "other" for r in io if r["vm"] == "flood"), "no row for the others"
    for what, code in WHATS["msrs"]:
        equal(total(io, vm="victim", what=what, detail_code=code), 200, f"{what} {code:#x}")
    limits = {"io_rows": 256, "mmio_rows": 256, "faults_pages": 256}
    for name, used in entries.items():
        # two vCPUs that flood, one that does not, and a few rows of the others
        assert used <= 2 * limits[name] + 40, f"{name} has {used} rows"
    equal(set(losses_of(objects)) - {"misses", "split"}, set(), "losses")


def map_entries(name):
    out = subprocess.run(["/usr/sbin/bpftool", "-j", "map", "dump", "name", name],
                         capture_output=True, text=True, check=True).stdout
    entries = json.loads(out)
    assert not any("elements" in e for e in entries), f"another watcher has a {name}, too"
    return len(entries)


def case_nested_exits():
    """N rounds of L1 and L2: who handles what, against N and against the kernel's own counts."""
    n = 67
    enter = "kvm_nested_vmenter" if has_event("kvm_nested_vmenter") else "kvm_nested_vmrun"
    events = ("kvm/kvm_nested_vmexit", "kvm/kvm_nested_vmexit_inject", "kvm/" + enter)
    with Counts(*events) as c:
        with Guest("-k", "nestmem", "-n", n, "-v", 2) as g:
            tids = g.vcpu_threads()
            before = [c.of(e, tids) for e in events]
            with Watch(what="exits,nested") as w:
                results = g.run()
                objects = w.finish()
            exits, reflected, entered = [c.of(e, tids) - b for e, b in zip(events, before)]
            g.end()
    rows = rows_of(objects, "nested")
    for v in (0, 1):
        equal(total(rows, vcpu=v, what="L2 to L1", reason="CPUID"), n, "reflected CPUID")
        # KVM may let a page fault happen once more: what it counted itself decides
        of_l1 = total(rows_of(objects), vcpu=v, reason=NPF, level=1)
        if results[0]["stats_of"] == "vcpu":
            equal(total(rows, vcpu=v, what="L2 by L0", reason=NPF),
                  next(r["stats"]["pf_taken"] for r in results if r["vcpu"] == v) - of_l1,
                  "page faults of L2, against KVM's statistics")
        # a KVM that tells sums only maps pages beside the touched one, too
        least = n if results[0]["stats_of"] == "vcpu" else 1
        assert total(rows, vcpu=v, what="L2 by L0", reason=NPF) >= least, "page faults of L2"
        equal(total(rows, vcpu=v, what="L1 tax", reason=VMRUN), n, "VMRUN")
    equal(total(rows, what="L1->L2"), entered, "switches to L2")
    equal(total(rows, what="L2->L1"), reflected, "switches to L1")
    equal(total(rows, what="L2 by L0") + total(rows, what="L2 to L1"), exits, "exits of L2")
    for what, level in (("L2 by L0", 2), ("L2 to L1", 2)):
        for reason in {r["reason"] for r in rows if r["what"] == what}:
            mine = [r for r in rows if r["reason"] == reason and r["what"][:2] == "L2"]
            equal(sum(r["total_ns"] for r in mine),
                  total(rows_of(objects), "total_ns", reason=reason, level=level),
                  f"time of {reason} of L2 in both collectors")
    for r in rows:
        if r["what"] == "L2 to L1":
            assert r["away_ns"] >= r["total_ns"], f"L2 was back before L1 was entered: {r}"
    no_losses(objects)
