/* SPDX-License-Identifier: MIT */
#include "trace/v8_positions.h"

/* Of so many context locals on, their names stand in a hash table instead of here. */
#define LOCALS_INLINE_MAX 75

/* Where the first local stands when the range is before it. */
#define RANGE_FIRST 5

static bool
take_range(const uint64_t *words, size_t n, size_t at, struct v8_scope *ret)
{
	if (at + 2 > n || !V8_IS_SMALL(words[at]) || !V8_IS_SMALL(words[at + 1]) ||
	    V8_SMALL(words[at]) < 0 || V8_SMALL(words[at + 1]) <= V8_SMALL(words[at]))
		return false;
	ret->start = V8_SMALL(words[at]);
	ret->end = V8_SMALL(words[at + 1]);
	return true;
}

/* Behind the locals a function has its name (0: none), a number, perhaps the name that the parser
 * inferred, then its first and last character; a script or module has only the last two. */
static bool
take_behind(const uint64_t *words, size_t n, size_t at, struct v8_scope *ret)
{
	if (at + 2 > n)
		return false;
	bool named = V8_IS_OBJECT(words[at]) || words[at] == 0;
	bool inferred = at + 2 < n && V8_IS_OBJECT(words[at + 2]);
	if (named && V8_IS_SMALL(words[at + 1]) && take_range(words, n, at + (inferred ? 3 : 2), ret)) {
		ret->name = words[at];
		ret->inferred_name = inferred ? words[at + 2] : 0;
		return true;
	}
	return take_range(words, n, at, ret);
}

/* Since V8 13 the range stands before the locals; what is behind them tells only the names. A
 * script has neither, and what is there is not followed by a number. */
static bool
take_before(const uint64_t *words, size_t n, size_t at, struct v8_scope *ret)
{
	enum { RANGE = 3 };
	if (!take_range(words, n, RANGE, ret))
		return false;
	if (at + 3 <= n && (V8_IS_OBJECT(words[at]) || words[at] == 0) && V8_IS_SMALL(words[at + 1])) {
		ret->name = words[at];
		ret->inferred_name = V8_IS_OBJECT(words[at + 2]) ? words[at + 2] : 0;
	}
	return true;
}

bool
v8_scope_parse(const uint64_t *words, size_t n, int first, int locals, struct v8_scope *ret)
{
	struct v8_scope s = { 0 };
	if (first < 0 || locals < 0 || (size_t)locals >= n || !V8_IS_SMALL(words[locals]) ||
	    V8_SMALL(words[locals]) < 0 || V8_SMALL(words[locals]) > (int)V8_SCOPE_WORDS_MAX)
		return false;
	size_t count = (size_t)V8_SMALL(words[locals]);
	size_t at = (size_t)first + count + (count < LOCALS_INLINE_MAX ? count : 1);
	bool before = first >= RANGE_FIRST;
	if (before ? !take_before(words, n, at, &s) : !take_behind(words, n, at, &s))
		return false;
	*ret = s;
	return true;
}

/* Bit 0: of another file (built-in code); 30 bits: character + 1; 16 bits: which inlined call. */
struct v8_position
v8_position_unpack(uint64_t packed)
{
	struct v8_position p = { .offset = -1, .inlining = (int)((packed >> 31) & 0xffff) };
	if (!(packed & 1))
		p.offset = (int32_t)((packed >> 1) & ((1u << 30) - 1)) - 1;
	return p;
}

struct reader { const uint8_t *at, *end; };

/* Seven bits a byte, lowest first; the lowest of all is the sign. False at the end. */
static bool
read_signed(struct reader *r, int64_t *ret)
{
	uint64_t value = 0;
	for (unsigned shift = 0; r->at < r->end && shift < 64; shift += 7) {
		uint8_t byte = *r->at++;
		value |= (uint64_t)(byte & 127) << shift;
		if (!(byte & 128)) {
			*ret = (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
			return true;
		}
	}
	return false;
}

/* An entry is the distance in code, whose sign says whether it is a statement, and in the
 * source. */
uint64_t
v8_position_find(const uint8_t *table, size_t size, uint64_t offset)
{
	struct reader r = { table, table + size };
	uint64_t code = UINT64_MAX, source = 0;   /* code begins at -1 */
	int64_t step, move;

	while (read_signed(&r, &step)) {
		code += step >= 0 ? (uint64_t)step : ~(uint64_t)step;
		if (code != UINT64_MAX && code > offset)
			break;
		if (!read_signed(&r, &move))
			break;
		source += (uint64_t)move;
	}
	return source;
}
