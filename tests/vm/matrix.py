#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What works where: results of the VM tests become cells, and cells become docs/kernels.md.

A cell, that is, a collector on a machine and kernel, is
  exact        cases hold its figures against a guest with known behaviour or another oracle: counts
               are equal; times that two clocks have measured are as close as the case says;
  works        it shows rows of a guest's doing, none of which is held against an oracle there;
  unavailable  the tool says why;
  failed       a case of it failed; or there is neither a case nor a row.
A case proves the collector that its name begins with, or that PROVES names.

May know about: the lines that tests/vm/inside.py prints. Nothing of kvm_watcher's code.
To extend: a kernel is a line in the table `kernels`; a collector needs nothing here.
"""
import glob
import json
import os
import re

import lab

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
RESULTS = os.path.join(HERE, "results")
PAGE = os.path.join(TOP, "docs", "kernels.md")
with open(os.path.join(TOP, "src/collectors/list.h"), encoding="ascii") as _list:
    COLLECTORS = re.findall(r"^KW_COLLECTOR\((\w+)\)", _list.read(), re.M)

# Beginnings of names of cases that begin with no collector's, longest first where it matters.
PROVES = {"exact_": "exits", "one_thread_runs_all": "exits", "migrations": "exits",
          "intervals_add_up": "exits", "histogram_carries": "exits", "poll_time_is_kvms": "exits",
          "against_": "exits", "filters": "exits", "churn": "exits", "timing_": "exits",
          "trace": "exits", "starts_without_vms": "exits", "fault_events": "faults",
          "splits_of_huge_pages": "faults", "what_the_host_takes": "faults",
          "calls_ioctl_": "ioctl", "calls_": "hypercall"}


NO_ORACLE = {"starts_without_vms", "exits_default"}


def collector_of(case):
    """The collector that a case proves; None: it is about something else, or asserts no figure."""
    if case in NO_ORACLE:
        return None
    for start, collector in PROVES.items():
        if case.startswith(start):
            return collector
    return next((c for c in COLLECTORS if case == c or case.startswith(c + "_")), None)


def label_of(kernel):
    """Of a line of the table of kernels, e.g. svm 6.1, arm64 6.12-16k."""
    usual = kernel.flavour in ("cloud", "generic")
    return f"{kernel.machine} {kernel.series}" + ("" if usual else f"-{kernel.flavour}")


def path_of(label, directory=RESULTS):
    return os.path.join(directory, label.replace(" ", "-") + ".json")


class Results:
    """Of one machine and kernel: what its labs printed, bit by bit."""

    def __init__(self, label):
        self.label = label
        self.kernel = ""
        self.states = {}  # collector -> (ok, reduced or unavailable; what it lacks)
        self.works = set()
        self.cases = {}  # case -> (verdict, why)

    def add(self, output):
        for line in output.splitlines():
            m = re.match(r"^(ok|not ok|skip) (\w+)(?: \([0-9.]+ s\))?(?:: (.*))?$", line)
            if m:
                self.cases[m.group(2)] = (m.group(1), m.group(3) or "")
            elif line.startswith("state "):
                _, name, state, lacks = line.split(" ", 3)
                self.states[name] = (state, lacks)
            elif line.startswith("works "):
                self.works.add(line.split()[1])
            elif line.startswith("kernel "):
                self.kernel = line.split(" ", 1)[1]

    def cell(self, collector):
        state, lacks = self.states.get(collector, ("", ""))
        verdicts = [v for c, (v, _) in self.cases.items() if collector_of(c) == collector]
        if "not ok" in verdicts:
            return "failed", "; ".join(c for c, (v, _) in self.cases.items() if v == "not ok" and
                                       collector_of(c) == collector)
        if state == "unavailable":
            return "unavailable", lacks
        if "ok" in verdicts:
            return "exact", str(verdicts.count("ok"))
        if collector in self.works:
            return "works", ""
        return "failed", "no case, and no row of it"

    def save(self, directory, few=False):
        """Overwrite what a directory has of this machine and kernel. few: not all cases were run."""
        os.makedirs(directory, exist_ok=True)
        skips = {c: why for c, (v, why) in self.cases.items() if v == "skip"}
        data = {"label": self.label, "kernel": self.kernel, "few": few,
                "cases": sum(v == "ok" for v, _ in self.cases.values()),
                "skipped": skips,
                "cells": {c: {"is": self.cell(c)[0], "detail": self.cell(c)[1],
                              "lacks": self.states.get(c, ("", ""))[1]} for c in COLLECTORS}}
        with open(path_of(self.label, directory), "w", encoding="utf-8") as f:
            json.dump(data, f, indent=1, sort_keys=True)
            f.write("\n")

    def failed(self):
        """In words, for each collector."""
        return [f"{c}: {self.cell(c)[1]}" for c in COLLECTORS if self.cell(c)[0] == "failed"]

    def differences(self):
        """What is not as the results that are kept tell, as far as few cases can say."""
        if not os.path.exists(path_of(self.label)):  # a kernel that is new in the table
            return self.failed()
        with open(path_of(self.label), encoding="utf-8") as f:
            known = json.load(f)
        cells = known["cells"]
        now = {c: self.states.get(c, ("", ""))[0] == "unavailable" for c in COLLECTORS}
        weaker = [c for c in COLLECTORS if c in cells and cells[c]["is"] == "exact" and
                  self.cell(c)[0] == "works"]
        return self.failed() + [f"{c}: no case of it passed, but known as exact" for c in weaker] + [
            f"{c}: {'unavailable' if now[c] else 'there'}, but known as {cells[c]['is']}"
            for c in COLLECTORS if c in cells and now[c] != (cells[c]["is"] == "unavailable")]


def order(result):
    """By machine, then by version."""
    machine = result["label"].split()[0]
    machines = ["svm", "vmx", "pvm", "arm64", "riscv64"]
    return (machines.index(machine) if machine in machines else 99,
            [int(n) for n in re.findall(r"\d+", result["kernel"])], result["label"])


def saved():
    results = []
    for path in glob.glob(os.path.join(RESULTS, "*.json")):
        with open(path, encoding="utf-8") as f:
            results.append(json.load(f))
    return sorted(results, key=order)


INTRO = """# Kernels and processors

What works where, as tested: `tests/vm/matrix.py` makes this page of what the VM tests found
(`tests/vm/results/`; `./dev test vm --matrix` writes both), and a test holds it equal to that. The kernels are stock
ones of Debian, run as `tests/vm/kernels` says, with why each was chosen; but for PVM's, which is the one
of a machine that has it (`./dev test poor`). Results that took only few cases of each collector say so.

- **exact**: cases, so many, hold its figures against a guest with exactly known behaviour, KVM's own statistics or
  the kernel's trace. Counts must be equal; times that two clocks have measured, as close as the case says.
- **works**: rows of what a guest did were seen; no case holds them against an oracle there.
- **–**: unavailable; the tool says so and why, and so does this page, below.
- \\*: less than elsewhere; what it lacks is below.

"""

MACHINES = {"svm": "AMD SVM (QEMU's emulation)", "vmx": "Intel VMX (Bochs' emulation)",
            "pvm": "PVM, without hardware virtualization", "arm64": "arm64 (QEMU's emulation)",
            "riscv64": "riscv64, H extension (QEMU's emulation)"}


def text_of_cell(cell):
    star = "\\*" if cell["lacks"] and cell["is"] in ("exact", "works") else ""
    return {"exact": f"exact {cell['detail']}", "works": "works", "unavailable": "–",
            "failed": "**failed**"}[cell["is"]] + star


def rows_of(results):
    yield "| | " + " | ".join(r["label"].split(" ", 1)[1] for r in results) + " |"
    yield "|--|" + "--|" * len(results)
    for c in COLLECTORS:
        yield f"| {c} | " + " | ".join(text_of_cell(r["cells"][c]) for r in results) + " |"


def grouped(pairs):
    """{text: [names]} in order of first appearance."""
    groups = {}
    for text, name in pairs:
        groups.setdefault(text, []).append(name)
    return groups


def untested(machine, results):
    """Kernels of the table that no results are kept of."""
    known = {r["label"] for r in results}
    for k in lab.kernels(machine):
        if label_of(k) not in known:
            yield f"- {label_of(k).split(' ', 1)[1]} has no results yet. It is in the table for this: {k.why}."


def lacks_of(results):
    """What each collector lacks, and where."""
    for c in COLLECTORS:
        lacks = grouped((text, r["label"].split(" ", 1)[1]) for r in results
                        if r["cells"][c]["lacks"] or r["cells"][c]["is"] == "failed"
                        for text in (r["cells"][c]["lacks"] or r["cells"][c]["detail"]).split("; "))
        if lacks:
            yield f"- {c}:"
        for text, labels in lacks.items():
            yield f"  - {', '.join(labels)}: {text}."


def page():
    """The text of docs/kernels.md."""
    lines, results = [INTRO], saved()
    for machine, name in MACHINES.items():
        of = [r for r in results if r["label"].split()[0] == machine]
        if not of:
            continue
        lines.append(f"## {name}\n")
        lines += list(rows_of(of)) + [""]
        lines += [f"- {r['label'].split(' ', 1)[1]} is {r['kernel']}: {r['cases']} cases passed" +
                  (", few of each collector." if r["few"] else ".") for r in of] + [""]
        lines += list(untested(machine, of))
        lines += list(lacks_of(of))
        skips = grouped((why, f"{r['label'].split(' ', 1)[1]} {case}") for r in of
                        for case, why in sorted(r["skipped"].items()))
        lines += [f"- skipped: {', '.join(names)}: {why}." for why, names in skips.items()] + [""]
    return "\n".join(lines).rstrip() + "\n"


def is_written():
    with open(PAGE, encoding="utf-8") as f:
        return f.read() == page()


def write_page():
    with open(PAGE, "w", encoding="utf-8") as f:
        f.write(page())


if __name__ == "__main__":
    write_page()
