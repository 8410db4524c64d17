// SPDX-License-Identifier: Apache-2.0
/*
 * source_live.c - the live kernel as a source: keeps the vCPU table, knows which VM each vCPU
 * belongs to, asks the collectors for rows, passes events on.
 * May not know about: what collectors count, sinks.
 * To extend: what only one collector needs goes into its live half.
 */
#define _GNU_SOURCE
#include "../util/cleanup.h"
#include "../util/grow.h"
#include "../util/units.h"
#include "engine.h"
#include "kbtf.h"
#include "keyed.h"
#include "kvm_watcher.skel.h"
#include "log.h"
#include "meter.h"
#include "tsc.h"
#include "vmident.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/eventfd.h>

#define TEND_NS	     100000000ULL /* how often pools are looked after, */
#define TEND_SOON_NS 5000000ULL	  /* and while new vCPUs appear */
#define SLOTS_WANTED 2048	  /* free slots, ready for new vCPUs */

#define SILENT                                                                                     \
	100 /* returns from KVM_RUN without any exit: more than those halted at the start make */

#define BURST 2048 /* events between looks at the clock */

/* A VM as the kernel knows it, while it lives. */
struct live_vm {
	uint32_t tgid, vm; /* vm: index among the VMs */
	uint64_t start_ns, kvm;
	uint32_t vcpus;		 /* alive */
	uint64_t alive_until_ns; /* when the last of its vCPUs ended, if none is alive */
};

/* What is known of a slot. */
struct slot {
	uint64_t born_ns; /* of the vCPU that vm is about; 0: nothing yet */
	uint32_t vm;
	bool ended;
};

struct live {
	struct kw_source source;
	struct kw_wants wants;
	struct kw_live live;
	struct kw_engine engine;
	struct kw_meter meter;
	void *state[16];
	struct kw_vms own_vms, *vms; /* vms: these, or those of a source before this one */
	struct live_vm *vm;
	size_t n_vm, vm_room;
	struct slot *slot;
	uint64_t slots_pushed, slots_seen, ended_seen;
	uint64_t slots_tended; /* taken when pools were last looked after; UINT64_MAX: never were */
	bool soon;	       /* they are to be looked after again soon */
	uint32_t *free_slot;   /* returned slots */
	size_t n_free;
	uint32_t *order; /* slots in use, in the order of their rows' keys */
	size_t n_order;
	struct kw_frame
		retired[KW_FRAMES]; /* last rows of vCPUs that ended since the last reading */
	uint64_t unfinished;	    /* of vCPUs that are gone */
	uint64_t stale;
	unsigned int burst;
	struct ring_buffer *ring;
	kw_event_fn fn;
	void *arg;
	uint64_t stopped_ns;  /* when counting ended; 0: it goes on */
	uint64_t real_offset; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
	uint64_t *pids;	      /* that --vm stands for */
	bool interrupted, input, metered;
	struct kw_tsc tsc; /* with KW_TIMED_AT_ENTRY */
};

/* ---- the vCPU table ---- */

static int push_slot(struct live *l, uint32_t slot)
{
	if (bpf_map_update_elem(bpf_map__fd(l->live.bpf->maps.vcpu_free), NULL, &slot, BPF_ANY))
		return -errno;
	l->slots_pushed++;
	return 0;
}

/* Keep the queue of free slots stocked: returned ones first, so that the table stays compact. */
static int tend_slots(struct live *l)
{
	while (l->slots_pushed - l->live.bpf->bss->kw_slots_taken < SLOTS_WANTED) {
		int err;

		if (l->n_free) {
			err = push_slot(l, l->free_slot[l->n_free - 1]);
			l->n_free -= !err;
		} else {
			if (l->live.n_slots == l->live.max_slots)
				return 0;
			err = push_slot(l, l->live.n_slots);
			l->live.n_slots += !err;
		}
		if (err)
			return err == -E2BIG ? 0 : err; /* the queue is full: good */
	}
	return 0;
}

static bool works(const struct live *l, size_t collector)
{
	return !l->engine.missing[collector];
}

/* A program on another CPU may be using the clock that there is. */
static void tend_clock(struct live *l)
{
	uint32_t next = l->live.bpf->bss->kw_clock_now + 1;

	kw_tsc_tend(&l->tsc, &l->live.bpf->bss->kw_clock[next & 1]);
	__atomic_store_n(&l->live.bpf->bss->kw_clock_now, next, __ATOMIC_RELEASE);
}

static int tend(struct live *l)
{
	uint64_t taken = l->live.bpf->bss->kw_slots_taken;
	int err = tend_slots(l);

	l->soon = taken != l->slots_tended;
	l->slots_tended = taken;
	if (l->wants.timing == KW_TIMED_AT_ENTRY)
		tend_clock(l);
	for (size_t i = 0; i < l->wants.n && !err; i++)
		if (works(l, i) && l->wants.collector[i]->tend)
			err = l->wants.collector[i]->tend(&l->live, l->state[i]);
	return err;
}

/* ---- which VM a vCPU belongs to ---- */

static bool same_process(const struct live_vm *a, const struct kw_vcpu *v)
{
	return a->tgid == v->tgid && a->start_ns == v->start_ns;
}

/* /proc has the start of a process in clock ticks; the same process, not one with a reused pid? */
static bool started_then(const struct kw_vm *vm, uint64_t start_ns)
{
	return vm->start_ns / KW_TICK_NS == start_ns / KW_TICK_NS;
}

/*
 * Among the VMs of a source before this one: the VM of a vCPU, or -1; and the number that a new one
 * of its process has, unless that is higher already.
 */
static int64_t inherited_vm(const struct live *l, const struct kw_vcpu *v, uint32_t *number)
{
	for (size_t i = l->wants.vms ? l->vms->n : 0; i-- > 0;) {
		const struct kw_vm *vm = l->vms->vm[i];

		if (vm->pid != v->tgid || vm->start_ns != v->start_ns || !vm->number != !v->kvm)
			continue;
		if (vm->kvm == v->kvm)
			return i;
		if (vm->number >= *number)
			*number = vm->number + 1;
	}
	return -1;
}

static int64_t name_vm(struct live *l, const struct kw_vcpu *v, uint32_t number)
{
	struct kw_vm vm;

	if (kw_vm_identify(v->tgid, &vm) || !started_then(&vm, v->start_ns)) {
		memset(&vm, 0, sizeof(vm));
		vm.pid = v->tgid;
		snprintf(vm.vmm, sizeof(vm.vmm), "%.15s", v->comm);
	}
	vm.start_ns = v->start_ns;
	vm.number = number;
	return kw_vms_add(l->vms, &vm);
}

static int64_t add_vm(struct live *l, const struct kw_vcpu *v, uint32_t number)
{
	int64_t index = inherited_vm(l, v, &number);
	struct live_vm *known;

	if (index < 0)
		index = name_vm(l, v, number);
	if (index < 0)
		return index;
	if (!kw_grow(&l->vm, l->n_vm, &l->vm_room, sizeof(*l->vm)))
		return -ENOMEM;
	known = &l->vm[l->n_vm++];
	*known = (struct live_vm){
		.tgid = v->tgid, .vm = index, .start_ns = v->start_ns, .kvm = v->kvm
	};
	return index;
}

/*
 * The VM of a new vCPU: the one at the same address in the same process that was still alive when
 * the vCPU was first seen, else a new one. A slot without a VM is of the process itself: number 0,
 * which takes none from the process's VMs.
 */
static struct live_vm *vm_of(struct live *l, const struct kw_vcpu *v)
{
	uint32_t number = v->kvm ? 1 : 0;

	for (size_t i = l->n_vm; i-- > 0;) {
		struct live_vm *known = &l->vm[i];

		if (!same_process(known, v))
			continue;
		if (known->kvm == v->kvm && (known->vcpus || known->alive_until_ns >= v->born_ns))
			return known;
		if (v->kvm && kw_vms_get(l->vms, known->vm)->number >= number)
			number = kw_vms_get(l->vms, known->vm)->number + 1;
	}
	return add_vm(l, v, number) < 0 ? NULL : &l->vm[l->n_vm - 1];
}

static struct live_vm *find_vm(struct live *l, uint32_t vm)
{
	for (size_t i = 0; i < l->n_vm; i++)
		if (l->vm[i].vm == vm)
			return &l->vm[i];
	return NULL;
}

/* The next VM may be at the same address. */
static void set_vcpus(struct live *l, struct live_vm *vm, uint32_t vcpus)
{
	vm->vcpus = vcpus;
	l->vms->vm[vm->vm]->kvm = vcpus ? vm->kvm : 0;
}

static void note_end(struct live *l, uint32_t slot)
{
	struct live_vm *vm;

	if (l->slot[slot].ended || !l->slot[slot].born_ns || !l->live.vcpu[slot].died_ns)
		return;
	l->slot[slot].ended = true;
	vm = find_vm(l, l->slot[slot].vm);
	if (vm) {
		set_vcpus(l, vm, vm->vcpus - 1);
		if (l->live.vcpu[slot].died_ns > vm->alive_until_ns)
			vm->alive_until_ns = l->live.vcpu[slot].died_ns;
	}
}

/* With very many vCPUs each may have fewer rows of its own. */
static void share_quotas(struct live *l)
{
	uint32_t in_use = 0;

	for (uint32_t i = 1; i < l->live.n_slots; i++)
		in_use += l->live.vcpu[i].born_ns != 0;
	l->live.quota_shift = kw_keyed_shift(in_use);
	l->live.bpf->bss->kw_quota_shift = l->live.quota_shift;
}

static int by_birth(const void *a, const void *b, void *arg)
{
	const struct kw_vcpu *vcpu = arg;
	uint64_t x = vcpu[*(const uint32_t *)a].born_ns, y = vcpu[*(const uint32_t *)b].born_ns;

	return x < y ? -1 : x > y;
}

static int by_key(const void *a, const void *b, void *arg)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const struct live *l = arg;

	if (l->slot[x].vm != l->slot[y].vm)
		return l->slot[x].vm < l->slot[y].vm ? -1 : 1;
	if (l->live.vcpu[x].vcpu_id != l->live.vcpu[y].vcpu_id)
		return l->live.vcpu[x].vcpu_id < l->live.vcpu[y].vcpu_id ? -1 : 1;
	return by_birth(a, b, l->live.vcpu);
}

/* So that rows need not be sorted at each reading. */
static void sort_slots(struct live *l)
{
	l->n_order = 0;
	for (uint32_t i = 1; i < l->live.n_slots; i++)
		if (l->slot[i].born_ns)
			l->order[l->n_order++] = i;
	qsort_r(l->order, l->n_order, sizeof(*l->order), by_key, l);
}

/* Assign new vCPUs to VMs, in the order in which they appeared; note those that ended. */
static int discover(struct live *l)
{
	_cleanup_free_ uint32_t *fresh = NULL;
	size_t n = 0;

	l->slots_seen = l->live.bpf->bss->kw_slots_taken;
	fresh = calloc(l->live.n_slots, sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	for (uint32_t i = 1; i < l->live.n_slots; i++) {
		uint64_t born = __atomic_load_n(&l->live.vcpu[i].born_ns, __ATOMIC_ACQUIRE);

		note_end(l, i);
		if (born && l->slot[i].born_ns != born)
			fresh[n++] = i;
	}
	qsort_r(fresh, n, sizeof(*fresh), by_birth, l->live.vcpu);
	for (size_t i = 0; i < n; i++) {
		const struct kw_vcpu *v = &l->live.vcpu[fresh[i]];
		struct live_vm *vm = vm_of(l, v);

		if (!vm)
			return -ENOMEM;
		set_vcpus(l, vm, vm->vcpus + 1);
		l->slot[fresh[i]] = (struct slot){ .born_ns = v->born_ns, .vm = vm->vm };
		note_end(l, fresh[i]);
	}
	if (n) {
		share_quotas(l);
		sort_slots(l);
	}
	return 0;
}

/* A slot whose vCPU had ended before it was read: nobody writes there any more. */
static void recycle(struct live *l, uint32_t slot)
{
	for (size_t i = 0; i < l->wants.n; i++)
		if (works(l, i) && l->wants.collector[i]->forget)
			l->wants.collector[i]->forget(&l->live, l->state[i], slot);
	l->unfinished += l->live.vcpu[slot].unfinished;
	memset(&l->live.vcpu[slot], 0, sizeof(l->live.vcpu[slot]));
	l->slot[slot] = (struct slot){};
	l->free_slot[l->n_free++] = slot;
}

/*
 * Of the VMs that are gone, a process's last one is kept, for its number, as long as the process
 * lives.
 */
static bool still_needed(struct live *l, const struct live_vm *vm)
{
	struct kw_vm now;

	if (vm->vcpus || !vm->kvm)
		return vm->vcpus;
	for (size_t i = 0; i < l->n_vm; i++)
		if (&l->vm[i] != vm && l->vm[i].tgid == vm->tgid &&
		    l->vm[i].start_ns == vm->start_ns &&
		    kw_vms_get(l->vms, l->vm[i].vm)->number > kw_vms_get(l->vms, vm->vm)->number)
			return false;
	return !kw_vm_identify(vm->tgid, &now) && started_then(&now, vm->start_ns);
}

static void forget_vms(struct live *l)
{
	for (size_t i = 0; i < l->n_vm;)
		if (still_needed(l, &l->vm[i]))
			i++;
		else
			l->vm[i] = l->vm[--l->n_vm];
}

/* ---- what it costs ---- */

/* Some collectors show it: measure all runs, for as long as counting goes on. */
static void start_meter(struct live *l)
{
	int err = l->metered ? kw_meter_always(&l->meter) : 0;

	for (size_t i = 0; i < l->wants.n && err; i++) {
		if (!l->wants.collector[i]->metered)
			continue;
		snprintf(l->source.unavailable[i], sizeof(l->source.unavailable[i]),
			 "the kernel's statistics of BPF programs cannot be switched on (%s)",
			 strerror(-err));
		kw_say("%s is unavailable: %s", l->wants.collector[i]->name,
		       l->source.unavailable[i]);
	}
	l->metered &= !err;
}

static void read_meter(struct live *l)
{
	if (!l->metered)
		return;
	kw_meter_read(&l->meter);
	l->live.metered_ns = l->meter.metered_ns;
	l->live.map_bytes = kw_engine_map_bytes(&l->engine);
}

static int read_host(struct live *l, struct kw_frame *frame)
{
	int err = 0;

	read_meter(l);
	for (size_t i = 0; i < l->wants.n && !err; i++)
		if (l->metered && l->wants.collector[i]->read_host)
			err = l->wants.collector[i]->read_host(&l->live, l->state[i],
							       &frame[l->wants.first[i]]);
	return err;
}

/* ---- struct kw_source ---- */

static int live_start(struct kw_source *source, uint64_t *ret_mono_ns)
{
	struct live *l = (struct live *)source;
	int err = 0;

	start_meter(l);
	for (size_t i = 0; i < l->wants.n && !err; i++)
		if (works(l, i) && l->wants.collector[i]->start)
			err = l->wants.collector[i]->start(&l->live, l->state[i]);
	*ret_mono_ns = kw_mono_ns();
	l->real_offset = kw_real_ns() - *ret_mono_ns;
	l->live.bpf->bss->kw_running = 1;
	return err;
}

static void live_stop(struct kw_source *source)
{
	struct live *l = (struct live *)source;

	l->live.bpf->bss->kw_running = 0;
	l->stopped_ns = kw_mono_ns();
	kw_debug("counting until %llu ns", (unsigned long long)l->stopped_ns);
}

/* Is what this hook's program missed missing in counts? Else it is in times only. */
static bool counts(const struct live *l, size_t hook)
{
	if (l->engine.hook[hook].def->counts)
		return true;
	for (size_t i = 0; i < l->wants.n; i++)
		if (hook < KW_HOOKS && l->wants.collector[i]->counted & (1u << hook))
			return true;
	return false;
}

/* An exit that is open when another source goes on is counted by neither. */
static uint64_t unfinished(const struct live *l, const struct kw_vcpu *v)
{
	return v->unfinished + (l->source.handed_over && v->vcpu && v->exit_ns);
}

static void read_losses(struct live *l, struct kw_losses *ret)
{
	for (int i = 0; i < KW_LOSSES; i++)
		ret->n[i] = l->live.bpf->bss->kw_lost[i];
	ret->n[KW_LOSS_MISSES] = ret->n[KW_LOSS_SPLIT] = 0;
	for (size_t i = 0; i < l->engine.n_hooks; i++)
		ret->n[counts(l, i) ? KW_LOSS_MISSES : KW_LOSS_SPLIT] +=
			kw_engine_misses(&l->engine, &l->engine.hook[i]);
	ret->n[KW_LOSS_STALE] = l->stale;
	ret->n[KW_LOSS_UNFINISHED] = l->unfinished;
	for (size_t i = 0; i < l->n_order; i++)
		ret->n[KW_LOSS_UNFINISHED] += unfinished(l, &l->live.vcpu[l->order[i]]);
}

static int read_slot(struct live *l, uint32_t slot, struct kw_frame *frame)
{
	int err = 0;

	if (l->live.vcpu[slot].flags & KW_VCPU_IGNORED)
		return 0;
	for (size_t i = 0; i < l->wants.n && !err; i++)
		if (works(l, i) && l->wants.collector[i]->read)
			err = l->wants.collector[i]->read(&l->live, l->state[i], slot,
							  l->slot[slot].vm,
							  &frame[l->wants.first[i]]);
	return err;
}

static int refresh(struct live *l)
{
	int err = 0;

	for (int first = 1; first >= 0; first--)
		for (size_t i = 0; i < l->wants.n && !err; i++) {
			const struct kw_collector *c = l->wants.collector[i];

			if (works(l, i) && c->refresh && c->refreshed_first == first)
				err = c->refresh(&l->live, l->state[i]);
		}
	return err;
}

/* Read vCPUs that ended for the last time, and give their slots back, without waiting for the
 * next reading. */
static int reap(struct live *l)
{
	uint64_t ended = __atomic_load_n(&l->live.bpf->bss->kw_vcpus_ended, __ATOMIC_ACQUIRE);
	int err;

	if (ended == l->ended_seen)
		return 0;
	l->ended_seen = ended;
	l->live.interval = false;
	l->live.now_ns = l->stopped_ns ?: kw_mono_ns();
	err = discover(l) ?: refresh(l);
	l->live.window = l->live.bpf->bss->kw_window + 1;
	for (uint32_t slot = 1; slot < l->live.n_slots && !err; slot++) {
		if (!l->slot[slot].ended)
			continue;
		err = read_slot(l, slot, l->retired);
		recycle(l, slot);
	}
	sort_slots(l);
	forget_vms(l);
	return err;
}

/* The rows of the retired become the first ones of this reading. */
static void take_retired(struct live *l, struct kw_frame *frame, uint64_t now)
{
	for (size_t i = 0; i < l->wants.n_tables; i++) {
		kw_frame_empty(&frame[i]);
		if (l->retired[i].n) {
			kw_frame_clear(&frame[i]);
			frame[i] = l->retired[i];
			l->retired[i] = (struct kw_frame){};
		}
		frame[i].schema = l->retired[i].schema = l->wants.table[i];
		frame[i].mono_ns = now;
		frame[i].real_ns = now + l->real_offset;
		frame[i].span_ns = 0;
	}
}

/* vCPUs run, but nothing has told of one: then none seen does not mean none. Told once. */
static void say_if_silent(struct live *l)
{
	const struct kvm_watcher_bpf *bpf = l->live.bpf;

	if (*l->source.note || bpf->bss->kw_strangers < SILENT || bpf->bss->kw_slots_taken)
		return;
	snprintf(l->source.note, sizeof(l->source.note),
		 "vCPUs run, but kvm_exit has not fired: KVM_WATCHER_EXITS=user shows exits to "
		 "user space");
	kw_say("%s", l->source.note);
}

static int live_read(struct kw_source *source, struct kw_frame *frame, struct kw_losses *ret_losses)
{
	struct live *l = (struct live *)source;
	int err = reap(l);
	uint64_t now;

	l->live.window = ++l->live.bpf->bss->kw_window;
	l->live.interval = true;
	now = kw_mono_ns();
	l->live.now_ns = l->stopped_ns ?: now;
	take_retired(l, frame, now);
	if (!err && l->slots_seen != l->live.bpf->bss->kw_slots_taken)
		err = discover(l);
	err = err ?: refresh(l);
	for (size_t i = 0; i < l->n_order && !err; i++)
		err = read_slot(l, l->order[i], frame);
	err = err ?: read_host(l, frame);
	if (!err)
		read_losses(l, ret_losses);
	say_if_silent(l);
	return err ?: tend(l);
}

static int on_event(void *arg, void *data, size_t size)
{
	const struct kw_collector *c;
	const struct kw_event *e = data;
	struct live *l = arg;
	_cleanup_free_ void *row = NULL;
	int err;

	c = size >= sizeof(*e) ? kw_collector(e->kind) : NULL;
	if (!c || !c->event || e->slot >= l->live.n_slots)
		return 0;
	if (l->slot[e->slot].born_ns != e->born_ns) {
		err = discover(l);
		if (err)
			return err;
	}
	if (l->slot[e->slot].born_ns != e->born_ns) {
		l->stale++;
		return 0;
	}
	row = calloc(1, c->event->row_size);
	if (!row)
		return -ENOMEM;
	err = c->decode(e, size, l->slot[e->slot].vm, row);
	err = err ?: l->fn(l->arg, c, row, e->time_ns, e->time_ns + l->real_offset);
	/* a ring that fills faster than it is shown must not hide clock and signals */
	return err ?: l->live.bpf->bss->kw_running && ++l->burst == BURST ? -EAGAIN : 0;
}

/*
 * The first SIGINT or SIGTERM ends the run; a second one ends the process at once, even while it
 * is stuck in writing. A handler has no argument, hence static.
 */
static int interrupt_fd = -1;

static void on_interrupt(int signal)
{
	uint64_t one = 1;

	(void)signal;
	if (write(interrupt_fd, &one, sizeof(one)) < 0)
		_exit(130);
}

static int catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_interrupt,
				    .sa_flags = SA_RESTART | SA_RESETHAND };

	if (interrupt_fd < 0)
		interrupt_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (interrupt_fd < 0 || sigaction(SIGINT, &action, NULL) ||
	    sigaction(SIGTERM, &action, NULL))
		return -errno;
	return 0;
}

static int wait_once(struct live *l, uint64_t until)
{
	struct pollfd fds[3] = { { .fd = interrupt_fd, .events = POLLIN },
				 { .fd = l->ring ? ring_buffer__epoll_fd(l->ring) : -1,
				   .events = POLLIN },
				 { .fd = l->source.input_fd, .events = POLLIN } };
	uint64_t now = kw_mono_ns(), ns = until > now ? until - now : 0;
	uint64_t most = l->soon ? TEND_SOON_NS : TEND_NS;
	uint64_t slice = kw_meter_tick(&l->meter);
	struct timespec timeout;
	int err;

	ns = ns < most ? ns : most;
	ns = ns < slice ? ns : slice;
	timeout = (struct timespec){ .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
	if (ppoll(fds, 3, &timeout, NULL) < 0) {
		if (errno != EINTR)
			return -errno;
		fds[0].revents = fds[2].revents = 0;
	}
	l->interrupted |= fds[0].revents != 0;
	l->input = fds[2].revents != 0;
	l->burst = 0;
	err = l->ring ? ring_buffer__consume(l->ring) : 0;
	err = err == -EAGAIN ? 0 : err;
	/* soon, so that a process can still tell its name */
	if (err >= 0 && l->slots_seen != l->live.bpf->bss->kw_slots_taken)
		err = discover(l);
	if (err >= 0 && l->burst < BURST)
		err = reap(l);
	return err < 0 ? err : tend(l);
}

static int live_wait(struct kw_source *source, uint64_t until_mono_ns, kw_event_fn fn, void *arg)
{
	struct live *l = (struct live *)source;
	int err = 0;

	l->fn = fn;
	l->arg = arg;
	do {
		err = wait_once(l, until_mono_ns);
	} while (!err && !l->interrupted && !l->input && kw_mono_ns() < until_mono_ns);
	if (err < 0)
		return err;
	if (l->interrupted)
		return KW_WAIT_INTERRUPTED;
	return l->input && kw_mono_ns() < until_mono_ns ? KW_WAIT_INPUT : KW_WAIT_DONE;
}

static int live_own_cost(struct kw_source *source, struct kw_own_cost *ret)
{
	struct live *l = (struct live *)source;

	kw_meter_in_slices(&l->meter);
	kw_meter_cost(&l->meter, ret);
	return 0;
}

static void live_close(struct kw_source *source)
{
	struct live *l = (struct live *)source;

	ring_buffer__free(l->ring);
	for (size_t i = 0; i < l->wants.n; i++)
		if (l->state[i])
			l->wants.collector[i]->close(l->state[i]);
	for (size_t i = 0; i < l->wants.n_tables; i++)
		kw_frame_clear(&l->retired[i]);
	if (l->live.vcpu)
		munmap(l->live.vcpu, l->live.max_slots * sizeof(*l->live.vcpu));
	kw_meter_release(&l->meter);
	kw_engine_close(&l->engine);
	kw_vms_release(&l->own_vms);
	free(l->vm);
	free(l->slot);
	free(l->free_slot);
	free(l->order);
	free(l->pids);
	free(l);
}

/* ---- filters: what names VMs must name some ---- */

/* The process that a thread belongs to; 0: there is no such thread. */
static uint32_t tgid_of(uint64_t tid)
{
	_cleanup_fclose_ FILE *f = NULL;
	unsigned int tgid = 0;
	char path[64], line[256];

	snprintf(path, sizeof(path), "/proc/%llu/status", (unsigned long long)tid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f) && sscanf(line, "Tgid: %u", &tgid) != 1)
		;
	return tgid;
}

static int check_pid(uint64_t pid)
{
	uint32_t tgid = tgid_of(pid);
	struct kw_vm_fds fds;
	int err = kw_vm_fds(pid, &fds);

	if (err == -EACCES) {
		kw_say("process %llu: not permitted to look at its file descriptors; run as root",
		       (unsigned long long)pid);
		return -EPERM;
	}
	if (err || !tgid)
		kw_say("there is no process %llu; 'kvm_watcher list vms' shows the VMs",
		       (unsigned long long)pid);
	else if (tgid != pid)
		kw_say("%llu is a thread of process %u; use --tid, or -p %u",
		       (unsigned long long)pid, tgid, tgid);
	else if (!fds.vms)
		kw_say("process %llu has no VM; 'kvm_watcher list vms' shows those that have",
		       (unsigned long long)pid);
	else
		return 0;
	return -ENXIO;
}

static int check_thread(uint64_t tid)
{
	uint32_t tgid = tgid_of(tid);

	if (tgid)
		return check_pid(tgid);
	kw_say("there is no thread %llu; 'kvm_watcher list vms' shows the VMs",
	       (unsigned long long)tid);
	return -ENXIO;
}

struct vm_search {
	const char *name;
	struct kw_list found; /* pids */
};

static int match_vm(void *arg, pid_t pid, const struct kw_vm_fds *fds)
{
	struct vm_search *search = arg;
	struct kw_vm vm;
	uint64_t *grown;

	(void)fds;
	if (kw_vm_identify(pid, &vm) || !kw_vm_is(&vm, search->name))
		return 0;
	grown = reallocarray(search->found.item, search->found.n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	search->found.item = grown;
	search->found.item[search->found.n++] = pid;
	return 0;
}

static bool listed(const struct kw_list *list, uint64_t id)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->item[i] == id)
			return true;
	return false;
}

/* The processes that pass both --pid and --vm, for the filter in the kernel. */
static int resolve_pids(struct live *l, const struct kw_filters *f)
{
	struct vm_search search = {};
	size_t n = 0;

	for (size_t i = 0; i < f->n_vm; i++) {
		size_t before = search.found.n;
		int err;

		search.name = f->vm[i];
		err = kw_vmm_each(match_vm, &search);
		if (err || search.found.n == before) {
			if (!err)
				kw_say("there is no VM '%s'; 'kvm_watcher list vms' shows them",
				       f->vm[i]);
			free(search.found.item);
			return err ?: -ENXIO;
		}
	}
	for (size_t i = 0; i < search.found.n; i++)
		if (!f->pid.n || listed(&f->pid, search.found.item[i]))
			search.found.item[n++] = search.found.item[i];
	l->pids = search.found.item;
	if (!n) {
		kw_say("no VM is both among --vm and among --pid");
		return -ENXIO;
	}
	l->wants.filters.pid = (struct kw_list){ l->pids, n };
	return 0;
}

/* A source before this one did it already: what it found may be gone by now. */
static int resolve_filters(struct live *l)
{
	const struct kw_filters f = l->wants.filters;
	int err = 0;

	if (l->wants.reopened)
		return 0;
	for (size_t i = 0; i < f.pid.n && !err; i++)
		err = check_pid(f.pid.item[i]);
	for (size_t i = 0; i < f.tid.n && !err; i++)
		err = check_thread(f.tid.item[i]);
	err = err ?: f.n_vm ? resolve_pids(l, &f) : 0;
	l->source.pid = l->wants.filters.pid;
	return err;
}

/* ---- opening ---- */

static int prepare_timing(struct live *l)
{
	struct kw_tsc_clock first;
	int err = kw_engine_choose_isa(&l->wants);

	if (err || l->wants.timing != KW_TIMED_AT_ENTRY)
		return err;
	err = kw_tsc_open(&l->tsc, &first);
	if (err)
		kw_say("--low-overhead needs a TSC, which this processor does not have");
	return err;
}

static int say_why(struct live *l, int err)
{
	const struct kw_hook *h = NULL;

	for (size_t i = 0; i < l->wants.n && !h; i++)
		h = l->engine.missing[i];
	if (err == -EPERM || err == -EACCES || (h && !kw_engine_is_permitted())) {
		kw_say("the kernel does not permit loading BPF programs; run as root, or with "
		       "CAP_BPF, "
		       "CAP_PERFMON and CAP_SYS_ADMIN");
		return -EPERM;
	}
	if (h) {
		kw_say("cannot watch %s on this kernel (%s)%s; 'kvm_watcher check' tells more",
		       h->def->name, kw_hook_why(h),
		       access("/dev/kvm", F_OK) ? "; is KVM loaded (" KW_LOAD_KVM ")?" : "");
		return -EOPNOTSUPP;
	}
	if (err != -EINVAL)
		kw_say("cannot load the BPF programs: %s; -v shows what the kernel said",
		       strerror(-err));
	return err;
}

static void say_what_is_lost(struct live *l)
{
	if (l->engine.user_exits)
		snprintf(l->source.note, sizeof(l->source.note), "exits are those to user space");
	if (l->engine.user_exits && !l->wants.reopened)
		kw_say("%s: %s cannot be watched on this kernel (%s)", l->source.note,
		       l->engine.no_exits.def->name, l->engine.no_exits.why[0]);
	for (size_t i = 0; i < l->engine.n_hooks; i++) {
		const struct kw_hook *h = &l->engine.hook[i];

		if (h->wanted && h->variant < 0 && !l->wants.reopened)
			kw_say("%s cannot be watched on this kernel (%s): %s", h->def->name,
			       kw_hook_why(h), h->def->without);
	}
	for (size_t i = 0; i < l->wants.n; i++) {
		const struct kw_hook *h = l->engine.missing[i];

		if (!h)
			continue;
		snprintf(l->source.unavailable[i], sizeof(l->source.unavailable[i]),
			 "%s cannot be watched on this kernel (%s)", h->def->name, kw_hook_why(h));
		if (!l->wants.reopened)
			kw_say("%s is unavailable: %s; the rest runs", l->wants.collector[i]->name,
			       l->source.unavailable[i]);
	}
}

/* Without it, some columns of a collector's tables are missing, or tables are. */
static int leave_out(struct live *l, size_t i, const char *list, const char *what, const char *why)
{
	size_t end = i + 1 < l->wants.n ? l->wants.first[i + 1] : l->wants.n_tables;

	for (size_t t = l->wants.first[i]; t < end; t++) {
		const struct kw_schema **schema = &l->source.table[t];

		*schema = kw_schema_without(*schema ?: l->wants.table[t], list);
		if (!*schema)
			return -ENOMEM;
		if (kw_schema_listed(*schema, NULL, list))
			snprintf(l->source.lacks[t], sizeof(l->source.lacks[t]),
				 "%s cannot be watched on this kernel (%s)", what, why);
	}
	return 0;
}

/* Nobody shall take for 0, or for "none seen", what cannot be seen. */
static int leave_out_what_is_lost(struct live *l)
{
	const struct kw_hook *no_exits = &l->engine.no_exits;
	int err = 0;

	for (size_t i = 0; i < l->wants.n; i++) {
		const struct kw_collector *c = l->wants.collector[i];

		if (l->engine.user_exits)
			err = err
				      ?: leave_out(l, i, c->of_exits, no_exits->def->name,
						   no_exits->why[0]);
		for (size_t k = 0; k < l->engine.n_hooks; k++) {
			const struct kw_hook *h = &l->engine.hook[k];

			if (h->variant >= 0 ||
			    !(k < KW_HOOKS ? h->wanted && c->hooks & 1u << k : h->owner == c))
				continue;
			err = err ?: leave_out(l, i, h->def->lost, h->def->name, kw_hook_why(h));
			if (!h->foreign)
				err = err
					      ?: leave_out(l, i, h->def->lost_here, h->def->name,
							   kw_hook_why(h));
		}
	}
	return err;
}

static int open_maps(struct live *l)
{
	int err;

	l->live.bpf = l->engine.bpf;
	l->live.filters = &l->wants.filters;
	l->live.max_slots = l->wants.max_vcpus + 1; /* slot 0 means none */
	l->live.n_slots = 1;
	l->live.vcpu = mmap(NULL, l->live.max_slots * sizeof(*l->live.vcpu), PROT_READ | PROT_WRITE,
			    MAP_SHARED, bpf_map__fd(l->live.bpf->maps.vcpus), 0);
	if (l->live.vcpu == MAP_FAILED) {
		l->live.vcpu = NULL;
		return -errno;
	}
	l->slot = calloc(l->live.max_slots, sizeof(*l->slot));
	l->free_slot = calloc(l->live.max_slots, sizeof(*l->free_slot));
	l->order = calloc(l->live.max_slots, sizeof(*l->order));
	if (!l->slot || !l->free_slot || !l->order)
		return -ENOMEM;
	for (size_t i = 0; i < l->wants.n_tables; i++)
		l->retired[i].schema = l->wants.table[i];
	kw_meter_init(&l->meter, &l->engine);
	l->live.program = l->meter.program;
	l->live.n_programs = l->meter.n;
	for (size_t i = 0; i < l->wants.n; i++) {
		const struct kw_collector *c = l->wants.collector[i];

		l->metered |= works(l, i) && c->metered;
		err = works(l, i) && c->open ? c->open(&l->live, &l->state[i]) : 0;
		if (err)
			return err;
	}
	if (l->wants.events) {
		l->ring =
			ring_buffer__new(bpf_map__fd(l->live.bpf->maps.events), on_event, l, NULL);
		if (!l->ring)
			return -errno;
	}
	return tend(l);
}

const char *kw_live_collectors(void)
{
	const char *collectors = kw_tells_of_exits() ? "exits" : "exits,io,faults,halt,irq";

	kw_kbtf_release();
	return collectors;
}

int kw_source_live_open(const struct kw_wants *wants, struct kw_source **ret)
{
	struct live *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->wants = *wants;
	l->meter.stats_fd = -1;
	l->slots_tended = UINT64_MAX;
	l->vms = wants->vms ?: &l->own_vms;
	l->source = (struct kw_source){ .vms = l->vms,
					.input_fd = -1,
					.start = live_start,
					.stop = live_stop,
					.read = live_read,
					.wait = live_wait,
					.own_cost = live_own_cost,
					.close = live_close };
	err = prepare_timing(l) ?: resolve_filters(l);
	if (err) {
		live_close(&l->source);
		return err;
	}
	err = kw_engine_open(&l->wants, &l->engine);
	if (err)
		err = say_why(l, err);
	if (!err) {
		say_what_is_lost(l);
		err = leave_out_what_is_lost(l) ?: open_maps(l) ?: catch_signals();
		if (err)
			kw_say("cannot set up the maps: %s", strerror(-err));
	}
	if (err) {
		live_close(&l->source);
		return err;
	}
	*ret = &l->source;
	return 0;
}
