#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many instructions of each program the kernel's verifier goes through, against a baseline.

It refuses a program at a million, so that one which grows is to be seen long before; one that
shrinks lowers its baseline, or it could grow back unseen. The baseline is a file per kernel of the machine
svm in the directory `verifier`; this file, run as a program with --update, writes them anew in the lab.

May know about: check's JSON, the lab. Nothing of the programs.
To extend: a way to load programs that the others do not is a line in WAYS.
"""
import argparse
import functools
import json
import os
import subprocess
import sys

from harness import WATCHER, Skip, equal

HERE = os.path.dirname(os.path.realpath(__file__))
BASELINES = os.path.join(HERE, "verifier")
LIMIT = 1000000
# What the kernel is said not to have, so that each variant is loaded; options.
WAYS = [("", []), ("fentry,fexit", []), ("kprobe,kretprobe", []),
        ("fentry,fexit,kprobe,kretprobe", []), ("", ["--sample", "16"]), ("", ["--low-overhead"]),
        ("", ["--count-only"]), ("tp_btf/kvm_,tp_btf/mark_mmio,tp_btf/fast_page", [])]


@functools.cache  # another try would find the same
def measured():
    """Instructions by program: the most that any way to load it takes."""
    most = {}
    for without, options in WAYS:
        p = subprocess.run([WATCHER, "check", *options, "-o", "jsonl"], capture_output=True,
                           text=True, check=False,
                           env=dict(os.environ, KVM_WATCHER_WITHOUT=without))
        equal((p.returncode, p.stderr), (0, ""), f"check {options} without {without!r}")
        for row in map(json.loads, p.stdout.splitlines()):
            if row["program"]:
                assert row["verified"], f"the kernel does not tell: {row}"
                most[row["program"]] = max(row["verified"], most.get(row["program"], 0))
    return most


def baseline(series):
    with open(os.path.join(BASELINES, series), encoding="utf-8") as f:
        rows = [line.split("\t") for line in f if not line.startswith("#")]
    return {name: int(n) for name, n in rows}


def text_of(programs):
    lines = [f"{name}\t{n}\n" for name, n in sorted(programs.items())]
    return f"# Instructions that the verifier goes through, by program, on {os.uname().release}.\n" \
           "# Made by tests/vm/cases_verifier.py --update; CONTRIBUTING.md says when.\n" + "".join(lines)


def differences(known, now):
    """What is not within 10 % of the baseline, in words."""
    for name in sorted(known.keys() | now.keys()):
        old, new = known.get(name), now.get(name)
        if old is None:
            yield f"{name}: {new}, not in the baseline"
        elif new is None:
            yield f"{name}: in the baseline, but not loaded"
        elif abs(new - old) * 10 > old:
            yield f"{name}: {new}, baseline {old} ({100 * (new - old) / old:+.1f} %)"


def case_verifier_baseline():
    series = os.environ["KVMW_SERIES"]
    if os.environ["KVMW_MACHINE"] != "svm" or series not in os.listdir(BASELINES):
        raise Skip("the programs of this kernel have no baseline")
    now = measured()
    name = max(now, key=now.get)
    print(f"# {len(now)} programs; the most has {name}: {now[name]} of {LIMIT} instructions")
    apart = list(differences(baseline(series), now))
    assert not apart, "; ".join(apart) + f". If that is meant: tests/vm/cases_verifier.py " \
        f"--update {series}"


def update(series, build):
    command = [sys.executable, os.path.join(HERE, "lab.py"), "run", "--kernel", series, "--env",
               f"KVMW_BUILD={os.path.realpath(build)}", "--", "/usr/bin/python3",
               os.path.realpath(__file__)]
    text = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout
    with open(os.path.join(BASELINES, series), "w", encoding="utf-8") as f:
        f.write(text)


def main():
    p = argparse.ArgumentParser(description="In the lab: print the baseline of its kernel.")
    p.add_argument("--update", nargs="*", metavar="KERNEL",
                   help="outside: write those of these kernels (all), in the lab")
    p.add_argument("--build", default="build")
    o = p.parse_args()
    if o.update is None:
        print(text_of(measured()), end="")
        return
    for series in o.update or os.listdir(BASELINES):
        update(series, o.build)


if __name__ == "__main__":
    main()
