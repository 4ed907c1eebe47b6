/* SPDX-License-Identifier: MIT */
/* Optimised code keeps, for its calls, which position of which inlined call they come from; the
 * deoptimisation data names each inlined call's function and where that was called in turn. */
#include "trace/v8_code.h"

#include <string.h>

#include "trace/v8_positions.h"

enum { CODE_BYTES = 128, TABLE_BYTES_MAX = 1 << 19, CODES_MAX = 16384, POSITION_BYTES = 16,
	DEOPT_WORDS_MAX = 16 };

struct bytes { uint8_t *at; size_t size; };

struct known_code {
	uint8_t head[CODE_BYTES];      /* as it was read; a change means it is another */
	bool known, optimised;
	uint64_t start, size;
	struct bytes positions;        /* of instructions */
	struct bytes literals;         /* inlined functions' SharedFunctionInfos */
	struct bytes inlinings;
};

static uint64_t
word_at(const uint8_t *bytes, size_t at)
{
	uint64_t word;
	memcpy(&word, bytes + at, sizeof(word));
	return word;
}

/* The elements of an array object; `width` bytes each, no more than `max`. */
static bool
read_array(struct v8_heap *h, uint64_t array, size_t width, size_t max, struct bytes *ret)
{
	const struct v8_layout *l = h->layout;
	uint64_t length;
	if (!V8_IS_OBJECT(array) || !h->read(h->ctx, array - 1 + (uint64_t)l->array_length, &length,
	        sizeof(length)) ||
	    !V8_IS_SMALL(length) || V8_SMALL(length) < 0)
		return false;
	size_t n = (size_t)V8_SMALL(length) < max ? (size_t)V8_SMALL(length) : max;
	if (n * width > TABLE_BYTES_MAX)
		return false;
	ret->size = n * width;
	ret->at = arena_alloc(h->arena, ret->size + 1);
	return n == 0 || h->read(h->ctx, array - 1 + (uint64_t)l->array_data, ret->at, ret->size);
}

static bool
load_inlinings(struct v8_heap *h, struct known_code *k)
{
	const struct v8_layout *l = h->layout;
	const int numbers[] = { l->deopt_inlined, l->deopt_literals, l->deopt_positions };
	struct bytes deopt;
	if (!read_array(h, word_at(k->head, (size_t)l->code_deopt), 8, DEOPT_WORDS_MAX, &deopt))
		return false;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if ((size_t)numbers[i] >= deopt.size / 8)
			return false;
	uint64_t count = word_at(deopt.at, (size_t)l->deopt_inlined * 8);
	if (!V8_IS_SMALL(count) || V8_SMALL(count) < 0)
		return false;
	if (V8_SMALL(count) == 0)
		return true;
	return read_array(h, word_at(deopt.at, (size_t)l->deopt_literals * 8), 8,
	           (size_t)V8_SMALL(count), &k->literals) &&
	    read_array(h, word_at(deopt.at, (size_t)l->deopt_positions * 8), 1, TABLE_BYTES_MAX,
	        &k->inlinings) &&
	    read_array(h, word_at(k->head, (size_t)l->code_positions), 1, TABLE_BYTES_MAX,
	        &k->positions);
}

static bool
load_code(struct v8_heap *h, uint64_t code, struct known_code *k)
{
	const struct v8_layout *l = h->layout;
	uint32_t size, flags;
	memcpy(&size, k->head + l->code_size, sizeof(size));
	memcpy(&flags, k->head + l->code_flags, sizeof(flags));
	int kind = (int)(flags & (uint32_t)l->kind_mask) >> l->kind_shift;
	k->start = l->code_inside ? code - 1 + (uint64_t)l->code_start :
	    word_at(k->head, (size_t)l->code_start);
	k->size = size;
	k->optimised = kind > l->kind_baseline;
	k->positions = k->literals = k->inlinings = (struct bytes){ 0 };
	return !k->optimised || load_inlinings(h, k);
}

static bool
knows_code(const struct v8_layout *l)
{
	const int last[] = { l->code_deopt, l->code_positions, l->code_size, l->code_flags,
		l->code_inside ? 0 : l->code_start };
	const int numbers[] = { l->deopt_inlined, l->deopt_literals, l->deopt_positions };
	for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++)
		if (last[i] < 0 || last[i] > CODE_BYTES - 8)
			return false;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i] < 0 || numbers[i] >= DEOPT_WORDS_MAX)
			return false;
	return l->code_positions > 0 && l->kind_shift >= 0 && l->kind_shift < 32;
}

static const struct known_code *
code_at(struct v8_heap *h, uint64_t code)
{
	uint8_t head[CODE_BYTES];
	bool new;
	if (!V8_IS_OBJECT(code) || !knows_code(h->layout) ||
	    !h->read(h->ctx, code - 1, head, sizeof(head)))
		return NULL;
	if (h->codes.count >= CODES_MAX && !map_find(&h->codes, &code, sizeof(code)))
		return NULL;
	uint64_t *at = map_at(&h->codes, &code, sizeof(code), &new);
	if (new)
		*at = (uint64_t)(uintptr_t)arena_alloc(h->arena, sizeof(struct known_code));
	struct known_code *k = (struct known_code *)(uintptr_t)*at;
	if (new || memcmp(k->head, head, (size_t)h->layout->code_flags) != 0) {
		memcpy(k->head, head, sizeof(head));
		k->known = load_code(h, code, k);
	}
	return k->known ? k : NULL;
}

/* Number `i` (from 1) of the inlined calls: its function, and where it was called. */
static const struct v8_function *
inlining(struct v8_heap *h, const struct known_code *k, int i, uint64_t *ret_caller)
{
	size_t at = (size_t)(i - 1) * POSITION_BYTES;
	int32_t number;
	if (at + POSITION_BYTES > k->inlinings.size)
		return NULL;
	*ret_caller = word_at(k->inlinings.at, at);
	memcpy(&number, k->inlinings.at + at + 8, sizeof(number));
	if (number < 0 || (size_t)number >= k->literals.size / 8)
		return NULL;
	/* Held weakly: bit 1 is set. */
	return v8_heap_function(h, word_at(k->literals.at, (size_t)number * 8) & ~UINT64_C(2));
}

/* An entry: where the code begins; the Code object, above the count of parameters. */
uint64_t
v8_code_dispatched(struct v8_heap *h, uint64_t base, uint32_t handle)
{
	enum { HANDLE_SHIFT = 8, ENTRY_BYTES = 16, OBJECT_SHIFT = 16 };
	uint64_t entry[2], start;
	uint64_t at = base + (uint64_t)(handle >> HANDLE_SHIFT) * ENTRY_BYTES;
	if (!base || !knows_code(h->layout) || !h->read(h->ctx, at, entry, sizeof(entry)))
		return 0;
	uint64_t code = (entry[1] >> OBJECT_SHIFT) | 1;
	if (!entry[0] || !V8_IS_OBJECT(code) ||
	    !h->read(h->ctx, code - 1 + (uint64_t)h->layout->code_start, &start, sizeof(start)))
		return 0;
	return start == entry[0] ? code : 0;
}

size_t
v8_code_inlined(struct v8_heap *h, uint64_t code, uint64_t address,
    const struct v8_function *ret[V8_INLINED_MAX])
{
	const struct known_code *k = code_at(h, code);
	size_t n = 0;
	if (!k || !k->optimised || !k->inlinings.size || address < k->start ||
	    address - k->start >= k->size)
		return 0;
	uint64_t position = v8_position_find(k->positions.at, k->positions.size, address - k->start);
	for (int i = v8_position_unpack(position).inlining, last = INT32_MAX; i > 0 && i < last; ) {
		const struct v8_function *f = n < V8_INLINED_MAX ? inlining(h, k, i, &position) : NULL;
		if (!f)
			break;
		ret[n++] = f;
		last = i;
		i = v8_position_unpack(position).inlining;
	}
	return n;
}
