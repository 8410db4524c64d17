# SPDX-License-Identifier: Apache-2.0
"""VM tests of the collector halt.

May know about: the command line and the JSON of kvm_watcher, the guests. Nothing of its code.
To extend: a function case_NAME (see inside.py).
"""
# pylint: disable=wildcard-import,unused-wildcard-import
import bisect
import contextlib
import os
import subprocess
import time

from harness import *

PARAMETER = "/sys/module/kvm/parameters/"
IFS = [10000, 20000, 50000, 100000, 200000, 400000, 1000000, 4000000]


@contextlib.contextmanager
def parameters(**values):
    """KVM's parameters of halt-polling; a VM takes the limit when it is made."""
    old = {}
    for name, value in values.items():
        with open(PARAMETER + name, "r+", encoding="ascii") as f:
            old[name] = f.read().strip()
            f.seek(0)
            f.write(str(value))
    try:
        yield
    finally:
        for name, value in old.items():
            with open(PARAMETER + name, "w", encoding="ascii") as f:
                f.write(value)


def kept_by_kvm(results):
    """KVM's figures, with whose they are: a vCPU's, or, of an old KVM, sums of all of a VM."""
    if results[0]["stats_of"] == "vcpu":
        return [(frozenset({r["vcpu"]}), r["stats"]) for r in results]
    sums = {name: sum(r["stats"][name] for r in results) for name in results[0]["stats"]}
    return [(frozenset(r["vcpu"] for r in results), Stats(sums))]


def check_exits(objects, vcpu, n):
    """The HLT exits of a vCPU, and its halts."""
    halts, p = rows_of(objects, "halt"), matching(rows_of(objects, "halt-polling"), vcpu=vcpu)
    equal(total(p, "hlts"), n, f"HLT exits of vCPU {vcpu}")
    equal(total(rows_of(objects), vcpu=vcpu, reason=HALT.reason), n, f"HLT exits of vCPU {vcpu} in exits")
    equal(total(p, "hlts") - total(p, "unhalted") + total(p, "again") + total(p, "outside"),
          total(halts, vcpu=vcpu), f"HLT exits and halts of vCPU {vcpu}: {p}")


def check_halts(objects, results, n):
    """Per vCPU: N HLT exits; and every figure that KVM keeps itself."""
    halts, polling = rows_of(objects, "halt"), rows_of(objects, "halt-polling")
    for r in results:
        # WFI makes no exit while an interrupt of the host is pending
        check_exits(objects, r["vcpu"], n if HALT.reason == "HLT" else r["stats"]["wfi_exit_stat"])
    for vcpus, kvm in kept_by_kvm(results):
        p, mine = matching(polling, vcpu=vcpus), matching(halts, vcpu=vcpus)
        hit, wasted = kvm["halt_poll_success_ns"], kvm["halt_poll_fail_ns"]
        equal((total(p, "hit_ns"), total(p, "wasted_ns")), (hit, wasted), f"polling of {set(vcpus)}")
        equal(total(mine, "polled_ns"), hit + wasted, f"polling of the halts of {set(vcpus)}")
        if "halt_wait_ns" not in kvm:
            continue
        slept = matching(mine, outcome="wait")
        waited, theirs = total(slept, "total_ns") - total(slept, "polled_ns"), kvm["halt_wait_ns"]
        assert 0 <= waited - theirs <= 50000 * total(p, "hlts"), f"waited {waited}, KVM has {theirs}"
    return halts, polling


def check_whatif(objects, times):
    """Hits and polling at other values, against what the events' times say."""
    times = sorted(times)
    for ns in IFS:
        rows = [r for r in rows_of(objects, "halt-whatif") if r["halt_poll_ns"] == ns]
        short = times[:bisect.bisect_right(times, ns)]
        equal(total(rows, "halts"), len(times), f"halts of the what-if {ns}")
        equal(total(rows, "hits"), len(short), f"hits of the what-if {ns}")
        equal(total(rows, "wasted_ns"), (len(times) - len(short)) * ns, f"waste of the what-if {ns}")
        equal(total(rows, "polled_ns"), sum(short) + (len(times) - len(short)) * ns,
              f"polling of the what-if {ns}")


def halts_with(n, **values):
    event = "kvm/kvm_vcpu_wakeup"
    with parameters(**values), Guest(*halting(n, 200000), "-v", 2) as g, \
            Counts(event) as c:
        tids = g.vcpu_threads()
        with Watch(what="halt", verb="trace") as t, Watch(what="exits,halt") as w:
            results = g.run()
            time.sleep(0.3)
            objects, events = w.finish(), t.finish()
        counted = c.of(event, tids)
        g.end()
    halts, polling = check_halts(objects, results, n)
    events = rows_of(events, "halt")
    wakeups = [e for e in events if e["what"] == "wakeup"]
    equal(total(halts), counted, "wake-ups, against the kernel's count")
    equal(len(wakeups), counted, "events of wake-ups")
    equal(sum(e["total_ns"] for e in wakeups), total(halts, "total_ns"), "times of the events")
    check_whatif(objects, [e["total_ns"] for e in wakeups])
    no_losses(objects)
    return halts, polling, events


def case_halt_without_polling():
    """N known wake-ups, none of them while polling."""
    halts, polling, events = halts_with(40, halt_poll_ns=0)
    assert {r["outcome"] for r in halts} <= {"wait", "at-once"}, f"without polling: {halts}"
    assert total(halts, outcome="wait") > 0, f"no halt slept: {halts}"
    equal({r["wakeup"] for r in halts}, {"valid"}, "wake-ups by the timer")
    for column in ("hit_ns", "wasted_ns", "grows", "shrinks", "halt_poll_ns"):
        equal(total(polling, column), 0, f"{column} without polling")
    equal({e["what"] for e in events}, {"wakeup"}, "kinds of events without polling")


def case_halt_with_polling():
    """Polling that is long enough: it grows as KVM's parameters say, and then hits."""
    start, factor, limit = 50000, 3, 100000000
    halts, polling, events = halts_with(40, halt_poll_ns=limit, halt_poll_ns_grow=factor,
                                        halt_poll_ns_grow_start=start)
    for v in (0, 1):
        changes = [(e["what"], e["old_ns"], e["new_ns"]) for e in events
                   if e["vcpu"] == v and e["what"] != "wakeup"]
        assert changes, "halt_poll_ns never grew"
        expected, now = [], changes[0][1]
        for what, _, _ in changes:
            equal(what, "grow", f"changes of vCPU {v}: {changes}")
            new = min(max(now * factor, start), limit)
            expected.append(("grow", now, new))
            now = new
        equal(changes, expected, f"changes of halt_poll_ns of vCPU {v}")
        p = [r for r in polling if r["vcpu"] == v]
        equal(total(p, "grows"), len(changes), "grows")
        equal(p[-1]["halt_poll_ns"], now, "halt_poll_ns now")
    assert total(halts, outcome="poll") > 0, f"no halt ended while polling: {halts}"


def case_halt_poll_shrinks():
    """Halts that are short, so that polling grows, and then longer than the limit, because another
    thread has the CPU: KVM takes polling back, as its parameters say."""
    start, limit = 100000, 3000000
    hog = ["taskset", "-c", "1", "chrt", "-f", "50", "bash", "-c",
           "i=0; while [ $i -lt 10000 ]; do i=$((i + 1)); done"]
    with parameters(halt_poll_ns=limit, halt_poll_ns_grow=2, halt_poll_ns_grow_start=start,
                    halt_poll_ns_shrink=0):
        with Guest(*halting(800, 200000), cpus="1") as g, \
                Watch(what="halt", verb="trace") as t, Watch(what="halt") as w:
            g.go()
            for _ in range(4):
                time.sleep(0.2)
                subprocess.run(hog, check=True)
            g.results()
            time.sleep(0.3)
            events, objects = rows_of(t.finish(), "halt"), w.finish()
            g.end()
    now, shrinks, grows = None, 0, 0
    for e in events:
        if e["what"] == "wakeup":
            continue
        if now is not None:
            # KVM holds it to the limit at the next halt, without a word
            equal(e["old_ns"], min(now, limit), f"halt_poll_ns before {e}")
        if e["what"] == "grow":
            # an older KVM holds it to the limit at once
            equal(min(e["new_ns"], limit), min(max(e["old_ns"] * 2, start), limit), "grown halt_poll_ns")
            grows += 1
        else:
            equal(e["new_ns"], 0, "shrunk halt_poll_ns")
            shrinks += 1
        now = e["new_ns"]
    polling = rows_of(objects, "halt-polling")
    equal((total(polling, "grows"), total(polling, "shrinks")), (grows, shrinks), "changes")
    assert grows > 0 and shrinks > 0, f"{grows} times grown, {shrinks} times shrunk"
    print(f"# halt: {grows} times grown, {shrinks} times shrunk", flush=True)


def case_halt_invalid_wakeups():
    """Signals that end a halt without anything for the vCPU to do: it halts once more, in the same
    HLT exit. x86's KVM calls all its wake-ups valid, so that is how they are told."""
    if HALT.reason != "HLT":
        raise Skip("there is no such guest for this processor")
    n, s = 9, 4
    event = "kvm/kvm_vcpu_wakeup"
    with parameters(halt_poll_ns=0), Guest("-k", "hltsig", "-n", n, "--signals", s) as g, \
            Counts(event) as c:
        tids = g.vcpu_threads()
        with Watch(what="exits,halt") as w:
            results = g.run()
            objects = w.finish()
        counted = c.of(event, tids)
        g.end()
    halts, polling = rows_of(objects, "halt"), rows_of(objects, "halt-polling")
    equal(results[0]["signals"], n * s, "signals")
    # each interrupt ends one HLT, and so does the one that ends the guest
    equal(total(polling, "hlts"), total(rows_of(objects), reason="HLT"), "HLT exits")
    equal(total(polling, "again"), n * s, "halts after wake-ups for nothing")
    equal(total(halts), counted, "halts, against the kernel's count")
    equal(total(polling, "hlts") - total(polling, "unhalted") + total(polling, "again") +
          total(polling, "outside"), counted, "HLT exits and halts")
    equal({r["wakeup"] for r in halts}, {"valid"}, "what KVM says of them")
    no_losses(objects)
