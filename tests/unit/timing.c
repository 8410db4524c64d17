// SPDX-License-Identifier: Apache-2.0
/*
 * timing.c - the cheaper ways to time exits: the hooks of the spine themselves, with a collector
 * that writes down what it is told.
 * May not know about: any real collector.
 * To extend: see kernel_bpf.h.
 */
#include "kernel_bpf.h"

#include "arch/names.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter" /* as where they are built for the kernel */
#include "bpf/kw.bpf.h"

#define KW_HOT_BPF_H /* what follows replaces it */

#define REASONS 4

/* What the collector was told, by reason. */
static struct {
	uint64_t untimed, timed, ns;
	uint32_t level;
} told[REASONS];

static inline void kw_collectors_on_untimed(struct kw_vcpu *v)
{
	told[v->code].untimed++;
	told[v->code].level = v->level;
}

static inline void kw_collectors_on_exit_done(struct kw_vcpu *v, __u64 now, __u64 total)
{
	told[v->code].timed++;
	told[v->code].ns += total;
	told[v->code].level = v->level;
}

static inline void kw_collectors_on_about(struct kw_vcpu *v, __u64 now, __u64 total)
{
}

static inline void kw_collectors_on_window(struct kw_vcpu *v)
{
}

static inline void kw_collectors_on_state(struct kw_vcpu *v, enum kw_state state,
					  struct kvm_vcpu *entered, __u64 now)
{
}

static inline void kw_collectors_on_userspace(struct kw_vcpu *v, __u32 reason)
{
}

static inline void kw_collectors_on_fault(struct kw_vcpu *v)
{
}

static inline void kw_collectors_on_halt(struct kw_vcpu *v, __u64 ns, __u64 polled, bool waited,
					 bool valid, __u64 now)
{
}

static inline __u64 kw_collectors_on_any_switch(struct task_struct *prev, __u32 cpu)
{
	return 0;
}

static inline void kw_collectors_on_switch_out(struct kw_vcpu *v, struct task_struct *task,
					       __u32 state, __u32 cpu, __u64 now)
{
}

static inline void kw_collectors_on_wake(struct kw_vcpu *v, struct task_struct *task, __u64 now)
{
}

static inline void kw_collectors_on_switch_in(struct kw_vcpu *v, __u64 now)
{
}

static inline void kw_collectors_on_thread(struct kw_vcpu *before, struct kw_vcpu *v)
{
}

#include "bpf/spine.bpf.c"
#pragma GCC diagnostic pop

/* ---- a vCPU on a CPU ---- */

static struct task_struct thread = { .pid = 10, .tgid = 10, .group_leader = &thread };
static struct vmcb vmcbs[4]; /* by level; the last is room for loads of 8 bytes */
static struct vcpu_svm svm;

#define ARGS(...) ((unsigned long long[]){ __VA_ARGS__ })

/* What user space sets before loading is constant afterwards. */
static void set_constant(const volatile __u32 *constant, __u32 value)
{
	uintptr_t size = sysconf(_SC_PAGESIZE), page = (uintptr_t)constant & ~(size - 1);

	assert_false(mprotect((void *)page, 2 * size, PROT_READ | PROT_WRITE));
	*(volatile __u32 *)constant = value;
}

static void begin(enum kw_timing timing, __u32 one_in)
{
	__u32 slot = 1;

	FAKE_MAP(&vcpus, KW_FAKE_ARRAY);
	FAKE_MAP(&vcpu_slots, KW_FAKE_HASH);
	FAKE_MAP(&filter_ids, KW_FAKE_HASH);
	fake_new(&vcpu_free, KW_FAKE_QUEUE, 0, sizeof(__u32), KW_TOO_MANY);
	bpf_map_push_elem(&vcpu_free, &slot, BPF_ANY);
	memset(told, 0, sizeof(told));
	memset(kw_lost, 0, sizeof(kw_lost));
	kw_set_memo(0, 0);
	svm = (struct vcpu_svm){ .vmcb = &vmcbs[1],
				 .vmcb01.ptr = &vmcbs[1],
				 .nested.vmcb02.ptr = &vmcbs[2],
				 .vcpu.arch.l1_tsc_scaling_ratio = 1ULL << 32 };
	set_constant(&kw_timing, timing);
	set_constant(&kw_one_in, one_in);
	set_constant(&kw_isa, KW_ISA_SVM);
	kw_running = 1;
	now_ns = 1000;
	current_task = &thread;
}

static void end(void)
{
	free(thread.bpf_storage);
	thread.bpf_storage = NULL;
	fake_free();
}

static struct kw_vcpu *slot(void)
{
	return kw_slot_of((__u64)&svm.vcpu);
}

static void exits(__u32 code)
{
	vmcbs[1].control.exit_code = code;
	kw_kvm_exit(ARGS((__u64)&svm.vcpu, KW_ISA_SVM));
}

static void enters(void)
{
	kw_kvm_entry(ARGS((__u64)&svm.vcpu));
}

/* ---- not timed ---- */

static void only_counted(void **state)
{
	(void)state;
	begin(KW_TIMED_NONE, 0);
	for (int i = 0; i < 6; i++)
		exits(i % 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(told[i].untimed, 2);
		assert_int_equal(told[i].timed, 0);
		assert_int_equal(told[i].level, 1);
	}
	assert_int_equal(slot()->exit_ns, 0);
	end();
}

/* ---- one in N ---- */

static void assert_share(uint64_t timed, uint64_t n, double one_in)
{
	double expected = n / one_in, sigma = sqrt(n / one_in);

	if (fabs(timed - expected) > 5 * sigma)
		fail_msg("timed: %llu, expected %.0f", (unsigned long long)timed, expected);
}

/* Exits of two kinds take turns, so that every second one would be of one kind alone. */
static void sample(uint32_t one_in)
{
	const int n = 200000;

	begin(KW_TIMED_SOME, one_in);
	enters();
	for (int i = 0; i < n; i++) {
		exits(i & 1);
		now_ns += i & 1 ? 700 : 50;
		enters();
		now_ns += 10;
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(told[i].timed + told[i].untimed, n / 2);
		assert_int_equal(told[i].ns, told[i].timed * (i ? 700 : 50));
		assert_share(told[i].timed, n / 2, one_in);
	}
	assert_int_equal(slot()->fastpath, 0);
	assert_int_equal(kw_lost[KW_LOSS_UNMATCHED], 0);
	end();
}

static void samples(void **state)
{
	(void)state;
	sample(2);
	sample(3);
	sample(16);
	sample(1000);
}

/* Whether exits are timed or not, an entry from the guest is of the fast path. */
static void fast_path_of_a_sample(void **state)
{
	(void)state;
	begin(KW_TIMED_SOME, 4);
	for (int i = 0; i < 100; i++) {
		exits(1);
		enters();
		enters();
		enters();
	}
	assert_int_equal(slot()->fastpath, 200);
	end();
}

/* An exit that is timed, of which no entry is seen. */
static void lost_entry_of_a_sample(void **state)
{
	uint64_t lost = 0;

	(void)state;
	begin(KW_TIMED_SOME, 4);
	for (int i = 0; i < 1000; i++) {
		bool open = slot() && slot()->exit_ns;

		exits(1);
		lost += open;
		assert_int_equal(kw_lost[KW_LOSS_UNMATCHED], lost);
	}
	assert_true(lost > 0);
	assert_int_equal(told[1].untimed + lost + !!slot()->exit_ns, 1000);
	end();
}

/* ---- at the entry alone ---- */

/* A host's TSC of 2.5 GHz that is at 7e12 when it is 1000 s. */
#define TSC_OF(ns) (7000000000000ULL + ((__s64)(ns)-1000000000000LL) * 5 / 2)
#define OFFSET	   123456789

static void set_clock(void)
{
	__u64 mult = (2ULL << KW_TSC_SHIFT) / 5;

	kw_clock[0] = (struct kw_tsc_clock){ TSC_OF(1000000000000ULL), 1000000000000ULL, mult };
	kw_clock_now = 0;
	svm.vcpu.arch.l1_tsc_offset = OFFSET;
}

/* KVM notes an exit for a reason at a time, by a guest of the level that was entered. */
static void exited(__u32 level, __u32 code, __u64 ns)
{
	vmcbs[level].control.exit_code = code;
	svm.vcpu.arch.last_guest_tsc = TSC_OF(ns) + OFFSET;
}

static void at_entry(void **state)
{
	(void)state;
	begin(KW_TIMED_AT_ENTRY, 0);
	set_clock();
	now_ns = 1000000000000ULL;
	enters(); /* for the first time of all */
	exited(1, 1, now_ns + 500);
	now_ns += 1000;
	enters(); /* that exit may have been before counting began */
	assert_int_equal(told[1].timed, 0);
	for (int i = 0; i < 10; i++) {
		exited(1, 2, now_ns + 100);
		now_ns += 1000;
		enters();
		enters(); /* the fast path */
	}
	assert_int_equal(told[2].timed, 10);
	assert_in_range(told[2].ns, 9000, 9010); /* 1 ns is 2.5 ticks */
	assert_int_equal(slot()->fastpath, 10);
	exited(1, 3, now_ns + 100);
	svm.vcpu.arch.l1_tsc_scaling_ratio += 4711;
	enters();
	assert_int_equal(told[3].untimed, 1);
	assert_int_equal(told[3].timed, 0);
	end();
}

/* What KVM noted is no time of this exit: the guest's clock was updated, or its TSC was set. */
static void impossible_times(void **state)
{
	(void)state;
	begin(KW_TIMED_AT_ENTRY, 0);
	set_clock();
	now_ns = 1000000000000ULL;
	exited(1, 1, now_ns);
	enters();
	exited(1, 2, now_ns - 1010); /* before the guest was entered */
	now_ns += 1000;
	enters();
	exited(1, 2, now_ns + 1010); /* after it is entered again */
	enters();
	exited(1, 2, now_ns + 500);
	svm.vcpu.arch.l1_tsc_offset += 1000000;
	now_ns += 1000;
	enters();
	assert_int_equal(told[2].untimed, 3);
	assert_int_equal(told[2].timed, 0);
	svm.vcpu.arch.l1_tsc_offset = OFFSET;
	exited(1, 2, now_ns + 500);
	now_ns += 1000;
	enters();
	assert_int_equal(told[2].timed, 1);
	assert_in_range(told[2].ns, 500, 501);
	end();
}

/* An exit is of the guest that was entered last, whichever is entered next. */
static void nested_at_entry(void **state)
{
	(void)state;
	begin(KW_TIMED_AT_ENTRY, 0);
	set_clock();
	now_ns = 1000000000000ULL;
	exited(1, 1, now_ns);
	enters();
	exited(1, 2, now_ns + 10); /* L1 runs L2 */
	now_ns += 15;
	vmcbs[2].control.exit_code = 0;
	svm.vmcb = &vmcbs[2];
	svm.vcpu.arch.hflags = 1;
	enters();
	assert_int_equal(told[2].timed, 1);
	assert_int_equal(told[2].level, 1);
	exited(2, 3, now_ns + 20); /* L2 exits, to L1 */
	now_ns += 25;
	svm.vmcb = &vmcbs[1];
	svm.vcpu.arch.hflags = 0;
	enters();
	assert_int_equal(told[3].timed, 1);
	assert_int_equal(told[3].level, 2);
	end();
}

/* The vector by which a guest of PVM left, whether its kernel ran, and where: the reason. */
static void reasons_of_pvm(void **state)
{
	static const struct {
		__u32 vector;
		bool supervisor, returns;
		const char *name;
	} exits[] = {
		{ 14, true, false, "EXCP_PF" },	    { 13, false, false, "EXCP_GP" },
		{ 0x20, true, false, "INTERRUPT" }, { 0xff, false, true, "INTERRUPT" },
		{ 0x80, false, false, "INT80" },    { 1024, false, false, "SYSCALL" },
		{ 1024, false, true, "SYSCALL" },   { 1024, true, false, "HYPERCALL" },
		{ 1024, true, true, "ERETU" },	    { 1025, true, false, "FAILED_VMENTRY" },
	};
	struct vcpu_pvm pvm = { .msr_retu_rip_plus2 = 0x1002 };
	char name[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(exits); i++) {
		pvm.exit_vector = exits[i].vector;
		pvm.switch_flags = 0x100 | (exits[i].supervisor ? 1 : 2);
		pvm.vcpu.arch.regs[KW_VCPU_REGS_RIP] = exits[i].returns ? 0x1002 : 0x1000;
		kw_reason_name(KW_ISA_PVM, kw_exit_code(&pvm.vcpu, KW_ISA_PVM), name, sizeof(name));
		assert_string_equal(name, exits[i].name);
	}
}

/* Times near and far, before and after the clock was set, against wider integers. */
static void times_of_a_tsc(void **state)
{
	struct kw_random random = { 88172645463325252ULL };

	(void)state;
	begin(KW_TIMED_AT_ENTRY, 0);
	for (int i = 0; i < 1000000; i++) {
		__s64 ticks = (__s64)kw_random_next(&random) >> (12 + i % 52);
		__s64 mult = 20000000 + kw_random_next(&random) % 500000000; /* to 13 GHz */
		__s64 ns = ((__int128)ticks * mult) >> KW_TSC_SHIFT;

		kw_clock[1] = (struct kw_tsc_clock){ 1ULL << 60, 1ULL << 61, mult };
		kw_clock_now = 7;
		ns -= kw_ns_of_tsc((1ULL << 60) + ticks) - (1ULL << 61);
		assert_in_range(ns, 0, 1); /* as two parts are rounded down */
	}
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_counted),
		cmocka_unit_test(samples),
		cmocka_unit_test(fast_path_of_a_sample),
		cmocka_unit_test(lost_entry_of_a_sample),
		cmocka_unit_test(at_entry),
		cmocka_unit_test(impossible_times),
		cmocka_unit_test(nested_at_entry),
		cmocka_unit_test(reasons_of_pvm),
		cmocka_unit_test(times_of_a_tsc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
