/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * spine_x86.bpf.h - the hooks of the spine whose arguments are x86's: exit, entry, page fault.
 * May not know about: what collectors count.
 * To extend: another processor is another spine_*.bpf.h with programs of the same names.
 */
SEC("?tp_btf/kvm_exit")
int BPF_PROG(kw_kvm_exit, struct kvm_vcpu *vcpu, __u32 isa)
{
	return kw_exit((struct kw_told){ .vcpu = vcpu, .isa = isa });
}

SEC("?raw_tp/kvm_exit")
int BPF_PROG(kw_kvm_exit_raw, struct kvm_vcpu *vcpu, __u32 isa)
{
	return kw_exit((struct kw_told){ .vcpu = vcpu, .isa = isa });
}

/*
 * The older form, see compat.bpf.h. The kernel attaches no program that reads more arguments than
 * there are, and so tells which form it has.
 */
SEC("?raw_tp/kvm_exit")
int BPF_PROG(kw_kvm_exit_old, __u32 reason, struct kvm_vcpu *vcpu, __u32 isa)
{
	return kw_exit((struct kw_told){ .vcpu = vcpu,
					 .isa = isa,
					 .has_code = true,
					 .code = kw_code_of_reason(reason, isa) });
}

KW_TRACEPOINT(kvm_entry, kw_kvm_entry, struct kvm_vcpu *vcpu)
{
	return kw_entry(vcpu);
}

SEC("?fentry/kvm_mmu_page_fault")
int BPF_PROG(kw_fault_fentry, struct kvm_vcpu *vcpu, __u64 gpa, __u64 error)
{
	return kw_fault_begins(kw_watched(vcpu), gpa, error);
}

SEC("?kprobe/kvm_mmu_page_fault")
int BPF_KPROBE(kw_fault_kprobe, struct kvm_vcpu *vcpu, __u64 gpa, __u64 error)
{
	return kw_fault_begins(kw_watched(vcpu), gpa, error);
}

/* Comes without MMIO on Intel, and has Intel's exit qualification instead of an error code. */
KW_TRACEPOINT(kvm_page_fault, kw_fault_tp, struct kvm_vcpu *vcpu, __u64 gpa, __u64 error)
{
	struct kw_vcpu *v = kw_watched(vcpu);

	return v ? kw_fault_begins(v, gpa, kw_fault_error(v->isa, error)) : 0;
}

/*
 * ---- where KVM tells of no exits (kw_user_exits) ----
 *
 * Who runs is found when KVM_RUN begins, and when it is about to end.
 */

/* What was noted in KVM_RUN is over; what user space has to do with is not. */
static __always_inline void kw_user_exit_is_about(struct kw_vcpu *v, __u32 reason, __u64 now)
{
	__u32 about;

	kw_collectors_on_userspace(v, reason);
	about = v->about & (KW_ABOUT_IO | KW_ABOUT_MMIO);
	v->about &= ~about;
	if (v->about)
		kw_collectors_on_about(v, now, 0);
	v->about = about;
}

static __always_inline void kw_user_exit_begins(struct kw_vcpu *v, __u32 reason)
{
	__u64 now = kw_timing == KW_TIMED_NONE ? 0 : bpf_ktime_get_ns();

	kw_collectors_on_state(v, KW_ST_VMM, NULL, now);
	if (v->exit_ns) {
		kw_lose(KW_LOSS_UNMATCHED);
		kw_clear_parts(v);
		v->exit_ns = 0;
	}
	v->code = reason;
	v->isa = KW_ISA_USER;
	v->level = 1;
	v->state = KW_ST_VMM;
	kw_user_exit_is_about(v, reason, now);
	if (kw_timing == KW_TIMED_ALL || (kw_timing == KW_TIMED_SOME && kw_is_timed(v)))
		v->exit_ns = v->since_ns = now;
	else
		kw_collectors_on_untimed(v);
}

KW_TRACEPOINT(kvm_userspace_exit, kw_user_exit, __u32 reason, int error)
{
	struct kw_vcpu *v;

	kw_stay();
	v = kw_current_vcpu();
	if (v)
		kw_user_exit_begins(v, kw_user_reason(reason, error));
	kw_go_on();
	return 0;
}

static __always_inline void kw_user_exit_ends(struct kw_vcpu *v)
{
	__u64 now;

	if (v->state == KW_ST_KERNEL) /* KVM resets the vCPU */
		return;
	now = bpf_ktime_get_ns();
	kw_collectors_on_state(v, KW_ST_KERNEL, NULL, now);
	if (v->exit_ns)
		kw_exit_done(v, KW_ST_KERNEL, now);
	else
		kw_set_state(v, KW_ST_KERNEL, now);
}

/* KVM_RUN swaps the FPU's state early on, and back at its end. The tracepoint names no vCPU. */
KW_TRACEPOINT(kvm_fpu, kw_user_entry, int load)
{
	struct kw_vcpu *v;

	kw_stay();
	v = kw_loaded_slot();
	if (v && load)
		kw_user_exit_ends(v);
	kw_go_on();
	return 0;
}
