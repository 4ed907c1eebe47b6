/* SPDX-License-Identifier: MIT */
/* One HTTP/1.1 request over a connection of its own, for threads that may wait. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/url.h"

struct http_answer {
	int status;
	int64_t retry_ns;   /* Retry-After; 0: it does not say */
	struct buf body;    /* from 400 on, what there is of it: 64 KiB or little more; the caller's */
};

/* `rest`: fields, an empty line and the body. `ca_file`: whom to trust instead of the system; NULL: the system. `stop`:
 * a descriptor that becomes readable when it is to be given up (-ECANCELED). `ret` begins zeroed. 0 or -errno. */
int http_call(const struct url *to, const char *method, const char *rest, size_t rest_size, const char *ca_file,
    int64_t timeout_ns, int stop, struct http_answer *ret, struct err *e);
void http_answer_done(struct http_answer *a);
