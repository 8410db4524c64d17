// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_diff.c - diff: what changed between two recordings, or between two times of one.
 * May not know about: BPF, any one collector, how a recording is stored.
 * To extend: what is compared is analysis/compare.c's; what --check understands, parse_check()'s.
 */
#define _GNU_SOURCE
#include "../analysis/compare.h"
#include "../core/cell.h"
#include "../core/log.h"
#include "../recording/recording.h"
#include "../recording/source_file.h"
#include "../sinks/listing.h"
#include "../util/cleanup.h"
#include "../util/text.h"
#include "../util/units.h"
#include "replay.h"
#include "run.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define INTERVALS   500 /* at most, of each side: more become longer ones */
#define FEW	    4	/* fewer on either side can show nothing */
#define CELL	    200
#define NO_TIME_END UINT64_MAX

static const char *const figures[KW_FIGURES] = { "rate", "mean", "p99" };

/* One of the two. */
struct side {
	struct kw_options o; /* as the command's, but of this recording */
	struct kw_run run;
	char *path;
	uint64_t from_ns, to_ns; /* since its first reading */
	uint64_t interval_ns, length_ns;
	struct kw_frame delta[KW_FRAMES];
	struct kw_samples samples[KW_FRAMES];
	bool compared[KW_FRAMES];
	struct kw_losses lost;
	size_t intervals;
	bool opened;
};

/* ---- which part of which file ---- */

static int parse_time(const char *text, uint64_t otherwise, uint64_t *ret_ns)
{
	*ret_ns = otherwise;
	return *text ? kw_parse_duration(text, 1000000000, ret_ns) : 0;
}

/* FILE, or FILE@FROM..TO, in time since its beginning; either may be left out. */
static int parse_side(const char *spec, struct side *side)
{
	char *at, *dots;

	side->path = strdup(spec);
	if (!side->path)
		return KW_EXIT_FAILED;
	side->to_ns = NO_TIME_END;
	at = access(side->path, F_OK) ? strrchr(side->path, '@') : NULL;
	dots = at ? strstr(at, "..") : NULL;
	if (!at)
		return 0;
	if (dots)
		*dots = 0;
	*at = 0;
	if (dots && !parse_time(at + 1, 0, &side->from_ns) &&
	    !parse_time(dots + 2, NO_TIME_END, &side->to_ns) && side->from_ns < side->to_ns)
		return 0;
	kw_say("'%s' is not FILE@FROM..TO, like run.kvmw@60..120 or run.kvmw@5m..", spec);
	return KW_EXIT_USAGE;
}

/* How long its part is, and how long its intervals are. */
static int look_at(struct side *side)
{
	struct kw_recording r;
	uint64_t whole;
	int err = kw_recording_open(side->path, &r);

	if (err)
		return kw_exit_code(err);
	whole = r.n ? r.reading[r.n - 1].mono_ns - r.reading[0].mono_ns : 0;
	side->interval_ns = r.interval_ns;
	kw_recording_close(&r);
	whole = whole < side->to_ns ? whole : side->to_ns;
	if (side->from_ns >= whole) {
		kw_say("'%s' has nothing at that time", side->path);
		return KW_EXIT_USAGE;
	}
	side->length_ns = whole - side->from_ns;
	return 0;
}

/* The same for both: else samples of one would be smoother than those of the other. */
static uint64_t common_interval(const struct side *a, const struct side *b)
{
	uint64_t longest = a->length_ns > b->length_ns ? a->length_ns : b->length_ns;
	uint64_t interval = a->interval_ns > b->interval_ns ? a->interval_ns : b->interval_ns;
	uint64_t times = interval ? longest / INTERVALS / interval + 1 : 1;

	return interval * times;
}

/* ---- reading ---- */

static int sample(struct kw_run *run, void *arg)
{
	struct side *side = arg;
	struct kw_losses lost = {};
	int err = kw_run_interval(run, side->delta, &lost);
	uint64_t end = side->delta[0].mono_ns - run->start_ns;
	uint64_t middle = end - side->delta[0].span_ns / 2;

	if (err || middle < side->from_ns || middle >= side->to_ns)
		return err;
	side->intervals++;
	for (size_t i = 0; i < KW_LOSS_ALL; i++)
		side->lost.n[i] += lost.n[i];
	for (size_t i = 0; i < run->o->wants.n_tables && !err; i++) {
		struct kw_frame *delta = &side->delta[i];

		if (!side->compared[i])
			continue;
		kw_frame_set_span(delta);
		kw_frame_estimate(delta);
		err = kw_samples_add(&side->samples[i], run->source->vms, delta);
	}
	return err;
}

static int read_side(struct side *side, const struct kw_options *o, uint64_t interval_ns)
{
	int code;

	side->o = *o;
	side->o.wants.input = side->path;
	side->o.interval_ns = interval_ns;
	side->o.has_interval = true;
	code = kw_replay_options(&side->o);
	if (code)
		return code;
	side->opened = true;
	code = kw_run_open(&side->run, &side->o, kw_source_file_open);
	if (code)
		return code;
	for (size_t i = 0; i < side->o.wants.n_tables; i++)
		side->compared[i] = kw_samples_begin(&side->samples[i], side->o.wants.table[i]);
	return kw_run_intervals(&side->run, interval_ns, NULL, sample, side) ? KW_EXIT_FAILED : 0;
}

static int close_side(struct side *side, int code)
{
	for (size_t i = 0; i < KW_FRAMES; i++) {
		kw_samples_release(&side->samples[i]);
		kw_frame_clear(&side->delta[i]);
	}
	if (side->opened)
		code = kw_run_close(&side->run, code);
	free(side->path);
	return code;
}

/* ---- comparing ---- */

/* What cannot be compared is said, rather than shown as if nothing, or all, had changed. */
static bool has_data(const struct side *side, size_t i)
{
	const struct kw_schema *schema = side->o.wants.table[i];

	if (side->samples[i].left_out)
		kw_say("%s in '%s' has more rows than can be compared: only the first %d are",
		       schema->name, side->path, KW_SAMPLED_ROWS);
	if (!side->delta[i].unavailable || side->samples[i].n)
		return true;
	kw_say("%s in '%s': %s", schema->name, side->path, side->delta[i].unavailable);
	return false;
}

static void say_losses(const struct side *side)
{
	for (size_t i = 0; kw_loss_info(i); i++)
		if (side->lost.n[i])
			kw_say("'%s' is without %llu %s", side->path,
			       (unsigned long long)side->lost.n[i], kw_loss_info(i)->what);
}

/* A rank test of so few says at most that it may be chance. */
static void say_if_few(const struct side *a, const struct side *b)
{
	size_t few = a->intervals < b->intervals ? a->intervals : b->intervals;

	if (few < FEW)
		kw_say("there are only %zu intervals to compare: with fewer than %d, nothing can "
		       "be significant",
		       few, FEW);
}

/* 0 or an exit code. */
static int compare(struct side *a, struct side *b, struct kw_changes *changes)
{
	const struct kw_vms *a_vms = a->run.source->vms, *b_vms = b->run.source->vms;
	_cleanup_free_ uint32_t *match = kw_match_vms(a_vms, b_vms);
	int err = match ? 0 : -ENOMEM;
	size_t n = 0;

	say_losses(a);
	say_losses(b);
	for (size_t i = 0; i < a->o.wants.n_tables && !err; i++) {
		bool there = has_data(a, i) & has_data(b, i);

		a->compared[i] = a->compared[i] && b->compared[i] && there;
		if (!a->compared[i])
			continue;
		err = kw_compare(&a->samples[i], a_vms, &b->samples[i], b_vms, match, changes);
		n++;
	}
	err = err ?: kw_changes_judge(changes);
	if (err)
		return kw_exit_code(err);
	say_if_few(a, b);
	if (!n)
		kw_say("there is nothing to compare: no table that counts something is in both");
	return n ? 0 : KW_EXIT_FAILED;
}

/* ---- --check ---- */

struct check {
	const char *table;
	enum kw_figure figure;
	double percent; /* less than 0: it became less by so much */
};

static int parse_check(struct kw_options *o, const char *text, struct check *ret)
{
	_cleanup_free_ char *copy = strdup(text);
	char *dot = copy ? strchr(copy, '.') : NULL, *end = NULL;
	size_t len = dot ? strcspn(dot + 1, " +-") : 0;
	int f;

	if (dot) {
		*dot = 0;
		ret->percent = strtod(dot + 1 + len + strspn(dot + 1 + len, " "), &end);
	}
	for (f = 0; f < KW_FIGURES && dot; f++)
		if (strlen(figures[f]) == len && !strncmp(figures[f], dot + 1, len))
			break;
	if (!dot || f == KW_FIGURES || !end || strcmp(end, "%") || !(fabs(ret->percent) >= 0) ||
	    isinf(ret->percent)) {
		kw_say("--check: '%s' is not TABLE.FIGURE +N%%, like 'exits.rate +30%%'; figures "
		       "are rate, mean and p99",
		       text);
		return KW_EXIT_USAGE;
	}
	ret->figure = f;
	ret->table = NULL;
	for (size_t i = 0; i < o->wants.n_tables; i++)
		if (!strcmp(o->wants.table[i]->name, copy))
			ret->table = o->wants.table[i]->name;
	if (ret->table)
		return 0;
	kw_say("--check: no table '%s' is compared; name its collector, too", copy);
	return KW_EXIT_USAGE;
}

static bool breaks(const struct kw_change *c, const struct check *check)
{
	double percent = kw_change_percent(c, check->figure);

	return !strcmp(c->schema->name, check->table) &&
	       kw_change_is_significant(c, check->figure) &&
	       (check->percent < 0 ? percent < check->percent : percent > check->percent);
}

static bool is_compared(const struct side *a, const char *table)
{
	for (size_t i = 0; i < a->o.wants.n_tables; i++)
		if (!strcmp(a->o.wants.table[i]->name, table))
			return a->compared[i];
	return false;
}

/* 0, or KW_EXIT_FOUND; what was not compared is not all right. */
static int run_checks(const struct kw_options *o, const struct side *a, const struct check *check,
		      const struct kw_changes *changes)
{
	int code = 0;

	for (size_t k = 0; k < o->n_checks; k++) {
		size_t n = 0;

		if (!is_compared(a, check[k].table)) {
			kw_say("--check '%s': that could not be compared", o->check[k]);
			return KW_EXIT_FAILED;
		}
		for (size_t i = 0; i < changes->n; i++)
			n += breaks(&changes->change[i], &check[k]);
		if (n)
			kw_say("--check '%s': found in %zu row%s", o->check[k], n,
			       n == 1 ? "" : "s");
		code = n ? KW_EXIT_FOUND : code;
	}
	return code;
}

/* ---- showing ---- */

/* What a row is about, besides its VM. */
static bool is_key(const struct kw_schema *schema, size_t i)
{
	const struct kw_column *c = &schema->columns[i];

	return c->show == KW_SHOW_TABLE &&
	       (c->role == KW_KEY || (c->role == KW_DERIVED && c->unit == KW_UNIT_WORD));
}

static void key_of(const struct kw_change *c, char *dst, size_t size)
{
	size_t n = 0;

	*dst = 0;
	for (size_t i = 0; i < c->schema->n_columns && n < size; i++) {
		struct kw_value value;
		char text[CELL];

		if (!is_key(c->schema, i))
			continue;
		kw_column_value(&c->schema->columns[i], c->vms, c->row, &value);
		kw_cell_format(&c->schema->columns[i], &value, text, sizeof(text));
		n += snprintf(dst + n, size - n, "%s%s", n ? " " : "", text);
	}
}

static const char *vm_of(const struct kw_change *c, struct kw_value *value)
{
	kw_column_value(kw_schema_find(c->schema, "vm"), c->vms, c->row, value);
	return value->kind == KW_TEXT ? value->text : NULL;
}

static char *vcpu_of(const struct kw_change *c, char *dst, size_t size)
{
	uint32_t vcpu = ((const struct kw_row_head *)c->row)->vcpu;

	snprintf(dst, size, "%u", vcpu);
	return vcpu == KW_ALL ? NULL : dst;
}

/* Text for people: a rate per second, a time; '-' if it is not known. */
static void show_figure(double value, enum kw_figure figure, char *dst, size_t size)
{
	if (isnan(value))
		snprintf(dst, size, "-");
	else if (figure != KW_FIGURE_RATE)
		kw_format_ns(value, dst, size);
	else if (value && value < 100)
		snprintf(dst, size, "%.2f", value);
	else
		kw_format_count(value + 0.5, dst, size);
}

/* A star stands for what is significant. */
static void show_change(const struct kw_change *c, enum kw_figure figure, char *dst, size_t size)
{
	double percent = kw_change_percent(c, figure);
	const char *star = kw_change_is_significant(c, figure) ? "*" : " ";

	if (isnan(percent))
		snprintf(dst, size, "- ");
	else if (isinf(percent))
		snprintf(dst, size, "new%s", star);
	else if (percent >= 999.5)
		snprintf(dst, size, "x%.0f%s", percent / 100 + 1, star);
	else
		snprintf(dst, size, "%+.*f%%%s", fabs(percent) < 9.995 ? 1 : 0, percent, star);
}

static int list_people(const struct kw_options *o, const struct kw_changes *changes, bool tables,
		       const char *spec)
{
	static const struct kw_listing_column all[] = {
		{ "table", "TABLE", false },	{ "vm", "VM", false },
		{ "vcpu", "VCPU", true },	{ "key", "WHAT", false },
		{ "rate_a", "RATE/S A", true }, { "rate_b", "B", true },
		{ "rate", "CHANGE ", true },	{ "mean_a", "MEAN A", true },
		{ "mean_b", "B", true },	{ "mean", "CHANGE ", true },
		{ "p99_a", "P99 A", true },	{ "p99_b", "B", true },
		{ "p99", "CHANGE ", true },
	};
	struct kw_listing_column column[ARRAY_SIZE(all)];
	struct kw_listing l = { .name = "diff", .column = column };
	bool vcpus = o->view.per == KW_PER_VCPU;
	size_t rows = o->view.rows && o->view.rows < changes->n ? o->view.rows : changes->n;
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if ((i != 0 || tables) && (i != 2 || vcpus))
			column[l.n_columns++] = all[i];
	for (size_t i = 0; i < rows && !err; i++) {
		const struct kw_change *c = &changes->change[i];
		char cell[ARRAY_SIZE(all)][CELL];
		const char *text[ARRAY_SIZE(all)];
		struct kw_value vm;
		size_t n = 0;

		if (tables)
			text[n++] = c->schema->name;
		text[n++] = vm_of(c, &vm);
		if (vcpus)
			text[n++] = vcpu_of(c, cell[2], CELL);
		key_of(c, cell[3], CELL);
		text[n++] = cell[3];
		for (int f = 0; f < KW_FIGURES; f++) {
			show_figure(c->a[f], f, cell[4 + 3 * f], CELL);
			show_figure(c->b[f], f, cell[5 + 3 * f], CELL);
			show_change(c, f, cell[6 + 3 * f], CELL);
			for (int k = 0; k < 3; k++)
				text[n++] = cell[4 + 3 * f + k];
		}
		err = kw_listing_add(&l, text);
	}
	err = err ?: kw_listing_print(&l, spec, &o->view);
	if (!err && rows < changes->n)
		kw_say("%zu more rows, which changed less (--rows 0 shows all)", changes->n - rows);
	kw_listing_release(&l);
	return err;
}

static const char *number(double value, char *dst)
{
	if (isnan(value) || isinf(value))
		return NULL;
	snprintf(dst, CELL, "%.9g", value);
	return dst;
}

/* For machines, each figure is a row. */
static int list_machine(const struct kw_options *o, const struct kw_changes *changes,
			const char *spec)
{
	static const struct kw_listing_column column[] = {
		{ "table", "", false },
		{ "vm", "", false },
		{ "vcpu", "", true },
		{ "key", "", false },
		{ "figure", "", false },
		{ "a", "", true },
		{ "b", "", true },
		{ "change_percent", "", true },
		{ "p", "", true },
		{ "q", "", true },
		{ "significant", "", false },
	};
	struct kw_listing l = { .name = "diff", .column = column, .n_columns = ARRAY_SIZE(column) };
	int err = 0;

	for (size_t i = 0; i < changes->n * KW_FIGURES && !err; i++) {
		const struct kw_change *c = &changes->change[i / KW_FIGURES];
		enum kw_figure f = i % KW_FIGURES;
		char key[CELL], vcpu[CELL], a[CELL], b[CELL], percent[CELL], p[CELL], q[CELL];
		struct kw_value vm;
		const char *cell[] = { c->schema->name,
				       vm_of(c, &vm),
				       vcpu_of(c, vcpu, CELL),
				       key,
				       figures[f],
				       number(c->a[f], a),
				       number(c->b[f], b),
				       number(kw_change_percent(c, f), percent),
				       number(c->p[f], p),
				       number(c->q[f], q),
				       kw_change_is_significant(c, f) ? "yes" : "no" };

		key_of(c, key, CELL);
		err = kw_listing_add(&l, cell);
	}
	err = err ?: kw_listing_print(&l, spec, &o->view);
	kw_listing_release(&l);
	return err;
}

static int show(const struct kw_options *o, const struct side *a, const struct kw_changes *changes)
{
	size_t tables = 0;
	int err = 0;

	for (size_t i = 0; i < a->o.wants.n_tables; i++)
		tables += a->compared[i];
	for (size_t i = 0; i < (o->n_outputs ?: 1) && !err; i++) {
		const char *spec = o->n_outputs ? o->output[i] : "table";

		err = kw_sink_format(spec) == &kw_sink_table
			      ? list_people(o, changes, tables > 1, spec)
			      : list_machine(o, changes, spec);
	}
	return kw_exit_code(err);
}

int kw_cmd_diff(struct kw_options *o, kw_source_open_fn open)
{
	struct kw_changes changes = {};
	struct check check[ARRAY_SIZE(o->check)];
	struct side a = {}, b = {};
	int code = o->n_files == 2 ? 0 : KW_EXIT_USAGE;

	(void)open; /* what is live has not happened twice */
	if (code)
		kw_say("diff compares two recordings: kvm_watcher diff A B [COLLECTOR[,...]]");
	o->what = o->what ?: "exits";
	code = code ?: parse_side(o->file[0], &a) ?: parse_side(o->file[1], &b);
	code = code ?: look_at(&a) ?: look_at(&b);
	code = code ?: read_side(&a, o, common_interval(&a, &b));
	for (size_t k = 0; k < o->n_checks && !code; k++)
		code = parse_check(&a.o, o->check[k], &check[k]);
	code = code ?: read_side(&b, o, common_interval(&a, &b));
	code = code ?: compare(&a, &b, &changes);
	code = code ?: show(o, &a, &changes);
	code = code ?: run_checks(o, &a, check, &changes);
	free(changes.change);
	code = close_side(&a, code);
	return close_side(&b, code);
}
