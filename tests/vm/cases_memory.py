# SPDX-License-Identifier: Apache-2.0
"""VM tests of guests' memory: the collectors faults and dirty.

May know about: the command line and the JSON of kvm_watcher, the guests. Nothing of its code.
To extend: a function case_NAME (see inside.py).
"""
# pylint: disable=wildcard-import,unused-wildcard-import
import os
import subprocess
import time

from harness import *


def check_faults(objects, results):
    """Faults are the NPF exits, vCPU by vCPU, and what came of them is what KVM counted."""
    rows = rows_of(objects, "faults")
    for g in results:
        match = {"pid": g["pid"], "vcpu": g["vcpu"]}
        equal(total(rows, **match), total(rows_of(objects), **match, reason=NPF),
              f"faults of {match} against NPF exits")
        stats = g["stats"]
        if g["stats_of"] == "vm":
            continue
        for result, count in (("mapped", stats["pf_fixed"] - stats["pf_fast"]),
                              ("fast", stats["pf_fast"]), ("spurious", stats["pf_spurious"])):
            equal(total(rows, **match, result=result), count, f"{result} faults of {match}")
    if results[0]["stats_of"] == "vm":  # such a KVM tells no more of them
        equal(total(rows, pid=results[0]["pid"], result="mapped"),
              sum(g["stats"]["pf_fixed"] for g in results), "mapped faults of the VM")
    pages = rows_of(objects, "faults-pages")
    for column in ("count", "total_ns"):
        equal(total(pages, column), total(rows, column), f"{column} by page and by type")
    return rows


def case_faults_by_access():
    n = 59
    for kind, access in (("touch", "write user"), ("touchr", "read user"), ("touchx", "exec user")):
        with Guest("-k", kind, "-n", n, "-v", 2) as g, Watch(what="exits,faults") as w:
            results = g.run()
            objects = w.finish()
            g.end()
        rows = check_faults(objects, results)
        if results[0]["stats_of"] == "vm":  # such a KVM maps pages beside the touched one, too
            equal({r["access"] for r in rows if r["present"] == "no" and r["size"] == "4K"} - {access},
                  set(), "other faults")
            continue
        for v in (0, 1):
            equal(total(rows, vcpu=v, access=access, present="no", result="mapped", size="4K"), n,
                  f"{kind}: faults of vCPU {v}")
        pages = rows_of(objects, "faults-pages")
        touched = [r for r in pages if int(r["page"], 16) >= 0x20000000]
        equal(len(touched), 2 * n, f"{kind}: pages")
        no_losses(objects)


def case_faults_of_huge_pages():
    n = 10
    path = "/proc/sys/vm/nr_hugepages"
    with open(path, "w", encoding="ascii") as f:
        f.write(str(n + 2))
    if int(open(path, encoding="ascii").read()) < n:
        raise Skip("the lab has too little memory for huge pages")
    try:
        with Guest("-k", "touch", "-n", n, "--huge") as g, Watch(what="exits,faults") as w:
            results = g.run()
            objects = w.finish()
            g.end()
    finally:
        with open(path, "w", encoding="ascii") as f:
            f.write("0")
    rows = check_faults(objects, results)
    equal(total(rows, result="mapped", size="2M"), n, "faults that mapped 2M")


def case_splits_of_huge_pages():
    """Logging is turned on for N huge pages: KVM splits N, for the VMM."""
    if not has_event("kvm_mmu_split_huge_page"):
        raise Skip("KVM of this kernel splits no huge pages ahead, but unmaps them")
    n = 7
    path = "/proc/sys/vm/nr_hugepages"
    with open(path, "w", encoding="ascii") as f:
        f.write(str(n + 2))
    try:
        with Guest("-k", "touch", "-n", n, "--huge", "--log") as g, Watch(what="faults") as w:
            g.run()
            objects = w.finish()
            g.end()
    finally:
        with open(path, "w", encoding="ascii") as f:
            f.write("0")
    rows = [r for r in rows_of(objects, "faults-zaps") if r["cause"] == "split-huge"]
    equal([(r["by"], r["count"], r["pages"]) for r in rows], [("vmm", n, 512 * n)], "splits")
    assert rows[0]["total_ns"] > 0, rows


def case_faults_that_are_mmio():
    n = 47
    with Guest("-k", "mmior", "-n", n, "-v", 2) as g, Watch(what="exits,faults") as w:
        results = g.run()
        objects = w.finish()
        g.end()
    rows = check_faults(objects, results)
    equal(total(rows, result="mmio"), 2 * n, "MMIO faults")


def case_fault_events():
    """trace: each fault with its place in guest, VMM and host."""
    n = 41
    with Guest("-k", "touch", "-n", n) as g, Watch(what="faults", verb="trace") as w:
        g.run()
        time.sleep(0.3)
        objects = w.finish()
        maps = open(f"/proc/{g.pid}/maps", encoding="ascii").read()
        events = [e for e in rows_of(objects, "faults") if int(e["gpa"], 16) >= 0x20000000]
        equal([int(e["gpa"], 16) for e in events], [0x20000000 + 4096 * i for i in range(n)], "GPAs")
        # before KVM had a structure of a fault, nothing told of its memory slot
        equal({(e["memslot"], e["access"], e["result"], e["size"]) for e in events},
              {(1 if TYPED else None, "write user", "mapped", "4K")}, "what the faults were")
        if not TYPED:
            return
        hvas = [int(e["hva"], 16) for e in events]
        equal([h - hvas[0] for h in hvas], [4096 * i for i in range(n)], "HVAs")
        assert any(int(m.group(1), 16) <= hvas[0] < int(m.group(2), 16)
                   for m in re.finditer(r"(?m)^([0-9a-f]+)-([0-9a-f]+) rw", maps)), "HVA in the VMM"
        with open(f"/proc/{g.pid}/pagemap", "rb") as f:
            for e, hva in zip(events, hvas):
                f.seek(hva // 4096 * 8)
                pfn = int.from_bytes(f.read(8), "little") & ((1 << 55) - 1)
                equal(int(e["pfn"], 16), pfn, f"host page of {e['gpa']}")


def case_what_the_host_takes():
    """madvise() of K times 8 pages of the guest's memory: K invalidations, 8 K pages of it."""
    k = 6
    with Guest("-k", "touch", "-n", 64, "--drop", k) as g, Watch(what="faults") as w:
        g.run()
        objects = w.finish()
        g.end()
    rows = rows_of(objects, "faults-zaps")
    if os.environ["KVMW_SERIES"] == "5.10":
        equal({r["guest_pages"] for r in rows}, {None}, "guest pages that KVM does not tell")
        raise Skip("KVM of this kernel does not tell which pages of an invalidation are the guest's")
    equal(total(rows, "guest_pages"), 8 * k, f"guest pages taken: {rows}")
    mine = [r for r in rows if r["guest_pages"]]
    equal({(r["cause"], r["by"], r["vcpu"]) for r in mine}, {("clear", "vmm", None)}, "by whom")
    assert all(r["count"] >= k and r["total_ns"] > 0 for r in mine), mine
    no_losses(objects)


# ---- dirty pages -------------------------------------------------------------------------------

def needs_marks():
    """On 5.10 dirty is unavailable, and the watcher says truly why."""
    if os.environ["KVMW_SERIES"] != "5.10":
        return
    why = "before 5.11, compilers put it into its callers"
    p = subprocess.run([WATCHER, "stat", "dirty", "0.1", "1"], capture_output=True, text=True, check=False)
    equal(p.returncode, 3, "exit code")
    assert f"cannot watch mark_page_dirty_in_slot on this kernel ({why})" in p.stderr, p.stderr
    raise Skip(f"dirty is unavailable: {why}")


def dirty(pages, rounds, *args, what="exits,faults,dirty"):
    needs_marks()
    with Guest("-k", "dirty", "-n", rounds, "--pages", pages, *args) as g, Watch(what=what) as w:
        results = g.run()
        objects = w.finish()
        g.end()
    equal(results[0]["distinct"], [pages] * rounds, "pages that KVM's log had, round by round")
    rows = rows_of(objects, "dirty")
    equal(total(rows, "distinct"), pages, "distinct pages of the interval")
    equal({(r["memslot"], r["npages"]) for r in rows}, {(1, pages)}, "memory slots")
    # each page was protected again after each round: one fault, one mark
    equal(total(rows, "marks"), pages * rounds, "marks")
    equal(total(rows, "stalls"), pages * rounds, "stalls")
    if "pf_fast" in results[0]["stats"]:
        equal(total(rows, "stalls"), results[0]["stats"]["pf_fast"], "… against KVM's fast faults")
    protected = sum(r["count"] for r in matching(rows_of(objects, "faults"), access=WRITE)
                    if r["present"] != "no" and r["result"] != "mmio")
    equal(total(rows, "stalls"), protected, "stalls against faults of protected pages")
    assert total(rows, "stalled_ns") > 0
    each = rows_of(objects, "dirty-pages")
    equal(sorted(int(r["rel_gfn"], 16) for r in each), list(range(pages)), "pages")
    equal({r["count"] for r in each}, {rounds}, "marks of each page")
    no_losses(objects)
    return results, {r["what"]: r for r in rows_of(objects, "dirty-log")}


def case_dirty_with_bitmap():
    _, log = dirty(96, 7)
    equal(set(log), {"KVM_GET_DIRTY_LOG"}, "ways of collecting")
    equal(log["KVM_GET_DIRTY_LOG"]["count"], 7, "KVM_GET_DIRTY_LOG")
    _, log = dirty(80, 5, "--manual")
    equal((log["KVM_GET_DIRTY_LOG"]["count"], log["KVM_CLEAR_DIRTY_LOG"]["count"] > 0), (5, True),
          f"ioctls: {log}")


def case_dirty_with_ring():
    if not has_event("kvm_dirty_ring_push"):
        raise Skip("KVM of this kernel has no rings of dirty pages")
    results, log = dirty(100, 6, "--ring", "1024")
    equal(log["ring-push"]["count"], 600, "pages put into the ring")
    equal(log["KVM_RESET_DIRTY_RINGS"]["count"], 6, "KVM_RESET_DIRTY_RINGS")
    with Guest("-k", "dirty", "-n", 5, "--pages", 300, "--ring", 256) as g, \
            Watch(what="dirty,io") as w:
        results = g.run()
        objects = w.finish()
        g.end()
    log = {r["what"]: r["count"] for r in rows_of(objects, "dirty-log")}
    full = total(rows_of(objects, "io"), what="to-user", detail="DIRTY_RING_FULL")
    equal(log["ring-full"], full, "full rings, in dirty and as exits to user space")
    assert full > 0, "the ring was never full"
    equal(total(rows_of(objects, "dirty"), "distinct"), 300, "distinct pages")
    equal(results[0]["distinct"], [300] * 5, "pages that the ring had")


def case_dirty_per_interval():
    """Each interval counts its pages anew; two vCPU-less seconds count none."""
    needs_marks()
    with Guest("-k", "dirty", "-n", 400, "--pages", 32) as g, Watch(what="dirty", interval="0.5") as w:
        g.run()
        objects = w.finish()
        g.end()
    rows = rows_of(objects, "dirty")
    assert len(rows) > 1, "too quick: one interval"
    for r in rows[1:-1]:
        # the window moves on a moment before the rows are read: pages of that moment count in both
        assert r["distinct"] <= 2 * 32 and r["distinct"] <= r["marks"], r
    equal(total(rows, "marks"), 400 * 32, "marks of all intervals")


def case_dirty_events():
    needs_marks()
    with Guest("-k", "dirty", "-n", 3, "--pages", 16) as g, Watch(what="dirty", verb="trace") as w:
        g.run()
        time.sleep(0.3)
        objects = w.finish()
        tid = g.vcpu_threads()
    events = rows_of(objects, "dirty")
    equal(sorted(int(e["rel_gfn"], 16) for e in events), sorted(list(range(16)) * 3), "pages")
    equal({(e["memslot"], e["npages"], e["vcpu"], e["comm"]) for e in events},
          {(1, 16, 0, "CPU 0/KVM")}, "who wrote where")
    assert not tid or {e["tid"] for e in events} == set(tid), events[0]


def case_seed_memory_options():
    """-e -f -m -d at once; the list of pages at the end, as the reference prints it."""
    needs_marks()
    with Guest("-k", "dirty", "-n", 4, "--pages", 20) as g:
        out = seed(g, "-d", "-m", "-e", "-f")
    for table in ("exits", "faults", "mmio", "dirty"):
        assert re.search(rf"\d\d:\d\d:\d\d {table},", out), f"no table of {table}"
    last = out[out.rindex("dirty-pages"):].splitlines()[1:]
    equal(last[0].split(), ["PID", "GFN", "REL_GFN", "SLOT_ID", "COUNTS"], "heading")
    rows = [line.split() for line in last[1:]]
    equal(len(rows), 20, "pages")
    equal({(r[0], r[3], r[4]) for r in rows}, {(str(g.pid), "1", "4")}, "process, slot and count")
