// SPDX-License-Identifier: Apache-2.0
/*
 * sink.c - opens sinks and chooses their columns.
 * May not know about: where data comes from, any one collector.
 * To extend: add the format's operations to formats[].
 */
#define _GNU_SOURCE
#include "sink.h"

#include "../core/log.h"
#include "../util/cleanup.h"

#include <errno.h>
#include <string.h>

static const struct kw_sink_ops *const formats[] = { &kw_sink_table, &kw_sink_jsonl, &kw_sink_csv,
						     &kw_sink_html, &kw_sink_perfetto };

const struct kw_sink_ops *kw_sink_format(const char *spec)
{
	size_t len = strcspn(spec, ":");

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (strlen(formats[i]->name) == len && !strncmp(formats[i]->name, spec, len))
			return formats[i];
	return NULL;
}

static int close_out(struct kw_sink *sink)
{
	if (ferror(sink->out) || fflush(sink->out) || (sink->owns_out && fclose(sink->out)))
		return errno ? -errno : -EIO;
	return 0;
}

int kw_sink_open(const char *spec, const struct kw_view *view, struct kw_sink **ret)
{
	size_t len = strcspn(spec, ":");
	const char *path = spec[len] ? spec + len + 1 : "-";
	struct kw_sink *sink;

	if (!kw_sink_format(spec)) {
		kw_say("output format '%.*s' is unknown; there are table, jsonl, csv, html and "
		       "perfetto",
		       (int)len, spec);
		return -EINVAL;
	}
	sink = calloc(1, sizeof(*sink));
	if (!sink)
		return -ENOMEM;
	sink->ops = kw_sink_format(spec);
	sink->view = *view;
	sink->owns_out = strcmp(path, "-") && *path;
	sink->out = sink->owns_out ? fopen(path, "we") : stdout;
	if (sink->owns_out) {
		sink->view.color = false;
		sink->view.width = 0;
	}
	if (!sink->out) {
		int err = -errno;

		kw_say("cannot write to '%s': %s", path, strerror(-err));
		free(sink);
		return err;
	}
	if (sink->ops->open) {
		int err = sink->ops->open(sink);

		if (err) {
			close_out(sink);
			free(sink);
			return err;
		}
	}
	*ret = sink;
	return 0;
}

int kw_sink_close(struct kw_sink *sink)
{
	int err = sink->ops->end ? sink->ops->end(sink) : 0;

	err = close_out(sink) ?: err;
	if (err)
		kw_say("writing the output failed: %s", strerror(-err));
	if (sink->ops->close)
		sink->ops->close(sink);
	free(sink->steady);
	free(sink);
	return err;
}

static bool shown(const struct kw_column *c, bool machine)
{
	return c->role != KW_PADDING &&
	       (c->show == KW_SHOW_TABLE || (machine && c->show == KW_SHOW_MACHINE));
}

static size_t add_defaults(const struct kw_schema *schema, bool machine,
			   const struct kw_column **columns)
{
	const struct kw_column *c;
	size_t n = 0;

	for (size_t i = 0; (c = kw_schema_column(schema, i)); i++)
		if (shown(c, machine))
			columns[n++] = c;
	return n;
}

int kw_view_columns(const struct kw_view *view, const struct kw_schema *schema, bool machine,
		    const struct kw_column ***ret, size_t *ret_n)
{
	_cleanup_free_ char *names = view->columns ? strdup(view->columns) : NULL;
	const struct kw_column **columns;
	char *save = NULL, *name;
	size_t n = 0;

	columns = calloc(256, sizeof(*columns));
	if (!columns || (view->columns && !names)) {
		free(columns);
		return -ENOMEM;
	}
	if (!names)
		n = add_defaults(schema, machine, columns);
	for (name = names ? strtok_r(names, ",", &save) : NULL; name && n < 256;
	     name = strtok_r(NULL, ",", &save)) {
		columns[n] = kw_schema_find(schema, name);
		n += columns[n] != NULL; /* with several tables, some other has it */
	}
	*ret = columns;
	*ret_n = n;
	return 0;
}
