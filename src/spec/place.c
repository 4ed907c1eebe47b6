/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "net/url.h"
#include "spec/spec.h"

/* The path of `url` below that of the place. */
static int
add_path(struct spec *s, const struct url *place, const char *url, struct err *e)
{
	struct url u;
	size_t base = strlen(place->path);

	int code = url_parse(url, &u, e);
	if (code < 0)
		return code;
	while (base && place->path[base - 1] == '/')
		base--;
	*ARENA_PUSH(s->arena, s->urls, s->n_urls) = url_join(s->arena, place,
	    arena_printf(s->arena, "%.*s%s", (int)base, place->path, u.path));
	return 0;
}

int
spec_at_place(const struct spec *s, const char *base, struct arena *a, struct spec **ret,
    struct err *e)
{
	struct spec *mine = arena_alloc(a, sizeof(*mine));
	struct url place;

	int code = url_parse(arena_strdup(a, base), &place, e);
	if (code < 0)
		return code;
	*mine = *s;
	mine->arena = a;
	mine->urls = NULL;
	mine->n_urls = 0;
	mine->pid = 0;
	mine->unit = NULL;
	for (size_t i = 0; i < s->n_urls && code == 0; i++)
		code = add_path(mine, &place, s->urls[i], e);
	if (!s->n_urls)
		*ARENA_PUSH(a, mine->urls, mine->n_urls) = url_join(a, &place, place.path);
	if (code == 0)
		code = spec_check(mine, e);
	if (code == 0)
		*ret = mine;
	return code;
}
