/* SPDX-License-Identifier: MIT */
#include "cache/structured.h"

#include <ctype.h>
#include <errno.h>

#define INTEGER_DIGITS 15   /* section 3.3.1 */
#define DECIMAL_WHOLE  12   /* section 3.3.2 */

static int
peek(const struct sf_reader *r)
{
	return r->at < r->end ? (unsigned char)*r->at : -1;
}

static void
skip(struct sf_reader *r, const char *blanks)
{
	while (r->at < r->end && *r->at && strchr(blanks, *r->at))
		r->at++;
}

/* Section 4.2.3.3 */
static int
read_key(struct sf_reader *r, struct text *ret)
{
	const char *from = r->at;

	if (!islower(peek(r)) && peek(r) != '*')
		return -EINVAL;
	while (islower(peek(r)) || isdigit(peek(r)) || (peek(r) > 0 && strchr("_-.*", peek(r))))
		r->at++;
	*ret = (struct text){ from, (size_t)(r->at - from) };
	return 0;
}

/* Section 4.2.4: at most 15 digits, or 12, a point and 1 to 3 */
static int
read_number(struct sf_reader *r, struct sf_member *m)
{
	int sign = peek(r) == '-' ? -1 : 1, whole = 0, fraction = 0;
	int64_t n = 0;

	r->at += sign < 0;
	for (; isdigit(peek(r)) && whole <= INTEGER_DIGITS; whole++)
		n = n * 10 + *r->at++ - '0';
	if (whole == 0 || whole > INTEGER_DIGITS)
		return -EINVAL;
	m->type = SF_INTEGER;
	if (peek(r) == '.') {
		r->at++;
		for (; isdigit(peek(r)) && fraction < 3; fraction++)
			n = n * 10 + *r->at++ - '0';
		if (whole > DECIMAL_WHOLE || fraction == 0 || isdigit(peek(r)))
			return -EINVAL;
		for (; fraction < 3; fraction++)
			n *= 10;
		m->type = SF_DECIMAL;
	}
	m->number = sign * n;
	return 0;
}

static int
read_string(struct sf_reader *r, struct sf_member *m)
{
	const char *from = ++r->at;

	for (; peek(r) != '"'; r->at++) {
		if (peek(r) < 0x20 || peek(r) > 0x7e)
			return -EINVAL;
		if (peek(r) == '\\') {
			r->at++;
			if (peek(r) != '"' && peek(r) != '\\')
				return -EINVAL;
		}
	}
	m->type = SF_STRING;
	m->text = (struct text){ from, (size_t)(r->at++ - from) };
	return 0;
}

static int
read_token(struct sf_reader *r, struct sf_member *m)
{
	const char *from = r->at;

	while (isalnum(peek(r)) || (peek(r) > 0 && strchr("!#$%&'*+-.^_`|~:/", peek(r))))
		r->at++;
	m->type = SF_TOKEN;
	m->text = (struct text){ from, (size_t)(r->at - from) };
	return 0;
}

static int
read_bytes(struct sf_reader *r, struct sf_member *m)
{
	const char *from = ++r->at;

	for (; peek(r) != ':'; r->at++)
		if (!isalnum(peek(r)) && (peek(r) <= 0 || !strchr("+/=", peek(r))))
			return -EINVAL;
	m->type = SF_BYTES;
	m->text = (struct text){ from, (size_t)(r->at++ - from) };
	return 0;
}

static int
read_boolean(struct sf_reader *r, struct sf_member *m)
{
	r->at++;
	if (peek(r) != '0' && peek(r) != '1')
		return -EINVAL;
	m->type = SF_BOOLEAN;
	m->number = *r->at++ - '0';
	return 0;
}

/* Section 4.2.3.1, without its parameters */
static int
read_bare(struct sf_reader *r, struct sf_member *m)
{
	int c = peek(r);

	if (c == '-' || isdigit(c))
		return read_number(r, m);
	if (c == '"')
		return read_string(r, m);
	if (c == ':')
		return read_bytes(r, m);
	if (c == '?')
		return read_boolean(r, m);
	if (c == '*' || isalpha(c))
		return read_token(r, m);
	return -EINVAL;
}

static int
read_parameters(struct sf_reader *r)
{
	struct sf_member ignored;

	while (peek(r) == ';') {
		r->at++;
		skip(r, " ");
		if (read_key(r, &ignored.key))
			return -EINVAL;
		if (peek(r) != '=')
			continue;
		r->at++;
		if (read_bare(r, &ignored))
			return -EINVAL;
	}
	return 0;
}

static int
read_inner_list(struct sf_reader *r, struct sf_member *m)
{
	struct sf_member ignored;

	for (r->at++;;) {
		skip(r, " ");
		if (peek(r) == ')')
			break;
		if (read_bare(r, &ignored) || read_parameters(r) || (peek(r) != ' ' && peek(r) != ')'))
			return -EINVAL;
	}
	r->at++;
	m->type = SF_INNER_LIST;
	return 0;
}

static int
read_value(struct sf_reader *r, struct sf_member *m)
{
	m->type = SF_BOOLEAN;
	m->number = 1;
	if (peek(r) == '=') {
		r->at++;
		if (peek(r) == '(' ? read_inner_list(r, m) : read_bare(r, m))
			return -EINVAL;
	}
	return read_parameters(r);
}

/* Section 4.2.2 */
int
sf_next_member(struct sf_reader *r, struct sf_member *ret)
{
	*ret = (struct sf_member){ 0 };
	if (!r->begun) {
		r->begun = 1;
		skip(r, " ");
		if (r->at == r->end)
			return 0;
	} else {
		skip(r, " \t");
		if (r->at == r->end)
			return 0;
		if (*r->at++ != ',')
			return -EINVAL;
		skip(r, " \t");
	}
	return read_key(r, &ret->key) || read_value(r, ret) ? -EINVAL : 1;
}
