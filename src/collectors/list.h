/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list.h - the collectors. One line each.
 * May not know about: what they do.
 * To extend: KW_COLLECTOR(name) makes the object kw_collector_name known.
 */
KW_COLLECTOR(exits)
KW_COLLECTOR(time)
KW_COLLECTOR(io)
KW_COLLECTOR(mmio)
KW_COLLECTOR(faults)
KW_COLLECTOR(dirty)
KW_COLLECTOR(nested)
KW_COLLECTOR(halt)
KW_COLLECTOR(irq)
KW_COLLECTOR(load)
KW_COLLECTOR(timer)
KW_COLLECTOR(hypercall)
KW_COLLECTOR(ioctl)
KW_COLLECTOR(cost)
