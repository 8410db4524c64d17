# SPDX-License-Identifier: Apache-2.0
"""VM tests of what is riscv's: exits by scause, calls of SBI, and what exits are about.

May know about: the command line and the JSON of kvm_watcher, the guests. Nothing of its code.
To extend: a function case_COLLECTOR_… (see inside.py).
"""
# pylint: disable=wildcard-import,unused-wildcard-import
import json
import os
import subprocess

from harness import *

COMPILER = "/proc/sys/net/core/bpf_jit_enable"
# Newer kernels refuse programs where the BPF compiler is off, as it is by default; 6.12 does not,
# and so is watched as it comes.
NEEDS_COMPILER = os.environ.get("KVMW_SERIES") != "6.12"


def switch_compiler(on):
    with open(COMPILER, "w", encoding="ascii") as f:
        f.write("1" if on else "0")


if os.uname().machine == "riscv64":
    switch_compiler(NEEDS_COMPILER)

FETCH, LOAD, STORE = (f"{a}_GUEST_PAGE_FAULT" for a in ("INST", "LOAD", "STORE"))
CALL, CSR = "SUPERVISOR_SYSCALL", "VIRTUAL_INST_FAULT"
# Kinds of guests, and how many exits of which reason each of their iterations makes.
REASONS = {
    "sbi": {CALL: 1}, "sbiuser": {CALL: 1}, "sbicalls": {CALL: 7}, "csr": {CSR: 1},
    "mmio": {LOAD: 1}, "mmiow": {STORE: 1}, "mmioev": {STORE: 1}, "touch": {STORE: 1},
    "touchr": {LOAD: 1}, "touchx": {FETCH: 1}, "wfi": {CALL: 1},
    "mix": {CALL: 2, CSR: 1, STORE: 1, LOAD: 1},
}
# What each round of the kind sbicalls asks for, and what the guest gets.
CALLS = {"BASE_GET_SPEC_VERSION": 0, "BASE_PROBE_EXTENSION": 0, "TIME_SET_TIMER": 0,
         "IPI_SEND_IPI": 0, "HSM_HART_GET_STATUS": 0, "0xbadca11:0": -2, "0x8000001:3": 0}


def case_check_tells_of_the_compiler():
    """Whether the BPF compiler is on; and what is unavailable without it."""
    try:
        for on in (False, True):
            switch_compiler(on)
            p = subprocess.run([WATCHER, "check", "-o", "jsonl"], capture_output=True, text=True,
                               check=False)
            rows = {r["what"]: r for r in map(json.loads, p.stdout.splitlines())}
            equal("BPF compiler" in rows, not on, "a row of the compiler")
            why = "the BPF compiler is off"
            equal((rows["exits"]["state"] == "unavailable", why in rows["exits"]["means"]),
                  (NEEDS_COMPILER and not on,) * 2, f"exits, compiler on: {on}: {rows['exits']}")
    finally:
        switch_compiler(NEEDS_COMPILER)


def case_exits_by_scause():
    n = 53
    for kind, reasons in REASONS.items():
        results, objects = watched("-k", kind, "-n", n, "-v", 2)
        rows = rows_of(objects)
        check_against_kvm(rows, results)
        for r in results:
            for name, times in reasons.items():
                equal(count(rows, vcpu=r["vcpu"], reason=name), n * times, f"{kind}: {name}")
            equal(count(rows, vcpu=r["vcpu"], reason="WFI"), r["stats"]["wfi_exit_stat"],
                  f"{kind}: WFI, as KVM counts it")
        equal({r["reason"] for r in rows if not r["reason"].startswith("IRQ_")} - {"WFI"},
              set(reasons), f"{kind}: reasons")
        equal({(r["isa"], r["level"]) for r in rows}, {("riscv", 1)}, "isa and level")
        if kind in ("mmio", "mmiow", "sbiuser"):
            equal(sum(r["user_exits"] for r in results), 2 * n, f"{kind}: exits to user space")
            assert sum(r["vmm_ns"] for r in rows) > 0, f"{kind}: no VMM time"
        check_split(rows)
        no_losses(objects)


def case_hypercall_sbi():
    n = 17
    results, objects = watched("-k", "sbicalls", "-n", n, what="hypercall")
    rows = rows_of(objects, "hypercall")
    equal({r["name"]: (r["api"], r["count"], r["exits"]) for r in rows},
          {name: ("sbi", n, n) for name in CALLS}, "calls")
    equal(results[0]["returned"], list(CALLS.values()), "what the guest was told")
    assert total(rows, "vmm_ns", name="0x8000001:3") > 0, "no VMM time"
    equal(total(rows, "vmm_ns"), total(rows, "vmm_ns", name="0x8000001:3"), "others' VMM time")
    no_losses(objects)


def case_hypercall_sbi_results():
    n = 5
    _, objects = watched("-k", "sbicalls", "-n", n, what="hypercall", verb="trace")
    events = rows_of(objects, "hypercall")
    equal([e["name"] for e in events], list(CALLS) * n, "calls, in order")
    told = {name: "-2 NOT_SUPPORTED" if ret else "0" for name, ret in CALLS.items()}
    equal({e["name"]: e["result"] for e in events}, told, "results")


def case_io_csrs():
    n = 31
    _, objects = watched("-k", "mix", "-n", n, "-v", 2, what="io")
    rows = rows_of(objects, "io")
    for v in (0, 1):
        for what, detail in (("csr-read", "0xc00 CYCLE"), ("mmio-read", "0x3ff00000"),
                             ("mmio-write", "0x3ff00000")):
            equal(total(rows, vcpu=v, what=what, detail=detail), n, f"{what} of vCPU {v}")
        equal(len({r["rip"] for r in rows if r["vcpu"] == v and r["what"] == "csr-read"}), 1, "RIPs")
    equal(total([r for r in rows if r["rip"] and r["what"] == "to-user"]), 4 * n + 2,
          "exits to user space, the last ones included")


def case_mmio_by_riscv():
    n = 19
    for kind, access, by in (("mmior", "read", "vmm"), ("mmiow", "write", "vmm"),
                             ("mmioev", "write", "ioeventfd"), ("mmioev0", "write", "ioeventfd")):
        results, objects = watched("-k", kind, "-n", n, "-v", 2, what="mmio")
        rows = [r for r in rows_of(objects, "mmio") if r["page"] != "0x3ff01000"]
        equal({(r["vcpu"], r["access"], r["by"], r["count"]) for r in rows},
              {(v, access, by, n) for v in (0, 1)}, kind)
        stat = "mmio_exit_user" if by == "vmm" else "mmio_exit_kernel"
        equal({r["stats"][stat] - (by == "vmm") for r in results}, {n}, f"{kind}: KVM's statistics")


def case_faults_by_riscv():
    n = 23
    for kind, access in (("touch", "write"), ("touchr", "read"), ("touchx", "exec")):
        _, objects = watched("-k", kind, "-n", n, "-v", 2, what="faults")
        rows = rows_of(objects, "faults")
        for v in (0, 1):
            equal(total(rows, vcpu=v, access=access, result="mapped"), n, f"{kind} of vCPU {v}")
        equal(total(rows, result="mapped"), 2 * n, f"{kind}: all pages that were mapped")
        pages = {r["page"] for r in rows_of(objects, "faults-pages")}
        equal(pages - {"0x3ff01000"}, {f"{0x20000000 + 4096 * i:#x}" for i in range(2 * n)}, "pages")
    _, objects = watched("-k", "mmio", "-n", n, what="faults")
    equal(total(rows_of(objects, "faults"), access="read", result="mmio"), n, "MMIO")
