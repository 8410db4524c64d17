// SPDX-License-Identifier: Apache-2.0
/*
 * csv.c - comma-separated values as in RFC 4180, with the names that jsonl has.
 * May not know about: where data comes from, any one collector.
 * To extend: members that are common to all rows are in header() and start().
 */
#include "../util/cleanup.h"
#include "../util/text.h"
#include "../util/units.h"
#include "sink.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

void kw_csv_field(FILE *out, const char *text)
{
	size_t size = 8 * strlen(text) + 1;
	_cleanup_free_ char *safe = malloc(size);

	if (!safe)
		return;
	kw_printable(text, safe, size);
	if (!strpbrk(safe, "\",")) {
		fputs(safe, out);
		return;
	}
	fputc('"', out);
	for (const char *p = safe; *p; p++) {
		if (*p == '"')
			fputc('"', out);
		fputc(*p, out);
	}
	fputc('"', out);
}

static void header(struct kw_sink *sink, const struct kw_schema *schema,
		   const struct kw_column **columns, size_t n, bool interval)
{
	char name[64];

	if (sink->headed == schema)
		return;
	sink->headed = schema;
	fputs(interval ? "ts,mono_ns,collector,interval_ns,summary" : "ts,mono_ns,collector",
	      sink->out);
	for (size_t i = 0; i < n; i++)
		fprintf(sink->out, ",%s", kw_column_name(columns[i], name, sizeof(name)));
	fputs("\r\n", sink->out);
}

static void start(struct kw_sink *sink, const char *collector, uint64_t mono_ns, uint64_t real_ns)
{
	char time[64];

	fprintf(sink->out, "%s,%" PRIu64 ",%s", kw_format_time(real_ns, time, sizeof(time)),
		mono_ns, collector);
}

static void cells(struct kw_sink *sink, const struct kw_vms *vms, const struct kw_column **columns,
		  size_t n, const void *row)
{
	for (size_t i = 0; i < n; i++) {
		struct kw_value value;

		fputc(',', sink->out);
		kw_column_value(columns[i], vms, row, &value);
		if (value.kind == KW_TEXT)
			kw_csv_field(sink->out, value.text);
		else if (value.kind == KW_NUMBER && columns[i]->unit == KW_UNIT_PERCENT)
			fprintf(sink->out, "%.2f", value.number / 100.0);
		else if (value.kind == KW_NUMBER && columns[i]->role != KW_HISTOGRAM)
			fprintf(sink->out, "%" PRIu64, value.number);
	}
	fputs("\r\n", sink->out);
}

static int frame(struct kw_sink *sink, const struct kw_vms *vms, const struct kw_frame *frame,
		 bool summary)
{
	_cleanup_free_ const struct kw_column **columns = NULL;
	size_t n;
	int err = kw_view_columns(&sink->view, frame->schema, true, &columns, &n);

	if (err)
		return err;
	header(sink, frame->schema, columns, n, true);
	for (size_t i = 0; i < frame->n; i++) {
		start(sink, frame->schema->name, frame->mono_ns, frame->real_ns);
		fprintf(sink->out, ",%" PRIu64 ",%d", frame->span_ns, summary);
		cells(sink, vms, columns, n, frame->row[i]);
	}
	return fflush(sink->out) ? -errno : 0;
}

static int event(struct kw_sink *sink, const struct kw_vms *vms, const char *collector,
		 const struct kw_schema *schema, const void *row, uint64_t mono_ns,
		 uint64_t real_ns)
{
	_cleanup_free_ const struct kw_column **columns = NULL;
	size_t n;
	int err = kw_view_columns(&sink->view, schema, true, &columns, &n);

	if (err)
		return err;
	header(sink, schema, columns, n, false);
	start(sink, collector, mono_ns, real_ns);
	cells(sink, vms, columns, n, row);
	return 0;
}

/* A loss has other columns than the data, so it goes to stderr, where it breaks no reader. */
static int losses(struct kw_sink *sink, const struct kw_losses *lost, uint64_t mono_ns,
		  uint64_t real_ns)
{
	(void)mono_ns, (void)real_ns;
	fflush(sink->out);
	for (size_t i = 0; kw_loss_info(i); i++)
		if (lost->n[i])
			fprintf(stderr, "kvm_watcher: lost: %" PRIu64 " %s (%s)\n", lost->n[i],
				kw_loss_info(i)->what, kw_loss_info(i)->help);
	return 0;
}

const struct kw_sink_ops kw_sink_csv = { "csv", frame, event, losses };
