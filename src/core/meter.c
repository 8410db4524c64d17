// SPDX-License-Identifier: Apache-2.0
/*
 * meter.c - see meter.h.
 * May not know about: what programs do, collectors.
 * To extend: see meter.h.
 */
#include "meter.h"

#include "../util/cleanup.h"
#include "../util/units.h"
#include "self.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

/* Not a whole second: what happens once in each would be in all slices, or in none. */
#define SLICE_NS  100000000ULL
#define PERIOD_NS 930000000ULL

void kw_meter_init(struct kw_meter *m, const struct kw_engine *engine)
{
	memset(m, 0, sizeof(*m));
	m->stats_fd = -1;
	for (size_t i = 0; i < engine->n_hooks; i++)
		m->n += kw_engine_program(engine, &engine->hook[i], &m->program[m->n]);
}

void kw_meter_release(struct kw_meter *m)
{
	kw_closep(&m->stats_fd);
	m->stats_fd = -1;
}

/*
 * What the kernel says of all programs; of their runs, what it has counted since the last look is
 * added if that was measured. Somebody else may have its statistics on as well.
 */
static void look(struct kw_meter *m, bool measured)
{
	uint64_t now = kw_mono_ns();

	for (size_t i = 0; i < m->n; i++) {
		struct kw_program *p = &m->program[i], *before = &m->before[i];
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		if (bpf_obj_get_info_by_fd(p->fd, &info, &len))
			continue;
		if (measured) {
			p->runs += info.run_cnt - before->runs;
			p->run_ns += info.run_time_ns - before->run_ns;
		}
		p->misses = info.recursion_misses;
		before->runs = info.run_cnt;
		before->run_ns = info.run_time_ns;
	}
	m->metered_ns += measured ? now - m->looked_ns : 0;
	m->looked_ns = now;
}

static int switch_on(struct kw_meter *m)
{
	if (m->stats_fd >= 0)
		return 0;
	look(m, false); /* before the first run that is counted */
	m->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	return m->stats_fd < 0 ? -errno : 0;
}

static void switch_off(struct kw_meter *m)
{
	look(m, true);
	kw_meter_release(m);
}

int kw_meter_always(struct kw_meter *m)
{
	look(m, false);
	m->period_ns = 0;
	m->metered_ns = 0;
	for (size_t i = 0; i < m->n; i++)
		m->program[i].runs = m->program[i].run_ns = 0;
	return switch_on(m);
}

int kw_meter_in_slices(struct kw_meter *m)
{
	int err;

	if (m->period_ns || m->stats_fd >= 0)
		return 0;
	err = switch_on(m);
	if (!err)
		m->period_ns = m->looked_ns;
	return err;
}

uint64_t kw_meter_tick(struct kw_meter *m)
{
	uint64_t since = kw_mono_ns() - m->period_ns;

	if (!m->period_ns)
		return UINT64_MAX;
	if (since >= PERIOD_NS) {
		m->period_ns += since;
		since = switch_on(m) ? SLICE_NS : 0;
	}
	if (since >= SLICE_NS && m->stats_fd >= 0)
		switch_off(m);
	return (since < SLICE_NS ? SLICE_NS : PERIOD_NS) - since;
}

void kw_meter_read(struct kw_meter *m)
{
	look(m, m->stats_fd >= 0);
}

void kw_meter_cost(struct kw_meter *m, struct kw_own_cost *ret)
{
	uint64_t user, system;

	kw_meter_read(m);
	kw_self_cpu(&user, &system);
	*ret = (struct kw_own_cost){
		.mono_ns = m->looked_ns,
		.metered = m->stats_fd >= 0 || m->period_ns,
		.metered_ns = m->metered_ns,
		.cpu_ns = user + system,
		.rss_bytes = kw_self_rss_bytes(),
		.busy_ns = kw_host_busy_ns(),
	};
	for (size_t i = 0; i < m->n; i++) {
		ret->runs += m->program[i].runs;
		ret->run_ns += m->program[i].run_ns;
		ret->exits += m->program[i].at_exit ? m->program[i].runs : 0;
	}
}
