/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * time.bpf.h - stub
 */
#ifndef KW_TIME_BPF_H
#define KW_TIME_BPF_H

#include "../../bpf/keyed.bpf.h"
#include "time.h"

const volatile bool time_on;

#endif
