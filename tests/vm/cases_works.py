# SPDX-License-Identifier: Apache-2.0
"""VM tests of what is there: which collectors can be had, and whether they see something of a guest.

Prints what matrix.py reads: "state COLLECTOR STATE WHAT IT LACKS" and "works COLLECTOR".

May know about: the command line and the JSON of kvm_watcher. Nothing of its code.
To extend: a guest that sets off a further collector is a line of GUESTS.
"""
# pylint: disable=wildcard-import,unused-wildcard-import
import json
import os
import re
import subprocess

from harness import *

# Guests that together do something of everything, by processor.
GUESTS = {
    "x86_64": [["mix", "-n", 10], ["hlt", "-n", 5, "-t", 1000000], ["touch", "-n", 8],
               ["dirty", "-n", 2, "--pages", 8], ["msi", "-n", 3], ["hypercalls", "-n", 3],
               ["nested", "-n", 3], ["timer1", "-n", 3, "-t", 1000000]],
    "riscv64": [["mix", "-n", 10], ["wfi", "-n", 5, "-t", 20000], ["touch", "-n", 8],
                ["dirty", "-n", 2, "--pages", 8], ["sbicalls", "-n", 3]],
    "aarch64": [["mix", "-n", 10], ["touch", "-n", 8], ["dirty", "-n", 2, "--pages", 8],
                ["spi", "-n", 3], ["hypercalls", "-n", 3], ["timer1", "-n", 3, "-t", 1000000]],
}


def states():
    """Per collector: ok, reduced or unavailable, and what it lacks."""
    p = subprocess.run([WATCHER, "check", "-o", "jsonl"], capture_output=True, text=True, check=False)
    rows = {r["what"]: r for r in map(json.loads, p.stdout.splitlines())}
    lacks = {c: re.search("(?:; ((?:needs|without) .*))?$", rows[c]["means"]) for c in ALL.split(",")}
    return {c: (rows[c]["state"], m.group(1) or "") for c, m in lacks.items()}


def seen(names, guests):
    """Which of these collectors show a row of any of the guests in their main table."""
    pids = {None}  # of rows that are of no VM
    with Watch(what=",".join(names)) as w:
        for args in guests:
            with Guest("-k", *args) as g:
                pids.add(g.pid)
                g.run()
                g.end()
        objects = w.finish()
    shown = {o["collector"] for o in objects if o.get("pid") in pids and not o.get("unavailable")}
    return shown & set(names)


def works(guests):
    """What is not there says so and exits with 3; what is shows something."""
    release = os.uname().release  # of a machine that is not the lab's, what it calls itself is its own affair
    print(f"kernel {release if 'KVMW_LAB' in os.environ else release.split('-')[0]}")
    found = states()
    for name, (state, lacks) in found.items():
        print(f"state {name} {state} {lacks}", flush=True)
        if state == "unavailable":
            p = subprocess.run([WATCHER, "stat", name, "-t", "0.1"], capture_output=True, text=True,
                               check=False)
            equal((p.returncode, bool(p.stderr)), (3, True), f"exit code of {name}, and a word")
    for name in guests and seen([n for n, (state, _) in found.items() if state != "unavailable"], guests):
        print(f"works {name}", flush=True)


def case_works():
    """… on a machine of the lab."""
    works([] if INTEL else GUESTS[os.uname().machine])  # where cases_vmx looks at all collectors


def case_names_are_those_of_the_data():
    """Built for any processor, the tool knows the reasons of all."""
    with open(os.path.join(os.path.dirname(__file__), "../golden/expected/list-reasons.txt"),
              encoding="utf-8") as f:
        expected = f.read()
    p = subprocess.run([WATCHER, "list", "reasons"], capture_output=True, text=True, check=True,
                       env=dict(os.environ, COLUMNS="100"))
    equal(p.stdout, expected, "list reasons")
