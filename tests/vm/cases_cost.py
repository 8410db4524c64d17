# SPDX-License-Identifier: Apache-2.0
"""VM tests of what the tool tells of its own cost, and of keeping to a budget.

May know about: the command line and the JSON of kvm_watcher, the guests. Nothing of its code.
To extend: a function case_NAME (see inside.py).
"""
# pylint: disable=wildcard-import,unused-wildcard-import
import json
import os
import re
import subprocess
import time

from harness import *

EVENTS = {"kw_kvm_exit": "kvm/kvm_exit", "kw_kvm_entry": "kvm/kvm_entry",
          "kw_kvm_userspace_exit": "kvm/kvm_userspace_exit"}


def programs():
    """What the kernel says of all programs, by id."""
    out = subprocess.run(["/usr/sbin/bpftool", "-j", "prog", "show"], capture_output=True,
                         text=True, check=True).stdout
    return {p["id"]: p for p in json.loads(out)}


def maps():
    """The memory of all maps, by id."""
    out = subprocess.run(["/usr/sbin/bpftool", "-j", "map", "show"], capture_output=True, text=True,
                         check=True).stdout
    return {m["id"]: m["bytes_memlock"] for m in json.loads(out)}


def case_cost_exact():
    """Each run of each program is counted: as many as the kernel's own events and its own books."""
    for kind, n in ((QUICK.kind, 3000), (OUT.kind, 700)):
        others = maps()
        with Guest("-k", kind, "-n", n, "-v", 2) as g, Counts(*EVENTS.values()) as c, \
                Watch("--stats") as w:
            g.run()
            kernel, mine = programs(), set(maps().items()) - set(others.items())
            objects = w.finish()
            counted = {p: c.of(e) for p, e in EVENTS.items()}
            g.end()
        rows = {re.sub("_(old|raw)$", "", r["program"]): r for r in rows_of(objects, "cost")}
        for name, events in counted.items():
            r = rows[name]
            equal(r["runs"] + r["missed"], events, f"{kind}: runs of {name} against its events")
            equal(r["runs"], kernel[r["id"]]["run_cnt"], f"{kind}: runs of {name} in bpftool")
            equal(r["run_ns"], kernel[r["id"]]["run_time_ns"], f"{kind}: time of {name} in bpftool")
            equal(r["per_run_ns"], r["run_ns"] // max(r["runs"], 1) if r["runs"] else None, "mean")
        assert counted["kw_kvm_exit"] >= 2 * n, f"{kind}: {counted}"
        equal({r["id"] for r in rows.values()} - set(kernel), set(), "programs unknown to bpftool")
        tool, = rows_of(objects, "cost-tool")
        equal(tool["programs"], len(rows), "programs")
        for figure in ("runs", "run_ns"):
            equal(tool[figure], sum(r[figure] for r in rows.values()), figure)
        equal(tool["map_bytes"], sum(n for _, n in mine), "memory of its maps")
        assert 0 < tool["user_ns"] + tool["system_ns"] <= tool["interval_ns"], tool
        assert 1 << 20 <= tool["rss_bytes"] < 1 << 28, tool
        assert rows_of(objects), "no exits beside"


def steps(w):
    """What it said: (cost in %, what from there on, ns in which nothing was counted)."""
    unit = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
    text = open(w.err.name, encoding="utf-8").read()
    return [(float(m.group(1)), m.group(2), float(m.group(3)) * unit[m.group(4)]) for m in re.finditer(
        r"cost (\S+) %.*(?:from here on|back to) (.*?) \(nothing was counted for "
        r"([\d.]+)(ns|us|ms|s)\)", text)]


def wait_for(w, what, seconds):
    """Until it has said so, and no longer than that."""
    for _ in range(seconds * 5):
        said = steps(w)
        if what in [s[1] for s in said]:
            return said
        time.sleep(0.2)
    raise AssertionError(f"not {what!r} in {seconds} s: {open(w.err.name).read()[-2000:]}")


COUNTED = "exits alone, counted and not timed"


def case_cost_budget():
    """Hardly any budget: down to counts. Each exit of two VMs across all steps is counted once, but
    for those in the gaps and one per step and vCPU that was in flight; those of a guest that begins
    there, all. VMs stay the same ones."""
    n = 200
    event = EVENTS["kw_kvm_exit"]
    with Counts(event) as c, Guest("-k", "cpuid", "-n", 10**9, "-m", 2) as busy, \
            Guest("-k", "cpuid", "-n", n, "-v", 2) as g, \
            Watch("--budget", "0.01%", "-s", what="exits,io", interval="1") as w:
        tids = [int(t) for t in os.listdir(f"/proc/{busy.pid}/task")]
        before = c.of(event, tids)
        start = time.monotonic()
        busy.go()
        wait_for(w, COUNTED, 120)
        g.run()
        busy.p.kill()
        busy.p.wait()
        elapsed = time.monotonic() - start
        said = steps(w)
        objects = w.finish()
        exits = c.of(event, tids) - before
    print(f"# budget: {elapsed:.1f} s, {said}", flush=True)
    equal([s[1] for s in said][::len(said) - 1], ["exits alone", COUNTED], "first and last step")
    assert all(s[0] > 0.01 for s in said), f"steps down within the budget: {said}"
    rows = [r for r in rows_of(objects) if "count" in r and not r.get("summary")]
    for v in range(2):
        equal(count(rows, pid=g.pid, vcpu=v, reason="CPUID"), n, f"exits of vCPU {v}")
    counted = count(rows, pid=busy.pid, level=1)
    in_gaps = 3 * sum(s[2] for s in said) / 1e9 * exits / elapsed
    print(f"# budget: {counted} of {exits} counted, up to {in_gaps:.0f} in gaps", flush=True)
    assert exits - 2 * len(said) - 2 - in_gaps <= counted <= exits, f"{counted}, {in_gaps} in gaps"
    names = sorted({r["vm"] for r in rows if r["pid"] == busy.pid})
    equal(names[1:], [names[0] + "#2"], "names of the two VMs")
    equal(len({r["vm"] for r in rows}), 3, "VMs")
    summary = [r for r in rows_of(objects) if r.get("summary")]
    equal(count(summary, pid=busy.pid, level=1), counted, "exits of the summary")
    keys = [(r["pid"], r["vm"], r["vcpu"], r["reason_code"], r["level"]) for r in summary]
    equal(len(set(keys)), len(keys), "VMs that are the same ones in all levels")
    gone = [o for o in rows_of(objects, "io") if "unavailable" in o]
    assert gone and all("left out to keep within --budget 0.01%" in o["unavailable"] for o in gone), gone


def case_cost_budget_recovers():
    """When a busy guest is gone, everything is watched again. (In this lab the tool's own process
    takes up to a tenth of a CPU, and more where the host is busy.)"""
    n = 500
    with Guest("-k", "cpuid", "-n", n) as g, \
            Watch("--budget", "30%", what="exits,io", interval="60") as w:
        with Guest("-k", "cpuid", "-n", 10**9, "-v", 2) as busy:
            busy.go()
            wait_for(w, "exits alone", 120)
        said = wait_for(w, "everything asked for", 200)
        g.run()
        objects = w.finish()
    print(f"# budget: {said}", flush=True)
    equal(count(rows_of(objects), pid=g.pid, reason="CPUID"), n, "exits")
    details = [o for o in rows_of(objects, "io") if "unavailable" not in o]
    equal(count(details, pid=g.pid, what="cpuid"), n, "details")
