/* SPDX-License-Identifier: MIT */
/* Any statement text, also cut off: the fingerprint holds no quoted value and fits its room. */
#include "base/fingerprint.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *sql = malloc(size + 1), out[64];
	if (!sql)
		abort();
	memcpy(sql, data, size);
	sql[size] = '\0';
	fingerprint_sql(sql, out, sizeof(out));
	if (strlen(out) >= sizeof(out) || (!strpbrk(sql, "\"`") && strchr(out, '\'')))
		abort();
	free(sql);
	return 0;
}
