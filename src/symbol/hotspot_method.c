/* SPDX-License-Identifier: MIT */
#include "symbol/hotspot_method.h"

#include <string.h>

#include "symbol/hotspot_code.h"
#include "symbol/java_name.h"

enum { NAME_MAX_BYTES = 512, CONST_BYTES = 96, HAS_LINES = 1,
	METHOD_MAX_BYTES = 1 << 20, ESCAPE = 0xff };

struct reader {
	const struct hotspot_layout *layout;
	const struct hotspot_memory *memory;
	struct arena *arena;
	size_t lines_max;
};

static bool
read_at(const struct reader *r, uint64_t address, void *out, size_t size)
{
	return address > 4096 && r->memory->read(r->memory->ctx, address, out, size);
}

static bool
read_field(const struct reader *r, uint64_t of, enum hotspot_field field, uint64_t *ret)
{
	int64_t at = r->layout->at[field];
	return at >= 0 && of && read_at(r, of + (uint64_t)at, ret, sizeof(*ret));
}

static uint16_t
short_at(const uint8_t *bytes, int64_t at)
{
	uint16_t value = 0;
	if (at >= 0 && at + 2 <= CONST_BYTES)
		memcpy(&value, bytes + at, sizeof(value));
	return value;
}

/* A Symbol: its length, then UTF-8 without an end. */
static bool
read_symbol(const struct reader *r, uint64_t symbol, char *text, size_t max)
{
	uint16_t size;
	if (!read_at(r, symbol + (uint64_t)r->layout->at[HS_SYMBOL_LENGTH], &size, sizeof(size)) ||
	    !size || size >= max ||
	    !read_at(r, symbol + (uint64_t)r->layout->at[HS_SYMBOL_BODY], text, size))
		return false;
	text[size] = '\0';
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)text[i] < ' ')
			return false;
	return true;
}

static bool
read_pool_symbol(const struct reader *r, uint64_t pool, uint16_t index, char *text, size_t max)
{
	uint64_t symbol, at = pool + r->layout->size[HS_SIZE_CONSTANT_POOL] + 8 * (uint64_t)index;
	return index && read_at(r, at, &symbol, sizeof(symbol)) && read_symbol(r, symbol, text, max);
}

/* "com/shop/Cart" is com.shop.Cart; a hidden class has a '+' or '/' and a number behind its name. */
static void
write_class(char *name)
{
	char *digits = strstr(name, "+0x");
	if (digits)
		*digits = '\0';
	for (char *p = name; *p; p++)
		if (*p == '/')
			*p = '.';
}

static const char *
read_file(const struct reader *r, uint64_t pool, uint64_t holder)
{
	char text[NAME_MAX_BYTES];
	uint16_t index;
	int64_t of_pool = r->layout->at[HS_POOL_SOURCE], of_class = r->layout->at[HS_CLASS_SOURCE];
	uint64_t at = of_pool >= 0 ? pool + (uint64_t)of_pool : holder + (uint64_t)of_class;
	if ((of_pool < 0 && of_class < 0) || !read_at(r, at, &index, sizeof(index)) ||
	    !read_pool_symbol(r, pool, index, text, sizeof(text)))
		return NULL;
	return arena_strdup(r->arena, text);
}

/* Behind the byte codes, to the end of the ConstMethod at most. */
static void
read_lines(const struct reader *r, const uint8_t *head, uint64_t method, struct hotspot_method *ret)
{
	int64_t flags = r->layout->at[HS_CONST_FLAGS] >= 0 ? r->layout->at[HS_CONST_FLAGS] :
	    r->layout->at[HS_CONST_FLAGS_NEW];
	int32_t words;
	memcpy(&words, head + r->layout->at[HS_CONST_SIZE], sizeof(words));
	uint64_t end = method + 8 * (uint64_t)(uint32_t)words, from = ret->code + ret->code_size;
	if (!(short_at(head, flags) & HAS_LINES) || words <= 0 || words > METHOD_MAX_BYTES / 8 ||
	    from >= end)
		return;
	size_t size = end - from < r->lines_max ? end - from : r->lines_max;
	if (!size)
		return;
	uint8_t *table = arena_alloc(r->arena, size);
	if (!read_at(r, from, table, size))
		return;
	ret->lines = table;
	ret->lines_size = size;
}

bool
hotspot_method_read(const struct hotspot_layout *l, const struct hotspot_memory *m,
    struct arena *a, uint64_t address, size_t lines_max, struct hotspot_method *ret)
{
	const struct reader r = { l, m, a, lines_max };
	uint64_t method, pool, holder, klass;
	uint8_t head[CONST_BYTES];
	char class[NAME_MAX_BYTES], name[NAME_MAX_BYTES];

	*ret = (struct hotspot_method){ 0 };
	size_t size = l->size[HS_SIZE_CONST_METHOD];
	if (size > CONST_BYTES || l->at[HS_CONST_SIZE] + 4 > CONST_BYTES || (address & 7) ||
	    !read_field(&r, address, HS_METHOD_CONST, &method) || !read_at(&r, method, head, size) ||
	    !read_field(&r, method, HS_CONST_CONSTANTS, &pool) ||
	    !read_field(&r, pool, HS_POOL_HOLDER, &holder) ||
	    !read_field(&r, holder, HS_KLASS_NAME, &klass) ||
	    !read_symbol(&r, klass, class, sizeof(class)) ||
	    !read_pool_symbol(&r, pool, short_at(head, l->at[HS_CONST_NAME]), name, sizeof(name)))
		return false;
	write_class(class);
	ret->name = arena_printf(a, "%s.%s", class, name);
	ret->application = java_is_application(class);
	ret->file = read_file(&r, pool, holder);
	ret->code = method + size;
	ret->code_size = short_at(head, l->at[HS_CONST_CODE_SIZE]);
	read_lines(&r, head, method, ret);
	return true;
}

/* ---- lines ---------------------------------------------------------------------------------- */

static int32_t
signed_number(int version, const uint8_t *bytes, size_t size, size_t *at)
{
	uint32_t value = hotspot_number(version, bytes, size, at);
	return (int32_t)(value >> 1) ^ -(int32_t)(value & 1);
}

int
hotspot_method_line(int version, const struct hotspot_method *m, int32_t bci)
{
	int64_t at_bci = 0, at_line = 0;
	int line = 0;

	if (bci < 0)
		return 0;
	for (size_t at = 0; at < m->lines_size && m->lines[at];) {
		uint8_t head = m->lines[at++];
		if (head == ESCAPE) {
			at_bci += signed_number(version, m->lines, m->lines_size, &at);
			at_line += signed_number(version, m->lines, m->lines_size, &at);
		} else {
			at_bci += head >> 3;
			at_line += head & 7;
		}
		if (at_bci > bci)
			break;
		line = at_line > 0 && at_line < 1 << 24 ? (int)at_line : 0;
	}
	return line;
}
