/* SPDX-License-Identifier: MIT */
/* Any bytes as the answer to a batch, and its first ones as the target of a request: no crash; what a client gets is one
 * whole JSON value of the answer, and each key has its own; what is a key has a place in a call. */
#include <stdlib.h>
#include <string.h>

#include "gate/batch/batch_call.h"
#include "gate/batch/batch_split.h"

#define KEYS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_value(struct text answer, struct text value)
{
	struct view all;

	if (value.at < answer.at || value.at + value.size > answer.at + answer.size)
		abort();
	if (json_find(&(struct json_pointer){ 0 }, value.at, value.size, &all) != JSON_FOUND || all.size != value.size)
		abort();
}

static void
check_key(const struct gate_batch *b, struct text target)
{
	char out[BATCH_KEY_MAX];
	struct buf call = { 0 };
	struct text key;

	if (!batch_key(b, target, out, &key))
		return;
	batch_target_write(b, &key, 1, &call);
	if (!key.size || memchr(call.data, '&', call.size) || memchr(call.data, ',', call.size))
		abort();
	buf_done(&call);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct view id = { "id", 2 }, d = { "d", 1 };
	const struct gate_around here = { { "/", 1 }, { "", 0 } };
	struct gate_batch b = { .from = here, .into = here, .join = ",", .key = { &id, 1 } };
	struct text values[KEYS], answer = { (const char *)data + 1, size - 1 };
	struct map keys = { 0 };

	if (!size)
		return 0;
	for (uint64_t i = 0; i < KEYS; i++)
		*map_at(&keys, &"123"[i], 1, NULL) = i;
	b.by = (enum gate_batch_by)(data[0] % 3);
	b.numbers = data[0] & 4;
	b.items = (struct json_pointer){ &d, data[0] >> 3 & 1 };
	b.value = (struct json_pointer){ &d, data[0] >> 4 & 1 };
	if (batch_split(&b, &keys, KEYS, answer, values) == BATCH_FITS)
		for (int i = 0; i < KEYS; i++)
			if (values[i].at)
				check_value(answer, values[i]);
	map_done(&keys);
	check_key(&b, answer);
	return 0;
}
