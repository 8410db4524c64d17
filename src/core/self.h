/* SPDX-License-Identifier: Apache-2.0 */
/*
 * self.h - what this process takes of the host, and how busy that is; from the kernel's own books.
 * May not know about: BPF, sources.
 * To extend: one function per figure.
 */
#ifndef KW_SELF_H
#define KW_SELF_H

#include <stdint.h>

/* CPU time of this process, all threads, ns. */
void kw_self_cpu(uint64_t *ret_user_ns, uint64_t *ret_system_ns);

/* Resident memory of this process, bytes; 0: not known. */
uint64_t kw_self_rss_bytes(void);

/*
 * CPU time that was in use since boot, of all CPUs, guests' included, to a clock tick, ns: neither
 * idle nor iowait, nor stolen by a host below this one. 0: not known.
 */
uint64_t kw_host_busy_ns(void);

#endif
