/* SPDX-License-Identifier: MIT */
/* Ports for services to listen on. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* A port that nobody on this host has bound. It is none of the ports that were chosen before (of
 * those that a process can remember), nor one that the kernel gives to outgoing connections: those
 * of the load would take it before the service does. Control thread. */
int port_choose(uint16_t *ret, struct err *e);

/* Can it be bound now? */
bool port_is_free(uint16_t port);

/* The text with the number in place of each "{port}", in the arena. */
struct arena;
const char *port_fill_in(struct arena *a, const char *text, uint16_t port);
