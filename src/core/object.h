/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object.h - the BPF object, in the form that this kernel takes: what depends on the kernel before
 * any program is loaded.
 * May not know about: collectors, hooks.
 * To extend: a map that this kernel wants otherwise is a line in object.c.
 */
#ifndef KW_OBJECT_H
#define KW_OBJECT_H

struct kvm_watcher_bpf;

/* Open it; NULL: errno says why. */
struct kvm_watcher_bpf *kw_object_open(void);

/* Before loading, when the sizes of all maps are set: fit them to this kernel. */
void kw_object_fit_maps(struct kvm_watcher_bpf *bpf);

#endif
