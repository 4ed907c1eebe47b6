/* SPDX-License-Identifier: MIT */
/* prony.yaml as a JSON Schema, from the setting rows: editors check and complete with it. */
#pragma once

#include <jansson.h>

json_t *spec_schema(void);   /* a new reference */
