/* SPDX-License-Identifier: MIT */
/* The admin socket: HTTP/1.1 over a Unix socket of the gate's own user, for `prony gate status`, curl and
 * scripts. What is asked there is in admin_request.h; answers are JSON, but for /metrics. */
#pragma once

#include "base/err.h"

struct admin;
struct house;

/* The socket of a gate that is dead is replaced, that of a living one refused. */
int admin_open(struct house *h, const char *path, struct admin **ret, struct err *e);
void admin_close(struct admin *a);   /* the socket is gone then; accepts NULL */
