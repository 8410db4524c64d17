// SPDX-License-Identifier: Apache-2.0
/*
 * html.c - one page that needs no network: the whole run as charts and tables.
 * May not know about: where data comes from, any one collector.
 * To extend: this file writes data alone, as JSON; what is made of it is in html/page.js. Memory is
 * bounded: by history.h, and by the rows that a table keeps.
 */
#include "../core/hist.h"
#include "../core/log.h"
#include "../util/cleanup.h"
#include "../util/grow.h"
#include "../util/units.h"
#include "html_page.h"
#include "sink.h"
#include "history.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>

#define ROWS   1000 /* of a table */
#define LOSSES 1000

/* A table's state and rows. */
struct sheet {
	const struct kw_schema *schema;
	json_t *unavailable; /* text; NULL: it is not */
	json_t *rows, *row_vm;
	size_t left_out;
};

struct html {
	json_t *about, *vms; /* vms: by index, as text */
	json_t *losses;
	bool summarized; /* what is lost comes a second time */
	struct kw_history history;
	struct sheet *sheet;
	size_t n_sheets, room;
};

static int open_html(struct kw_sink *sink)
{
	if (!*kw_html_page[0]) {
		kw_say("-o html: this tool was built without its page, as npm or uPlot was "
		       "missing; './dev build' gets them");
		return -EINVAL;
	}
	sink->state = calloc(1, sizeof(struct html));
	return sink->state ? 0 : -ENOMEM;
}

static void close_html(struct kw_sink *sink)
{
	struct html *h = sink->state;

	for (size_t i = 0; i < h->n_sheets; i++) {
		json_decref(h->sheet[i].unavailable);
		json_decref(h->sheet[i].rows);
		json_decref(h->sheet[i].row_vm);
	}
	free(h->sheet);
	json_decref(h->about);
	json_decref(h->vms);
	json_decref(h->losses);
	kw_history_release(&h->history);
	free(h);
}

static int begin(struct kw_sink *sink, const struct kw_about *about, const char *note)
{
	struct html *h = sink->state;

	h->vms = json_object();
	h->losses = json_array();
	h->about = json_object();
	json_object_set_new(h->about, "host", kw_json_text(about->host));
	json_object_set_new(h->about, "kernel", kw_json_text(about->kernel));
	json_object_set_new(h->about, "machine", kw_json_text(about->arch));
	json_object_set_new(h->about, "version", kw_json_text(about->tool));
	json_object_set_new(h->about, "command", kw_json_text(about->command));
	json_object_set_new(h->about, "cpus", json_integer(about->cpus));
	json_object_set_new(h->about, "note", kw_json_text(note));
	return h->about && h->vms && h->losses ? 0 : -ENOMEM;
}

/* ---- what comes in ---- */

static struct sheet *sheet_of(struct html *h, const struct kw_schema *schema)
{
	for (size_t i = 0; i < h->n_sheets; i++)
		if (h->sheet[i].schema == schema)
			return &h->sheet[i];
	if (!kw_grow(&h->sheet, h->n_sheets, &h->room, sizeof(*h->sheet)))
		return NULL;
	h->sheet[h->n_sheets] = (struct sheet){ .schema = schema };
	return &h->sheet[h->n_sheets++];
}

/* The VMs of rows that are shown. */
static void note_vms(struct html *h, const struct kw_vms *vms, const struct kw_frame *frame)
{
	for (size_t i = 0; i < frame->n; i++) {
		uint32_t index = ((const struct kw_row_head *)frame->row[i])->vm;
		const struct kw_vm *vm = kw_vms_get(vms, index);
		char key[16];

		snprintf(key, sizeof(key), "%u", index);
		if (vm && !json_object_get(h->vms, key))
			json_object_set_new(
				h->vms, key,
				json_pack("{so so so sI}", "vm", kw_json_text(vm->display), "vmm",
					  kw_json_text(vm->vmm), "uuid", kw_json_text(vm->uuid),
					  "pid", (json_int_t)vm->pid));
	}
}

static int keep_rows(struct kw_sink *sink, struct sheet *sheet, const struct kw_vms *vms,
		     const struct kw_frame *frame)
{
	_cleanup_free_ const struct kw_column **columns = NULL;
	size_t n, shown = frame->n < ROWS ? frame->n : ROWS;

	if (kw_view_columns(&sink->view, frame->schema, true, &columns, &n))
		return -ENOMEM;
	json_decref(sheet->rows);
	json_decref(sheet->row_vm);
	sheet->rows = json_array();
	sheet->row_vm = json_array();
	sheet->left_out = frame->n - shown;
	for (size_t i = 0; i < shown; i++) {
		json_t *row = json_array();

		for (size_t c = 0; c < n; c++)
			json_array_append_new(
				row, kw_json_cell(columns[c], vms, frame->schema, frame->row[i]));
		json_array_append_new(sheet->rows, row);
		json_array_append_new(
			sheet->row_vm,
			json_integer(((const struct kw_row_head *)frame->row[i])->vm));
	}
	return 0;
}

static int frame(struct kw_sink *sink, const struct kw_vms *vms, const struct kw_frame *frame,
		 bool summary)
{
	struct html *h = sink->state;
	struct sheet *sheet = sheet_of(h, frame->schema);

	if (!sheet)
		return -ENOMEM;
	note_vms(h, vms, frame);
	json_decref(sheet->unavailable);
	sheet->unavailable = frame->unavailable ? kw_json_text(frame->unavailable) : NULL;
	h->summarized |= summary;
	return summary ? keep_rows(sink, sheet, vms, frame)
		       : kw_history_add(&h->history, vms, frame);
}

static int losses(struct kw_sink *sink, const struct kw_losses *lost, uint64_t mono_ns,
		  uint64_t real_ns)
{
	struct html *h = sink->state;

	(void)mono_ns;
	for (size_t i = 0; kw_loss_info(i) && !h->summarized; i++) {
		const struct kw_loss_info *info = kw_loss_info(i);

		if (lost->n[i] && json_array_size(h->losses) < LOSSES)
			json_array_append_new(
				h->losses, json_pack("{sf ss ss ss sI}", "time", real_ns / 1e9,
						     "loss", info->name, "what", info->what, "help",
						     info->help, "count", (json_int_t)lost->n[i]));
	}
	return 0;
}

/* ---- what goes out: JSON that can stand within a page ---- */

/* Nothing of a text can end the element that it stands in; JSON_ENSURE_ASCII does the rest. */
static int put_safe(const char *text, size_t size, void *arg)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] == '<' || text[i] == '>' || text[i] == '&' || text[i] == 0x7f)
			fprintf(arg, "\\u%04x", text[i]);
		else
			fputc(text[i], arg);
	return ferror((FILE *)arg) ? -1 : 0;
}

static void put(FILE *out, const char *before, json_t *value)
{
	fputs(before, out);
	if (value)
		json_dump_callback(value, put_safe, out,
				   JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY |
					   JSON_REAL_PRECISION(15));
	else
		fputs("null", out);
}

static void put_new(FILE *out, const char *before, json_t *value)
{
	put(out, before, value);
	json_decref(value);
}

static void put_number(FILE *out, bool first, double number)
{
	if (!first)
		fputc(',', out);
	if (isnan(number))
		fputs("null", out);
	else
		fprintf(out, "%.15g", number);
}

static void put_column(FILE *out, const char *before, const struct kw_column *c)
{
	char name[64];

	put_new(out, before,
		json_pack("{ss ss ss ss ss sb}", "name", kw_column_name(c, name, sizeof(name)),
			  "title", c->title, "help", c->help, "unit", kw_unit_name(c->unit), "role",
			  kw_role_name(c->role), "table", c->show == KW_SHOW_TABLE));
}

/* In all intervals; nothing, if it is 0 in all of them. */
static void put_figure(FILE *out, const struct html *h, const struct kw_timetable *t,
		       const struct kw_series *s, size_t figure)
{
	bool any = false;

	for (size_t i = 0; i < h->history.n && !any; i++)
		any = kw_history_cell(t, s, i, figure) != 0;
	fputs(any ? "[" : "null", out);
	for (size_t i = 0; i < h->history.n && any; i++)
		put_number(out, !i, kw_history_cell(t, s, i, figure));
	fputs(any ? "]" : "", out);
}

static void put_series(FILE *out, const struct html *h, const struct kw_timetable *t,
		       const struct kw_series *s)
{
	put_new(out, "{\"word\":", s->word ? kw_json_text(s->word) : NULL);
	if (s->vm == KW_ALL)
		fputs(",\"vm\":null,\"figures\":[", out);
	else
		fprintf(out, ",\"vm\":%" PRIu32 ",\"figures\":[", s->vm);
	for (size_t i = 0; i < t->n_figures + t->n_octaves; i++) {
		fputs(i ? "," : "", out);
		put_figure(out, h, t, s, i);
	}
	fputs("]}", out);
}

static void put_timetable(FILE *out, const struct html *h, const struct kw_timetable *t)
{
	fputs(",\"figures\":[", out);
	for (size_t i = 0; i < t->n_figures; i++)
		put_column(out, i ? "," : "", t->figure[i]);
	fputs("],\"octaves\":[", out); /* where each begins, in ns */
	for (size_t i = 0; i < t->n_octaves; i++)
		put_number(out, !i, kw_hist_low(&t->schema->hist, i << t->schema->hist.sub_log2));
	fputs("]", out);
	put_new(out, ",\"word\":", t->word ? json_string(t->word->name) : NULL);
	fputs(",\"series\":[", out);
	for (size_t i = 0; i < t->n; i++) {
		fputs(i ? ",\n" : "\n", out);
		put_series(out, h, t, &t->series[i]);
	}
	fputs("]", out);
}

static int put_sheet(struct kw_sink *sink, const struct sheet *sheet)
{
	_cleanup_free_ const struct kw_column **columns = NULL;
	const struct html *h = sink->state;
	size_t n;

	if (kw_view_columns(&sink->view, sheet->schema, true, &columns, &n))
		return -ENOMEM;
	put_new(sink->out, "{\"name\":", json_string(sheet->schema->name));
	put_new(sink->out, ",\"help\":", json_string(sheet->schema->help));
	put_new(sink->out, ",\"sort\":", json_string(sheet->schema->sort));
	put(sink->out, ",\"unavailable\":", sheet->unavailable);
	fputs(",\"columns\":[", sink->out);
	for (size_t i = 0; i < n; i++)
		put_column(sink->out, i ? ",\n" : "\n", columns[i]);
	put(sink->out, "],\n\"rows\":", sheet->rows);
	put(sink->out, ",\"row_vm\":", sheet->row_vm);
	fprintf(sink->out, ",\"left_out\":%zu", sheet->left_out);
	for (size_t i = 0; i < h->history.n_tables; i++)
		if (h->history.table[i]->schema == sheet->schema)
			put_timetable(sink->out, h, h->history.table[i]);
	fputs("}", sink->out);
	return 0;
}

static void put_intervals(FILE *out, const struct kw_history *tl)
{
	char time[64];

	fputs(",\n\"time\":[", out); /* when each ended, in seconds since 1970 */
	for (size_t i = 0; i < tl->n; i++)
		put_number(out, !i, tl->span[i].real_ns / 1e9);
	fputs("],\n\"mono_ns\":[", out);
	for (size_t i = 0; i < tl->n; i++)
		put_number(out, !i, tl->span[i].mono_ns);
	fputs("],\n\"span_ns\":[", out);
	for (size_t i = 0; i < tl->n; i++)
		put_number(out, !i, tl->span[i].span_ns);
	fputs("]", out);
	if (!tl->n)
		return;
	put_new(out, ",\n\"from\":",
		kw_json_text(kw_format_time(tl->span[0].real_ns - tl->span[0].span_ns, time,
					    sizeof(time))));
	put_new(out, ",\"to\":",
		kw_json_text(kw_format_time(tl->span[tl->n - 1].real_ns, time, sizeof(time))));
}

static int end(struct kw_sink *sink)
{
	struct html *h = sink->state;
	int err = 0;

	if (!h->about) /* it never began */
		return 0;
	fputs(kw_html_page[0], sink->out);
	put(sink->out, "{\"about\":", h->about);
	put(sink->out, ",\n\"vms\":", h->vms);
	put_intervals(sink->out, &h->history);
	put(sink->out, ",\n\"losses\":", h->losses);
	fputs(",\n\"tables\":[", sink->out);
	for (size_t i = 0; i < h->n_sheets && !err; i++) {
		fputs(i ? ",\n" : "\n", sink->out);
		err = put_sheet(sink, &h->sheet[i]);
	}
	fputs("]}", sink->out);
	fputs(kw_html_page[1], sink->out);
	return err;
}

const struct kw_sink_ops kw_sink_html = {
	.name = "html",
	.frame = frame,
	.losses = losses,
	.whole = true,
	.open = open_html,
	.begin = begin,
	.end = end,
	.close = close_html,
};
