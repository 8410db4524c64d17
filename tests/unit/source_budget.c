// SPDX-License-Identifier: Apache-2.0
/*
 * source_budget.c - tests the source that keeps to a budget, on sources made here: a host with a
 * clock of its own, where exits go on all the time, and each level has its price.
 * May not know about: the kernel, sinks, when the level changes (budget.c).
 * To extend: what the host does is in struct world.
 */
#define _GNU_SOURCE
#include "unit.h"

#include "core/source_budget.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define SECOND 1000000000ULL
#define LOAD   (SECOND / 4)  /* to open a source takes so long */
#define GAP    (SECOND / 50) /* and to start it */

enum { EVERYTHING, EXITS, SAMPLED, COUNTED, LEVELS };

/* Everything static is the host's: there is one, and sources get no argument. */
static struct world {
	uint64_t now_ns;
	uint64_t us_per_exit;		  /* one exit in so many us */
	uint64_t per_exit[LEVELS];	  /* ns */
	int fails[LEVELS];		  /* -errno of opening it */
	int opened[64], n_opened, closed; /* levels, in order */
	int how;			  /* what waiting returns, once, instead of done */
	int input_fd;			  /* when it was waited last */
	uint64_t total, unseen;		  /* exits; those that nobody counted */
	char order[4096];		  /* what was done */
	struct kw_vms *vms;
	uint64_t pids[2]; /* that --vm stands for when it is resolved */
	struct inner *counting;
	int start_fails; /* -errno of starting the next one */
	int read_fails;
	bool blind;	/* cannot tell what it costs */
	bool busy_back; /* the time in use steps back */
} world;

struct inner {
	struct kw_source source;
	struct kw_wants wants;
	int level;
	uint64_t exits, start_ns, metered_ns;
	uint64_t pids[2];
};

static void done(const char *what, int level)
{
	size_t n = strlen(world.order);

	snprintf(world.order + n, sizeof(world.order) - n, "%s%d ", what, level);
}

static void pass(uint64_t ns)
{
	uint64_t before = world.now_ns / 1000 / world.us_per_exit, exits;

	world.now_ns += ns;
	exits = world.now_ns / 1000 / world.us_per_exit - before;
	world.total += exits;
	if (world.counting) {
		world.counting->exits += exits;
		world.counting->metered_ns += ns / 10;
	} else {
		world.unseen += exits;
	}
}

static int inner_start(struct kw_source *source, uint64_t *ret_mono_ns)
{
	struct inner *s = (struct inner *)source;

	done("start", s->level);
	pass(GAP);
	assert_null(world.counting);
	world.counting = s;
	s->start_ns = *ret_mono_ns = world.now_ns;
	return world.start_fails;
}

static void inner_stop(struct kw_source *source)
{
	done("stop", ((struct inner *)source)->level);
	assert_ptr_equal(world.counting, source);
	world.counting = NULL;
}

static int inner_read(struct kw_source *source, struct kw_frame *frame, struct kw_losses *lost)
{
	struct inner *s = (struct inner *)source;

	done("read", s->level);
	for (size_t i = 0; i < s->wants.n_tables; i++) {
		struct kw_row_head *row;

		kw_frame_empty(&frame[i]);
		frame[i].schema = s->wants.table[i];
		frame[i].mono_ns = world.now_ns;
		frame[i].real_ns = world.now_ns + 1;
		row = kw_frame_add(&frame[i]);
		*row = (struct kw_row_head){ .vm = 0, .vcpu = 3 }; /* born at the same time */
		kw_column_set_raw(kw_schema_find(frame[i].schema, "count"), row, s->exits);
	}
	memset(lost, 0, sizeof(*lost));
	lost->n[KW_LOSS_UNMATCHED] = s->exits / 10;
	lost->n[KW_LOSS_UNFINISHED] = source->handed_over;
	return world.read_fails;
}

static int inner_wait(struct kw_source *source, uint64_t until, kw_event_fn fn, void *arg)
{
	int how = world.how;

	assert_true(fn == NULL && arg == &world);
	world.input_fd = source->input_fd;
	world.how = KW_WAIT_DONE;
	if (how == KW_WAIT_DONE && until > world.now_ns)
		pass(until - world.now_ns);
	return how;
}

/* Runs are measured a tenth of the time. */
static int inner_cost(struct kw_source *source, struct kw_own_cost *ret)
{
	struct inner *s = (struct inner *)source;

	*ret = (struct kw_own_cost){
		.mono_ns = world.now_ns,
		.metered = !world.blind,
		.metered_ns = s->metered_ns,
		.exits = s->exits / 10,
		.runs = s->exits / 5,
		.run_ns = s->exits / 10 * world.per_exit[s->level],
		.cpu_ns = world.now_ns / 1000,
		.rss_bytes = 4711,
		.busy_ns = world.busy_back ? 2000 * SECOND - world.now_ns : world.now_ns,
	};
	return 0;
}

static void inner_close(struct kw_source *source)
{
	done("close", ((struct inner *)source)->level);
	if (world.counting == (struct inner *)source)
		world.counting = NULL;
	world.closed++;
	free(source);
}

static int level_of(const struct kw_wants *wants)
{
	return wants->timing == KW_TIMED_NONE	? COUNTED
	       : wants->timing == KW_TIMED_SOME ? SAMPLED
	       : wants->n_tables > 1		? EVERYTHING
						: EXITS;
}

/* As the live source does: the first one looks, the next ones get what it found. */
static void resolve(struct inner *s)
{
	const struct kw_filters *f = &s->wants.filters;

	if (!s->wants.reopened) {
		s->source.pid = f->n_vm ? (struct kw_list){ s->pids, 2 } : f->pid;
		memcpy(s->pids, world.pids, sizeof(s->pids));
		return;
	}
	assert_int_equal(f->n_vm, 0);
	assert_int_equal(f->pid.n, world.pids[0] ? 2 : 0);
	for (size_t i = 0; i < f->pid.n; i++)
		assert_int_equal(f->pid.item[i], world.pids[i]);
}

static int open_inner(const struct kw_wants *wants, struct kw_source **ret)
{
	struct inner *s = calloc(1, sizeof(*s));
	int level = level_of(wants);

	s->wants = *wants;
	s->level = level;
	done("open", s->level);
	pass(LOAD);
	world.opened[world.n_opened++] = s->level;
	assert_true(wants->reopened == (world.n_opened > 1));
	assert_true(!world.vms || world.vms == wants->vms);
	assert_non_null(wants->vms);
	assert_int_equal(wants->one_in, s->level == SAMPLED ? 16 : 0);
	world.vms = wants->vms;
	s->source = (struct kw_source){ .vms = wants->vms,
					.input_fd = -1,
					.start = inner_start,
					.stop = inner_stop,
					.read = inner_read,
					.wait = inner_wait,
					.own_cost = inner_cost,
					.close = inner_close };
	if (world.fails[level]) {
		free(s);
		return world.fails[level];
	}
	resolve(s);
	*ret = &s->source;
	return 0;
}

/* ---- a reader, as the tool is one ---- */

struct reader {
	struct kw_wants wants;
	struct kw_source *source;
	struct kw_frame prev[KW_FRAMES];
	uint64_t counted[KW_FRAMES];
	struct kw_losses lost;
	int messages; /* where standard error goes */
	int stderr_fd;
};

static void open_world(uint64_t us_per_exit, const uint64_t *per_exit)
{
	world = (struct world){ .now_ns = 1000 * SECOND, .us_per_exit = us_per_exit };
	memcpy(world.per_exit, per_exit, sizeof(world.per_exit));
}

static void listen(struct reader *r)
{
	r->messages = memfd_create("stderr", MFD_CLOEXEC);
	fflush(stderr);
	r->stderr_fd = dup(STDERR_FILENO);
	dup2(r->messages, STDERR_FILENO);
}

/* How often this was said so far. */
static int said(const struct reader *r, const char *what)
{
	char text[65536];
	ssize_t size;
	int n = 0;

	fflush(stderr);
	size = pread(r->messages, text, sizeof(text) - 1, 0);
	assert_true(size >= 0);
	text[size] = 0;
	for (const char *p = text; (p = strstr(p, what)); p++)
		n++;
	return n;
}

static int try_open(struct reader *r, const char *const *collectors)
{
	static char name[] = "web1";
	static char *const vm[] = { name };

	memset(r, 0, sizeof(*r));
	if (world.pids[0])
		r->wants.filters = (struct kw_filters){ .vm = vm, .n_vm = 1 };
	for (; *collectors; collectors++)
		kw_wants_add(&r->wants, kw_collector_find(*collectors));
	r->wants.max_vcpus = 16;
	listen(r);
	return kw_source_budget_open(&r->wants, 0.01, open_inner, &r->source);
}

static const char *const exits_and_io[] = { "exits", "io", NULL };
static const char *const only_exits[] = { "exits", NULL };

static void open_reader(struct reader *r, const char *const *collectors)
{
	uint64_t start_ns;

	assert_int_equal(try_open(r, collectors), 0);
	assert_int_equal(r->source->start(r->source, &start_ns), 0);
	assert_int_equal(start_ns, world.now_ns);
	world.total = world.unseen = 0;
}

static void stop_listening(struct reader *r)
{
	fflush(stderr);
	dup2(r->stderr_fd, STDERR_FILENO);
	close(r->stderr_fd);
	close(r->messages);
}

static void read_all(struct reader *r)
{
	struct kw_frame cur[KW_FRAMES] = {}, delta[KW_FRAMES] = {};

	assert_int_equal(r->source->read(r->source, cur, &r->lost), 0);
	for (size_t i = 0; i < r->wants.n_tables; i++) {
		const struct kw_column *count = kw_schema_find(r->wants.table[i], "count");

		assert_ptr_equal(cur[i].schema, r->wants.table[i]);
		assert_int_equal(cur[i].mono_ns, world.now_ns);
		assert_int_equal(cur[i].real_ns, world.now_ns + 1);
		r->prev[i].schema = cur[i].schema;
		assert_int_equal(kw_frame_delta(&cur[i], &r->prev[i], &delta[i]), 0);
		for (size_t k = 0; k < delta[i].n; k++)
			r->counted[i] += kw_column_raw(count, delta[i].row[k]);
		kw_frame_clear(&delta[i]);
		kw_frame_clear(&r->prev[i]);
		r->prev[i] = cur[i];
	}
}

static void watch(struct reader *r, uint64_t seconds)
{
	uint64_t until = world.now_ns + seconds * SECOND;

	while (world.now_ns < until)
		assert_int_equal(r->source->wait(r->source, until, NULL, &world), KW_WAIT_DONE);
	read_all(r);
}

static void close_reader(struct reader *r)
{
	r->source->close(r->source);
	for (size_t i = 0; i < r->wants.n_tables; i++)
		kw_frame_clear(&r->prev[i]);
	stop_listening(r);
	assert_int_equal(world.closed, world.n_opened);
}

/* ---- tests ---- */

static const uint64_t prices[LEVELS] = { 4000, 2000, 1000, 500 };

static void within_it_is_the_source_itself(void **state)
{
	struct kw_own_cost cost;
	struct reader r;

	(void)state;
	open_world(1000, prices); /* 0.4 % */
	open_reader(&r, exits_and_io);
	for (int i = 0; i < 100; i++)
		watch(&r, 1);
	assert_int_equal(world.n_opened, 1);
	assert_int_equal(r.counted[0], world.total);
	assert_int_equal(r.counted[1], world.total);
	assert_int_equal(r.lost.n[KW_LOSS_UNMATCHED], world.total / 10);
	assert_int_equal(world.unseen, 0);
	assert_string_equal(r.source->note, "");
	assert_string_equal(r.source->unavailable[1], "");
	assert_ptr_equal(r.source->vms, world.vms);
	assert_int_equal(r.source->own_cost(r.source, &cost), 0);
	assert_int_equal(cost.run_ns, world.total / 10 * 4000);
	assert_int_equal(cost.rss_bytes, 4711);
	assert_int_equal(said(&r, "kvm_watcher"), 0);
	close_reader(&r);
}

static void steps_down_and_back_up(void **state)
{
	struct reader r;

	(void)state;
	open_world(50, prices); /* 8 %, 4 %, 2 %, 1.0 % */
	open_reader(&r, exits_and_io);
	world.per_exit[COUNTED] = 300;
	watch(&r, 60);
	assert_int_equal(world.n_opened, LEVELS);
	for (int i = 0; i < LEVELS; i++)
		assert_int_equal(world.opened[i], i);
	assert_string_equal(r.source->unavailable[0], "");
	assert_string_equal(r.source->unavailable[1], "left out to keep within --budget 1%");
	assert_string_equal(r.source->note, "budget 1%: exits alone, counted and not timed");
	assert_int_equal(said(&r, " is over --budget 1%: from here on "), 3);
	assert_int_equal(said(&r, "cost 8."), 1);
	assert_int_equal(said(&r, "from here on exits alone ("), 1);
	world.us_per_exit = 10000;
	watch(&r, 60);
	assert_int_equal(world.n_opened, 2 * LEVELS - 1);
	for (int i = 0; i < LEVELS; i++)
		assert_int_equal(world.opened[LEVELS - 1 + i], LEVELS - 1 - i);
	assert_string_equal(r.source->unavailable[1], "");
	assert_string_equal(r.source->note, "");
	assert_int_equal(said(&r, ": back to "), 3);
	assert_int_equal(said(&r, ": back to everything asked for ("), 1);
	close_reader(&r);
}

/* The new one is there before the old one stops, and begins before that is read. */
static void one_takes_over_from_another(void **state)
{
	struct reader r;

	(void)state;
	open_world(50, prices);
	open_reader(&r, exits_and_io);
	watch(&r, 3);
	assert_string_equal(world.order, "open0 start0 open1 stop0 start1 read0 close0 read1 ");
	close_reader(&r);
}

/* However many steps there are between two readings. */
static void sums_are_exact_across_steps(void **state)
{
	(void)state;
	for (uint64_t seconds = 1; seconds <= 128; seconds *= 2) {
		struct kw_own_cost cost;
		struct reader r;
		uint64_t lost;

		open_world(50, prices);
		world.per_exit[COUNTED] = 300;
		open_reader(&r, exits_and_io);
		for (int i = 0; i < 4; i++) {
			world.us_per_exit = i & 1 ? 10000 : 50;
			for (uint64_t s = 0; s < 128; s += seconds)
				watch(&r, seconds);
		}
		assert_true(world.n_opened >= 4 * (LEVELS - 1));
		assert_int_equal(r.counted[0], world.total - world.unseen);
		assert_true(world.unseen <= world.n_opened * GAP / 1000 / 50 + world.n_opened);
		assert_true(r.counted[1] > 0 && r.counted[1] < r.counted[0]);
		assert_int_equal(r.lost.n[KW_LOSS_UNFINISHED], world.n_opened - 1);
		lost = r.lost.n[KW_LOSS_UNMATCHED];
		assert_true(lost <= r.counted[0] / 10 &&
			    lost + world.n_opened >= r.counted[0] / 10);
		assert_int_equal(r.source->own_cost(r.source, &cost), 0);
		assert_true(cost.exits <= r.counted[0] / 10 &&
			    cost.exits + world.n_opened >= r.counted[0] / 10);
		assert_int_equal(cost.mono_ns, world.now_ns);
		close_reader(&r);
	}
}

static void without_details_there_is_one_level_less(void **state)
{
	struct reader r;

	(void)state;
	open_world(50, prices);
	open_reader(&r, only_exits);
	watch(&r, 60);
	assert_int_equal(world.n_opened, 3);
	assert_int_equal(world.opened[0], EXITS); /* all that was asked for */
	assert_int_equal(world.opened[1], SAMPLED);
	assert_int_equal(world.opened[2], COUNTED);
	close_reader(&r);
}

/* What cannot be opened is told, and left out for a time; the present one goes on meanwhile. */
static void failing_levels_are_left_out(void **state)
{
	struct reader r;

	(void)state;
	open_world(50, prices);
	world.fails[EXITS] = -ENOMEM;
	open_reader(&r, exits_and_io);
	watch(&r, 4);
	assert_int_equal(world.n_opened, 2);
	assert_string_equal(r.source->unavailable[1], "");
	assert_int_equal(said(&r, "cannot change to exits alone: "), 1);
	world.closed++; /* that one never was */
	watch(&r, 60);
	assert_int_equal(world.n_opened, 4);
	assert_int_equal(world.opened[2], SAMPLED);
	assert_int_equal(world.opened[3], COUNTED);
	assert_int_equal(r.counted[0], world.total - world.unseen);
	assert_int_equal(said(&r, "cannot change"), 1);
	world.fails[EXITS] = 0;
	world.us_per_exit = 10000;
	watch(&r, 60);
	assert_int_equal(world.n_opened, 7);
	assert_int_equal(world.opened[5], EXITS);
	assert_int_equal(world.opened[6], EVERYTHING);
	assert_int_equal(said(&r, "cannot change"), 1);
	close_reader(&r);
}

/* VMs are looked up once: the sources before are closed, and what they found is handed on. */
static void filters_are_resolved_once(void **state)
{
	struct reader r;

	(void)state;
	open_world(50, prices);
	world.pids[0] = 4711;
	world.pids[1] = 4712;
	open_reader(&r, exits_and_io);
	watch(&r, 60);
	assert_int_equal(world.n_opened, LEVELS);
	assert_int_equal(r.wants.filters.n_vm, 1); /* the caller's stay as they are */
	close_reader(&r);
}

/* Without the old source or what it counted, there is no going on, but not without a word. */
static void steps_that_fail_end_the_run(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct reader r;
		int how = 0;

		open_world(50, prices);
		open_reader(&r, exits_and_io);
		world.start_fails = i ? 0 : -ENOMEM;
		world.read_fails = i ? -ENOMEM : 0;
		while (!how)
			how = r.source->wait(r.source, UINT64_MAX / 2, NULL, &world);
		assert_int_equal(how, -ENOMEM);
		assert_int_equal(said(&r, "changing to exits alone failed: Cannot allocate"), 1);
		assert_int_equal(said(&r, "kvm_watcher"), 1);
		close_reader(&r);
	}
}

static void when_nothing_is_left_it_says_so_once(void **state)
{
	static const uint64_t dear[LEVELS] = { 4000, 4000, 4000, 4000 };
	struct reader r;

	(void)state;
	open_world(50, dear);
	open_reader(&r, exits_and_io);
	watch(&r, 500);
	assert_int_equal(world.n_opened, LEVELS);
	assert_int_equal(said(&r, "there is nothing left to leave out"), 1);
	close_reader(&r);
}

static void waits_end_as_the_sources_do(void **state)
{
	static const int ends[] = { KW_WAIT_INTERRUPTED, KW_WAIT_END, KW_WAIT_INPUT, -EIO };
	struct reader r;

	(void)state;
	open_world(50, prices);
	open_reader(&r, exits_and_io);
	r.source->input_fd = 17;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		world.how = ends[i];
		assert_int_equal(r.source->wait(r.source, UINT64_MAX, NULL, &world), ends[i]);
		assert_int_equal(world.input_fd, 17);
	}
	watch(&r, 3); /* and the next source's, too */
	assert_int_equal(world.n_opened, 2);
	world.input_fd = -1;
	r.source->wait(r.source, world.now_ns, NULL, &world);
	assert_int_equal(world.input_fd, 17);
	close_reader(&r);
}

/* The kernel's statistics of idle time can: then it is a share of one CPU's time. */
static void time_in_use_may_step_back(void **state)
{
	struct reader r;

	(void)state;
	open_world(50, prices);
	world.busy_back = true;
	open_reader(&r, exits_and_io);
	watch(&r, 3);
	assert_int_equal(world.n_opened, 2);
	assert_int_equal(said(&r, "cost 8."), 1);
	close_reader(&r);
}

/* When counting is over, what was counted can still be read. */
static void rows_stay_after_the_end(void **state)
{
	struct reader r;

	(void)state;
	open_world(50, prices);
	open_reader(&r, exits_and_io);
	watch(&r, 1);
	r.source->stop(r.source);
	pass(SECOND);
	read_all(&r);
	assert_int_equal(world.n_opened, 1);
	assert_int_equal(r.counted[0], world.total - world.unseen);
	close_reader(&r);
}

static void what_cannot_be_opened(void **state)
{
	struct reader r;

	(void)state;
	open_world(50, prices);
	world.fails[EVERYTHING] = -EPERM;
	assert_int_equal(try_open(&r, exits_and_io), -EPERM);
	assert_int_equal(said(&r, "kvm_watcher"), 0); /* the source has said why */
	stop_listening(&r);
	open_world(50, prices);
	world.blind = true;
	assert_int_equal(try_open(&r, exits_and_io), -EOPNOTSUPP);
	assert_int_equal(said(&r, "--budget: the kernel does not tell"), 1);
	assert_int_equal(world.closed, 1);
	stop_listening(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(within_it_is_the_source_itself),
		cmocka_unit_test(steps_down_and_back_up),
		cmocka_unit_test(one_takes_over_from_another),
		cmocka_unit_test(sums_are_exact_across_steps),
		cmocka_unit_test(without_details_there_is_one_level_less),
		cmocka_unit_test(failing_levels_are_left_out),
		cmocka_unit_test(filters_are_resolved_once),
		cmocka_unit_test(steps_that_fail_end_the_run),
		cmocka_unit_test(when_nothing_is_left_it_says_so_once),
		cmocka_unit_test(waits_end_as_the_sources_do),
		cmocka_unit_test(time_in_use_may_step_back),
		cmocka_unit_test(rows_stay_after_the_end),
		cmocka_unit_test(what_cannot_be_opened),
	};

	return kw_run_tests(tests);
}
