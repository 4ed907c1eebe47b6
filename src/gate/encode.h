/* SPDX-License-Identifier: MIT */
/* Texts of others inside what the gate writes: nothing of them can end the place that they are in. Pure. */
#pragma once

#include "base/buf.h"
#include "net/field.h"

/* As a part of a URL: all but what is unreserved is encoded (RFC 3986, section 2.3). */
void encode_url(struct buf *out, struct text t);
/* As the inside of a JSON string (RFC 8259, section 7). */
void encode_json(struct buf *out, struct text t);
