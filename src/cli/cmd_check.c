// SPDX-License-Identifier: Apache-2.0
/*
 * cmd_check.c - check: tries every hook of every collector on this kernel and tells the result.
 * May not know about: how hooks are attached.
 * To extend: a question about the system is a function like check_btf().
 */
#include "../core/engine.h"
#include "../core/kbtf.h"
#include "../core/log.h"
#include "../recording/source_file.h"
#include "../sinks/listing.h"
#include "../util/cleanup.h"
#include "../util/units.h"
#include "run.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

static const struct kw_listing_column columns[] = {
	{ "what", "WHAT", false },
	{ "state", "STATE", false },
	{ "how", "HOW", false },
	{ "program", "PROGRAM", false },
	{ "verified", "VERIFIED", true },
	{ "length", "LENGTH", true },
	{ "means", "WHAT IT MEANS", false },
};

/* program: NULL, if it is about none */
static int add_row(struct kw_listing *l, const char *what, const char *state, const char *how,
		   const struct kw_program *program, const char *means)
{
	char verified[16], length[16];
	const char *const cells[] = { what,
				      state,
				      how,
				      program ? program->name : NULL,
				      program && program->verified ? verified : NULL,
				      program ? length : NULL,
				      means };

	if (program) {
		snprintf(verified, sizeof(verified), "%u", program->verified);
		snprintf(length, sizeof(length), "%u", program->length);
	}
	return kw_listing_add(l, cells);
}

static int add(struct kw_listing *l, const char *what, const char *state, const char *how,
	       const char *means)
{
	return add_row(l, what, state, how, NULL, means);
}

static int check_kernel(struct kw_listing *l)
{
	struct utsname u;

	uname(&u);
	return add(l, "kernel", "ok", u.release, u.machine);
}

static int check_btf(struct kw_listing *l)
{
	bool there = !access("/sys/kernel/btf/vmlinux", R_OK);

	return add(l, "kernel BTF", there ? "ok" : "missing", "/sys/kernel/btf/vmlinux",
		   there ? "types of the kernel are known"
			 : "a kernel with CONFIG_DEBUG_INFO_BTF=y is needed");
}

static int check_kvm(struct kw_listing *l)
{
	static const char *const vendors[] = { "kvm_amd", "kvm_intel", "kvm_pvm" };
	const char *vendor = NULL;
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(vendors); i++) {
		snprintf(path, sizeof(path), "/sys/module/%s", vendors[i]);
		vendor = access(path, F_OK) ? vendor : vendors[i];
	}
	if (access("/dev/kvm", F_OK))
		return add(l, "KVM", "missing", vendor,
			   "/dev/kvm is missing: is KVM loaded (" KW_LOAD_KVM ")?");
	return add(l, "KVM", "ok", vendor, "/dev/kvm is there");
}

static int check_compiler(struct kw_listing *l)
{
	if (!kw_compiler_is_off())
		return 0;
	return add(l, "BPF compiler", "off", KW_COMPILER,
		   "programs are slow, and newer kernels refuse them: sysctl "
		   "net.core.bpf_jit_enable=1");
}

/* What programs cost is measured only if somebody asks for it. */
static int check_stats(struct kw_listing *l)
{
	_cleanup_close_ int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	return add(l, "run times", fd >= 0 ? "ok" : "missing", "BPF_ENABLE_STATS",
		   fd >= 0 ? "how often and how long BPF programs run"
			   : "how often and how long BPF programs run; without it, cost and "
			     "--budget are unavailable");
}

/* Of guests, not only to user space. */
static int check_exits(struct kw_listing *l, const struct kw_engine *e)
{
	char means[300];

	if (!e->user_exits)
		return 0;
	snprintf(means, sizeof(means), "%s: %s; exits to user space are taken instead",
		 e->no_exits.def->purpose, e->no_exits.why[0]);
	return add(l, e->no_exits.def->name, "missing", NULL, means);
}

static int check_hook(struct kw_listing *l, const struct kw_engine *e, const struct kw_hook *h,
		      bool wanted)
{
	struct kw_program program;
	bool works = kw_engine_program(e, h, &program);
	char means[600];
	size_t n;

	if (!wanted)
		return 0;
	n = snprintf(means, sizeof(means), "%s", h->def->purpose);
	for (int i = 0; i < KW_VARIANTS && n < sizeof(means); i++)
		if (*h->why[i])
			n += snprintf(means + n, sizeof(means) - n, "; %s refused (%s)",
				      h->def->program[i], h->why[i]);
	if (h->variant < 0 && n < sizeof(means))
		snprintf(means + n, sizeof(means) - n, "; without it, %s",
			 h->def->without ?: "its collector is unavailable");
	return add_row(l, h->def->name,
		       h->variant < 0 ? "missing"
		       : works	      ? "ok"
				      : "not tried",
		       kw_engine_variant(e, h), works ? &program : NULL, means);
}

/* What a collector lacks: all that it needs, if there is any of that, else what it is less without.
 */
static size_t add_lacks(const struct kw_engine *e, const struct kw_collector *c, bool needed,
			char *text, size_t size)
{
	size_t n = strlen(text), lacks = 0;

	for (size_t k = 0; k < e->n_hooks; k++) {
		const struct kw_hook *h = &e->hook[k];

		if (!kw_hook_serves(e, k, c) || h->variant >= 0 ||
		    kw_hook_needed(e, k, c) != needed)
			continue;
		lacks++;
		if (n < size && (needed || !strstr(text, h->def->without)))
			n += needed ? snprintf(text + n, size - n, "; needs %s (%s)", h->def->name,
					       kw_hook_why(h))
				    : snprintf(text + n, size - n, "; without %s, %s", h->def->name,
					       h->def->without);
	}
	return lacks;
}

static int check_collector(struct kw_listing *l, const struct kw_engine *e, size_t i,
			   const struct kw_collector *c, int open_err)
{
	const char *state = open_err || e->missing[i] ? "unavailable" : "reduced";
	bool lacks_exits = e->user_exits && (c->of_guest_exits || c->of_exits);
	char means[4000];

	snprintf(means, sizeof(means), "%s%s%s", c->help,
		 !lacks_exits	     ? ""
		 : c->of_guest_exits ? "; needs exits of guests"
				     : "; without exits of guests, columns are missing: ",
		 lacks_exits && c->of_exits ? c->of_exits : "");
	if (kw_foreign(e, c))
		snprintf(means, sizeof(means), "%s; needs what KVM tells on other processors only",
			 c->help);
	else if (!add_lacks(e, c, true, means, sizeof(means)) &&
		 !add_lacks(e, c, false, means, sizeof(means)) && !open_err && !lacks_exits)
		state = "ok";
	return add(l, c->name, state, NULL, means);
}

static bool wanted(const struct kw_options *o, const struct kw_engine *e, size_t k)
{
	for (size_t i = 0; i < o->wants.n; i++)
		if (kw_hook_serves(e, k, o->wants.collector[i]))
			return true;
	return false;
}

/* Everything; of the cheaper ways to time exits, which are of that collector alone, just that. */
static void want_all(struct kw_options *o)
{
	bool all = o->wants.timing == KW_TIMED_ALL;
	const struct kw_collector *c;

	for (size_t i = 0; (c = kw_collector(i)); i++)
		if (all || !strcmp(c->name, "exits"))
			kw_wants_add(&o->wants, c);
	o->wants.events = all;
}

/* ---- of a recording: where it is from, and what is in it ---- */

static int add_about(struct kw_listing *l, const struct kw_about *a)
{
	char host[200], clock[64];

	snprintf(host, sizeof(host), "%s, boot %s", a->host, a->boot_id);
	return add(l, "kernel", "recorded", a->kernel, a->arch) ?:
	       add(l, "host", "recorded", NULL, host) ?:
	       add(l, "begin", "recorded", NULL, kw_format_time(a->real_ns, clock, sizeof(clock))) ?:
	       add(l, "command", "recorded", a->tool, a->command);
}

static int add_recorded(struct kw_listing *l, const struct kw_options *o, const struct kw_source *s)
{
	const struct kw_wants *w = &o->wants;
	int err = 0;

	for (size_t i = 0; i < w->n && !err; i++) {
		size_t end = i + 1 < w->n ? w->first[i + 1] : w->n_tables;

		err = add(l, w->collector[i]->name, *s->unavailable[i] ? "unavailable" : "ok", NULL,
			  *s->unavailable[i] ? s->unavailable[i] : w->collector[i]->help);
		for (size_t t = w->first[i]; t < end && !err; t++)
			if (*s->lacks[t])
				err = add(l, w->table[t]->name, "reduced", NULL, s->lacks[t]);
	}
	return err;
}

/* As it is at the end. */
static int check_recording(struct kw_options *o)
{
	struct kw_listing l = { .name = "check",
				.column = columns,
				.n_columns = ARRAY_SIZE(columns) };
	const struct kw_collector *c;
	struct kw_source *source;
	uint64_t start_ns;
	bool damaged;
	int err;

	for (size_t i = 0; (c = kw_collector(i)); i++)
		kw_wants_add(&o->wants, c);
	err = kw_source_file_open(&o->wants, &source);
	if (err)
		return kw_exit_code(err);
	err = source->start(source, &start_ns) ?: add_about(&l, source->about);
	if (!err && source->wait(source, UINT64_MAX, NULL, NULL) < 0)
		err = -EIO;
	err = err ?: add_recorded(&l, o, source);
	damaged = source->damaged;
	for (size_t i = 0; i < (o->n_outputs ?: 1) && !err; i++)
		err = kw_listing_print(&l, o->n_outputs ? o->output[i] : "table", &o->view);
	kw_listing_release(&l);
	source->close(source);
	return kw_exit_code(err) ?: damaged ? KW_EXIT_FAILED : 0;
}

int kw_cmd_check(struct kw_options *o, kw_source_open_fn open)
{
	struct kw_listing l = { .name = "check",
				.column = columns,
				.n_columns = ARRAY_SIZE(columns) };
	struct kw_engine engine = {};
	int err, open_err;

	(void)open;
	if (o->wants.input)
		return check_recording(o);
	want_all(o);
	open_err = kw_engine_choose_isa(&o->wants) ?: kw_engine_open(&o->wants, &engine);
	if (open_err == -EPERM || open_err == -EACCES)
		kw_say("not permitted to load BPF programs; run as root, or with CAP_BPF, "
		       "CAP_PERFMON and "
		       "CAP_SYS_ADMIN");
	err = check_kernel(&l) ?: check_btf(&l) ?: check_kvm(&l) ?: check_compiler(&l) ?: check_stats(&l);
	err = err ?: check_exits(&l, &engine);
	for (size_t i = 0; i < engine.n_hooks && !err; i++)
		err = check_hook(&l, &engine, &engine.hook[i], wanted(o, &engine, i));
	for (size_t i = 0; i < o->wants.n && !err; i++)
		err = check_collector(&l, &engine, i, o->wants.collector[i], open_err);
	for (size_t i = 0; i < (o->n_outputs ?: 1) && !err; i++)
		err = kw_listing_print(&l, o->n_outputs ? o->output[i] : "table", &o->view);
	kw_engine_close(&engine);
	kw_listing_release(&l);
	if (err)
		return kw_exit_code(err);
	return open_err == -EACCES ? KW_EXIT_PERMISSION : open_err ? kw_exit_code(open_err) : 0;
}
