# SPDX-License-Identifier: Apache-2.0
"""The machines of the lab: which processor has which KVM, emulated by what.

May know about: one machine's emulator, its kernels' packages, its root file system.
To extend: a class below QemuBoot (qemu.py), or below Boot (boot.py) if it is not QEMU, and its
name in MACHINES.
"""
import re
import threading

import packages
from qemu import QemuBoot

def tsc_khz():
    """TCG's guest TSC is this machine's. Linux's bogomips is twice the TSC's MHz."""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        m = re.search(r"^bogomips\s*:\s*([0-9.]+)", f.read(), re.M)
    return int(float(m.group(1)) * 500) if m else 0


class Svm(QemuBoot):
    """AMD's SVM with nested paging, as QEMU's emulation has it; its root is this machine's own."""
    flavours = {"cloud": "cloud-amd64", "generic": "amd64"}
    kvm = "kvm-amd"
    # One thread for all CPUs: with one each, two VMs that exit to user space at once corrupt the
    # lab kernel's memory within seconds (QEMU 10.0; panics "corrupted stack end", guests shut down).
    accel = "tcg,thread=single"

    @classmethod
    def fetch(cls):
        return packages.fetch_qemu()

    def qemu(self):
        return self.fetch() + ["-machine", "q35,usb=off,vmport=off", "-cpu", "EPYC"]

    @property
    def append(self):
        # with icount the TSC counts instructions, too: 1 GHz
        khz = 1000000 if self.o.icount else tsc_khz()
        return f"tsc=reliable no_timer_check {f'tsc_early_khz={khz}' if khz else ''}"

    def started(self):
        super().started()
        if not self.o.icount:  # there a lab that idles does not sleep
            threading.Thread(target=self.poke, daemon=True).start()

    def poke(self):
        """An interrupt per second: QEMU 10.0's SVM emulation sometimes loses the one of the timer
        (svm_helper.c changes interrupt_request without the lock), and a lab that idles then sleeps
        for ever. Any further interrupt delivers the lost one."""
        while not self.over.wait(1) and self.tell("0"):
            pass


MACHINES = {"svm": Svm}
