// SPDX-License-Identifier: Apache-2.0
/*
 * main.c - parse, open the source, run the verb, return its exit code.
 * May not know about: anything but cli/run.h and the source to use.
 * To extend: another source is chosen here.
 */
#include "cli/run.h"

#include <locale.h>

int main(int argc, char **argv)
{
	setlocale(LC_TIME, "");
	return kw_main(argc, argv, kw_source_live_open, kw_live_collectors);
}
