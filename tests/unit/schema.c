// SPDX-License-Identifier: Apache-2.0
/*
 * schema.c - tests what tables kw_schema_check refuses, and what cells are.
 * May not know about: sinks, sources.
 * To extend: one function per mistake that a table may have.
 */
#include "unit.h"

#include "collectors/exits/exits_rows.h"
#include "core/collector.h"
#include "table.h"

/* What is wrong with the table if its i-th column is changed into c. */
static const char *with_column(size_t i, struct kw_column c)
{
	struct kw_column columns[ITEM_COLUMNS];
	struct kw_schema schema = item_schema(columns);

	memcpy(columns, item_columns, sizeof(columns));
	columns[i] = c;
	return kw_schema_check(&schema);
}

static void accepts_right_tables(void **state)
{
	struct kw_schema schema = item_schema(item_columns);
	const struct kw_collector *c;

	(void)state;
	assert_null(kw_schema_check(&schema));
	assert_null(kw_schema_check(&exits_table));
	assert_null(kw_schema_check(&exits_event_table));
	for (size_t i = 0; (c = kw_collector(i)); i++) {
		for (int t = 0; t < KW_TABLES && c->table[t]; t++)
			assert_null(kw_schema_check(c->table[t]));
		assert_true(!c->event || !kw_schema_check(c->event));
	}
}

static void refuses_missing_words(void **state)
{
	static const char wrong[] = "without name, title or help";
	struct kw_column c = item_columns[2];

	(void)state;
	c.help = NULL;
	kw_assert_holds(with_column(2, c), wrong);
	c.help = "";
	kw_assert_holds(with_column(2, c), wrong);
	c.help = "Counter";
	c.title = NULL;
	kw_assert_holds(with_column(2, c), wrong);
	c.title = "";
	kw_assert_holds(with_column(2, c), wrong);
	c.title = "COUNT";
	c.name = "";
	kw_assert_holds(with_column(2, c), wrong);
}

static void refuses_doubled_names(void **state)
{
	struct kw_column c = item_columns[4];

	(void)state;
	c.name = "min";
	kw_assert_holds(with_column(4, c), "two columns with one name");
	c.name = "vcpu"; /* one of those that every table has */
	kw_assert_holds(with_column(4, c), "two columns with one name");
	c = item_columns[4];
	c.name = "min_ns"; /* what the machine formats call min */
	c.unit = KW_UNIT_NUMBER;
	kw_assert_holds(with_column(4, c), "two columns with one name");
	c = item_columns[1];
	c.name = "max_ns"; /* and the other way round */
	kw_assert_holds(with_column(1, c), "two columns with one name");
}

static void refuses_uncovered_bytes(void **state)
{
	struct kw_column c = item_columns[6];
	char message[64];

	(void)state;
	c.size = 4;
	snprintf(message, sizeof(message), "no column covers: %zu", sizeof(struct item) - 4);
	kw_assert_holds(with_column(6, c), message);
	c = item_columns[0];
	c.size = 2;
	snprintf(message, sizeof(message), "no column covers: %zu",
		 offsetof(struct item, code) + 2);
	kw_assert_holds(with_column(0, c), message);
}

static void refuses_doubly_covered_bytes(void **state)
{
	struct kw_column c = item_columns[3];

	(void)state;
	c.offset = offsetof(struct item, count);
	kw_assert_holds(with_column(3, c), "that two columns cover: min");
	c = item_columns[0];
	c.offset = offsetof(struct kw_row_head, vm); /* a byte of the common head */
	kw_assert_holds(with_column(0, c), "that two columns cover: code");
}

static void refuses_impossible_places(void **state)
{
	struct kw_column c = item_columns[6];

	(void)state;
	c.size = 9;
	kw_assert_holds(with_column(6, c), "outside its row");
	c = item_columns[4];
	c.offset = sizeof(struct item);
	kw_assert_holds(with_column(4, c), "outside its row: max");
	c = item_columns[5];
	c.role = KW_COUNTER;
	kw_assert_holds(with_column(5, c), "more than 8 bytes: hist");
	c = item_columns[2];
	c.size = 0;
	kw_assert_holds(with_column(2, c), "neither bytes nor derived");
	c = item_columns[7];
	c.decode = NULL;
	kw_assert_holds(with_column(7, c), "neither bytes nor derived");
}

static void refuses_missing_help_and_sort(void **state)
{
	struct kw_schema schema = item_schema(item_columns);

	(void)state;
	schema.help = NULL;
	kw_assert_holds(kw_schema_check(&schema), "no help or sorts by no column");
	schema = item_schema(item_columns);
	schema.sort = "nothing";
	kw_assert_holds(kw_schema_check(&schema), "no help or sorts by no column");
}

static void finds_columns(void **state)
{
	const struct kw_schema *t = &exits_table;
	char name[64];

	(void)state;
	assert_non_null(kw_schema_find(t, "total"));
	assert_ptr_equal(kw_schema_find(t, "total"), kw_schema_find(t, "total_ns"));
	assert_string_equal(kw_schema_find(t, "total")->title, "TOTAL");
	assert_string_equal(kw_column_name(kw_schema_find(t, "total"), name, sizeof(name)),
			    "total_ns");
	assert_string_equal(kw_column_name(kw_schema_find(t, "count"), name, sizeof(name)),
			    "count");
	assert_null(kw_schema_find(t, "count_ns"));
	assert_null(kw_schema_find(t, "tota"));
	assert_null(kw_schema_find(t, "total_n"));
	assert_null(kw_schema_find(t, "TOTAL"));
	assert_null(kw_schema_find(t, "")); /* padding has no name to be found by */
	assert_string_equal(kw_schema_find(t, "vm")->title, "VM");
	assert_string_equal(kw_schema_column(t, 0)->name, "vm");
	assert_null(kw_schema_column(t, 1000));
}

static struct kw_value cell(const char *name, const struct kw_vms *vms, const void *row)
{
	struct kw_value value;

	kw_column_value(kw_schema_find(&exits_table, name), vms, row, &value);
	if (value.kind == KW_TEXT && value.text != value.buf) {
		snprintf(value.buf, sizeof(value.buf), "%s", value.text);
	}
	value.text = NULL; /* it may have pointed to this very buf */
	return value;
}

static void assert_missing(const char *name, const struct kw_vms *vms, const void *row)
{
	if (cell(name, vms, row).kind != KW_MISSING)
		fail_msg("%s is not missing", name);
}

static void assert_cell(const char *name, const struct kw_vms *vms, const void *row,
			uint64_t number)
{
	struct kw_value value = cell(name, vms, row);

	assert_int_equal(value.kind, KW_NUMBER);
	if (value.number != number)
		fail_msg("%s is %llu, not %llu", name, (unsigned long long)value.number,
			 (unsigned long long)number);
}

static struct exits_row example(void)
{
	struct exits_row row = { .head = { .vm = 0, .vcpu = 3, .tid = 77, .born_ns = 9 },
				 .code = 0x78,
				 .isa = KW_ISA_SVM,
				 .level = 1,
				 .count = 4,
				 .timed = 4,
				 .total = 4000,
				 .kernel = 400,
				 .part = { 1000, 600, 1500, 500 },
				 .min = 1000,
				 .max = 1000 };

	row.hist[16] = 4;
	return row;
}

static void values_of_a_row(void **state)
{
	struct kw_vm vm = { .pid = 4711, .number = 1, .name = "web1" };
	struct exits_row row = example();
	struct kw_vms vms = {};

	(void)state;
	assert_int_equal(kw_vms_add(&vms, &vm), 0);
	assert_string_equal(cell("vm", &vms, &row).buf, "web1");
	assert_string_equal(cell("reason", &vms, &row).buf, "HLT");
	assert_string_equal(cell("isa", &vms, &row).buf, "svm");
	assert_cell("pid", &vms, &row, 4711);
	assert_cell("vcpu", &vms, &row, 3);
	assert_cell("tid", &vms, &row, 77);
	assert_cell("born_ns", &vms, &row, 9);
	assert_cell("reason_code", &vms, &row, 0x78);
	assert_cell("level", &vms, &row, 1);
	kw_vms_release(&vms);
}

static void figures_of_a_row(void **state)
{
	struct exits_row row = example();

	(void)state;
	assert_cell("count", NULL, &row, 4);
	assert_cell("total", NULL, &row, 4000);
	assert_cell("kernel", NULL, &row, 400);
	assert_cell("vmm", NULL, &row, 1000);
	assert_cell("poll", NULL, &row, 600);
	assert_cell("halted", NULL, &row, 1500);
	assert_cell("waiting", NULL, &row, 500);
	assert_cell("mean", NULL, &row, 1000);
	assert_cell("e2e", NULL, &row, 4000);
	assert_cell("sched_out", NULL, &row, 2000);
	assert_cell("on_cpu", NULL, &row, 2000);
	assert_cell("p50", NULL, &row, 1000);
	assert_cell("p999", NULL, &row, 1000);
}

static void missing_is_not_zero(void **state)
{
	struct exits_row row = example();

	(void)state;
	row.head.vcpu = KW_ALL;
	row.head.tid = 0;
	assert_missing("vcpu", NULL, &row);
	assert_missing("tid", NULL, &row);
	assert_missing("vm", NULL, &row); /* no such VM */
	assert_missing("pid", NULL, &row);
	row.head.vcpu = 0;
	assert_cell("vcpu", NULL, &row, 0);
	memset(row.hist, 0, sizeof(row.hist));
	assert_missing("p50", NULL, &row);
}

static void fast_path_has_no_times(void **state)
{
	static const char *const missing[] = {
		"reason_code", "level", "total",     "kernel", "vmm",  "poll", "halted",
		"waiting",     "min",	"max",	     "mean",   "p50",  "p90",  "p99",
		"p999",	       "e2e",	"sched_out", "on_cpu", "hist",
	};
	struct exits_row row = { .isa = KW_ISA_SVM, .level = 0, .count = 12, .min = UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(missing); i++)
		assert_missing(missing[i], NULL, &row);
	assert_cell("count", NULL, &row, 12);
	assert_string_equal(cell("reason", NULL, &row).buf, "FASTPATH");
}

/* Exits that were only counted have no times; those timed at their entries have no parts. */
static void exits_timed_in_part(void **state)
{
	static const char *const times[] = { "total", "min", "max", "mean", "p50", "on_cpu" };
	static const char *const parts[] = { "kernel",	"vmm",	     "poll",  "halted",
					     "waiting", "sched_out", "on_cpu" };
	struct exits_row row = { .isa = KW_ISA_SVM, .level = 1, .count = 3, .min = UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		assert_missing(times[i], NULL, &row);
	row = (struct exits_row){
		.isa = KW_ISA_SVM, .level = 1, .count = 3, .timed = 3, .total = 30
	};
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		assert_missing(parts[i], NULL, &row);
	assert_cell("total", NULL, &row, 30);
	assert_cell("mean", NULL, &row, 10);
}

static uint64_t sum_of_parts(const struct exits_row *row)
{
	uint64_t sum = row->kernel;

	for (int i = 0; i < KW_PARTS; i++)
		sum += row->part[i];
	return sum;
}

/* What is known of some exits is told of all; the parts are still the whole. */
static void estimated_exits(void **state)
{
	struct exits_row row = example(), same = example();

	(void)state;
	exits_table.estimate(&row);
	assert_memory_equal(&row, &same, sizeof(row));
	row.count = 40;
	exits_table.estimate(&row);
	assert_int_equal(row.total, 40000);
	assert_int_equal(row.kernel, 4000);
	assert_int_equal(row.part[KW_PART_VMM], 10000);
	row = example();
	row.count = 7;
	row.timed = 3;
	exits_table.estimate(&row);
	assert_int_equal(row.total, 4000 * 7 / 3);
	assert_int_equal(row.part[KW_PART_VMM], 1000 * 7 / 3);
	assert_int_equal(sum_of_parts(&row), row.total);
	row = (struct exits_row){ .count = 8, .timed = 2, .total = UINT64_MAX / 4 };
	exits_table.estimate(&row);
	assert_int_equal(row.total, UINT64_MAX / 4 * 4);
	assert_int_equal(row.kernel, 0); /* not known by its parts */
	row = (struct exits_row){ .count = 8 };
	exits_table.estimate(&row);
	assert_int_equal(row.total, 0);
}

static void raw_integers(void **state)
{
	const struct kw_schema *t = &exits_table;
	struct exits_row row = example();

	(void)state;
	kw_column_set_raw(kw_schema_find(t, "level"), &row, 2);
	kw_column_set_raw(kw_schema_find(t, "reason_code"), &row, 0xfffffffe);
	kw_column_set_raw(kw_schema_find(t, "total"), &row, UINT64_MAX);
	assert_int_equal(row.level, 2);
	assert_int_equal(row.isa, KW_ISA_SVM);
	assert_int_equal(row.code, 0xfffffffe);
	assert_int_equal(row.count, 4);
	assert_int_equal(kw_column_raw(kw_schema_find(t, "level"), &row), 2);
	assert_int_equal(kw_column_raw(kw_schema_find(t, "reason_code"), &row), 0xfffffffe);
	assert_int_equal(kw_column_raw(kw_schema_find(t, "total"), &row), UINT64_MAX);
}

static void shown_if_it_is_no_zero(const struct kw_vms *vms, const void *row,
				   struct kw_value *value)
{
	(void)vms, (void)row;
	if (!value->number)
		kw_value_missing(value);
	else if (value->number == 1)
		kw_value_text(value, "one");
}

/* An address is text, as JSON has no numbers of 64 bits. */
static void hexadecimal(void **state)
{
	struct kw_column c = { .role = KW_KEY, .unit = KW_UNIT_HEX };
	struct item row = { .code = 0xfedcba98 };
	struct kw_value value;

	(void)state;
	c.offset = offsetof(struct item, count);
	c.size = sizeof(row.count);
	kw_column_value(&c, NULL, &row, &value);
	assert_int_equal(value.kind, KW_TEXT);
	assert_string_equal(value.text, "0x0");
	row.count = UINT64_MAX;
	kw_column_value(&c, NULL, &row, &value);
	assert_string_equal(value.text, "0xffffffffffffffff");
	c.decode = shown_if_it_is_no_zero;
	kw_column_value(&c, NULL, &row, &value);
	assert_string_equal(value.text, "0xffffffffffffffff");
	row.count = 1;
	kw_column_value(&c, NULL, &row, &value);
	assert_string_equal(value.text, "one");
	row.count = 0;
	kw_column_value(&c, NULL, &row, &value);
	assert_int_equal(value.kind, KW_MISSING);
	c = (struct kw_column){ .unit = KW_UNIT_HEX };
	c.offset = offsetof(struct item, code); /* of four bytes */
	c.size = sizeof(row.code);
	kw_column_value(&c, NULL, &row, &value);
	assert_string_equal(value.text, "0xfedcba98");
}

/* A text of more than 8 bytes is a word, and the later one of two rows'. */
static void texts(void **state)
{
	static const struct kw_column column = { "comm",       "COMM",	      "Text", KW_LAST,
						 KW_UNIT_WORD, KW_SHOW_TABLE, 0,      16 };
	struct kw_column c = item_columns[5]; /* some bytes of the row */
	struct kw_value value;
	char row[17] = "sixteen letters!";

	(void)state;
	kw_column_value(&column, NULL, row, &value);
	assert_int_equal(value.kind, KW_TEXT);
	assert_string_equal(value.text, "sixteen letters!");
	row[16] = 'x'; /* is none of it */
	kw_column_value(&column, NULL, row, &value);
	assert_string_equal(value.text, "sixteen letters!");
	memcpy(row, "bash\0rest", 10);
	kw_column_value(&column, NULL, row, &value);
	assert_string_equal(value.text, "bash");
	c.role = KW_LAST;
	kw_assert_holds(with_column(5, c), "integer of more than 8 bytes");
	c.unit = KW_UNIT_WORD;
	c.size = 16;
	kw_assert_holds(with_column(5, c), "no column covers"); /* but no such integer */
	c.role = KW_KEY;
	kw_assert_holds(with_column(5, c), "integer of more than 8 bytes");
}

static void words_for_roles_and_units(void **state)
{
	(void)state;
	assert_string_equal(kw_role_name(KW_KEY), "key");
	assert_string_equal(kw_role_name(KW_COUNTER), "counter");
	assert_string_equal(kw_role_name(KW_HISTOGRAM), "histogram");
	assert_string_equal(kw_role_name(KW_PADDING), "padding");
	assert_string_equal(kw_unit_name(KW_UNIT_WORD), "word");
	assert_string_equal(kw_unit_name(KW_UNIT_NS), "ns");
	assert_string_equal(kw_unit_name(KW_UNIT_HEX), "hex");
	assert_string_equal(kw_unit_name(KW_UNIT_PERCENT), "percent");
	assert_string_equal(kw_role_name(KW_LAST), "last");
}

/* What a kernel cannot tell is missing in a copy of the table; the table itself stays as it is. */
static void without_columns(void **state)
{
	static const struct kw_column columns[] = {
		{ "count", "COUNT", "Count", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE, 32, 8 },
		{ "total", "TOTAL", "Total", KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE, 40, 8 },
	};
	static const struct kw_schema whole = { .name = "table",
						.help = "A table",
						.columns = columns,
						.n_columns = 2,
						.row_size = 48,
						.sort = "count" };
	const struct kw_schema *part = kw_schema_without(&whole, "other.count table.total table");
	struct {
		struct kw_row_head head;
		uint64_t count, total;
	} row = { .count = 3, .total = 4 };
	struct kw_value value;

	(void)state;
	assert_int_equal(sizeof(row), whole.row_size);
	assert_null(kw_schema_check(part));
	assert_ptr_not_equal(part, &whole);
	kw_column_value(kw_schema_find(part, "count"), NULL, &row, &value);
	assert_int_equal(value.kind, KW_NUMBER);
	assert_int_equal(value.number, 3);
	kw_column_value(kw_schema_find(part, "total"), NULL, &row, &value);
	assert_int_equal(value.kind, KW_MISSING);
	kw_column_value(kw_schema_find(&whole, "total"), NULL, &row, &value);
	assert_int_equal(value.number, 4);
	assert_ptr_equal(kw_schema_without(&whole, "table.tota table.totals able.total"), &whole);
	assert_ptr_equal(kw_schema_without(&whole, NULL), &whole);
	assert_true(kw_schema_listed(&whole, NULL, "a table b"));
	assert_false(kw_schema_listed(&whole, NULL, "a table.total tables"));
	assert_true(kw_schema_listed(&whole, "total", "a table.total"));
	assert_true(kw_schema_listed(&whole, "total", "*.count *.total"));
	assert_false(kw_schema_listed(&whole, "total", "*.tota *.totals other.total *"));
	assert_false(kw_schema_listed(&whole, NULL, "*.total"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_right_tables),
		cmocka_unit_test(refuses_missing_words),
		cmocka_unit_test(refuses_doubled_names),
		cmocka_unit_test(refuses_uncovered_bytes),
		cmocka_unit_test(refuses_doubly_covered_bytes),
		cmocka_unit_test(refuses_impossible_places),
		cmocka_unit_test(refuses_missing_help_and_sort),
		cmocka_unit_test(finds_columns),
		cmocka_unit_test(values_of_a_row),
		cmocka_unit_test(figures_of_a_row),
		cmocka_unit_test(missing_is_not_zero),
		cmocka_unit_test(fast_path_has_no_times),
		cmocka_unit_test(raw_integers),
		cmocka_unit_test(exits_timed_in_part),
		cmocka_unit_test(estimated_exits),
		cmocka_unit_test(hexadecimal),
		cmocka_unit_test(texts),
		cmocka_unit_test(words_for_roles_and_units),
		cmocka_unit_test(without_columns),
	};

	return kw_run_tests(tests);
}
