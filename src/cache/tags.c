/* SPDX-License-Identifier: MIT */
#include "cache/tags.h"

#include <xxhash.h>

#include "cache/head.h"

uint64_t
cache_tag_id(struct text tag)
{
	return XXH3_64bits(tag.at, tag.size);
}

static const char *
separators_of(struct text field)
{
	if (text_is(field, "surrogate-key") || text_is(field, "xkey"))
		return " \t";
	return text_is(field, "cache-tag") ? "," : NULL;
}

static struct text
next_tag(struct text *rest, const char *separators)
{
	size_t n = 0;

	while (n < rest->size && !strchr(separators, rest->at[n]))
		n++;
	struct text tag = text_trim((struct text){ rest->at, n });
	n += n < rest->size;
	*rest = (struct text){ rest->at + n, rest->size - n };
	return tag;
}

/* The count with this one; above `room`: there is no place for it. */
static size_t
add(uint64_t *ids, size_t n, size_t room, uint64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return n;
	if (n < room)
		ids[n] = id;
	return n + 1;
}

int
cache_tags_read(struct text head, uint64_t *ids, size_t room)
{
	struct http_field f;
	size_t n = 0;

	while (cache_head_next(&head, &f)) {
		const char *separators = separators_of(f.name);
		while (separators && f.value.size && n <= room) {
			struct text tag = next_tag(&f.value, separators);
			if (tag.size)
				n = add(ids, n, room, cache_tag_id(tag));
		}
	}
	return n > room ? -1 : (int)n;
}
