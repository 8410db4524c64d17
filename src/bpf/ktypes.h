/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * ktypes.h - the kernel types that the BPF programs read, cut down to the fields they read.
 * May not know about: maps, collectors, offsets (CO-RE relocates each access at load time).
 * To extend: add the field; a type that changed gets a ___flavour and its reader in compat.bpf.h.
 */
#ifndef KW_KTYPES_H
#define KW_KTYPES_H

#include <asm/ptrace.h>
#include <linux/bpf.h>
#include <linux/types.h>

#define bool _Bool
#define true 1
#define false 0

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct bpf_local_storage;

struct thread_info {
	__u32 cpu;
};

struct cfs_rq {
	int throttle_count;
};

struct sched_entity {
	struct cfs_rq *cfs_rq;
	__u64 sum_exec_runtime;
};

struct sched_info {
	unsigned long pcount;
	__u64 run_delay;
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct preempt_notifier {
	struct hlist_node link;
};

struct task_struct {
	struct thread_info thread_info;
	struct task_group *sched_task_group;
	int pid;
	int tgid;
	unsigned int __state;
	__u64 start_boottime;
	struct task_struct *group_leader;
	struct signal_struct *signal;
	struct bpf_local_storage *bpf_storage;
	char comm[16];
	unsigned int flags;
	struct sched_entity se;
	struct sched_info sched_info;
	struct hlist_head preempt_notifiers;
};

struct seq_file;

struct timespec64 {
	__s64 tv_sec;
};

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live; /* threads of the process that have not begun to exit */
};

struct mm_struct {
	struct task_struct *owner;
};

/* the older form, see kw_task_state() */
struct task_struct___state {
	long state;
};

/* the older form, see kw_cpu_of() */
struct task_struct___cpu {
	unsigned int cpu;
};

struct task_group;

struct rq {
	struct task_struct *curr;
	int cpu;
};

struct rcuwait {
	struct task_struct *task;
};

struct mmu_notifier {
	void *ops;
};

struct kvm_kpic_state {
	__u8 irq_base;
};

struct kvm_pic {
	struct kvm_kpic_state pics[2];
};

enum kvm_irqchip_mode {
	KVM_IRQCHIP_NONE,
};

#if defined(__TARGET_ARCH_arm64)
struct vgic_irq;

struct vgic_dist {
	bool in_kernel;
	int nr_spis;
	struct vgic_irq *spis;
};
#endif

struct timerqueue_node {
	__s64 expires;
};

struct hrtimer {
	struct timerqueue_node node;
};

struct kvm_arch {
	struct kvm_pic *vpic;
	unsigned long apicv_inhibit_reasons;
	enum kvm_irqchip_mode irqchip_mode;
#if defined(__TARGET_ARCH_arm64)
	struct vgic_dist vgic;
#endif
};

typedef struct {
	atomic_t refs;
} refcount_t;

struct kvm {
	struct mm_struct *mm;
	refcount_t users_count;
	struct mmu_notifier mmu_notifier;
	struct kvm_arch arch;
};

enum mmu_notifier_event {
	MMU_NOTIFY_UNMAP,
};

struct mmu_notifier_range {
	unsigned long start, end;
	enum mmu_notifier_event event;
};

struct kvm_memory_slot {
	__u64 base_gfn;
	unsigned long npages;
	unsigned long userspace_addr;
	__u32 flags;
	short id;
	__u16 as_id;
};

/* what one invalidation means for one memory slot */
struct kvm_gfn_range {
	struct kvm_memory_slot *slot;
	__u64 start, end;
};

struct kvm_page_fault {
	__u64 addr;
	__u64 error_code;
	__u64 gfn;
	__u64 pfn;
	__u8 goal_level;
	struct kvm_memory_slot *slot;
};

struct qstr {
	const unsigned char *name;
};

struct super_block {
	unsigned long s_magic;
};

struct dentry {
	struct qstr d_name;
	struct super_block *d_sb;
};

struct path {
	struct dentry *dentry;
};

struct file {
	void *private_data;
	struct path f_path;
};

struct kvm_device {
	struct kvm *kvm;
};

struct kvm_dirty_ring {
	__u32 dirty_index;
};

struct kvm_vcpu_stat_generic {
	__u64 halt_poll_success_ns;
	__u64 halt_poll_fail_ns;
};

struct kvm_vcpu_stat {
	struct kvm_vcpu_stat_generic generic;
};

struct kvm_lapic;

/* the guest's registers, of arm64 and riscv */
struct kvm_cpu_context {
#if defined(__TARGET_ARCH_arm64)
	struct user_pt_regs regs;
	__u64 sys_regs[1];
	__u64 *vncr_array;
#else /* riscv */
	unsigned long sepc;
	unsigned long a0, a1, a2, a3, a4, a5, a6, a7;
#endif
};

#if defined(__TARGET_ARCH_arm64)
/* an interrupt of the GIC that KVM emulates */
struct kvm_vcpu;

enum vgic_irq_config { VGIC_CONFIG_EDGE, VGIC_CONFIG_LEVEL };

struct vgic_irq {
	struct kvm_vcpu *target_vcpu;
	__u32 intid;
	bool line_level, pending_latch, enabled, active;
	enum vgic_irq_config config;
	void *owner;
};

struct vgic_cpu {
	struct vgic_irq *private_irqs;
};

struct vgic_cpu___array {
	struct vgic_irq private_irqs[1];
};

/* one of a vCPU's timers; which one is its place among them */
struct arch_timer_context {
	struct kvm_vcpu *vcpu;
	struct hrtimer hrtimer;
	bool loaded;
	__u32 timer_id;
};

struct arch_timer_cpu {
	struct arch_timer_context timers[1];
	struct hrtimer bg_timer;
};

/* where the registers of a vCPU are kept that are not in the processor */
enum vcpu_sysreg {
	KW_INVALID_SYSREG,
	__VNCR_START__,
	CNTV_CTL_EL0,
	CNTP_CTL_EL0,
};

struct kvm_vcpu_fault_info {
	__u64 esr_el2;
};

/* an access to a system register, as KVM tells of it */
struct sys_reg_params {
	__u8 Op0, Op1, CRn, CRm, Op2;
	__u64 regval;
	bool is_write;
};
#endif

struct kvm_mmu {
	__u64 root_role;
};

struct kvm_vcpu_arch {
#if defined(__TARGET_ARCH_arm64)
	struct kvm_cpu_context ctxt;
	struct kvm_vcpu_fault_info fault;
	struct vgic_cpu vgic_cpu;
	struct arch_timer_cpu timer_cpu;
#elif defined(__TARGET_ARCH_riscv)
	struct kvm_cpu_context guest_context;
#endif
	struct kvm_lapic *apic;
	unsigned long regs[17];
	__u32 regs_avail;
	__u32 hflags;
	struct kvm_mmu *mmu;
	struct kvm_mmu guest_mmu;
	bool guest_state_protected;
	__u64 last_guest_tsc;
	__u64 l1_tsc_offset;
	__u64 l1_tsc_scaling_ratio;
};

struct upid {
	int nr;
};

struct pid {
	struct upid numbers[1];
};

typedef struct {
	__s64 counter;
} atomic64_t;

typedef atomic64_t atomic_long_t;

struct mutex {
	atomic_long_t owner;
};

struct kvm_vcpu {
	struct kvm *kvm;
	struct preempt_notifier preempt_notifier;
	struct mutex mutex;
	struct rcuwait wait;
	int mmio_read_completed;
	int vcpu_id;
	struct pid *pid;
	unsigned int halt_poll_ns;
	struct kvm_vcpu_stat stat;
	struct kvm_vcpu_arch arch;
	struct kvm_dirty_ring dirty_ring;
};

struct kvm_timer {
	struct hrtimer timer;
	__s64 period;
	__s64 target_expiration;
	__u32 timer_mode;
	__u64 tscdeadline;
	__u32 timer_advance_ns;
	atomic_t pending;
	bool hv_timer_in_use;
};

struct kvm_lapic {
	struct kvm_timer lapic_timer;
	struct kvm_vcpu *vcpu;
	void *regs;
};

struct kvm_kernel_irq_routing_entry {
	__u32 type;
	union {
		struct {
			__u32 address_lo;
			__u32 address_hi;
			__u32 data;
		} msi;
	};
};

/* the newer form, see kw_guest_rip() */
struct kvm_vcpu_arch___rip {
	unsigned long rip;
	unsigned long regs_avail[1];
};

struct kvm_vcpu___rip {
	struct kvm_vcpu_arch___rip arch;
};

/* the older form, see kw_poll_stat() */
struct kvm_vcpu_stat___flat {
	__u64 halt_poll_success_ns;
	__u64 halt_poll_fail_ns;
};

struct kvm_vcpu___flat {
	struct kvm_vcpu_stat___flat stat;
};

/* arch/x86/kvm/svm: kvm-amd */
struct vmcb_control_area {
	__u32 exit_code;
};

struct vmcb {
	struct vmcb_control_area control;
};

struct kvm_vmcb_info {
	struct vmcb *ptr;
};

struct svm_nested_state {
	struct kvm_vmcb_info vmcb02;
};

struct vcpu_svm {
	struct kvm_vcpu vcpu;
	struct vmcb *vmcb;
	struct kvm_vmcb_info vmcb01;
	struct svm_nested_state nested;
};

/* arch/x86/kvm/vmx: kvm-intel */
union vmx_exit_reason {
	__u32 full;
};

struct vcpu_vmx {
	struct kvm_vcpu vcpu;
	union vmx_exit_reason exit_reason;
};

/* the newer form, see kw_vmx_exit_code() */
struct vcpu_vt {
	union vmx_exit_reason exit_reason;
};

struct vcpu_vmx___vt {
	struct vcpu_vt vt;
};

/* arch/x86/kvm/pvm: kvm-pvm, where it is that of the patch series */
struct vcpu_pvm {
	struct kvm_vcpu vcpu;
	unsigned long switch_flags;
	__u32 exit_vector;
	unsigned long msr_retu_rip_plus2;
};

/* riscv: what user space is told; mmio is a member of a union without a name */
struct kvm_run {
	struct {
		__u8 data[8];
		__u32 len;
	} mmio;
};

/* riscv: what kvm_exit tells of an exit */
struct kvm_cpu_trap {
	unsigned long scause;
	unsigned long stval;
	unsigned long htval;
};

struct x86_emulate_ops {
	void *read_std;
};

/* the older form, see kw_exit_level() */
struct x86_emulate_ops___hflags {
	void *get_hflags;
};

#pragma clang attribute pop

#endif
