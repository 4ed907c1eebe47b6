/* SPDX-License-Identifier: MIT */
/* Requests signed with a secret that is not sent: AWS Signature Version 4 ("Create a signed AWS API request" in AWS's
 * IAM User Guide) and Akamai EdgeGrid's EG1-HMAC-SHA256 (techdocs.akamai.com/developer/docs/edgegrid). Pure; any
 * thread. */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "net/field.h"
#include "net/url.h"

/* As it is sent: Host is to->authority, and the path of `to` is of unreserved letters and has no query. */
struct sign_request {
	const char *method;
	const struct url *to;
	const char *type;        /* Content-Type; NULL: not signed */
	struct text body;
	int64_t wall_ns;         /* now */
};

struct sign_aws4 {
	struct text key_id, secret, session;   /* session: empty, there is none */
	const char *region, *service;
};

struct sign_edgegrid {
	struct text client_token, client_secret, access_token;
	const char *nonce;       /* never twice */
};

/* Adds the fields that are sent beside. -ENOTRECOVERABLE: OpenSSL does not do it. */
int sign_aws4(const struct sign_request *r, const struct sign_aws4 *by, struct buf *fields);
int sign_edgegrid(const struct sign_request *r, const struct sign_edgegrid *by, struct buf *fields);
