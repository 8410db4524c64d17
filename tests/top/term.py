# SPDX-License-Identifier: Apache-2.0
"""A terminal to test with: tmux, with the tool in it, in a folder of its own; and a bare one.

May not know about: what is on the screen. To extend: what people do with a terminal is a method.
"""
import fcntl
import os
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import threading
import time
import unicodedata

PATIENCE = 20  # seconds until what is expected must be there; machines that test are slow


class Missing(Exception):
    """What was expected did not come; the message holds the screen."""


def width(text):
    """Columns that text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in text)


def until(what, condition, patience=PATIENCE):
    """Wait for a condition; return what is true of it."""
    end = time.monotonic() + patience
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise Missing(what)
        time.sleep(0.02)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:  # it went while it was read
        return False


class Terminal:
    """One window of a tmux server of its own, that runs a command."""

    def __init__(self, command, columns=80, rows=24, env=()):
        self.dir = tempfile.mkdtemp(prefix="kvmw-top.")
        base = {"PATH": os.environ["PATH"], "HOME": self.dir, "LC_ALL": "C.UTF-8", "TZ": "UTC",
                "FAKE_REALTIME": "1", "TERM": "tmux-256color", "PS1": "$ "}
        base.update(env)
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                base[name] = os.environ[name]
        words = [f"{k}={v}" for k, v in base.items() if v is not None]
        # tmux itself must know that what it gets is UTF-8, whatever the tool is told
        self.tmux("-u", "-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows),
                  "exec env -i " + " ".join(f"'{w}'" for w in words) + " " + command)

    def tmux(self, *args):
        env = dict(os.environ, LC_ALL="C.UTF-8")
        env.pop("TMUX", None)
        return subprocess.run(["tmux", "-S", self.dir + "/socket", *args], env=env, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              encoding="utf-8", errors="surrogateescape").stdout

    def close(self):
        """All that runs in it ends, whatever it is stuck in, and nothing of others."""
        processes = {p: started(p) for p in self.processes()}
        self.tmux("kill-server")
        end = time.monotonic() + 2
        while processes and time.monotonic() < end:
            time.sleep(0.01)
            processes = {p: s for p, s in processes.items() if is_alive(p) and started(p) == s}
        for pid in processes:
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.dir, ignore_errors=True)

    def processes(self):
        """The window's command and what it started."""
        top = self.ask("pane_pid")
        return [int(top)] + children(int(top)) if top else []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", "--", text)

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def screen(self, *args):
        return self.tmux("capture-pane", "-p", *args)

    def lines(self):
        return self.screen().split("\n")

    def ask(self, what):
        """A variable of tmux."""
        return self.tmux("display-message", "-p", "#{" + what + "}").strip()

    def expect(self, pattern, patience=PATIENCE):
        """Wait until the screen holds a regular expression; return the match."""
        try:
            return until(pattern, lambda: re.search(pattern, self.screen(), re.M), patience)
        except Missing:
            raise Missing(f"no '{pattern}' on the screen:\n{self.screen()}") from None

    def expect_not(self, pattern):
        try:
            until(pattern, lambda: not re.search(pattern, self.screen(), re.M))
        except Missing:
            raise Missing(f"'{pattern}' is still on the screen:\n{self.screen()}") from None

    def press(self, key, pattern):
        """A key, and what must come of it."""
        self.keys(key)
        try:
            return self.expect(pattern)
        except Missing as e:
            raise Missing(f"after {key}: {e}") from None

    def pid(self, name):
        """The process of this name that the window's command started, or that it is."""
        return until(f"a process {name}", lambda: next(
            (p for p in self.processes() if comm(p) == name), None))


class Pty:
    """A terminal that shows nothing: it only counts what it hears, if it listens at all."""

    def __init__(self, *command):
        self.master, self.slave = os.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.modes_before = self.modes()
        self.heard, self.listening, self.keys, self.code = 0, True, b"", None
        env = dict(os.environ, LC_ALL="C.UTF-8", FAKE_REALTIME="1", TERM="xterm-256color")
        self.process = subprocess.Popen(
            command, stdin=self.slave, stdout=self.slave, stderr=self.slave, env=env,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.pid = self.process.pid
        self.threads = [threading.Thread(target=f, daemon=True) for f in (self._listen, self._type)]
        os.set_blocking(self.master, False)
        for thread in self.threads:
            thread.start()
        until("the first frame", lambda: self.heard > 1000)

    def _listen(self):
        while self.listening:
            try:
                self.heard += len(os.read(self.master, 65536))
            except OSError:
                time.sleep(0.01)

    def _type(self):
        while self.process.returncode is None:
            try:
                if not self.keys or not os.write(self.master, self.keys * 100):
                    time.sleep(0.01)
            except OSError:
                time.sleep(0.001)

    def flood(self, keys):
        self.keys = keys

    def stop_reading(self):
        self.listening = False
        self.threads[0].join()
        self.keys = b"\014"  # frames as large as possible

    def is_writing(self):
        """It is, or waits, in write()."""
        try:
            with open(f"/proc/{self.pid}/syscall", encoding="ascii") as f:
                words = f.read().split()
        except OSError:
            return False
        return words[:2] in (["1", "0x1"], ["64", "0x1"])

    def wait_stuck(self):
        """Until it waits in write() and does nothing else any more, or does not even try to."""
        in_a_row, end = 0, time.monotonic() + 3
        while in_a_row < 25 and time.monotonic() < end:
            in_a_row = in_a_row + 1 if self.is_writing() else 0
            time.sleep(0.02)

    def modes(self):
        return termios.tcgetattr(self.slave)

    def wait(self):
        try:
            self.code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Missing("the process does not end") from None
        return self.code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listening = False
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for thread in self.threads:
            thread.join()
        os.close(self.master)
        os.close(self.slave)


def comm(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as f:
            return f.read().strip()
    except OSError:
        return ""


def started(pid):
    """When, so that another process of the same number is not taken for it."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return f.read().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []
