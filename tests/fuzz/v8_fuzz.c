/* SPDX-License-Identifier: MIT */
/* A heap of anything: the bytes are what another process has wherever V8's objects are looked
 * for. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "trace/v8_code.h"
#include "trace/v8_heap.h"
#include "trace/v8_positions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes { const uint8_t *data; size_t size; };

static bool
read_bytes(void *ctx, uint64_t address, void *out, size_t size)
{
	const struct bytes *b = ctx;
	if (address > b->size || size > b->size - address)
		return false;
	memcpy(out, b->data + address, size);
	return true;
}

/* As Node 20 has it. */
static const struct v8_layout layout = { .context_slot = -8, .function_slot = -16, .map_type = 12,
	.function_shared = 24, .function_code = 48, .shared_name = 16, .shared_script = 32,
	.script_name = 16, .script_source = 8, .string_length = 12, .string_chars = 16,
	.external_resource = 16, .cons_first = 16, .cons_second = 24, .sliced_parent = 16,
	.sliced_offset = 24, .thin_actual = 16, .array_length = 8, .array_data = 16,
	.code_positions = 24, .code_deopt = 16, .code_start = 40, .code_size = 56, .code_flags = 48,
	.kind_mask = 15, .kind_baseline = 11, .deopt_literals = 2, .deopt_inlined = 1,
	.deopt_positions = 7, .scope_locals = 2, .scope_first = 3, .type_shared = 262,
	.type_scope = 261, .type_script = 167, .first_nonstring = 128, .string_shape_mask = 7,
	.string_one_byte = 8, .cons_tag = 1, .external_tag = 2, .sliced_tag = 3, .thin_tag = 5 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size < 4096 ? size : 4096 };
	struct v8_heap h;
	const struct v8_function *inlined[V8_INLINED_MAX];
	char text[256];

	v8_heap_init(&h, &layout, read_bytes, &bytes);
	for (uint64_t at = 0; at < bytes.size; at += 8) {
		uint64_t shared, code;
		v8_heap_function(&h, at + 1);
		v8_heap_text(&h, at + 1, text, sizeof(text));
		v8_code_inlined(&h, at + 1, at, inlined);
		v8_heap_closure(&h, at + 1, &shared, &code);
		v8_code_dispatched(&h, at, (uint32_t)at << 5);
	}
	v8_heap_done(&h);
	for (uint64_t at = 0; at < 64; at += 7)
		v8_position_unpack(v8_position_find(data, size, at));
	return 0;
}
