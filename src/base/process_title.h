/* SPDX-License-Identifier: MIT */
/* process_title: what servers write over their arguments, for ps. Any user may read it, so it tells of servers
 * of other users whom they serve, and PostgreSQL also what with. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct process_title {
	const char *program;       /* static: "postgres", "redis-server", ... */
	uint16_t port;             /* that it listens on; 0 not told */
	uint16_t client;           /* port of the one connection that it serves; 0 none */
	char database[64];         /* "" not told */
	char doing[32];            /* "UPDATE", "idle"; "" not told */
	bool waits;                /* for a lock */
};

/* The first string of /proc/PID/cmdline. */
bool process_title_parse(const char *title, struct process_title *ret);
