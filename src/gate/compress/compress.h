/* SPDX-License-Identifier: MIT */
/* Whether a response is compressed on its way, and how: RFC 9110, sections 8.4, 12.4.2 and 12.5.3;
 * RFC 9111, section 5.2.2.6 (no-transform). Pure; compressor.h does the work. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "gate/config/config.h"
#include "net/http_fields.h"

enum coding { CODING_IDENTITY, CODING_GZIP, CODING_DEFLATE, CODING_BR, CODING_ZSTD, CODINGS };

/* As it stands in Content-Encoding. */
const char *coding_name(enum coding c);

/* What a client takes, in thousandths; 0: not at all. */
struct coding_weights {
	uint16_t of[CODINGS];
};

/* From all Accept-Encoding fields of a request; without one only identity is taken. Of members that are not
 * as the RFC has them nothing is believed. */
struct coding_weights coding_weights_read(const struct http_fields *request);

/* The coding that the client likes best; among equals the one that costs least for what it saves: on the fly
 * that is zstd, then gzip; for what is stored and served often brotli. `stored`: compressed once. */
enum coding coding_choose(const struct coding_weights *w, bool stored);

struct compress_answer {
	int status;
	int64_t body_bytes;             /* -1: not known yet */
	const struct http_fields *fields;
};

/* What to do with a response, be it to a GET or to a HEAD. With a coding, Content-Length and Accept-Ranges go. */
struct compress_plan {
	enum coding coding;             /* CODING_IDENTITY: it passes as it is */
	bool vary;                      /* others would get it otherwise: add Accept-Encoding to Vary */
	bool weaken_etag;               /* a strong ETag must become weak: other bytes, the same meaning */
	enum coding lasting;            /* as good to the client, and better where it is stored */
};

struct compress_plan compress_decide(const struct gate_route_compress *rules,
    const struct http_fields *request, const struct compress_answer *answer);
