/* SPDX-License-Identifier: MIT */
/* The admin socket: HTTP/1.1 over a Unix socket of the gate's own user, for `prony gate status`, curl and
 * scripts. What is asked there is in admin_request.h; answers are JSON, but for /metrics. */
#pragma once

#include "base/err.h"

struct admin;
struct house;

/* The socket of a gate that is dead is replaced, that of a living one refused. `listener`: one that was handed
 * over, which becomes the admin's; -1: there is none. */
int admin_open(struct house *h, const char *path, int listener, struct admin **ret, struct err *e);
int admin_listener(const struct admin *a);   /* to hand it over; accepts NULL: -1 */
/* From now on it is another process's: nobody is answered any more after who is being answered now. */
void admin_leave(struct admin *a);           /* accepts NULL */
void admin_close(struct admin *a);           /* the socket is gone then, if it is still ours; accepts NULL */
