// SPDX-License-Identifier: Apache-2.0
/*
 * engine.c - see engine.h.
 * May not know about: rows, sinks, the command line.
 * To extend: see engine.h.
 */
#define _GNU_SOURCE
#include "engine.h"

#include "../util/cleanup.h"
#include "kbtf.h"
#include "kvm_watcher.skel.h"
#include "log.h"
#include "object.h"
#include "tsc.h"
#include "vmident.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* The programs of a hook, best first; without: what is lost if none works, NULL: everything. */
static const struct kw_hook_def hooks[KW_HOOKS] = {
	[KW_HOOK_EXIT] = {
		.name = "kvm_exit",
		.purpose = "start of every exit, its reason and level",
		.program = { "kw_kvm_exit", "kw_kvm_exit_old", "kw_kvm_exit_raw" },
		.counts = true,
	},
	[KW_HOOK_ENTRY] = {
		.name = "kvm_entry",
		.purpose = "end of every exit",
		.program = { "kw_kvm_entry", "kw_kvm_entry_raw" },
		.counts = true,
	},
	[KW_HOOK_USERSPACE] = {
		.name = "kvm_userspace_exit",
		.purpose = "where the VMM's time begins",
		.without = "the VMM's time counts as the kernel's",
		.program = { "kw_kvm_userspace_exit", "kw_kvm_userspace_exit_raw" },
		.lost = "*.vmm",
	},
	[KW_HOOK_RUN] = {
		.name = "KVM_RUN",
		.purpose = "where the VMM's time ends",
		.without = "the way from KVM_RUN into the guest counts as the VMM's time",
		.program = { "kw_run_fentry", "kw_run_kprobe" },
	},
	[KW_HOOK_WAKEUP] = {
		.name = "kvm_vcpu_wakeup",
		.purpose = "halt-polling",
		.without = "halt-polling counts as the kernel's time",
		.program = { "kw_kvm_vcpu_wakeup", "kw_kvm_vcpu_wakeup_raw" },
		.lost = "*.poll",
	},
	[KW_HOOK_SWITCH] = {
		.name = "sched_switch",
		.purpose = "time off the CPU",
		.without = "halted and waiting time count as the kernel's or the VMM's",
		.program = { "kw_sched_switch" },
		.lost = "*.halted *.waiting *.sched_out *.on_cpu",
	},
	[KW_HOOK_WAKE] = {
		.name = "sched_wakeup",
		.purpose = "where sleeping ends and waiting begins",
		.without = "all time off the CPU counts as waiting",
		.program = { "kw_sched_wakeup" },
		.lost = "*.halted",
	},
	[KW_HOOK_DESTROY] = {
		.name = "vCPU destroyed",
		.purpose = "telling apart vCPUs that follow each other",
		.without = "a vCPU that follows another at the same address is taken for it",
		.program = { "kw_destroy_fentry", "kw_destroy_kprobe", "kw_destroy_thread" },
		.counts = true,
	},
	[KW_HOOK_END_OF_VM] = {
		.name = "VM destroyed",
		.purpose = "telling apart VMs that follow each other",
		.without = "a VM's own rows stay until the run ends",
		.program = { "kw_end_of_vm_fentry", "kw_end_of_vm_kprobe" },
		.counts = true,
	},
	[KW_HOOK_FAULT] = {
		.name = "page fault",
		.purpose = "start of every page fault of a guest",
		.program = { "kw_fault_fentry", "kw_fault_kprobe", "kw_fault_tp", "kw_fault_tp_raw" },
		.counts = true,
	},
};

/* In the place of the first two, where KVM tells of no exits. */
static const struct kw_hook_def user_hooks[] = {
	[KW_HOOK_EXIT] = {
		.name = "kvm_userspace_exit",
		.purpose = "start of every exit to user space, its reason",
		.program = { "kw_user_exit", "kw_user_exit_raw" },
		.counts = true,
	},
	[KW_HOOK_ENTRY] = {
		.name = "kvm_fpu",
		.purpose = "KVM_RUN: end of every exit to user space, and which vCPU it is",
		.program = { "kw_user_entry", "kw_user_entry_raw" },
		.counts = true,
	},
};

static const struct kw_hook_def *shared_hook(const struct kw_engine *e, size_t k)
{
	return e->user_exits && k < ARRAY_SIZE(user_hooks) ? &user_hooks[k] : &hooks[k];
}

/*
 * The program that libbpf last complained about: the only way to learn which one the kernel
 * refused. libbpf's print function has no argument of ours, hence static.
 */
static char refused_program[64];

/* What libbpf says, the verifier's log included, line by line. */
static int on_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	_cleanup_free_ char *text = NULL;
	char *save = NULL;

	if ((level == LIBBPF_DEBUG && kw_verbose < 2) || vasprintf(&text, format, args) < 0)
		return 0;
	if (level == LIBBPF_WARN)
		sscanf(text, "libbpf: prog '%63[^']'", refused_program);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		kw_debug("%s", line);
	return 0;
}

static const char *program_of(const struct kw_hook *h)
{
	return h->wanted && h->variant >= 0 ? h->def->program[h->variant] : NULL;
}

static void next_variant(struct kw_hook *h)
{
	h->variant++;
	if (h->variant == KW_VARIANTS || !h->def->program[h->variant])
		h->variant = -1;
}

/* The variant in use does not work: note why (err: 0, or also this), take the next. */
static void refuse(struct kw_hook *h, const char *why, int err)
{
	snprintf(h->why[h->variant], sizeof(h->why[h->variant]), "%s%s%s", why, err ? ": " : "",
		 err ? strerror(-err) : "");
	kw_debug("%s: %s refused: %s", h->def->name, h->def->program[h->variant],
		 h->why[h->variant]);
	next_variant(h);
}

/* Why the last variant that was tried was refused; "": none was. */
static const char *last_refusal(const struct kw_hook *hook)
{
	const char *why = "";

	for (int i = 0; i < KW_VARIANTS; i++)
		why = *hook->why[i] ? hook->why[i] : why;
	return why;
}

const char *kw_hook_why(const struct kw_hook *hook)
{
	const char *why = last_refusal(hook);

	if (*why)
		return why;
	return hook->foreign ? "there is none on this processor" : "not tried";
}

/*
 * Where less is timed, hooks of the spine can be done without. Where exits are those to user space,
 * their programs also tell of the VMM's time, and only both together whose exits they are.
 */
static bool is_timing(const struct kw_engine *e, size_t hook)
{
	if (e->user_exits && (hook == KW_HOOK_USERSPACE || hook == KW_HOOK_RUN))
		return false;
	switch (e->timing) {
	case KW_TIMED_NONE:
		return hook == KW_HOOK_EXIT || hook == KW_HOOK_DESTROY ||
		       (e->user_exits && hook == KW_HOOK_ENTRY);
	case KW_TIMED_AT_ENTRY:
		return hook == KW_HOOK_ENTRY || hook == KW_HOOK_DESTROY;
	default:
		return true;
	}
}

/* Is there a program in use whose name begins so? */
static bool in_use(const struct kw_engine *e, const char *start)
{
	for (size_t k = 0; k < e->n_hooks; k++) {
		const struct kw_hook *h = &e->hook[k];

		if (h->variant >= 0 && !strncmp(h->def->program[h->variant], start, strlen(start)))
			return true;
	}
	return false;
}

/* What this processor does not have is nothing lost, if a collector can do without it. */
bool kw_hook_serves(const struct kw_engine *e, size_t hook, const struct kw_collector *c)
{
	if (e->hook[hook].foreign && e->hook[hook].def->without)
		return false;
	if (e->hook[hook].def->beside && !in_use(e, e->hook[hook].def->beside))
		return false;
	if (hook >= KW_HOOKS)
		return e->hook[hook].owner == c;
	return c->hooks & (1u << hook) && is_timing(e, hook);
}

const struct kw_hook *kw_foreign(const struct kw_engine *e, const struct kw_collector *c)
{
	const struct kw_hook *own = NULL;

	for (size_t k = KW_HOOKS; k < e->n_hooks; k++) {
		if (e->hook[k].owner == c && !e->hook[k].foreign)
			return NULL;
		if (e->hook[k].owner == c)
			own = own ?: &e->hook[k];
	}
	return own;
}

bool kw_hook_needed(const struct kw_engine *e, size_t hook, const struct kw_collector *c)
{
	return kw_hook_serves(e, hook, c) &&
	       (!e->hook[hook].def->without || (hook < KW_HOOKS && c->needs & (1u << hook)));
}

/*
 * Which hooks are wanted: those of the collectors that can work. One that lacks a hook it cannot
 * do without is left out, and with it its other hooks.
 */
static void choose_hooks(struct kw_engine *e, const struct kw_wants *wants)
{
	for (size_t k = 0; k < e->n_hooks; k++)
		e->hook[k].wanted = false;
	for (size_t i = 0; i < wants->n; i++) {
		e->missing[i] = kw_foreign(e, wants->collector[i]);
		for (size_t k = 0; k < e->n_hooks; k++)
			if (e->hook[k].variant < 0 && kw_hook_needed(e, k, wants->collector[i]))
				e->missing[i] = &e->hook[k];
		if (e->user_exits && wants->collector[i]->of_guest_exits)
			e->missing[i] = &e->no_exits;
		for (size_t k = 0; k < e->n_hooks; k++)
			e->hook[k].wanted |=
				!e->missing[i] && kw_hook_serves(e, k, wants->collector[i]);
	}
}

/* What is about the tool itself is something only to who asked for nothing else. */
static bool nothing_left(const struct kw_engine *e, const struct kw_wants *wants)
{
	bool others = false;

	for (size_t i = 0; i < wants->n; i++)
		others |= !wants->collector[i]->metered;
	for (size_t i = 0; i < wants->n; i++)
		if (!e->missing[i] && !(others && wants->collector[i]->metered))
			return false;
	return true;
}

static bool chosen(const struct kw_engine *e, const struct kw_wants *wants,
		   const struct kw_collector *c)
{
	for (size_t i = 0; i < wants->n; i++)
		if (wants->collector[i] == c)
			return !e->missing[i];
	return false;
}

/* For the programs: which collectors are on. */
static uint32_t chosen_mask(const struct kw_engine *e, const struct kw_wants *wants)
{
	const struct kw_collector *c;
	uint32_t mask = 0;

	for (size_t i = 0; (c = kw_collector(i)); i++)
		mask |= chosen(e, wants, c) ? 1u << i : 0;
	return mask;
}

/* A collector's maps are called NAME_… */
static bool owns(const struct kw_collector *c, const char *map)
{
	size_t len = strlen(c->name);

	return !strncmp(map, c->name, len) && map[len] == '_';
}

/* Maps that nobody needs are not created. */
static void prepare_maps(struct kw_engine *e, const struct kw_wants *wants)
{
	struct kvm_watcher_bpf *bpf = e->bpf;
	const struct kw_collector *c;
	struct bpf_map *map;

	bpf_map__set_max_entries(bpf->maps.vcpus, wants->max_vcpus + 1);
	bpf_map__set_max_entries(bpf->maps.vcpu_slots, wants->max_vcpus);
	bpf_map__set_max_entries(bpf->maps.vcpu_free, wants->max_vcpus + 1);
	bpf_map__set_autocreate(bpf->maps.events, wants->events);
	for (size_t i = 0; (c = kw_collector(i)); i++)
		bpf_object__for_each_map (map, bpf->obj)
			if (!chosen(e, wants, c) && owns(c, bpf_map__name(map)))
				bpf_map__set_autocreate(map, false);
}

static int configure(struct kw_engine *e, const struct kw_wants *wants)
{
	struct kvm_watcher_bpf *bpf = e->bpf;
	const struct kw_filters *f = &wants->filters;

	prepare_maps(e, wants);
	bpf->rodata->kw_on = chosen_mask(e, wants);
	bpf->rodata->kw_trace_on = wants->events;
	bpf->rodata->kw_trace_slower = f->slower_ns;
	bpf->rodata->kw_include = f->n_include;
	bpf->rodata->kw_exclude = f->n_exclude;
	bpf->rodata->kw_timing = wants->timing;
	bpf->rodata->kw_one_in = wants->one_in;
	bpf->rodata->kw_isa = wants->isa;
	bpf->rodata->kw_user_exits = e->user_exits;
	bpf->rodata->kw_page_shift = __builtin_ctzl(sysconf(_SC_PAGESIZE));
	bpf->rodata->kw_preemptible = kw_tracepoints_preemptible();
	bpf->rodata->kw_reenters_silently = kw_tracepoint_args("kvm_entry") < 2;
	bpf->rodata->kw_switch_has_state = kw_tracepoint_args("sched_switch") >= 4;
	bpf->rodata->kw_filters = (f->pid.n ? 1 << KW_FILTER_PID : 0) |
				  (f->tid.n ? 1 << KW_FILTER_TID : 0) |
				  (f->vcpu.n ? 1 << KW_FILTER_VCPU : 0);
	for (size_t i = 0; i < wants->n; i++) {
		const struct kw_collector *c = wants->collector[i];
		int err = 0;

		if (!e->missing[i] && c->configure)
			err = c->configure(bpf, wants->max_vcpus + 1);
		if (err)
			return err;
	}
	kw_object_fit_maps(bpf);
	return 0;
}

/* E.g. tp_btf/kvm_exit. */
static const char *section_of(const struct bpf_program *p)
{
	const char *section = bpf_program__section_name(p);

	return section + (*section == '?');
}

/*
 * KVM_WATCHER_WITHOUT=fentry,tp_btf/kvm_,io_pio: do as if this kernel refused programs of these
 * types, those whose sections begin so, or are called so.
 */
static bool switched_off(const struct bpf_program *p)
{
	const char *given = getenv("KVM_WATCHER_WITHOUT"), *section = section_of(p);
	size_t type = strcspn(section, "/"), name = strlen(bpf_program__name(p));

	for (const char *t = given; t && *t; t += strcspn(t, ",") + (t[strcspn(t, ",")] == ',')) {
		size_t len = strcspn(t, ",");

		if (len >= type && !strncmp(t, section, len))
			return true;
		if (len == name && !strncmp(t, bpf_program__name(p), len))
			return true;
	}
	return false;
}

static bool is_trampoline(const struct bpf_program *p)
{
	enum bpf_attach_type type = bpf_program__expected_attach_type(p);

	return type == BPF_TRACE_FENTRY || type == BPF_TRACE_FEXIT;
}

/* Of a tracepoint whose types the kernel does not tell. */
static bool is_raw(const struct bpf_program *p)
{
	return !strncmp(section_of(p), "raw_tp/", 7);
}

static bool is_kprobe(const struct bpf_program *p)
{
	return bpf_program__type(p) == BPF_PROG_TYPE_KPROBE;
}

/* Is there no such tracepoint or function, as far as programs need its types? */
static bool is_absent(const struct bpf_program *p)
{
	const char *section = section_of(p), *target = strchr(section, '/');

	if (!strncmp(section, "tp_btf/", 7))
		return kw_tracepoint_args(target + 1) < 0;
	if (is_raw(p))
		return !kw_has_kvm_event(target + 1);
	if (is_kprobe(p))
		return !kw_has_symbol(target + 1);
	return is_trampoline(p) && !kw_has_function(target + 1);
}

/* Programs that were not built for this processor are no variants. */
static void skip_foreign(struct kw_engine *e, struct kw_hook *h)
{
	const char *name;

	while (h->variant >= 0 && (name = h->def->program[h->variant]) &&
	       !bpf_object__find_program_by_name(e->bpf->obj, name))
		next_variant(h);
	h->foreign = h->variant < 0 && !*last_refusal(h);
}

static bool is_never_fired(const struct bpf_program *p)
{
	const char *target = strchr(section_of(p), '/');

	return target && !kw_is_fired(target + 1);
}

static void refuse_those(struct kw_engine *e, bool (*which)(const struct bpf_program *p),
			 const char *why, int err)
{
	for (size_t i = 0; i < e->n_hooks; i++) {
		const char *name;

		while ((name = program_of(&e->hook[i])) &&
		       which(bpf_object__find_program_by_name(e->bpf->obj, name))) {
			refuse(&e->hook[i], why, err);
			skip_foreign(e, &e->hook[i]);
		}
	}
}

/* Where the kernel does not tell KVM's types, they may be known, if it is old. */
static void refuse_untold(struct kw_engine *e)
{
	bool old = e->bpf->rodata->kw_exit_has_reason;

	if (kw_kvm_is_typed() || !kw_kvm_is_loaded())
		return;
	for (size_t i = 0; i < e->n_hooks; i++) {
		struct kw_hook *h = &e->hook[i];
		const char *why = old ? h->def->old : h->def->untold;

		while (why && program_of(h)) {
			refuse(h, why, 0);
			skip_foreign(e, h);
		}
	}
}

/* What the kernel says to a program of one type that does nothing. */
static int try_program(enum bpf_prog_type type, struct bpf_prog_load_opts *opts)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K }, /* return 0 */
		{ .code = BPF_JMP | BPF_EXIT },
	};
	_cleanup_close_ int fd = bpf_prog_load(type, NULL, "GPL", insns, ARRAY_SIZE(insns), opts);

	return fd < 0 ? -errno : 0;
}

/* … to one at the entry of no function; not -EPERM if it permits any. */
static int try_trampoline(void)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY,
		    .attach_btf_id = 1);

	return try_program(BPF_PROG_TYPE_TRACING, &opts);
}

bool kw_engine_is_permitted(void)
{
	return try_program(BPF_PROG_TYPE_RAW_TRACEPOINT, NULL) != -EPERM;
}

static bool has_kprobes(void)
{
	return !access("/sys/bus/event_source/devices/kprobe/type", F_OK) ||
	       !access("/sys/kernel/tracing/kprobe_events", F_OK) ||
	       !access("/sys/kernel/debug/tracing/kprobe_events", F_OK);
}

/* Why a probe of this function would not read the arguments that it asks for; NULL: it would. */
static const char *why_moved(const struct kw_hook_def *def, const char *function)
{
	int args = kw_function_args(function);

	if (args < 0)
		return def->may_move ? "cannot be trusted, its type is not told" : NULL;
	return def->args && args != def->args ? "has other arguments" : NULL;
}

/* Probes of functions whose arguments are not where they are declared. */
static void refuse_moved(struct kw_engine *e)
{
	for (size_t i = 0; i < e->n_hooks && kw_kvm_is_typed(); i++) {
		struct kw_hook *h = &e->hook[i];
		const struct bpf_program *p;
		const char *why;

		while (program_of(h)) {
			p = bpf_object__find_program_by_name(e->bpf->obj, program_of(h));
			why = is_kprobe(p) ? why_moved(h->def, strchr(section_of(p), '/') + 1)
					   : NULL;
			if (!why)
				break;
			refuse(h, why, 0);
			skip_foreign(e, h);
		}
	}
}

/*
 * What is known beforehand not to work: each program of which only the load of all, or attaching
 * them, tells, costs another load of all.
 */
static void refuse_hopeless(struct kw_engine *e)
{
	refuse_those(e, switched_off, "KVM_WATCHER_WITHOUT", -ECANCELED);
	refuse_those(e, is_absent, "cannot be loaded", -ENOENT);
	refuse_those(e, is_never_fired, "this processor's KVM never fires it", 0);
	e->bpf->rodata->kw_exit_has_reason = kw_exit_has_reason();
	refuse_untold(e);
	refuse_moved(e);
	if (try_trampoline() == -EPERM)
		refuse_those(e, is_trampoline, "cannot be loaded", -EPERM);
	if (!has_kprobes())
		refuse_those(e, is_kprobe, "cannot be attached", -ENOENT);
}

/* Is the program in use of a tracepoint whose types the kernel does not tell? */
static bool is_untyped(const struct kw_engine *e, enum kw_hook_id hook)
{
	const char *program = program_of(&e->hook[hook]);

	return program && is_raw(bpf_object__find_program_by_name(e->bpf->obj, program));
}

/* True if only the end of its thread, or nothing at all, tells that a vCPU is gone. */
static bool ends_with_thread(const struct kw_engine *e)
{
	const char *program = program_of(&e->hook[KW_HOOK_DESTROY]);

	return !program || !strcmp(program, "kw_destroy_thread");
}

static void select_programs(struct kw_engine *e)
{
	struct bpf_program *p;

	bpf_object__for_each_program (p, e->bpf->obj) {
		bool on = false;

		for (size_t i = 0; i < e->n_hooks; i++) {
			const char *name = program_of(&e->hook[i]);

			on |= name && !strcmp(name, bpf_program__name(p));
		}
		bpf_program__set_autoload(p, on);
	}
}

static struct kw_hook *hook_of(struct kw_engine *e, const char *program)
{
	for (size_t i = 0; i < e->n_hooks; i++) {
		const char *name = program_of(&e->hook[i]);

		if (name && !strcmp(name, program))
			return &e->hook[i];
	}
	return NULL;
}

/* What no event of the kernel starts: an iterator, or a program that has no place at all. */
static bool is_run_by_collector(const struct bpf_program *p)
{
	return bpf_program__expected_attach_type(p) == BPF_TRACE_ITER ||
	       !strchr(bpf_program__section_name(p), '/');
}

/* Attach what was loaded. 1: something was refused, and the next variant must be loaded. */
static int attach(struct kw_engine *e)
{
	int again = 0;

	for (size_t i = 0; i < e->n_hooks; i++) {
		const char *name = program_of(&e->hook[i]);
		struct bpf_program *p;
		struct bpf_link *link;

		if (!name)
			continue;
		p = bpf_object__find_program_by_name(e->bpf->obj, name);
		if (is_run_by_collector(p))
			continue;
		link = bpf_program__attach(p);
		if (!link) {
			refuse(&e->hook[i], "cannot be attached", -errno);
			again = 1;
			continue;
		}
		e->hook[i].link = link;
	}
	return again;
}

static void unload(struct kw_engine *e)
{
	for (size_t i = 0; i < e->n_hooks; i++) {
		bpf_link__destroy(e->hook[i].link);
		e->hook[i].link = NULL;
	}
	kvm_watcher_bpf__destroy(e->bpf);
	e->bpf = NULL;
}

/* One try with the current variants. 0, 1: try again, or -errno. */
static int try_variants(struct kw_engine *e, const struct kw_wants *wants)
{
	struct kw_hook *h;
	int err;

	*refused_program = 0;
	e->bpf = kw_object_open();
	if (!e->bpf)
		return -errno;
	for (size_t i = 0; i < e->n_hooks; i++)
		skip_foreign(e, &e->hook[i]);
	refuse_hopeless(e);
	choose_hooks(e, wants);
	if (nothing_left(e, wants))
		return -EOPNOTSUPP;
	err = configure(e, wants);
	if (err)
		return err;
	select_programs(e);
	e->bpf->rodata->kw_ends_with_thread = ends_with_thread(e);
	e->bpf->rodata->kw_typed = !is_untyped(e, KW_HOOK_EXIT) && !is_untyped(e, KW_HOOK_ENTRY);
	err = kvm_watcher_bpf__load(e->bpf);
	if (!err)
		return attach(e);
	h = hook_of(e, refused_program);
	if (!h) /* -EINVAL: of creating a map; to our callers it would mean a wrong filter */
		return err == -EINVAL ? -EOPNOTSUPP : err;
	refuse(h, kw_compiler_is_off() ? "the BPF compiler is off" : "cannot be loaded", err);
	return 1;
}

/*
 * Processes are told from later ones with the same pid by the tick at which they started; one that
 * is gone passes no more.
 */
static int fill_filter(struct kw_engine *e, enum kw_filter kind, const struct kw_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct kw_filter_id key = { .kind = kind, .id = list->item[i] };
		struct kw_vm vm = {};
		uint64_t tick;

		if (kind == KW_FILTER_PID && kw_vm_identify(list->item[i], &vm))
			continue;
		tick = vm.start_ns / KW_TICK_NS;
		if (bpf_map_update_elem(bpf_map__fd(e->bpf->maps.filter_ids), &key, &tick, BPF_ANY))
			return -errno;
	}
	return 0;
}

static void list_hooks(struct kw_engine *e, const struct kw_wants *wants)
{
	for (int k = 0; k < KW_HOOKS; k++)
		e->hook[e->n_hooks++].def = shared_hook(e, k);
	for (size_t i = 0; i < wants->n; i++)
		for (size_t k = 0; k < wants->collector[i]->n_own; k++)
			e->hook[e->n_hooks++] =
				(struct kw_hook){ .def = &wants->collector[i]->own[k],
						  .owner = wants->collector[i] };
}

int kw_engine_choose_isa(struct kw_wants *wants)
{
	if (wants->timing != KW_TIMED_AT_ENTRY || wants->isa)
		return 0;
	wants->isa = kw_host_isa();
	if (wants->isa && kw_kvm_is_typed())
		return 0;
	if (wants->isa && !kw_kvm_is_loaded())
		kw_say("--low-overhead needs KVM, which is not loaded: modprobe kvm-amd or "
		       "kvm-intel");
	else if (wants->isa)
		kw_say("--low-overhead needs a kernel that tells the types of KVM's modules (Linux "
		       "5.11 or later); --sample and --count-only work with any");
	else
		kw_say("--low-overhead needs AMD's SVM or Intel's VMX, which this host does not "
		       "have; --sample and --count-only work with any");
	return -EOPNOTSUPP;
}

int kw_engine_open(const struct kw_wants *wants, struct kw_engine *ret)
{
	int err;

	memset(ret, 0, sizeof(*ret));
	ret->timing = wants->timing;
	libbpf_set_print(on_libbpf);
	ret->user_exits = !kw_tells_of_exits();
	ret->no_exits = (struct kw_hook){ .def = &hooks[KW_HOOK_EXIT], .variant = -1 };
	snprintf(ret->no_exits.why[0], sizeof(ret->no_exits.why[0]), "%s", kw_why_no_exits());
	list_hooks(ret, wants);
	choose_hooks(ret, wants);
	while ((err = try_variants(ret, wants)) > 0)
		unload(ret);
	kw_kbtf_release();
#ifdef __GLIBC__
	malloc_trim(0); /* what loading took, types above all, is needed no more */
#endif
	err = err ?: fill_filter(ret, KW_FILTER_PID, &wants->filters.pid);
	err = err ?: fill_filter(ret, KW_FILTER_TID, &wants->filters.tid);
	return err ?: fill_filter(ret, KW_FILTER_VCPU, &wants->filters.vcpu);
}

void kw_engine_close(struct kw_engine *engine)
{
	unload(engine);
}

static struct bpf_program *find_program(const struct kw_engine *engine, const struct kw_hook *hook)
{
	const char *program = program_of(hook);

	return program && engine->bpf ? bpf_object__find_program_by_name(engine->bpf->obj, program)
				      : NULL;
}

/* What the kernel tells about the program in use; false if there is none. */
static bool program_info(const struct kw_engine *engine, const struct kw_hook *hook,
			 struct bpf_prog_info *ret)
{
	struct bpf_program *p = find_program(engine, hook);
	__u32 len = sizeof(*ret);

	memset(ret, 0, sizeof(*ret));
	return p && bpf_program__fd(p) >= 0 &&
	       !bpf_obj_get_info_by_fd(bpf_program__fd(p), ret, &len);
}

uint64_t kw_engine_misses(const struct kw_engine *engine, const struct kw_hook *hook)
{
	struct bpf_prog_info info;

	return program_info(engine, hook, &info) ? info.recursion_misses : 0;
}

uint64_t kw_map_bytes(int fd)
{
	_cleanup_fclose_ FILE *f = NULL;
	unsigned long long bytes = 0;
	char path[64], line[128];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f) && sscanf(line, "memlock: %llu", &bytes) != 1)
		;
	return bytes;
}

/* Maps in a map are all of one kind; not all places for them are filled. */
static uint64_t inner_bytes(int outer, uint32_t max)
{
	uint64_t bytes = 0, n = 0;
	uint32_t id;

	for (uint32_t i = 0; i < max; i++) {
		if (bpf_map_lookup_elem(outer, &i, &id))
			continue;
		if (!n++) {
			_cleanup_close_ int fd = bpf_map_get_fd_by_id(id);

			bytes = fd < 0 ? 0 : kw_map_bytes(fd);
		}
	}
	return n * bytes;
}

uint64_t kw_engine_map_bytes(const struct kw_engine *engine)
{
	const struct bpf_map *map;
	uint64_t bytes = 0;

	bpf_object__for_each_map (map, engine->bpf->obj) {
		int fd = bpf_map__fd(map);

		if (fd < 0)
			continue;
		bytes += kw_map_bytes(fd);
		if (bpf_map__type(map) == BPF_MAP_TYPE_ARRAY_OF_MAPS)
			bytes += inner_bytes(fd, bpf_map__max_entries(map));
	}
	return bytes;
}

bool kw_engine_program(const struct kw_engine *engine, const struct kw_hook *hook,
		       struct kw_program *ret)
{
	struct bpf_prog_info info;

	if (!program_info(engine, hook, &info))
		return false;
	*ret = (struct kw_program){
		.hook = hook->def->name,
		.name = program_of(hook),
		.kind = kw_engine_variant(engine, hook),
		.at_exit = hook == &engine->hook[KW_HOOK_EXIT],
		.fd = bpf_program__fd(find_program(engine, hook)),
		.id = info.id,
		.verified = info.verified_insns,
		.length = info.xlated_prog_len / sizeof(struct bpf_insn),
	};
	return true;
}

const char *kw_engine_variant(const struct kw_engine *engine, const struct kw_hook *hook)
{
	struct bpf_program *p = find_program(engine, hook);

	return p ? section_of(p) : NULL;
}
