#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the tree of another processor's libraries that the cross build links with.

    cross/sysroot.py ARCH       prints the file that tells meson where the tree is

May know about: Debian's package archive (tests/vm/packages.py fetches). Nothing of meson but that file.
To extend: a processor is a line in SUITES, and a file ARCH.ini.
"""
import os
import sys

TOP = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tests", "vm"))
import packages  # noqa: E402

SUITES = {"arm64": "bookworm", "riscv64": "trixie"}  # bookworm has no riscv64
PACKAGES = ["libbpf-dev", "libjansson-dev", "libncurses-dev", "libprotobuf-c-dev", "libsqlite3-dev"]


def relative_links(tree):
    """An absolute link would lead to this machine's own libraries."""
    for where, dirs, files in os.walk(tree):
        for name in dirs + files:
            path = os.path.join(where, name)
            if os.path.islink(path) and os.readlink(path).startswith("/"):
                target = os.path.relpath(tree + os.readlink(path), where)
                os.unlink(path)
                os.symlink(target, path)


def main():
    if sys.argv[1:] not in [[arch] for arch in SUITES]:
        raise SystemExit(f"usage: {sys.argv[0]} {'|'.join(SUITES)}")
    arch = sys.argv[1]
    try:
        tree = packages.fetch_tree(f"sysroot-{arch}", arch, SUITES[arch], PACKAGES)
    except packages.LabError as e:
        raise SystemExit(f"sysroot: {e}") from e
    relative_links(tree)
    ini = tree + ".ini"
    if not os.path.exists(ini):  # meson configures anew when it changes
        with open(ini, "w", encoding="utf-8") as f:
            f.write(f"[constants]\nsysroot = '{tree}'\n")
    print(ini)


if __name__ == "__main__":
    main()
