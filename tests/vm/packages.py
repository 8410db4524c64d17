# SPDX-License-Identifier: Apache-2.0
"""Debian packages of other suites and architectures, without touching this machine's own apt.

What is fetched is kept in the cache: kernels with their modules, a newer QEMU, trees of unpacked
packages. No maintainer script runs.

May know about: Debian's package archive. Nothing of what the lab does with it.
To extend: a suite or an architecture is an entry of SUITES.
"""
import contextlib
import fcntl
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time

CACHE = os.environ.get("KVMW_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "kvm_watcher")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Of each architecture: where its kernels, and the packages of its trees, come from.
SUITES = {
    "amd64": ["bullseye", "bullseye-security", "bullseye-backports",
              "bookworm", "bookworm-security", "bookworm-backports",
              "trixie", "trixie-security", "trixie-backports", "forky", "sid"],
    "arm64": ["bookworm", "bookworm-security", "bookworm-backports", "trixie-backports", "sid"],
    "riscv64": ["trixie", "trixie-security", "trixie-backports", "sid"],
}
QEMU_MIN = "9.1"  # older ones forget the STI interrupt shadow on VMRUN: guests sleep for ever


class LabError(Exception):
    """The lab itself failed; the message says where and what to do."""


def sh(*cmd, **kw):
    return subprocess.run(cmd, check=True, text=True, stdout=subprocess.PIPE, **kw).stdout


@contextlib.contextmanager
def fetching():
    """One process at a time changes the cache."""
    os.makedirs(CACHE, exist_ok=True)
    with open(os.path.join(CACHE, "fetch.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def forget(pattern, but):
    """Of what versions of the lab made, keep one, and those that others used a day ago."""
    os.utime(but)
    for old in glob.glob(os.path.join(CACHE, pattern)):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - os.path.getmtime(old) > 86400:
                shutil.rmtree(old) if os.path.isdir(old) else os.unlink(old)


def say(text):
    print(f"lab: fetching {text}", file=sys.stderr)


def archive():
    """The URIs of Debian's archive and of its security updates that this machine already uses."""
    uris = sh("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages").split()
    main = [u for u in uris if u.rstrip("/").endswith("/debian")]
    if not main:
        raise LabError("no Debian archive among this machine's apt sources; run apt-get update")
    return main[0], next((u for u in uris if u.rstrip("/").endswith("/debian-security")), None)


class Apt:
    """A private apt state for one architecture over all its suites; nothing is installed in it."""
    updated = set()  # architectures whose lists this process has fetched

    def __init__(self, arch="amd64"):
        self.dir = os.path.join(CACHE, f"apt-{arch}")
        self.env = dict(os.environ, APT_CONFIG=os.path.join(self.dir, "apt.conf"), LC_ALL="C")
        for d in ("lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(self.dir, d), exist_ok=True)
        main, security = archive()
        places = [(security if s.endswith("-security") else main, s) for s in SUITES[arch]]
        self._write("sources.list", "".join(f"deb [signed-by={KEYRING}] {uri} {s} main\n"
                                            for uri, s in places if uri))
        self._write("status", "")
        self._write("apt.conf", textwrap.dedent(f"""\
            APT::Architecture "{arch}";
            APT::Architectures {{ "{arch}"; }};
            APT::Install-Recommends "false";
            Dir::Etc::sourcelist "{self.dir}/sources.list";
            Dir::Etc::sourceparts "/dev/null";
            Dir::Etc::preferences "/dev/null";
            Dir::Etc::preferencesparts "/dev/null";
            Dir::State::lists "{self.dir}/lists";
            Dir::State::status "{self.dir}/status";
            Dir::Cache "{self.dir}/cache";
            APT::Sandbox::User "root";
            Acquire::Languages "none";
            Acquire::Retries "3";
            """))
        if arch in self.updated:
            return
        self.updated.add(arch)
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
        """All (package, version, suite) whose package name matches."""
        names = [line.split()[0] for line in self.cache("search", "-n", name_re).splitlines()]
        if not names:
            return []
        rows = [line.split("|") for line in self.cache("madison", *names).splitlines()]
        return sorted({(r[0].strip(), r[1].strip(), r[2].split()[1].split("/")[0])
                       for r in rows if len(r) == 3 and "Packages" in r[2]})

    def closure(self, suite, packages):
        """These packages of a suite and all that they need, as name=version."""
        p = subprocess.run(["apt-get", "-s", "-t", suite, "install", *packages], env=self.env,
                           text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if p.returncode:
            raise LabError(f"{suite} cannot give {' '.join(packages)}:\n{p.stdout[-1000:]}")
        return [f"{name}={version}" for name, version in
                re.findall(r"^Inst (\S+) .*?\((\S+) ", p.stdout, re.M)]

    def unpack(self, dest, *packages):
        """Download packages (name=version) and unpack them; links to directories stay."""
        os.makedirs(dest, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as tmp:
            subprocess.run(["apt-get", "-q", "download", *packages], cwd=tmp, env=self.env,
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for deb in glob.glob(tmp + "/*.deb"):
                with subprocess.Popen(["dpkg", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as p:
                    subprocess.run(["tar", "-x", "--keep-directory-symlink", "-C", dest],
                                   stdin=p.stdout, check=True)


def version_key(version):
    """Orders kernel package versions: upstream numbers first, then Debian's revision."""
    return [int(n) for n in re.findall(r"\d+", version.split("~bpo")[0])]


def version_ge(a, b):
    return subprocess.run(["dpkg", "--compare-versions", a, "ge", b], check=False).returncode == 0


# ---- kernels ---------------------------------------------------------------------------------

def series_of(version):
    return tuple(version_key(version)[:2])


def pick_kernel(apt, series, suffix):
    """(package, version, release) of a series' newest kernel whose name ends so."""
    name = re.compile(rf"linux-(?:image|binary|binary-unsigned)-"
                      rf"(\d+\.\d+\.\d+[^-]*(?:-\d[^-]*)?-{suffix})")
    rows = [r + name.fullmatch(r[0]).groups()
            for r in apt.versions(rf"^linux-(image|binary|binary-unsigned)-[0-9].*-{suffix}$")
            if name.fullmatch(r[0])]
    known = sorted({series_of(r[1]) for r in rows}, reverse=True)
    back = {"newest": 0, "newest-1": 1}.get(series)
    wanted = known[back:back + 1] if back is not None else [tuple(map(int, series.split(".")))]
    rows = [r for r in rows if series_of(r[1]) in wanted]
    # bullseye has a rebuild of 6.1, too
    rows = [r for r in rows if not r[2].startswith("bullseye")] or rows
    if not rows:
        raise LabError(f"the archive has no kernel {series} ({suffix}); it has "
                       f"{', '.join('.'.join(map(str, k)) for k in known) or 'none'}")
    package, version, _, release = max(
        rows, key=lambda r: (version_key(r[1]), r[0].startswith("linux-image")))
    return package, version, release


def is_fetched(final, series):
    """A kernel that is there and, if it is to be the newest, was so a week ago."""
    release = final + "/release"
    return os.path.exists(release) and (not series.startswith("newest") or
                                        time.time() - os.path.getmtime(release) < 7 * 86400)


def kernel_dir(arch, series, flavour):
    return os.path.join(CACHE, "kernels", f"{arch}-{series}-{flavour}")


def fetch_kernel(arch, series, flavour, suffix):
    """Return the directory of an unpacked kernel: vmlinuz, release, lib/modules."""
    final = kernel_dir(arch, series, flavour)
    if is_fetched(final, series):
        return final
    os.makedirs(os.path.dirname(final), exist_ok=True)
    with fetching():
        if is_fetched(final, series):
            return final
        apt = Apt(arch)
        package, version, release = pick_kernel(apt, series, suffix)
        say(f"kernel {series}: {package} {version}")
        tmp = tempfile.mkdtemp(dir=os.path.dirname(final))
        try:
            unpack_kernel(apt, package, version, release, tmp)
            shutil.rmtree(final, ignore_errors=True)
            os.chmod(tmp, 0o755)
            os.rename(tmp, final)
        finally:
            shutil.rmtree(tmp, ignore_errors=True)
    return final


def unpack_kernel(apt, package, version, release, dest):
    tree = dest + "/tree"
    # newer kernels are split: vmlinuz, modules and config in packages of their own
    parts = {package} | {f"linux-{part}-{release}" for part in ("binary", "modules", "base")}
    apt.unpack(tree, *(f"{p}={version}" for p in parts
                       if p == package or f"Version: {version}\n" in apt.cache("show", p)))
    modules = [d for d in glob.glob(tree + "/usr/lib/modules/*") + glob.glob(tree + "/lib/modules/*")
               if os.path.isdir(d + "/kernel")]
    images = [p for p in glob.glob(tree + "/**/vmlinu[xz]*", recursive=True) if os.path.isfile(p)]
    if not modules or not images:
        raise LabError(f"kernel package {package} {version} has no image or no modules")
    os.makedirs(dest + "/lib/modules")
    shutil.move(images[0], dest + "/vmlinuz")
    shutil.move(modules[0], f"{dest}/lib/modules/{release}")
    shutil.rmtree(tree)
    for suffix, tool in ((".xz", ["xz", "-d"]), (".zst", ["zstd", "-q", "-d", "--rm"])):
        packed = glob.glob(dest + "/lib/modules/**/*.ko" + suffix, recursive=True)
        for i in range(0, len(packed), 200):
            subprocess.run(tool + packed[i:i + 200], check=True)
    subprocess.run(["busybox", "depmod", "-b", dest, release], check=True,
                   stderr=subprocess.DEVNULL)
    with open(dest + "/release", "w", encoding="utf-8") as f:
        f.write(release)


def fetch_headers(kdir, release, arch="amd64"):
    """Put a fetched kernel's headers where its tools look for them: /lib/modules/RELEASE/build."""
    modules = f"{kdir}/lib/modules/{release}"
    with fetching():
        if os.path.exists(modules + "/build/Makefile"):
            return
        apt = Apt(arch)
        wanted = apt.versions(f"^linux-headers-{re.escape(release)}$")
        if not wanted:
            raise LabError(f"the archive has no headers of {release} any more; remove {kdir}")
        package, version = max(wanted, key=lambda r: version_key(r[1]))[:2]
        common, = set(re.findall(r"^Depends:.*?(linux-headers-\S+-common)",
                                 apt.cache("show", f"{package}={version}"), re.M))
        say(f"{package} {version}")
        apt.unpack(modules + "/headers", f"{common}={version}", f"{package}={version}")
        for link, name in (("source", common), ("build", package)):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{modules}/{link}")
            os.symlink(f"headers/usr/src/{name}", f"{modules}/{link}")


# ---- other programs --------------------------------------------------------------------------

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
    with fetching():
        if os.path.exists(root + "/done"):
            return cmd
        apt = Apt()
        # the backport is built against this release's libraries
        rows = [r for r in apt.versions("^qemu-system-x86$") if "backports" in r[2]
                and version_ge(r[1].split(":")[-1], QEMU_MIN)]
        if not rows:
            raise LabError(f"no QEMU >= {QEMU_MIN} installed or among the backports")
        version = min(rows, key=lambda r: version_key(r[1]))[1]
        say(f"qemu {version}")
        shutil.rmtree(root, ignore_errors=True)
        apt.unpack(root, *(f"qemu-system-{part}={version}" for part in ("x86", "common", "data")))
        if subprocess.run(cmd + ["--version"], check=False, stdout=subprocess.DEVNULL).returncode:
            raise LabError(f"qemu {version} does not run here; libraries missing?")
        open(root + "/done", "w", encoding="utf-8").close()
    return cmd


def configure(tree):
    """What the packages' own scripts would have done, as far as it matters."""
    os.makedirs(tree + "/etc", exist_ok=True)
    for name, text in (("passwd", "root:x:0:0:root:/root:/bin/bash\n"), ("group", "root:x:0:\n")):
        with open(f"{tree}/etc/{name}", "w", encoding="utf-8") as f:
            f.write(text)
    for lib in glob.glob(tree + "/usr/lib/python3.*"):
        python = "/usr/bin/" + os.path.basename(lib)  # its modules are the same on all processors
        if os.path.exists(python):
            subprocess.run([python, "-m", "compileall", "-q", "-s", tree, lib], check=False)


def fetch_tree(name, arch, suite, packages):
    """Return a directory in which these packages, and all that they need, are unpacked."""
    final, wanted = os.path.join(CACHE, name), " ".join([suite, *packages])

    def is_there():
        with contextlib.suppress(FileNotFoundError), open(final + "/.packages", encoding="utf-8") as f:
            return f.read() == wanted
        return False

    if is_there():
        return final
    with fetching():
        if is_there():
            return final
        apt = Apt(arch)
        needed = apt.closure(suite, packages)
        say(f"{len(needed)} packages of {suite} for {arch}")
        tmp = tempfile.mkdtemp(dir=CACHE)
        try:
            for d in ("bin", "lib", "sbin"):  # as the package usrmerge would make it
                os.makedirs(f"{tmp}/usr/{d}")
                os.symlink(f"usr/{d}", f"{tmp}/{d}")
            apt.unpack(tmp, *needed)
            configure(tmp)
            with open(tmp + "/.packages", "w", encoding="utf-8") as f:
                f.write(wanted)
            shutil.rmtree(final, ignore_errors=True)
            os.chmod(tmp, 0o755)
            os.rename(tmp, final)
        finally:
            shutil.rmtree(tmp, ignore_errors=True)
    return final
