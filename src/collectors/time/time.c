// SPDX-License-Identifier: Apache-2.0
/*
 * time.c - the columns of the time collector, and its entry in the list.
 * May not know about: BPF, maps, sinks.
 * To extend: one line per column; see schema.h.
 */
#include "../../arch/names.h"
#include "../../util/cleanup.h"
#include "time_rows.h"

#include <stdio.h>

static void percent_of(struct kw_value *value, uint64_t ns, uint64_t whole)
{
	if (whole)
		kw_value_number(value, (uint64_t)(10000.0 * ns / whole + 0.5));
}

/* A column of a state, and one of its share of the wall time. */
#define SHARE(name, state)                                                                         \
	static void name(const struct kw_vms *vms, const void *row, struct kw_value *value)        \
	{                                                                                          \
		const struct time_row *r = row;                                                    \
                                                                                                   \
		(void)vms;                                                                         \
		percent_of(value, r->ns[state], r->wall);                                          \
	}

SHARE(guest, TIME_GUEST)
SHARE(nested, TIME_NESTED)
SHARE(kernel, TIME_KERNEL)
SHARE(vmm, TIME_VMM)
SHARE(poll_hit, TIME_POLL_HIT)
SHARE(poll_wasted, TIME_POLL_WASTED)
SHARE(halted, TIME_HALTED)
SHARE(preempted, TIME_PREEMPTED)
SHARE(woken, TIME_WOKEN)
SHARE(throttled, TIME_THROTTLED)
SHARE(blocked, TIME_BLOCKED)
SHARE(idle, TIME_IDLE)
SHARE(stopped, TIME_STOPPED)

static void cpu(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct time_row *r = row;
	uint64_t ns = 0;

	(void)vms;
	for (int i = TIME_GUEST; i <= TIME_POLL_WASTED; i++)
		ns += r->ns[i];
	percent_of(value, ns, r->wall);
}

/* What the states do not explain, or explain twice. */
static uint64_t unaccounted_ns(const struct time_row *r)
{
	uint64_t sum = 0;

	for (int i = TIME_UNKNOWN + 1; i < TIME_STATES; i++)
		sum += r->ns[i];
	return sum > r->wall ? sum - r->wall : r->wall - sum;
}

static void unaccounted(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	kw_value_number(value, unaccounted_ns(row));
}

static void unaccounted_share(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	percent_of(value, unaccounted_ns(row), ((const struct time_row *)row)->wall);
}

static void reason(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct time_reason_row *r = row;

	(void)vms;
	if (!r->level)
		kw_value_text(value, "(none)");
	else
		kw_value_text(value,
			      kw_reason_name(r->isa, r->code, value->buf, sizeof(value->buf)));
}

static void isa(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	kw_value_text(value, kw_isa_name(((const struct time_reason_row *)row)->isa));
}

static void reason_code(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (!((const struct time_reason_row *)row)->level)
		kw_value_missing(value);
}

static void reason_share(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct time_reason_row *r = row;

	(void)vms;
	percent_of(value, r->kernel, r->head.span_ns);
}

static void by(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	static const char *const names[TIME_CULPRITS] = {
		[TIME_BY_UNKNOWN] = "unknown", [TIME_BY_VCPU] = "vcpu",
		[TIME_BY_VMM] = "vmm",	       [TIME_BY_VHOST] = "vhost",
		[TIME_BY_KERNEL] = "kernel",   [TIME_BY_PROCESS] = "process",
		[TIME_BY_IRQ] = "irq",	       [TIME_BY_IDLE] = "idle",
		[TIME_BY_LIMIT] = "limit",     [TIME_BY_OTHER] = "other",
	};

	(void)vms, (void)row;
	kw_value_text(value, value->number < TIME_CULPRITS ? names[value->number] : NULL);
}

/* The VM of a process, if it is known to have one. */
static const struct kw_vm *vm_of(const struct kw_vms *vms, uint32_t pid)
{
	for (size_t i = vms ? vms->n : 0; i-- > 0;)
		if (vms->vm[i]->pid == pid && vms->vm[i]->number)
			return vms->vm[i];
	return NULL;
}

static void culprit(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct time_culprit_row *r = row;
	const struct kw_vm *vm = r->by == TIME_BY_VCPU ? vm_of(vms, r->pid) : NULL;

	if (!vm && !*r->comm)
		return;
	if (vm)
		snprintf(value->buf, sizeof(value->buf), "%.140s/%u", vm->display, r->id);
	else
		snprintf(value->buf, sizeof(value->buf), "%.16s", r->comm);
	kw_value_text(value, value->buf);
}

static void not_zero(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms, (void)row;
	if (!value->number)
		kw_value_missing(value);
}

static void culprit_id(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	uint32_t by = ((const struct time_culprit_row *)row)->by;

	(void)vms;
	if (by != TIME_BY_VCPU && by != TIME_BY_VMM && by != TIME_BY_VHOST)
		kw_value_missing(value);
}

static void culprit_share(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct time_culprit_row *r = row;

	(void)vms;
	percent_of(value, r->waited, r->head.span_ns);
}

static void role(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	static const char *const names[TIME_ROLES] = {
		[TIME_EMULATOR] = "emulator", [TIME_IOTHREAD] = "iothread", [TIME_VHOST] = "vhost",
		[TIME_KVM] = "kvm",	      [TIME_WORKER] = "worker",
	};

	(void)vms;
	kw_value_text(value, ((const struct time_thread_row *)row)->role < TIME_ROLES
				     ? names[((const struct time_thread_row *)row)->role]
				     : NULL);
}

/* Kernels without CONFIG_SCHED_INFO do not know. */
static void if_known(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	(void)vms;
	if (((const struct time_thread_row *)row)->unknown)
		kw_value_missing(value);
}

static void thread_share(const struct kw_vms *vms, const void *row, struct kw_value *value)
{
	const struct time_thread_row *r = row;

	(void)vms;
	percent_of(value, r->run, r->head.span_ns);
}

/* clang-format off */

#define STATE(name, title, share_help, decode, state)                                              \
	{ name, title, share_help, KW_COUNTER, KW_UNIT_NS, KW_SHOW_MACHINE,                        \
	  offsetof(struct time_row, ns) + (state) * sizeof(uint64_t), sizeof(uint64_t), NULL },    \
	{ name "_percent", title "%", "… of the wall time", KW_DERIVED, KW_UNIT_PERCENT,           \
	  KW_SHOW_TABLE, 0, 0, decode }

static const struct kw_column columns[] = {
	{ "wall", "WALL", "Wall time, from when the vCPU was first seen: what all states add up to",
	  KW_COUNTER, KW_UNIT_NS, KW_SHOW_MACHINE, KW_AT(time_row, wall), NULL },
	{ "cpu_percent", "CPU%", "On a CPU, of the wall time: guest, L2, kernel, VMM and polling",
	  KW_DERIVED, KW_UNIT_PERCENT, KW_SHOW_TABLE, 0, 0, cpu },
	STATE("guest", "GUEST", "In guest mode, but for that of guests of the guest",
	      guest, TIME_GUEST),
	STATE("nested", "L2", "In guest mode, in a guest of the guest", nested, TIME_NESTED),
	STATE("kernel", "KERN", "On a CPU in KVM, from an exit or KVM_RUN on, without polling; "
	      "host interrupts included",
	      kernel, TIME_KERNEL),
	STATE("vmm", "VMM", "On a CPU outside KVM_RUN: the VMM in user space", vmm, TIME_VMM),
	STATE("poll_hit", "POLL", "Halt-polling that ended with an event", poll_hit, TIME_POLL_HIT),
	STATE("poll_wasted", "WASTE", "Halt-polling in vain: the vCPU slept after it",
	      poll_wasted, TIME_POLL_WASTED),
	STATE("halted", "HALT", "Halted and asleep", halted, TIME_HALTED),
	STATE("preempted", "PREEM", "Runnable without a CPU, since it lost it",
	      preempted, TIME_PREEMPTED),
	STATE("woken", "WOKEN", "Runnable without a CPU, since it was woken", woken, TIME_WOKEN),
	STATE("throttled", "LIMIT", "Runnable, but the CPU limit of its cgroup is used up",
	      throttled, TIME_THROTTLED),
	STATE("blocked", "BLOCK", "Asleep in KVM for something else than an interrupt: a page, a lock",
	      blocked, TIME_BLOCKED),
	STATE("idle", "IDLE", "Asleep outside KVM_RUN: the VMM waits for something, or paused the VM",
	      idle, TIME_IDLE),
	STATE("stopped", "STOP", "Stopped by a signal (SIGSTOP) or a debugger", stopped, TIME_STOPPED),
	{ "unknown", "UNKNOWN", "On a CPU, before the first event told what it does there; "
	  "unaccounted", KW_COUNTER, KW_UNIT_NS, KW_SHOW_ASKED,
	  offsetof(struct time_row, ns) + TIME_UNKNOWN * sizeof(uint64_t), sizeof(uint64_t), NULL },
	{ "unaccounted", "UNACC", "Wall time that the states do not explain", KW_DERIVED, KW_UNIT_NS,
	  KW_SHOW_MACHINE, 0, 0, unaccounted },
	{ "unaccounted_percent", "UNACC%", "… of the wall time", KW_DERIVED, KW_UNIT_PERCENT,
	  KW_SHOW_TABLE, 0, 0, unaccounted_share },
};

static const struct kw_column reason_columns[] = {
	{ "reason", "REASON", "Reason of the exit that KVM handled; (none): on the way from KVM_RUN to "
	  "the first entry", KW_DERIVED, KW_UNIT_WORD, KW_SHOW_TABLE, 0, 0, reason },
	{ "reason_code", "CODE", "The same as the number that the processor gives", KW_KEY,
	  KW_UNIT_WORD, KW_SHOW_MACHINE, KW_AT(time_reason_row, code), reason_code },
	{ "isa", "ISA", "Whose numbers these are: vmx, svm, …", KW_KEY, KW_UNIT_WORD,
	  KW_SHOW_MACHINE, KW_AT(time_reason_row, isa), isa },
	{ "level", "L", "1: the VM's own exits; 2: those of a guest of it", KW_KEY, KW_UNIT_WORD,
	  KW_SHOW_TABLE, KW_AT(time_reason_row, level), not_zero },
	KW_PAD(time_reason_row, pad),
	{ "kernel", "KERNEL", "Time on a CPU in the kernel, polling included", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(time_reason_row, kernel), NULL },
	{ "kernel_percent", "%", "… of the interval", KW_DERIVED, KW_UNIT_PERCENT, KW_SHOW_TABLE,
	  0, 0, reason_share },
};

static const struct kw_column culprit_columns[] = {
	{ "by", "BY", "Who had the CPU: a vCPU, another thread of the same VMM, a vhost worker, a "
	  "kernel thread, another process, interrupts (irq); idle: it was waking up; limit: the "
	  "cgroup's CPU limit; other: those beyond 128", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(time_culprit_row, by), by },
	{ "culprit", "CULPRIT", "Its name: VM and vCPU, or command", KW_DERIVED, KW_UNIT_WORD,
	  KW_SHOW_TABLE, 0, 0, culprit },
	{ "culprit_pid", "CPID", "Its process; of a kernel thread, itself", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(time_culprit_row, pid), not_zero },
	{ "culprit_id", "CID", "Of a vCPU its id, of a thread of the VMM or a vhost worker its tid",
	  KW_KEY, KW_UNIT_WORD, KW_SHOW_MACHINE, KW_AT(time_culprit_row, id), culprit_id },
	KW_PAD(time_culprit_row, pad),
	{ "comm", "COMM", "Command of the thread, of another process that of its first one", KW_LAST,
	  KW_UNIT_WORD, KW_SHOW_ASKED, KW_AT(time_culprit_row, comm), NULL },
	{ "waited", "WAITED", "Time for which the vCPU was runnable meanwhile", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(time_culprit_row, waited), NULL },
	{ "waited_percent", "%", "… of the interval", KW_DERIVED, KW_UNIT_PERCENT, KW_SHOW_TABLE,
	  0, 0, culprit_share },
	{ "count", "COUNT", "In how many turns on the CPU", KW_COUNTER, KW_UNIT_NUMBER,
	  KW_SHOW_TABLE, KW_AT(time_culprit_row, count), NULL },
};

static const struct kw_column thread_columns[] = {
	{ "role", "ROLE", "emulator: the process's first thread; iothread; vhost; kvm: KVM's own; "
	  "worker: any other", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE, KW_AT(time_thread_row, role),
	  role },
	{ "thread", "THREAD", "Thread id", KW_KEY, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(time_thread_row, thread), NULL },
	{ "comm", "COMMAND", "Its name", KW_LAST, KW_UNIT_WORD, KW_SHOW_TABLE,
	  KW_AT(time_thread_row, comm), NULL },
	{ "run", "RUN", "Time on a CPU", KW_COUNTER, KW_UNIT_NS, KW_SHOW_TABLE,
	  KW_AT(time_thread_row, run), NULL },
	{ "run_percent", "%CPU", "… of the interval", KW_DERIVED, KW_UNIT_PERCENT, KW_SHOW_TABLE,
	  0, 0, thread_share },
	{ "waited", "WAITED", "Time for which it was runnable without one", KW_COUNTER, KW_UNIT_NS,
	  KW_SHOW_TABLE, KW_AT(time_thread_row, waited), if_known },
	{ "slices", "SLICES", "How often it got one", KW_COUNTER, KW_UNIT_NUMBER, KW_SHOW_TABLE,
	  KW_AT(time_thread_row, slices), if_known },
	KW_PAD(time_thread_row, unknown),
};

/* clang-format on */

const struct kw_schema time_table = {
	.name = "time",
	.help = "Where vCPUs' wall time goes: states that add up to 100 %",
	.columns = columns,
	.n_columns = ARRAY_SIZE(columns),
	.row_size = sizeof(struct time_row),
	.sort = "cpu_percent",
};

const struct kw_schema time_reason_table = {
	.name = "time-kernel",
	.help = "What the kernel's part of it handled, by exit reason",
	.columns = reason_columns,
	.n_columns = ARRAY_SIZE(reason_columns),
	.row_size = sizeof(struct time_reason_row),
	.sort = "kernel",
};

const struct kw_schema time_culprit_table = {
	.name = "time-culprits",
	.help = "Who ran while a vCPU waited for a CPU",
	.columns = culprit_columns,
	.n_columns = ARRAY_SIZE(culprit_columns),
	.row_size = sizeof(struct time_culprit_row),
	.sort = "waited",
};

const struct kw_schema time_thread_table = {
	.name = "time-threads",
	.help = "What a VM's other threads run and wait: emulator, iothreads, vhost workers",
	.columns = thread_columns,
	.n_columns = ARRAY_SIZE(thread_columns),
	.row_size = sizeof(struct time_thread_row),
	.sort = "run",
};

static const struct kw_hook_def own[] = {
	{
		.name = "vCPUs that are there",
		.purpose = "those that sleep when counting starts",
		.without = "vCPUs that sleep when counting starts are not shown before they wake",
		.program = { "time_census_files" },
	},
	{
		.name = "their threads",
		.purpose = "what they sleep for",
		.without = "vCPUs that sleep when counting starts are not shown before they wake",
		.program = { "time_census_tasks" },
	},
	{
		.name = "sched_migrate_task",
		.purpose = "which CPU a waiting vCPU waits for",
		.without = "who ran while a vCPU was moved from CPU to CPU is unknown",
		.program = { "time_migrate" },
	},
	{
		.name = "reading waits",
		.purpose = "waits that go on are told in each interval",
		.without = "who runs during a long wait is told when it ends",
		.program = { "time_flush" },
	},
	{
		.name = "CPU limit reached",
		.purpose = "when a cgroup's CPU limit keeps a vCPU from running",
		.without = "time in which the cgroup's CPU limit is used up counts as waiting",
		.program = { "time_throttle_fentry", "time_throttle_kprobe" },
		.lost = "time.throttled time.throttled_percent",
	},
	{
		.name = "CPU limit over",
		.purpose = "when it may run again",
		.without = "time in which the cgroup's CPU limit is used up counts as waiting",
		.program = { "time_unthrottle_fentry", "time_unthrottle_kprobe" },
		.lost = "time.throttled time.throttled_percent",
	},
	{
		.name = "interrupt begins",
		.purpose = "interrupts that keep a waiting vCPU from running",
		.without = "interrupts count as time of whom they came upon",
		.program = { "time_irq_entry" },
	},
	{
		.name = "interrupt ends",
		.purpose = "the same",
		.without = "interrupts count as time of whom they came upon",
		.program = { "time_irq_exit" },
	},
	{
		.name = "softirq begins",
		.purpose = "softirqs that do",
		.without = "interrupts count as time of whom they came upon",
		.program = { "time_softirq_entry" },
	},
	{
		.name = "softirq ends",
		.purpose = "the same",
		.without = "interrupts count as time of whom they came upon",
		.program = { "time_softirq_exit" },
	},
	{
		.name = "timer begins",
		.purpose = "the CPU's own timer, which is no interrupt handler's",
		.without = "interrupts count as time of whom they came upon",
		.program = { "time_timer_entry" },
	},
	{
		.name = "timer ends",
		.purpose = "the same",
		.without = "interrupts count as time of whom they came upon",
		.program = { "time_timer_exit" },
	},
	{
		.name = "threads",
		.purpose = "what a VM's other threads run and wait",
		.without = "a VM's other threads are not shown",
		.program = { "time_threads_iter" },
	},
	{
		.name = "sched_process_exit",
		.purpose = "what those that end had by then",
		.without = "what a VM's other threads do between the last reading and their end is "
			   "not shown",
		.program = { "time_thread_exit" },
	},
	{
		.name = "sched_process_free",
		.purpose = "what their last slice was",
		.without = "the last slice of a VM's other threads is not shown whole",
		.program = { "time_thread_free" },
	},
};

const struct kw_collector kw_collector_time = {
	.name = "time",
	.help = "Where vCPUs' wall time goes, and who ran instead: states that add up to 100 %",
	.table = { &time_table, &time_reason_table, &time_culprit_table, &time_thread_table },
	.hooks = KW_HOOKS_OF_EXITS,
	.of_exits = "time.guest time.guest_percent time.nested time.nested_percent",
	.needs = 1 << KW_HOOK_SWITCH | 1 << KW_HOOK_WAKE,
	.counted = 1 << KW_HOOK_SWITCH | 1 << KW_HOOK_WAKE,
	.own = own,
	.n_own = ARRAY_SIZE(own),
	.configure = time_configure,
	.open = time_open,
	.close = time_close,
	.start = time_start,
	.refresh = time_refresh,
	.refreshed_first = true,
	.read = time_read,
	.forget = time_forget,
};
