# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, driven through its debugging pipe: nothing listens on a port.

May not know about: what is shown. To extend: a method per thing that a person can do.
"""
import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

KEYS = {"Tab": 9, "Enter": 13, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}


class Missing(Exception):
    """There is no such browser."""


class Failed(Exception):
    """The page, or the browser, did what it should not."""


class Browser:
    """One page of one browser. What it complains about is in errors, what it asks for in requests."""

    def __init__(self, width=1280, height=900):
        program = shutil.which("chromium")
        if not program:
            raise Missing("there is no chromium (Debian's package chromium)")
        self.errors, self.requests, self.seen, self.buffer, self.id = [], [], [], b"", 0
        self.home = tempfile.TemporaryDirectory()
        ours, theirs = os.pipe(), os.pipe()  # what it reads, and what it writes
        self.write_fd, self.read_fd = ours[1], theirs[0]
        command = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                   "--no-first-run", "--disable-extensions", "--disable-background-networking", "--hide-scrollbars",
                   f"--user-data-dir={self.home.name}", "--remote-debugging-pipe", "about:blank"]
        shell = f'exec "$@" 3<&{ours[0]} 4>&{theirs[1]}'
        self.process = subprocess.Popen(["bash", "-c", shell, "-", *command], pass_fds=(ours[0], theirs[1]),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env=dict(os.environ, HOME=self.home.name), start_new_session=True)
        os.close(ours[0])
        os.close(theirs[1])
        targets = self.call("Target.getTargets", limit=60)["targetInfos"]
        page = next(t["targetId"] for t in targets if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.size(width, height)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # its own session: all that it started
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self.write_fd)
        os.close(self.read_fd)
        time.sleep(0.1)
        self.home.cleanup()

    session = None

    def message(self, until):
        """The next message; what it tells without being asked is kept."""
        while b"\0" not in self.buffer:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.read_fd], [], [], left)[0]:
                raise Failed("the browser does not answer")
            more = os.read(self.read_fd, 1 << 20)
            if not more:
                raise Failed("the browser ended")
            self.buffer += more
        one, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(one)
        method, params = message.get("method"), message.get("params", {})
        self.seen += [method] if method else []
        if method == "Runtime.exceptionThrown":
            self.errors.append(params["exceptionDetails"].get("exception", {}).get("description", str(params)))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.errors.append(str([a.get("value") for a in params["args"]]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        return message

    def call(self, method, limit=30, **params):
        self.id += 1
        message = {"id": self.id, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_fd, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + limit
        while True:
            answer = self.message(until)
            if answer.get("id") == self.id:
                if "error" in answer:
                    raise Failed(f"{method}: {answer['error']}")
                return answer["result"]

    # ---- what a person does ----

    def open(self, path):
        self.seen.clear()
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        until = time.monotonic() + 30
        while "Page.loadEventFired" not in self.seen:
            self.message(until)

    def size(self, width, height, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def media(self, media="", scheme="light"):
        self.call("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": scheme}])

    def run(self, script):
        """The value of an expression in the page; of a promise, what comes of it."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise Failed(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def expect(self, script, limit=10):
        """Wait until an expression is true, and return it."""
        until = time.monotonic() + limit
        while True:
            value = self.run(script)
            if value:
                return value
            if time.monotonic() > until:
                raise Failed(f"never true: {script}")
            time.sleep(0.05)

    def middle(self, selector):
        self.expect(f"!!document.querySelector({json.dumps(selector)})")
        self.run(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center'}})")
        self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return self.run(f"(() => {{ const r = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
                        " return [r.left + r.width / 2, r.top + r.height / 2]; })()")

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def point(self, selector):
        self.mouse("mouseMoved", *self.middle(selector))

    def click(self, selector):
        x, y = self.middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, x, y, button="left", clickCount=1)

    def key(self, key):
        text = {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=key, windowsVirtualKeyCode=KEYS[key], **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=KEYS[key])

    def screenshot(self, path, whole=False):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]))

    def pdf(self):
        return base64.b64decode(self.call("Page.printToPDF", limit=60)["data"])
