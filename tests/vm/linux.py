#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stock Linux guests under QEMU, for tests that run inside the lab.

A guest boots the lab's own kernel with the small initramfs of images.py, whose init does some work:
idle, or disk, net, ipi and dirty at once for some seconds. It can be migrated to a second one. Prints,
when run by itself, what a guest did: boot, work or migrate.

May know about: QEMU's command line and its control protocol (QMP), the lines that the guest's init
prints. Nothing of kvm_watcher. To extend: a further kind of work is a function of GUEST_INIT in
images.py; a further device is an argument of LinuxGuest.
"""
import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from harness import Broken

QEMU = "/usr/bin/qemu-system-x86_64"
APPEND = "console=ttyS0 quiet loglevel=3 panic=-1 no_timer_check tsc=reliable"
DISK_SIZE = 16 << 20
TAP = "kvmw0"
PATIENCE = 150  # seconds for what takes 15 to 30 if nothing else runs on the lab's host


class Qmp:
    """A client of QEMU's control protocol; events that come in between are kept in .events."""

    def __init__(self, path, alive):
        self.events = []
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self._connect(path, alive)
        self.file = self.sock.makefile("r", encoding="utf-8")
        self.file.readline()  # the greeting
        self.execute("qmp_capabilities")

    def _connect(self, path, alive):
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.sock.connect(path)
                return
            except OSError:
                if not alive() or time.monotonic() > end:
                    raise
            time.sleep(0.05)

    def execute(self, command, **arguments):
        """The command's answer. In names of arguments, an underscore stands for a hyphen."""
        arguments = {k.replace("_", "-"): v for k, v in arguments.items()}
        request = json.dumps({"execute": command, "arguments": arguments})
        self.sock.sendall(request.encode())
        for line in self.file:
            message = json.loads(line)
            if "event" in message:
                self.events.append(message)
            elif "error" in message:
                raise Broken(f"QMP {command}: {message['error']['desc']}")
            else:
                return message["return"]
        raise ConnectionError("QEMU closed the connection")

    def close(self):
        self.file.close()
        self.sock.close()


class LinuxGuest:
    """A running guest; as a context manager, it starts on entry.

    mem: MiB; 128 are enough for all work with mb=16, 96 are for idle.
    work: the guest's kernel parameters, such as "disk,dirty secs=30 mb=16 rate=4".
    disk: True for a raw disk of its own, or the path of another's (.disk) to migrate from there.
    net: a network that reaches nothing but QEMU itself, at 10.0.2.2; or "vhost": the lab's kernel,
    at the same address, by a thread of its own.
    incoming: the path of a socket to be migrated to; the guest then waits instead of booting.
    """

    def __init__(self, name, smp=1, mem=192, work="idle", disk=False, net=False, incoming=None,
                 extra=()):
        self.name, self.smp, self.mem, self.work = name, smp, mem, work
        self.disk, self.net, self.incoming, self.extra = disk, net, incoming, list(extra)
        self.dir = self.process = self.monitor = self.pid = None

    def command(self):
        args = [QEMU, "-name", f"guest={self.name},debug-threads=on", "-nodefaults",
                "-no-user-config", "-display", "none", "-no-reboot", "-machine", "pc",
                "-accel", "kvm", "-cpu", "host", "-smp", str(self.smp), "-m", str(self.mem),
                "-serial", "stdio", "-qmp", f"unix:{self.dir}/qmp,server=on,wait=off",
                "-kernel", os.environ["KVMW_KERNEL"], "-initrd", os.environ["KVMW_GUEST"],
                "-append", f"{APPEND} work={self.work}"]
        if self.disk:
            args += ["-drive", f"file={self.disk},format=raw,if=none,id=disk,cache=unsafe",
                     "-device", "virtio-blk-pci,drive=disk"]
        if self.net:
            args += ["-netdev", "user,id=net,restrict=on" if self.net != "vhost" else
                     f"tap,id=net,ifname={TAP},script=no,downscript=no,vhost=on",
                     "-device", "virtio-net-pci,netdev=net,romfile="]
        if self.incoming:
            args += ["-incoming", f"unix:{self.incoming}"]
        return args + self.extra

    def start(self):
        self.dir = tempfile.mkdtemp(prefix="linux.")
        if self.disk is True:
            self.disk = f"{self.dir}/disk"
            with open(self.disk, "wb") as f:
                f.truncate(DISK_SIZE)
        if self.net == "vhost":
            for module in ("tun", "vhost_net"):
                subprocess.run(["/bin/busybox", "modprobe", module], check=True)
        with open(f"{self.dir}/log", "wb") as log:
            # pylint: disable-next=consider-using-with
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT)
        self.pid = self.process.pid
        try:
            self.monitor = Qmp(f"{self.dir}/qmp", self.alive)
        except (OSError, ValueError) as e:
            raise Broken(f"no QMP: {e}; {self.describe()}") from e
        if self.net == "vhost":
            subprocess.run(["/bin/busybox", "ifconfig", TAP, "10.0.2.2", "netmask",
                            "255.255.255.0", "up"], check=True)

    def alive(self):
        return self.process.poll() is None

    @property
    def log(self):
        """What the guest's console and QEMU printed so far."""
        with open(f"{self.dir}/log", encoding="utf-8", errors="replace") as f:
            return f.read().replace("\r", "")

    def describe(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(0.5)  # what just went wrong may be its end
        state = "runs" if self.alive() else f"ended ({self.process.returncode})"
        return f"QEMU of {self.name} {state}, its log ends: {self.log[-1000:]}"

    def wait_for(self, text, seconds=PATIENCE):
        """Wait until the log has a text; less long if the guest's work fails."""
        end = time.monotonic() + seconds
        while text not in self.log:
            if not self.alive() or "guest: failed" in self.log:
                raise Broken(f"{text!r} did not come; {self.describe()}")
            if time.monotonic() > end:
                raise Broken(f"{text!r} did not come within {seconds} s; {self.describe()}")
            time.sleep(0.1)

    def qmp(self, command, **arguments):
        try:
            return self.monitor.execute(command, **arguments)
        except (OSError, ValueError) as e:
            raise Broken(f"QMP {command}: {e}; {self.describe()}") from e

    def vcpu_threads(self):
        """Thread ids, in order of vCPU."""
        cpus = self.qmp("query-cpus-fast")
        return [c["thread-id"] for c in sorted(cpus, key=lambda c: c["cpu-index"])]

    def stop(self):
        """Kill QEMU, even one that is stopped, and remove what it left: the log, too."""
        if self.monitor:
            self.monitor.close()
            self.monitor = None
        if self.process:
            self.process.kill()
            self.process.wait()
        if self.dir:
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()


def wait_for_status(guest, status, seconds):
    end = time.monotonic() + seconds
    while guest.qmp("query-status")["status"] != status:
        if time.monotonic() > end:
            raise Broken(f"not {status} within {seconds} s; {guest.describe()}")
        time.sleep(0.1)


def poll_migration(source, seconds, rounds):
    """One sample per 100 ms or so, until the migration has ended."""
    samples, end, lifted = [], time.monotonic() + seconds, False
    while True:
        answer = source.qmp("query-migrate")
        now = time.monotonic_ns()
        if "ram" in answer:
            samples.append({"ns": now, "status": answer["status"], "ram": answer["ram"]})
            if answer["ram"]["dirty-sync-count"] > rounds and not lifted:
                source.qmp("migrate-set-parameters", max_bandwidth=0)
                lifted = True
        if answer["status"] == "completed":
            return samples
        if answer["status"] in ("failed", "cancelled"):
            raise Broken(f"migration {answer['status']}: {answer.get('error-desc')}")
        if time.monotonic() > end:
            raise Broken(f"no end of the migration within {seconds} s: {answer}")
        time.sleep(0.1)


def migrate(source, destination, bandwidth=4 << 20, rounds=4, seconds=PATIENCE):
    """Migrate to a guest that was started with incoming. The destination then runs.

    For so many rounds of sending what got dirty, at so many bytes a second, then without a limit:
    so it ends, however fast the guest dirties memory.

    Returns samples of the source's query-migrate: ns (CLOCK_MONOTONIC), status, and ram. The last
    one's status is completed; it has no dirty-pages-rate, or one of 0.
    """
    source.qmp("migrate-set-parameters", max_bandwidth=bandwidth)
    source.qmp("migrate", uri=f"unix:{destination.incoming}")
    try:
        samples = poll_migration(source, seconds, rounds)
        wait_for_status(destination, "running", seconds)
    except Broken as e:
        raise Broken(f"{e}; {source.describe()}; {destination.describe()}") from e
    return samples


# ---- to try it --------------------------------------------------------------------------------

START = time.monotonic()


def say(text):
    print(f"[{time.monotonic() - START:5.1f}] {text}", flush=True)


def try_boot():
    with LinuxGuest("one", smp=2) as g:
        g.wait_for("guest: idle")
        say(f"idle; QEMU {g.pid}, vCPUs {g.vcpu_threads()}, {g.qmp('query-status')}")


def try_work():
    with LinuxGuest("one", work="disk,net,dirty secs=15 mb=8", disk=True, net=True) as g:
        g.wait_for("guest: dirty")
        say("works")
        g.wait_for("guest: end")
        say(f"ended:\n{g.log}")


def print_samples(samples):
    """Those where the count of syncs changed, and the last one."""
    syncs = None
    for s in samples:
        ram = s["ram"]
        if ram["dirty-sync-count"] != syncs or s is samples[-1]:
            syncs = ram["dirty-sync-count"]
            print(f"{(s['ns'] - samples[0]['ns']) / 1e9:6.2f} s {s['status']:9} syncs {syncs} "
                  f"rate {ram.get('dirty-pages-rate')} remaining {ram['remaining'] >> 10} K "
                  f"transferred {ram['transferred'] >> 10} K")


def try_migrate():
    work = "dirty,disk,net secs=75 mb=16"
    with LinuxGuest("one", mem=128, work=work, disk=True, net=True) as one:
        one.wait_for("guest: dirty")
        say("dirties memory")
        with LinuxGuest("two", mem=128, work=work, disk=one.disk, net=True,
                        incoming=f"{one.dir}/incoming") as two:
            say("the destination waits")
            samples = migrate(one, two)
            say(f"migrated, {len(samples)} samples:")
            print_samples(samples)
            say(f"the last one: {samples[-1]}")
            two.wait_for("guest: end")
            say(f"ended; the source's log:\n{one.log}the destination's:\n{two.log}")


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("what", choices=["boot", "work", "migrate"])
    {"boot": try_boot, "work": try_work, "migrate": try_migrate}[p.parse_args().what]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
