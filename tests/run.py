#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the test sets and adds up: each set prints its cases, the last line is the sum.

May know about: how each set is started and what its lines look like. To extend: a function
set_NAME that yields (verdict, name, detail); verdict is "ok", "not ok" or "skip".
"""
import argparse
import concurrent.futures
import glob
import os
import re
import shlex
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(HERE, "vm"))
import lab  # noqa: E402
import matrix  # noqa: E402
sys.path.insert(0, os.path.join(HERE, "top"))
import term  # noqa: E402

LINE = re.compile(r"^(ok|not ok|skip) (.*)$")
SETS = ["unit", "golden", "recording", "perfetto", "top", "web", "diff", "sanitize", "docs", "cli", "cross", "bench", "poor", "lab", "vm"]
SLOW_SETS = ["churn1000", "hooks"]
LAB_LIMIT = 2400  # seconds for all cases of one lab run …
FEW_LIMIT = 900  # … or for few of them


def run(*cmd, **kw):
    return subprocess.run(cmd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, cwd=TOP, **kw)


def meson_tests(o, build, suite, label=""):
    """meson's own list is the oracle of how many there are."""
    p = run("meson", "test", "-C", build, "--no-rebuild", "--suite", suite, "--print-errorlogs")
    found = re.findall(r"^\s*\d+/\d+\s+(?:\S+:)?\S* ?/? ?(\S+)\s+(OK|FAIL|TIMEOUT|SKIP|ERROR)", p.stdout,
                       re.M)
    if p.returncode or not found:
        print(p.stdout)
    if not found:
        yield "not ok", f"{label}{suite}", "meson ran no test"
    for name, verdict in found:
        yield {"OK": "ok", "SKIP": "skip"}.get(verdict, "not ok"), f"{label}{suite} {name}", verdict


def lines_of(output, label):
    for line in output.splitlines():
        m = LINE.match(line)
        if m:
            yield m.group(1), f"{label} {m.group(2)}", ""


def set_unit(o):
    yield from meson_tests(o, o.build, "unit")


GOLDEN = {"golden": ["golden"], "golden replay": ["golden", "--replay"],
          "golden top": ["golden-top", "--in-top"]}


def run_golden(build, args):
    return run(os.path.join(HERE, "golden", "run"), os.path.join(build, "tests", args[0]), *args[1:])


def set_golden(o):
    for label, args in GOLDEN.items():
        p = run_golden(o.build, args)
        results = list(lines_of(p.stdout, label))
        if p.returncode or not results:
            print(p.stdout)
        yield from results or [("not ok", label, "no case ran")]


def run_cases(build, directory, *names):
    """The cases of a directory that has them in its file run, or those with these names."""
    return run(os.path.join(HERE, directory, "run"), os.path.join(build, "tests", "golden"), *names)


def all_cases(o, directory):
    p = run_cases(o.build, directory)
    results = list(lines_of(p.stdout, directory))
    if p.returncode or not results:
        print(p.stdout)
    yield from results or [("not ok", directory, "no case ran")]


def set_perfetto(o):
    """Traces for Perfetto, as protobuf's own tools decode them."""
    yield from all_cases(o, "perfetto")


def set_top(o):
    """The live screen in a terminal."""
    yield from all_cases(o, "top")


def set_web(o):
    """The page of -o html: its data, and in a headless browser."""
    yield from all_cases(o, "web")


def set_diff(o):
    """What diff finds, against statistics done in another way."""
    yield from all_cases(o, "diff")


def set_recording(o):
    """Recordings: bounds, triggers, damaged files, queries."""
    yield from all_cases(o, "recording")


def set_sanitize(o):
    """The unit, golden, recording and top tests again, with the address and undefined-behaviour sanitizers."""
    build = o.build.rstrip("/") + "-sanitize"
    if not os.path.exists(build + "/build.ninja"):
        p = run("meson", "setup", build, "-Db_sanitize=address,undefined", "-Db_lundef=false")
        if p.returncode:
            print(p.stdout)
    p = run("ninja", "-C", build)
    if p.returncode:
        print(p.stdout[-3000:])
        yield "not ok", "sanitize build", ""
        return
    yield from meson_tests(o, build, "unit", "sanitize ")
    for label, args in GOLDEN.items():
        p = run_golden(build, args)
        if p.returncode:
            print(p.stdout)
        yield ("not ok" if p.returncode else "ok"), f"sanitize {label}", ""
    for label, found in (("perfetto", run_cases(build, "perfetto")), ("top", run_cases(build, "top")),
                         ("diff", run_cases(build, "diff")),
                         ("recording", run_cases(build, "recording")),
                         ("web", run_cases(build, "web", "data", "data_of_others", "octaves", "text", "unavailable"))):
        if found.returncode:
            print(found.stdout)
        yield ("not ok" if found.returncode else "ok"), f"sanitize {label}", ""


def skeleton_of(o, name):
    """A skeleton up to the bytes of its object: maps, programs and variables, in their order."""
    with open(os.path.join(o.build, name + ".skel.h"), encoding="utf-8") as f:
        text = f.read().replace("_plain", "").replace("_PLAIN", "")
    return text[:text.index("__elf_bytes")]


# Where differences between kernels stand, each with its commit: of BPF programs, and of user space.
COMPAT = re.compile(r"src/(bpf/(compat|arch_\w+)\.bpf|core/kbtf)\.h$")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
RELEASE = re.compile(r"(?<![\w.])[2-9]\.\d{1,2}(?![\w.]*\d)|\b(?=\w*[a-f])(?=\w*\d)[0-9a-f]{12}\b")
ASKED = re.compile(r"bpf_core_(?:field|type|enum_value)_exists|\w*KERNEL_VERSION\w*")


def strays(path, text):
    """What a source file says of kernels that belongs elsewhere: releases and commits in comments
    (figures of times aside), questions to the kernel's types."""
    found = [] if path.startswith("src/util/") else [
        m.group() for c in COMMENT.findall(text) if "SPDX" not in c for m in RELEASE.finditer(c)]
    return [f"{path}: {word}" for word in found + ASKED.findall(text)]


def differences_astray():
    """Of kernels: those that stand outside of COMPAT's files, and those there without a commit."""
    for path in sorted(glob.glob("src/**/*.[ch]", root_dir=TOP, recursive=True)):
        with open(os.path.join(TOP, path), encoding="utf-8") as f:
            text = f.read()
        if not COMPAT.match(path):
            yield from strays(path, text)
            continue
        for comment in COMMENT.findall(text):
            if "SPDX" not in comment and RELEASE.search(comment) and not re.search(r"\b[0-9a-f]{12}\b", comment):
                yield f"{path}: no commit: {' '.join(comment.split())[:60]}"


def set_docs(o):
    """The man page is well-formed and names every option and column."""
    p = run("mandoc", "-T", "lint", "-W", "warning", "docs/kvm_watcher.8")
    yield ("not ok" if p.returncode else "ok"), "docs man page", p.stdout.strip()
    with open(os.path.join(TOP, "docs", "kvm_watcher.8"), encoding="utf-8") as f:
        page = re.sub(r"\\-", "-", f.read())
    tool = os.path.join(o.build, "kvm_watcher")
    options = set()
    for verb in ("top", "stat", "trace", "hist", "record", "report", "diff", "list", "check"):
        options |= set(re.findall(r"--([a-z-]+)", run(tool, verb, "--help").stdout))
    missing = sorted(x for x in options if f"-{x}" not in page)
    yield ("not ok" if missing or not options else "ok"), "docs options", f"missing: {missing}"
    columns = {line.split()[1] for line in run(tool, "list", "columns").stdout.splitlines()[1:]}
    missing = sorted(c for c in columns if c not in page)
    yield ("not ok" if missing or not columns else "ok"), "docs columns", f"missing: {missing}"
    with open(os.path.join(TOP, "docs", "seed-parity.md"), encoding="utf-8") as f:
        rows = re.findall(r"^\| (\d+) \|.*\| (.*) \|$", f.read(), re.M)
    cases = set(re.findall(r"^def ((?:case|single)_\w+)", "".join(
        open(path, encoding="utf-8").read()
        for path in glob.glob(os.path.join(HERE, "vm", "cases_*.py"))), re.M))
    named = {c for _, proof in rows for c in re.findall(r"(?:case|single)_\w+", proof)}
    good = [int(n) for n, _ in rows] == list(range(1, 43)) and named <= cases
    yield ("ok" if good else "not ok"), "docs seed parity", f"no such cases: {named - cases}"
    forms = [skeleton_of(o, name) for name in ("kvm_watcher", "kvm_watcher_plain")]
    yield ("ok" if forms[0] == forms[1] else "not ok"), "docs plain object", \
        "its maps, programs or variables are in another order"
    yield ("ok" if matrix.is_written() else "not ok"), "docs kernels", "run tests/vm/matrix.py"
    astray = [*differences_astray()]
    known = strays("src/x.h", "/* since 5.16 */ bpf_core_field_exists(a->b) // 0a62a0319abb (\"x\")")
    yield ("not ok" if astray or len(known) != 3 else "ok"), "docs differences of kernels", \
        f"not in compat.bpf.h, arch_*.bpf.h or kbtf.h: {astray}"
    p = run("sh", "-c", "clang-format --dry-run -Werror $(git -c safe.directory='*' ls-files '*.c' '*.h')")
    yield ("not ok" if p.returncode else "ok"), "docs code format", p.stdout[:2000]
    p = run("git", "-c", "safe.directory=*", "ls-files")
    bad = [f for f in p.stdout.split() if re.search(r"\.(c|h|py)$|/dev$|meson", f) and
           "SPDX-License-Identifier" not in open(os.path.join(TOP, f), encoding="utf-8").read(400)]
    yield ("not ok" if bad else "ok"), "docs licence lines", f"without: {bad}"


def set_cli(o):
    """The tool on this machine's own kernel, whatever that can do."""
    tool = os.path.join(o.build, "kvm_watcher")
    cases = [
        ("unknown verb", 2, ["nonsense"]), ("no such process", 2, ["stat", "-p", "4194304"]),
        ("no VM", 2, ["stat", "-p", "1"]), ("unknown reason", 2, ["stat", "--reason", "NOSUCH"]),
        ("version", 0, ["-V"]), ("help", 0, ["--help"]), ("usage", 0, ["--usage"]),
        ("list reasons", 0, ["list", "reasons"]), ("list what", 2, ["list"]),
        ("bad output", 2, ["stat", "-o", "xml"]), ("bad path", 1, ["stat", "-o", "csv:/no/where"]),
        ("full disk", 1, ["list", "reasons", "-o", "csv:/dev/full"]),
    ]
    if os.geteuid() == 0:
        plain = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
        p = subprocess.run(plain + [tool, "stat", "1", "1"], capture_output=True, text=True,
                           check=False)
        readable = p.returncode != 127 and "Permission denied" not in p.stderr
        good = p.returncode == 4 and p.stderr.count("\n") == 1
        yield (("ok" if good else "not ok") if readable else "skip"), "cli not permitted", p.stderr
    for name, code, args in cases:
        p = subprocess.run([tool] + args, capture_output=True, text=True, check=False)
        good = p.returncode == code and (code == 0 or (p.stderr.startswith("kvm_watcher")))
        yield ("ok" if good else "not ok"), f"cli {name}", f"exit code {p.returncode}: {p.stderr}"
    if os.geteuid():
        yield "skip", "cli nothing to watch", "needs root"
        return
    codes = [subprocess.run([tool, *args, "--low-overhead"], capture_output=True, check=False).returncode
             for args in (["check"], ["stat", "-t", "0.1"])]
    yield ("ok" if codes[0] == codes[1] and codes[0] in (0, 3) else "not ok"), \
        "cli check does what a run does", f"exit codes {codes}"
    without = dict(os.environ, KVM_WATCHER_WITHOUT="tp_btf,raw_tp")
    for args in (["exits"], ["exits", "--stats"], ["cost,exits"]):
        p = subprocess.run([tool, "stat", *args, "-t", "0.1"], capture_output=True, text=True, check=False, env=without)
        good = p.returncode == 3 and "cannot watch kvm_" in p.stderr
        yield ("ok" if good else "not ok"), f"cli nothing to watch {' '.join(args)}", f"exit code {p.returncode}: {p.stderr}"


# e_machine of the ELF files of what is built for other processors
MACHINES = {"arm64": 183, "riscv64": 243}


def machine_of(path):
    with open(path, "rb") as f:
        head = f.read(20)
    return int.from_bytes(head[18:20], "little") if head.startswith(b"\x7fELF") else None


def set_cross(_o):
    """The builds for other processors; what they do is for their labs to tell."""
    for arch, machine in MACHINES.items():
        p = run("./dev", "build", "--arch", arch)
        tool = os.path.join(TOP, f"build-{arch}", "kvm_watcher")
        good = not p.returncode and machine_of(tool) == machine
        yield ("ok" if good else "not ok"), f"cross {arch}", p.stdout[-3000:]


def keep(o, results, few):
    """What labs found stays in the build; of --matrix, it becomes what docs/kernels.md says."""
    if o.case:
        return
    results.save(os.path.join(o.build, "results"), few)
    if o.matrix:
        results.save(matrix.RESULTS, few)
        matrix.write_page()


def set_poor(o):
    """On this machine itself, if its KVM is one that tells of no exits: KVM for PVM."""
    if os.geteuid() or not os.access("/dev/kvm", os.R_OK | os.W_OK):
        yield "skip", "poor", "needs root and /dev/kvm"
        return
    p = run(os.path.join(o.build, "kvm_watcher"), "check", "-o", "csv")
    if not re.search(r"^kvm_exit,missing,", p.stdout, re.M):
        yield "skip", "poor", "this machine's KVM tells of exits"
        return
    p = run(sys.executable, os.path.join(HERE, "vm", "inside.py"), "--prefix", "poor_", "--only", o.case,
            env=dict(os.environ, KVMW_BUILD=os.path.realpath(o.build)), timeout=FEW_LIMIT)
    yield from lines_of(p.stdout, "poor")
    if not re.search(r"^end [1-9]", p.stdout, re.M):
        yield "not ok", "poor", p.stdout[-3000:]
    results = matrix.Results("pvm built-in")
    results.add(p.stdout)
    keep(o, results, o.few)
    if not o.case:
        wrong = results.failed() if o.matrix else results.differences()
        yield ("not ok" if wrong else "ok"), "matrix pvm built-in", "; ".join(wrong)


def has_test_tracepoint():
    """The tracepoint, and the function that fires it, which programs can call since 6.10."""
    with open("/proc/kallsyms", encoding="ascii") as f:
        return any(line.endswith(" bpf_modify_return_test_tp\n") for line in f)


def set_bench(o):
    """Each part of the benchmark once, very short: what it measures counts what was made."""
    p = run("ninja", "-C", o.build, "bench/bench", "bench/scale")
    if p.returncode:
        print(p.stdout[-3000:])
        yield "not ok", "bench build", ""
        return
    p = run(sys.executable, os.path.join(TOP, "bench", "lab.py"), "--build", o.build, "--smoke")
    yield ("ok" if not p.returncode and "| stat exits |" in p.stdout else "not ok"), "bench lab", p.stdout
    if os.geteuid():
        yield "skip", "bench", "all but the lab's part needs root"
        return
    commands = [("scale", ["scale"])]
    if has_test_tracepoint():
        commands += [(part, ["bench", part]) for part in ("pair", "switch", "contention")]
    else:
        yield "skip", "bench", "pair, switch and contention need a kernel from 6.10 on"
    for part, command in commands:
        p = run(os.path.join(o.build, "bench", command[0]), "--smoke", *command[1:])
        yield ("ok" if not p.returncode and "Targets:" in p.stdout else "not ok"), f"bench {part}", p.stdout


def lab_terminal(script):
    """With --tty, a command in the lab has this terminal: its size, its keys, its end."""
    command = ("stty size; read -r x; echo got $x; "
               "until stty size | grep -qx '40 100'; do sleep 0.1; done; exit 3")
    lab_run = f"{sys.executable} {script} run --tty --timeout 100 -- bash -c {shlex.quote(command)}"
    with term.Terminal("bash --norc --noprofile", columns=90, rows=33,
                       env={"KVMW_CACHE": lab.CACHE}) as t:
        t.type(f"{lab_run}; echo code $?; stty -a | grep -o ' icanon'\n")
        t.expect("^33 90", 100)
        t.type("a key\n")
        t.expect("^got a key")
        t.resize(100, 40)
        t.expect(r"^code 3\n icanon")


# What a lab of another processor is asked: which one it is, the version of KVM's interface, whether
# KVM makes a VM, and whether this is the same directory.
ASK_KVM = """
import fcntl, os, sys
kvm = os.open("/dev/kvm", os.O_RDWR)
print(os.uname().machine, os.uname().release, sep="\\n")
print(fcntl.ioctl(kvm, 0xae00), fcntl.ioctl(kvm, 0xae01, 0) > 0)
print(os.getcwd() if os.path.exists("tests/run.py") else "elsewhere", file=sys.stderr)
sys.exit(7)
"""


def lab_case(name, code, out, err, *args):
    """A lab.py run, and what is to come back from it."""
    p = subprocess.run([sys.executable, os.path.join(HERE, "vm", "lab.py"), "run", *args], cwd=TOP,
                       capture_output=True, text=True, check=False)
    good = p.returncode == code and re.search(out, p.stdout) and re.search(err, p.stderr)
    return ("ok" if good else "not ok"), f"lab {name}", f"exit code {p.returncode}: {p.stdout}{p.stderr}"


def set_lab(o):
    """The lab itself: exit codes and output come back; a hang and a panic end and are told."""
    script = os.path.join(HERE, "vm", "lab.py")
    foreign = {"arm64": "aarch64", "riscv64": "riscv64"}  # the machine, and what it calls itself
    try:
        for machine in ("svm", *foreign):
            lab.fetch(lab.kernels(machine)[0])
    except (lab.LabError, subprocess.CalledProcessError) as e:
        yield "not ok", "lab fetch", str(e)
        return
    cases = [
        ("exit code and output", 7, "^here\n$", "^there\n$", "60",
         "echo here; echo there >&2; exit 7"),
        ("arguments", 0, "^a b\\|\\$c\\|\n$", "", "60", "printf '%s|' 'a b' '$c'; echo"),
        ("kernel", 0, "6\\.1\\.\\d+.*\n.*kvm_amd", "", "60",
         "uname -r; ls /sys/module | grep kvm_amd"),
        ("hang", lab.EXIT_TIMEOUT, "", "TIMEOUT.*its console ends:\n  \\|", "15", "sleep 1000"),
        ("panic", lab.EXIT_LAB, "", "FAILED(.*\n)*.*Kernel panic.*sysrq", "60",
         "echo c >/proc/sysrq-trigger; sleep 100"),
    ]
    for name, code, out, err, limit, command in cases:
        yield lab_case(name, code, out, err, "--timeout", limit, "--", "/bin/bash", "-c", command)
    for machine, processor in foreign.items():
        kernel = lab.kernels(machine)[0]
        with open(lab.MACHINES[machine].kernel_dir(kernel.series, kernel.flavour) + "/release",
                  encoding="utf-8") as f:
            release = re.escape(f.read().strip())
        yield lab_case(machine, 7, f"^{processor}\n{release}\n12 True\n$", f"^{TOP}\n$",
                       "--machine", machine, "--timeout", "120", "--", "/usr/bin/python3", "-c", ASK_KVM)
    p = subprocess.Popen([sys.executable, script, "run", "--timeout", "60", "--", "/bin/bash", "-c",
                          "trap 'echo got it; exit 5' INT; echo up; while :; do sleep 0.1; done"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    p.stdout.readline()
    p.send_signal(signal.SIGINT)
    out, err = p.communicate()
    yield ("ok" if (p.returncode, out) == (5, "got it\n") else "not ok"), "lab interrupt", out + err
    try:
        lab_terminal(script)
        yield "ok", "lab terminal", ""
    except term.Missing as e:
        yield "not ok", "lab terminal", str(e)
    p = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", "--", "/usr/bin/python3", script,
                        "run", "--", "true"], capture_output=True, text=True, check=False)
    yield ("ok" if p.returncode == lab.EXIT_LAB and "root" in p.stderr else "not ok"), \
        "lab not root", p.stderr


def foreign_arch(machine):
    """The machine's architecture, if it is not this one's."""
    arch = lab.MACHINES[machine].arch
    return None if arch == run("dpkg", "--print-architecture").stdout.strip() else arch


def build_of(o, machine):
    """Where `./dev build` has left what runs on a machine."""
    arch = foreign_arch(machine)
    return os.path.join(TOP, f"build-{arch}") if arch else o.build


def lab_run(o, kernel, prefix, smp, few=False):
    """All cases of a prefix on one kernel of the table, or few of them: its results, its output."""
    start = time.monotonic()
    cmd = [sys.executable, os.path.join(HERE, "vm", "lab.py"), "run", "--machine", kernel.machine,
           "--kernel", kernel.series, "--flavour", kernel.flavour,
           "--smp", str(smp), "--nodes", "2" if prefix == "numa_" else "1",
           "--timeout", str(FEW_LIMIT if few else LAB_LIMIT), "--env",
           "KVMW_BUILD=" + os.path.realpath(build_of(o, kernel.machine)), "--", "/usr/bin/python3",
           os.path.join(HERE, "vm", "inside.py"), "--prefix", prefix, "--only", o.case,
           *(["--few"] if few else [])]
    p = run(*cmd)
    label = "vm " + matrix.label_of(kernel)
    results = list(lines_of(p.stdout, label))
    again = [line for line in p.stdout.splitlines() if line.startswith("# ")]
    print("".join(f"{line}\n" for line in again), end="", flush=True)
    end = re.search(r"^end (\d+)$", p.stdout, re.M)
    if not end or int(end.group(1)) != len(results):
        results.append(("not ok", f"{label} {prefix} LAB", f"the lab ended early (exit code "
                        f"{p.returncode}): {p.stdout[-3000:]}"))
    print(f"# {label} {prefix}* on {smp} CPU(s): {time.monotonic() - start:.0f} s", flush=True)
    return results, p.stdout


def vm_kernels(o):
    """Those of the table that the options name; without any, those of each day."""
    found = [k for k in lab.kernels() if o.machine in ("", k.machine) and
             o.kernel in ("", k.series) and (o.kernel or o.machine or o.matrix or k.daily != "-")]
    if not found:
        raise SystemExit(f"run.py: no kernel {o.kernel} {o.machine} in tests/vm/kernels")
    return found


def is_few(o, kernel):
    """Does a run that names nothing, or asks for few, take only few cases there?"""
    return o.few or (kernel.daily == "few" and
                     not (o.kernel or o.machine or o.matrix or o.case))


def vm_jobs(o, kernel):
    few = is_few(o, kernel)
    if few or kernel.machine != "svm":
        return [(o, kernel, "case_", 2, few)]
    return [(o, kernel, prefix, smp) for prefix, smp in (("case_", 2), ("single_", 1), ("numa_", 2))]


def judge(o, kernel, outputs):
    """What its labs say about each collector there: is it still what docs/kernels.md says?"""
    results, label = matrix.Results(matrix.label_of(kernel)), matrix.label_of(kernel)
    for text in outputs:
        results.add(text)
    if not results.states:
        if not o.case:
            yield "not ok", f"matrix {label}", "the case works did not tell the collectors' states"
        return
    keep(o, results, is_few(o, kernel))
    wrong = results.failed() if o.matrix or o.case else results.differences()
    yield ("not ok" if wrong else "ok"), f"matrix {label}", "; ".join(wrong)


def set_vm(o):
    """Two labs at a time: most emulate their CPUs on one thread."""
    kernels, start = [], time.monotonic()
    for k in vm_kernels(o):
        try:
            lab.fetch(k)
            kernels.append(k)
        except (lab.LabError, subprocess.CalledProcessError) as e:
            yield "not ok", f"vm {matrix.label_of(k)} LAB", f"cannot fetch: {e}"
    for arch in sorted({foreign_arch(k.machine) for k in kernels} - {None}):
        p = run("./dev", "build", "--arch", arch)
        if p.returncode:
            yield "not ok", f"vm LAB build for {arch}", p.stdout[-3000:]
            return
    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        futures = {k: [pool.submit(lab_run, *job) for job in vm_jobs(o, k)] for k in kernels}
        for k, of_kernel in futures.items():
            for future in of_kernel:
                yield from future.result()[0]
            yield from judge(o, k, [future.result()[1] for future in of_kernel])
    print(f"# all labs: {time.monotonic() - start:.0f} s", flush=True)


def set_churn1000(o):
    yield from lab_run(o, vm_kernels(o)[0], "slow_", 2)[0]


def set_hooks(o):
    """Each hook of each collector missing in turn."""
    yield from lab_run(o, vm_kernels(o)[0], "hook_", 2)[0]


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--build", default="build")
    p.add_argument("--machine", default="")
    p.add_argument("--kernel", default="")
    p.add_argument("--case", default="")
    p.add_argument("--few", action="store_true", help="one or two cases of each collector")
    p.add_argument("--matrix", action="store_true",
                   help="all cases on all kernels; writes tests/vm/results, docs/kernels.md")
    p.add_argument("--jobs", type=int, default=2, help="labs at once")
    p.add_argument("sets", nargs="*", choices=SETS + SLOW_SETS + [[]])
    o = p.parse_args()
    o.build = os.path.join(TOP, o.build)
    total = {"ok": 0, "not ok": 0, "skip": 0}
    for name in o.sets or SETS:
        for verdict, case, detail in globals()["set_" + name](o):
            total[verdict] += 1
            shown = verdict == "ok" or not detail
            print(f"{verdict} {case}" + ("" if shown else f": {detail}"), flush=True)
    print(f"{total['ok']} passed, {total['not ok']} failed, {total['skip']} skipped")
    return 1 if total["not ok"] or not total["ok"] else 0


if __name__ == "__main__":
    sys.exit(main())
