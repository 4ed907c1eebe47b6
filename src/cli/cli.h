/* SPDX-License-Identifier: MIT */
/* cli: words of the command line in, calls, faces out. The only layer that prints. */
#pragma once

/* Runs one command; returns the process's exit status (enum status, base/err.h). */
int cli_main(int argc, char **argv);
