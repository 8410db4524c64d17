// SPDX-License-Identifier: Apache-2.0
/*
 * draw.c - see draw.h.
 * May not know about: keys, which view is shown.
 * To extend: see draw.h.
 */
#include "draw.h"

#include "../core/hist.h"
#include "../util/text.h"
#include "../util/units.h"
#include "states.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- areas and text ---- */

struct top_area top_take(struct top_area *area, int lines)
{
	struct top_area taken = *area;

	lines = lines < 0 ? 0 : lines < area->height ? lines : area->height;
	taken.height = lines;
	area->y += lines;
	area->height -= lines;
	return taken;
}

struct top_area top_take_last(struct top_area *area, int lines)
{
	struct top_area taken = *area;

	lines = lines < 0 ? 0 : lines < area->height ? lines : area->height;
	taken.y += area->height - lines;
	taken.height = lines;
	area->height -= lines;
	return taken;
}

int top_print(struct kw_canvas *canvas, struct top_area line, int x, enum kw_style style,
	      const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (line.height <= 0 || x >= line.width)
		return x;
	return x + kw_canvas_text(canvas, line.x + x, line.y, line.width - x, style, text);
}

char *top_format_rate(uint64_t thousandths, char *dst, size_t size)
{
	if (!thousandths || thousandths >= 9950 || thousandths % 1000 == 0)
		return kw_format_count((thousandths + 500) / 1000, dst, size);
	snprintf(dst, size, "%.1f", thousandths < 100 ? 0.1 : thousandths / 1000.0);
	return dst;
}

char *top_format_span(uint64_t ns, char *dst, size_t size)
{
	double seconds = ns / 1e9;

	if (seconds < 100)
		snprintf(dst, size, "%.3gs", seconds);
	else
		snprintf(dst, size, "%.0fs", seconds);
	return dst;
}

/* ---- the budget's bar ---- */

void top_bar_cells(const uint64_t ns[TOP_STATES], uint64_t wall, int width, int cells[TOP_STATES])
{
	double part[TOP_STATES], sum = 0, whole;
	int left;

	for (int i = 0; i < TOP_STATES; i++)
		sum += ns[i];
	whole = sum > wall ? sum : wall; /* what the states do not explain stays blank */
	left = whole && width > 0 ? (int)(sum / whole * width + 0.5) : 0;
	for (int i = 0; i < TOP_STATES; i++) {
		part[i] = whole && width > 0 ? ns[i] / whole * width : 0;
		cells[i] = (int)part[i];
		part[i] -= cells[i];
		left -= cells[i];
	}
	for (; left > 0; left--) {
		int most = 0;

		for (int i = 1; i < TOP_STATES; i++)
			most = part[i] > part[most] ? i : most;
		cells[most]++;
		part[most] = -1;
	}
}

void top_draw_bar(struct kw_canvas *canvas, int x, int y, int width, const uint64_t ns[TOP_STATES],
		  uint64_t wall)
{
	int cells[TOP_STATES];

	top_bar_cells(ns, wall, width, cells);
	for (int i = 0; i < TOP_STATES; i++) {
		int state = top_states_order[i];

		kw_canvas_fill(canvas, x, y, cells[state], top_states[state].style,
			       top_state_character(canvas, state));
		x += cells[state];
	}
}

void top_draw_legend(struct kw_canvas *canvas, struct top_area line)
{
	static const uint8_t order[] = {
		TOP_STATE_GUEST,     TOP_STATE_NESTED,	    TOP_STATE_KERNEL,	 TOP_STATE_VMM,
		TOP_STATE_POLL_HIT,  TOP_STATE_POLL_WASTED, TOP_STATE_PREEMPTED, TOP_STATE_WOKEN,
		TOP_STATE_THROTTLED, TOP_STATE_HALTED,	    TOP_STATE_BLOCKED,	 TOP_STATE_IDLE,
		TOP_STATE_STOPPED,
	};
	int x = 0;

	for (size_t i = 0; i < sizeof(order) && line.height > 0; i++) {
		const struct top_state *s = &top_states[order[i]];

		if (x + 2 + (int)strlen(s->label) > line.width)
			break;
		x = top_print(canvas, line, x, s->style, "%s",
			      top_state_character(canvas, order[i]));
		x = top_print(canvas, line, x, KW_STYLE_DIM, " %s", s->label) + 1;
	}
}

/* ---- histories ---- */

/* n eighths of a cell, from below. */
static const char *eighths(const struct kw_canvas *canvas, int n)
{
	static const char *const utf8[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const ascii[] = { " ", ".", ".", ":", "-", "=", "+", "*", "#" };

	n = n < 0 ? 0 : n > 8 ? 8 : n;
	return canvas->utf8 ? utf8[n] : ascii[n];
}

/* The mean of a group of intervals; false if none of them is known. */
static bool mean_of(top_sample_fn sample, const void *arg, uint32_t first, uint32_t n,
		    double share[TOP_STATES])
{
	uint32_t known = 0;

	memset(share, 0, TOP_STATES * sizeof(*share));
	for (uint32_t i = 0; i < n; i++) {
		const struct top_sample *s = sample(arg, first + i);

		if (!s || !s->timed)
			continue;
		known++;
		for (int k = 0; k < TOP_STATES; k++)
			share[k] += s->share[k] / 10000.0;
	}
	for (int k = 0; k < TOP_STATES && known; k++)
		share[k] /= known;
	return known;
}

/* The state that has most between two heights of the stack. */
static int state_between(const double share[TOP_STATES], double low, double high)
{
	double below = 0, most = 0;
	int ret = TOP_STATE_GUEST;

	for (int i = 0; i < TOP_STATES; i++) {
		int state = top_states_order[i];
		double from, to;

		if (!top_states[state].on_cpu)
			continue;
		from = below > low ? below : low;
		below += share[state];
		to = below < high ? below : high;
		if (to - from > most) {
			most = to - from;
			ret = state;
		}
	}
	return ret;
}

static void draw_column(struct kw_canvas *canvas, struct top_area area, int x,
			const double share[TOP_STATES])
{
	double cpu = 0;
	int filled;

	for (int i = 0; i < TOP_STATES; i++)
		cpu += top_states[i].on_cpu ? share[i] : 0;
	filled = (int)(cpu * area.height * 8 + 0.5);
	filled = cpu > 0 && !filled ? 1 : filled;
	for (int row = 0; row < area.height && filled > row * 8; row++) {
		double low = (double)row / area.height, high = (row + 1.0) / area.height;
		int state = state_between(share, low, high < cpu ? high : cpu);
		const char *c = eighths(canvas, filled - row * 8);

		if (!canvas->utf8 && filled - row * 8 >= 8)
			c = top_states[state].ascii;
		kw_canvas_fill(canvas, x, area.y + area.height - 1 - row, 1,
			       top_states[state].style, c);
	}
}

static void draw_scale(struct kw_canvas *canvas, struct top_area area, double seconds)
{
	char since[32];

	if (seconds < 100)
		snprintf(since, sizeof(since), "-%.3gs", seconds);
	else
		snprintf(since, sizeof(since), "-%.0fm", seconds / 60);
	if (area.height > 1)
		kw_canvas_right(canvas, area.x, area.y, 5, KW_STYLE_DIM, "100%");
	kw_canvas_right(canvas, area.x, area.y + area.height - 1, 5, KW_STYLE_DIM, since);
}

/*
 * How long ago the first of so many intervals began: intervals may have had another length; those
 * that are not known are taken for as long as the present one.
 */
static double age_of(top_sample_fn sample, const void *arg, uint32_t intervals,
		     uint64_t interval_ns)
{
	const struct top_sample *newest = NULL, *oldest = NULL;
	uint32_t first = 0, last = 0;

	for (uint32_t i = 0; i < intervals; i++) {
		const struct top_sample *s = sample(arg, i);

		if (!s)
			continue;
		first = newest ? first : i;
		newest = newest ?: s;
		oldest = s;
		last = i;
	}
	return ((newest ? newest->mono_ns - oldest->mono_ns : 0) +
		(double)(intervals - (last - first)) * interval_ns) /
	       1e9;
}

void top_draw_strip(struct kw_canvas *canvas, struct top_area area, uint32_t seq, uint32_t group,
		    uint64_t interval_ns, top_sample_fn sample, const void *arg)
{
	int columns = area.width - 6;
	uint32_t newest = seq % group + 1; /* intervals in the last group, so that others stay */
	double share[TOP_STATES];

	if (area.height <= 0 || columns <= 0)
		return;
	draw_scale(canvas, area, age_of(sample, arg, columns * group, interval_ns));
	for (int i = 0; i < columns; i++) {
		uint32_t first = i ? newest + (i - 1) * group : 0;
		int x = area.x + area.width - 1 - i;

		if (mean_of(sample, arg, first, i ? group : newest, share))
			draw_column(canvas, area, x, share);
		else
			kw_canvas_fill(canvas, x, area.y + area.height - 1, 1, KW_STYLE_DIM,
				       canvas->utf8 ? "·" : ".");
	}
}

void top_draw_spark(struct kw_canvas *canvas, int x, int y, int width, const double *value)
{
	double most = 0;

	for (int i = 0; i < width; i++)
		most = value[i] > most ? value[i] : most;
	for (int i = 0; i < width; i++) {
		int n = value[i] > 0 ? 1 + (int)(value[i] / most * 7 + 0.5) : 0;

		if (value[i] >= 0)
			kw_canvas_fill(canvas, x + i, y, 1, KW_STYLE_PLAIN,
				       n	      ? eighths(canvas, n)
				       : canvas->utf8 ? "▁"
						      : "_");
	}
}

/* ---- histograms ---- */

/* Which buckets have anything; false if none. */
static bool bounds(const struct kw_hist *h, const uint64_t *buckets, unsigned int *first,
		   unsigned int *last)
{
	bool any = false;

	for (unsigned int i = 0; i < h->buckets; i++) {
		if (!buckets[i])
			continue;
		*first = any ? *first : i;
		*last = i;
		any = true;
	}
	return any;
}

static void draw_hist_bar(struct kw_canvas *canvas, int x, int y, int width, uint64_t n,
			  uint64_t most)
{
	static const char *const left[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	int eighth = width > 0 ? (int)((double)n / most * width * 8 + 0.5) : 0;

	eighth = n && !eighth && width > 0 ? 1 : eighth;
	kw_canvas_fill(canvas, x, y, eighth / 8, KW_STYLE_BOLD, canvas->utf8 ? "█" : "#");
	if (eighth % 8 && canvas->utf8)
		kw_canvas_fill(canvas, x + eighth / 8, y, 1, KW_STYLE_BOLD, left[eighth % 8]);
	else if (eighth && eighth < 8)
		kw_canvas_fill(canvas, x, y, 1, KW_STYLE_BOLD, ".");
}

static void draw_hist_line(struct kw_canvas *canvas, struct top_area line, uint64_t low,
			   uint64_t high, uint64_t n, uint64_t most)
{
	char from[32], to[32], count[32];

	kw_format_ns(low, from, sizeof(from));
	if (high == UINT64_MAX)
		snprintf(to, sizeof(to), "...");
	else
		kw_format_ns(high, to, sizeof(to));
	top_print(canvas, line, 0, KW_STYLE_DIM, "%7s - %-7s", from, to);
	top_print(canvas, line, 18, KW_STYLE_PLAIN, "%7s",
		  kw_format_count(n, count, sizeof(count)));
	if (n)
		draw_hist_bar(canvas, line.x + 26, line.y, line.width - 26, n, most);
}

void top_draw_hist(struct kw_canvas *canvas, struct top_area area, const struct kw_hist *h,
		   const uint64_t *buckets)
{
	unsigned int first = 0, last = 0, group = 1;
	uint64_t most = 0, sum[1024] = {};

	if (h->buckets > 1024 || !bounds(h, buckets, &first, &last)) {
		top_print(canvas, area, 0, KW_STYLE_DIM, "none seen");
		return;
	}
	while (area.height > 0 && (int)(last / group - first / group) >= area.height)
		group *= 2;
	for (unsigned int i = first; i <= last; i++) {
		sum[i / group] += buckets[i];
		most = sum[i / group] > most ? sum[i / group] : most;
	}
	for (unsigned int i = first / group; i <= last / group && area.height > 0; i++)
		draw_hist_line(canvas, top_take(&area, 1), kw_hist_low(h, i * group),
			       kw_hist_high(h, i * group + group - 1 < h->buckets
						       ? i * group + group - 1
						       : h->buckets - 1u),
			       sum[i], most);
}

/* ---- hints ---- */

void top_draw_keys(struct kw_canvas *canvas, struct top_area line, const char *const *pairs)
{
	int x = 0;

	for (; pairs[0] && line.height > 0; pairs += 2) {
		int width = kw_text_width(pairs[0]) + 1 + kw_text_width(pairs[1]);

		if (x + width > line.width)
			continue;
		x = top_print(canvas, line, x, KW_STYLE_KEY, "%s", pairs[0]);
		x = top_print(canvas, line, x, KW_STYLE_DIM, " %s", pairs[1]) + 2;
	}
}
