# SPDX-License-Identifier: Apache-2.0
"""VM tests of what is arm64's: exits by exception class, and what they are about.

May know about: the command line and the JSON of kvm_watcher, the guests. Nothing of its code.
To extend: a function case_COLLECTOR_… (see inside.py).
"""
# pylint: disable=wildcard-import,unused-wildcard-import
import collections
import os
import re
import time

from harness import *

# A write there ends the guest's run; no entry follows.
END = "0x3ff01000"

# Kinds of guests, and how many exits of which class each of their iterations makes.
CLASSES = {
    "hvc": {"HVC64": 1}, "smc": {"SMC64": 1}, "sysreg": {"SYS64": 1}, "sysregs": {"SYS64": 4},
    "mmio": {"DABT_LOW": 1}, "mmiow": {"DABT_LOW": 1}, "mmiok": {"DABT_LOW": 1},
    "mmioev": {"DABT_LOW": 1}, "touch": {"DABT_LOW": 1}, "touchr": {"DABT_LOW": 1},
    "touchx": {"IABT_LOW": 1}, "sgi": {"SYS64": 1}, "hypercalls": {"HVC64": 6},
    "masked": {"DABT_LOW": 2, "SYS64": 1},
    "wfi": {}, "mix": {"HVC64": 1, "SYS64": 1, "DABT_LOW": 2},
}


# ---- exits -------------------------------------------------------------------------------------

def case_exits_by_class():
    n = 53
    for kind, classes in CLASSES.items():
        results, objects = watched("-k", kind, "-n", n, "-v", 2)
        rows = rows_of(objects)
        check_against_kvm(rows, results)
        for r in results:
            for name, times in classes.items():
                equal(count(rows, vcpu=r["vcpu"], reason=name), n * times, f"{kind}: {name}")
            for name in ("WFI", "WFE"):
                equal(count(rows, vcpu=r["vcpu"], reason=name),
                      r["stats"][name.lower() + "_exit_stat"], f"{kind}: {name}, as KVM counts it")
        equal({r["reason"] for r in rows} - {"IRQ", "WFI", "WFE"}, set(classes), f"{kind}: classes")
        equal({r["isa"] for r in rows} | {r["level"] for r in rows}, {"arm64", 1}, "isa and level")
        if kind in ("mmio", "mmiow"):
            equal(sum(r["user_exits"] for r in results), 2 * n, f"{kind}: exits to user space")
            assert total(rows, "vmm_ns", reason="DABT_LOW") > 0, f"{kind}: no VMM time"
        check_split(rows)
        no_losses(objects)


def case_exits_of_interrupts():
    """What KVM passes as the class of an exit by an interrupt is that of an earlier exit."""
    with Guest("-k", "spin", "-n", 10**9, "-s", 1000, "-v", 2) as spins, \
            Guest("-k", "hvc", "-n", 2000, "-v", 2, "-s", 20000) as calls, Watch() as w:
        spins.go()
        results = calls.run()
        objects = w.finish()
    rows = rows_of(objects)
    equal({r["reason"] for r in rows if r["pid"] == spins.pid}, {"IRQ"}, "exits of guests that spin")
    for r in results:
        of = {"pid": calls.pid, "vcpu": r["vcpu"]}
        equal(count(rows, **of, reason="HVC64"), 2000, "HVC64")
        equal(count(rows, **of, reason="IRQ"), r["exits"] - 1 - 2000, "IRQ")
        assert count(rows, **of, reason="IRQ") > 0, "nothing interrupted the guest"


def traced_exits(events, tids, since, until):
    """From the kernel's trace: exits that are complete, by class: how many, and how long."""
    found, begun = collections.defaultdict(collections.Counter), {}
    for tid, now, name, text in events:
        if tid not in tids:
            continue
        if name == "kvm_exit":
            m = re.search(r"(\w+): HSR_EC: 0x\w+ \((\w+)\)", text)
            begun[tid] = now, m.group(2) if m.group(1) == "TRAP" else m.group(1)
        elif name == "kvm_entry" and tid in begun:
            start, reason = begun.pop(tid)
            if start > since and now < until:
                found[reason]["count"] += 1
                found[reason]["total_ns"] += now - start
    return found


def case_exits_against_the_trace():
    """vCPUs of two processes that run before the watcher starts and go on after it has ended."""
    with Guest("-k", "mix", "-n", 10**7, "-v", 2, cpus="0") as a, \
            Guest("-k", "mix", "-n", 10**7, cpus="1") as b, Trace() as t:
        a.go()
        b.go()
        tids = set(a.vcpu_threads() + b.vcpu_threads())
        time.sleep(0.3)
        with Watch("-s") as w:
            time.sleep(2)
            objects = w.finish()
        until = int(re.search(r"counting until (\d+) ns", open(w.err.name).read()).group(1))
        events = t.events()
    rows = [r for r in rows_of(objects) if r.get("summary")]
    equal({r["tid"] for r in rows}, tids, "threads")
    for tid in tids:
        figures = traced_exits(events, {tid}, w.since, until)
        assert sum(f["count"] for f in figures.values()) > 100, "the trace has too few exits"
        for reason, f in figures.items():
            reason = "WFI" if reason == "WFx" else reason
            mine = total(rows, tid=tid, reason=reason), total(rows, "total_ns", tid=tid, reason=reason)
            # an exit at the very edge may fall on either side: the clocks are read at other places
            assert abs(mine[0] - f["count"]) <= 1, f"{reason}: {mine} against {dict(f)}"
            slack = 100000 * f["count"] + 0.05 * f["total_ns"]
            assert abs(mine[1] - f["total_ns"]) <= min(slack, f["total_ns"] // 2), \
                f"{reason}: {mine} against {dict(f)}"
    assert total(rows, "waiting_ns") > 0, "two busy vCPUs on one CPU never waited"
    check_split(rows)


def case_exits_that_yield():
    """WFE leaves the guest only if others wait for the CPU: it is no halt, and apart from WFI."""
    with Guest("-k", "spin", "-n", 10**9, "-s", 1000, cpus="1") as hog, \
            Guest("-k", "wfe", "-n", 400000, cpus="1") as g, Watch(what="exits,halt") as w:
        hog.go()
        results = g.run()
        objects = w.finish()
    yields = results[0]["stats"]["wfe_exit_stat"]
    if not yields:
        raise Skip("the emulated processor does not trap WFE: KVM counts no exits either")
    equal(count(rows_of(objects), pid=g.pid, reason="WFE"), yields, "WFE")
    equal(count(rows_of(objects), pid=g.pid, reason="WFI"), 0, "WFI")
    equal(total(rows_of(objects, "halt-polling"), "hlts", pid=g.pid), 0, "halts")


# ---- calls of hypervisor and firmware -----------------------------------------------------------

# of the kind hypercalls, in order: function, its name, what it returns where that is no number
CALLS = [(0x84000000, "PSCI_VERSION"), (0x8400000a, "PSCI_FEATURES"),
         (0xc4000004, "PSCI_AFFINITY_INFO"), (0x80000000, "SMCCC_VERSION"),
         (0x8600ff01, "VENDOR_HYP_CALL_UID"), (0x86001234, "0x86001234")]


def signed(text):
    value = int(text, 16)
    return value - (1 << 64) if value >> 63 else value


def case_hypercall_by_function():
    n = 37
    results, objects = watched("-k", "hypercalls", "-n", n, "-v", 2, what="exits,hypercall")
    rows, exits = rows_of(objects, "hypercall"), rows_of(objects)
    for r in results:
        v = r["vcpu"]
        equal({(int(x["nr"], 16), x["name"], x["api"], x["count"], x["exits"]) for x in rows
               if x["vcpu"] == v}, {(nr, name, "hvc", n, n) for nr, name in CALLS}, f"calls of {v}")
        for column in ("count", "total_ns"):
            equal(total(rows, column, vcpu=v), total(exits, column, vcpu=v, reason="HVC64"),
                  f"{column} of calls, and of exits, of vCPU {v}")
        equal(total(rows, vcpu=v), r["stats"]["hvc_exit_stat"], "calls, as KVM counts them")
    no_losses(objects)
    results, objects = watched("-k", "smc", "-n", n, "-v", 2, what="exits,hypercall")
    rows = rows_of(objects, "hypercall")
    equal({(x["vcpu"], x["name"], x["api"], x["count"], x["exits"]) for x in rows},
          {(v, "PSCI_VERSION", "smc", n, n) for v in (0, 1)}, "SMC")
    no_losses(objects)


def case_hypercall_events():
    """trace: each call with its arguments, and what the guest says that it got."""
    n = 11
    with Guest("-k", "hypercalls", "-n", n) as g, Watch(what="hypercall", verb="trace") as w:
        returned = g.run()[0]["returned"]
        time.sleep(0.3)
        objects = w.finish()
        g.end()
    events = rows_of(objects, "hypercall")
    equal([int(e["nr"], 16) for e in events], [nr for nr, _ in CALLS] * n, "order of the calls")
    last = events[-len(CALLS):]
    equal([signed(e["result_code"]) for e in last], returned[:len(CALLS)], "results")
    equal([e["a0"] for e in last], ["0x0", "0xc4000003", "0x0", "0x0", "0x0", "0x1"], "arguments")
    equal(last[-1]["result"], "-1 NOT_SUPPORTED", "result of an unknown call")
    assert all(e["total_ns"] > 0 for e in events), "a call without time"


def case_hypercall_flood():
    """A guest that makes up functions fills its own share; sums stay exact, its neighbour's too."""
    n = 400
    with Guest("-k", "flood", "-n", n, "-v", 2) as flood, \
            Guest("-k", "hypercalls", "-n", 9) as other, Watch(what="exits,hypercall") as w:
        flood.run()
        other.run()
        objects = w.finish()
    rows = rows_of(objects, "hypercall")
    equal(total(rows, pid=flood.pid), 2 * n, "calls of the flood")
    assert total(rows, pid=flood.pid, name="other") > 0, "no row of others"
    equal({(r["name"], r["count"]) for r in rows if r["pid"] == other.pid},
          {(name, 9) for _, name in CALLS}, "calls of the neighbour")


# ---- system registers and MMIO ------------------------------------------------------------------

def case_io_sysregs():
    n = 43
    for kind, accesses in (("sysregs", {("sysreg-read", "ACTLR_EL1"): 1,
                                        ("sysreg-read", "ID_AA64PFR0_EL1"): 1,
                                        ("sysreg-read", "OSLSR_EL1"): 1,
                                        ("sysreg-write", "OSLAR_EL1"): 1}),
                           ("sgi", {("sysreg-write", "ICC_SGI1R_EL1"): 1})):
        results, objects = watched("-k", kind, "-n", n, "-v", 2, what="exits,io")
        rows = [r for r in rows_of(objects, "io") if r["what"].startswith("sysreg")]
        for r in results:
            v = r["vcpu"]
            equal({(x["what"], x["detail"]): x["count"] for x in rows if x["vcpu"] == v},
                  {what: n * times for what, times in accesses.items()}, f"{kind} of vCPU {v}")
            for column in ("count", "total_ns"):
                equal(total(rows, column, vcpu=v),
                      total(rows_of(objects), column, vcpu=v, reason="SYS64"),
                      f"{kind}: {column} of accesses, and of exits, of vCPU {v}")
        no_losses(objects)


def case_io_events():
    """trace: what a write to a register had as its value, and where the guest did it."""
    n = 12
    with Guest("-k", "sgi", "-n", n) as g, Watch(what="io", verb="trace") as w:
        g.run()
        time.sleep(0.3)
        objects = w.finish()
        g.end()
    events = [e for e in rows_of(objects, "io") if e["what"].startswith("sysreg")]
    equal({(e["what"], e["detail"], e["data"]) for e in events},
          {("sysreg-write", "ICC_SGI1R_EL1", "0x1000001")}, "events")  # number 1, to vCPU 0
    equal((len(events), len({e["rip"] for e in events})), (n, 1), "how many, and from where")


def case_mmio_by_whom():
    """N accesses each, done by user space, a device in the kernel, and an ioeventfd."""
    n = 61
    for kind, access, page, by in (("mmior", "read", "0x3ff00000", "vmm"),
                                   ("mmiow", "write", "0x3ff00000", "vmm"),
                                   ("mmiok", "read", "0x8000000", "kernel"),
                                   ("mmioev", "write", "0x3ff02000", "ioeventfd"),
                                   ("mmioev0", "write", "0x3ff02000", "ioeventfd")):
        results, objects = watched("-k", kind, "-n", n, "-v", 2, what="exits,mmio,io,faults")
        rows, exits, faults = (rows_of(objects, t) for t in ("mmio", "exits", "faults"))
        for r in results:
            v = r["vcpu"]
            equal(total(rows, vcpu=v, access=access, page=page, by=by), n, f"{kind} of vCPU {v}")
            equal(total(rows, vcpu=v, by="vmm"), r["stats"]["mmio_exit_user"], "KVM's count")
            equal(total(rows, vcpu=v) - total(rows, vcpu=v, by="vmm"),
                  r["stats"]["mmio_exit_kernel"], "KVM's count of those in the kernel")
            equal(total(faults, vcpu=v, result="mmio"), n + 1, f"{kind}: faults that are MMIO")
        equal(total(rows) - total(rows, page=END), 2 * n, f"{kind}: all accesses: {rows}")
        # the write that ends the run has no time
        equal(sum(r["total_ns"] or 0 for r in rows), total(exits, "total_ns", reason="DABT_LOW"),
              f"{kind}: times of the accesses, and of the exits")
        equal(total(rows_of(objects, "io"), what="mmio-" + access), 2 * n + 2 * (access == "write"),
              f"{kind}: mmio in io")
        no_losses(objects)


def case_mmio_events():
    n = 20
    for kind, access, by, data in (("mmiow", "write", "vmm", None), ("mmiok", "read", "kernel", None)):
        with Guest("-k", kind, "-n", n) as g, Watch(what="mmio", verb="trace") as w:
            g.run()
            time.sleep(0.3)
            events = [e for e in rows_of(w.finish(), "mmio") if int(e["gpa"], 16) >> 12 != 0x3ff01]
            g.end()
        gpa = "0x3ff00010" if kind == "mmiow" else "0x8000004"
        equal([(e["gpa"], e["access"], e["by"], e["size"]) for e in events],
              [(gpa, access, by, 4)] * n, f"{kind}: events")
        equal(len({e["data"] for e in events}), 1, f"{kind}: values")
    assert int(events[0]["data"], 16) & 0x1f == 96 // 32 - 1, "GICD_TYPER of 96 interrupts"


# ---- memory -------------------------------------------------------------------------------------

PAGE = os.sysconf("SC_PAGE_SIZE")
SIZE = f"{PAGE >> 10}K"


def case_faults_by_access():
    n = 59
    for kind, access, reason in (("touch", "write", "DABT_LOW"), ("touchr", "read", "DABT_LOW"),
                                 ("touchx", "exec", "IABT_LOW")):
        _, objects = watched("-k", kind, "-n", n, "-v", 2, what="exits,faults")
        rows, pages = rows_of(objects, "faults"), rows_of(objects, "faults-pages")
        for v in (0, 1):
            equal(total(rows, vcpu=v, access=access, present="no", result="mapped", size=SIZE), n,
                  f"{kind}: faults of vCPU {v}: {rows}")
            equal(total(rows, vcpu=v) - total(rows, vcpu=v, result="mmio"),
                  count(rows_of(objects), vcpu=v, reason=reason), f"{kind}: exits of vCPU {v}")
        touched = [r for r in pages if 0x20000000 <= int(r["page"], 16) < 0x3ff00000]
        equal(sorted(int(r["page"], 16) for r in touched),
              [0x20000000 + PAGE * i for i in range(2 * n)], f"{kind}: pages")
        for column in ("count", "total_ns"):
            equal(total(pages, column), total(rows, column), f"{column} by page and by type")
        no_losses(objects)


def case_faults_events():
    """trace: each fault with its place in guest and host, and the processor's syndrome."""
    n = 21
    with Guest("-k", "touch", "-n", n) as g, Watch(what="faults", verb="trace") as w:
        g.run()
        time.sleep(0.3)
        objects = w.finish()
        maps = open(f"/proc/{g.pid}/maps", encoding="ascii").read()
        events = [e for e in rows_of(objects, "faults")
                  if 0x20000000 <= int(e["gpa"], 16) < 0x3ff00000]
        equal([int(e["gpa"], 16) for e in events], [0x20000000 + PAGE * i for i in range(n)], "GPAs")
        equal({(e["access"], e["present"], e["result"], e["size"]) for e in events},
              {("write", "no", "mapped", SIZE)}, "what the faults were")
        # class 0x24, valid syndrome of a byte's write by w0; translation fault of some level
        equal({int(e["error"], 16) >> 26 for e in events}, {0x24}, "class of the syndromes")
        equal({int(e["error"], 16) & 0x7c for e in events}, {0x44}, "WnR and kind of fault")
        start = min(int(m.group(1), 16) for m in re.finditer(
            r"(?m)^([0-9a-f]+)-([0-9a-f]+) rw-s.*/dev/zero", maps)
            if int(m.group(2), 16) - int(m.group(1), 16) == n * PAGE)
        with open(f"/proc/{g.pid}/pagemap", "rb") as f:
            f.seek(start // PAGE * 8)
            equal([int(e["pfn"], 16) for e in events],
                  [int.from_bytes(f.read(8), "little") & ((1 << 55) - 1) for _ in events], "pages")


def case_faults_of_what_the_host_takes():
    """madvise() of K times 8 pages of the guest's memory: K invalidations, 8 K pages of it."""
    k = 6
    _, objects = watched("-k", "touch", "-n", 64, "--drop", k, what="faults")
    mine = [r for r in rows_of(objects, "faults-zaps") if r["guest_pages"]]
    equal(total(mine, "guest_pages"), 8 * k, f"guest pages taken: {mine}")
    equal({(r["cause"], r["by"], r["vcpu"]) for r in mine}, {("clear", "vmm", None)}, "by whom")
    assert all(r["count"] >= k and r["total_ns"] > 0 for r in mine), mine
    no_losses(objects)


# ---- interrupts ---------------------------------------------------------------------------------

def queued(objects, **match):
    """How many of each interrupt, by source, number and who raised it."""
    found = collections.Counter()
    for r in rows_of(objects, "irq"):
        if r.get("unavailable"):
            raise Skip(r["unavailable"])
        if all(r[k] == v for k, v in match.items()):
            found[r["source"], int(r["line"]), r["mode"]] += r["count"]
    return found


def case_irq_of_the_gic():
    """What the guest has taken, by number; and who raised it."""
    n = 40
    for kind, source, line, by in (("timer1", "ppi", 27, "self"), ("timerp", "ppi", 30, "self"),
                                   ("timers", "ppi", 27, "self"), ("timerx", "ppi", 27, "self"),
                                   ("sgi", "sgi", 1, "self"), ("masked", "sgi", 1, "self")):
        results, objects = watched("-k", kind, "-n", n, "-v", 2, "-t", 500000, what="irq")
        for r in results:
            equal(r["vectors"], {hex(line): n}, f"{kind}: interrupts that the guest took")
            equal(queued(objects, vcpu=r["vcpu"]), {(source, line, by): n}, f"{kind}: queued")
            masked = sum(x["masked"] for x in rows_of(objects, "irq") if x["vcpu"] == r["vcpu"])
            equal(masked, n if kind == "masked" else 0, f"{kind}: raised while it was disabled")
        no_losses(objects)
    results, objects = watched("-k", "ipi", "-n", n, "-v", 2, what="irq")
    equal(queued(objects, vcpu=1), {("sgi", 1, "vcpu"): n, ("sgi", 2, "vcpu"): 1}, "ipi")
    equal(queued(objects, vcpu=0), {}, "ipi: interrupts of the sender")
    for kind in ("spi", "irqfd"):
        results, objects = watched("-k", kind, "-n", 2 * n, "-v", 2, what="irq")
        for r in results:
            found = queued(objects, vcpu=r["vcpu"])
            equal({hex(line): times for (_, line, _), times in found.items()}, r["vectors"],
                  f"{kind}: queued, and taken")
            equal(found["spi", 32 + r["vcpu"], "vmm"], n, f"{kind}: of the injector")
        no_losses(objects)
    accepted = rows_of(objects, "irq-vectors")
    equal(sum(r["accepted"] for r in accepted), total(rows_of(objects, "irq")), "by number alone")
    equal({r["injected"] for r in accepted} | {r.get("eois") for r in accepted}, {None},
          "what the processor does unseen is missing")
    equal({(r["irqchip"], r["reason"]) for r in rows_of(objects, "irq-apicv")},
          {("kernel", "active")}, "who has the controller")


def case_irq_events():
    n = 15
    queued(watched("-k", "sgi", "-n", 1, what="irq")[1])
    with Guest("-k", "spi", "-n", n, "-v", 1) as g, Watch(what="irq", verb="trace") as w:
        injector = g.run()[0]["injector"]
        time.sleep(0.3)
        objects = w.finish()
        g.end()
    events = [e for e in rows_of(objects, "irq") if e["line"] == "32"]
    equal([(e["what"], e["source"], e["mode"], e["trigger"], e["tid"]) for e in events],
          [("set", "spi", "vmm", "edge", injector)] * n, "events")


# ---- timers -------------------------------------------------------------------------------------

class TimerTrace(Trace):
    """What the kernel tells of its own timers, those that KVM sets for vCPUs that sleep among them."""
    EVENTS = ["timer/hrtimer_start", "timer/hrtimer_expire_entry",
              "timer/hrtimer_expire_exit", "kvm/kvm_timer_update_irq"]


def traced_lateness(events):
    """How late each of KVM's timers for vCPUs that sleep has expired, in ns. One that it sets anew
    while it handles it was early, by the counter that the guest has; one that it sets to now is of a
    vCPU that is preempted before it stops sleeping, and whose timer has expired."""
    due, late, handled = {}, [], {}
    for _, now, name, text in events:
        m = re.search(r"hrtimer=(\w+)(?: function=kvm_bg_timer_expire.*? (?:expires|now)=(\d+))?", text)
        if not m:
            continue
        timer, value = m.groups()
        if name == "hrtimer_start" and value:
            again = handled.pop(timer, None) is not None
            due[timer] = int(value) if again or int(value) > now + 100000 else None
        elif name == "hrtimer_expire_entry" and value and due.get(timer):
            handled[timer] = int(value) - due[timer]
        elif name == "hrtimer_expire_exit" and timer in handled:
            late.append(handled.pop(timer))
    return late


def expired(objects, vcpu):
    """Expiries of a vCPU's timers: by timer, and whether the processor had it then."""
    rows = [r for r in rows_of(objects, "timer") if r["vcpu"] == vcpu]
    for r in rows:
        equal([r[k] for k in ("arms", "merged", "early", "restarts", "delay_ns")], [None] * 5,
              "what the guest does without an exit is missing")
        if not r["timed"]:
            equal((r["late_ns"], r["max_ns"]), (None, None), "no lateness of what is not timed")
    return {(r["mode"], r["hv"]): r["expired"] for r in rows}


def case_timer_by_guests():
    """Each expiry once: of vCPUs that sleep, that run, and that are taken away while they serve it."""
    n = 40
    for kind, timer, line in (("timer1", "vtimer", 27), ("timers", "vtimer", 27),
                              ("timerx", "vtimer", 27), ("timerp", "ptimer", 30)):
        with TimerTrace() as t:
            results, objects = watched("-k", kind, "-n", n, "-v", 2, "-t", 500000, what="timer")
            events = t.events()
        for r in results:
            v = r["vcpu"]
            found = expired(objects, v)
            equal(r["vectors"], {hex(line): n}, f"{kind}: interrupts that the guest took")
            equal({mode for mode, _ in found}, {timer}, f"{kind}: which timer")
            equal(sum(found.values()), n, f"{kind}: expiries of vCPU {v}: {found}")
            high = sum(name == "kvm_timer_update_irq" and text == f"VCPU: {v}, IRQ {line}, level 1"
                       for _, _, name, text in events)
            assert high >= n, f"{kind}: KVM raised the line {high} times"
            if kind == "timers":
                assert found.get((timer, "yes"), 0) > 0, "none expired while the guest ran"
        no_losses(objects)


def case_timer_lateness():
    """vCPUs that sleep until then: how late, against the kernel's own trace of its timers."""
    n = 30
    with TimerTrace() as t:
        with Guest("-k", "timer1", "-n", n, "-v", 2, "-t", 20000000) as g, \
                Watch("-p", g.pid, what="timer") as w:
            g.run()
            events = t.events()
            objects = w.finish()
            g.end()
    rows = [r for r in rows_of(objects, "timer") if r["timed"]]
    late = traced_lateness([e for e in events if e[1] > w.since])
    equal(sum(r["timed"] for r in rows), len(late), "expiries in sleep")
    assert len(late) > n, "hardly any vCPU slept"
    equal({r["hv"] for r in rows}, {"no"}, "they are KVM's")
    mine = sum(r["late_ns"] for r in rows)
    assert sum(late) <= mine <= sum(late) + 500000 * len(late), f"late by {mine}, traced {sum(late)}"
    assert max(late) <= max(r["max_ns"] for r in rows) <= mine, "the latest"


def case_timer_events():
    n = 12
    with Guest("-k", "timer1", "-n", n, "-t", 500000) as g, Watch(what="timer", verb="trace") as w:
        g.run()
        time.sleep(0.3)
        objects = w.finish()
        g.end()
    events = rows_of(objects, "timer")
    equal([(e["what"], e["mode"]) for e in events], [("expire", "vtimer")] * n, "events")
