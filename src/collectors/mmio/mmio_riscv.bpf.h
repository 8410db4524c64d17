/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * mmio_riscv.bpf.h - MMIO on riscv, whose KVM has the tracepoint kvm_mmio and never passes it.
 * May not know about: names, VMs, other collectors.
 * To extend: see mmio.bpf.h, which includes this.
 */

/* KVM begins an access, not knowing yet who will do it. */
SEC("?fentry/kvm_riscv_vcpu_mmio_store")
int BPF_PROG(mmio_store, struct kvm_vcpu *vcpu, struct kvm_run *run, unsigned long gpa)
{
	return mmio_access(kw_current_vcpu(), gpa, 0, 0, true);
}

SEC("?fentry/kvm_riscv_vcpu_mmio_load")
int BPF_PROG(mmio_load, struct kvm_vcpu *vcpu, struct kvm_run *run, unsigned long gpa)
{
	return mmio_access(kw_current_vcpu(), gpa, 0, 0, false);
}

/* It knows how large the access is, and its value. */
static __always_inline int mmio_told(struct kvm_run *run)
{
	struct kw_vcpu *v = kw_current_vcpu();
	struct mmio_slot *s = v && v->about & KW_ABOUT_MMIO ? mmio_slot(v) : NULL;
	__u64 data = 0;

	if (!s || !s->open)
		return 0;
	s->size = BPF_CORE_READ(run, mmio.len);
	bpf_probe_read_kernel(&data, sizeof(data),
			      (void *)run + bpf_core_field_offset(struct kvm_run, mmio.data));
	s->data = s->size < 8 ? data & ((1ULL << 8 * (s->size & 7)) - 1) : data;
	return 0;
}

SEC("?fexit/kvm_riscv_vcpu_mmio_store")
int BPF_PROG(mmio_stored, struct kvm_vcpu *vcpu, struct kvm_run *run)
{
	return mmio_told(run);
}

SEC("?fexit/kvm_riscv_vcpu_mmio_load")
int BPF_PROG(mmio_loaded, struct kvm_vcpu *vcpu, struct kvm_run *run, unsigned long gpa,
	     unsigned long instruction, int ret)
{
	return ret ? mmio_told(run) : 0; /* 0: user space has to do it */
}
