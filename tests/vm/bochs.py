# SPDX-License-Identifier: Apache-2.0
"""A boot of the lab in Bochs, which emulates Intel processors with VMX.

Bochs has no virtio: the lab boots from a CD, and has its root on it, under a tmpfs overlay: the
programs named here with what they need, what git knows of the current directory, and the programs
of directories that the command's environment names. Output and exit code come by serial ports.

May know about: Bochs, isolinux, xorriso. Nothing of what runs in the lab.
To extend: a program that commands need is an entry of PROGRAMS.
"""
import glob
import os
import re
import shlex
import subprocess
import sys
import threading
import time

import images
import packages
from boot import Boot
from packages import LabError

PROGRAMS = ["/usr/bin/python3", "/usr/bin/bash", "/usr/bin/env", "/usr/bin/busybox",
            "/usr/bin/taskset", "/usr/bin/chrt", "/usr/sbin/bpftool"]
# serial ports: the console, and what the command leaves
PORTS = ("console", "out", "err", "rc")
EARLY_MODULES = ["ata_piix", "sr_mod", "isofs", "overlay"]
INIT = r"""#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
fail() { echo "lab: failed: $*"; sleep 1000; }
for m in MODULES; do case $m in kvm*) ;; *) modprobe $m ;; esac; done
i=0; while [ ! -e /dev/sr0 ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done
mount -t iso9660 -o ro /dev/sr0 /lower || fail "the root cannot be mounted"
mount -t tmpfs -o size=75%,mode=755 over /over
mkdir /over/up /over/work
mount -t overlay -o lowerdir=/lower,upperdir=/over/up,workdir=/over/work overlay /new || fail "no overlay"
cd /new
mkdir -p dev sys proc run tmp root etc
for d in dev sys proc; do mount --move /$d /new/$d; done
mkdir -p dev/shm dev/pts
mount -t tmpfs run run; mount -t tmpfs shm dev/shm; mount -t devpts devpts dev/pts
mount -t tracefs tracefs sys/kernel/tracing; mount -t debugfs debugfs sys/kernel/debug
mount -t bpf bpf sys/fs/bpf; mount -t cgroup2 cgroup2 sys/fs/cgroup
ln -sf /proc/self/fd dev/fd; ln -sf /proc/self/fd/0 dev/stdin
ln -sf /proc/self/fd/1 dev/stdout; ln -sf /proc/self/fd/2 dev/stderr
ifconfig lo 127.0.0.1 up; hostname lab
. lab/early
exec switch_root /new /bin/bash /lab/main
"""
MAIN = r"""
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LANG=C.UTF-8 TERM=dumb KVMW_LAB=$(uname -r)
ulimit -l unlimited; ulimit -c 0; ulimit -n 65536
for i in 1 2 3; do stty raw -echo 115200 </dev/ttyS$i; done
setsid /usr/bin/env --default-signal=INT,QUIT "$@" </dev/null >/dev/ttyS1 2>/dev/ttyS2
echo rc=$? >/dev/ttyS3 # after what the ports before have still to send, as their end waits for it
sleep 100000
"""
# What makes the boot short: no self-tests, no certificates, no clock that is not emulated well.
APPEND = ("console=ttyS0,115200 loglevel=5 8250.nr_uarts=4 mitigations=off nokaslr no_timer_check "
          "cryptomgr.notests initcall_blacklist=load_system_certificate_list,blacklist_init,"
          "jent_mod_init hpet=disable edd=off rcupdate.rcu_expedited=1 random.trust_cpu=on")
BOCHSRC = """\
plugin_ctrl: unmapped=0, biosdev=0, speaker=0, extfpuirq=1, parallel=0, serial=1, gameport=0, iodebug=0
display_library: rfb, options="timeout=0"
romimage: file={share}/BIOS-bochs-latest
vgaromimage: file={share}/VGABIOS-lgpl-latest
cpu: model={cpu}, count={smp}, ips=200000000, reset_on_triple_fault=0, ignore_bad_msrs=1, cpuid_limit_winnt=0
memory: guest={mem}, host={mem}
{ports}
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path={dir}/cd, status=inserted
boot: cdrom
clock: sync=none, time0=local
vga: extension=none, update_freq=1
log: {dir}/bochs.log
panic: action=fatal
error: action=report
info: action=report
debug: action=ignore
"""


def libraries(programs):
    """What the loader would load for them."""
    p = subprocess.run(["ldd", *programs], text=True, check=False, stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL)
    return set(re.findall(r"(/\S+) \(0x", p.stdout))


def programs_of(directory):
    """Of a build: what it installs and what its tests run in the lab."""
    found = glob.glob(directory + "/*") + glob.glob(directory + "/tests/*")
    return [p for p in found if os.path.isfile(p) and os.access(p, os.X_OK) and
            not re.match(r"unit-|golden", os.path.basename(p))]


class Vmx(Boot):
    """Intel's VMX with EPT, as Bochs emulates it. The flavour is the processor's: with or without
    a log of page modifications (PML)."""
    flavours = {"cloud": "cloud-amd64", "pml": "cloud-amd64"}
    kvm = "kvm-intel"
    smp, mem = 1, 768
    # This one's posted interrupts are refused when a VM is entered: KVM is told to do without.
    processors = {"cloud": ("broadwell_ult", ""), "pml": ("corei7_skylake_x", "enable_apicv=0")}

    @classmethod
    def fetch(cls):
        # 2.7 is half as fast, and with 3.1 Linux does not boot
        return packages.fetch_tree("bochs", "amd64", "trixie", [
            "bochs", "bochs-term", "bochsbios", "vgabios", "isolinux", "syslinux-common", "xorriso"])

    @classmethod
    def kernel_dir(cls, series, flavour=None):
        cls.flavour(flavour)
        return super().kernel_dir(series, "cloud")

    @classmethod
    def fetch_kernel(cls, series, flavour=None):
        cls.flavour(flavour)
        return super().fetch_kernel(series, "cloud")

    def __init__(self, opts):
        if opts.tty or opts.rw or opts.nodes > 1 or opts.icount:
            raise LabError("no --tty, --rw, --nodes or --icount on this machine")
        super().__init__(opts)
        self.tree = self.fetch()
        self.processor, arguments = self.processors[self.flavour(opts.flavour)]
        opts.kvm_args = f"{arguments} {opts.kvm_args}"
        self.over = threading.Event()
        self.thread = None

    def in_tree(self, program, *args):
        """The command of a program of the tree, with the tree's own libraries."""
        libs = self.tree + "/usr/lib/x86_64-linux-gnu"
        return [libs + "/ld-linux-x86-64.so.2", "--library-path", libs,
                f"{self.tree}/usr/bin/{program}", *args]

    # ---- the CD ----

    def write(self, name, text):
        with open(f"{self.dir}/{name}", "w", encoding="utf-8") as f:
            f.write(text)

    def root(self):
        """{path inside: path outside} of the root's files and directories."""
        top = os.getcwd()
        known = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-zco",
                                "--exclude-standard"], cwd=top, text=True, check=True,
                               stdout=subprocess.PIPE).stdout
        named = [e.split("=", 1)[1] for e in self.o.env if os.path.isdir(e.split("=", 1)[1])]
        programs = PROGRAMS + [p for d in named for p in programs_of(os.path.realpath(d))]
        python = glob.glob("/usr/lib/python3.*")
        loaded = libraries(programs + [p for d in python for p in glob.glob(d + "/lib-dynload/*.so")])
        files = {p: os.path.realpath(p) for p in [*programs, *python, *loaded] if os.path.exists(p)}
        files |= {f"{top}/{f}": f"{top}/{f}" for f in known.split("\0")
                  if f and os.path.exists(f"{top}/{f}")}
        merged = {re.sub(r"^/(bin|sbin|lib|lib64)/", r"/usr/\1/", inside): outside
                  for inside, outside in files.items()}
        return merged | self.links(merged)

    def links(self, files):
        """busybox' applets, where there is nothing better, and the names of before usrmerge."""
        os.mkdir(self.dir + "/links")
        applets = subprocess.run([self.busybox(), "--list"], text=True, check=True,
                                 stdout=subprocess.PIPE).stdout.split()
        targets = {f"/usr/bin/{a}": "busybox" for a in applets
                   if not {f"/usr/bin/{a}", f"/usr/sbin/{a}"} & set(files)}
        targets |= {f"/{d}": f"usr/{d}" for d in ("bin", "sbin", "lib", "lib64")}
        links = {}
        for inside, target in targets.items():
            links[inside] = f"{self.dir}/links/{len(links)}"
            os.symlink(target, links[inside])
        return links

    def boot_files(self):
        """The same of what isolinux boots, and of what the lab's init runs."""
        modules = [self.kvm, *self.o.module] if not self.o.no_kvm else self.o.module
        initrd = images.image(self.kdir, self.release, self.busybox(), "cd", EARLY_MODULES + modules,
                              INIT, ("lower", "over", "new"))
        self.write("isolinux.cfg", "DEFAULT lab\nPROMPT 0\nTIMEOUT 1\nLABEL lab\n KERNEL vmlinuz\n"
                   f" INITRD initrd\n APPEND {APPEND} {self.o.append}\n")
        self.write("early", self.modprobe())
        self.write("main", self.script() + MAIN)
        lib = self.tree + "/usr/lib"
        return {"/isolinux/isolinux.bin": lib + "/ISOLINUX/isolinux.bin",
                "/isolinux/ldlinux.c32": lib + "/syslinux/modules/bios/ldlinux.c32",
                "/isolinux/isolinux.cfg": self.dir + "/isolinux.cfg",
                "/isolinux/vmlinuz": self.kdir + "/vmlinuz", "/isolinux/initrd": initrd,
                "/lab/early": self.dir + "/early", "/lab/main": self.dir + "/main"}

    def prepare(self):
        files = self.root() | self.boot_files()
        self.write("files", "".join(f"{a}={b}\n" for a, b in files.items()))
        p = subprocess.run(self.in_tree(
            "xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", self.dir + "/cd",
            "-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat", "-no-emul-boot",
            "-boot-load-size", "4", "-boot-info-table", "-graft-points", "-path-list",
            self.dir + "/files"), text=True, check=False, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        if p.returncode:
            raise LabError(f"xorriso made no CD: {p.stdout[-1000:]}")
        ports = "\n".join(f"com{i}: enabled=1, mode=file, dev={self.dir}/{name}"
                          for i, name in enumerate(PORTS, 1))
        self.write("bochsrc", BOCHSRC.format(share=self.tree + "/usr/share/bochs", ports=ports,
                                             cpu=self.processor, smp=self.o.smp, mem=self.o.mem,
                                             dir=self.dir))
        self.write("debugger", "c\n")  # Debian's Bochs has one, and waits in it
        for name in PORTS:
            self.write(name, "")

    # ---- while it runs ----

    def command_line(self):
        # its only display that needs no other program listens on a port: in a network of its own
        return ["unshare", "-n", "env", f"BXSHARE={self.tree}/usr/share/bochs",
                f"LTDL_LIBRARY_PATH={self.tree}/usr/lib/x86_64-linux-gnu/bochs/plugins",
                *self.in_tree("bochs-bin", "-q", "-rc", self.dir + "/debugger", "-f",
                              self.dir + "/bochsrc")]

    def started(self):
        self.thread = threading.Thread(target=self.follow)
        self.thread.start()

    def follow(self):
        """Pass on what the command prints, and end Bochs, which does not do so itself."""
        ports = [(open(f"{self.dir}/{n}", "rb"), s)
                 for n, s in (("out", sys.stdout.buffer), ("err", sys.stderr.buffer))]
        while True:
            last = self.over.is_set()
            dead = self.exit_code() is not None or self.is_lost()
            for port, sink in ports:
                self.pass_on(port, sink, last)
            if last:
                return
            if dead:
                self.vm.kill()
            time.sleep(0.1)

    @staticmethod
    def pass_on(port, sink, last):
        """Whole lines, as both ports may lead to the same place."""
        data = port.read()
        whole = len(data) if last else data.rfind(b"\n") + 1
        port.seek(whole - len(data), os.SEEK_CUR)
        sink.write(data[:whole])
        sink.flush()

    def is_lost(self):
        with open(self.dir + "/console", encoding="utf-8", errors="replace") as f:
            return re.search(r"Kernel panic|^lab: failed", f.read(), re.M)

    def ended(self):
        self.over.set()
        if self.thread:
            self.thread.join()

    def exit_code(self):
        with open(self.dir + "/rc", encoding="utf-8", errors="replace") as f:
            m = re.search(r"rc=(\d+)\n", f.read())
        return int(m.group(1)) if m else None
