# SPDX-License-Identifier: Apache-2.0
"""The initramfs of the lab, which mounts its root, and the one of the stock Linux guests in it.

May know about: a kernel's directory (packages.py), busybox. Nothing of emulators.
To extend: a further kind of work of the guests is a function of GUEST_INIT.
"""
import hashlib
import os
import re
import shutil
import subprocess
import tempfile

from packages import CACHE, forget

EARLY_MODULES = ["virtio_pci", "virtio_console", "virtiofs", "overlay"]
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


def image(kdir, release, busybox, name, modules, init, dirs=()):
    """An initramfs of a kernel, built once for each version of this file and of its init."""
    init = init.replace("MODULES", " ".join(modules))
    with open(os.path.realpath(__file__), "rb") as f:
        tag = hashlib.sha256(f.read() + repr((modules, init, dirs)).encode()).hexdigest()[:12]
    out = f"{kdir}/{name}-{tag}.gz"
    if not os.path.exists(out):
        pack(out, kdir, release, busybox, modules, init, dirs)
    forget(f"{kdir}/{name}-*.gz", out)
    return out


def initrd(kdir, release, busybox):
    """The lab's: what is needed to mount the root."""
    return image(kdir, release, busybox, "initrd", EARLY_MODULES, INIT,
                 ("lower", "labrun", "kernel", "over", "new"))


def guest(kdir, release, busybox):
    """That of a stock Linux guest."""
    return image(kdir, release, busybox, "guest", GUEST_MODULES, GUEST_INIT)


def pack(out, kdir, release, busybox, modules, init, dirs):
    """Write a gzipped cpio: static busybox, modules, empty directories, /init."""
    tmp = tempfile.mkdtemp(dir=CACHE)
    try:
        for d in ("bin", "dev", "proc", "sys", "tmp", f"lib/modules/{release}") + tuple(dirs):
            os.makedirs(f"{tmp}/{d}")
        shutil.copy(busybox, tmp + "/bin/busybox")
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
