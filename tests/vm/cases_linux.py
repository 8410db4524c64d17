# SPDX-License-Identifier: Apache-2.0
"""VM tests with stock Linux guests: all collectors at once, and a live migration.

May know about: the command line and the JSON of kvm_watcher, linux.py. Nothing of its code.
To extend: a function single_NAME (see inside.py); Linux guests need a lab with one CPU.
"""
# pylint: disable=wildcard-import,unused-wildcard-import
import os
import signal
import time

import linux
from harness import *

ALL = "exits,io,mmio,faults,dirty,nested"
SECONDS = 20
KVM_GET_DIRTY_LOG = 0x4010ae42


def total(rows, column="count", **match):
    return sum(r[column] for r in rows if all(r[k] == v for k, v in match.items()))


def freeze(pid):
    """Stop all threads: every vCPU is then amidst an exit, and nothing more is counted."""
    os.kill(pid, signal.SIGSTOP)
    for tid in os.listdir(f"/proc/{pid}/task"):
        for _ in range(200):
            state = open(f"/proc/{pid}/task/{tid}/stat", encoding="ascii").read().rsplit(") ")[1][0]
            if state == "T":
                break
            time.sleep(0.01)
        equal(state, "T", f"state of thread {tid}")


def single_all_collectors():
    """Disk and network activity, 20 s, everything watched: each count is the kernel's own."""
    events = ["kvm/kvm_exit", "kvm/kvm_userspace_exit", "kvm/kvm_pio", "kvm/kvm_msr",
              "kvm/kvm_cpuid", "kvm/kvm_cr", "kvm/kvm_mmio", "kvm/kvm_fast_mmio",
              "kvm/kvm_page_fault", "kvm/kvm_nested_vmexit"]
    with linux.LinuxGuest("all", smp=2, mem=128, disk=True, net=True,
                          work=f"disk,net secs={SECONDS + 60}") as q:
        q.wait_for("guest: works")
        tids = q.vcpu_threads()
        freeze(q.pid)
        with Counts(*events, kvm_mmio="type!=0") as c, Watch(what=ALL) as w:
            os.kill(q.pid, signal.SIGCONT)
            time.sleep(SECONDS)
            freeze(q.pid)
            counted = {e.split("/")[1]: c.of(e, tids) for e in events}
            objects = w.finish()
        os.kill(q.pid, signal.SIGCONT)
    exits, io = rows_of(objects), rows_of(objects, "io")
    # each vCPU's last exit is not over; what entered the guest without kvm_exit has no tracepoint
    equal(sum(r["count"] for r in exits if r["level"]), counted["kvm_exit"] - 2, "exits")
    # where the kernel preempts tracepoints, it keeps some from us and says how many
    missed = losses_of(objects)["misses"]
    deficit = 0
    whats = {"kvm_pio": ("in", "out"), "kvm_msr": ("rdmsr", "wrmsr"), "kvm_cpuid": ("cpuid",),
             "kvm_cr": ("cr-read", "cr-write"), "kvm_userspace_exit": ("to-user",)}
    accesses = counted["kvm_mmio"] + counted["kvm_fast_mmio"]
    figures = [(event, sum(r["count"] for r in io if r["what"] in names), counted[event])
               for event, names in whats.items()]
    figures.append(("MMIO of io", sum(r["count"] for r in io if r["what"].startswith("mmio")),
                    accesses))
    figures.append(("faults", total(rows_of(objects, "faults")), counted["kvm_page_fault"]))
    for what, mine, theirs in figures:
        assert mine <= theirs, f"{what}: {mine}, the kernel has {theirs}"
        deficit += theirs - mine
    assert deficit <= missed, f"{figures}, but only {missed} missed"
    # a read by user space counts when it begins, and kvm_mmio tells of it when it is over
    mmio = total(rows_of(objects, "mmio"))
    assert accesses - missed - 2 <= mmio <= accesses + 2, f"mmio: {mmio} against {counted}"
    equal(sum(r["count"] for r in rows_of(objects, "nested")), counted["kvm_nested_vmexit"],
          "exits of L2")
    for event in ("kvm_mmio", "kvm_msr", "kvm_page_fault"):
        assert counted[event] > 0, f"the guest did nothing: {counted}"
    check_split(exits)
    equal(set(losses_of(objects)) - {"misses", "split"}, set(), "losses")
    assert missed <= 0.05 * counted["kvm_exit"], f"{missed} missed"


def dirty_pages_of(samples):
    """What QEMU says got dirty: the sum over its rounds of rate times duration."""
    pages, last = 0, samples[0]
    for s in samples[1:]:
        if s["ram"]["dirty-sync-count"] != last["ram"]["dirty-sync-count"]:
            pages += s["ram"].get("dirty-pages-rate", 0) * (s["ns"] - last["ns"]) / 1e9
            last = s
    return pages


def single_migration():
    """A live migration: the dirty rate, and how often the log was read, against QEMU's own."""
    work = "dirty secs=75 mb=16"
    ioctl = "syscalls/sys_enter_ioctl"
    with linux.LinuxGuest("one", mem=128, work=work) as one:
        one.wait_for("guest: dirty")
        with linux.LinuxGuest("two", mem=128, work=work, incoming=f"{one.dir}/incoming") as two, \
                Counts(ioctl, sys_enter_ioctl=f"cmd=={KVM_GET_DIRTY_LOG}") as c, \
                Watch("-p", one.pid, what="dirty", interval="1") as w:
            samples = linux.migrate(one, two)
            time.sleep(1)
            calls = c.of(ioctl)
            objects = w.finish()
    rounds = samples[-1]["ram"]["dirty-sync-count"]
    rows = rows_of(objects, "dirty")
    syncs = total(rows_of(objects, "dirty-log"), what="KVM_GET_DIRTY_LOG")
    mine, theirs = total(rows, "distinct"), dirty_pages_of(samples)
    print(f"# migration: {rounds} rounds, {syncs} times KVM_GET_DIRTY_LOG, {total(rows, 'marks')} "
          f"marks, {mine} pages, QEMU says {theirs:.0f}", flush=True)
    # a kernel that preempts a reading of maps lets no kprobe program run there, and says so
    missed = losses_of(objects)["misses"]
    assert calls - missed <= syncs <= calls, \
        f"{syncs} times KVM_GET_DIRTY_LOG, the kernel has {calls}; {missed} missed"
    assert syncs >= rounds, "QEMU reads the log of every memory slot in every round"
    # its rate is of whole rounds and does not have the last one; a page of two rounds counts twice
    # there, one of two seconds twice here
    assert 0.75 * theirs <= mine <= 1.4 * theirs, f"{mine} dirty pages, QEMU says {theirs:.0f}"
    assert total(rows, "stalls") > 0 and total(rows, "stalled_ns") > 0, "no stalls of the guest"
