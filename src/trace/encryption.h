/* SPDX-License-Identifier: MIT */
/* encryption: whether what the service says over TLS can be read, and how. */
#pragma once

#include <stdbool.h>

#include "run/run.h"
#include "symbol/symbol.h"
#include "trace/collect.h"

/* Probe OpenSSL in each process, in a library or in the program itself; says in r->eyes ("TLS")
 * what came of it. False: the service is loaded over TLS, and its requests cannot be read; *ret_why
 * then says why, in memory of the run. */
bool encryption_open(struct collect *c, struct symbols *symbols, struct run *r,
    const char **ret_why);

/* After the windows: the probes could not be made after all. */
void encryption_end(struct collect *c, struct run *r);
