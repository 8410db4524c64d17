#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What watching costs a guest on a real KVM: 100,000 CPUID exits in the VM lab, by each watcher.

In a lab whose clock counts instructions it tells those per exit, the same each time; in an ordinary
one, how much longer the guest takes. Prints a section of RESULTS.md as Markdown; fails if a watcher
did not see the exits.

May know about: the lab's command line, what lab_inside.py prints. Nothing of the tools.
To extend: watchers are in lab_inside.py; a figure is a column of table().
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
LAB = os.path.join(HERE, "../tests/vm/lab.py")
OURS = "stat exits"
LOSSY = "perf kvm --host stat live"  # see NOTES
COUNTED_ROUNDS = 2  # of what is the same each time
OTHERS = ["6.12", "newest"]
NOTES = """
Each figure is a median of {rounds} rounds ({counted} of those in instructions) of {exits} exits,
each run with a watcher after one without. The lab is one emulated CPU (QEMU TCG, AMD SVM), and
the guest does nothing but exit: on real hardware an exit takes longer, and most guests make few.
*Instructions* are those of the vCPU's thread, in the host's kernel and in the guest, by a lab whose clock counts
them; they differ by {spread:.3f} % at most from round to round, and a guest's loop of 4 instructions
takes {spin:.3f}. *Own process*: what the tool itself runs meanwhile, on the same CPU. *Slowdown*: how
much longer the guest's loop takes by the clock of an ordinary lab, own process included.

- perf record has buffers for all events of a run (`-m 8192`); what its report takes is not in the
  table. `perf kvm stat live` takes a few events at a time out of each buffer and drops what else is
  in it, without a word: hence what it tells. (libperf's `perf_mmap__read_done()` goes to the end of
  the buffer, whatever was read.)
- bcc's kvmexit is mended for this lab: as shipped it refuses processors that are not Intel's, and
  from Linux 5.16 on it takes the vCPU's address for the reason and counts nothing. Here it reads
  the reason from the VMCB (raw tracepoint), or the kernel does so (tracepoint, its own fallback).
  It compiles its program against the kernel's headers, for which 6.1 is enough.
"""


def run_lab(o, series, icount, watchers, headers):
    """The lines that lab_inside.py prints in one lab: about the lab, and a list of measurements."""
    command = [sys.executable, LAB, "run", "--kernel", series, "--smp", "1", "--timeout",
               "400" if o.smoke else "5400",
               *["--icount"][:icount], *["--headers"][:headers], "--env",
               f"KVMW_BUILD={os.path.realpath(o.build)}", "--", "/usr/bin/python3", "-u",
               os.path.join(HERE, "lab_inside.py"), "--exits", str(o.exits),
               "--rounds", str(min(o.rounds, COUNTED_ROUNDS) if icount else o.rounds),
               "--watchers", watchers]
    rows = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as p:
        for line in p.stdout:
            print(f"lab {series}{', icount' if icount else ''}: {line}", end="", file=sys.stderr)
            rows.append(json.loads(line))
    if p.returncode or len(rows) < 2:
        raise SystemExit(f"lab.py: kernel {series}: exit code {p.returncode}")
    return rows[0], rows[1:]


def check(rows):
    """A watcher that did not watch is no peer."""
    for r in rows:
        if r["count"] != r["exits"] and r["watcher"] != LOSSY:
            raise SystemExit(f"lab.py: {r['watcher']} counted {r['count']} of {r['exits']} exits")


def per_exit(rows, whose, clock):
    return [r[whose][clock] / r["exits"] for r in rows]


def spread(values):
    return 100 * (max(values) - min(values)) / min(values)


def slowdowns(rows):
    """In percent, each against the run before it; in order."""
    return sorted(100 * (r["watched"]["wall"] / r["unwatched"]["wall"] - 1) for r in rows)


def of_watcher(rows, name):
    return [r for r in rows if r["watcher"] == name]


def added(rows):
    """Instructions per exit that watching adds to the vCPU's thread."""
    return statistics.median(per_exit(rows, "watched", "cpu")) - \
        statistics.median(per_exit(rows, "unwatched", "cpu"))


def row(*cells):
    return "| " + " | ".join(map(str, cells)) + " |"


def table(counted, timed):
    """Lines of the table of one kernel."""
    base = statistics.median(per_exit(counted, "unwatched", "cpu"))
    ours = added(of_watcher(counted, OURS))
    yield row("watcher", f"added, × {OURS}", "× unwatched", "instructions per exit", "added",
              "own process", "slowdown", "p10–p90", "exits told")
    yield "|---" + "|---:" * 8 + "|"
    yield row("unwatched", "0.00", "1.00", f"{base:.0f}", 0, 0, "0 %", "", "")
    for name in dict.fromkeys(r["watcher"] for r in counted):
        rows, slower = of_watcher(counted, name), slowdowns(of_watcher(timed, name))
        cpu, wall = (statistics.median(per_exit(rows, "watched", c)) for c in ("cpu", "wall"))
        low, *_, high = statistics.quantiles(slower, n=10, method="inclusive") \
            if len(slower) > 1 else slower * 2
        told = statistics.median(100 * r["count"] / r["exits"] for r in rows)
        yield row(name, f"{added(rows) / ours:.2f}", f"{cpu / base:.2f}", f"{cpu:.0f}",
                  f"{added(rows):.0f}", f"{max(wall - cpu, 0):.0f}",
                  f"{statistics.median(slower):.0f} %", f"{low:.0f}–{high:.0f} %", f"{told:.3g} %")


def kernel(o, series, watchers, headers):
    """Print the table of one kernel. What was said about the clock: its loop, its spread."""
    about, counted = run_lab(o, series, True, watchers, headers)
    timed = counted if o.smoke else run_lab(o, series, False, watchers, headers)[1]
    check(counted + timed)
    print(f"### Linux {about['release']}\n")
    print("\n".join(table(counted, timed)), "\n", sep="")
    names = {r["watcher"] for r in counted}
    return about["spin"], max([spread(per_exit(of_watcher(counted, n), "watched", "cpu"))
                               for n in names - {LOSSY}])


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--build", default="build")
    p.add_argument("--exits", type=int, default=100000)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--smoke", action="store_true", help="check counts only, quickly")
    o = p.parse_args()
    if o.smoke:
        o.exits, o.rounds = 2000, 1
        kernel(o, "6.1", "^stat", False)
        return
    clocks = [kernel(o, "6.1", ".", True)]
    clocks += [kernel(o, series, "stat|perf", False) for series in OTHERS]
    spins, spreads = zip(*clocks)
    if max(spreads) > 1 or max(abs(s - 4) for s in spins) > 0.04:
        raise SystemExit(f"lab.py: the clock does not count instructions: {clocks}")
    print(NOTES.format(rounds=o.rounds, counted=COUNTED_ROUNDS, exits=o.exits,
                       spread=max(spreads), spin=max(spins)).strip())


if __name__ == "__main__":
    main()
