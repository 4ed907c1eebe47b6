/* SPDX-License-Identifier: MIT */
/* The memory of a Java machine: two words (where its description is), then the bytes from BASE on. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "symbol/hotspot.h"

#define BASE UINT64_C(0x7f0000100000)
enum { STEPS = 64, WORDS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct image { const uint8_t *bytes; size_t size; };

static bool
read_image(void *ctx, uint64_t address, void *out, size_t size)
{
	const struct image *i = ctx;
	if (address < BASE || address - BASE > i->size || i->size - (address - BASE) < size)
		return false;
	memcpy(out, i->bytes + (address - BASE), size);
	return true;
}

static bool
anywhere(void *ctx, uint64_t ip)
{
	return hotspot_covers(ctx, ip);
}

static void
walk(struct hotspot *h, uint64_t ip, const uint64_t *stack)
{
	uint32_t made[8];
	struct hotspot_frame f = { .ip = ip, .sp = BASE, .bp = BASE + 128, .exact = true,
		.stack = (const uint8_t *)stack, .stack_start = BASE, .stack_size = WORDS * 8,
		.is_code = anywhere, .ctx = h };
	for (int i = 0; i < STEPS && hotspot_covers(h, f.ip); i++) {
		hotspot_names(h, &f, made, 8);
		if (!hotspot_step(h, &f))
			break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t head[2], stack[WORDS] = { 0 };
	struct hotspot *h;
	struct err e = { 0 };
	if (size < sizeof(head))
		return 0;
	memcpy(head, data, sizeof(head));
	struct image image = { data + sizeof(head), size - sizeof(head) };
	struct hotspot_memory memory = { read_image, &image };
	struct symbol_list made = { .arena = arena_new() };
	*ARENA_PUSH(made.arena, made.items, made.n) = (struct symbol){ .name = "[java]" };
	if (hotspot_open_memory(&h, &memory, head[0], head[1], &made, &e) == 0) {
		size_t n = image.size < sizeof(stack) ? image.size : sizeof(stack);
		memcpy(stack, image.bytes + image.size - n, n);
		for (uint64_t at = 0; at < image.size; at += 61)
			walk(h, BASE + at, stack);
		hotspot_free(h);
	}
	arena_free(made.arena);
	return 0;
}
