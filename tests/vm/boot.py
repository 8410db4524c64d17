# SPDX-License-Identifier: Apache-2.0
"""One boot of the lab: what is the same on every machine.

A machine is a class below Boot that says which kernels it boots, and how; its instance is one boot
of it. May know about: kernels' directories, the command line's options. Nothing of any emulator.
To extend: see machines.py.
"""
import ctypes
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap

import images
import packages
from packages import LabError

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../.."))
EXIT_TIMEOUT, EXIT_LAB = 124, 125


class Boot:
    """What a machine says of itself:

    arch: Debian's name of its architecture.
    flavours: by flavour of a kernel, how the name of its package ends; the first is the default.
    kvm: the module that makes /dev/kvm, or None where it is built in.
    smp, mem: CPUs and MiB, unless the command line says otherwise.
    """
    arch = "amd64"
    flavours = {}
    kvm = None
    smp, mem = 2, 3072

    # ---- what a machine may do in its own way ----

    @classmethod
    def fetch(cls):
        """Fetch the emulator and the root, or say why they cannot be had."""

    @classmethod
    def busybox(cls):
        """The path, outside, of a static one that runs inside."""
        return shutil.which("busybox")

    def prepare(self):
        """Make all that the emulator needs, in self.dir."""

    def command_line(self):
        """The emulator's; its console goes to the file `console` in self.dir."""
        raise NotImplementedError

    def started(self):
        """The emulator runs: connect with it."""

    def ended(self):
        """The emulator has ended, or there will be none: pass on what is left of the output."""

    def send_signal(self, name):
        """Pass a signal on to the command inside; says whether that could be done."""
        return False

    def exit_code(self):
        """The command's, or None."""
        raise NotImplementedError

    # ---- the same for all ----

    def __init__(self, opts):
        if os.geteuid():
            raise LabError("only root can share this machine's root file system with the lab")
        self.o = opts
        self.kdir = self.fetch_kernel(opts.kernel, opts.flavour)
        with open(self.kdir + "/release", encoding="utf-8") as f:
            self.release = f.read()
        if opts.headers:
            packages.fetch_headers(self.kdir, self.release, self.arch)
        self.fetch()
        self.dir = tempfile.mkdtemp(prefix="kvmw-lab.")
        self.procs = []
        self.vm = None
        self.interrupts = 0

    @classmethod
    def flavour(cls, name):
        """The flavour of this name, or the default one."""
        name = name or next(iter(cls.flavours))
        if name not in cls.flavours:
            raise LabError(f"no flavour {name}; there are: {', '.join(cls.flavours)}")
        return name

    @classmethod
    def kernel_dir(cls, series, flavour=None):
        return packages.kernel_dir(cls.arch, series, cls.flavour(flavour))

    @classmethod
    def fetch_kernel(cls, series, flavour=None):
        flavour = cls.flavour(flavour)
        return packages.fetch_kernel(cls.arch, series, flavour, cls.flavours[flavour])

    def script(self, env=()):
        """The start of a shell script inside: the directory, the environment, the command as $@."""
        env = [*env, *self.o.env, f"KVMW_MACHINE={self.o.machine}", f"KVMW_SERIES={self.o.kernel}",
               f"KVMW_KERNEL={self.kdir}/vmlinuz",
               f"KVMW_GUEST={images.guest(self.kdir, self.release, self.busybox())}"]
        return f"cd {shlex.quote(os.getcwd())} 2>/dev/null || cd /\n" + \
            "".join(f"export {shlex.quote(e)}\n" for e in env) + \
            f"set -- {' '.join(shlex.quote(a) for a in self.o.command)}\n"

    def modprobe(self):
        """Lines of a shell script inside that load modules."""
        kvm = [f"modprobe {self.kvm} {self.o.kvm_args}"] if self.kvm and not self.o.no_kvm else []
        return "".join(f"{line}\n" for line in kvm + [f"modprobe {m}" for m in self.o.module])

    def spawn(self, command, log):
        with open(log, "w", encoding="utf-8") as f:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=f, stderr=f,
                                    start_new_session=True, preexec_fn=dies_with_us)

    def interrupt(self, *_):
        """Pass an interrupt on to the command in the lab; a second one ends the lab."""
        self.interrupts += 1
        if not self.send_signal("INT") or self.interrupts > 1:
            self.vm.kill()

    def wait(self):
        """Until the emulator ends; says whether it had to be killed for taking too long."""
        signal.signal(signal.SIGINT, self.interrupt)
        for ending in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, lambda *_: self.vm.kill())
        try:
            self.vm.wait(self.o.timeout or None)
            return False
        except subprocess.TimeoutExpired:
            self.vm.kill()
            self.vm.wait()
            return True

    def run(self):
        """Boot, run, clean up. Returns the command's exit code, EXIT_TIMEOUT or EXIT_LAB."""
        try:
            self.prepare()
            self.vm = self.spawn(self.command_line(), self.dir + "/emulator.log")
            self.started()
            timed_out = self.wait()
            self.ended()
            return self.verdict(timed_out)
        finally:
            self.ended()
            for p in self.procs:
                p.kill()
                p.wait()
            if self.o.log and os.path.exists(self.dir + "/console"):
                shutil.copy(self.dir + "/console", self.o.log)
            shutil.rmtree(self.dir)

    def verdict(self, timed_out):
        code = self.exit_code()
        if code is not None:
            return code
        if timed_out:
            print(f"lab: TIMEOUT: kernel {self.release} did not end within {self.o.timeout} s; "
                  f"its console ends:\n{tail(self.dir + '/console', 20)}", file=sys.stderr)
            return EXIT_TIMEOUT
        print(f"lab: FAILED: kernel {self.release} ended without an exit code of the command "
              f"(panic?); its console ends:\n{tail(self.dir + '/console', 30, 'Kernel panic|BUG:|Oops')}\n"
              f"{tail(self.dir + '/emulator.log', 5)}", file=sys.stderr)
        return EXIT_LAB


def dies_with_us():
    """For subprocess: a child that must not outlive this process, however that ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def tail(path, n, start=None):
    """The last n lines of a file, or n lines from the first one that matches start."""
    try:
        with open(path, encoding="utf-8", errors="backslashreplace") as f:
            lines = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", f.read()).splitlines()
    except OSError:
        return ""
    first = next((i for i, line in enumerate(lines) if start and re.search(start, line)), len(lines) - n)
    return textwrap.indent("\n".join(lines[max(first, 0):][:n]), "  | ")
