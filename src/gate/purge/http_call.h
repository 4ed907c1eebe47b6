/* SPDX-License-Identifier: MIT */
/* One HTTP/1.1 request over a connection of its own, for threads that may wait. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/url.h"

/* `rest`: fields, an empty line and the body. `ca_file`: whom to trust instead of the system; NULL: the system. `stop`:
 * a descriptor that becomes readable when it is to be given up (-ECANCELED). The answer's status; of one from 400 on
 * also what of its body there is, 64 KiB or little more. -errno. */
int http_call(const struct url *to, const char *method, const char *rest, size_t rest_size, const char *ca_file,
    int64_t timeout_ns, int stop, int *ret_status, struct buf *ret_why,
    struct err *e);
