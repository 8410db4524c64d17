#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The VM lab: stock Debian kernels with working KVM, without hardware virtualization.

QEMU's software emulation has AMD SVM with nested paging, so a stock kernel booted in it has a
real KVM. The lab's root file system is this machine's own, read-only through virtiofs under a
tmpfs overlay; a command's output and exit code come back through virtio-serial ports.

May know about: Debian's package archive, QEMU, the table `kernels` beside this file. Knows
nothing of kvm_watcher. To extend: a new kernel is a line in that table.
"""
import argparse
import contextlib
import ctypes
import fcntl
import glob
import hashlib
import os
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import textwrap
import threading
import time
import tty

HERE = os.path.dirname(os.path.realpath(__file__))
CACHE = os.environ.get("KVMW_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "kvm_watcher")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SUITES = ["bookworm", "bookworm-backports", "trixie", "trixie-backports", "forky", "sid"]
SECURITY_SUITES = ["bookworm-security", "trixie-security"]
QEMU_MIN = "9.1"  # older ones forget the STI interrupt shadow on VMRUN: guests sleep for ever
# One thread for all CPUs: with one each, two VMs that exit to user space at once corrupt the lab
# kernel's memory within seconds (QEMU 10.0; panics "corrupted stack end", guests shut down).
ACCEL = "tcg,thread=single"
EARLY_MODULES = ["virtio_pci", "virtio_console", "virtiofs", "overlay"]
EXIT_TIMEOUT, EXIT_LAB = 124, 125


class LabError(Exception):
    """The lab itself failed; the message says where and what to do."""


def kernels():
    """The table of kernels: a list of (series, flavour, why)."""
    with open(os.path.join(HERE, "kernels"), encoding="utf-8") as f:
        return [tuple(line.rstrip("\n").split("\t")) for line in f
                if line.strip() and not line.startswith("#")]


def sh(*cmd, **kw):
    return subprocess.run(cmd, check=True, text=True, stdout=subprocess.PIPE, **kw).stdout


# ---- packages of other suites, without touching this machine's own apt ----------------------

class Apt:
    """A private apt state over all suites, on the mirrors that this machine already uses."""

    def __init__(self):
        self.dir = os.path.join(CACHE, "apt")
        self.env = dict(os.environ, APT_CONFIG=os.path.join(self.dir, "apt.conf"), LC_ALL="C")
        os.makedirs(os.path.join(self.dir, "lists/partial"), exist_ok=True)
        os.makedirs(os.path.join(self.dir, "cache/archives/partial"), exist_ok=True)
        uris = sh("apt-get", "indextargets", "--format", "$(REPO_URI)",
                  "Created-By: Packages").split()
        main = [u for u in uris if u.rstrip("/").endswith("/debian")]
        if not main:
            raise LabError("no Debian archive among this machine's apt sources; run apt-get update")
        security = [u for u in uris if u.rstrip("/").endswith("/debian-security")]
        lines = [f"deb [signed-by={KEYRING}] {main[0]} {s} main" for s in SUITES]
        lines += [f"deb [signed-by={KEYRING}] {security[0]} {s} main"
                  for s in SECURITY_SUITES if security]
        self._write("sources.list", "\n".join(lines) + "\n")
        self._write("apt.conf", textwrap.dedent(f"""\
            Dir::Etc::sourcelist "{self.dir}/sources.list";
            Dir::Etc::sourceparts "/dev/null";
            Dir::Etc::preferences "/dev/null";
            Dir::Etc::preferencesparts "/dev/null";
            Dir::State::lists "{self.dir}/lists";
            Dir::Cache "{self.dir}/cache";
            APT::Sandbox::User "root";
            Acquire::Languages "none";
            Acquire::Retries "3";
            """))
        # a suite that the mirror lacks is an error of update, but not of ours
        subprocess.run(["apt-get", "-q", "update"], env=self.env, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
        if not glob.glob(self.dir + "/lists/*Packages*"):
            raise LabError("apt-get update fetched no package list; is the archive reachable?")

    def _write(self, name, text):
        with open(os.path.join(self.dir, name), "w", encoding="utf-8") as f:
            f.write(text)

    def cache(self, *args):
        return subprocess.run(["apt-cache", *args], env=self.env, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    def versions(self, name_re):
        """All (package, version) whose package name matches."""
        names = [line.split()[0] for line in self.cache("search", "-n", name_re).splitlines()]
        if not names:
            return []
        rows = [line.split("|") for line in self.cache("madison", *names).splitlines()]
        return sorted({(r[0].strip(), r[1].strip(), r[2].split()[1].split("/")[0])
                       for r in rows if len(r) == 3 and "Packages" in r[2]})

    def unpack(self, package, version, dest):
        """Download one package and unpack it; no maintainer script runs."""
        with tempfile.TemporaryDirectory(dir=CACHE) as tmp:
            subprocess.run(["apt-get", "-q", "download", f"{package}={version}"], cwd=tmp,
                           env=self.env, check=True, stdout=subprocess.DEVNULL)
            subprocess.run(["dpkg", "-x", glob.glob(tmp + "/*.deb")[0], dest], check=True)


def version_key(version):
    """Orders kernel package versions: upstream numbers first, then Debian's revision."""
    return [int(n) for n in re.findall(r"\d+", version.split("~bpo")[0])]


def pick_kernel(apt, series, flavour):
    cloud = "-cloud" if flavour == "cloud" else ""
    rows = apt.versions(rf"^linux-(image|binary-unsigned)-[0-9]+[.][0-9]+[.][0-9]+.*{cloud}-amd64$")
    rows = [r for r in rows if "-rt-" not in r[0]
            and (cloud or "-cloud-" not in r[0])
            and (series == "newest" or r[1].startswith(series + ".")
                 or r[1].startswith(series + "~"))]
    if not rows:
        raise LabError(f"the archive has no kernel {series} ({flavour})")
    return max(rows, key=lambda r: (version_key(r[1]), r[0].startswith("linux-image")))[:2]


def is_fetched(final, series):
    """A kernel that is there and, if it is to be the newest, was so a week ago."""
    release = final + "/release"
    return os.path.exists(release) and (
        series != "newest" or time.time() - os.path.getmtime(release) < 7 * 86400)


def fetch_kernel(series, flavour="cloud"):
    """Return the directory of an unpacked kernel: vmlinuz, release, lib/modules."""
    final = os.path.join(CACHE, "kernels", f"{series}-{flavour}")
    if is_fetched(final, series):
        return final
    os.makedirs(os.path.dirname(final), exist_ok=True)
    with open(os.path.join(CACHE, "fetch.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_fetched(final, series):
            return final
        apt = Apt()
        package, version = pick_kernel(apt, series, flavour)
        release = re.sub(r"^linux-(image|binary-unsigned)-", "", package)
        print(f"lab: fetching kernel {series}: {package} {version}", file=sys.stderr)
        tmp = tempfile.mkdtemp(dir=os.path.dirname(final))
        tree = tmp + "/tree"
        apt.unpack(package, version, tree)
        # newer kernels are split: vmlinuz, modules and config in packages of their own
        for part in ("binary", "modules", "base"):
            name = f"linux-{part}-{release}"
            if name != package and f"Version: {version}\n" in apt.cache("show", name):
                apt.unpack(name, version, tree)
        modules = [d for d in glob.glob(tree + "/usr/lib/modules/*") + glob.glob(tree + "/lib/modules/*")
                   if os.path.isdir(d + "/kernel")]
        images = [p for p in glob.glob(tree + "/**/vmlinuz*", recursive=True) if os.path.isfile(p)]
        if not modules or not images:
            raise LabError(f"kernel package {package} {version} has no image or no modules")
        os.makedirs(tmp + "/lib/modules")
        shutil.move(images[0], tmp + "/vmlinuz")
        shutil.move(modules[0], f"{tmp}/lib/modules/{release}")
        shutil.rmtree(tree)
        for suffix, tool in ((".xz", ["xz", "-d"]), (".zst", ["zstd", "-q", "-d", "--rm"])):
            packed = glob.glob(tmp + "/lib/modules/**/*.ko" + suffix, recursive=True)
            for i in range(0, len(packed), 200):
                subprocess.run(tool + packed[i:i + 200], check=True)
        subprocess.run(["busybox", "depmod", "-b", tmp, release], check=True,
                       stderr=subprocess.DEVNULL)
        with open(tmp + "/release", "w", encoding="utf-8") as f:
            f.write(release)
        shutil.rmtree(final, ignore_errors=True)
        os.chmod(tmp, 0o755)
        os.rename(tmp, final)
    return final


def fetch_headers(kdir, release):
    """Put a fetched kernel's headers where its tools look for them: /lib/modules/RELEASE/build."""
    modules = f"{kdir}/lib/modules/{release}"
    with open(os.path.join(CACHE, "fetch.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(modules + "/build/Makefile"):
            return
        apt = Apt()
        wanted = apt.versions(f"^linux-headers-{re.escape(release)}$")
        if not wanted:
            raise LabError(f"the archive has no headers of {release} any more; remove {kdir}")
        package, version = max(wanted, key=lambda r: version_key(r[1]))[:2]
        common, = set(re.findall(r"^Depends:.*?(linux-headers-\S+-common)",
                                 apt.cache("show", f"{package}={version}"), re.M))
        print(f"lab: fetching {package} {version}", file=sys.stderr)
        for name in (common, package):
            apt.unpack(name, version, modules + "/headers")
        for link, name in (("source", common), ("build", package)):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{modules}/{link}")
            os.symlink(f"headers/usr/src/{name}", f"{modules}/{link}")


def version_ge(a, b):
    return subprocess.run(["dpkg", "--compare-versions", a, "ge", b], check=False).returncode == 0


def fetch_qemu():
    """Return the command of a QEMU whose SVM emulation is right (>= QEMU_MIN)."""
    m = re.search(r"version ([0-9.]+)", sh("qemu-system-x86_64", "--version"))
    if m and version_ge(m.group(1), QEMU_MIN):
        return ["qemu-system-x86_64"]
    root = os.path.join(CACHE, "qemu")
    cmd = [root + "/usr/bin/qemu-system-x86_64", "-L", root + "/usr/share/qemu",
           "-L", "/usr/share/seabios", "-L", "/usr/lib/ipxe/qemu"]
    if os.path.exists(root + "/done"):
        return cmd
    os.makedirs(CACHE, exist_ok=True)
    with open(os.path.join(CACHE, "fetch.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(root + "/done"):
            return cmd
        apt = Apt()
        # the backport is built against this release's libraries
        rows = [r for r in apt.versions("^qemu-system-x86$") if "backports" in r[2]
                and version_ge(r[1].split(":")[-1], QEMU_MIN)]
        if not rows:
            raise LabError(f"no QEMU >= {QEMU_MIN} installed or among the backports")
        version = min(rows, key=lambda r: version_key(r[1]))[1]
        print(f"lab: fetching qemu {version}", file=sys.stderr)
        shutil.rmtree(root, ignore_errors=True)
        for package in ("qemu-system-x86", "qemu-system-common", "qemu-system-data"):
            apt.unpack(package, version, root)
        if subprocess.run(cmd + ["--version"], check=False, stdout=subprocess.DEVNULL).returncode:
            raise LabError(f"qemu {version} does not run here; libraries missing?")
        open(root + "/done", "w", encoding="utf-8").close()
    return cmd


# ---- booting ---------------------------------------------------------------------------------

INIT = r"""#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
fail() { echo "lab: $*"; reboot -f; }
for m in MODULES; do modprobe $m; done
mount -t virtiofs -o ro labroot /lower || fail "the root cannot be mounted"
mount -t virtiofs -o ro labrun /labrun || fail "the run directory cannot be mounted"
mount -t tmpfs -o size=75%,mode=755 over /over
mkdir /over/up /over/work
mount -t overlay -o lowerdir=/lower,upperdir=/over/up,workdir=/over/work overlay /new || fail "no overlay"
mount -t virtiofs -o ro labkernel /kernel || fail "the kernel's modules cannot be mounted"
mkdir -p /new/usr/lib/modules
mount --bind /kernel/lib/modules /new/usr/lib/modules
mount --bind /kernel/lib/modules /lib/modules
for d in dev sys proc; do mount --move /$d /new/$d; done
cd /new
mkdir -p dev/shm dev/pts run
mount -t tmpfs run run; mount -t tmpfs shm dev/shm; mount -t devpts devpts dev/pts
mkdir run/lab; mount --move /labrun run/lab; cp /bin/busybox run/busybox
mount -t tracefs tracefs sys/kernel/tracing; mount -t debugfs debugfs sys/kernel/debug
mount -t bpf bpf sys/fs/bpf; mount -t cgroup2 cgroup2 sys/fs/cgroup
ln -sf /proc/self/fd dev/fd; ln -sf /proc/self/fd/0 dev/stdin
ln -sf /proc/self/fd/1 dev/stdout; ln -sf /proc/self/fd/2 dev/stderr
ifconfig lo 127.0.0.1 up; hostname lab
. run/lab/early
exec switch_root /new /bin/bash /run/lab/main
"""

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


GUEST_MODULES = ["virtio_pci", "virtio_blk", "virtio_net"]
# The kernel passes its unknown parameters on to init, as variables: work=idle or some of
# disk,net,dirty; secs: for how long; mb: the size of the buffer that dirty keeps rewriting;
# rate: at how many MiB a second at most.
GUEST_INIT = r"""#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
echo "guest: up"
if grep -q 0x1af4 /sys/bus/pci/devices/*/vendor; then
	for m in MODULES; do modprobe $m 2>/dev/null; done  # some kernels have them built in
fi
i=0; while [ $i -lt 300 ]; do i=$((i+1)); done
dd if=/dev/zero of=/tmp/fill bs=1M count=8 2>/dev/null

in_time() { read -r now _ </proc/uptime; now=${now%.*}; [ $now -lt $end ]; }
fail() { echo "guest: failed:" $*; }
disk() {
	n=0
	while in_time; do
		said=$(dd if=/dev/vda of=/dev/null bs=4k count=64 iflag=direct 2>&1 &&
			dd if=/dev/zero of=/dev/vda bs=4k count=64 oflag=direct 2>&1) ||
			{ fail disk "$said"; return; }
		n=$((n+1))
	done
	echo "guest: disk $n rounds"
}
net() {
	ifconfig eth0 10.0.2.15 up
	said=$(ping -q -i 0.2 -w $secs 10.0.2.2 2>&1) || { fail net "$said"; return; }
	echo "guest: net $(echo "$said" | grep transmitted)"
}
ipi() { # two processes, each on a CPU of its own, wake each other
	mkfifo /tmp/there /tmp/back
	taskset 2 sh -c 'while read x; do echo; done </tmp/there >/tmp/back' &
	n=$(taskset 1 sh -c 'n=0
		while read -r now _ </proc/uptime; [ ${now%.*} -lt '$end' ]; do
			echo >&3; read x <&4; n=$((n+1))
		done 3>/tmp/there 4</tmp/back
		echo $n') || { fail ipi; return; }
	echo "guest: ipi $n round trips"
}
dirty() {
	rm /tmp/fill
	# not zeroes: those would be migrated without their contents
	dd if=/bin/busybox of=/tmp/chunk bs=1M count=1 2>/dev/null
	i=0
	while in_time; do
		said=$(dd if=/tmp/chunk of=/tmp/buffer bs=1M count=1 seek=$((i % mb)) conv=notrunc 2>&1) ||
			{ fail dirty "$said"; return; }
		i=$((i+1))
		if [ $i -eq 1 ]; then echo "guest: dirty"; fi
		usleep $((1000000 / rate))
	done
	echo "guest: dirtied $i MiB"
}

: ${work:=idle} ${secs:=10} ${mb:=16} ${rate:=16}
if [ $work != idle ]; then
	end=0; in_time; end=$((now + secs))
	for w in $(echo $work | tr , ' '); do $w & done
	echo "guest: works"
	wait
	echo "guest: end"
else
	echo "guest: idle"
fi
while :; do sleep 1; done
"""


def module_files(kdir, release, names):
    """Paths (below lib/modules/RELEASE) of modules and what they need."""
    files = []
    with open(f"{kdir}/lib/modules/{release}/modules.dep", encoding="utf-8") as f:
        deps = dict(line.rstrip("\n").split(":", 1) for line in f)
    for name in names:
        pattern = re.compile(r"(^|/)" + re.sub("[-_]", "[-_]", name) + r"\.ko$")
        for path, needs in deps.items():
            if pattern.search(path):
                files += [path] + needs.split()
    return sorted(set(files))


def image(kdir, release, name, modules, init, dirs=()):
    """An initramfs of a kernel, built once for each version of this file."""
    with open(os.path.realpath(__file__), "rb") as f:
        tag = hashlib.sha256(f.read()).hexdigest()[:12]
    out = f"{kdir}/{name}-{tag}.gz"
    if not os.path.exists(out):
        pack_initramfs(out, kdir, release, modules, init, dirs)
    os.utime(out)
    for old in glob.glob(f"{kdir}/{name}-*.gz"):
        # a lab of another version of this file may be using it
        with contextlib.suppress(FileNotFoundError):
            if time.time() - os.path.getmtime(old) > 86400:
                os.unlink(old)
    return out


def initrd(kdir, release):
    """The lab's: what is needed to mount the root."""
    return image(kdir, release, "initrd", EARLY_MODULES,
                 INIT.replace("MODULES", " ".join(EARLY_MODULES)),
                 ("lower", "labrun", "kernel", "over", "new"))


def pack_initramfs(out, kdir, release, modules, init, dirs):
    """Write a gzipped cpio: static busybox, modules, empty directories, /init."""
    tmp = tempfile.mkdtemp(dir=CACHE)
    try:
        for d in ("bin", "dev", "proc", "sys", "tmp", f"lib/modules/{release}") + tuple(dirs):
            os.makedirs(f"{tmp}/{d}")
        shutil.copy(shutil.which("busybox"), tmp + "/bin/busybox")
        for path in module_files(kdir, release, modules):
            os.makedirs(os.path.dirname(f"{tmp}/lib/modules/{release}/{path}"), exist_ok=True)
            shutil.copy(f"{kdir}/lib/modules/{release}/{path}", f"{tmp}/lib/modules/{release}/{path}")
        with open(tmp + "/init", "w", encoding="utf-8") as f:
            f.write(init)
        os.chmod(tmp + "/init", 0o755)
        subprocess.run(["busybox", "depmod", "-b", tmp, release], check=True,
                       stderr=subprocess.DEVNULL)
        partial = f"{out}.{os.getpid()}"
        with open(partial, "wb") as f:
            subprocess.run("find . | cpio -o -H newc --quiet | gzip -1", shell=True, cwd=tmp,
                           stdout=f, check=True)
        os.rename(partial, out)
    finally:
        shutil.rmtree(tmp)


def dies_with_us():
    """For subprocess: a child that must not outlive this process, however that ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def tsc_khz():
    """TCG's guest TSC is this machine's. Linux's bogomips is twice the TSC's MHz."""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        m = re.search(r"^bogomips\s*:\s*([0-9.]+)", f.read(), re.M)
    return int(float(m.group(1)) * 500) if m else 0


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


class Run:
    """One boot of the lab."""

    def __init__(self, opts):
        if os.geteuid():
            raise LabError("only root can share this machine's root file system with the lab")
        self.o = opts
        self.kdir = fetch_kernel(opts.kernel, opts.flavour)
        with open(self.kdir + "/release", encoding="utf-8") as f:
            self.release = f.read()
        if opts.headers:
            fetch_headers(self.kdir, self.release)
        self.qemu = fetch_qemu()
        self.dir = tempfile.mkdtemp(prefix="kvmw-lab.")
        self.procs = []
        self.args = []
        self.terminal = Terminal(self.dir + "/tty") if opts.tty else None

    def virtiofs(self, source, tag, cache):
        daemon = next((p for p in ("/usr/lib/qemu/virtiofsd",) if os.path.exists(p)), None)
        if not daemon:
            raise LabError("no /usr/lib/qemu/virtiofsd (package qemu-system-common of Debian 12)")
        sock = f"{self.dir}/{tag}.sock"
        with open(sock + ".log", "w", encoding="utf-8") as log:
            self.procs.append(subprocess.Popen(
                [daemon, f"--socket-path={sock}", "-o", f"source={source}", "-o", "sandbox=chroot",
                 "-o", f"cache={cache}", "--thread-pool-size=0"],
                stdout=log, stderr=log, start_new_session=True, preexec_fn=dies_with_us))
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

    def write(self, name, text):
        with open(f"{self.dir}/share/{name}", "w", encoding="utf-8") as f:
            f.write(text)

    def prepare(self):
        o = self.o
        os.mkdir(self.dir + "/share")
        early = []
        self.virtiofs("/", "labroot", "always")
        self.virtiofs(self.dir + "/share", "labrun", "none")
        self.virtiofs(self.kdir, "labkernel", "always")
        for i, d in enumerate(o.rw):
            self.virtiofs(os.path.realpath(d), f"labrw{i}", "none")
            early.append(f"mount -t virtiofs labrw{i} .{shlex.quote(os.path.realpath(d))}")
        if not o.no_kvm:
            early.append(f"modprobe kvm; modprobe kvm-amd {o.kvm_args}")
        early += [f"modprobe {m}" for m in o.module]
        self.write("early", "\n".join(early) + "\n")
        command = " ".join(shlex.quote(a) for a in o.command)
        guest = image(self.kdir, self.release, "guest", GUEST_MODULES,
                      GUEST_INIT.replace("MODULES", " ".join(GUEST_MODULES)))
        env = "".join(f"export {shlex.quote(e)}\n" for e in
                      (Terminal.env() if o.tty else []) + o.env +
                      [f"KVMW_SERIES={o.kernel}", f"KVMW_KERNEL={self.kdir}/vmlinuz",
                       f"KVMW_GUEST={guest}"])
        self.write("main", f"cd {shlex.quote(os.getcwd())} 2>/dev/null || cd /\n{env}"
                   f"set -- {command}\n{MAIN}")
        self.args += ["-device", "virtio-serial-pci"]
        self.port("out", "fifo")
        self.port("err", "fifo")
        self.port("rc", "file")
        self.port("ctl", "socket")
        if o.tty:
            self.args += ["-chardev", f"socket,id=tty,path={self.terminal.path},server=on,wait=off",
                          "-device", "virtconsole,chardev=tty"]

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
        # with icount the TSC counts instructions, too: 1 GHz
        khz = 1000000 if o.icount else tsc_khz()
        append = (f"console=ttyS0 loglevel=5 panic=-1 tsc=reliable no_timer_check "
                  f"rcupdate.rcu_expedited=1 random.trust_cpu=on "
                  f"{f'tsc_early_khz={khz}' if khz else ''} {o.append}")
        return self.qemu + [
            "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-machine", "q35,usb=off,vmport=off", "-cpu", "EPYC",
            "-accel", ACCEL, *(["-icount", "shift=0,sleep=off"] if o.icount else []),
            "-smp", str(o.smp), "-m", str(o.mem), *self.nodes(),
            "-chardev", f"file,id=con,path={self.dir}/console", "-serial", "chardev:con",
            *self.args, "-kernel", self.kdir + "/vmlinuz",
            "-initrd", initrd(self.kdir, self.release), "-append", append]

    def interrupt(self, *_):
        """Pass an interrupt on to the command in the lab; a second one ends the lab."""
        self.interrupts = getattr(self, "interrupts", 0) + 1
        try:
            self.control.sendall(b"INT\n")
        except OSError:
            self.interrupts = 2
        if self.interrupts > 1:
            self.vm.kill()

    def poke(self):
        """An interrupt per second: QEMU 10.0's SVM emulation sometimes loses the one of the timer
        (svm_helper.c changes interrupt_request without the lock), and a lab that idles then sleeps
        for ever. Any further interrupt delivers the lost one."""
        while not self.ended.wait(1):
            try:
                self.control.sendall(b"0\n")
            except OSError:
                return

    def resized(self, *_):
        with contextlib.suppress(OSError):
            self.control.sendall(f"size {Terminal.size()}\n".encode())

    def connect(self):
        """Be at the other end of the control port before the lab reads it."""
        self.control = socket.socket(socket.AF_UNIX)
        while self.vm.poll() is None:
            try:
                self.control.connect(self.dir + "/ctl")
                return
            except OSError:
                time.sleep(0.02)

    def pump(self, name, sink):
        """Copy what the command prints until QEMU is gone and the pipe is empty."""
        fd = os.open(f"{self.dir}/{name}", os.O_RDWR | os.O_NONBLOCK)
        while True:
            ended = self.ended.is_set()
            if select.select([fd], [], [], 0 if ended else 0.1)[0]:
                try:
                    sink.write(os.read(fd, 65536))
                    sink.flush()
                except OSError:
                    pass
            elif ended:
                break
        os.close(fd)

    def run(self):
        """Boot, run, clean up. Returns the command's exit code, EXIT_TIMEOUT or EXIT_LAB."""
        try:
            self.prepare()
            self.ended = threading.Event()
            pumps = [threading.Thread(target=self.pump, args=a) for a in
                     (("out", sys.stdout.buffer), ("err", sys.stderr.buffer))]
            for t in pumps:
                t.start()
            with open(self.dir + "/qemu.log", "w", encoding="utf-8") as log:
                self.vm = subprocess.Popen(self.command_line(), stdin=subprocess.DEVNULL,
                                           stdout=log, stderr=log, start_new_session=True,
                                           preexec_fn=dies_with_us)
            self.connect()
            if not self.o.icount:  # there a lab that idles does not sleep
                threading.Thread(target=self.poke, daemon=True).start()
            if self.terminal:
                pumps.append(threading.Thread(target=self.terminal.relay))
                pumps[-1].start()
                signal.signal(signal.SIGWINCH, self.resized)
            signal.signal(signal.SIGINT, self.interrupt)
            for ending in (signal.SIGTERM, signal.SIGHUP):
                signal.signal(ending, lambda *_: self.vm.kill())
            try:
                self.vm.wait(self.o.timeout or None)
                timed_out = False
            except subprocess.TimeoutExpired:
                timed_out = True
                self.vm.kill()
                self.vm.wait()
            self.ended.set()
            for t in pumps:
                t.join()
            return self.verdict(timed_out)
        finally:
            if hasattr(self, "ended"):
                self.ended.set()
            if self.terminal:
                self.terminal.restore()
            for p in self.procs:
                p.kill()
                p.wait()
            if self.o.log and os.path.exists(self.dir + "/console"):
                shutil.copy(self.dir + "/console", self.o.log)
            shutil.rmtree(self.dir)

    def verdict(self, timed_out):
        with open(self.dir + "/rc", encoding="utf-8", errors="replace") as f:
            m = re.search(r"rc=(\d+)", f.read())
        if m:
            return int(m.group(1))
        if timed_out:
            print(f"lab: TIMEOUT: kernel {self.release} did not end within {self.o.timeout} s; "
                  f"its console ends:\n{tail(self.dir + '/console', 20)}", file=sys.stderr)
            return EXIT_TIMEOUT
        print(f"lab: FAILED: kernel {self.release} ended without an exit code of the command "
              f"(panic?); its console ends:\n{tail(self.dir + '/console', 30, 'Kernel panic|BUG:|Oops')}\n"
              f"{tail(self.dir + '/qemu.log', 5)}", file=sys.stderr)
        return EXIT_LAB


def tail(path, n, start=None):
    """The last n lines of a file, or n lines from the first one that matches start."""
    try:
        with open(path, encoding="utf-8", errors="backslashreplace") as f:
            lines = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", f.read()).splitlines()
    except OSError:
        return ""
    first = next((i for i, line in enumerate(lines) if start and re.search(start, line)), len(lines) - n)
    return textwrap.indent("\n".join(lines[max(first, 0):][:n]), "  | ")


def main():
    p = argparse.ArgumentParser(prog="lab.py", description=__doc__.splitlines()[0])
    sub = p.add_subparsers(dest="verb", required=True)
    sub.add_parser("list", help="the kernels of the table, and which are fetched")
    f = sub.add_parser("fetch", help="fetch QEMU and kernels now")
    f.add_argument("series", nargs="*")
    r = sub.add_parser("run", help="run a command on a lab kernel")
    r.add_argument("--kernel", default=kernels()[0][0])
    r.add_argument("--flavour", default="cloud")
    r.add_argument("--smp", type=int, default=2)
    r.add_argument("--nodes", type=int, default=1, help="NUMA nodes")
    r.add_argument("--mem", type=int, default=3072, help="MiB")
    r.add_argument("--timeout", type=float, default=300, help="seconds; 0 = none")
    r.add_argument("--rw", action="append", default=[], help="share DIR writable at the same path")
    r.add_argument("--env", action="append", default=[], help="NAME=VALUE for the command")
    r.add_argument("--module", action="append", default=[], help="load a further module")
    r.add_argument("--kvm-args", default="", help="parameters of kvm-amd")
    r.add_argument("--no-kvm", action="store_true", help="do not load KVM")
    r.add_argument("--icount", action="store_true",
                   help="one CPU, whose clock counts its instructions, each as 1 ns")
    r.add_argument("--headers", action="store_true", help="with the kernel's headers")
    r.add_argument("--append", default="", help="further kernel parameters")
    r.add_argument("--tty", action="store_true", help="the command gets this terminal")
    r.add_argument("--log", help="keep the console's output in this file")
    r.add_argument("command", nargs=argparse.REMAINDER)
    o = p.parse_args()
    try:
        if o.verb == "list":
            for series, flavour, why in kernels():
                d = f"{CACHE}/kernels/{series}-{flavour}/release"
                print(f"{series:8} {open(d).read() if os.path.exists(d) else 'not fetched':28} {why}")
            return 0
        if o.verb == "fetch":
            fetch_qemu()
            for series, flavour, _ in kernels():
                if not o.series or series in o.series:
                    fetch_kernel(series, flavour)
            return 0
        o.command = o.command[1:] if o.command[:1] == ["--"] else o.command
        o.smp = 1 if o.icount else o.smp
        if o.tty and not (sys.stdin.isatty() and sys.stdout.isatty()):
            p.error("--tty: standard input and output must be a terminal")
        if not o.command:
            p.error("no command; usage: run [OPTIONS] -- CMD…")
        return Run(o).run()
    except LabError as e:
        print(f"lab: {e}", file=sys.stderr)
        return EXIT_LAB
    except subprocess.CalledProcessError as e:
        print(f"lab: {shlex.join(e.cmd)}: exit code {e.returncode}", file=sys.stderr)
        return EXIT_LAB


if __name__ == "__main__":
    sys.exit(main())
