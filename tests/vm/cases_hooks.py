# SPDX-License-Identifier: Apache-2.0
"""VM tests of what is said when a single hook is missing, for each hook of each collector.

A column that shows 0 without a hook, and not 0 with it, is wrong: it is to be missing.

May know about: the command line and the JSON of kvm_watcher, and that names of programs begin with
their collector's, those of hooks that collectors share with kw. To extend: a collector's guests,
which together make all its hooks count, are a line of HOOK_GUESTS, and a function hook_NAME.
"""
# pylint: disable=wildcard-import,unused-wildcard-import
import collections
import json
import os
import re
import subprocess

from harness import *

TYPES = "fentry,fexit,kprobe,kretprobe,raw_tp,tp_btf,iter"
HOOK_GUESTS = {
    "exits": [["mix", "-n", 9], ["mmio", "-n", 9], ["hlt", "-n", 60, "-t", 200000]],
    "io": [["mix", "-n", 9], ["msrs", "-n", 4], ["ports", "-n", 4], ["crs", "-n", 4], ["mmioev0", "-n", 5]],
    "mmio": [["mmio", "-n", 3], ["mmiok", "-n", 5], ["mmioev", "-n", 5], ["mmioev0", "-n", 5]],
    "faults": [["touch", "-n", 64, "--drop", 2], ["touch", "-n", 4, "--huge", "--log"], ["mmio", "-n", 4]],
    "dirty": [["dirty", "-n", 2, "--pages", 8], ["dirty", "-n", 3, "--pages", 300, "--ring", 256]],
    "nested": [["nestmem", "-n", 9]],
    "halt": [["hlt", "-n", 60, "-t", 200000]],
    "irq": [[kind, "-n", 9, "--coalesce", 5] + masked for kind, masked in
            (("pic", ["--masked", 5]), ("ioapic", ["--masked", 5]), ("msi", []), ("irqfd", []))] +
           [["irqfdio", "-n", 9], ["ipi", "-n", 9, "-v", 2]],
    "timer": [["timer1", "-n", 9, "-t", 1000000], ["timerp", "-n", 9, "-t", 1000000]],
    "hypercall": [["hypercalls", "-n", 3], ["hvcalls", "-n", 3]],
    "ioctl": [["ports", "-n", 4, "--ioctls", 2]],
}
BY_CHANCE = {"unhalted", "again", "outside", "hits", "hit_ns", "wasted_ns", "polled_ns", "reinjected",
             "merged", "early", "restarts", "waiting_ns"}
HUGE = "/proc/sys/vm/nr_hugepages"


def checked(without=""):
    p = subprocess.run([WATCHER, "check", "-o", "jsonl"], capture_output=True, text=True, check=False,
                       env=dict(os.environ, KVM_WATCHER_WITHOUT=without))
    return [json.loads(line) for line in p.stdout.splitlines()]


def is_of(collector, program):
    """Of exits: the hooks that all share, but for those that others alone need."""
    if collector == "exits":
        return program.startswith("kw_") and not program.startswith(("kw_end_of_vm", "kw_fault"))
    return program.startswith(collector + "_")


def hooks_of(collector):
    """Its hooks on this kernel: name, and the programs that serve it, as those refused are told."""
    tried = [(r["what"], re.findall(r"(\w+) refused \(KVM_WATCHER_WITHOUT", r["means"]))
             for r in checked(TYPES)]
    return [(name, programs) for name, programs in tried
            if programs and is_of(collector, programs[0])]


def roles():
    p = subprocess.run([WATCHER, "list", "columns", "-o", "jsonl"], capture_output=True, text=True,
                       check=True)
    return {(o["table"], o["column"]): o["role"] for o in map(json.loads, p.stdout.splitlines())}


def figures(collector, without, role):
    """What counters tell of these guests, by table and key, but for whose it is; None: the watcher
    says that it cannot."""
    try:
        with Watch(what=collector, without=without) as w:
            for args in HOOK_GUESTS[collector]:
                with Guest("-k", *args) as g:
                    g.run()
                    g.end()
            objects = w.finish()
    except AssertionError as e:
        if "cannot watch" in str(e):
            return None
        raise
    whose = {"vm", "pid", "vcpu", "tid", "born_ns"}
    found = collections.Counter()
    for o in objects:
        table = o["collector"]
        key = tuple(sorted((c, v) for c, v in o.items() if role.get((table, c)) == "key" and c not in whose))
        for c, v in o.items():
            if role.get((table, c)) == "counter" and isinstance(v, int) and c not in BY_CHANCE:
                found[table, key, c] += v
    return found


def zeros(full, now):
    """Those that are shown, but as none, where there were some."""
    return {k: v for k, v in full.items() if v and k in now and not now[k]}


def check_hook(collector, name, programs, full, role):
    without = ",".join(programs)
    state = {r["what"]: r for r in checked(without)}[collector]
    assert state["state"] in ("reduced", "unavailable") and name in state["means"], (name, state)
    now = figures(collector, without, role)
    equal(now is None, state["state"] == "unavailable", f"{collector} cannot be watched without {name}")
    wrong = zeros(full, now or {})
    if wrong:  # by chance?
        wrong = zeros(wrong, figures(collector, without, role))
    equal(wrong, {}, f"counters that are 0 for want of {name} alone")
    print(f"# {collector} without {name}: {state['state']}", flush=True)


def check_hooks(collector):
    """Without each of them: check says so, and no column shows a wrong 0."""
    role, hooks = roles(), hooks_of(collector)
    assert hooks, f"no hooks of {collector}"
    try:
        with open(HUGE, "w", encoding="ascii") as f:
            f.write("8")
        full = figures(collector, "", role)
        for name, programs in hooks:
            check_hook(collector, name, programs, full, role)
    finally:
        with open(HUGE, "w", encoding="ascii") as f:
            f.write("0")


def hook_exits():
    check_hooks("exits")


def hook_io():
    check_hooks("io")


def hook_mmio():
    check_hooks("mmio")


def hook_faults():
    check_hooks("faults")


def hook_dirty():
    check_hooks("dirty")


def hook_nested():
    check_hooks("nested")


def hook_halt():
    check_hooks("halt")


def hook_irq():
    check_hooks("irq")


def hook_timer():
    check_hooks("timer")


def hook_hypercall():
    check_hooks("hypercall")


def hook_ioctl():
    check_hooks("ioctl")
