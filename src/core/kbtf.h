/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kbtf.h - questions to the running kernel's type information that CO-RE cannot ask.
 * May not know about: any one collector, BPF programs.
 * To extend: one function per question; the answer is for this kernel.
 */
#ifndef KW_KBTF_H
#define KW_KBTF_H

#include <stdbool.h>
#include <stdint.h>

/* How people load KVM on this processor. */
#if defined(__x86_64__)
#define KW_LOAD_KVM "modprobe kvm-amd or kvm-intel"
#else
#define KW_LOAD_KVM "modprobe kvm"
#endif

/* Arguments of a tracepoint of the kernel or of KVM; -1 if it is not there. */
int kw_tracepoint_args(const char *name);

/*
 * Is there this tracepoint of KVM, as far as can be found out? Where the kernel does not tell types
 * of KVM, the directory of its events does; without that, true.
 */
bool kw_has_kvm_event(const char *name);

/*
 * Does this processor's KVM ever fire a tracepoint that is there? Entries of nested guests had one
 * of SVM's alone before 89e54ec59232 ("KVM: x86: Update trace function for nested VM entry to
 * support VMX"), 6.1.
 */
bool kw_is_fired(const char *name);

/* Does kvm_exit begin with the reason? See bpf/compat.bpf.h. */
bool kw_exit_has_reason(void);

/* Is KVM there, as a module that is loaded or built in? */
bool kw_kvm_is_loaded(void);

/* Does the kernel tell the types of KVM? */
bool kw_kvm_is_typed(void);

/*
 * Has a tracepoint of KVM at least so many arguments? Where types of KVM are not told, it has if
 * the record that it writes has this field.
 */
bool kw_kvm_event_has(const char *name, int args, const char *field);

/* Where the kernel does not tell types of KVM: can there be this function? Elsewhere, true. */
bool kw_has_symbol(const char *name);

/* Does the kernel or KVM have this function, and tell its type? */
bool kw_has_function(const char *name);

/* Arguments of such a function; -1: there is none. */
int kw_function_args(const char *name);

/*
 * Value of an enumerator of KVM, whatever its enumeration is called. 0, or -ENOENT: *ret stays.
 * RET_PF_* are known without types, too, of a KVM whose kvm_exit has the reason: those that came
 * with c4371c2a682e ("KVM: x86/mmu: Return unique RET_PF_* values if the fault was fixed"), 5.10.
 */
int kw_kvm_enumerator(const char *name, uint32_t *ret);

/*
 * Name of the enumerator of an enumeration of KVM with this value; NULL if there is none. What
 * inhibits APICv was but numbers before 7491b7b2e1c5 ("KVM: x86: Make APICv inhibit reasons an enum
 * and cleanup naming"), 5.18: those of a KVM whose kvm_exit has the reason are known.
 */
const char *kw_kvm_enumerator_name(const char *enumeration, uint32_t value);

/*
 * May programs of tracepoints be preempted? They may where SRCU guards tracepoints (a46023d5616e
 * "tracing: Guard __DECLARE_TRACE() use of __DO_TRACE_CALL() with SRCU-fast", 7.0): such a kernel
 * has fast SRCU and the variable of tracepoint_srcu, which long before that served idle CPUs. True
 * also if it cannot be found out.
 */
bool kw_tracepoints_preemptible(void);

/*
 * Does KVM tell of the guests' exits? KVM for PVM, which runs guests without the processor's
 * virtualization, has no reason of an exit where the patch series has it (vcpu_pvm.exit_vector),
 * and then fires neither kvm_exit nor kvm_entry. KVM_WATCHER_EXITS in the environment decides:
 * "guest" or "user".
 */
bool kw_tells_of_exits(void);

/* Why not, in words; of a KVM that does not. */
const char *kw_why_no_exits(void);

#define KW_COMPILER "/proc/sys/net/core/bpf_jit_enable"

/* Is the kernel's compiler of BPF programs switched off? By default it is on riscv. */
bool kw_compiler_is_off(void);

/* Free what the answers came from; another question reads it again. */
void kw_kbtf_release(void);

/* Have threads storage for what programs note of them? As its namesake in bpf/compat.bpf.h. */
bool kw_threads_have_storage(void);

/*
 * Can maps take memory for an element wherever a program runs? They can since 7c8199e24fa0 ("bpf:
 * Introduce any context BPF specific memory allocator"), 6.1; before, the kernel warns, or refuses.
 */
bool kw_maps_can_allocate(void);

#endif
