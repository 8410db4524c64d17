# SPDX-License-Identifier: Apache-2.0
"""A trace for Perfetto, decoded by protobuf's own tools: its packets, and what they amount to.

May not know about: what is in a trace, this tool's tables. To extend: what must hold of every
trace is asserted in Trace.
"""
import ast
import os
import re
import subprocess
from collections import namedtuple

HERE = os.path.dirname(os.path.realpath(__file__))
PROTOS = os.path.join(HERE, "..", "..", "src", "sinks")

Track = namedtuple("Track", "name parent pid tid unit")
# of one thing on a track; an instant ends when it begins
Slice = namedtuple("Slice", "track category name begin end depth notes flows ends instant")


def text_of(data):
    """As protobuf's text format."""
    p = subprocess.run(["protoc", "--decode", "pf.Trace", f"--proto_path={PROTOS}",
                        os.path.join(PROTOS, "perfetto.proto")], input=data,
                       capture_output=True, check=False)
    assert not p.returncode, p.stderr.decode()
    return p.stdout.decode()


def value_of(word):
    if word[0] == '"':
        return ast.literal_eval("b" + word).decode()
    return int(word) if re.fullmatch(r"-?\d+", word) else float(word) if re.match(r"[-\d]", word) \
        else word


def parse(text):
    """The message: a name to the list of its values."""
    stack = [{}]
    for line in text.splitlines():
        m = re.fullmatch(r"\s*(?:(\w+) \{|(\})|(\w+): (.*))", line)
        assert m, f"unknown to our description of the format: {line}"
        if m[1]:
            new = {}
            stack[-1].setdefault(m[1], []).append(new)
            stack.append(new)
        elif m[2]:
            stack.pop()
        else:
            stack[-1].setdefault(m[3], []).append(value_of(m[4]))
    assert len(stack) == 1
    return stack[0]


def one(message, name, default=None):
    values = message.get(name, [default])
    assert len(values) == 1, name
    return values[0]


class Trace:
    """All that the packets tell, checked: asserts what a trace must be."""

    WORDS = {"event_categories": "category", "event_names": "name",
             "debug_annotation_names": "note", "debug_annotation_string_values": "text"}

    def __init__(self, text):
        self.tracks, self.slices, self.counts, self.clocks = {}, [], {}, []
        self.words = {kind: {} for kind in self.WORDS.values()}
        self.open, self.last = {}, {}  # per track: slices begun, time of the last event
        packets = parse(text).get("packet", [])
        assert one(packets[0], "sequence_flags") & 1
        assert one(packets[0], "first_packet_on_sequence") == "true"
        assert one(packets[0], "trace_packet_defaults") == {"timestamp_clock_id": [3]}
        for packet in packets:
            self.add(packet)
        assert not any(self.open.values()), "slices without an end"
        self.check_flows()

    def add(self, packet):
        assert one(packet, "trusted_packet_sequence_id") == 1
        assert one(packet, "sequence_flags") & 2
        for data in packet.get("interned_data", []):
            for field, words in data.items():
                for word in words:
                    assert one(word, "iid") not in self.words[self.WORDS[field]], "told twice"
                    self.words[self.WORDS[field]][one(word, "iid")] = one(word, "name")
        for snapshot in packet.get("clock_snapshot", []):
            assert one(snapshot, "primary_trace_clock") == "BUILTIN_CLOCK_MONOTONIC"
            self.clocks.append({one(c, "clock_id"): one(c, "timestamp")
                                for c in snapshot["clocks"]})
        for track in packet.get("track_descriptor", []):
            self.add_track(track)
        for event in packet.get("track_event", []):
            self.add_event(event, one(packet, "timestamp"))

    def add_track(self, track):
        process, thread = one(track, "process", {}), one(track, "thread", {})
        uuid, parent = one(track, "uuid"), one(track, "parent_uuid")
        assert uuid and uuid not in self.tracks
        assert parent is None or parent in self.tracks, "a parent comes first"
        name = one(track, "name") or one(process, "process_name") or one(thread, "thread_name")
        assert name
        pid, tid = one(process, "pid") or one(thread, "pid"), one(thread, "tid")
        assert (tid is None or tid not in [t.tid for t in self.tracks.values()]) and (
            not process or pid not in [t.pid for t in self.tracks.values() if not t.tid])
        unit = one(one(track, "counter", {}), "unit_name")
        self.tracks[uuid] = Track(name, parent, pid, tid, unit)

    def note(self, note):
        name = self.words["note"][one(note, "name_iid")]
        if "string_value_iid" in note:
            return name, self.words["text"][one(note, "string_value_iid")]
        value, = [v for k, v in note.items() if k != "name_iid"]
        return name, value[0]

    def add_event(self, event, now):
        track, kind = one(event, "track_uuid"), one(event, "type")
        assert track in self.tracks, "no such track"
        assert now >= self.last.get(track, 0), "time goes back on a track"
        self.last[track] = now
        assert (kind == "TYPE_COUNTER") == (self.tracks[track].unit is not None)
        if kind == "TYPE_COUNTER":
            self.counts.setdefault(track, []).append((now, one(event, "double_counter_value")))
            return
        stack = self.open.setdefault(track, [])
        if kind == "TYPE_SLICE_END":
            assert stack, "an end without a begin"
            started = stack.pop()
            self.slices.append(started._replace(end=now))
            return
        notes = [self.note(n) for n in event.get("debug_annotations", [])]
        assert len(dict(notes)) == len(notes)
        categories = [self.words["category"][c] for c in event.get("category_iids", [])]
        name = one(event, "name") or self.words["name"][one(event, "name_iid")]
        new = Slice(track, categories[0] if categories else None, name, now, now, len(stack),
                    dict(notes), event.get("flow_ids", []), event.get("terminating_flow_ids", []),
                    kind == "TYPE_INSTANT")
        if kind == "TYPE_SLICE_BEGIN":
            stack.append(new)
        else:
            assert kind == "TYPE_INSTANT"
            self.slices.append(new)

    def check_flows(self):
        self.flows = {}
        for s in sorted(self.slices, key=lambda s: (s.begin, s.end)):
            for flow in s.flows + s.ends:
                self.flows.setdefault(flow, []).append(s)
        for flow, slices in self.flows.items():
            assert len(slices) > 1, f"flow {flow} goes nowhere"
            assert [bool(s.ends) for s in slices] == [False] * (len(slices) - 1) + [True], \
                f"flow {flow} does not end where it ends"

    def process(self, track):
        """Process id of a track, by its parents; None: it is of no VM."""
        while track is not None and self.tracks[track].pid is None:
            track = self.tracks[track].parent
        return self.tracks[track].pid if track else None
