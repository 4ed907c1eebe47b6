/* SPDX-License-Identifier: MIT */
#include "symbol/hotspot_code.h"

#include <errno.h>
#include <string.h>

enum { HOPS_MAX = 4096, SEGMENT_FREE = 0xff, BLOB_BYTES = 384, SCOPE_BYTES = 32, SCOPES_MAX = 64 };

/* ---- reading -------------------------------------------------------------------------------- */

static bool
read_at(const struct hotspot_cache *c, uint64_t address, void *out, size_t size)
{
	return c->memory->read(c->memory->ctx, address, out, size);
}

static bool
read_word(const struct hotspot_cache *c, uint64_t address, uint64_t *ret)
{
	return read_at(c, address, ret, sizeof(*ret));
}

static uint64_t
field_word(const struct hotspot_cache *c, const uint8_t *blob, enum hotspot_field f)
{
	uint64_t value = 0;
	int64_t at = c->layout->at[f];
	if (at >= 0 && (size_t)at + sizeof(value) <= BLOB_BYTES)
		memcpy(&value, blob + at, sizeof(value));
	return value;
}

static int32_t
field_int(const struct hotspot_cache *c, const uint8_t *blob, enum hotspot_field f)
{
	int32_t wide = 0;
	int16_t narrow = 0;
	int64_t at = c->layout->at[f];
	if (at < 0 || (size_t)at + sizeof(wide) > BLOB_BYTES)
		return 0;
	memcpy(&wide, blob + at, sizeof(wide));
	memcpy(&narrow, blob + at, sizeof(narrow));
	return c->layout->width[f] == 2 ? narrow : wide;
}

uint32_t
hotspot_number(int version, const uint8_t *bytes, size_t size, size_t *at)
{
	uint32_t excluded = version >= 20, last_below = 192 - excluded, sum = 0;
	for (unsigned i = 0; i < 5 && *at < size; i++) {
		uint32_t digit = bytes[(*at)++] - excluded;
		if (digit > 255)
			return 0;   /* a 0 that must not be */
		sum += digit << (6 * i);
		if (digit < last_below)
			break;
	}
	return sum;
}

/* ---- heaps ---------------------------------------------------------------------------------- */

static bool
read_heap(const struct hotspot_cache *c, uint64_t address, struct hotspot_heap *ret)
{
	const int64_t *at = c->layout->at;
	uint64_t memory = address + (uint64_t)at[HS_HEAP_MEMORY];
	uint64_t segmap = address + (uint64_t)at[HS_HEAP_SEGMAP];
	return read_word(c, memory + (uint64_t)at[HS_SPACE_LOW], &ret->low) &&
	    read_word(c, memory + (uint64_t)at[HS_SPACE_HIGH], &ret->high) &&
	    read_word(c, segmap + (uint64_t)at[HS_SPACE_LOW], &ret->segments) &&
	    read_at(c, address + (uint64_t)at[HS_HEAP_SEGMENT], &ret->log2_segment,
	        sizeof(ret->log2_segment)) &&
	    ret->low < ret->high && ret->log2_segment < 16;
}

int
hotspot_cache_read(struct hotspot_cache *c, const struct hotspot_layout *l,
    const struct hotspot_memory *m)
{
	uint64_t list, data, heap;
	int32_t n;

	*c = (struct hotspot_cache){ .layout = l, .memory = m };
	if (!read_word(c, (uint64_t)l->at[HS_CACHE_HEAPS], &list) || !list ||
	    !read_at(c, list + (uint64_t)l->at[HS_ARRAY_LENGTH], &n, sizeof(n)) ||
	    !read_word(c, list + (uint64_t)l->at[HS_ARRAY_DATA], &data))
		return -EIO;
	for (int32_t i = 0; i < n && i < HOTSPOT_HEAPS_MAX; i++)
		if (read_word(c, data + 8 * (uint64_t)i, &heap) &&
		    read_heap(c, heap, &c->heaps[c->n_heaps]))
			c->n_heaps++;
	return c->n_heaps ? 0 : -EIO;
}

static const struct hotspot_heap *
heap_of(const struct hotspot_cache *c, uint64_t pc)
{
	for (size_t i = 0; i < c->n_heaps; i++)
		if (pc >= c->heaps[i].low && pc < c->heaps[i].high)
			return &c->heaps[i];
	return NULL;
}

bool
hotspot_cache_covers(const struct hotspot_cache *c, uint64_t pc)
{
	return heap_of(c, pc) != NULL;
}

/* Start of the blob that holds pc: each byte says how many segments to go back, 0 is its first. */
static bool
find_blob(const struct hotspot_cache *c, uint64_t pc, uint64_t *ret)
{
	const struct hotspot_heap *h = heap_of(c, pc);
	uint8_t back, head[32];

	if (!h)
		return false;
	uint64_t segment = (pc - h->low) >> h->log2_segment;
	for (int i = 0; ; i++) {
		if (i == HOPS_MAX || !read_at(c, h->segments + segment, &back, 1) ||
		    back == SEGMENT_FREE || back > segment)
			return false;
		if (!back)
			break;
		segment -= back;
	}
	uint64_t block = h->low + (segment << h->log2_segment);
	int64_t used = c->layout->at[HS_BLOCK_USED];
	*ret = block + c->layout->size[HS_SIZE_HEAP_BLOCK];
	return used >= 0 && used < (int64_t)sizeof(head) && read_at(c, block, head, sizeof(head)) &&
	    head[used] != 0;
}

/* ---- blobs ---------------------------------------------------------------------------------- */

/* Small stubs end before a whole compiled method's head would. */
static bool
read_blob(const struct hotspot_cache *c, uint64_t blob, uint8_t bytes[BLOB_BYTES])
{
	memset(bytes, 0, BLOB_BYTES);
	return read_at(c, blob, bytes, BLOB_BYTES) ||
	    (c->layout->size[HS_SIZE_BLOB] <= BLOB_BYTES &&
	        read_at(c, blob, bytes, c->layout->size[HS_SIZE_BLOB]));
}

static enum hotspot_kind
kind_of(const char *name)
{
	if (!strcmp(name, "nmethod") || !strcmp(name, "native nmethod"))
		return HOTSPOT_COMPILED;
	return !strcmp(name, "Interpreter") ? HOTSPOT_INTERPRETED : HOTSPOT_STUB;
}

static void
read_name(const struct hotspot_cache *c, uint64_t address, char name[HOTSPOT_BLOB_NAME])
{
	if (!address || !read_at(c, address, name, HOTSPOT_BLOB_NAME))
		name[0] = '\0';
	name[HOTSPOT_BLOB_NAME - 1] = '\0';
	for (char *p = name; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

bool
hotspot_code_at(const struct hotspot_cache *c, uint64_t pc, struct hotspot_code *ret)
{
	uint8_t bytes[BLOB_BYTES];
	const int64_t *at = c->layout->at;

	*ret = (struct hotspot_code){ 0 };
	if (!find_blob(c, pc, &ret->blob) || !read_blob(c, ret->blob, bytes))
		return false;
	read_name(c, field_word(c, bytes, HS_BLOB_NAME), ret->name);
	ret->kind = kind_of(ret->name);
	ret->frame_words = field_int(c, bytes, HS_BLOB_FRAME_SIZE);
	ret->frame_complete = field_int(c, bytes, HS_BLOB_COMPLETE);
	ret->begin = at[HS_BLOB_CODE_BEGIN] >= 0 ? field_word(c, bytes, HS_BLOB_CODE_BEGIN) :
	    ret->blob + (uint64_t)field_int(c, bytes, HS_BLOB_CODE_OFFSET);
	if (ret->kind == HOTSPOT_COMPILED)
		ret->method = field_word(c, bytes,
		    at[HS_COMPILED_METHOD] >= 0 ? HS_COMPILED_METHOD : HS_NMETHOD_METHOD);
	return pc >= ret->blob && pc < ret->blob + (uint64_t)(uint32_t)field_int(c, bytes, HS_BLOB_SIZE);
}

/* ---- inlined calls -------------------------------------------------------------------------- */

/* Where a compiled method keeps what it knows of its own code. */
struct debug_info { uint64_t pcs, pcs_end, scopes, metadata; };

/* Before version 23 behind the instructions, since then (found in 25) apart from them. */
static bool
find_debug_info(const struct hotspot_cache *c, const struct hotspot_code *code,
    struct debug_info *ret)
{
	uint8_t bytes[BLOB_BYTES];
	const int64_t *at = c->layout->at;
	if (!read_blob(c, code->blob, bytes))
		return false;
	if (at[HS_COMPILED_SCOPES] >= 0 && at[HS_NMETHOD_METADATA] >= 0 &&
	    at[HS_NMETHOD_DEPENDENCIES] >= 0) {
		ret->pcs = code->blob + (uint64_t)field_int(c, bytes, HS_NMETHOD_PCS);
		ret->pcs_end = code->blob + (uint64_t)field_int(c, bytes, HS_NMETHOD_DEPENDENCIES);
		ret->scopes = field_word(c, bytes, HS_COMPILED_SCOPES);
		ret->metadata = code->blob + (uint64_t)field_int(c, bytes, HS_NMETHOD_METADATA);
		return ret->pcs < ret->pcs_end;
	}
	if (at[HS_NMETHOD_IMMUTABLE] < 0 || at[HS_NMETHOD_SCOPES] < 0 || at[HS_BLOB_MUTABLE] < 0 ||
	    at[HS_BLOB_RELOCATION] < 0)
		return false;
	uint64_t apart = field_word(c, bytes, HS_NMETHOD_IMMUTABLE);
	ret->pcs = apart + (uint64_t)field_int(c, bytes, HS_NMETHOD_PCS);
	ret->pcs_end = ret->scopes = apart + (uint64_t)field_int(c, bytes, HS_NMETHOD_SCOPES);
	ret->metadata = field_word(c, bytes, HS_BLOB_MUTABLE) +
	    (uint64_t)field_int(c, bytes, HS_BLOB_RELOCATION);
	return ret->pcs < ret->pcs_end;
}

struct pc_desc { int32_t pc_offset, scope, objects, flags; };

/* The first description at or after the place, since they stand behind what they describe. */
static bool
find_scope(const struct hotspot_cache *c, const struct debug_info *d, int64_t offset, bool exact,
    int32_t *ret)
{
	struct pc_desc desc;
	uint64_t low = 0, high = (d->pcs_end - d->pcs) / sizeof(desc), n = high;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (!read_at(c, d->pcs + middle * sizeof(desc), &desc, sizeof(desc)))
			return false;
		if (desc.pc_offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == n || !read_at(c, d->pcs + low * sizeof(desc), &desc, sizeof(desc)) || desc.scope <= 0)
		return false;
	*ret = desc.scope;
	return exact || desc.pc_offset == offset;
}

/* A scope begins with: where its caller's scope is, its method's place in the metadata, bci + 1. */
static bool
read_scope(const struct hotspot_cache *c, const struct debug_info *d, int32_t at, int32_t *ret_caller,
    struct hotspot_call *ret)
{
	uint8_t bytes[SCOPE_BYTES];
	size_t used = 0;
	int version = c->layout->version;

	if (!read_at(c, d->scopes + (uint32_t)at, bytes, sizeof(bytes)))
		return false;
	*ret_caller = (int32_t)hotspot_number(version, bytes, sizeof(bytes), &used);
	uint32_t method = hotspot_number(version, bytes, sizeof(bytes), &used);
	ret->bci = (int32_t)hotspot_number(version, bytes, sizeof(bytes), &used) - 1;
	return method && read_word(c, d->metadata + 8 * (uint64_t)(method - 1), &ret->method);
}

size_t
hotspot_calls_at(const struct hotspot_cache *c, const struct hotspot_code *code, uint64_t pc,
    bool exact, struct hotspot_call *calls, size_t max)
{
	struct debug_info d;
	int32_t scope = 0;
	size_t n = 0;

	if (code->kind != HOTSPOT_COMPILED || !code->method || !max)
		return 0;
	if (find_debug_info(c, code, &d) && find_scope(c, &d, (int64_t)(pc - code->begin), exact, &scope))
		for (int i = 0; scope > 0 && i < SCOPES_MAX && n < max; i++) {
			if (!read_scope(c, &d, scope, &scope, &calls[n]))
				break;
			n++;
		}
	if (n && calls[n - 1].method == code->method)
		return n;
	calls[0] = (struct hotspot_call){ code->method, -1 };   /* what was read did not add up */
	return 1;
}
