#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The VM lab: stock Debian kernels with working KVM, without hardware virtualization.

Emulators of whole machines have what KVM needs (machines.py), so a stock kernel booted in one has a
real KVM. A command given here runs in it; its output and its exit code come back.

May know about: the table `kernels` beside this file. Knows nothing of kvm_watcher.
To extend: a new kernel is a line in that table; a new machine is a class in machines.py.
"""
import argparse
import collections
import os
import shlex
import subprocess
import sys

from boot import EXIT_LAB, EXIT_TIMEOUT  # noqa: F401
from machines import MACHINES
from packages import CACHE, LabError  # noqa: F401

HERE = os.path.dirname(os.path.realpath(__file__))
Kernel = collections.namedtuple("Kernel", "machine series flavour daily why")


def kernels(machine=None):
    """The table of kernels, or those of a machine; the first one is the default."""
    with open(os.path.join(HERE, "kernels"), encoding="utf-8") as f:
        rows = [Kernel(*line.rstrip("\n").split("\t")) for line in f
                if line.strip() and not line.startswith("#")]
    return [k for k in rows if machine in (None, k.machine)]


def fetch(kernel):
    """All that it takes to boot a kernel of the table."""
    MACHINES[kernel.machine].fetch()
    return MACHINES[kernel.machine].fetch_kernel(kernel.series, kernel.flavour)


def show():
    for k in kernels():
        release = MACHINES[k.machine].kernel_dir(k.series, k.flavour) + "/release"
        fetched = open(release, encoding="utf-8").read() if os.path.exists(release) else "not fetched"
        print(f"{k.machine:8} {k.series:9} {k.flavour:8} {fetched:28} {k.why}")


def arguments():
    p = argparse.ArgumentParser(prog="lab.py", description=__doc__.splitlines()[0])
    sub = p.add_subparsers(dest="verb", required=True)
    sub.add_parser("list", help="the kernels of the table, and which are fetched")
    f = sub.add_parser("fetch", help="fetch a machine's emulator and kernels now")
    f.add_argument("--machine", choices=MACHINES, default="svm")
    f.add_argument("series", nargs="*")
    r = sub.add_parser("run", help="run a command on a lab kernel")
    r.add_argument("--machine", choices=MACHINES, default="svm")
    r.add_argument("--kernel", help="a series, newest, or newest-1: the one before it")
    r.add_argument("--flavour", help="another build of it, such as 16k")
    r.add_argument("--smp", type=int, help="CPUs")
    r.add_argument("--nodes", type=int, default=1, help="NUMA nodes")
    r.add_argument("--mem", type=int, help="MiB")
    r.add_argument("--timeout", type=float, default=300, help="seconds; 0 = none")
    r.add_argument("--rw", action="append", default=[], help="share DIR writable at the same path")
    r.add_argument("--env", action="append", default=[], help="NAME=VALUE for the command")
    r.add_argument("--module", action="append", default=[], help="load a further module")
    r.add_argument("--kvm-args", default="", help="parameters of KVM's module")
    r.add_argument("--no-kvm", action="store_true", help="do not load KVM")
    r.add_argument("--icount", action="store_true",
                   help="one CPU, whose clock counts its instructions, each as 1 ns")
    r.add_argument("--headers", action="store_true", help="with the kernel's headers")
    r.add_argument("--append", default="", help="further kernel parameters")
    r.add_argument("--tty", action="store_true", help="the command gets this terminal")
    r.add_argument("--log", help="keep the console's output in this file")
    r.add_argument("command", nargs=argparse.REMAINDER)
    o = p.parse_args()
    if o.verb == "run":
        o.command = o.command[1:] if o.command[:1] == ["--"] else o.command
        o.kernel = o.kernel or kernels(o.machine)[0].series
        o.smp = 1 if o.icount else o.smp or MACHINES[o.machine].smp
        o.mem = o.mem or MACHINES[o.machine].mem
        if o.tty and not (sys.stdin.isatty() and sys.stdout.isatty()):
            p.error("--tty: standard input and output must be a terminal")
        if not o.command:
            p.error("no command; usage: run [OPTIONS] -- CMD…")
    return o


def main():
    o = arguments()
    try:
        if o.verb == "run":
            return MACHINES[o.machine](o).run()
        if o.verb == "fetch":
            for k in kernels(o.machine):
                if not o.series or k.series in o.series:
                    fetch(k)
        else:
            show()
        return 0
    except LabError as e:
        print(f"lab: {e}", file=sys.stderr)
        return EXIT_LAB
    except subprocess.CalledProcessError as e:
        print(f"lab: {shlex.join(e.cmd)}: exit code {e.returncode}", file=sys.stderr)
        return EXIT_LAB


if __name__ == "__main__":
    sys.exit(main())
