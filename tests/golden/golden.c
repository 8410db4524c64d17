// SPDX-License-Identifier: Apache-2.0
/*
 * golden.c - the tool with the fake source, so that its output is always the same.
 * May not know about: what is tested.
 * To extend: cases are lines in the file cases.
 */
#include "../fake/fake.h"
#include "cli/run.h"

#include <locale.h>

static const char *exits(void)
{
	return "exits";
}

int main(int argc, char **argv)
{
	setlocale(LC_TIME, "");
	return kw_main(argc, argv, kw_fake_open, exits);
}
