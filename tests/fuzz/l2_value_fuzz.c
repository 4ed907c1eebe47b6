/* SPDX-License-Identifier: MIT */
/* Any bytes as a value of the second level: as they are, and with a checksum that fits, so that what stands behind
 * it is read too. What is taken for good is written again and is the same then. */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "gate/level2/l2_value.h"

#define MOST 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
lies_in(struct text part, struct text all)
{
	return !part.size || (part.at >= all.at && part.at + part.size <= all.at + all.size);
}

static void
write_again(struct l2_packer *p, struct l2_value v, struct text body)
{
	struct buf out = { 0 };
	struct l2_value again;

	v.body = body;
	l2_value_write(p, &v, &out);
	if (l2_value_read((struct text){ out.data, out.size }, MOST, &again) != L2_VALUE_GOOD ||
	    again.body_bytes != v.body_bytes || again.key.size != v.key.size)
		abort();
	buf_done(&out);
}

static void
look(struct l2_packer *p, struct text bytes)
{
	struct l2_value v;
	struct text body;

	if (l2_value_read(bytes, MOST, &v) != L2_VALUE_GOOD)
		return;
	if (!lies_in(v.key, bytes) || !lies_in(v.vary, bytes) || !lies_in(v.head, bytes) ||
	    !lies_in(v.body, bytes) || v.body_bytes > MOST)
		abort();
	if (!l2_value_unpack(p, &v, &body))
		return;
	if (body.size != v.body_bytes)
		abort();
	char *copy = malloc(body.size + 1);
	memcpy(copy, body.at, body.size);
	write_again(p, v, (struct text){ copy, body.size });
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct l2_packer *p = l2_packer_new();
	unsigned char *copy = malloc(size + 1);

	look(p, (struct text){ (const char *)data, size });
	memcpy(copy, data, size);
	if (size > 16) {
		uint64_t check = XXH3_64bits(copy + 16, size - 16);
		for (int i = 0; i < 8; i++)
			copy[8 + i] = (unsigned char)(check >> 8 * i);
		look(p, (struct text){ (const char *)copy, size });
	}
	free(copy);
	l2_packer_free(p);
	return 0;
}
