// SPDX-License-Identifier: Apache-2.0
/*
 * timeline.c - see timeline.h.
 * May not know about: schemas, VMs, collectors.
 * To extend: see timeline.h. What every packet needs is set in put().
 */
#define _GNU_SOURCE
#include "timeline.h"

#include "../util/cleanup.h"
#include "../util/grow.h"
#include "../util/text.h"
#include "perfetto.pb-c.h"

#include <errno.h>
#include <search.h>
#include <string.h>

#define WORDS	  65536 /* of a kind, at most: the others are told in full each time */
#define NOTES	  64
#define SEQUENCE  1 /* all packets are of one */
#define WORD_SIZE 512

struct word {
	char *text;
	uint64_t number;
};

struct dictionary {
	void *root;
	uint64_t n;
	Pf__InternedWord **fresh; /* not told yet */
	size_t n_fresh, room;
};

struct kw_timeline {
	FILE *out;
	struct dictionary words[KW_WORDS];
	uint64_t tracks;
	bool begun;
	uint8_t *buffer;
	size_t size;
};

struct kw_timeline *kw_timeline_new(FILE *out)
{
	struct kw_timeline *t = calloc(1, sizeof(*t));

	if (t)
		t->out = out;
	return t;
}

static void free_word(void *item)
{
	struct word *word = item;

	free(word->text);
	free(word);
}

void kw_timeline_free(struct kw_timeline *t)
{
	if (!t)
		return;
	for (int i = 0; i < KW_WORDS; i++) {
		for (size_t k = 0; k < t->words[i].room; k++)
			free(t->words[i].fresh[k]);
		free(t->words[i].fresh);
		tdestroy(t->words[i].root, free_word);
	}
	free(t->buffer);
	free(t);
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(((const struct word *)a)->text, ((const struct word *)b)->text);
}

/* Note that a word is to be told with the next packet. The memory of earlier ones is used again. */
static bool tell_word(struct dictionary *d, const struct word *word)
{
	size_t old = d->room;

	if (!kw_grow(&d->fresh, d->n_fresh, &d->room, sizeof(*d->fresh)))
		return false;
	for (; old < d->room; old++)
		d->fresh[old] = NULL;
	if (!d->fresh[d->n_fresh])
		d->fresh[d->n_fresh] = malloc(sizeof(**d->fresh));
	if (!d->fresh[d->n_fresh])
		return false;
	*d->fresh[d->n_fresh] = (Pf__InternedWord)PF__INTERNED_WORD__INIT;
	d->fresh[d->n_fresh]->has_iid = true;
	d->fresh[d->n_fresh]->iid = word->number;
	d->fresh[d->n_fresh++]->name = word->text;
	return true;
}

static struct word *add_word(struct dictionary *d, const char *text)
{
	struct word *word = malloc(sizeof(*word));

	if (!word)
		return NULL;
	word->text = strdup(text);
	word->number = d->n + 1;
	if (!word->text || !tell_word(d, word)) {
		free(word->text);
		free(word);
		return NULL;
	}
	if (!tsearch(word, &d->root, compare_words)) {
		d->n_fresh--;
		free_word(word);
		return NULL;
	}
	d->n++;
	return word;
}

uint64_t kw_timeline_word(struct kw_timeline *t, enum kw_words kind, const char *text)
{
	struct dictionary *d = &t->words[kind];
	char clean[WORD_SIZE];
	const struct word key = { .text = kw_printable(text, clean, sizeof(clean)) };
	struct word **found = tfind(&key, &d->root, compare_words), *word;

	word = found ? *found : d->n < WORDS ? add_word(d, clean) : NULL;
	return word ? word->number : 0;
}

static bool any_fresh(const struct kw_timeline *t)
{
	for (int i = 0; i < KW_WORDS; i++)
		if (t->words[i].n_fresh)
			return true;
	return false;
}

/* The packet as a member of the trace: its number, its length, itself. */
static int write_packet(struct kw_timeline *t, const Pf__TracePacket *packet)
{
	size_t size = pf__trace_packet__get_packed_size(packet), n = 0, left = size;

	if (size + 16 > t->size) {
		uint8_t *grown = realloc(t->buffer, 2 * size + 16);

		if (!grown)
			return -ENOMEM;
		t->buffer = grown;
		t->size = 2 * size + 16;
	}
	t->buffer[n++] = 1 << 3 | 2;
	for (; left >= 0x80; left >>= 7)
		t->buffer[n++] = (left & 0x7f) | 0x80;
	t->buffer[n++] = left;
	n += pf__trace_packet__pack(packet, t->buffer + n);
	return fwrite(t->buffer, 1, n, t->out) == n ? 0 : errno ? -errno : -EIO;
}

static int put(struct kw_timeline *t, Pf__TracePacket *packet)
{
	Pf__TracePacketDefaults defaults = PF__TRACE_PACKET_DEFAULTS__INIT;
	Pf__InternedData data = PF__INTERNED_DATA__INIT;
	int err;

	packet->has_trusted_packet_sequence_id = true;
	packet->trusted_packet_sequence_id = SEQUENCE;
	packet->has_sequence_flags = true;
	packet->sequence_flags = PF__TRACE_PACKET__SEQUENCE_FLAGS__SEQ_NEEDS_INCREMENTAL_STATE;
	if (!t->begun) {
		t->begun = true;
		packet->sequence_flags |=
			PF__TRACE_PACKET__SEQUENCE_FLAGS__SEQ_INCREMENTAL_STATE_CLEARED;
		packet->has_first_packet_on_sequence = packet->first_packet_on_sequence = true;
		packet->has_previous_packet_dropped = packet->previous_packet_dropped = true;
		defaults.has_timestamp_clock_id = true;
		defaults.timestamp_clock_id = PF__BUILTIN_CLOCK__BUILTIN_CLOCK_MONOTONIC;
		packet->trace_packet_defaults = &defaults;
	}
	if (any_fresh(t)) {
		data.event_categories = t->words[KW_WORDS_CATEGORY].fresh;
		data.n_event_categories = t->words[KW_WORDS_CATEGORY].n_fresh;
		data.event_names = t->words[KW_WORDS_NAME].fresh;
		data.n_event_names = t->words[KW_WORDS_NAME].n_fresh;
		data.debug_annotation_names = t->words[KW_WORDS_NOTE].fresh;
		data.n_debug_annotation_names = t->words[KW_WORDS_NOTE].n_fresh;
		data.debug_annotation_string_values = t->words[KW_WORDS_TEXT].fresh;
		data.n_debug_annotation_string_values = t->words[KW_WORDS_TEXT].n_fresh;
		packet->interned_data = &data;
	}
	err = write_packet(t, packet);
	for (int i = 0; i < KW_WORDS; i++)
		t->words[i].n_fresh = 0;
	return err;
}

int kw_timeline_host(struct kw_timeline *t, const char *kernel, const char *machine)
{
	Pf__TracePacket packet = PF__TRACE_PACKET__INIT;
	Pf__SystemInfo system = PF__SYSTEM_INFO__INIT;
	Pf__Utsname name = PF__UTSNAME__INIT;
	char release[WORD_SIZE], processor[WORD_SIZE];

	name.sysname = "Linux";
	name.release = kw_printable(kernel, release, sizeof(release));
	name.machine = kw_printable(machine, processor, sizeof(processor));
	system.utsname = &name;
	packet.system_info = &system;
	return put(t, &packet);
}

int kw_timeline_clocks(struct kw_timeline *t, uint64_t mono_ns, uint64_t real_ns)
{
	Pf__TracePacket packet = PF__TRACE_PACKET__INIT;
	Pf__ClockSnapshot snapshot = PF__CLOCK_SNAPSHOT__INIT;
	Pf__ClockSnapshot__Clock mono = PF__CLOCK_SNAPSHOT__CLOCK__INIT, real = mono;
	Pf__ClockSnapshot__Clock *clocks[] = { &mono, &real };

	mono.has_clock_id = mono.has_timestamp = real.has_clock_id = real.has_timestamp = true;
	mono.clock_id = PF__BUILTIN_CLOCK__BUILTIN_CLOCK_MONOTONIC;
	mono.timestamp = mono_ns;
	real.clock_id = PF__BUILTIN_CLOCK__BUILTIN_CLOCK_REALTIME;
	real.timestamp = real_ns;
	snapshot.clocks = clocks;
	snapshot.n_clocks = ARRAY_SIZE(clocks);
	snapshot.has_primary_trace_clock = true;
	snapshot.primary_trace_clock = PF__BUILTIN_CLOCK__BUILTIN_CLOCK_MONOTONIC;
	packet.clock_snapshot = &snapshot;
	return put(t, &packet);
}

int kw_timeline_track(struct kw_timeline *t, const struct kw_track_about *about, uint64_t *ret)
{
	Pf__TracePacket packet = PF__TRACE_PACKET__INIT;
	Pf__TrackDescriptor track = PF__TRACK_DESCRIPTOR__INIT;
	Pf__ProcessDescriptor process = PF__PROCESS_DESCRIPTOR__INIT;
	Pf__ThreadDescriptor thread = PF__THREAD_DESCRIPTOR__INIT;
	Pf__CounterDescriptor counter = PF__COUNTER_DESCRIPTOR__INIT;
	char clean[WORD_SIZE], *name = kw_printable(about->name, clean, sizeof(clean));
	int err;

	track.has_uuid = true;
	track.uuid = t->tracks + 1;
	track.has_parent_uuid = about->parent != 0;
	track.parent_uuid = about->parent;
	if (about->tid) {
		thread.has_pid = thread.has_tid = true;
		thread.pid = about->pid;
		thread.tid = about->tid;
		thread.thread_name = name;
		track.thread = &thread;
	} else if (about->pid) {
		process.has_pid = true;
		process.pid = about->pid;
		process.process_name = name;
		track.process = &process;
	} else {
		track.name = name;
	}
	if (about->unit) {
		counter.unit_name = (char *)about->unit;
		track.counter = &counter;
	}
	packet.track_descriptor = &track;
	err = put(t, &packet);
	if (!err)
		*ret = ++t->tracks;
	return err;
}

static void fill_note(struct kw_timeline *t, const struct kw_note *note, Pf__DebugAnnotation *ret)
{
	*ret = (Pf__DebugAnnotation)PF__DEBUG_ANNOTATION__INIT;
	ret->has_name_iid = true;
	ret->name_iid = note->name;
	switch (note->kind) {
	case KW_NOTE_NUMBER:
		ret->has_int_value = true;
		ret->int_value = note->number;
		break;
	case KW_NOTE_ADDRESS:
		ret->has_pointer_value = true;
		ret->pointer_value = note->number;
		break;
	case KW_NOTE_SHARE:
		ret->has_double_value = true;
		ret->double_value = note->share;
		break;
	case KW_NOTE_TEXT:
		ret->string_value_iid = kw_timeline_word(t, KW_WORDS_TEXT, note->text);
		ret->has_string_value_iid = ret->string_value_iid != 0;
		break;
	}
}

/* Texts that are no words are told in full: they need memory as long as the packet does. */
static int put_mark(struct kw_timeline *t, Pf__TrackEvent__Type type, const struct kw_mark *mark,
		    uint64_t ns)
{
	Pf__TracePacket packet = PF__TRACE_PACKET__INIT;
	Pf__TrackEvent event = PF__TRACK_EVENT__INIT;
	Pf__DebugAnnotation note[NOTES], *notes[NOTES];
	uint64_t category = mark->category, flow = mark->flow_id;
	char name[WORD_SIZE];
	_cleanup_free_ char *text = NULL;

	packet.has_timestamp = true;
	packet.timestamp = ns;
	packet.track_event = &event;
	event.has_type = event.has_track_uuid = true;
	event.type = type;
	event.track_uuid = mark->track;
	event.category_iids = &category;
	event.n_category_iids = category != 0;
	if (mark->name) {
		event.name_iid = kw_timeline_word(t, KW_WORDS_NAME, mark->name);
		event.has_name_iid = event.name_iid != 0;
	}
	if (mark->name && !event.name_iid)
		event.name = kw_printable(mark->name, name, sizeof(name));
	for (size_t i = 0; i < mark->n_notes && i < NOTES; i++) {
		fill_note(t, &mark->note[i], &note[i]);
		notes[i] = &note[i];
		if (note[i].has_string_value_iid || mark->note[i].kind != KW_NOTE_TEXT)
			continue;
		if (!text)
			text = malloc(NOTES * WORD_SIZE);
		if (!text)
			return -ENOMEM;
		note[i].string_value =
			kw_printable(mark->note[i].text, text + i * WORD_SIZE, WORD_SIZE);
	}
	event.debug_annotations = notes;
	event.n_debug_annotations = mark->n_notes < NOTES ? mark->n_notes : NOTES;
	event.flow_ids = event.terminating_flow_ids = &flow;
	event.n_flow_ids = mark->flow == KW_FLOW_GOES_ON;
	event.n_terminating_flow_ids = mark->flow == KW_FLOW_ENDS;
	return put(t, &packet);
}

int kw_timeline_begin(struct kw_timeline *t, const struct kw_mark *mark, uint64_t ns)
{
	return put_mark(t, PF__TRACK_EVENT__TYPE__TYPE_SLICE_BEGIN, mark, ns);
}

int kw_timeline_end(struct kw_timeline *t, uint64_t track, uint64_t ns)
{
	const struct kw_mark mark = { .track = track };

	return put_mark(t, PF__TRACK_EVENT__TYPE__TYPE_SLICE_END, &mark, ns);
}

int kw_timeline_instant(struct kw_timeline *t, const struct kw_mark *mark, uint64_t ns)
{
	return put_mark(t, PF__TRACK_EVENT__TYPE__TYPE_INSTANT, mark, ns);
}

int kw_timeline_count(struct kw_timeline *t, uint64_t track, uint64_t ns, double value)
{
	Pf__TracePacket packet = PF__TRACE_PACKET__INIT;
	Pf__TrackEvent event = PF__TRACK_EVENT__INIT;

	packet.has_timestamp = true;
	packet.timestamp = ns;
	packet.track_event = &event;
	event.has_type = event.has_track_uuid = event.has_double_counter_value = true;
	event.type = PF__TRACK_EVENT__TYPE__TYPE_COUNTER;
	event.track_uuid = track;
	event.double_counter_value = value;
	return put(t, &packet);
}
