#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The VM tests: run inside the lab, on a real KVM with real guests.

Every figure of the watcher is held against an oracle: guests that make exactly N exits, KVM's own
statistics, the kernel's trace, perf. Prints one line per case: ok, not ok, or skip with a reason.

May know about: the files of cases, nothing of what they test.
To extend: a function case_NAME in one of the modules, or another module; it raises AssertionError,
or Skip. Other prefixes are runs of their own: single_ is for a lab with one CPU, numa_ for one with
two NUMA nodes, slow_ for those that are run by name only, poor_ for a machine whose own KVM tells
little, without the lab; hook_ for each hook of a collector in turn, which takes long.
"""
import argparse
import os
import sys
import time
import traceback

import cases_arm64
import cases_calls
import cases_cost
import cases_culprits
import cases_details
import cases_exits
import cases_halt
import cases_hooks
import cases_irq
import cases_linux
import cases_load
import cases_memory
import cases_poor
import cases_record
import cases_riscv
import cases_time
import cases_timing
import cases_untyped
import cases_verifier
import cases_vmx
import cases_works
from harness import INTEL, Broken, Skip

# By processor, as guests are of one.
MODULES = {
    "x86_64": (cases_exits, cases_details, cases_memory, cases_halt, cases_irq, cases_load,
               cases_calls, cases_time, cases_timing, cases_culprits, cases_linux, cases_verifier,
               cases_cost, cases_hooks, cases_poor, cases_untyped, cases_record, cases_works),
    "aarch64": (cases_arm64, cases_halt, cases_works),
    "riscv64": (cases_riscv, cases_halt, cases_works),
}
if INTEL:  # in an emulator that is too slow for all of them
    MODULES["x86_64"] = (cases_vmx, cases_works)

# Cases of x86's modules whose guests other processors have, too, by the words of harness.py.
SHARED = {
    "exact_many_vms", "one_thread_runs_all", "migrations", "intervals_add_up",
    "time_busy", "time_halted", "time_polling",
    "time_stopped", "time_paused", "time_one_thread", "time_threads", "time_two_on_one_cpu",
    "time_hog", "load_against_schedstat", "load_migrations", "load_two_vcpus", "load_one_thread",
    "load_events", "calls_ioctl_ledger", "calls_ioctl_times", "cost_exact",
    "dirty_with_bitmap",
}


# One or two cases of each collector, and what matrix.py asks for: what --few runs. Modules of cases
# that are of one processor alone are short: there, all of their cases are, but for the long ones.
FEW = {"works", "exact_per_kind", "io_by_detail", "mmio_by_whom", "faults_by_access",
       "dirty_with_bitmap", "nested_exits", "halt_without_polling", "irq_by_msi",
       "load_two_vcpus", "timer_oneshot", "calls_by_number", "calls_ioctl_ledger", "time_halted",
       "cost_exact", "names_are_those_of_the_data"}
SHORT = {"cases_vmx", "cases_arm64", "cases_riscv"}
LONG = {"check_tells_of_the_compiler"}


def is_few(name, function):
    return name in FEW or function.__module__ in SHORT and name not in LONG


def forget(function):
    """What the case's module keeps of a run that several cases look at."""
    for kept in vars(sys.modules[function.__module__]).values():
        if hasattr(kept, "cache_clear"):
            kept.cache_clear()


def attempt(name, function, tries=3):
    """The emulated machine shares its host, and newer kernels keep events from preempted programs
    (they say so, as misses): what fails three times in a row is no accident."""
    for i in range(1, tries + 1):
        try:
            return function()
        except (AssertionError, Broken) as e:
            if i == tries:
                raise
            print(f"# {name}: once more, after: {e}", flush=True)
            forget(function)
    return None


def run_case(name, function):
    start = time.monotonic()
    try:
        attempt(name, function)
        verdict, why = "ok", ""
    except Skip as e:
        verdict, why = "skip", f": {e}"
    except Exception as e:  # pylint: disable=broad-except
        verdict, why = "not ok", f": {type(e).__name__}: {e}"
        if not isinstance(e, AssertionError):
            traceback.print_exc()
    print(f"{verdict} {name} ({time.monotonic() - start:.1f} s){why}", flush=True)
    return verdict != "not ok"


def cases_of(machine, prefix):
    """By name, those of the processor's own modules, and those that it shares."""
    def named(module, among=None):
        return {n[len(prefix):]: f for n, f in vars(module).items()
                if n.startswith(prefix) and (not among or n[len(prefix):] in among)}

    cases = {}
    for module in MODULES[machine]:
        cases.update(named(module))
    if machine != "x86_64":
        for module in MODULES["x86_64"]:
            cases.update(named(module, SHARED))
    return cases


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--prefix", default="case_")
    p.add_argument("--only", default="")
    p.add_argument("--few", action="store_true")
    o = p.parse_args()
    cases = cases_of(os.uname().machine, o.prefix)
    good = [run_case(n, f) for n, f in cases.items()
            if o.only in n and (not o.few or is_few(n, f))]
    print(f"end {len(good)}", flush=True)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
