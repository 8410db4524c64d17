/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * faults_arm64.bpf.h - what arm64's KVM tells of a stage-2 fault: what came of it, and its end.
 * May not know about: names, VMs, other collectors.
 * To extend: see faults.bpf.h, which includes this.
 *
 * The handler (kvm_handle_guest_abort) says no more than whether the guest goes on. A page was
 * mapped if the page tables were changed on the way there.
 */

/* There is no memory at the address: the access is a device's. */
KW_TRACEPOINT(kvm_mmio, faults_mmio)
{
	struct faults_slot *s = faults_open();

	if (s)
		s->mmio = true;
	return 0;
}

#define FAULTS_EAGAIN 11

static __always_inline __u32 faults_log2(__u64 size)
{
	__u32 n = 0;

#pragma unroll
	for (int shift = 32; shift; shift >>= 1)
		if (size >> shift) {
			size >>= shift;
			n += shift;
		}
	return n;
}

/* A page is to be mapped. */
static __always_inline int faults_map(__u64 ipa, __u64 size, __u64 phys)
{
	struct faults_slot *s = faults_open();

	if (!s)
		return 0;
	s->mapped = true;
	s->level = faults_log2(size);
	s->pfn = phys >> KW_PAGE_SHIFT;
	s->gfn = ipa >> KW_PAGE_SHIFT;
	return 0;
}

SEC("?fentry/kvm_pgtable_stage2_map")
int BPF_PROG(faults_map_fentry, void *pgt, __u64 ipa, __u64 size, __u64 phys)
{
	return faults_map(ipa, size, phys);
}

SEC("?kprobe/kvm_pgtable_stage2_map")
int BPF_KPROBE(faults_map_kprobe, void *pgt, __u64 ipa, __u64 size, __u64 phys)
{
	return faults_map(ipa, size, phys);
}

/* … and has not been: another vCPU has done it. */
static __always_inline int faults_mapped(int ret)
{
	struct faults_slot *s = ret ? faults_open() : NULL;

	if (s)
		s->ret = ret == -FAULTS_EAGAIN ? FAULTS_SPURIOUS : FAULTS_ERROR;
	return 0;
}

SEC("?fexit/kvm_pgtable_stage2_map")
int BPF_PROG(faults_map_fexit, void *pgt, __u64 ipa, __u64 size, __u64 phys, __u32 prot, void *mc,
	     __u32 flags, int ret)
{
	return faults_mapped(ret);
}

SEC("?kretprobe/kvm_pgtable_stage2_map")
int BPF_KRETPROBE(faults_map_kretprobe, int ret)
{
	return faults_mapped(ret);
}

/* A page that is mapped is to allow more. */
static __always_inline int faults_relax(__u64 ipa)
{
	struct faults_slot *s = faults_open();

	if (!s)
		return 0;
	s->ret = FAULTS_RELAXED;
	s->gfn = ipa >> KW_PAGE_SHIFT;
	return 0;
}

SEC("?fentry/kvm_pgtable_stage2_relax_perms")
int BPF_PROG(faults_relax_fentry, void *pgt, __u64 ipa)
{
	return faults_relax(ipa);
}

SEC("?kprobe/kvm_pgtable_stage2_relax_perms")
int BPF_KPROBE(faults_relax_kprobe, void *pgt, __u64 ipa)
{
	return faults_relax(ipa);
}

KW_TRACEPOINT(kvm_access_fault, faults_flag, unsigned long ipa)
{
	return faults_relax(ipa);
}

static __always_inline int faults_abort_ends(int ret)
{
	struct faults_slot *s = ret < 0 ? faults_open() : NULL;

	if (s)
		s->ret = FAULTS_ERROR;
	return faults_handled();
}

SEC("?fexit/kvm_handle_guest_abort")
int BPF_PROG(faults_abort_fexit, struct kvm_vcpu *vcpu, int ret)
{
	return faults_abort_ends(ret);
}

SEC("?kretprobe/kvm_handle_guest_abort")
int BPF_KRETPROBE(faults_abort_kretprobe, int ret)
{
	return faults_abort_ends(ret);
}
