/* SPDX-License-Identifier: MIT */
/* goroutines: what the goroutines of Go programs wait for, read from outside without stopping them.
 *
 * runtime.allgs lists them; each tells its state, why it waits and where (runtime/runtime2.go). Read
 * by process_vm_readv every 20 ms; which offsets the fields have is in the program's own DWARF, so a
 * program that was stripped (-ldflags=-s -w) cannot be looked at this way. Only goroutines that serve
 * a request count: those whose stack holds a function of a server that calls handlers. */
#pragma once

#include "trace/stacks.h"
#include "trace/tape.h"

struct goroutines;

struct goroutines *goroutines_new(struct symbols *symbols, struct stacks *stacks);
void goroutines_free(struct goroutines *g);   /* accepts NULL */

/* 0; -ENOENT: no Go program; -ENOTSUP: without symbols; -EPERM: may not be read. */
int goroutines_add(struct goroutines *g, int pid);

/* Looks at every process once and puts what it sees onto the tape. */
void goroutines_look(struct goroutines *g, struct tape *t, int64_t now);
