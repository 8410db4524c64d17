# SPDX-License-Identifier: Apache-2.0
"""VM tests of calls: what guests ask of KVM (hypercall) and what VMMs do (ioctl).

May know about: the command line and the JSON of kvm_watcher, the guests. Nothing of its code.
To extend: a function case_NAME (see inside.py).
"""
# pylint: disable=wildcard-import,unused-wildcard-import
import errno
import subprocess
import sys
import time

from cases_details import map_entries
from harness import *

KVM_CALLS = (1, 5, 9, 11, 10, 12, 0x1234)  # in the order in which the guest makes them
KVM_RUN = 0xae80
GET_API_VERSION = 0xae00


def number(text):
    return None if text is None else int(text, 16)


def check_losses(objects):
    """How many events the kernel kept from us, and told so; nothing else may be lost. An end that
    was kept from us is told once more, when the thread's next call begins."""
    lost = losses_of(objects)
    assert lost.pop("no_call", 0) <= lost["misses"], f"losses: {losses_of(objects)}"
    equal(set(lost) - {"misses", "split"}, set(), "losses")
    calls = sum(r["count"] for t in ("hypercall", "ioctl") for r in rows_of(objects, t)
                if "count" in r)
    assert lost["misses"] <= max(3, calls // 5), f"{lost['misses']} missed: nothing can be told"
    return lost["misses"]


def near(got, expected, missed, what):
    """Equal, but for what the kernel says that it kept from us."""
    assert expected - missed <= got <= expected, f"{what}: {got}, expected {expected}, {missed} missed"


def check_exits(objects, missed=0):
    """Per vCPU, the exits by the hypercall instruction are those that exits counts."""
    rows, exits = rows_of(objects, "hypercall"), rows_of(objects)
    for who in {(r["pid"], r["vcpu"]) for r in rows}:
        match = {"pid": who[0], "vcpu": who[1]}
        near(total(rows, "exits", **match), count(exits, **match, reason=VMMCALL), missed,
             f"VMMCALL exits of {match}")
    if not missed:
        equal(sum(r["total_ns"] for r in rows if r["timed"]),
              total(exits, "total_ns", reason=VMMCALL), "time of calls, and of the exits")


def signed(value):
    return value - (1 << 64) if value >> 63 else value


# ---- hypercalls ----------------------------------------------------------------------------------


def case_calls_by_number():
    """N hypercalls of each of several numbers, per vCPU; KVM's own trace and exits agree."""
    n = 37
    event = "kvm/kvm_hypercall"
    with Counts(event) as c, Guest("-k", "hypercalls", "-n", n, "-v", 2) as g:
        tids = g.vcpu_threads()
        before = c.of(event, tids)
        with Watch(what="exits,hypercall") as w:
            g.run()
            objects = w.finish()
        traced = c.of(event, tids) - before
        g.end()
    rows = rows_of(objects, "hypercall")
    missed = check_losses(objects)
    for v in (0, 1):
        for nr in KVM_CALLS:
            mine = [r for r in rows if r["vcpu"] == v and number(r["nr"]) == nr]
            near(total(mine), n, missed, f"calls {nr} of vCPU {v}")
            near(total(mine, "exits"), n, missed, f"exits of calls {nr} of vCPU {v}")
    equal(traced, 2 * n * len(KVM_CALLS), "the kernel's own count")
    names = {number(r["nr"]): r["name"] for r in rows if r["api"] == "kvm"}
    equal(names, {1: "VAPIC_POLL_IRQ", 5: "KICK_CPU", 9: "CLOCK_PAIRING", 10: "SEND_IPI",
                  11: "SCHED_YIELD", 12: "MAP_GPA_RANGE", 0x1234: "4660"}, "names")
    assert total(rows, api="none") <= missed, f"exits without a call: {rows}"
    check_exits(objects, missed)


def case_calls_as_events():
    """trace: each call with its arguments, and what the guest says that it got."""
    n = 11
    with Guest("-k", "hypercalls", "-n", n) as g, Watch(what="hypercall", verb="trace") as w:
        returned = g.run()[0]["returned"]
        time.sleep(0.3)
        objects = w.finish()
        g.end()
    events = rows_of(objects, "hypercall")
    missed = check_losses(objects)
    near(len(events), n * len(KVM_CALLS), missed, "events")
    if missed:
        raise Broken(f"{missed} events were missed")
    equal([number(e["nr"]) for e in events], list(KVM_CALLS) * n, "order of the calls")
    last = events[-len(KVM_CALLS):]
    equal([signed(number(e["result_code"])) for e in last], returned[:len(KVM_CALLS)], "results")
    equal([e["args"] for e in last],
          ["0x0 0x0 0x0 0x0", "apic_id=0 flags=0x0", "gpa=0x52000 type=0 (wallclock)", "apic_id=0",
           "min_apic_id=0 bitmap=0x0:0x1 vector=0x90 fixed", "gpa=0x200000 pages=1 4K encrypted",
           "0x1 0x2 0x3 0x4"], "arguments")
    equal(last[-1]["result"], "-1000 KVM_ENOSYS", "result of an unknown call")
    assert all(e["total_ns"] > 0 for e in events), "a call without time"
    assert all(e["vmm_ns"] > 0 for e in events if number(e["nr"]) == 12), "a call of the VMM's"


def check_other_api(kind, api, names, tracepoint, done):
    """Calls of Hyper-V or Xen: counts, results as the event done tells them, and the exits that
    they came by."""
    n = 29
    with Counts(tracepoint) as c, Guest("-k", kind, "-n", n, "-v", 2) as g:
        tids = g.vcpu_threads()
        before = c.of(tracepoint, tids)
        with Watch(what="exits,hypercall") as w, Watch(what="hypercall", verb="trace") as t:
            results = g.run()
            time.sleep(0.3)
            objects, traced = w.finish(), t.finish()
        equal(c.of(tracepoint, tids) - before, 2 * n * len(names), "the kernel's own count")
        g.end()
    rows, events = rows_of(objects, "hypercall"), rows_of(traced, "hypercall")
    missed = check_losses(objects)
    for v in (0, 1):
        for name in names:
            near(total(rows, vcpu=v, api=api, name=name), n, missed, f"{name} of vCPU {v}")
    check_exits(objects, missed)
    if check_losses(traced):
        raise Broken("events were missed")
    for r in results:
        mine = [e for e in events if e["vcpu"] == r["vcpu"]]
        equal([e["name"] for e in mine], names * n, f"events of vCPU {r['vcpu']}")
        results = [e["result_code"] for e in mine[-len(names):]]
        if has_event(done):
            equal([signed(number(x)) for x in results], r["returned"][:len(names)],
                  f"results of vCPU {r['vcpu']}")
        else:
            equal(set(results), {None}, "results that KVM does not tell")
    return events


def case_calls_of_hyperv():
    events = check_other_api("hvcalls", "hyperv", ["NotifyLongSpinWait", "0x7777"],
                             "kvm/kvm_hv_hypercall", "kvm_hv_hypercall_done")
    if has_event("kvm_hv_hypercall_done"):
        equal({(e["name"], e["result"]) for e in events},
              {("NotifyLongSpinWait", "0 SUCCESS"), ("0x7777", "2 INVALID_HYPERCALL_CODE")}, "results")


def case_calls_of_xen():
    try:
        events = check_other_api("xencalls", "xen", ["xen_version"], "kvm/kvm_xen_hypercall",
                                 "kvm_xen_hypercall")
    except AssertionError as e:
        if "first line of the guest" in str(e):
            raise Skip("this KVM has no CONFIG_KVM_XEN") from e
        raise
    assert all(e["vmm_ns"] > 0 for e in events), "the VMM answers these"


def case_calls_by_the_other_instruction():
    """VMCALL on AMD: an invalid opcode, upon which KVM puts VMMCALL in its place."""
    n = 23
    with Guest("-k", "vmcall", "-n", n) as g, Watch(what="exits,hypercall") as w:
        g.run()
        objects = w.finish()
        g.end()
    missed = check_losses(objects)
    near(total(rows_of(objects, "hypercall"), api="kvm"), n, missed, "calls")
    check_exits(objects, missed)


def case_calls_that_are_none():
    """L2 calls L1: exits by the hypercall instruction, but no call of KVM's."""
    n = 31
    with Guest("-k", "nestcall", "-n", n, "-v", 2) as g, Watch(what="exits,hypercall") as w:
        g.run()
        objects = w.finish()
        g.end()
    rows = rows_of(objects, "hypercall")
    missed = check_losses(objects)
    equal({(r["api"], r["name"], r["nr"], r["level"]) for r in rows}, {("none", None, None, 2)}, "rows")
    for v in (0, 1):
        near(total(rows, vcpu=v), n, missed, f"exits of vCPU {v}")
    check_exits(objects, missed)


def case_calls_of_a_flood():
    """A guest that makes up numbers fills its own share; sums stay exact, its neighbour's too."""
    n = 1500
    flood = Guest("-k", "hcflood", "-n", n, "-v", 2, name="flood")
    victim = Guest("-k", "hypercalls", "-n", 50, name="victim")
    with flood, victim, Watch(what="exits,hypercall", interval="1") as w:
        flood.go()
        time.sleep(1)
        victim.run()
        flood.results()
        used = map_entries("hypercall_rows")
        objects = w.finish()
        flood.end()
        victim.end()
    rows = rows_of(objects, "hypercall")
    missed = check_losses(objects)
    near(total(rows, vm="flood"), 2 * n, missed, "calls of the flood")
    near(total(rows, vm="victim"), 50 * len(KVM_CALLS), missed, "calls of its neighbour")
    for nr in KVM_CALLS:
        near(sum(r["count"] for r in rows if r["vm"] == "victim" and number(r["nr"]) == nr), 50,
             missed, f"its calls {nr}")
    assert any(r["name"] == "other" for r in rows if r["vm"] == "flood"), "no row for the others"
    assert used <= 2 * 128 + 40, f"{used} rows"
    check_exits(objects, missed)


def case_calls_of_one_process():
    """-p: the calls of one VM, and of no other."""
    with Guest("-k", "hypercalls", "-n", 9) as other, \
            Guest("-k", "hypercalls", "-n", 9, "--ioctls", 2) as g, \
            Watch("-p", g.pid, what="exits,hypercall,ioctl") as w:
        other.run()
        results = g.run()
        objects = w.finish()
        other.end()
        g.end()
    missed = check_losses(objects)
    for table in ("hypercall", "ioctl"):
        equal({r["pid"] for r in rows_of(objects, table)}, {g.pid}, f"processes in {table}")
    near(total(rows_of(objects, "hypercall")), 9 * len(KVM_CALLS), missed, "calls")
    check_counted(objects, noted(results))


# ---- ioctls --------------------------------------------------------------------------------------


def noted(results):
    """What the guest did, by process, scope and request: (calls, failed ones)."""
    calls = collections.defaultdict(lambda: [0, 0])
    for r in results:
        for e in r.get("ioctls", []):
            key = calls[(r["pid"], e["scope"], e["request"])]
            key[0] += e["count"]
            key[1] += e["count"] if e["errno"] else 0
    return {k: tuple(v) for k, v in calls.items()}


def counted(objects):
    """The same, as it was seen."""
    calls = collections.defaultdict(lambda: [0, 0])
    for r in rows_of(objects, "ioctl"):
        key = calls[(r["pid"], r["scope"], number(r["request"]))]
        key[0] += r["count"]
        key[1] += r["errors"]
    return {k: tuple(v) for k, v in calls.items()}


def check_counted(objects, expected):
    """What was seen is what was done, but for what the kernel kept from us."""
    got, missed = counted(objects), check_losses(objects)
    if not missed:
        equal(got, expected, "ioctls by process, scope and request")
    equal(set(got) - set(expected), set(), "ioctls that nobody did")
    for key, (calls, failed) in expected.items():
        near(got.get(key, (0, 0))[0], calls, missed, f"calls {key}")
        near(got.get(key, (0, 0))[1], failed, missed, f"failed calls {key}")


def check_hits(objects, hits):
    """The same, against the kernel's own count by request."""
    calls, missed = collections.Counter(), check_losses(objects)
    for (_, _, request), (n, _) in counted(objects).items():
        calls[request] += n
    equal(set(calls) - set(hits), set(), "requests that nobody made")
    for request, n in hits.items():
        near(calls[request], n, missed, f"{request:#x} against the kernel's own count")


def events_of(objects):
    """Events of a run in which none was missed; else the case is to be tried again."""
    if check_losses(objects):
        raise Broken("events were missed")
    return rows_of(objects, "ioctl")


def room():
    """How many calls of one function, at once, a probe of its return takes note of (maxactive of
    register_kretprobe()); fexit, which kernels with types of modules have, of all."""
    with open("/sys/devices/system/cpu/possible", encoding="ascii") as f:
        cpus = int(f.read().split("-")[-1]) + 1
    if TYPED:
        return 10**6
    return max(10, 2 * cpus) if "PREEMPT" in os.uname().version else cpus


class Ioctls:
    """The kernel's own count of ioctls on KVM's requests, by request: by a trigger, or by its trace."""
    EVENT = "syscalls/sys_enter_ioctl"
    TRIGGER = "hist:keys=cmd"

    def __init__(self):
        self.trigger = os.path.exists(f"{TRACING}/events/{self.EVENT}/hist")

    def __enter__(self):
        if self.trigger:
            Counts.write(self.EVENT, "trigger", self.TRIGGER)
        else:
            Trace.write("trace", "")
            Trace.write("buffer_size_kb", "16384")
            Trace.write("tracing_on", "1")
            Counts.write(self.EVENT, "enable", "1")
        return self

    def __exit__(self, *_):
        if self.trigger:
            Counts.write(self.EVENT, "trigger", "!" + self.TRIGGER)
        else:
            Counts.write(self.EVENT, "enable", "0")

    def hits(self):
        if not self.trigger:
            text = open(f"{TRACING}/trace", encoding="utf-8", errors="replace").read()
            assert "LOST" not in text, "the kernel's trace lost events"
            return collections.Counter(int(m.group(1), 16) for m in re.finditer(
                r"sys_ioctl\(fd: \w+, cmd: (?:0x)?(\w+)", text))
        text = open(f"{TRACING}/events/{self.EVENT}/hist", encoding="ascii").read()
        assert re.search(r"Dropped: 0", text), f"the kernel lost counts: {text[-200:]}"
        return {int(m.group(1)): int(m.group(2))
                for m in re.finditer(r"cmd:\s*(\d+)\s*} hitcount:\s*(\d+)", text)}

    def read(self):
        return collections.Counter({k: n for k, n in self.hits().items() if k >> 8 & 0xff == 0xae})


def case_calls_ioctl_ledger():
    check_ledger("")


def case_calls_ioctl_ledger_with_kprobes():
    check_ledger("fentry,fexit")


def check_ledger(without):
    """Each ioctl of two VMs in one process: what the guest noted, and what the kernel counted. All
    vCPUs are in KVM_RUN at once, and another thread does the other ioctls of vCPUs."""
    vcpus, vms = (2, 2) if room() > 4 else (1, 1)
    with Ioctls() as kernel, \
            Guest("-k", OUT.kind, "-n", 20, "-v", vcpus, "-m", vms, "--ioctls", 7) as g:
        before = kernel.read()
        with Watch(what="ioctl", without=without) as w:
            results = g.run()
            objects = w.finish()
        hits = kernel.read() - before
        g.end()
    rows = rows_of(objects, "ioctl")
    check_counted(objects, noted(results))
    check_hits(objects, hits)
    check_errors(rows, results)
    # each VM's are its own; what is asked of /dev/kvm is the process's
    equal({r["vm"] for r in rows if r["scope"] == "vm"},
          {f"kw-guest-{g.pid}", f"kw-guest-{g.pid}#2"} if vms == 2 else {f"kw-guest-{g.pid}"},
          "names of the VMs")
    equal({r["vm"] for r in rows if r["scope"] == "system"}, {f"kw-guest-{g.pid}"}, "the process")
    for r in rows:
        assert 0 < r["mean_ns"] <= r["max_ns"] <= r["total_ns"], f"times of {r}"
        equal(r["vcpu"] is None, r["scope"] != "vcpu", f"vCPU of {r}")


def check_errors(rows, results):
    """The errno of a row is that of its failed calls."""
    why = collections.defaultdict(set)
    for r in results:
        for e in r.get("ioctls", []):
            if e["errno"]:
                why[(e["scope"], e["request"])].add(errno.errorcode[e["errno"]])
    for r in rows:
        names = why[(r["scope"], number(r["request"]))]
        if r["errors"]:
            assert r["last_errno"] in names, f"errno of {r}: {names}"
        else:
            equal(r["last_errno"], None, f"errno of {r}")


def case_calls_ioctl_events():
    """trace: each ioctl with its errno, and arguments in words."""
    k = 5
    with Guest("-k", OUT.kind, "-n", 5, "--ioctls", k) as g, Watch(what="ioctl", verb="trace") as w:
        results = g.run()
        time.sleep(0.3)
        objects = w.finish()
        g.end()
    events = events_of(objects)
    seen = collections.Counter((e["scope"], number(e["request"]), e["errno"]) for e in events)
    did = collections.Counter()
    for r in results:
        for e in r.get("ioctls", []):
            did[(e["scope"], e["request"], e["errno"])] += e["count"]
    equal(dict(seen), dict(did), "events by scope, request and errno")
    args = collections.defaultdict(list)
    for e in events:
        args[e["name"]].append((e["result"], e["args"]))
    regions = [re.sub(r"hva=0x[0-9a-f]+", "hva", a) for _, a in args["KVM_SET_USER_MEMORY_REGION"]]
    equal(regions, ["slot=9 flags=0x0 gpa=0x3f000000 size=0x10000 hva",
                    "slot=9 flags=0x0 gpa=0x3f000000 size=0x0 hva"] * k, "memory slots")
    equal(args["KVM_GET_API_VERSION"], [("12", None)] * k, "version")
    equal({a for _, a in args["KVM_CHECK_EXTENSION"]}, {"cap=IRQCHIP"}, "capabilities")
    assert all(r.startswith("fd ") and a == "type=0" for r, a in args["KVM_CREATE_VM"]), args
    equal([a for _, a in args["KVM_ENABLE_CAP"]],
          ["cap=HALT_POLL args=0x30d40 0x0 0x0 0x0", "cap=65535 args=0x0 0x0 0x0 0x0"] * k, "caps")
    equal(args["KVM_SET_REGS"].count(("-EFAULT", None)), k, "an argument nowhere")
    equal([a.split(" fd=")[0] for _, a in args["KVM_CREATE_DEVICE"]], ["type=VFIO"] * k, "devices")
    assert all(a.startswith("linear=0x") for _, a in args["KVM_TRANSLATE"]), args["KVM_TRANSLATE"]
    equal([a.split()[0] for _, a in args["KVM_HAS_DEVICE_ATTR"]], ["group=1", "group=99"] * k,
          "attributes")


class IoctlTrace(Trace):
    """The kernel's own trace of ioctls: (cmd, result, ns) by thread, KVM's only, in order."""
    EVENTS = ["syscalls/sys_enter_ioctl", "syscalls/sys_exit_ioctl"]

    def calls(self):
        self.write("tracing_on", "0")
        line = re.compile(r"-(\d+)\s+\[\d+\].*?(\d+)\.(\d{6}): sys_ioctl"
                          r"(?:\(.*cmd: (?:0x)?([0-9a-f]+),| -> (0x[0-9a-f]+))")
        begun, calls = {}, collections.defaultdict(list)
        for text in open(f"{TRACING}/trace", encoding="utf-8", errors="replace"):
            m = line.search(text)
            if not m:
                continue
            tid, us = int(m.group(1)), int(m.group(2)) * 10**6 + int(m.group(3))
            if m.group(4):
                begun[tid] = int(m.group(4), 16), us
            elif tid in begun:
                cmd, since = begun.pop(tid)
                if cmd >> 8 & 0xff == 0xae:
                    calls[tid].append((cmd, signed(int(m.group(5), 16)), (us - since) * 1000))
        return dict(calls)


def case_calls_ioctl_times():
    """trace: each ioctl of each thread, its result and time, against the kernel's own trace."""
    with Guest("-k", OUT.kind, "-n", 30, "-v", min(2, room() - 1), "--ioctls", 5) as g, \
            IoctlTrace() as t, \
            Watch(what="ioctl", verb="trace") as w:
        g.run()
        time.sleep(0.3)
        objects = w.finish()
        traced = t.calls()
        g.end()
    events = collections.defaultdict(list)
    for e in events_of(objects):
        result = -e["errno"] if e["errno"] else e["result_code"]
        events[e["tid"]].append((number(e["request"]), result, e["total_ns"]))
    equal(set(events), set(traced), "threads")
    for tid, mine in events.items():
        equal([e[:2] for e in mine], [c[:2] for c in traced[tid]], f"ioctls of thread {tid}")
        for (cmd, _, ns), (_, _, whole) in zip(mine, traced[tid]):
            assert 0 < ns <= whole + 1000, f"{cmd:#x} took {ns} ns of {whole}"
    ns, whole = [sum(c[2] for calls in x.values() for c in calls) for x in (events, traced)]
    assert ns > 0.5 * whole, f"{ns} ns of {whole}: the rest is system calls and our programs"


def case_calls_ioctl_interrupted():
    """Signals make KVM_RUN fail: as often as the guest saw it."""
    with Guest("-k", "hltsig", "-n", 15, "--signals", 3, "--ioctls", 1) as g, \
            Watch(what="ioctl") as w:
        results = g.run()
        objects = w.finish()
        g.end()
    check_counted(objects, noted(results))
    rows = [r for r in rows_of(objects, "ioctl") if r["name"] == "KVM_RUN"]
    equal([(r["errors"], r["last_errno"]) for r in rows], [(results[0]["signals"], "EINTR")], "runs")
    assert rows[0]["errors"] > 0, rows


def case_calls_ioctl_killed():
    """A process that is killed in KVM_RUN: the calls return, and count in its rows."""
    with Watch(what="ioctl") as w:
        vcpus = min(3, room())
        with Guest("-k", "spin", "-n", 10**9, "-v", vcpus) as g:
            g.go()
            time.sleep(1)
            g.p.kill()
            g.p.wait(60)
        time.sleep(0.3)
        used = map_entries("vcpu_slots"), map_entries("ioctl_calls")
        objects = w.finish()
    runs = [r for r in rows_of(objects, "ioctl") if r["name"] == "KVM_RUN"]
    equal(sorted((r["vcpu"], r["count"], r["errors"], r["last_errno"]) for r in runs),
          [(v, 2, 1, "EINTR") for v in range(vcpus)], "runs")
    equal(used, (0, 0), "slots in use, and calls in progress")


def case_calls_ioctl_many_vcpus():
    """More vCPUs in KVM_RUN at once than a kretprobe has room for."""
    with Guest("-k", "hlt", "-n", 5, "-v", 16, "--ioctls", 1) as g, Watch(what="ioctl") as w:
        results = g.run()
        objects = w.finish()
        g.end()
    if room() < 16:
        assert losses_of(objects)["no_call"] > 0, "what was missed is told"
        raise Skip("probes of returns, there, take note of as many calls at once as there are CPUs; "
                   "the others are told as lost")
    check_counted(objects, noted(results))
    runs = [r for r in rows_of(objects, "ioctl") if r["name"] == "KVM_RUN"]
    equal(sorted(r["vcpu"] for r in runs), list(range(16)), "vCPUs that ran")


def case_calls_ioctl_from_birth_to_death():
    """Processes that come and go while counting: nothing but their ioctls, and all of them."""
    with Ioctls() as kernel, Watch(what="ioctl") as w:
        before, pids = kernel.read(), set()
        for i in range(3):
            with subprocess.Popen([GUEST, "-k", "cpuid", "-n", "5", "-v", str(min(1 + i, room())), "-r", "2"],
                                  stdout=subprocess.DEVNULL) as p:
                pids.add(p.pid)
                equal(p.wait(60), 0, "exit code of the guest")
        time.sleep(0.3)
        hits = kernel.read() - before
        objects = w.finish()
    equal({pid for pid, _, _ in counted(objects)}, pids, "processes")
    check_hits(objects, hits)


LEADERLESS = """
import ctypes, fcntl, os, threading, time
def ask():
    time.sleep(0.3)
    fd = os.open("/dev/kvm", os.O_RDWR)
    for _ in range(13):
        fcntl.ioctl(fd, %d)
    os._exit(0)
threading.Thread(target=ask).start()
ctypes.CDLL(None).pthread_exit(None)
""" % GET_API_VERSION


def case_calls_ioctl_without_leader():
    """A process whose first thread is gone asks /dev/kvm; its place is given back at its end."""
    with Watch(what="ioctl") as w:
        pids = []
        for _ in range(2):
            with subprocess.Popen([sys.executable, "-c", LEADERLESS]) as p:
                pids.append(p.pid)
                p.wait(60)
        time.sleep(0.3)
        used = map_entries("vcpu_slots")
        objects = w.finish()
    equal([total(rows_of(objects, "ioctl"), pid=p, name="KVM_GET_API_VERSION") for p in pids],
          [13, 13], "calls")
    equal(used, 0, "slots in use")
