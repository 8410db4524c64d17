# SPDX-License-Identifier: Apache-2.0
"""The machines of the lab: which processor has which KVM, emulated by what.

May know about: one machine's emulator, its kernels' packages, its root file system.
To extend: a class below QemuBoot (qemu.py), or below Boot (boot.py) if it is not QEMU, and its
name in MACHINES.
"""
import hashlib
import os
import re
import shlex
import shutil
import stat
import threading
import time

import packages
from bochs import Vmx
from boot import TOP
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


class Foreign(QemuBoot):
    """A machine of another architecture: its root is a tree of Debian packages, with this machine's
    own directories in it, so that whatever is no system file has the same path inside and outside.

    suite: the release whose packages make the root; emulator: QEMU's command, and its package.
    """
    suite = ""
    emulator = ()
    PACKAGES = ["bash", "bpftool", "busybox-static", "coreutils", "findutils", "grep",
                "libpython3-stdlib", "mount", "python3-minimal", "sed", "usr-is-merged", "util-linux",
                # what kvm_watcher is linked with
                "libbpf1", "libelf1", "libjansson4", "libncursesw6", "libprotobuf-c1", "libsqlite3-0", "zlib1g"]
    SYSTEM = {"bin", "boot", "dev", "etc", "lost+found", "proc", "run", "sbin", "sys", "usr", "var"}

    @classmethod
    def fetch(cls):
        if not shutil.which(cls.emulator[0]):
            raise packages.LabError(f"no {cls.emulator[0]}; as root run: apt-get install "
                                    f"--no-install-recommends {cls.emulator[1]}")
        cls.root()

    @classmethod
    def root(cls):
        """One for each list of packages: another version of the lab may be using its own."""
        tag = hashlib.sha256(" ".join(cls.PACKAGES).encode()).hexdigest()[:12]
        tree = packages.fetch_tree(f"root-{cls.arch}-{tag}", cls.arch, cls.suite, cls.PACKAGES)
        packages.forget(f"root-{cls.arch}-*", tree)
        return tree

    @classmethod
    def busybox(cls):
        return cls.root() + "/usr/bin/busybox"

    @classmethod
    def own_directories(cls):
        """Of this machine: all that hold no system files, the project, and where we are."""
        top = [f"/{d}" for d in sorted(os.listdir("/")) if d not in cls.SYSTEM and
               not d.startswith("lib") and os.path.isdir(f"/{d}") and not os.path.islink(f"/{d}")]
        return top + [d for d in sorted({TOP, os.getcwd()}) if f"/{d.split('/')[1]}" not in top]

    def early(self):
        """As in the root, what is written there stays in the lab. It may have no clock of its own."""
        self.virtiofs("/", "labhost", "always")
        lines = [f"date -s @{int(time.time())} >/dev/null\n",
                 "mkdir /host; mount -t virtiofs -o ro labhost /host\n"]
        for i, d in enumerate(self.own_directories()):
            mode, d = stat.S_IMODE(os.stat(d).st_mode), shlex.quote(d)
            lines.append(f"mkdir -p .{d}; mkdir -m {mode:o} /over/up{i} /over/work{i}; "
                         "mount -t overlay -o "
                         f"lowerdir=/host{d},upperdir=/over/up{i},workdir=/over/work{i} overlay .{d}\n")
        return "".join(lines) + super().early()


class Arm64(Foreign):
    """KVM with the Virtualization Host Extensions, which it does without in the flavour nvhe; it is
    built into the kernel."""
    arch, suite = "arm64", "bookworm"
    flavours = {"cloud": "cloud-arm64", "16k": "arm64-16k", "generic": "arm64", "nvhe": "cloud-arm64"}
    emulator = "qemu-system-aarch64", "qemu-system-arm"
    console = "ttyAMA0"

    @classmethod
    def kernel_dir(cls, series, flavour=None):
        return super().kernel_dir(series, "cloud" if flavour == "nvhe" else flavour)

    @classmethod
    def fetch_kernel(cls, series, flavour=None):
        return super().fetch_kernel(series, "cloud" if flavour == "nvhe" else flavour)

    @property
    def append(self):
        return "mitigations=off" + (" kvm-arm.mode=nvhe" if self.o.flavour == "nvhe" else "")

    def qemu(self):
        return [self.emulator[0], "-machine", "virt,virtualization=on,gic-version=3",
                "-cpu", "max,pauth-impdef=on"]


class Riscv64(Foreign):
    """KVM with the hypervisor extension, which QEMU's generic processor has."""
    arch, suite = "riscv64", "trixie"
    flavours = {"generic": "riscv64"}
    emulator = "qemu-system-riscv64", "qemu-system-misc"
    kvm = "kvm"
    append = "cryptomgr.notests"

    def qemu(self):
        return [self.emulator[0], "-machine", "virt", "-cpu", "rv64"]


MACHINES = {"svm": Svm, "vmx": Vmx, "arm64": Arm64, "riscv64": Riscv64}
