/* SPDX-License-Identifier: MIT */
/* What a CDN is asked for a purge: the templates of gate.yaml filled in. Pure. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "gate/config/config.h"
#include "gate/purge/purge.h"

/* {url}, {url_bare} (without its scheme), {url_encoded}, {tag} (encoded in a URL), {service}, {token}. In a body that
 * begins with '{' or '[' all are escaped as JSON wants it. Other words in braces stay as they are.
 *
 * The call for a purge; that of everything where a smaller one is not to be had; NULL: there is none. */
const struct gate_cdn_call *cdn_call_for(const struct gate_cdn *c, enum purge_what what);

/* Whom to ask, and the request without its first line and Host: fields and body. -EINVAL. */
int cdn_request_write(const struct gate_cdn *c, const struct gate_cdn_call *call, const struct purge *p,
    const char *token, struct buf *url, struct buf *rest);
