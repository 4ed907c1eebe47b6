/* SPDX-License-Identifier: MIT */
/* What comes from outside to warming: the file of what is popular, names of updates, patterns. */
#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gate/warm/cascade.h"
#include "gate/warm/pattern.h"
#include "gate/warm/popular.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_file(struct text file)
{
	struct popular *p = popular_new(16, NS_PER_S), *q = popular_new(16, NS_PER_S);
	struct popular_item top[16];
	struct buf out = { 0 };
	struct err e = { 0 };

	if (popular_read(p, "file", file, &e) == 0 && popular_top(p, 16, NS_PER_S, top) > 16)
		abort();
	popular_add(p, file, 1, NS_PER_S);
	popular_write(p, NS_PER_S, &out);
	if (popular_read(q, "file", (struct text){ out.data, out.size }, &e) < 0)
		abort();   /* what we write we read */
	buf_done(&out);
	popular_free(p);
	popular_free(q);
}

static void
follow(struct text name)
{
	const char *hosts[] = { "a" }, *also[] = { "/b/{x}", "tag:{x}" }, *back[] = { "/a/{x}" };
	struct gate_rule rules[] = { { "/a/{x}", also, 2, { 0 } }, { "tag:{x}", back, 1, { 0 } } };
	const struct gate_warming w = { .hosts = hosts, .n_hosts = 1, .rules = rules, .n_rules = 2 };
	struct cascade c = { 0 };

	if (cascade_add(&c, &w, name)) {
		cascade_follow(&c, &w);
		if (c.n > CASCADE_ITEMS_MAX || (!c.n && !c.all))
			abort();
	}
	cascade_done(&c);
}

/* A pattern that is taken fits what it makes, and gives the values back. */
static void
match(struct text text)
{
	struct pattern_values v;
	struct buf out = { 0 };
	char *pattern = strndup(text.at, text.size);
	char name[PATTERN_NAME_MAX + 1];

	if (!pattern_fault(pattern)) {
		for (const char *at = pattern; (at = pattern_next_name(at, name));)
			if (!pattern_has_name(pattern, name))
				abort();
		if (pattern_match(pattern, text, &v) && !pattern_expand(pattern, pattern_value_of, &v, true, &out))
			abort();
	}
	buf_done(&out);
	free(pattern);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text text = { (const char *)data, size };

	read_file(text);
	follow(text);
	if (size && !memchr(data, 0, size))
		match(text);
	return 0;
}
