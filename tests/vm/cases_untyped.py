# SPDX-License-Identifier: Apache-2.0
"""VM tests of kernels that do not tell the types of KVM's modules, although they could: what is
known without them is counted, and the rest is said to be missing.

The modules are loaded again without what tells their types. May know about: what collectors lack
there. To extend: a function case_COLLECTOR_untyped.
"""
# pylint: disable=wildcard-import,unused-wildcard-import
import contextlib
import glob
import os
import subprocess
import tempfile

from harness import *

UNKNOWN = "UNKNOWN(0xfffffffe)"  # kvm_exit does not pass the reason, and where it is is not told


def run(*command):
    subprocess.run(command, check=True)


def unload():
    for m in ("kvm_amd", "kvm"):
        if os.path.exists(f"/sys/module/{m}"):
            run("/bin/busybox", "rmmod", m)


@contextlib.contextmanager
def without_types():
    """KVM's modules, as a kernel has them that is built without types of modules."""
    if not TYPED:
        raise Skip("this kernel never tells types of modules: all cases are of those")
    if not glob.glob("/sys/kernel/btf/kvm"):
        raise Skip("KVM is built into this kernel, which tells its own types")
    with tempfile.TemporaryDirectory() as d:
        unload()
        try:
            for m in ("kvm", "kvm-amd"):
                path, = glob.glob(f"/lib/modules/{os.uname().release}/kernel/arch/x86/kvm/{m}.ko")
                run("objcopy", "-R", ".BTF", "-R", ".BTF.base", path, f"{d}/{m}.ko")
                run("/bin/busybox", "insmod", f"{d}/{m}.ko")
            equal(glob.glob("/sys/kernel/btf/kvm*"), [], "types of KVM's modules")
            yield
        finally:
            unload()
            run("/bin/busybox", "modprobe", "kvm_amd")


def case_exits_untyped():
    """Each exit is counted, with its vCPU and the parts of its time; not by reason."""
    n = 211
    with without_types():
        for kind in ("cpuid", "out", "hlt", "touch", "nested"):
            with Guest("-k", kind, "-n", n, "-v", 2) as g, Watch() as w:
                results = g.run()
                objects = w.finish()
                g.end()
            rows = rows_of(objects)
            check_against_kvm(rows, results)
            check_split(rows)
            no_losses(objects)
            equal({r["reason"] for r in rows} - {"FASTPATH"}, {UNKNOWN}, f"reasons of {kind}")
            # one of a guest that has no page tables for its own guest does not tell L2 from L1
            equal({r["level"] for r in rows} - {None}, {1}, f"levels of {kind}")
            if kind == "hlt":
                assert total(rows, "halted_ns") > 0, "no halted time"


def case_halt_untyped():
    """Each wake-up is counted, as the kernel counts them."""
    n, event = 60, "kvm/kvm_vcpu_wakeup"
    with without_types(), Guest("-k", "hlt", "-n", n, "-v", 2, "-t", 200000) as g, Counts(event) as c:
        tids = g.vcpu_threads()
        with Watch(what="halt") as w:
            results = g.run()
            rows = rows_of(w.finish(), "halt")
        for v, tid in enumerate(tids):
            equal(total(rows, vcpu=v), c.of(event, [tid]), f"wake-ups of vCPU {v}")
        g.end()
    assert total(rows) > 0, f"no wake-ups: {results}"


def case_irq_untyped():
    """Injections are the interrupts that the guest took; who raised and ended them is not known, and
    said not to be."""
    with without_types(), Guest("-k", "msi", "-n", 44, "-v", 2) as g:
        with Watch(what="irq") as w:
            results = g.run()
            objects = w.finish()
        g.end()
    rows = rows_of(objects, "irq-vectors")
    for r in results:
        for vector, n in ((int(k, 0), n) for k, n in r["vectors"].items()):
            mine = matching(rows, vcpu=r["vcpu"], vector=vector)
            equal(total(mine, "injected"), n, f"vector {vector:#x} of vCPU {r['vcpu']}")
    equal({r["eois"] for r in rows} | {r["accepted"] for r in rows}, {None}, "what is not known")
    table = [o for o in objects if o["collector"] == "irq"]
    assert table and all("interrupts accepted" in o["unavailable"] for o in table), table


def case_untyped_says_why():
    """What needs types is unavailable, for that reason; it is no empty table."""
    with without_types():
        p = subprocess.run([WATCHER, "stat", "timer", "-t", "0.1"], capture_output=True, text=True,
                           check=False)
    equal(p.returncode, 3, "exit code")
    assert "does not tell the types of KVM's modules" in p.stderr, p.stderr
