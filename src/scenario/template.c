/* SPDX-License-Identifier: MIT */
/* Rendering: for every request, so without a search, an allocation or a format string. */
#include "scenario/template.h"

#include <string.h>

#include "base/random.h"
#include "scenario/feeder.h"
#include "scenario/template_int.h"

/* Which slot_pass lets a byte through unchanged, a bit each. */
enum {
	H = 1 << PASS_HEADER, U = 1 << PASS_URL, P = 1 << PASS_PATH, Q = 1 << PASS_QUERY,
	ANY = H | U | P | Q,
};

static const unsigned char passes[256] = {
	['\t'] = H, [' '] = H,
	['0' ... '9'] = ANY, ['A' ... 'Z'] = ANY, ['a' ... 'z'] = ANY,
	['-'] = ANY, ['.'] = ANY, ['_'] = ANY, ['~'] = ANY,
	['/'] = H | U | P,
	['!'] = H | U, ['$'] = H | U, ['%'] = H | U, ['&'] = H | U, ['\''] = H | U, ['('] = H | U,
	[')'] = H | U, ['*'] = H | U, ['+'] = H | U, [','] = H | U, [':'] = H | U, [';'] = H | U,
	['='] = H | U, ['?'] = H | U, ['@'] = H | U, ['['] = H | U, [']'] = H | U,
	['"'] = H, ['#'] = H, ['<'] = H, ['>'] = H, ['\\'] = H, ['^'] = H, ['`'] = H, ['{'] = H,
	['|'] = H, ['}'] = H, [0x80 ... 0xff] = H,
};

static const char hex_upper[] = "0123456789ABCDEF", hex_lower[] = "0123456789abcdef";

static void
append_replaced(struct buf *out, enum slot_pass pass, unsigned char c)
{
	char code[3] = { '%', hex_upper[c >> 4], hex_upper[c & 15] };

	if (pass == PASS_HEADER)
		buf_putc(out, ' ');
	else
		buf_append(out, code, sizeof(code));
}

void
slot_append(struct buf *out, enum slot_pass pass, const char *bytes, size_t size)
{
	size_t from = 0;

	if (pass == PASS_ALL) {
		buf_append(out, bytes, size);
		return;
	}
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)bytes[i];
		if (passes[c] & 1 << pass)
			continue;
		buf_append(out, bytes + from, i - from);
		append_replaced(out, pass, c);
		from = i + 1;
	}
	buf_append(out, bytes + from, size - from);
}

static void
append_number(struct buf *out, int64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

	do
		digits[--at] = (char)('0' + rest % 10);
	while (rest /= 10);
	if (number < 0)
		digits[--at] = '-';
	buf_append(out, digits + at, sizeof(digits) - at);
}

/* RFC 9562 section 5.4: all random but for the version and the variant. */
static void
append_uuid(struct buf *out, uint64_t high, uint64_t low)
{
	char text[36];
	size_t at = 0;

	high = (high & ~UINT64_C(0xf000)) | 0x4000;
	low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
	for (int i = 0; i < 32; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			text[at++] = '-';
		text[at++] = hex_lower[(i < 16 ? high >> (60 - 4 * i) : low >> (124 - 4 * i)) & 15];
	}
	buf_append(out, text, sizeof(text));
}

static void
append_slot(const struct template_slot *s, const struct template_values *v, struct buf *out)
{
	struct view value = { 0 };

	switch (s->kind) {
	case SLOT_VARIABLE:
		value = v->variables[s->index];
		break;
	case SLOT_COLUMN:
		if (s->feeder)
			value = feeder_value(s->feeder, v->rows[s->index], s->column);
		break;
	case SLOT_CHOICE:
		value = s->choices[random_below(random_at(v->seed, s->draw), s->count)];
		break;
	case SLOT_RANDOM:
		append_number(out, (int64_t)((uint64_t)s->low +
		    random_below(random_at(v->seed, s->draw), s->count)));
		return;
	case SLOT_UUID:
		append_uuid(out, random_at(v->seed, s->draw), random_at(v->seed, s->draw + 1));
		return;
	case SLOT_SEQUENCE:
		append_number(out, (int64_t)v->sequence);
		return;
	case SLOT_TIME:
		append_number(out, v->wall_ns / s->unit_ns);
		return;
	}
	slot_append(out, s->pass, value.bytes, value.size);
}

void
template_render(const struct template *t, const struct template_values *v, struct buf *out)
{
	const char *literal = t->literal;

	for (size_t i = 0; i < t->n_slots; i++) {
		buf_append(out, literal, t->slots[i].literal_size);
		literal += t->slots[i].literal_size;
		append_slot(&t->slots[i], v, out);
	}
	buf_append(out, literal, (size_t)(t->literal + t->literal_size - literal));
}
