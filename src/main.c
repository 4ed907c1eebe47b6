/* SPDX-License-Identifier: MIT */
/* prony: the dynamometer for services. */
#include "cli/cli.h"

int
main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
