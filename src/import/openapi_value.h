/* SPDX-License-Identifier: MIT */
/* Values for what an API description asks for, from its examples, defaults and schemas. */
#pragma once

#include <jansson.h>

#include "import/scenario_draft.h"

struct openapi {
	struct draft *d;
	const char *name;      /* of the file */
	const json_t *root;
	bool swagger;          /* version 2 */
	const json_t *open[16];   /* schemas that are being written, so that circles are seen */
	size_t n_open;
};

/* What a "$ref" inside the file leads to (JSON pointer, RFC 6901), else the node itself. NULL: it
 * leads nowhere, in a circle, or to another file; that is noted. */
const json_t *openapi_resolve(struct openapi *api, const json_t *node);

/* A parameter's value as text with expressions; NULL: none can be told. */
const char *openapi_parameter(struct openapi *api, const json_t *parameter);

/* A JSON document that follows the schema (or the media type's example); NULL: none can be told. */
const char *openapi_body(struct openapi *api, const json_t *media, const json_t *schema);
