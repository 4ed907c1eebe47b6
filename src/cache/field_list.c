/* SPDX-License-Identifier: MIT */
#include "cache/field_list.h"

#include <ctype.h>

static size_t
quoted_size(struct text t)
{
	for (size_t i = 1; i < t.size; i++) {
		if (t.at[i] == '"')
			return i + 1;
		i += t.at[i] == '\\';
	}
	return 1;
}

static size_t
member_size(struct text t)
{
	size_t n = 0;

	while (n < t.size && t.at[n] != ',')
		n += t.at[n] == '"' ? quoted_size((struct text){ t.at + n, t.size - n }) : 1;
	return n;
}

bool
field_list_next(struct field_list *l, struct text *ret)
{
	for (;;) {
		while (l->rest.size) {
			size_t n = member_size(l->rest);
			*ret = text_trim((struct text){ l->rest.at, n });
			n += n < l->rest.size;
			l->rest.at += n, l->rest.size -= n;
			if (ret->size)
				return true;
		}
		l->line = http_field_next(l->fields, l->name, l->line);
		if (!l->line)
			return false;
		l->rest = l->line->value;
	}
}

static const bool of_token[256] = {
	['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['!'] = true, ['#'] = true,
	['$'] = true, ['%'] = true, ['&'] = true, ['\''] = true, ['*'] = true, ['+'] = true, ['-'] = true,
	['.'] = true, ['^'] = true, ['_'] = true, ['`'] = true, ['|'] = true, ['~'] = true,
};

struct text
text_token(struct text t)
{
	size_t n = 0;

	while (n < t.size && of_token[(unsigned char)t.at[n]])
		n++;
	return (struct text){ t.at, n };
}

bool
text_seconds(struct text t, int32_t *ret_s)
{
	int64_t n = 0;

	for (size_t i = 0; i < t.size; i++) {
		if (!isdigit((unsigned char)t.at[i]))
			return false;
		n = n * 10 + t.at[i] - '0';
		n = n > INT32_MAX ? INT32_MAX : n;
	}
	*ret_s = (int32_t)n;
	return t.size > 0;
}

int
text_order(struct text a, struct text b)
{
	size_t n = a.size < b.size ? a.size : b.size;
	int order = n ? strncasecmp(a.at, b.at, n) : 0;

	return order ? order : (a.size > b.size) - (a.size < b.size);
}

bool
text_names(struct text list, struct text name)
{
	while (list.size) {
		size_t n = member_size(list);
		if (text_order(text_trim((struct text){ list.at, n }), name) == 0)
			return true;
		n += n < list.size;
		list.at += n, list.size -= n;
	}
	return false;
}
