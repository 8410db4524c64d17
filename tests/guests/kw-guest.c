// SPDX-License-Identifier: Apache-2.0
/*
 * kw-guest.c - a tiny VMM whose guests make exactly N exits of one kind on each vCPU, so that
 * what a watcher counts can be checked to the last exit.
 * May not know about: kvm_watcher. Needs nothing but /dev/kvm and libc.
 * To extend: a kind is a piece of guest code and a line in kinds[], both in the processor's
 * ARCH_code.h.
 *
 *   kw-guest [-k KIND] [-n COUNT] [-v VCPUS] [-m VMS] [-r ROUNDS] [-s SPIN] [-t TICKS] [-w] [-o]
 *            [--name NAME] [--huge] [--pages P] [--manual | --ring ENTRIES]
 *            [--drop K] [--log] [--ioctls K] [--spin-wait] [--dest VCPU] [--coalesce C]
 *            [--masked M] [--signals S] [--flips K] [--split]
 *            [--times] [--vmm-sleep US] [--vmm-spin US] [--iothread BUSY_US,IDLE_US]
 *
 *   -s       spins before each exit
 *   -t       ticks that a halt waits for its timer
 *   -o       one and the same thread runs all vCPUs
 *   --name   is for those who read our command line
 *   --huge   kinds that touch memory do so in steps of 2 MiB, on huge pages
 *   --pages, --manual, --ring   see the kind dirty
 *   --log    then the VMM turns on logging of the touched memory, so that KVM splits huge pages
 *   --flips K  before the vCPUs run, the VMM gives each VM reasons to do without APICv, and takes
 *            them away again, K times each: a debugged vCPU that takes no interrupts, and, of a VM
 *            with interrupt controllers, a PIT whose ticks are reinjected (and that once at first)
 *   --split  KVM has the local APICs, the VMM would have the other controllers (kind msi)
 *   --ioctls K  the VMM does each ioctl of a list K times (ledger.c), once per VM, before its vCPUs
 *            run; one more line per VM, after those of its vCPUs, says how many ioctls there were
 *            on KVM's file descriptors from "go" on, by scope, request and errno: all threads',
 *            KVM_RUN included
 *   --spin-wait, --dest, --coalesce, --masked, --signals   see the kinds with an injector
 *   --drop K then the VMM takes 8 pages of the touched memory from each VM, K times
 *   --times  each vCPU's record has "times", which its thread took itself, in ns: "start" and "end"
 *            of the run, "cpu" that it had in it, "inside" KVM_RUN (and "inside_cpu"), … (times.c).
 *            SIGUSR2 then pauses the VMs: no thread calls KVM_RUN until the next SIGUSR2. SIGTERM
 *            ends their runs wherever they are (kinds with an injector: not). The three that follow
 *            imply --times
 *   --vmm-sleep US, --vmm-spin US   the VMM sleeps, or is on a CPU, for so long at each exit to
 * user space, but for the one that ends a run
 *   --iothread BUSY_US,IDLE_US   a thread "IO iothread0" of the process is on a CPU and sleeps for
 *            so long in turn, from "go" to the end of all vCPUs' runs; one more line, the last one,
 *            says for how long it was on a CPU, "run", and for how long it slept, "idle"
 *
 * Kinds: see the processor's ARCH_code.h. Those with an injector: COUNT interrupts per VM, not per
 * vCPU, each sent by a thread "injector" of the VMM after the one before has been acknowledged; the
 * vCPUs take turns, or there is --dest.
 * The vCPU waits by halting, with --spin-wait awake. Each one's last interrupt is another one.
 *   --coalesce C  then one more (also in "sent"), and C while it is pending as the guest, which yet
 *            another one has told to, has its interrupts disabled (ioapic, ioapicl: the
 *            line is not lowered in between)
 *   --masked M  then M while the guest, told in the same way, has masked the pin; it stays so
 * What was sent is "sent", "coalesced", "masked", "signals" of the VM, in the record of each vCPU.
 *
 * Kinds with interrupts count them: "vectors", by vector, and "interrupts", all. A
 * "twice" is one that the host delivered once more (see x86_code.h), and in none of those. Those
 * with hypercalls count the "rounds"; "returned" is by which value each one of the last round did.
 *
 * Each kind's own exits aside, a run makes the one that ends it and those of the host's interrupts;
 * some also those of the few pages that only their runs use.
 *
 * Each round creates VMS virtual machines, runs all their vCPUs, and destroys them. With -w it
 * prints "ready" when the first round's VMs have run once with a count of 0 (dirty: 1), so that
 * their pages are mapped, waits for a line on stdin, runs, prints one JSON object per vCPU with
 * KVM's own statistics of that span (all that are one number), waits for another line, and only
 * then destroys them.
 *
 * The exit that ends a run (CALL_END) is never followed by an entry.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kw-guest.h"

#define DROP_PAGES 8

struct options o = { .kind = kinds,
		     .count = 1000,
		     .vcpus = 1,
		     .vms = 1,
		     .rounds = 1,
		     .ticks = 10000,
		     .pages = 64,
		     .dest = -1,
		     .kvm = -1 };

/* ---- KVM's own statistics (Documentation/virt/kvm/api.rst, KVM_GET_STATS_FD) ---- */

/* those of a vCPU that are one number each; the same for all vCPUs */
static struct {
	uint32_t count;
	size_t end; /* of the last one */
	struct {
		char name[64];
		size_t offset;
	} of[MAX_STATS];
} stats;

static void learn_stat(const struct kvm_stats_desc *d, size_t offset)
{
	if (d->size != 1)
		return;
	if (stats.count == MAX_STATS)
		errx(1, "KVM has more than %d statistics", MAX_STATS);
	snprintf(stats.of[stats.count].name, sizeof(stats.of[0].name), "%s", d->name);
	stats.of[stats.count++].offset = offset;
	if (stats.end < offset + sizeof(uint64_t))
		stats.end = offset + sizeof(uint64_t);
}

static void learn_stats(int fd)
{
	struct kvm_stats_header h;

	if (pread(fd, &h, sizeof(h), 0) != sizeof(h))
		err(1, "reading KVM's statistics");
	for (uint32_t i = 0; i < h.num_desc; i++) {
		char buf[sizeof(struct kvm_stats_desc) + 256] = {};
		struct kvm_stats_desc *d = (void *)buf;
		size_t size = sizeof(*d) + h.name_size;

		if (size > sizeof(buf) ||
		    pread(fd, buf, size, h.desc_offset + i * size) != (ssize_t)size)
			err(1, "reading KVM's statistics");
		learn_stat(d, h.data_offset + d->offset);
	}
}

/*
 * Before KVM_GET_STATS_FD, KVM told only sums of all vCPUs of a VM, in a directory of debugfs: the
 * vCPU that they are read for, which is the first one, has them, the others have none.
 */
static const char *dir_of(const struct vm *vm)
{
	static char dir[64];

	snprintf(dir, sizeof(dir), "/sys/kernel/debug/kvm/%d-%d", getpid(), vm->fd);
	return dir;
}

static void learn_stats_of_vm(const struct vm *vm)
{
	DIR *dir = opendir(dir_of(vm));

	if (!dir)
		err(1, "reading KVM's statistics in %s", dir_of(vm));
	for (struct dirent *d; (d = readdir(dir));)
		if (d->d_type == DT_REG && stats.count < MAX_STATS)
			snprintf(stats.of[stats.count++].name, sizeof(stats.of[0].name), "%.63s",
				 d->d_name);
	closedir(dir);
}

static uint64_t *read_stats_of_vm(const struct vm *vm)
{
	uint64_t *values = calloc(stats.count, sizeof(*values));

	for (uint32_t i = 0; i < stats.count; i++) {
		char path[160];
		FILE *f;

		snprintf(path, sizeof(path), "%s/%s", dir_of(vm), stats.of[i].name);
		f = fopen(path, "r");
		if (!f || fscanf(f, "%lu", &values[i]) != 1)
			values[i] = 0; /* one that may only be written */
		if (f)
			fclose(f);
	}
	return values;
}

/* alone: no other vCPU of its VM runs in the meantime */
static uint64_t *read_stats(const struct vcpu *c, bool alone)
{
	uint64_t *values;
	char *buf;

	if (c->stats_fd < 0)
		return alone || !c->id ? read_stats_of_vm(c->vm)
				       : calloc(stats.count, sizeof(*values));
	values = calloc(stats.count, sizeof(*values));
	buf = malloc(stats.end);
	if (pread(c->stats_fd, buf, stats.end, 0) != (ssize_t)stats.end)
		err(1, "reading KVM's statistics");
	for (uint32_t i = 0; i < stats.count; i++)
		memcpy(&values[i], buf + stats.of[i].offset, sizeof(*values));
	free(buf);
	return values;
}

static uint64_t stat_delta(const struct vcpu *c, const char *name)
{
	for (uint32_t i = 0; i < stats.count; i++)
		if (!strcmp(stats.of[i].name, name))
			return c->after[i] - c->before[i];
	return 0;
}

/* ---- building a VM ---- */

static void put_board(struct vcpu *c)
{
	struct board *b = board_of(c);

	if (!(o.kind->flags & COUNTS))
		return;
	memset(b, 0, sizeof(*b));
	b->id = c->id;
	b->spin = o.spin_wait;
}

static uint8_t *get_memory(size_t size, bool huge)
{
	int flags = huge ? MAP_HUGETLB | MAP_HUGE_2MB : MAP_NORESERVE;
	uint8_t *mem =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | flags, -1, 0);

	if (mem == MAP_FAILED && huge)
		err(1, "no %zu huge pages: echo %zu > /proc/sys/vm/nr_hugepages", size >> 21,
		    o.vms * size >> 21);
	if (mem == MAP_FAILED)
		err(1, "mmap");
	if (!huge)
		madvise(mem, size, MADV_NOHUGEPAGE);
	return mem;
}

static void add_slot(struct vm *vm, int slot, uint64_t gpa, size_t size, uint8_t *mem, int flags)
{
	struct kvm_userspace_memory_region r = { .slot = slot,
						 .flags = flags,
						 .guest_phys_addr = gpa,
						 .memory_size = size,
						 .userspace_addr = (uintptr_t)mem };

	if (vm_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &r) < 0)
		err(1, "KVM_SET_USER_MEMORY_REGION");
}

size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

/* How far it is from one page to touch to the next. */
size_t touch_step(void)
{
	return o.huge ? 2 << 20 : page_size();
}

static size_t touch_size(void)
{
	if (o.kind->flags & TOUCHES)
		return (size_t)o.vcpus * (o.count ?: 1) * touch_step();
	return o.kind->flags & DIRTIES ? o.pages * page_size() : 0;
}

/* Memory that the host has already, so that KVM need but map it; each page is also a function. */
static void put_touch(struct vm *vm)
{
	size_t size = touch_size();

	if (!size)
		return;
	if (size > MAX_SIZE)
		errx(2, "%s: %zu pages are too many, the most is %zu", o.kind->name,
		     size / touch_step(), MAX_SIZE / touch_step());
	vm->touch = get_memory(size, o.huge);
	for (size_t i = 0; i < size; i += touch_step())
		memcpy(vm->touch + i, &arch_return, sizeof(arch_return));
	add_slot(vm, TOUCH_SLOT, TOUCH, size, vm->touch,
		 o.kind->flags & DIRTIES ? KVM_MEM_LOG_DIRTY_PAGES : 0);
}

static void put_event(struct vm *vm)
{
	struct kvm_ioeventfd e = { .addr = EVENT_GPA, .len = o.kind->flags & EVENT ? 4 : 0 };

	vm->event = -1;
	if (!(o.kind->flags & (EVENT | EVENT_LENGTH0)))
		return;
	vm->event = e.fd = eventfd(0, EFD_CLOEXEC);
	if (vm->event < 0 || vm_ioctl(vm, KVM_IOEVENTFD, &e) < 0)
		err(1, "KVM_IOEVENTFD");
}

void enable(struct vm *vm, unsigned int capability, uint64_t arg, const char *name)
{
	struct kvm_enable_cap cap = { .cap = capability, .args = { arg } };

	if (vm_ioctl(vm, KVM_ENABLE_CAP, &cap) < 0)
		err(1, "%s", name);
}

static size_t ring_size(void)
{
	return o.ring * sizeof(struct kvm_dirty_gfn);
}

static void enable_dirty_log(struct vm *vm)
{
	if (o.ring)
		enable(vm, KVM_CAP_DIRTY_LOG_RING, ring_size(), "KVM_CAP_DIRTY_LOG_RING");
	if (o.manual)
		enable(vm, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE,
		       "KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2");
}

static size_t bitmap_size(void)
{
	return (o.pages + 63) / 64 * sizeof(uint64_t);
}

static void create_dirty(struct vcpu *c)
{
	struct dirty *d = &c->dirty;

	d->found = calloc(1, bitmap_size());
	d->distinct = calloc(o.count + 1, sizeof(*d->distinct));
	if (!d->found || !d->distinct)
		err(1, "%ld rounds", o.count);
	if (!o.ring)
		return;
	d->ring = mmap(NULL, ring_size(), PROT_READ | PROT_WRITE, MAP_SHARED, c->fd,
		       KVM_DIRTY_LOG_PAGE_OFFSET * page_size());
	if (d->ring == MAP_FAILED)
		err(1, "the ring of dirty pages");
}

static void create_vcpu(struct vm *vm, int id)
{
	struct vcpu *c = &vm->vcpu[id];

	c->vm = vm;
	c->id = id;
	c->fd = vm_ioctl(vm, KVM_CREATE_VCPU, id);
	if (c->fd < 0)
		err(1, "KVM_CREATE_VCPU");
	c->run = mmap(NULL, system_ioctl(c->vm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE,
		      MAP_SHARED, c->fd, 0);
	if (c->run == MAP_FAILED)
		err(1, "vCPU");
	arch_create_vcpu(c);
	c->stats_fd = vcpu_ioctl(c, KVM_GET_STATS_FD, NULL);
	if (!stats.count && c->stats_fd < 0)
		learn_stats_of_vm(vm);
	else if (!stats.count)
		learn_stats(c->stats_fd);
	if (o.kind->flags & DIRTIES)
		create_dirty(c);
	put_board(c);
}

static struct vm *create_vm(int number)
{
	struct vm *vm = calloc(1, sizeof(*vm));

	vm->number = number;
	vm->fd = system_ioctl(vm, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		err(1, "creating VM %d", number);
	arch_create_vm(vm);
	if (o.kind->flags & DIRTIES)
		enable_dirty_log(vm);
	vm->low = get_memory(LOW_SIZE, false);
	add_slot(vm, 0, 0, LOW_SIZE, vm->low, 0);
	arch_put_memory(vm);
	put_touch(vm);
	put_event(vm);
	for (int i = 0; i < o.vcpus; i++)
		create_vcpu(vm, i);
	arch_complete_vm(vm);
	create_injector(vm);
	return vm;
}

static void destroy_vcpu(struct vcpu *c)
{
	munmap(c->run, system_ioctl(c->vm, KVM_GET_VCPU_MMAP_SIZE, 0));
	if (c->dirty.ring)
		munmap(c->dirty.ring, ring_size());
	if (c->stats_fd >= 0)
		close(c->stats_fd);
	close(c->fd);
	free(c->before);
	free(c->after);
	free(c->dirty.found);
	free(c->dirty.distinct);
}

static void destroy_vm(struct vm *vm)
{
	for (int i = 0; i < o.vcpus; i++)
		destroy_vcpu(&vm->vcpu[i]);
	destroy_injector(vm);
	close(vm->fd);
	if (vm->event >= 0)
		close(vm->event);
	munmap(vm->low, LOW_SIZE);
	if (vm->touch)
		munmap(vm->touch, touch_size());
	free(vm);
}

/* ---- dirty pages ---- */

static void collect_ring(struct vcpu *c)
{
	struct dirty *d = &c->dirty;

	for (;; d->next++) {
		struct kvm_dirty_gfn *e = &d->ring[d->next % o.ring];

		if (__atomic_load_n(&e->flags, __ATOMIC_ACQUIRE) != KVM_DIRTY_GFN_F_DIRTY)
			break;
		if (e->slot != TOUCH_SLOT || e->offset >= (uint64_t)o.pages)
			errx(1, "dirty: page %#llx of slot %u", e->offset, e->slot);
		d->found[e->offset / 64] |= 1ULL << e->offset % 64;
		__atomic_store_n(&e->flags, KVM_DIRTY_GFN_F_RESET, __ATOMIC_RELEASE);
	}
	if (vm_ioctl(c->vm, KVM_RESET_DIRTY_RINGS, 0) < 0)
		err(1, "KVM_RESET_DIRTY_RINGS");
}

static void collect_log(struct vcpu *c)
{
	struct kvm_dirty_log get = { .slot = TOUCH_SLOT, .dirty_bitmap = c->dirty.found };
	struct kvm_clear_dirty_log clear = { .slot = TOUCH_SLOT,
					     .num_pages = o.pages,
					     .dirty_bitmap = c->dirty.found };

	if (vm_ioctl(c->vm, KVM_GET_DIRTY_LOG, &get) < 0)
		err(1, "KVM_GET_DIRTY_LOG");
	if (o.manual && vm_ioctl(c->vm, KVM_CLEAR_DIRTY_LOG, &clear) < 0)
		err(1, "KVM_CLEAR_DIRTY_LOG");
}

static void collect(struct vcpu *c)
{
	if (o.ring)
		collect_ring(c);
	else
		collect_log(c);
}

static void end_round(struct vcpu *c)
{
	struct dirty *d = &c->dirty;

	collect(c);
	for (size_t i = 0; i < bitmap_size() / sizeof(uint64_t); i++)
		d->distinct[d->rounds] += __builtin_popcountll(d->found[i]);
	d->rounds++;
	memset(d->found, 0, bitmap_size());
}

/* Forget the round that has made all pages known to KVM. */
static void forget_rounds(struct vcpu *c)
{
	if (c->dirty.rounds)
		c->dirty.distinct[0] = c->dirty.rounds = 0;
}

/* ---- running it ---- */

/* Most exits to user space need no more than another KVM_RUN. */
static void handle_exit(struct vcpu *c, enum call call)
{
	uint32_t reason = c->run->exit_reason;

	c->user_exits++;
	if (call == CALL_ROUND)
		end_round(c);
	else if (call == CALL_LOWER)
		arch_lower(c);
	else if (reason == KVM_EXIT_DIRTY_RING_FULL)
		collect(c);
	else if (call == CALL_FAULT || !arch_handle_exit(c))
		arch_die(c);
}

/* Run a vCPU until its guest ends, or is to end. */
static void run_vcpu(struct vcpu *c, long count)
{
	enum call call;

	arch_put_registers(c, count);
	for (;;) {
		if (!may_run(c))
			return;
		if ((o.times ? timed_run(c) : vcpu_ioctl(c, KVM_RUN, 0)) < 0) {
			if (errno != EINTR)
				err(1, "KVM_RUN");
			__atomic_fetch_add(&c->interrupted, 1, __ATOMIC_RELEASE);
			continue;
		}
		call = arch_call(c);
		if (call == CALL_END)
			return;
		handle_exit(c, call);
		spend_time(c);
	}
}

static pthread_barrier_t warm, go, done;

static void *vcpu_thread(void *arg)
{
	struct vcpu *c = arg;
	char name[16];

	snprintf(name, sizeof(name), "CPU %d/KVM", c->id);
	prctl(PR_SET_NAME, name);
	c->tid = syscall(SYS_gettid);
	run_vcpu(c, o.kind->flags & DIRTIES ? 1 : 0);
	forget_rounds(c);
	put_board(c);
	c->user_exits = c->interrupted = 0;
	pthread_barrier_wait(&warm);
	c->before = read_stats(c, false);
	pthread_barrier_wait(&warm);
	pthread_barrier_wait(&go);
	start_times(c);
	run_vcpu(c, o.count);
	stop_times(c);
	pthread_barrier_wait(&done);
	c->after = read_stats(c, false);
	pthread_barrier_wait(&done);
	return NULL;
}

static void tell(const char *what)
{
	char line[64];

	if (!o.wait)
		return;
	if (what) {
		puts(what);
		fflush(stdout);
	}
	if (!fgets(line, sizeof(line), stdin))
		exit(0);
}

static void report_stats(const struct vcpu *c)
{
	printf("\"stats\":{");
	for (uint32_t i = 0; i < stats.count; i++)
		printf("%s\"%s\":%ld", i ? "," : "", stats.of[i].name, c->after[i] - c->before[i]);
	printf("}");
}

static void report_dirty(const struct dirty *d)
{
	printf(",\"distinct\":[");
	for (long i = 0; i < d->rounds; i++)
		printf("%s%u", i ? "," : "", d->distinct[i]);
	printf("]");
}

static void report_board(const struct vcpu *c)
{
	const struct board *b = board_of(c);
	uint64_t all = 0;

	printf(",\"vectors\":{");
	for (int i = 0; i < 256; i++) {
		if (b->count[i])
			printf("%s\"%#x\":%lu", all ? "," : "", i, b->count[i]);
		all += b->count[i];
	}
	printf("},\"interrupts\":%lu,\"twice\":%lu", all, b->twice);
	report_injector(c->vm);
	if (!(o.kind->flags & CALLS))
		return;
	printf(",\"rounds\":%lu,\"returned\":[", b->rounds);
	for (int i = 0; i < 7; i++)
		printf("%s%ld", i ? "," : "", (long)b->returned[i]);
	printf("]");
}

static void report(const struct vcpu *c)
{
	printf("{\"pid\":%d,\"vm\":%d,\"vcpu\":%d,\"tid\":%d,\"exits\":%lu,\"poll_ns\":%lu,"
	       "\"user_exits\":%lu,\"stats_of\":\"%s\",",
	       getpid(), c->vm->number, c->id, c->tid, stat_delta(c, "exits"),
	       stat_delta(c, "halt_poll_success_ns") + stat_delta(c, "halt_poll_fail_ns"),
	       c->user_exits, c->stats_fd < 0 ? "vm" : "vcpu");
	report_stats(c);
	if (o.kind->flags & DIRTIES)
		report_dirty(&c->dirty);
	if (o.kind->flags & COUNTS)
		report_board(c);
	report_times(c);
	printf("}\n");
}

static void start_ioctls(struct vm **vm)
{
	for (long m = 0; m < o.vms && o.ioctls; m++) {
		start_ledger(vm[m]);
		do_ioctls(vm[m]);
	}
	for (long m = 0; m < o.vms && o.flips; m++)
		arch_flip(vm[m]);
}

static void run_round(struct vm **vm, bool first)
{
	unsigned int threads = o.vms * o.vcpus;

	pthread_barrier_init(&warm, NULL, threads + 1);
	pthread_barrier_init(&go, NULL, threads + 1);
	pthread_barrier_init(&done, NULL, threads + 1);
	for (long m = 0; m < o.vms; m++)
		for (int i = 0; i < o.vcpus; i++)
			if (pthread_create(&vm[m]->vcpu[i].thread, NULL, vcpu_thread,
					   &vm[m]->vcpu[i]))
				errx(1, "no thread for VM %ld vCPU %d", m, i);
	pthread_barrier_wait(&warm);
	pthread_barrier_wait(&warm); /* statistics are read in between */
	if (first)
		tell("ready");
	start_ioctls(vm);
	if (first)
		start_iothread();
	pthread_barrier_wait(&go);
	for (long m = 0; m < o.vms; m++)
		start_injector(vm[m]);
	pthread_barrier_wait(&done);
	pthread_barrier_wait(&done);
	for (long m = 0; m < o.vms; m++)
		join_injector(vm[m]);
	for (long m = 0; m < o.vms; m++)
		for (int i = 0; i < o.vcpus; i++)
			pthread_join(vm[m]->vcpu[i].thread, NULL);
}

/* All vCPUs of all rounds on one and the same thread: what a new VM inherits is then most. */
static void run_one_thread(struct vm **vm, bool first)
{
	if (first)
		tell("ready");
	start_ioctls(vm);
	if (first)
		start_iothread();
	for (long m = 0; m < o.vms; m++)
		for (int i = 0; i < o.vcpus; i++) {
			struct vcpu *c = &vm[m]->vcpu[i];

			c->tid = syscall(SYS_gettid);
			c->before = read_stats(c, true);
			start_times(c);
			run_vcpu(c, o.count);
			stop_times(c);
			c->after = read_stats(c, true);
		}
}

/* From now on the touched memory is logged, as when a migration begins. */
static void log_memory(struct vm *vm)
{
	struct kvm_userspace_memory_region r = { .slot = TOUCH_SLOT,
						 .flags = KVM_MEM_LOG_DIRTY_PAGES,
						 .guest_phys_addr = TOUCH,
						 .memory_size = touch_size(),
						 .userspace_addr = (uintptr_t)vm->touch };

	if (vm_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &r) < 0)
		err(1, "KVM_SET_USER_MEMORY_REGION");
}

/* Guest memory goes back to the host, as by a balloon; the guest would fault on it again. */
static void drop_memory(struct vm *vm)
{
	size_t size = DROP_PAGES * page_size();

	for (long i = 0; i < o.drop; i++)
		if (madvise(vm->touch + i * size, size, MADV_DONTNEED))
			err(1, "madvise");
}

static void play_round(bool first, bool last)
{
	struct vm **vm = calloc(o.vms, sizeof(*vm));

	for (long m = 0; m < o.vms; m++)
		vm[m] = create_vm(m + 1);
	control_vms(vm);
	if (o.one_thread)
		run_one_thread(vm, first);
	else
		run_round(vm, first);
	control_vms(NULL);
	for (long m = 0; m < o.vms; m++)
		for (int i = 0; i < o.vcpus; i++)
			report(&vm[m]->vcpu[i]);
	for (long m = 0; m < o.vms; m++)
		report_ledger(vm[m]);
	if (last)
		join_iothread();
	for (long m = 0; m < o.vms && o.log; m++)
		log_memory(vm[m]);
	for (long m = 0; m < o.vms && o.drop; m++)
		drop_memory(vm[m]);
	if (last)
		tell("done");
	for (long m = 0; m < o.vms; m++)
		destroy_vm(vm[m]);
	free(vm);
}

static void set_kind(const char *name)
{
	for (int i = 0; i < kinds_count; i++)
		if (!strcmp(kinds[i].name, name)) {
			o.kind = &kinds[i];
			return;
		}
	errx(2, "there is no kind '%s'", name);
}

static long number(const char *text, long least, long most)
{
	char *end;
	long n = strtol(text, &end, 0);

	if (*end || n < least || n > most)
		errx(2, "'%s' is not a number from %ld to %ld", text, least, most);
	return n;
}

static void check_injector(void)
{
	unsigned int flags = o.kind->flags;

	if ((flags & INJECTS || flags & SENDS_IPIS) && o.one_thread)
		errx(2, "%s: not on one thread", o.kind->name);
	if (flags & SENDS_IPIS && o.vcpus != 2)
		errx(2, "%s: two vCPUs only", o.kind->name);
	if (flags & INJECTS && o.vcpus > 8)
		errx(2, "%s: 8 vCPUs at most", o.kind->name);
	if (flags & NESTS && o.one_thread)
		errx(2, "%s: not on one thread", o.kind->name);
	if (o.dest >= o.vcpus)
		errx(2, "there is no vCPU %ld", o.dest);
	if ((o.dest >= 0 || o.coalesce) && !(flags & INJECTS))
		errx(2, "%s: has no injector", o.kind->name);
	if (o.masked && !(flags & (BY_PIC | BY_IOAPIC | BY_LEVEL)))
		errx(2, "%s: has no pin to mask", o.kind->name);
	if (o.signals && !(flags & BY_SIGNALS))
		errx(2, "%s: sends no signals", o.kind->name);
	if (o.spin_wait && (!(flags & COUNTS) || flags & BY_SIGNALS))
		errx(2, "%s: does not wait spinning", o.kind->name);
}

static void check_options(void)
{
	check_injector();
	if (o.kind->flags & DIRTIES && o.vcpus != 1)
		errx(2, "%s: one vCPU only", o.kind->name);
	if (o.huge && !(o.kind->flags & TOUCHES))
		errx(2, "%s: has no use for huge pages", o.kind->name);
	if (o.drop && (!(o.kind->flags & TOUCHES) || o.drop * DROP_PAGES > o.count * o.vcpus))
		errx(2, "%s: touches too little memory to drop that much", o.kind->name);
	if (o.split && !(o.kind->flags & BY_MSI))
		errx(2, "%s: needs KVM's interrupt controllers", o.kind->name);
	if (o.ring & (o.ring - 1))
		errx(2, "a ring's entries must be a power of two");
	if (o.ring && o.manual)
		errx(2, "--manual and --ring exclude each other");
}

static bool parse_interrupts(int c)
{
	switch (c) {
	case 'W':
		o.spin_wait = true;
		break;
	case 'V':
		o.dest = number(optarg, 0, MAX_VCPUS - 1);
		break;
	case 'C':
		o.coalesce = number(optarg, 1, 1000000);
		break;
	case 'K':
		o.masked = number(optarg, 1, 1000000);
		break;
	case 'S':
		o.signals = number(optarg, 1, 1000000);
		break;
	default:
		return false;
	}
	return true;
}

static void parse_iothread(char *text)
{
	char *comma = strchr(text, ',');

	if (!comma)
		errx(2, "'%s' is not BUSY_US,IDLE_US", text);
	*comma = '\0';
	o.io_busy = number(text, 0, 1000000);
	o.io_idle = number(comma + 1, 0, 1000000);
	o.iothread = true;
}

static bool parse_times(int c)
{
	switch (c) {
	case 'E':
		break;
	case 'Z':
		o.vmm_sleep = number(optarg, 1, 10000000);
		break;
	case 'Y':
		o.vmm_spin = number(optarg, 1, 10000000);
		break;
	case 'X':
		parse_iothread(optarg);
		break;
	default:
		return false;
	}
	o.times = true;
	return true;
}

static bool parse_long(int c)
{
	switch (c) {
	case 'N':
		break; /* for those who read our command line */
	case 'H':
		o.huge = true;
		break;
	case 'P':
		o.pages = number(optarg, 1, MAX_SIZE / 4096);
		break;
	case 'M':
		o.manual = true;
		break;
	case 'R':
		o.ring = number(optarg, 1, 65536);
		break;
	case 'L':
		o.log = true;
		break;
	case 'D':
		o.drop = number(optarg, 1, MAX_SIZE / 4096);
		break;
	case 'I':
		o.ioctls = number(optarg, 1, 1000000);
		break;
	case 'F':
		o.flips = number(optarg, 1, 1000000);
		break;
	case 'T':
		o.split = true;
		break;
	default:
		return parse_interrupts(c) || parse_times(c);
	}
	return true;
}

static void parse_short(int c)
{
	switch (c) {
	case 'k':
		set_kind(optarg);
		break;
	case 'n':
		o.count = number(optarg, 0, 1000000000);
		break;
	case 'v':
		o.vcpus = number(optarg, 1, MAX_VCPUS);
		break;
	case 'm':
		o.vms = number(optarg, 1, MAX_VMS);
		break;
	case 'r':
		o.rounds = number(optarg, 1, 1000000);
		break;
	case 's':
		o.spin = number(optarg, 0, 1000000000);
		break;
	case 't':
		o.ticks = number(optarg, 1, UINT32_MAX);
		break;
	case 'w':
		o.wait = true;
		break;
	case 'o':
		o.one_thread = true;
		break;
	default:
		exit(2);
	}
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = { { "name", required_argument, NULL, 'N' },
						 { "huge", no_argument, NULL, 'H' },
						 { "pages", required_argument, NULL, 'P' },
						 { "manual", no_argument, NULL, 'M' },
						 { "ring", required_argument, NULL, 'R' },
						 { "drop", required_argument, NULL, 'D' },
						 { "log", no_argument, NULL, 'L' },
						 { "ioctls", required_argument, NULL, 'I' },
						 { "flips", required_argument, NULL, 'F' },
						 { "split", no_argument, NULL, 'T' },
						 { "spin-wait", no_argument, NULL, 'W' },
						 { "dest", required_argument, NULL, 'V' },
						 { "coalesce", required_argument, NULL, 'C' },
						 { "masked", required_argument, NULL, 'K' },
						 { "signals", required_argument, NULL, 'S' },
						 { "times", no_argument, NULL, 'E' },
						 { "vmm-sleep", required_argument, NULL, 'Z' },
						 { "vmm-spin", required_argument, NULL, 'Y' },
						 { "iothread", required_argument, NULL, 'X' },
						 {} };
	int c;

	while ((c = getopt_long(argc, argv, "k:n:v:m:r:s:t:wo", options, NULL)) != -1)
		if (!parse_long(c))
			parse_short(c);
	check_options();
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	o.kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (o.kvm < 0)
		err(1, "/dev/kvm");
	arch_init();
	start_control();
	create_iothread();
	for (long r = 0; r < o.rounds; r++)
		play_round(!r, r + 1 == o.rounds);
	return 0;
}
