# SPDX-License-Identifier: Apache-2.0
"""VM tests of the collector irq.

May know about: the command line and the JSON of kvm_watcher, the guests. Nothing of its code.
To extend: a function case_NAME (see inside.py).
"""
# pylint: disable=wildcard-import,unused-wildcard-import
import subprocess
import time

from harness import *

INJECTED, EOI, ACCEPTED = "kvm/kvm_inj_virq", "kvm/kvm_eoi", "kvm/kvm_apic_accept_irq"
END, NUDGE = 0xf0, 0xf1  # vectors of the guests' own MSIs: the end, and a word to take notice


def of_vm(rows, **match):
    return [r for r in rows if all(r[k] == v for k, v in match.items())]


class Irqs:
    """One run of a guest that takes interrupts, watched and traced."""

    def __init__(self, kind, n, *args, vcpus=1, without=""):
        with Counts(INJECTED, EOI, ACCEPTED, kvm_eoi="vector>=0") as c, \
                Guest("-k", kind, "-n", n, "-v", vcpus, *args) as g:
            before = [c.of(e) for e in (INJECTED, EOI, ACCEPTED)]
            with Watch(what="irq", verb="trace", without=without) as t, \
                    Watch(what="exits,irq", without=without) as w:
                self.guest = g.run()
                time.sleep(0.3)
                self.objects = w.finish()
                self.events = rows_of(t.finish(), "irq")
            self.injected, self.eois, self.accepted = [
                c.of(e) - b for e, b in zip((INJECTED, EOI, ACCEPTED), before)]
            g.end()
        self.rows, self.vectors, self.times = (
            rows_of(self.objects, t) for t in ("irq", "irq-vectors", "irq-times"))
        self.missed = losses_of(self.objects)["misses"]
        self.sent, self.coalesced, self.masked = (
            self.guest[0].get(k, 0) for k in ("sent", "coalesced", "masked"))

    def check(self, local=()):
        """What holds for all: what the guest counted was injected and ended, KVM's tracepoints
        agree, each event has its row. local: vectors that no local APIC knows."""
        assert self.missed <= self.injected // 5, f"{self.missed} missed: nothing can be told"
        for g in self.guest:
            for vector, n in ((int(k, 0), n) for k, n in g["vectors"].items()):
                mine = of_vm(self.vectors, vcpu=g["vcpu"], vector=vector)
                self.equal(total(mine, "injected"), n, f"vector {vector:#x} of vCPU {g['vcpu']}")
                self.equal(total(mine, "eois"), 0 if vector in local else n, f"EOIs of {vector:#x}")
                if vector not in local:
                    self.equal(total(mine, "accepted") - total(mine, "coalesced"), n,
                               f"accepted {vector:#x}")
        assert any(g["vectors"] for g in self.guest), f"no interrupts: {self.guest}"
        self.equal(total(self.vectors, "injected") + total(self.vectors, "reinjected"),
                   self.injected, "injections, against the kernel's count")
        self.equal(total(self.vectors, "eois"), self.eois, "EOIs, against the kernel's count")
        self.equal(total(of_vm(self.rows, vcpu=None)) + self.accepted, total(self.rows),
                   "interrupts accepted, against the kernel's count")
        for way, column in (("accept-inject", "accepted"), ("inject-eoi", "eois")):
            here = [r for r in self.vectors if r["vector"] not in local]
            self.equal(total(self.times, way=way), total(here, column) -
                       (total(here, "coalesced") if column == "accepted" else 0), f"times {way}")
        sets = [e for e in self.events if e["what"] == "set"]
        self.equal(len(sets), total(self.rows), "events of interrupts raised")
        for fate in ("coalesced", "masked"):
            self.equal(sum(e["fate"] == fate for e in sets), total(self.rows, fate), f"events {fate}")
        self.equal(sum(e["what"] == "inject" for e in self.events),
                   total(self.vectors, "injected"), "events of injections")
        for r in self.times:
            assert r["p50_ns"] <= r["p99_ns"] <= r["max_ns"], r
        equal(set(losses_of(self.objects)) - {"misses", "split"}, set(), "losses")

    def equal(self, got, expected, what):
        """Kernels that preempt tracepoints keep some from programs, and say how many."""
        assert abs(got - expected) <= self.missed, \
            f"{what}: {got}, expected {expected}; {self.missed} missed"

    def raised(self, source, line, vector, vcpu, count, coalesced=0, masked=0, mode="fixed"):
        mine = of_vm(self.rows, source=source, line=line, vector=vector, vcpu=vcpu, mode=mode)
        what = f"{source} {line} vector {vector} vCPU {vcpu}: {mine or self.rows}"
        for column, n in (("count", count), ("coalesced", coalesced), ("masked", masked),
                          ("posted", 0)):
            if column == "posted" and mine and mine[0][column] is None:
                continue  # this kernel does not tell
            self.equal(total(mine, column), n, f"{column} of {what}")

    def own_msis(self, vcpus=1):
        """Those that end the guests, and those that tell them to obey a command."""
        for v in range(vcpus):
            self.raised("msi", hex(0xfee00000 | v << 12), END, v, 1)


def case_irq_of_the_pic():
    """N by a pin of the PIC; C more while one is pending, M while the pin is masked."""
    n, c, m = 31, 7, 5
    irq = Irqs("pic", n, "--coalesce", c, "--masked", m)
    irq.check(local=(0x25,))
    equal((irq.sent, irq.coalesced, irq.masked), (n + 1, c, m), "what the guest says")
    irq.raised("pic", "pin 5", 0x25, None, n + 1 + c + m, c, m, mode="ExtINT")
    irq.equal(total(irq.times, way="set-inject", vector=0x25), n + 1, "times from raised to injected")
    irq.own_msis()


def case_irq_of_the_ioapic():
    """N by a pin of the IOAPIC to each vCPU, edge and level; some coalesced, some masked."""
    n, c, m = 42, 6, 4
    for kind in ("ioapic", "ioapicl"):
        irq = Irqs(kind, n, "--coalesce", c, "--masked", m, vcpus=2)
        irq.check()
        for v in (0, 1):
            # the one that stays pending is vCPU 0's
            irq.raised("ioapic", f"pin {10 + v}", 0x60 + v, v, n // 2 + (v == 0))
        irq.raised("ioapic", "pin 10", 0x60, None, c + m, c, m)
        decoded = {(e["line"], e["trigger"], e["dest"]) for e in irq.events
                   if e["source"] == "ioapic"}
        trigger = "level" if kind == "ioapicl" else "edge"
        equal(decoded, {("pin 10", trigger, "phys 0x0"), ("pin 11", trigger, "phys 0x1")},
              f"{kind}: pins as they are programmed")
        irq.own_msis(2)


def case_irq_by_msi():
    """N MSIs, by an ioctl and by an eventfd that another thread writes to; C of them coalesce."""
    n, c = 44, 9
    for kind, source in (("msi", "msi"), ("irqfd", "msi-atomic")):
        irq = Irqs(kind, n, "--coalesce", c, vcpus=2)
        irq.check()
        for v in (0, 1):
            # … after one that stays pending, of vCPU 0
            irq.raised(source, hex(0xfee00000 | v << 12), 0x70, v,
                       n // 2 + (1 + c if v == 0 else 0), c if v == 0 else 0)
        irq.own_msis(2)
        tids = {e["tid"] for e in irq.events if e["source"] == source and e["vector"] == 0x70}
        equal(tids, {irq.guest[0]["injector"]}, "threads that raised them")


def case_irq_by_work_queue():
    """N by eventfds to pins, which a kernel thread raises: they are the VM's, also with a filter."""
    n = 32
    irq = Irqs("irqfdio", n, vcpus=2)
    irq.check()
    for v in (0, 1):
        irq.raised("ioapic", f"pin {10 + v}", 0x60 + v, v, n // 2)
    tids = {e["tid"] for e in irq.events if e["source"] == "ioapic"}
    named = {open(f"/proc/{t}/comm", encoding="ascii").read()[:7] for t in tids
             if os.path.exists(f"/proc/{t}/comm")}
    assert named <= {"kworker"} and irq.guest[0]["injector"] not in tids, (tids, named)
    with Guest("-k", "irqfdio", "-n", n) as g, Watch("-p", g.pid, what="irq") as w:
        g.run()
        objects = w.finish()
        g.end()
    got = total(rows_of(objects, "irq"), pid=g.pid, source="ioapic")
    assert abs(got - n) <= losses_of(objects)["misses"], f"{got} by kworkers with -p, not {n}"


def case_irq_among_vcpus():
    """N to the vCPU itself, N to the other one."""
    n = 37
    irq = Irqs("selfipi", n, vcpus=2)
    irq.check()
    for v in (0, 1):
        irq.raised("ipi", f"vcpu {v}", 0x50, v, n)
    irq = Irqs("ipi", n, vcpus=2)
    irq.check()
    irq.raised("ipi", "vcpu 0", 0x51, 1, n)
    irq.raised("ipi", "vcpu 0", END, 1, 1)
    equal({(e["line"], e["dest"]) for e in irq.events if e["source"] == "ipi"},
          {("vcpu 0", "phys 0x1")}, "senders and destinations")


def case_irq_of_the_timer():
    """N of the vCPU's own timer."""
    n = 25
    irq = Irqs("timer1", n, "-t", 300000, vcpus=2)
    irq.check()
    for v in (0, 1):
        irq.raised("lvt", "timer", 0x40, v, n)


def case_irq_with_kprobes():
    """The same without fentry and fexit, by kprobes and kretprobes."""
    n, c = 26, 5
    for kind, source, line, vector in (("msi", "msi", "0xfee00000", 0x70),
                                       ("irqfd", "msi-atomic", "0xfee00000", 0x70),
                                       ("ioapic", "ioapic", "pin 10", 0x60)):
        irq = Irqs(kind, n, "--coalesce", c, without="fentry,fexit")
        irq.check()
        of_chip = kind == "ioapic"
        irq.raised(source, line, vector, 0, n + 1 + (0 if of_chip else c), 0 if of_chip else c)
        irq.raised(source, line, vector, None, c if of_chip else 0, c if of_chip else 0)
        irq.own_msis()


def case_irq_belongs_to_its_vm():
    """Two VMs that take the same interrupts at once; a filter keeps one, whoever raises them."""
    n = 40
    with Guest("-k", "irqfd", "-n", n, "-v", 2) as a, Guest("-k", "irqfd", "-n", 2 * n) as b, \
            Watch(what="irq") as both, Watch("-p", b.pid, what="irq") as one:
        a.go()
        b.run()
        a.results()
        both, one = both.finish(), one.finish()
        a.end()
        b.end()
    missed = losses_of(both)["misses"] + losses_of(one)["misses"]
    equal({r["pid"] for r in rows_of(one, "irq")}, {b.pid}, "VMs that the filter keeps")
    assert missed <= n // 5, f"{missed} missed: nothing can be told"
    for objects, pid, expected in ((both, a.pid, n), (both, b.pid, 2 * n), (one, b.pid, 2 * n)):
        got = total(rows_of(objects, "irq"), pid=pid, source="msi-atomic")
        assert abs(got - expected) <= missed, f"{got} interrupts of {pid}, not {expected}"


def case_irq_with_a_split_chip():
    """The VMM has PIC and IOAPIC: MSIs are seen as ever, and pins are said not to be."""
    n, c = 21, 4
    irq = Irqs("msi", n, "--coalesce", c, "--split")
    irq.check()
    irq.raised("msi", "0xfee00000", 0x70, 0, n + 1 + c, c)
    equal({r["irqchip"] for r in rows_of(irq.objects, "irq-apicv")}, {"split"}, "controllers")


def reload_kvm(*parameters):
    for command in (["rmmod", "kvm_amd"], ["modprobe", "kvm_amd", *parameters]):
        subprocess.run(["/bin/busybox", *command], check=True)


def case_irq_apicv_flips():
    """A KVM that takes the processor for one with AVIC: reasons against it come and go K times. The
    guests have no interrupts, as that processor would not deliver them."""
    if not has_event("kvm_apicv_inhibit_changed"):
        raise Skip("KVM of this kernel does not tell of changes of APICv's state")
    k = 13
    reload_kvm("avic=1", "force_avic=1")
    try:
        for kind, always in (("out", "ABSENT"), ("mmiok", None)):
            with Guest("-k", kind, "-n", 50, "--flips", k) as g, Watch(what="irq") as w:
                g.run()
                rows = {r["reason"]: r for r in rows_of(w.finish(), "irq-apicv")}
                g.end()
            figures = {reason: (r["sets"], r["clears"], r["flips"], r["inhibits"])
                       for reason, r in rows.items()}
            expected = {"BLOCKIRQ": (k, k, 2 * k, "no")}
            if always:
                expected[always] = (0, 0, 0, "yes")
            else:
                # with the PIT, its ticks are reinjected at first; APICv is active in between only
                expected["PIT_REINJ"] = (k + 1, k + 1, 2 * k + 2, "no")
                expected["active"] = figures["active"]
                equal(figures["active"][3], "yes", f"APICv of {kind} in the end: {figures}")
                # alternately: it is active before, between the two, and after
                assert figures["active"][:2] == (k + 1, k + 1), figures
            equal(figures, expected, f"reasons against APICv of {kind}")
            for reason in expected:
                known = rows[reason]["for_ns"] is not None
                equal(known, expected[reason][2] > 0, f"{reason}: since when")
    finally:
        reload_kvm()


def case_irq_apicv_state():
    """Who has the controllers, and what inhibits APICv, is told although nothing happens to it."""
    enabled = open("/sys/module/kvm_amd/parameters/avic", encoding="ascii").read().strip()
    for kind, irqchip in (("hlt", "kernel"), ("out", "none")):
        with Guest("-k", kind, "-n", 200) as g, Watch(what="irq") as w:
            g.run()
            rows = rows_of(w.finish(), "irq-apicv")
            g.end()
        equal({r["irqchip"] for r in rows}, {irqchip}, f"controllers of {kind}")
        equal({r["inhibits"] for r in rows}, {"yes"}, "state of APICv")
        reasons = {r["reason"] for r in rows}
        if enabled in ("N", "0"):
            assert reasons & {"DISABLED", "DISABLE"}, f"AVIC is off, but: {reasons}"
        assert "active" not in reasons, reasons
