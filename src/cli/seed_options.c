// SPDX-License-Identifier: Apache-2.0
/*
 * seed_options.c - the options of the reference README, for those who know them: they are
 * translated into a command line with a verb.
 * May not know about: how anything is done.
 * To extend: a collector that carries on one of the reference's modes is a line in modes[].
 */
#define _GNU_SOURCE
#include "../core/log.h"
#include "../util/cleanup.h"
#include "options.h"
#include "version.h"

#include <argp.h>
#include <errno.h>
#include <string.h>

/* Key of a second long name: no character, so that it is no short option. */
#define ALIAS 0x100

/* Modes of the reference, and what shows them here. */
static const struct mode {
	struct argp_option argp;
	const char *collector;
} modes[] = {
	{ { "vm_exit", 'e', NULL, 0, "Exits", 1 }, "exits" },
	{ { "kvmmmu_page_fault", 'f', NULL, 0, "Page faults", 1 }, "faults" },
	{ { "mmio", 'm', NULL, 0, "MMIO", 1 }, "mmio" },
	{ { "mark_page_dirty", 'd', NULL, 0, "Dirty pages; how often each, at the end", 1 },
	  "dirty" },
	{ { "halt_poll_ns", 'n', NULL, 0, "Changes of halt-polling", 1 }, "halt" },
	{ { "vcpu_wakeup", 'w', NULL, 0, "vCPU wake-ups", 1 }, "halt" },
	{ { "kvm_irq", 'i', NULL, 0, "Interrupts", 1 }, "irq" },
	{ { "irq_inject", ALIAS, NULL, OPTION_ALIAS, NULL, 1 }, "irq" },
	{ { "kvm_irqchip", 'c', NULL, 0, "Interrupts by source", 1 }, "irq" },
	{ { "kvm_ioctl", 'l', NULL, 0, "ioctls of the VMM", 1 }, "ioctl" },
	{ { "vcpu_load", 'o', NULL, 0, "Where vCPUs run", 1 }, "load" },
	{ { "kvm_timer", 'T', NULL, 0, "Timers of the local APICs", 1 }, "timer" },
	{ { "hypercall", 'y', NULL, 0, "Hypercalls", 1 }, "hypercall" },
};

static const struct argp_option others[] = {
	{ "stat", 's', NULL, 0, "Statistics at the end", 2 },
	{ "vm_pid", 'p', "PID", 0, "Only this VM's process", 2 },
	{ "monitoring_time", 't', "SEC", 0, "How long to watch", 2 },
	{ "verbose", 'v', NULL, 0, "Say more", 2 },
	{ "version", 'V', NULL, 0, "Print the version", 2 },
	{ "help", '?', NULL, 0, "This help", 2 },
	{ "usage", 'U', NULL, 0, "Short usage", 2 },
	{},
};

struct seed {
	unsigned int modes; /* bits of modes[] */
	bool summary, verbose;
	char *pid, *seconds;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct seed *s = state->input;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (key == modes[i].argp.key) {
			s->modes |= 1u << i;
			return 0;
		}
	switch (key) {
	case 's':
		s->summary = true;
		return 0;
	case 'v':
		s->verbose = true;
		return 0;
	case 'p':
		s->pid = arg;
		return 0;
	case 't':
		s->seconds = arg;
		return 0;
	case 'V':
		printf("kvm_watcher %s\n", KW_VERSION);
		return ECANCELED;
	case '?':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP & ~ARGP_HELP_EXIT_OK);
		return ECANCELED;
	case 'U':
		argp_state_help(state, stdout, ARGP_HELP_USAGE & ~ARGP_HELP_EXIT_ERR);
		return ECANCELED;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Two modes can be one collector's. */
static bool is_listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = list; (p = strstr(p, name)); p += len)
		if ((p == list || p[-1] == ',') && (!p[len] || p[len] == ','))
			return true;
	return false;
}

static int collectors(const struct seed *s, char *dst, size_t size)
{
	*dst = 0;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!(s->modes & (1u << i)))
			continue;
		if (is_listed(dst, modes[i].collector))
			continue;
		if (*dst)
			strncat(dst, ",", size - strlen(dst) - 1);
		strncat(dst, modes[i].collector, size - strlen(dst) - 1);
	}
	if (!*dst) {
		kw_say("no mode is given, e.g. -e; try 'kvm_watcher --help'");
		return -EINVAL;
	}
	return 0;
}

static int translate(const struct seed *s, int *ret_argc, char ***ret_argv)
{
	char names[256];
	char **argv;
	int n = 0;

	if (collectors(s, names, sizeof(names)))
		return KW_EXIT_USAGE + 1;
	argv = calloc(12, sizeof(*argv));
	if (!argv)
		return KW_EXIT_FAILED + 1;
	argv[n++] = strdup("kvm_watcher");
	argv[n++] = strdup("stat");
	argv[n++] = strdup(names);
	if (s->summary)
		argv[n++] = strdup("-s");
	if (is_listed(names, "dirty"))
		argv[n++] = strdup("--page-counts");
	if (s->verbose)
		argv[n++] = strdup("-v");
	if (s->pid && asprintf(&argv[n], "--pid=%s", s->pid) > 0)
		n++;
	if (s->seconds && asprintf(&argv[n], "--time=%s", s->seconds) > 0)
		n++;
	*ret_argc = n;
	*ret_argv = argv;
	return 0;
}

int kw_seed_options(int argc, char **argv, int *ret_argc, char ***ret_argv)
{
	struct argp_option options[ARRAY_SIZE(modes) + ARRAY_SIZE(others)];
	struct argp argp = { .options = options, .parser = parse };
	struct seed seed = {};
	char name[] = "kvm_watcher", *first = argv[0];
	int err;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		options[i] = modes[i].argp;
	memcpy(options + ARRAY_SIZE(modes), others, sizeof(others));
	argv[0] = name;
	err = argp_parse(&argp, argc, argv, ARGP_NO_HELP | ARGP_NO_EXIT, NULL, &seed);
	argv[0] = first;
	if (err)
		return err == ECANCELED ? KW_EXIT_OK + 1 : KW_EXIT_USAGE + 1;
	return translate(&seed, ret_argc, ret_argv);
}
