// SPDX-License-Identifier: Apache-2.0
/*
 * sinks.c - tests that no name of a VM gets out of its field, or at the terminal, in any format.
 * May not know about: where data comes from.
 * To extend: another evil name is a line in names[].
 */
#include "unit.h"

#include "collectors/exits/exits_rows.h"
#include "safe.h"
#include "sinks/listing.h"
#include "sinks/sink.h"

#include <jansson.h>
#include <unistd.h>

static const struct {
	const char *name;
	bool valid; /* UTF-8: formats for machines give it back exactly */
} names[] = {
	{ "web1", true },
	{ "数据库-主机", true },
	{ "\033[31mred\033[0m", true },
	{ "\033]0;title\a", true },
	{ "a\"b,c'd\\e", true },
	{ "line\nfeed\r\nreturn\ttab", true },
	{ "\x01\x02\x1f\x7f", true },
	{ "csi \xc2\x9b"
	  "31m, osc \xc2\x9d",
	  true },
	{ "\xe2\x80\xa8separators\xe2\x80\xa9", true },
	{ "\xe2\x80\xaegnp.exe\xe2\x81\xa6", true },
	{ "=1+1", true },
	{ "e\xcc\x81 \xf0\x9f\x98\x80", true },
	{ "\\x1b \\u001b", true },
	{ "raw \x9b"
	  "31m",
	  false },
	{ "\xff\xfe\xc0\xaf", false },
	{ "cut \xe4\xb8", false },
	{ "\xed\xa0\x80\xf5\x80\x80\x80", false },
	{ "both \xff\n\"\x1b", false },
};

struct output {
	char *text;
	size_t size;
	FILE *file;
	struct kw_sink sink;
};

static void start(struct output *out, const struct kw_sink_ops *ops)
{
	memset(out, 0, sizeof(*out));
	out->file = open_memstream(&out->text, &out->size);
	out->sink = (struct kw_sink){ .ops = ops, .out = out->file };
}

static void finish(struct output *out)
{
	fclose(out->file);
	out->file = NULL;
	free(out->sink.steady);
	out->sink.steady = NULL;
}

static struct exits_row example(void)
{
	return (struct exits_row){ .head = { .vcpu = 1, .tid = 2 },
				   .code = 0x78,
				   .isa = KW_ISA_SVM,
				   .level = 1,
				   .count = 1,
				   .total = 1000,
				   .kernel = 1000,
				   .min = 1000,
				   .max = 1000,
				   .hist[16] = 1 };
}

/* One row of stat and one event of trace, of a VM with this name. */
static void show(struct output *out, const struct kw_sink_ops *ops, const char *name)
{
	struct exits_event_row event = { .code = 0x78, .isa = KW_ISA_SVM, .level = 1, .total = 9 };
	struct kw_frame frame = { .schema = &exits_table, .mono_ns = 5, .span_ns = 1000000000 };
	struct kw_vm vm = { .pid = 4711, .number = 1 };
	struct kw_vms vms = {};

	snprintf(vm.name, sizeof(vm.name), "%s", name);
	assert_int_equal(kw_vms_add(&vms, &vm), 0);
	*(struct exits_row *)kw_frame_add(&frame) = example();
	start(out, ops);
	assert_int_equal(ops->frame(&out->sink, &vms, &frame, false), 0);
	assert_int_equal(ops->event(&out->sink, &vms, "exits", &exits_event_table, &event, 1, 2),
			 0);
	finish(out);
	kw_frame_clear(&frame);
	kw_vms_release(&vms);
}

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void tables_are_safe(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct output out;

		show(&out, &kw_sink_table, names[i].name);
		kw_assert_safe(out.text, out.size, "\n");
		assert_int_equal(lines(out.text), 5); /* no name made a line of its own */
		free(out.text);
	}
}

static void csv_is_safe(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct output out;

		show(&out, &kw_sink_csv, names[i].name);
		kw_assert_safe(out.text, out.size, "\r\n");
		assert_int_equal(lines(out.text), 4);
		for (size_t k = 0; k < out.size; k++)
			if (out.text[k] == '\r')
				assert_int_equal(out.text[k + 1], '\n');
		free(out.text);
	}
}

static void jsonl_is_ascii(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct output out;

		show(&out, &kw_sink_jsonl, names[i].name);
		for (size_t k = 0; k < out.size; k++)
			if (out.text[k] != '\n' && (out.text[k] < 0x20 || out.text[k] > 0x7e))
				fail_msg("byte 0x%02x in: %s", (unsigned char)out.text[k],
					 out.text);
		assert_int_equal(lines(out.text), 2);
		free(out.text);
	}
}

static void assert_json_name(const char *line, const char *name, bool valid)
{
	json_error_t error;
	json_t *object = json_loads(line, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &error);
	const char *vm;

	if (!object)
		fail_msg("%s: %s", error.text, line);
	vm = json_string_value(json_object_get(object, "vm"));
	assert_non_null(vm);
	if (valid)
		assert_string_equal(vm, name);
	else
		kw_assert_holds(vm, "\xef\xbf\xbd");
	json_decref(object);
}

static void jsonl_gives_names_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct output out;

		show(&out, &kw_sink_jsonl, names[i].name);
		assert_json_name(out.text, names[i].name, names[i].valid);
		assert_json_name(strchr(out.text, '\n') + 1, names[i].name, names[i].valid);
		free(out.text);
	}
}

/* ---- fields of CSV ---------------------------------------------------------------------------*/

static void assert_field(const char *text, const char *expected)
{
	struct output out;

	start(&out, &kw_sink_csv);
	kw_csv_field(out.file, text);
	finish(&out);
	assert_string_equal(out.text, expected);
	free(out.text);
}

static void csv_fields(void **state)
{
	(void)state;
	assert_field("", "");
	assert_field("web1", "web1");
	assert_field("a b", "a b");
	assert_field("a,b", "\"a,b\"");
	assert_field("a\"b", "\"a\"\"b\"");
	assert_field("\"", "\"\"\"\"");
	assert_field("a\nb", "a\\x0ab");
	assert_field("a,\n\"b\xff", "\"a,\\x0a\"\"b\\xff\"");
	assert_field("数据", "数据");
	assert_field("\\", "\\\\");
}

/* Number of fields of a line, as a reader of RFC 4180 counts them; *ret_end: where it ends. */
static int fields(const char *line, const char **ret_end)
{
	bool quoted = false;
	int n = 1;

	for (; *line && (quoted || *line != '\r'); line++) {
		quoted ^= *line == '"';
		n += !quoted && *line == ',';
	}
	*ret_end = line;
	return n;
}

static void csv_lines_have_as_many_fields_as_their_header(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *end;
		struct output out;
		int n;

		show(&out, &kw_sink_csv, names[i].name);
		n = fields(out.text, &end);
		assert_true(n > 20);
		assert_int_equal(fields(end + 2, &end), n);
		n = fields(end + 2, &end);
		assert_int_equal(fields(end + 2, &end), n);
		assert_string_equal(end, "\r\n");
		free(out.text);
	}
}

/* ---- listings --------------------------------------------------------------------------------*/

static char *list(const char *format, const char *name)
{
	static const struct kw_listing_column columns[] = { { "vm", "VM", false },
							    { "pid", "PID", true } };
	struct kw_listing l = { .name = "vms", .column = columns, .n_columns = 2 };
	const char *const cells[] = { name, "12" }, *const none[] = { NULL, NULL };
	char path[] = "/tmp/kw-unit-XXXXXX", spec[64];
	char *text = calloc(1, 4096);
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	snprintf(spec, sizeof(spec), "%s:%s", format, path);
	assert_int_equal(kw_listing_add(&l, cells), 0);
	assert_int_equal(kw_listing_add(&l, none), 0);
	assert_int_equal(kw_listing_print(&l, spec, &(struct kw_view){}), 0);
	assert_true(read(fd, text, 4095) > 0);
	close(fd);
	unlink(path);
	kw_listing_release(&l);
	return text;
}

static void listings_are_safe(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *table = list("table", names[i].name), *csv = list("csv", names[i].name);
		char *jsonl = list("jsonl", names[i].name);

		kw_assert_safe(table, strlen(table), "\n");
		assert_int_equal(lines(table), 3);
		kw_assert_safe(csv, strlen(csv), "\r\n");
		assert_int_equal(lines(csv), 3);
		kw_assert_safe(jsonl, strlen(jsonl), "\n");
		assert_int_equal(lines(jsonl), 2);
		assert_json_name(jsonl, names[i].name, names[i].valid);
		free(table);
		free(csv);
		free(jsonl);
	}
}

static void listing_cells(void **state)
{
	char *text = list("table", "web1");

	(void)state;
	assert_string_equal(text, "VM    PID\nweb1   12\n-       -\n");
	free(text);
	text = list("csv", "web1");
	assert_string_equal(text, "vm,pid\r\nweb1,12\r\n,\r\n");
	free(text);
	text = list("jsonl", "web1");
	assert_string_equal(text, "{\"collector\":\"vms\",\"vm\":\"web1\",\"pid\":12}\n"
				  "{\"collector\":\"vms\",\"vm\":null,\"pid\":null}\n");
	free(text);
}

/* ---- opening and columns ---------------------------------------------------------------------*/

static void opening(void **state)
{
	struct kw_view view = { .color = true, .width = 100 };
	struct kw_sink *sink;

	(void)state;
	assert_true(kw_sink_open("xml", &view, &sink) < 0);
	assert_true(kw_sink_open("", &view, &sink) < 0);
	assert_true(kw_sink_open("tab", &view, &sink) < 0);
	assert_true(kw_sink_open("table:/nonexistent/file", &view, &sink) < 0);
	assert_int_equal(kw_sink_open("jsonl:", &view, &sink), 0);
	assert_ptr_equal(sink->out, stdout);
	assert_ptr_equal(sink->ops, &kw_sink_jsonl);
	assert_int_equal(kw_sink_close(sink), 0);
	assert_int_equal(kw_sink_open("table:/dev/null", &view, &sink), 0);
	assert_false(sink->view.color);
	assert_int_equal(sink->view.width, 0);
	assert_int_equal(kw_sink_close(sink), 0);
}

static void full_disk(void **state)
{
	struct kw_view view = {};
	struct kw_sink *sink;

	(void)state;
	assert_int_equal(kw_sink_open("jsonl:/dev/full", &view, &sink), 0);
	fputs("x", sink->out);
	assert_true(kw_sink_close(sink) < 0);
}

static void chosen_columns(void **state)
{
	struct kw_view view = { .columns = "count,total_ns,total" };
	const struct kw_column **columns;
	size_t n;

	(void)state;
	assert_int_equal(kw_view_columns(&view, &exits_table, true, &columns, &n), 0);
	assert_int_equal(n, 3);
	assert_string_equal(columns[0]->name, "count");
	assert_string_equal(columns[1]->name, "total");
	assert_ptr_equal(columns[1], columns[2]);
	free(columns);
	view.columns = "page,count,nothing"; /* with several tables, others may have them */
	assert_int_equal(kw_view_columns(&view, &exits_table, true, &columns, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(columns[0]->name, "count");
	free(columns);
	view.columns = NULL;
	assert_int_equal(kw_view_columns(&view, &exits_table, false, &columns, &n), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(columns[i]->show, KW_SHOW_TABLE);
	free(columns);
}

/* ---- widths of tables ------------------------------------------------------------------------*/

static void tables_keep_within_their_width(void **state)
{
	static const char name[] =
		"a-very-long-name-of-a-virtual-machine-that-nobody-would-type-twice"
		"-and-that-is-longer-than-a-line-is-wide-so-it-must-be-cut";
	struct kw_frame frame = { .schema = &exits_table, .span_ns = 1000000000 };
	struct kw_vm vm = { .pid = 4711, .number = 1 };
	struct kw_vms vms = {};
	struct output out;

	(void)state;
	snprintf(vm.name, sizeof(vm.name), "%s", name);
	kw_vms_add(&vms, &vm);
	*(struct exits_row *)kw_frame_add(&frame) = example();
	start(&out, &kw_sink_table);
	out.sink.view.width = 100;
	assert_int_equal(kw_sink_table.frame(&out.sink, &vms, &frame, false), 0);
	finish(&out);
	for (char *save = NULL, *line = strtok_r(out.text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		assert_in_range(strlen(line), 1, 100);
	free(out.text);
	kw_frame_clear(&frame);
	kw_vms_release(&vms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_safe),
		cmocka_unit_test(csv_is_safe),
		cmocka_unit_test(jsonl_is_ascii),
		cmocka_unit_test(jsonl_gives_names_back),
		cmocka_unit_test(csv_fields),
		cmocka_unit_test(csv_lines_have_as_many_fields_as_their_header),
		cmocka_unit_test(listings_are_safe),
		cmocka_unit_test(listing_cells),
		cmocka_unit_test(opening),
		cmocka_unit_test(full_disk),
		cmocka_unit_test(chosen_columns),
		cmocka_unit_test(tables_keep_within_their_width),
	};

	setenv("TZ", "UTC0", 1);
	return kw_run_tests(tests);
}
