// SPDX-License-Identifier: Apache-2.0
/*
 * model.c - see model.h.
 * May not know about: terminals, views, collectors' structs.
 * To extend: see model.h.
 */
#include "model.h"

#include "../util/cleanup.h"
#include "../util/grow.h"
#include "../util/search.h"
#include "states.h"

#include <errno.h>
#include <stdio.h>

/* ---- columns ---- */

static const struct {
	const char *table, *column;
	enum top_figure figure;
} counted[] = {
	{ "exits", "count", TOP_EXITS },
	{ "faults", "count", TOP_FAULTS },
	{ "dirty", "distinct", TOP_DIRTY },
	{ "irq", "count", TOP_IRQS },
};

static void resolve_keys(struct top_table *t)
{
	const struct kw_column *c;

	for (size_t i = 0; (c = kw_schema_column(t->schema, i)); i++)
		if (c->role == KW_KEY && c->offset >= sizeof(struct kw_row_head) &&
		    t->n_keys < ARRAY_SIZE(t->key))
			t->key[t->n_keys++] = c;
}

static void resolve(struct top_table *t, const struct kw_schema *schema)
{
	*t = (struct top_table){ .schema = schema };
	resolve_keys(t);
	for (size_t i = 0; i < ARRAY_SIZE(counted); i++) {
		if (strcmp(counted[i].table, schema->name))
			continue;
		t->kind = counted[i].figure == TOP_EXITS ? TOP_OF_EXITS : TOP_COUNTED;
		t->figure = counted[i].figure;
		t->count = kw_schema_find(schema, counted[i].column);
	}
	if (!strcmp(schema->name, "time"))
		t->kind = TOP_TIME;
	if (!strcmp(schema->name, "time-threads"))
		t->kind = TOP_THREADS;
	t->run = kw_schema_find(schema, "run");
	t->wall = kw_schema_find(schema, "wall");
	for (int i = 0; i < TOP_STATES; i++)
		t->state[i] = kw_schema_find(schema, top_states[i].column);
	for (int i = 0; i < TOP_STATES; i++)
		if (t->state[i] && kw_column_left_out(t->state[i]))
			t->left_out |= 1u << i;
	t->kernel = kw_schema_find(schema, "kernel");
	t->vmm = kw_schema_find(schema, "vmm");
	t->max = kw_schema_find(schema, "max");
	t->reason = kw_schema_find(schema, "reason");
}

static uint64_t raw(const struct kw_column *column, const void *row)
{
	return column && column->size ? kw_column_raw(column, row) : 0;
}

static uint64_t hash_keys(const struct top_table *t, const void *row)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < t->n_keys; i++) {
		hash = (hash ^ kw_column_raw(t->key[i], row)) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	return hash;
}

static const struct top_table *table_of(const struct top_model *model, const struct kw_schema *s)
{
	for (size_t i = 0; i < KW_FRAMES; i++)
		if (model->table[i].schema == s)
			return &model->table[i];
	return NULL;
}

uint64_t top_row_id(const struct top_model *model, const struct kw_frame *frame, const void *row)
{
	const struct top_table *t = table_of(model, frame->schema);

	return t ? hash_keys(t, row) : 0;
}

/* ---- sums ---- */

static void add_row(const struct top_table *t, const void *row, struct top_sums *sums)
{
	switch (t->kind) {
	case TOP_TIME:
		sums->timed = true;
		sums->wall += raw(t->wall, row);
		for (int i = 0; i < TOP_STATES; i++)
			sums->ns[i] += raw(t->state[i], row);
		sums->left_out = t->left_out;
		break;
	case TOP_THREADS:
		sums->threads += raw(t->run, row);
		break;
	case TOP_OF_EXITS:
	case TOP_COUNTED:
		sums->figure[t->figure] += raw(t->count, row);
		break;
	default:
		break;
	}
}

static uint64_t cpu_of(const struct top_table *t, const void *row)
{
	return raw(t->kernel, row) + raw(t->vmm, row);
}

static void note_reason(struct top_sums *sums, const void *row, uint64_t ns)
{
	if (sums->reason && ns <= sums->reason_ns)
		return;
	sums->reason = row;
	sums->reason_ns = ns;
}

/* Figures of tables that are there, so that 0 means none. */
static uint32_t figures_of(const struct top_model *model, const struct top_moment *m)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < m->n_frames; i++)
		if (model->table[i].count && !m->frame[i].unavailable)
			bits |= 1u << model->table[i].figure;
	return bits;
}

/* Is there a table of other threads, so that 0 means that they did not run? */
static bool has_threads(const struct top_model *model, const struct top_moment *m)
{
	for (size_t i = 0; i < m->n_frames; i++)
		if (model->table[i].kind == TOP_THREADS)
			return !m->frame[i].unavailable;
	return false;
}

static int compare_sums(const void *a, const void *b)
{
	uint32_t x = ((const struct top_sums *)a)->vm, y = ((const struct top_sums *)b)->vm;

	return x < y ? -1 : x > y;
}

static struct top_sums *find_sums(const struct top_moment *m, size_t n, uint32_t vm)
{
	struct top_sums key = { .vm = vm };

	return n ? bsearch(&key, m->vm, n, sizeof(*m->vm), compare_sums) : NULL;
}

static uint32_t vm_of(const struct kw_frame *frame, size_t row)
{
	return ((const struct kw_row_head *)frame->row[row])->vm;
}

/* The first row after row that is another VM's: most rows need not be touched to find it. */
static size_t next_vm(const struct kw_frame *frame, size_t row)
{
	size_t step = 1, low = row, high;
	uint32_t vm = vm_of(frame, row);

	while (row + step < frame->n && vm_of(frame, row + step) == vm) {
		low = row + step;
		step *= 2;
	}
	high = row + step < frame->n ? row + step : frame->n;
	while (low + 1 < high) {
		size_t middle = (low + high) / 2;

		if (vm_of(frame, middle) == vm)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* VMs of a table that no table before it has had: those before are in order, new ones follow. */
static int add_vms(const struct top_model *model, struct top_moment *m,
		   const struct kw_frame *frame, uint32_t figures)
{
	bool threads = has_threads(model, m);
	size_t before = m->n;

	for (size_t i = 0; i < frame->n; i = next_vm(frame, i)) {
		uint32_t vm = vm_of(frame, i);

		if (!kw_vms_get(m->vms, vm) || find_sums(m, before, vm))
			continue;
		if (!kw_grow(&m->vm, m->n, &m->room, sizeof(*m->vm)))
			return -ENOMEM;
		m->vm[m->n++] = (struct top_sums){
			.vm = vm,
			.vcpu = KW_ALL,
			.span_ns = m->span_ns,
			.counted = figures,
			.has_threads = threads,
		};
	}
	if (m->n > before && before)
		qsort(m->vm, m->n, sizeof(*m->vm), compare_sums);
	return 0;
}

uint64_t top_unaccounted(const struct top_sums *sums)
{
	uint64_t sum = 0;

	for (int i = 0; i < TOP_STATES; i++)
		sum += i == TOP_STATE_UNKNOWN ? 0 : sums->ns[i];
	return sums->wall > sum ? sums->wall - sum : 0;
}

/* ---- histories ---- */

static void free_past(struct top_model *model, uint32_t vm)
{
	struct top_past *past = model->past[vm];

	if (!past)
		return;
	free(past->reason);
	free(past->vcpu);
	free(past);
	model->past[vm] = NULL;
	model->remembered--;
}

static int make_room(struct top_model *model, size_t vms)
{
	struct top_past **past;

	if (vms <= model->n_past)
		return 0;
	past = reallocarray(model->past, vms, sizeof(*past));
	if (!past)
		return -ENOMEM;
	memset(past + model->n_past, 0, (vms - model->n_past) * sizeof(*past));
	model->past = past;
	model->n_past = vms;
	return 0;
}

/* The history of a VM, begun if there is none; NULL: there are too many, or no memory. */
static struct top_past *past_for(struct top_model *model, uint32_t vm)
{
	if (!model->past[vm] && model->remembered < TOP_REMEMBERED) {
		model->past[vm] = calloc(1, sizeof(struct top_past));
		model->remembered += model->past[vm] != NULL;
	}
	return model->past[vm];
}

static void name_reason(const struct top_table *t, const struct kw_vms *vms, const void *row,
			struct top_reason *reason)
{
	static const char *const idle[] = { "HLT", "IDLE", "HALT", "WFI", "WFX", "MWAIT" };
	struct kw_value value = {};

	if (t->reason)
		kw_column_value(t->reason, vms, row, &value);
	snprintf(reason->name, sizeof(reason->name), "%s", value.kind == KW_TEXT ? value.text : "");
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
		reason->idle |= !strncasecmp(reason->name, idle[i], strlen(idle[i]));
}

/* A place for one more reason; the one that was not seen for longest makes room. */
static struct top_reason *new_reason(struct top_past *past, uint32_t seq)
{
	struct top_reason *oldest = past->reason;

	if (past->n_reasons < TOP_REASONS) {
		if (!kw_grow(&past->reason, past->n_reasons, &past->room, sizeof(*past->reason)))
			return NULL;
		return &past->reason[past->n_reasons++];
	}
	for (size_t i = 1; i < past->n_reasons; i++)
		if (past->reason[i].last_seq < oldest->last_seq)
			oldest = &past->reason[i];
	return oldest->last_seq < seq ? oldest : NULL;
}

static struct top_reason *reason_for(struct top_past *past, uint64_t id, uint32_t seq,
				     bool *ret_new)
{
	struct top_reason *reason;

	*ret_new = false;
	for (size_t i = 0; i < past->n_reasons; i++)
		if (past->reason[i].id == id)
			return &past->reason[i];
	reason = new_reason(past, seq);
	if (!reason)
		return NULL;
	*reason = (struct top_reason){ .id = id, .first_seq = seq };
	*ret_new = true;
	return reason;
}

/* The place of the shortest of the longest exits, or a free one. */
static struct top_slow_exit *least_slow(struct top_slow_exit *slow, int n)
{
	struct top_slow_exit *least = slow;

	for (int i = 1; i < n; i++)
		if (slow[i].ns < least->ns)
			least = &slow[i];
	return least;
}

/*
 * What happens between the end of an interval and its reading is in the maxima of both: the second
 * time it is known already.
 */
static bool is_known(const struct top_slow_exit *slow, int n, const struct top_slow_exit *exit)
{
	for (int i = 0; i < n; i++)
		if (slow[i].seq && slow[i].seq + 1 == exit->seq && slow[i].vcpu == exit->vcpu &&
		    slow[i].reason == exit->reason && slow[i].ns == exit->ns)
			return true;
	return false;
}

/* Keep an exit if it is among the longest; those of long ago are forgotten. */
static void keep_slow(struct top_slow_exit *slow, int n, const struct top_slow_exit *exit)
{
	struct top_slow_exit *least;

	for (int i = 0; i < n; i++)
		if (exit->seq - slow[i].seq >= TOP_VM_HISTORY)
			slow[i] = (struct top_slow_exit){};
	least = least_slow(slow, n);
	if (exit->ns > least->ns && !is_known(slow, n, exit))
		*least = *exit;
}

/* Intervals in which it was not seen count as 0; exits of long ago are forgotten. */
static void begin_interval(struct top_reason *reason, uint32_t seq)
{
	uint32_t gap = seq - reason->last_seq;

	if (reason->last_seq == seq)
		return;
	for (uint32_t i = 0; i < gap && i < TOP_REASON_HISTORY; i++)
		reason->rate[(seq - i) % TOP_REASON_HISTORY] = 0;
	reason->last_seq = seq;
	reason->interval_ns = 0;
	for (int i = 0; i < TOP_SLOW; i++)
		if (seq - reason->slow[i].seq >= TOP_VM_HISTORY)
			reason->slow[i] = (struct top_slow_exit){};
	reason->slow_ns = least_slow(reason->slow, TOP_SLOW)->ns;
}

static int compare_vcpu(const void *key, const void *item)
{
	uint32_t x = *(const uint32_t *)key, y = ((const struct top_vcpu *)item)->vcpu;

	return x < y ? -1 : x > y;
}

static size_t vcpu_place(const struct top_past *past, uint32_t vcpu)
{
	return kw_lower_bound(&vcpu, past->vcpu, past->n_vcpus, sizeof(*past->vcpu), compare_vcpu);
}

const struct top_slow_exit *top_slow_of_vcpu(const struct top_past *past, uint32_t vcpu)
{
	size_t at = vcpu_place(past, vcpu);

	return at < past->n_vcpus && past->vcpu[at].vcpu == vcpu ? past->vcpu[at].slow : NULL;
}

/* The longest exits of a vCPU, to add to; NULL if there is no memory. */
static struct top_slow_exit *slow_for(struct top_past *past, uint32_t vcpu)
{
	size_t at = vcpu_place(past, vcpu);

	if (at < past->n_vcpus && past->vcpu[at].vcpu == vcpu)
		return past->vcpu[at].slow;
	if (!kw_grow(&past->vcpu, past->n_vcpus, &past->vcpu_room, sizeof(*past->vcpu)))
		return NULL;
	memmove(past->vcpu + at + 1, past->vcpu + at, (past->n_vcpus - at) * sizeof(*past->vcpu));
	past->n_vcpus++;
	past->vcpu[at] = (struct top_vcpu){ .vcpu = vcpu };
	return past->vcpu[at].slow;
}

static void note_slow(struct top_past *past, struct top_reason *reason, const struct top_moment *m,
		      const struct top_table *t, const void *row)
{
	struct top_slow_exit exit = { m->seq, ((const struct kw_row_head *)row)->vcpu, reason->id,
				      m->real_ns };
	struct top_slow_exit *slow =
		exit.vcpu == KW_ALL || reason->idle ? NULL : slow_for(past, exit.vcpu);
	struct kw_value value;

	if (!t->max)
		return;
	exit.ns = kw_column_raw(t->max, row);
	if (exit.ns <= reason->slow_ns && (!slow || exit.ns <= least_slow(slow, TOP_VCPU_SLOW)->ns))
		return;
	kw_column_value(t->max, m->vms, row, &value);
	if (value.kind != KW_NUMBER)
		return;
	exit.ns = value.number;
	if (exit.ns > reason->slow_ns)
		keep_slow(reason->slow, TOP_SLOW, &exit);
	reason->slow_ns = least_slow(reason->slow, TOP_SLOW)->ns;
	if (slow)
		keep_slow(slow, TOP_VCPU_SLOW, &exit);
}

static void remember_exit(struct top_past *past, const struct top_moment *m,
			  const struct top_table *t, const void *row, struct top_sums *sums)
{
	struct top_reason *reason;
	bool is_new;

	reason = reason_for(past, hash_keys(t, row), m->seq, &is_new);
	if (!reason)
		return note_reason(sums, row, cpu_of(t, row));
	if (is_new)
		name_reason(t, m->vms, row, reason);
	begin_interval(reason, m->seq);
	reason->interval_ns += cpu_of(t, row);
	reason->rate[m->seq % TOP_REASON_HISTORY] +=
		m->span_ns ? raw(t->count, row) * 1e9 / m->span_ns : 0;
	note_slow(past, reason, m, t, row);
	note_reason(sums, row, reason->interval_ns);
}

static void fill_sample(const struct top_sums *sums, const struct top_moment *m,
			struct top_sample *sample)
{
	*sample = (struct top_sample){ .seq = m->seq,
				       .mono_ns = m->mono_ns,
				       .timed = sums->timed && sums->wall };
	for (int i = 0; i < TOP_STATES && sample->timed; i++) {
		double share = 10000.0 * sums->ns[i] / sums->wall;

		sample->share[i] = share > 65535 ? 65535 : (uint16_t)(share + 0.5);
	}
	if (sums->span_ns)
		sample->exits = sums->figure[TOP_EXITS] * 1e9 / sums->span_ns;
}

static void remember(struct top_model *model, const struct top_moment *m)
{
	struct top_sums host = { .span_ns = m->span_ns };

	for (size_t i = 0; i < m->n; i++) {
		const struct top_sums *vm = &m->vm[i];
		struct top_past *past = past_for(model, vm->vm);

		host.timed |= vm->timed;
		host.wall += vm->wall;
		host.figure[TOP_EXITS] += vm->figure[TOP_EXITS];
		for (int s = 0; s < TOP_STATES; s++)
			host.ns[s] += vm->ns[s];
		if (past) {
			past->last_seq = m->seq;
			fill_sample(vm, m, &past->sample[m->seq % TOP_VM_HISTORY]);
		}
	}
	fill_sample(&host, m, &model->host[m->seq % TOP_HOST_HISTORY]);
	for (size_t i = 0; i < model->n_past; i++)
		if (model->past[i] && m->seq - model->past[i]->last_seq > TOP_VM_HISTORY)
			free_past(model, i);
}

/* ---- intervals ---- */

static void free_moment(struct top_moment *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n_frames; i++)
		kw_frame_clear(&m->frame[i]);
	free(m->vm);
	free(m);
}

/* The memory of its rows is for the next interval's. */
static void give_back(struct top_moment *m, struct kw_top_interval *interval)
{
	for (size_t i = 0; m && i < m->n_frames && i < interval->n; i++) {
		kw_frame_clear(&interval->frame[i]);
		kw_frame_empty(&m->frame[i]);
		interval->frame[i] = m->frame[i];
		m->frame[i] = (struct kw_frame){};
	}
	free_moment(m);
}

static void free_momentp(struct top_moment **m)
{
	free_moment(*m);
}

/*
 * The rows of one table: each VM's follow each other. Rows are far apart in memory, so those to
 * come are fetched ahead.
 */
static void add_table(struct top_model *model, struct top_moment *m, size_t i)
{
	const struct top_table *t = &model->table[i];
	const struct kw_frame *frame = &m->frame[i];
	struct top_sums *sums = NULL;
	uint32_t last = KW_ALL;

	for (size_t r = 0; r < frame->n; r++) {
		struct kw_row_head *head = frame->row[r];

		if (r + 8 < frame->n) {
			__builtin_prefetch(frame->row[r + 8]);
			__builtin_prefetch((char *)frame->row[r + 8] + 64);
		}
		head->span_ns = frame->span_ns;
		if (!sums || sums->vm != head->vm) {
			sums = find_sums(m, m->n, head->vm);
			last = KW_ALL;
		}
		if (!sums)
			continue;
		if (head->vcpu != KW_ALL && head->vcpu != last) {
			last = head->vcpu;
			sums->counting++;
		}
		add_row(t, head, sums);
		if (t->kind == TOP_OF_EXITS && past_for(model, sums->vm))
			remember_exit(model->past[sums->vm], m, t, head, sums);
	}
}

/* A VM has at least so many vCPUs as any one table shows of it. */
static void count_vcpus(struct top_moment *m)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->vm[i].counting > m->vm[i].vcpus)
			m->vm[i].vcpus = m->vm[i].counting;
		m->vm[i].counting = 0;
	}
}

static void take_frames(struct top_model *model, struct kw_top_interval *interval,
			struct top_moment *m)
{
	m->n_frames = interval->n < KW_FRAMES ? interval->n : KW_FRAMES;
	for (size_t i = 0; i < m->n_frames; i++) {
		m->frame[i] = interval->frame[i];
		interval->frame[i] = (struct kw_frame){ .schema = m->frame[i].schema };
		if (model->table[i].schema != m->frame[i].schema)
			resolve(&model->table[i], m->frame[i].schema);
		if (m->frame[i].span_ns > m->span_ns)
			m->span_ns = m->frame[i].span_ns;
		m->mono_ns = m->frame[i].mono_ns;
		m->real_ns = m->frame[i].real_ns;
	}
}

static struct top_moment *new_moment(struct top_model *model, struct kw_top_interval *interval)
{
	struct top_moment *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->seq = ++model->seq;
	m->vms = interval->vms;
	m->lost = interval->lost;
	m->cost = interval->cost;
	snprintf(m->note, sizeof(m->note), "%s", interval->note ?: "");
	for (int i = 0; i < KW_LOSS_ALL; i++)
		model->lost.n[i] += interval->lost.n[i];
	m->lost_so_far = model->lost;
	take_frames(model, interval, m);
	return m;
}

int top_model_feed(struct top_model *model, struct kw_top_interval *interval, bool hold)
{
	_cleanup_(free_momentp) struct top_moment *m = new_moment(model, interval);
	int err = m ? make_room(model, m->vms->n) : -ENOMEM;
	uint32_t figures = m ? figures_of(model, m) : 0;

	for (size_t i = 0; !err && i < m->n_frames; i++)
		err = add_vms(model, m, &m->frame[i], figures);
	if (err)
		return err;
	for (size_t i = 0; i < m->n_frames; i++) {
		add_table(model, m, i);
		count_vcpus(m);
	}
	remember(model, m);
	if (model->latest != model->shown)
		give_back(model->latest, interval);
	if (!hold || !model->shown) {
		give_back(model->shown, interval);
		model->shown = m;
	}
	model->latest = m;
	m = NULL;
	return 0;
}

void top_model_catch_up(struct top_model *model)
{
	if (model->shown == model->latest)
		return;
	free_moment(model->shown);
	model->shown = model->latest;
}

void top_model_release(struct top_model *model)
{
	for (size_t i = 0; i < model->n_past; i++)
		free_past(model, i);
	free(model->past);
	if (model->latest != model->shown)
		free_moment(model->latest);
	free_moment(model->shown);
	*model = (struct top_model){};
}

/* ---- looking ---- */

struct kw_frame *top_frame(const struct top_model *model, const char *table)
{
	for (size_t i = 0; model->shown && i < model->shown->n_frames; i++)
		if (!strcmp(model->shown->frame[i].schema->name, table))
			return &model->shown->frame[i];
	return NULL;
}

static int compare_vm(const void *key, const void *item)
{
	const struct kw_row_head *const *head = item;
	uint64_t x = *(const uint64_t *)key, y = (*head)->vm;

	return x < y ? -1 : x > y;
}

static size_t first_of(const struct kw_frame *frame, uint64_t vm)
{
	return kw_lower_bound(&vm, frame->row, frame->n, sizeof(*frame->row), compare_vm);
}

void top_rows_of(const struct kw_frame *frame, uint32_t vm, size_t *ret_first, size_t *ret_end)
{
	*ret_first = first_of(frame, vm);
	*ret_end = first_of(frame, vm + 1ULL);
}

const struct top_sums *top_sums_of(const struct top_model *model, uint32_t vm)
{
	return model->shown ? find_sums(model->shown, model->shown->n, vm) : NULL;
}

/* vCPUs come in order, so the search begins where the last one ended. */
static struct top_sums *vcpu_sums(struct top_sums **vcpu, size_t *n, size_t *room, size_t *at,
				  uint32_t id)
{
	while (*at < *n && (*vcpu)[*at].vcpu < id)
		++*at;
	if (*at < *n && (*vcpu)[*at].vcpu == id)
		return &(*vcpu)[*at];
	if (!kw_grow(vcpu, *n, room, sizeof(**vcpu)))
		return NULL;
	memmove(*vcpu + *at + 1, *vcpu + *at, (*n - *at) * sizeof(**vcpu));
	++*n;
	(*vcpu)[*at] = (struct top_sums){ .vcpu = id, .vcpus = 1 };
	return &(*vcpu)[*at];
}

int top_vcpus_of(const struct top_model *model, uint32_t vm, struct top_sums **ret, size_t *ret_n)
{
	const struct top_moment *m = model->shown;
	uint32_t figures = m ? figures_of(model, m) : 0;
	size_t room = 0;

	*ret = NULL;
	*ret_n = 0;
	for (size_t i = 0; m && i < m->n_frames; i++) {
		const struct top_table *t = &model->table[i];
		size_t r, end, at = 0;

		top_rows_of(&m->frame[i], vm, &r, &end);
		for (; t->kind != TOP_OTHER && r < end; r++) {
			const struct kw_row_head *head = m->frame[i].row[r];
			struct top_sums *sums;

			if (head->vcpu == KW_ALL)
				continue;
			sums = vcpu_sums(ret, ret_n, &room, &at, head->vcpu);
			if (!sums)
				return -ENOMEM;
			sums->vm = vm;
			sums->tid = head->tid ?: sums->tid;
			sums->span_ns = m->span_ns;
			sums->counted = figures;
			add_row(t, head, sums);
			if (t->kind == TOP_OF_EXITS)
				note_reason(sums, head, cpu_of(t, head));
		}
	}
	return 0;
}

static const struct top_sample *sample_at(const struct top_sample *ring, size_t size, uint32_t seq,
					  uint32_t back)
{
	const struct top_sample *s;

	if (back >= size || back >= seq)
		return NULL;
	s = &ring[(seq - back) % size];
	return s->seq == seq - back ? s : NULL;
}

const struct top_sample *top_host_sample(const struct top_model *model, uint32_t back)
{
	return model->shown ? sample_at(model->host, TOP_HOST_HISTORY, model->shown->seq, back)
			    : NULL;
}

const struct top_past *top_past_of(const struct top_model *model, uint32_t vm)
{
	return vm < model->n_past ? model->past[vm] : NULL;
}

const struct top_sample *top_vm_sample(const struct top_model *model, uint32_t vm, uint32_t back)
{
	const struct top_past *past = top_past_of(model, vm);

	return past && model->shown
		       ? sample_at(past->sample, TOP_VM_HISTORY, model->shown->seq, back)
		       : NULL;
}

const struct top_reason *top_reason_of(const struct top_model *model, uint32_t vm, uint64_t id)
{
	const struct top_past *past = top_past_of(model, vm);

	for (size_t i = 0; past && i < past->n_reasons; i++)
		if (past->reason[i].id == id)
			return &past->reason[i];
	return NULL;
}

bool top_reason_rate(const struct top_model *model, const struct top_reason *reason, uint32_t back,
		     double *ret)
{
	uint32_t seq = model->shown ? model->shown->seq : 0;

	uint32_t at = seq - back;

	if (back >= seq || at < reason->first_seq)
		return false;
	*ret = 0;
	if (at > reason->last_seq)
		return true;
	*ret = reason->rate[at % TOP_REASON_HISTORY];
	return reason->last_seq - at < TOP_REASON_HISTORY;
}

static void add_times(const struct kw_frame *frame, const void *row, uint64_t *buckets)
{
	const uint64_t *hist = kw_row_hist(frame->schema, row);

	for (unsigned int i = 0; i < frame->schema->hist.buckets; i++)
		buckets[i] += hist[i];
}

const struct kw_hist *top_times_of(const struct top_model *model, uint32_t vm, uint32_t vcpu,
				   uint64_t **ret)
{
	const struct kw_frame *frame = top_frame(model, "exits");
	size_t i, end;

	*ret = frame && frame->schema->hist.buckets
		       ? calloc(frame->schema->hist.buckets, sizeof(**ret))
		       : NULL;
	if (!*ret)
		return NULL;
	top_rows_of(frame, vm, &i, &end);
	for (; i < end; i++) {
		const struct kw_row_head *head = frame->row[i];
		const struct top_reason *reason;

		if (head->vcpu != vcpu)
			continue;
		reason = top_reason_of(model, vm, top_row_id(model, frame, head));
		if (!reason || !reason->idle)
			add_times(frame, head, *ret);
	}
	return &frame->schema->hist;
}
