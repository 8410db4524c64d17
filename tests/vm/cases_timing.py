# SPDX-License-Identifier: Apache-2.0
"""VM tests of the cheaper ways to time exits: sampled, only counted, timed at entries alone.

May know about: the command line and the JSON of kvm_watcher, the guests. Nothing of its code.
To extend: a function case_NAME (see inside.py).
"""
# pylint: disable=wildcard-import,unused-wildcard-import
from harness import *

TIMES = ("total_ns", "min_ns", "max_ns", "mean_ns", "p50_ns", "p99_ns", "on_cpu_ns", *PARTS)


def one(rows, **match):
    found = matching(rows, **match)
    equal(len(found), 1, f"rows of {match}")
    return found[0]


def case_timing_none():
    """Only counted: every count exact, no time told."""
    for kind, reasons in KINDS.items():
        with Guest("-k", kind, "-n", 211, "-v", 2) as g, Watch("--count-only") as w:
            results = g.run()
            objects = w.finish()
        rows = rows_of(objects)
        # the exit in which the guest ended, an IO that no entry follows, is counted, too
        for reason, level in reasons:
            for v in range(2):
                equal(count(rows, vcpu=v, reason=reason, level=level), 211 + (reason == IO),
                      f"{kind}: {reason}")
        for r in rows:
            equal({r[t] for t in TIMES}, {None}, f"times of {r}")
            equal(r["timed"], 0, "timed")
        equal(sum(r["count"] for r in rows), sum(r["exits"] for r in results), f"{kind}: all exits")
        no_losses(objects)


def case_timing_sampled():
    """All counted, one in 16 timed. How many are timed is a matter of chance, so that it may be
    5 sigma off; a second watcher times all: both agree on what all exits took."""
    n, one_in = 20000, 16
    with Guest("-k", "cpuid", "-n", n, "-v", 2) as g, Watch() as full:
        with Watch("--sample", one_in) as w:
            g.run()
            sampled = w.finish()
        rows, all_rows = rows_of(sampled), rows_of(full.finish())
    for v in range(2):
        r, whole = (one(x, vcpu=v, reason="CPUID") for x in (rows, all_rows))
        equal(r["count"], n, "CPUID exits")
        equal(whole["count"], n, "CPUID exits of the other watcher")
        assert abs(r["timed"] - n / one_in) < 5 * (n / one_in) ** 0.5, f"timed: {r['timed']}"
        equal(sum(r[p] for p in PARTS), r["total_ns"], "sum of the estimated parts")
        # the inner of the two watchers sees what the other's programs take, or not
        assert 0.6 < r["total_ns"] / whole["total_ns"] < 1.6, (r, whole)
        assert whole["min_ns"] / 2 <= r["min_ns"] <= r["p50_ns"] <= r["max_ns"], (r, whole)
    no_losses(sampled)


def case_timing_sampled_hides_nothing():
    """Exits that alternate: a sample of every second one would see one kind alone."""
    n, one_in = 8000, 2
    with Guest("-k", "out", "-n", n) as g, Watch("--sample", one_in) as w:
        g.run()
        rows = rows_of(w.finish())
    r = one(rows, reason=IO)
    # the exit in which the guest ended counts as well, unless it was one to be timed
    assert r["count"] in (n, n + 1), f"IO exits: {r['count']}, expected {n} or {n + 1}"
    assert abs(r["timed"] - n / one_in) < 5 * (n / 4) ** 0.5, f"timed: {r['timed']}"
    assert 0 < r["vmm_ns"] < r["total_ns"], f"the VMM's part: {r}"


def case_timing_at_entry():
    """One probe: every count exact, L2's as well; times are those of a watcher with two probes, but
    for what lies between KVM's look at the TSC and its tracepoint, whichever comes first."""
    if not TYPED:
        p = subprocess.run([WATCHER, "stat", "--low-overhead", "0.1", "1"], capture_output=True,
                           text=True, check=False)
        equal(p.returncode, 3, "exit code of --low-overhead")
        assert "tells the types of KVM" in p.stderr, p.stderr
        return
    for kind, reasons in KINDS.items():
        with Guest("-k", kind, "-n", 211, "-v", 2) as g, Watch() as full:
            with Watch("--low-overhead") as w:
                g.run()
                single = w.finish()
            objects = full.finish()
        rows, all_rows = rows_of(single), rows_of(objects)
        for v in range(2):
            equal(count(rows, vcpu=v, reason="FASTPATH"), count(all_rows, vcpu=v, reason="FASTPATH"),
                  f"{kind}: exits handled on the fast path")
            for reason, level in reasons:
                r = one(rows, vcpu=v, reason=reason, level=level)
                whole = one(all_rows, vcpu=v, reason=reason, level=level)
                equal(r["count"], 211, f"{kind}: {reason}")
                equal(r["timed"], r["count"], "all timed")
                equal({r[p] for p in PARTS}, {None}, "parts")
                off = abs(r["total_ns"] - whole["total_ns"]) / whole["count"]
                assert off < 200000, f"{kind}: {off} ns per exit: {r}, {whole}"
                # half of them have nothing between by chance; percentiles are within 12.5 %
                off = abs(r["p50_ns"] - whole["p50_ns"])
                assert off < 0.25 * whole["p50_ns"] + 60000, f"{kind}: {r}, {whole}"
        no_losses(single)
