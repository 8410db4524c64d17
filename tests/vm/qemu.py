# SPDX-License-Identifier: Apache-2.0
"""A boot of the lab in QEMU.

The root file system comes through virtiofs, under a tmpfs overlay; a command's output and exit code
come back through virtio-serial ports.

May know about: QEMU, virtiofsd. Nothing of any one processor.
To extend: what all of QEMU's machines share goes here, the rest into machines.py.
"""
import contextlib
import os
import re
import select
import shlex
import signal
import socket
import sys
import termios
import threading
import time
import tty

import images
from boot import Boot, tail
from packages import LabError

VIRTIOFSD = "/usr/lib/qemu/virtiofsd"
MAIN = r"""
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root LANG=${LAB_LANG:-C.UTF-8} TERM=${LAB_TERM:-dumb} KVMW_LAB=$(uname -r)
ulimit -l unlimited; ulimit -c 0; ulimit -n 65536
for p in /sys/class/virtio-ports/*; do
	n=$(<$p/name); [ -n "$n" ] && declare port_${n#lab.}=/dev/${p##*/}
done
echo up >$port_rc
# what a script starts in the background would ignore SIGINT
run() { exec /run/busybox setsid $1 /usr/bin/env --default-signal=INT,QUIT "${@:2}"; }
if [ -e /dev/hvc0 ]; then
	exec 9<>/dev/hvc0 # or it would forget its size
	stty $LAB_SIZE <&9
	run -c "$@" </dev/hvc0 >/dev/hvc0 2>&1 &
else
	run "" "$@" </dev/null >$port_out 2>$port_err &
fi
pid=$!
while read -r what size; do
	if [ "$what" = size ]; then stty $size </dev/hvc0; else kill -$what -$pid; fi
done <$port_ctl 2>/dev/null &
wait $pid; rc=$?
echo rc=$rc >$port_rc
sync; echo b >/proc/sysrq-trigger
sleep 10
"""


class Terminal:
    """This terminal, for a command in the lab: raw from the first thing that it prints."""

    def __init__(self, path):
        self.path = path
        self.modes = None

    @staticmethod
    def size():
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
        return f"rows {rows} cols {columns}"

    @staticmethod
    def env():
        lang = next((os.environ[n] for n in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(n)), "C")
        return [f"LAB_TERM={os.environ.get('TERM', 'dumb')}", f"LAB_LANG={lang}",
                f"LAB_SIZE={Terminal.size()}", f"NO_COLOR={os.environ.get('NO_COLOR', '')}"]

    def relay(self):
        """Both ways, until the lab is gone."""
        with socket.socket(socket.AF_UNIX) as port, contextlib.suppress(OSError):
            port.connect(self.path)
            while True:
                ready = select.select([port] + [sys.stdin] * bool(self.modes), [], [])[0]
                if sys.stdin in ready:
                    port.sendall(os.read(sys.stdin.fileno(), 4096))
                if port in ready:
                    data = port.recv(65536)
                    if not data:
                        return
                    self.modes = self.modes or self.raw()
                    sys.stdout.buffer.write(data)
                    sys.stdout.flush()

    @staticmethod
    def raw():
        modes = termios.tcgetattr(sys.stdin)
        tty.setraw(sys.stdin)
        return modes

    def restore(self):
        if self.modes:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self.modes)


class QemuBoot(Boot):
    """What a machine says of itself, beside what every one does:

    console: the device of its first serial port.
    append: kernel parameters.
    accel: how QEMU's emulation uses threads.
    """
    console = "ttyS0"
    append = ""
    accel = "tcg,thread=multi"

    @classmethod
    def root(cls):
        """The directory outside that becomes the root."""
        return "/"

    def qemu(self):
        """QEMU's command and its options of this machine and processor."""
        raise NotImplementedError

    def __init__(self, opts):
        super().__init__(opts)
        self.args = []
        self.pumps = []
        self.over = threading.Event()
        self.control = None
        self.terminal = Terminal(self.dir + "/tty") if opts.tty else None

    # ---- what the lab is given ----

    def virtiofs(self, source, tag, cache):
        if not os.path.exists(VIRTIOFSD):
            raise LabError(f"no {VIRTIOFSD} (package qemu-system-common of Debian 12)")
        sock = f"{self.dir}/{tag}.sock"
        self.procs.append(self.spawn(
            [VIRTIOFSD, f"--socket-path={sock}", "-o", f"source={source}", "-o", "sandbox=chroot",
             "-o", f"cache={cache}", "--thread-pool-size=0"], sock + ".log"))
        self.args += ["-chardev", f"socket,id={tag},path={sock}",
                      "-device", f"vhost-user-fs-pci,chardev={tag},tag={tag}"]
        for _ in range(200):
            if os.path.exists(sock):
                return
            time.sleep(0.02)
        raise LabError(f"virtiofsd for {source} did not start: {tail(sock + '.log', 5)}")

    def port(self, name, kind):
        path = f"{self.dir}/{name}"
        if kind == "fifo":
            os.mkfifo(path)
            dev = f"file,id={name},path={path}"
        elif kind == "file":
            dev = f"file,id={name},path={path}"
        else:
            dev = f"socket,id={name},path={path},server=on,wait=off"
        self.args += ["-chardev", dev, "-device", f"virtserialport,chardev={name},name=lab.{name}"]

    def share(self, name, text):
        with open(f"{self.dir}/share/{name}", "w", encoding="utf-8") as f:
            f.write(text)

    def early(self):
        """A shell script inside, in the new root, before it becomes the root."""
        lines = []
        for i, d in enumerate(self.o.rw):
            self.virtiofs(os.path.realpath(d), f"labrw{i}", "none")
            lines.append(f"mount -t virtiofs labrw{i} .{shlex.quote(os.path.realpath(d))}\n")
        return "".join(lines) + self.modprobe()

    def prepare(self):
        os.mkdir(self.dir + "/share")
        self.virtiofs(self.root(), "labroot", "always")
        self.virtiofs(self.dir + "/share", "labrun", "none")
        self.virtiofs(self.kdir, "labkernel", "always")
        self.share("early", self.early())
        self.share("main", self.script(Terminal.env() if self.terminal else ()) + MAIN)
        self.args += ["-device", "virtio-serial-pci"]
        self.port("out", "fifo")
        self.port("err", "fifo")
        self.port("rc", "file")
        self.port("ctl", "socket")
        if self.terminal:
            self.args += ["-chardev", f"socket,id=tty,path={self.terminal.path},server=on,wait=off",
                          "-device", "virtconsole,chardev=tty"]
        for name, sink in (("out", sys.stdout.buffer), ("err", sys.stderr.buffer)):
            self.thread(self.pump, name, sink)

    def nodes(self):
        """NUMA nodes, each with its share of memory and CPUs."""
        args = []
        for i in range(self.o.nodes):
            first, last = (self.o.smp * k // self.o.nodes for k in (i, i + 1))
            args += ["-object", f"memory-backend-memfd,id=mem{i},share=on,"
                     f"size={self.o.mem // self.o.nodes}M",
                     "-numa", f"node,nodeid={i},cpus={first}-{last - 1},memdev=mem{i}"]
        return args

    def command_line(self):
        o = self.o
        accel = ["tcg,thread=single", "-icount", "shift=0,sleep=off"] if o.icount else [self.accel]
        return [*self.qemu(), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-accel", *accel, "-smp", str(o.smp), "-m", str(o.mem), *self.nodes(),
                "-chardev", f"file,id=con,path={self.dir}/console", "-serial", "chardev:con",
                *self.args, "-kernel", self.kdir + "/vmlinuz",
                "-initrd", images.initrd(self.kdir, self.release, self.busybox()), "-append",
                f"console={self.console} loglevel=5 panic=-1 rcupdate.rcu_expedited=1 "
                f"random.trust_cpu=on {self.append} {o.append}"]

    # ---- while it runs ----

    def thread(self, target, *args):
        self.pumps.append(threading.Thread(target=target, args=args))
        self.pumps[-1].start()

    def started(self):
        """Be at the other end of the control port before the lab reads it."""
        self.control = socket.socket(socket.AF_UNIX)
        while self.vm.poll() is None:
            try:
                self.control.connect(self.dir + "/ctl")
                break
            except OSError:
                time.sleep(0.02)
        if self.terminal:
            self.thread(self.terminal.relay)
            signal.signal(signal.SIGWINCH, lambda *_: self.tell(f"size {Terminal.size()}"))

    def tell(self, line):
        """Say something on the control port; says whether that could be done."""
        try:
            self.control.sendall(f"{line}\n".encode())
            return True
        except OSError:
            return False

    def send_signal(self, name):
        return self.tell(name)

    def pump(self, name, sink):
        """Copy what the command prints until QEMU is gone and the pipe is empty."""
        fd = os.open(f"{self.dir}/{name}", os.O_RDWR | os.O_NONBLOCK)
        while True:
            over = self.over.is_set()
            if select.select([fd], [], [], 0 if over else 0.1)[0]:
                with contextlib.suppress(OSError):
                    sink.write(os.read(fd, 65536))
                    sink.flush()
            elif over:
                break
        os.close(fd)

    def ended(self):
        self.over.set()
        for t in self.pumps:
            t.join()
        if self.terminal:
            self.terminal.restore()

    def exit_code(self):
        with open(self.dir + "/rc", encoding="utf-8", errors="replace") as f:
            m = re.search(r"rc=(\d+)", f.read())
        return int(m.group(1)) if m else None
