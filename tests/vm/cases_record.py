# SPDX-License-Identifier: Apache-2.0
"""VM tests of recordings of a real KVM: what they show is what there was.

May know about: the command line and the JSON of kvm_watcher, the guests. Nothing of its code.
To extend: a function case_NAME (see inside.py).
"""
# pylint: disable=wildcard-import,unused-wildcard-import
import json
import os
import signal
import subprocess
import tempfile

from harness import *


def record(path, what, *guest, interval="0.5"):
    """Record while a guest runs; its results."""
    with Guest(*guest) as g:
        p = subprocess.Popen([WATCHER, "record", what, "-v", "--events", "-o", path, interval], text=True,
                             stderr=subprocess.PIPE)
        try:
            for line in p.stderr:
                if "counting since" in line:
                    break
            results = g.run()
            p.send_signal(signal.SIGINT)
            equal(p.wait(60), 0, "exit code of record")
        finally:
            if p.poll() is None:
                p.kill()
            p.wait()
        g.end()
    return results


def shown(path, *args):
    p = subprocess.run([WATCHER, *args, "-o", "jsonl", "--input", path], capture_output=True, text=True, check=False)
    equal((p.returncode, p.stderr), (0, ""), f"{args}: exit code and messages")
    return [json.loads(line) for line in p.stdout.splitlines()]


def case_recording():
    """Exits, their events and a report of a recording against KVM's statistics."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "recording")
        results = record(path, "exits,halt", "-k", "out", "-n", 211, "-v", 2)
        objects = shown(path, "stat")
        rows = rows_of(objects)
        equal(sum(r["count"] for r in rows), sum(r["exits"] - 1 for r in results), "all exits")
        for v in range(2):
            equal(sum(r["count"] for r in rows if r["vcpu"] == v and r["reason"] in IO), 211, f"IO of vCPU {v}")
        check_split(rows)
        no_losses(objects)
        whole = rows_of(shown(path, "report"))
        equal(sum(r["count"] for r in whole), sum(r["count"] for r in rows), "the report")
        events = [e for e in shown(path, "trace", "exits") if e["collector"] == "exits"]
        equal(len(events), sum(r["count"] for r in rows), "events")
        equal(sum(e["total_ns"] for e in events), sum(r["total_ns"] for r in rows), "times of the events")
        equal(len(shown(path, "list", "vms")), 1, "VMs")
