#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""In the lab: what a guest's CPUID exits take, unwatched and watched by each tool in turn.

Prints a JSON object per pair of runs: the round, the watcher, ns by the clock and of CPU time of
the vCPU's thread, how many exits the guest made and how many the watcher tells. Where the lab's
clock counts instructions, ns are instructions.

May know about: the guests and watchers of tests/vm/harness.py, the command lines of the peers.
To extend: a tool is a class with start() and stop(), and a line in WATCHERS.
"""
import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../tests/vm"))
from harness import ALL, Guest, Watch, count, rows_of  # noqa: E402

START_LIMIT = 300  # seconds


class Ours:
    """kvm_watcher stat."""

    def __init__(self, *options, what="exits"):
        self.options, self.what = options, what

    def start(self):
        self.watch = Watch(*self.options, what=self.what)

    def stop(self):
        with self.watch as w:
            return count(rows_of(w.finish()), reason="CPUID")


class Tool:
    """A command that says in its output when it is ready, and the counts when it is interrupted."""
    ready = ""

    def start(self):
        self.out = tempfile.NamedTemporaryFile("w+", suffix=".out")
        self.p = subprocess.Popen(self.command(), stdin=subprocess.PIPE, stdout=self.out,
                                  stderr=self.out)
        for _ in range(10 * START_LIMIT):
            if re.search(self.ready, self.text()) or self.p.poll() is not None:
                break
            time.sleep(0.1)
        if self.p.poll() is not None or not re.search(self.ready, self.text()):
            self.p.kill()
            raise RuntimeError(f"{self.p.args} did not start: {self.text()[-2000:]}")

    def text(self):
        with open(self.out.name, encoding="utf-8", errors="replace") as f:
            return f.read()

    def stop(self):
        self.p.send_signal(signal.SIGINT)
        self.p.wait(120)
        return self.counted()


def cpuid_samples(text):
    """Of perf's tables."""
    return sum(int(n) for n in re.findall(r"^\s*cpuid\s+(\d+)\s", text, re.M | re.I))


class PerfLive(Tool):
    """perf kvm stat live; a table a second, each of what came since the one before."""
    ready = "Analyze events"

    def command(self):
        return ["/usr/bin/perf", "kvm", "--host", "stat", "live"]

    def stop(self):
        time.sleep(2)  # for the next table
        return super().stop()

    def counted(self):
        return cpuid_samples(self.text())


class PerfRecord(Tool):
    """perf kvm stat record, with buffers for all events of a run; the report is not measured."""
    perf = ["/usr/bin/perf", "kvm", "--host"]

    def command(self):
        return [*self.perf, "stat", "record", "-o", self.file("data"), "-m", "8192", "-D", "-1",
                "--control", f"fifo:{self.file('control')},{self.file('ack')}"]

    def file(self, name):
        return os.path.join(self.directory.name, name)

    def start(self):
        self.directory = tempfile.TemporaryDirectory()
        for name in ("control", "ack"):
            os.mkfifo(self.file(name))
        super().start()
        with open(self.file("control"), "w", encoding="ascii") as f:
            f.write("enable\n")
        with open(self.file("ack"), encoding="ascii") as f:
            f.read(4)

    def counted(self):
        p = subprocess.run([*self.perf, "-i", self.file("data"), "stat", "report"],
                           capture_output=True, text=True, check=True)
        return cpuid_samples(p.stdout + p.stderr)


class Bcc(Tool):
    """bcc's kvmexit, mended. As shipped it wants an Intel processor, and takes the first argument
    of the raw tracepoint for the reason, which from Linux 5.16 on is the vCPU; it then counts
    none."""
    ready = "Hit Ctrl-C"
    path = "/usr/sbin/kvmexit-bpfcc"
    CPUID = 0x72  # of SVM

    def __init__(self, raw):
        self.raw = raw

    def reason(self):
        """The exit's reason by the vCPU that the tracepoint passes."""
        dump = subprocess.run(["/usr/sbin/bpftool", "-B", "/sys/kernel/btf/vmlinux", "btf", "dump",
                               "file", "/sys/kernel/btf/kvm_amd"], capture_output=True, text=True,
                              check=True).stdout
        bits = re.search(r"STRUCT 'vcpu_svm'.*\n(?:\t.*\n)*?\t'vmcb' .*bits_offset=(\d+)", dump)
        vmcb = int(bits.group(1)) // 8
        return ("({ u64 vmcb = 0; u32 code = 0; "
                f"bpf_probe_read_kernel(&vmcb, 8, (char *)ctx->args[0] + {vmcb}); "
                "bpf_probe_read_kernel(&code, 4, (char *)vmcb + 0x70); code; })")

    def command(self):
        with open(self.path, encoding="utf-8") as f:
            text = f.read()
        for old, new in (
                ('b"Intel" in arch_info', "True"),
                ("BPF.support_raw_tracepoint_in_module()", str(self.raw)),
                ('"ctx->args[0]"', repr(self.reason()) if self.raw else '""'),
                ("#define REASON_NUM 69", "#define REASON_NUM 160"),
                ('"TPAUSE"\n)', '"TPAUSE"\n) + tuple("CODE_%d" % n for n in range(69, 160))')):
            if old not in text:
                raise RuntimeError(f"{self.path} is not the version that this can mend: {old}")
            text = text.replace(old, new)
        self.script = tempfile.NamedTemporaryFile("w", suffix=".py")
        self.script.write(text)
        self.script.flush()
        return ["/usr/bin/python3", "-u", self.script.name]

    def counted(self):
        return sum(int(n) for n in re.findall(rf"\sCODE_{self.CPUID}\s+(\d+)", self.text()))


WATCHERS = {
    "stat exits": Ours(),
    "stat exits --sample 16": Ours("--sample", "16"),
    "stat exits --low-overhead": Ours("--low-overhead"),
    "stat exits --count-only": Ours("--count-only"),
    "stat, all collectors": Ours(what=ALL.replace(",cost", "")),  # to meter costs all others, too
    "perf kvm --host stat live": PerfLive(),
    "perf kvm --host stat record": PerfRecord(),
    "bcc kvmexit (raw tracepoint)": Bcc(True),
    "bcc kvmexit (tracepoint)": Bcc(False),
}


def run(kind, n, *options):
    """ns by the clock and of the vCPU's thread, of one run."""
    with Guest("-k", kind, "-n", n, "--times", *options) as g:
        t = g.run()[0]["times"]
        g.end()
    return {"wall": t["end"] - t["start"], "cpu": t["cpu"]}


def measure(watcher, n):
    """A run without and one with the watcher, and what that counted."""
    time.sleep(1)  # what is left of the one before goes on for a while
    base = run("cpuid", n)
    watcher.start()
    time.sleep(1)
    watched = run("cpuid", n)
    return {"exits": n, "unwatched": base, "watched": watched, "count": watcher.stop()}


def spin():
    """What the clock says of a guest's loop of 4 instructions."""
    n, spins = 2000, 10000
    long, short = (run("spin", n, "-s", s)["wall"] for s in (2 * spins, spins))
    return (long - short) / (n * spins)


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--exits", type=int, default=100000)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--watchers", default=".", help="those whose names match")
    o = p.parse_args()
    chosen = {n: w for n, w in WATCHERS.items() if re.search(o.watchers, n)}
    print(json.dumps({"release": os.uname().release, "spin": spin()}), flush=True)
    for i in range(o.rounds):
        for name, watcher in chosen.items():
            print(json.dumps({"round": i, "watcher": name, **measure(watcher, o.exits)}),
                  flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
