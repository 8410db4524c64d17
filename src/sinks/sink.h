/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink.h - where frames and events go to: one object per output format and destination.
 * May not know about: where data comes from, any one collector.
 * To extend: another format is a file here and a line in sink.c.
 */
#ifndef KW_SINK_H
#define KW_SINK_H

#include "../core/about.h"
#include "../core/frame.h"
#include "../core/loss.h"

#include <stdio.h>

/* How people want it shown. */
struct kw_view {
	const char *columns; /* comma-separated names; NULL: the schema's defaults */
	const char *sort;    /* column; NULL: the schema's */
	uint32_t rows;	     /* of a table; 0: all */
	enum kw_per per;
	bool color;
	int width;     /* of a table; 0: no limit */
	bool filtered; /* of events only some are told: there may be others between them */
};

struct kw_sink;

struct kw_sink_ops {
	const char *name; /* as -o takes it */
	/* An interval's rows, or, if summary, those of the whole run. Rows are in order. */
	int (*frame)(struct kw_sink *sink, const struct kw_vms *vms, const struct kw_frame *frame,
		     bool summary);
	int (*event)(struct kw_sink *sink, const struct kw_vms *vms, const char *collector,
		     const struct kw_schema *schema, const void *row, uint64_t mono_ns,
		     uint64_t real_ns);
	/* What was lost since the last call; called when something was. */
	int (*losses)(struct kw_sink *sink, const struct kw_losses *lost, uint64_t mono_ns,
		      uint64_t real_ns);

	/* ---- not every format has these; nor has one without events event, or losses ---- */
	bool timeline; /* it wants intervals with events, too */
	bool whole;    /* it wants all intervals and the summary, whichever of them are asked for */
	int (*open)(struct kw_sink *sink); /* set state; prints what is wrong */
	/* Once, before anything else: where it is watched, and what is to be known of all of it. */
	int (*begin)(struct kw_sink *sink, const struct kw_about *about, const char *note);
	int (*end)(struct kw_sink *sink);    /* write what is not written yet */
	void (*close)(struct kw_sink *sink); /* free state */
};

struct kw_sink {
	const struct kw_sink_ops *ops;
	struct kw_view view;
	FILE *out;
	bool owns_out;
	/* private to a format: */
	const struct kw_schema *headed; /* whose header was written last */
	struct kw_steady *steady;	/* widths of tables whose rows come one by one */
	uint64_t lines;
	void *state;
};

/* The format of such a text as kw_sink_open takes; NULL if it is unknown. */
const struct kw_sink_ops *kw_sink_format(const char *spec);

/*
 * Open "FORMAT" or "FORMAT:PATH" ("-" or nothing: stdout). Prints what is wrong. 0, -EINVAL for an
 * unknown format, or what opening the file said.
 */
int kw_sink_open(const char *spec, const struct kw_view *view, struct kw_sink **ret);

/* Flush and close; 0 or the error that writing met. */
int kw_sink_close(struct kw_sink *sink);

/*
 * The columns to show, in order; only those named in view->columns, or the defaults of a table or
 * of a machine format. *ret is to be freed. Names that the schema does not have are left out.
 */
int kw_view_columns(const struct kw_view *view, const struct kw_schema *schema, bool machine,
		    const struct kw_column ***ret, size_t *ret_n);

/* Write a field as RFC 4180 wants it; text is made printable, and quoted if it must be. */
void kw_csv_field(FILE *out, const char *text);

struct json_t;
int kw_json_write(const struct json_t *object, FILE *out);
/* A text whose encoding is repaired, and the cell of a row; NULL if there is no memory. */
struct json_t *kw_json_text(const char *text);
struct json_t *kw_json_cell(const struct kw_column *column, const struct kw_vms *vms,
			    const struct kw_schema *schema, const void *row);

extern const struct kw_sink_ops kw_sink_table, kw_sink_jsonl, kw_sink_csv, kw_sink_html,
	kw_sink_perfetto;

#endif
