/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * faults_riscv.bpf.h - what riscv's KVM tells of a page fault of the second stage.
 * May not know about: names, VMs, other collectors.
 * To extend: see faults.bpf.h, which includes this.
 */

/* There is no memory at the address: the access is a device's. */
static __always_inline int faults_is_mmio(void)
{
	struct faults_slot *s = faults_open();

	if (s)
		s->mmio = true;
	return 0;
}

SEC("?fentry/kvm_riscv_vcpu_mmio_store")
int BPF_PROG(faults_store)
{
	return faults_is_mmio();
}

SEC("?fentry/kvm_riscv_vcpu_mmio_load")
int BPF_PROG(faults_load)
{
	return faults_is_mmio();
}

/* A page was mapped, was there already, or could not be. */
static __always_inline int faults_gstage(struct kvm_memory_slot *memslot, __u64 gpa, __u64 hva,
					 int ret)
{
	struct faults_slot *s = faults_open();

	if (!s)
		return 0;
	s->gfn = gpa >> 12;
	s->hva = hva & ~0xfffULL;
	s->memslot = (__u16)BPF_CORE_READ(memslot, id);
	s->ret = ret < 0 ? FAULTS_ERROR : FAULTS_MAPPED;
	return 0;
}

/* Its older name, see compat.bpf.h. */
SEC("?fexit/kvm_riscv_gstage_map")
int BPF_PROG(faults_gstage_fexit, struct kvm_vcpu *vcpu, struct kvm_memory_slot *memslot, __u64 gpa,
	     unsigned long hva, bool write, int ret)
{
	return faults_gstage(memslot, gpa, hva, ret);
}

SEC("?fexit/kvm_riscv_mmu_map")
int BPF_PROG(faults_mmu_map_fexit, struct kvm_vcpu *vcpu, struct kvm_memory_slot *memslot,
	     __u64 gpa, unsigned long hva, bool write, void *mapping, int ret)
{
	return faults_gstage(memslot, gpa, hva, ret);
}
