/* SPDX-License-Identifier: MIT */
/* Texts of others inside what the gate writes: nothing of them can end the place that they are in. Pure. */
#pragma once

#include "base/buf.h"
#include "net/field.h"

/* As a part of a URL: all but what is unreserved is encoded (RFC 3986, section 2.3). */
void encode_url(struct buf *out, struct text t);
/* As the inside of a JSON string (RFC 8259, section 7). */
void encode_json(struct buf *out, struct text t);
/* As the text of an XML element (XML 1.0, section 2.4). */
void encode_xml(struct buf *out, struct text t);
/* A URL that may have been written without encoding: what cannot stand in one is encoded, all else stays. */
void encode_unsafe(struct buf *out, struct text t);
