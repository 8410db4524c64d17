// SPDX-License-Identifier: Apache-2.0
/*
 * jsonl.c - one JSON object per line, machine names, numbers as numbers.
 * May not know about: where data comes from, any one collector.
 * To extend: members that are common to all rows are set in new_object().
 */
#include "../core/hist.h"
#include "../util/cleanup.h"
#include "../util/text.h"
#include "../util/units.h"
#include "sink.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

json_t *kw_json_text(const char *s)
{
	size_t size = 3 * strlen(s) + 1;
	_cleanup_free_ char *valid = malloc(size);

	return valid ? json_string(kw_valid_utf8(s, valid, size)) : NULL;
}

/* JSON_ENSURE_ASCII leaves DEL as it is. */
static int put_json(const char *text, size_t size, void *arg)
{
	FILE *out = arg;

	for (size_t i = 0; i < size; i++)
		if (text[i] == 0x7f)
			fputs("\\u007f", out);
		else
			fputc(text[i], out);
	return ferror(out) ? -1 : 0;
}

int kw_json_write(const json_t *object, FILE *out)
{
	int err = json_dump_callback(object, put_json, out,
				     JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15));

	fputc('\n', out);
	return err ? -EIO : 0;
}

/* Everything but ASCII is escaped, so nothing of a name can act on a terminal. */
static int write_object(struct kw_sink *sink, json_t *object)
{
	int err = kw_json_write(object, sink->out);

	json_decref(object);
	return err;
}

static json_t *new_object(const char *collector, uint64_t mono_ns, uint64_t real_ns)
{
	json_t *object = json_object();
	char time[64];

	json_object_set_new(object, "ts",
			    kw_json_text(kw_format_time(real_ns, time, sizeof(time))));
	json_object_set_new(object, "mono_ns", json_integer(mono_ns));
	json_object_set_new(object, "collector", kw_json_text(collector));
	return object;
}

static json_t *histogram(const struct kw_hist *h, const uint64_t *buckets)
{
	json_t *pairs = json_array();

	for (unsigned int i = 0; i < h->buckets; i++)
		if (buckets[i])
			json_array_append_new(pairs,
					      json_pack("[II]", (json_int_t)kw_hist_low(h, i),
							(json_int_t)buckets[i]));
	return pairs;
}

json_t *kw_json_cell(const struct kw_column *c, const struct kw_vms *vms,
		     const struct kw_schema *schema, const void *row)
{
	struct kw_value value;

	kw_column_value(c, vms, row, &value);
	if (value.kind == KW_MISSING)
		return json_null();
	if (c->role == KW_HISTOGRAM)
		return histogram(&schema->hist, kw_row_hist(schema, row));
	if (c->unit == KW_UNIT_PERCENT)
		return json_real(value.number / 100.0);
	return value.kind == KW_TEXT ? kw_json_text(value.text) : json_integer(value.number);
}

static void add_cells(struct kw_sink *sink, json_t *object, const struct kw_vms *vms,
		      const struct kw_schema *schema, const void *row)
{
	_cleanup_free_ const struct kw_column **columns = NULL;
	char name[64];
	size_t n;

	if (kw_view_columns(&sink->view, schema, true, &columns, &n))
		return;
	for (size_t i = 0; i < n; i++)
		json_object_set_new(object, kw_column_name(columns[i], name, sizeof(name)),
				    kw_json_cell(columns[i], vms, schema, row));
}

static int frame(struct kw_sink *sink, const struct kw_vms *vms, const struct kw_frame *frame,
		 bool summary)
{
	if (frame->unavailable) {
		json_t *object = new_object(frame->schema->name, frame->mono_ns, frame->real_ns);

		json_object_set_new(object, "unavailable", kw_json_text(frame->unavailable));
		return write_object(sink, object);
	}
	for (size_t i = 0; i < frame->n; i++) {
		json_t *object = new_object(frame->schema->name, frame->mono_ns, frame->real_ns);
		int err;

		json_object_set_new(object, "interval_ns", json_integer(frame->span_ns));
		if (summary)
			json_object_set_new(object, "summary", json_true());
		add_cells(sink, object, vms, frame->schema, frame->row[i]);
		err = write_object(sink, object);
		if (err)
			return err;
	}
	return fflush(sink->out) ? -errno : 0;
}

static int event(struct kw_sink *sink, const struct kw_vms *vms, const char *collector,
		 const struct kw_schema *schema, const void *row, uint64_t mono_ns,
		 uint64_t real_ns)
{
	json_t *object = new_object(collector, mono_ns, real_ns);

	add_cells(sink, object, vms, schema, row);
	return write_object(sink, object);
}

static int losses(struct kw_sink *sink, const struct kw_losses *lost, uint64_t mono_ns,
		  uint64_t real_ns)
{
	int err = 0;

	for (size_t i = 0; kw_loss_info(i) && !err; i++) {
		json_t *object;

		if (!lost->n[i])
			continue;
		object = new_object("loss", mono_ns, real_ns);
		json_object_set_new(object, "loss", kw_json_text(kw_loss_info(i)->name));
		json_object_set_new(object, "count", json_integer(lost->n[i]));
		err = write_object(sink, object);
	}
	return err ?: fflush(sink->out) ? -errno : 0;
}

const struct kw_sink_ops kw_sink_jsonl = { "jsonl", frame, event, losses };
