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

SECONDS = 20
KVM_GET_DIRTY_LOG = 0x4010ae42
KVM_RUN = 0xae80


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


# Tracepoints, and which of their events count.
EVENTS = {"kvm/kvm_exit": None, "kvm/kvm_userspace_exit": None, "kvm/kvm_pio": None,
          "kvm/kvm_msr": None, "kvm/kvm_cpuid": None, "kvm/kvm_cr": None,
          "kvm/kvm_mmio": "type!=0", "kvm/kvm_fast_mmio": None, "kvm/kvm_page_fault": None,
          "kvm/kvm_nested_vmexit": None, "kvm/kvm_vcpu_wakeup": None, "kvm/kvm_halt_poll_ns": None,
          "kvm/kvm_inj_virq": None, "kvm/kvm_eoi": "vector>=0", "kvm/kvm_apic_accept_irq": None,
          "kvm/kvm_set_irq": "level==1", "kvm/kvm_hypercall": None,
          "sched/sched_switch": None, "timer/hrtimer_expire_entry": "apic_timer_fn",
          "syscalls/sys_enter_ioctl": f"cmd=={KVM_RUN}"}


def address_of(function):
    for line in open("/proc/kallsyms", encoding="ascii"):
        if line.split()[2] == function:
            return "0x" + line.split()[0]
    raise AssertionError(f"no {function}")


def figures_of(objects):
    """Per tracepoint, what the collectors have of it."""
    def rows(table, column="count", **match):
        return sum(r[column] or 0 for r in rows_of(objects, table)
                   if all(r[k] == v for k, v in match.items()))

    def of_io(*names):
        return sum(rows("io", what=n) for n in names)

    return {
        "kvm_pio": of_io("in", "out"), "kvm_msr": of_io("rdmsr", "wrmsr"),
        "kvm_cpuid": of_io("cpuid"), "kvm_cr": of_io("cr-read", "cr-write"),
        "kvm_userspace_exit": of_io("to-user"), "kvm_page_fault": rows("faults"),
        "kvm_vcpu_wakeup": rows("halt"),
        "kvm_halt_poll_ns": rows("halt-polling", "grows") + rows("halt-polling", "shrinks"),
        "kvm_inj_virq": rows("irq-vectors", "injected") + rows("irq-vectors", "reinjected"),
        "kvm_eoi": rows("irq-vectors", "eois"),
        "kvm_apic_accept_irq": rows("irq") - rows("irq", vcpu=None),
        "kvm_set_irq": rows("irq", source="ioapic"), "kvm_hypercall": rows("hypercall", api="kvm"),
        "sys_enter_ioctl": rows("ioctl", name="KVM_RUN"),
    }


def check_figures(objects, counted, missed):
    """Each count is the kernel's; kernels that preempt tracepoints keep some, and say how many."""
    deficit = 0
    for event, mine in figures_of(objects).items():
        assert mine <= counted[event], f"{event}: {mine}, the kernel has {counted[event]}"
        deficit += counted[event] - mine
    assert deficit <= missed, f"{figures_of(objects)}, not {counted}; only {missed} missed"
    # a vCPU's switches before its first exit are not known to be its; its timer goes on while its
    # thread is stopped; deadlines that are past when they are armed take no timer of the kernel's
    slices = total(rows_of(objects, "load"), "slices")
    assert counted["sched_switch"] - 40 - missed <= slices <= counted["sched_switch"], \
        f"slices: {slices} against {counted}"
    expired = total(rows_of(objects, "timer"), "timed")
    assert abs(expired - counted["hrtimer_expire_entry"]) <= 4 + missed, \
        f"timers: {expired} against {counted}"


def single_all_collectors():
    """Disk, network and interprocessor activity, 20 s, everything watched at once: each count is
    the kernel's own. The network's interrupts come from a thread of the kernel (vhost)."""
    filters = {e.split("/")[1]: f if f != "apic_timer_fn" else f"function=={address_of(f)}"
               for e, f in EVENTS.items() if f}
    with linux.LinuxGuest("all", smp=2, mem=128, disk=True, net="vhost",
                          work=f"disk,net,ipi secs={SECONDS + 60}") as q:
        q.wait_for("guest: works")
        tids = q.vcpu_threads()
        freeze(q.pid)
        with Counts(*EVENTS, **filters) as c, Watch("-p", q.pid, what=ALL) as w, \
                Watch("-p", q.pid, what="irq", verb="trace") as t:
            os.kill(q.pid, signal.SIGCONT)
            time.sleep(SECONDS)
            freeze(q.pid)
            whoever = ("kvm_apic_accept_irq", "kvm_set_irq", "hrtimer_expire_entry")
            counted = {e.split("/")[1]: c.of(e, None if e.split("/")[1] in whoever else tids)
                       for e in EVENTS}
            objects, events = w.finish(), rows_of(t.finish(), "irq")
            raisers = {open(f"/proc/{e['tid']}/comm", encoding="ascii").read().strip()
                       for e in events if e["source"] == "msi-atomic"
                       and os.path.exists(f"/proc/{e['tid']}/comm")}
        os.kill(q.pid, signal.SIGCONT)
    print(f"# all collectors: {counted}; MSIs by {raisers}", flush=True)
    exits = rows_of(objects)
    # each vCPU's last exit is not over; what entered the guest without kvm_exit has no tracepoint
    equal(sum(r["count"] for r in exits if r["level"]), counted["kvm_exit"] - 2, "exits")
    missed = losses_of(objects)["misses"]
    check_figures(objects, counted, missed)
    # a read by user space counts when it begins, and kvm_mmio tells of it when it is over
    accesses = counted["kvm_mmio"] + counted["kvm_fast_mmio"]
    mmio = total(rows_of(objects, "mmio"))
    assert accesses - missed - 2 <= mmio <= accesses + 2, f"mmio: {mmio} against {counted}"
    equal(total(rows_of(objects, "nested")), counted["kvm_nested_vmexit"], "exits of L2")
    for event in ("kvm_mmio", "kvm_msr", "kvm_page_fault", "kvm_vcpu_wakeup", "kvm_eoi",
                  "hrtimer_expire_entry"):
        assert counted[event] > 0, f"the guest did nothing: {counted}"
    assert any(r["source"] == "ipi" for r in rows_of(objects, "irq")), "no IPIs"
    assert any(name.startswith("vhost") for name in raisers), f"no interrupt by vhost: {raisers}"
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
