/* SPDX-License-Identifier: MIT */
#include "cache/preference.h"

#include <ctype.h>

#include "cache/field_list.h"

/* ---- reading ---- */

/* "q=0.5": thousandths, or -1 for anything else. */
static int
read_weight(struct text t)
{
	int n, digits = 0;

	t = text_trim(t);
	if (t.size < 3 || t.size > 7 || strncasecmp(t.at, "q=", 2) != 0 ||
	    (t.at[2] != '0' && t.at[2] != '1') || (t.size > 3 && t.at[3] != '.'))
		return -1;
	n = t.at[2] - '0';
	for (size_t i = 4; i < t.size; i++, digits++) {
		if (!isdigit((unsigned char)t.at[i]))
			return -1;
		n = n * 10 + t.at[i] - '0';
	}
	for (; digits < 3; digits++)
		n *= 10;
	return n > 1000 ? -1 : n;
}

static bool
read_member(struct text member, struct preference *ret)
{
	ret->name = text_token(member);
	ret->weight = 1000;
	struct text rest = text_trim((struct text){ member.at + ret->name.size,
	    member.size - ret->name.size });
	if (ret->name.size == 0 || (rest.size && rest.at[0] != ';'))
		return false;
	if (rest.size)
		ret->weight = read_weight((struct text){ rest.at + 1, rest.size - 1 });
	if (text_is(ret->name, "x-gzip") || text_is(ret->name, "x-compress"))
		ret->name.at += 2, ret->name.size -= 2;
	return ret->weight >= 0;
}

static bool
comes_before(const struct preference *a, const struct preference *b)
{
	return a->weight != b->weight ? a->weight > b->weight : text_order(a->name, b->name) < 0;
}

bool
preferences_read(const struct http_fields *request, const char *field, struct preferences *ret)
{
	struct field_list members = { request, field };
	struct text member;

	ret->n = 0;
	while (field_list_next(&members, &member)) {
		struct preference p;
		int i = ret->n;
		if (i == PREFERENCES_MAX || !read_member(member, &p))
			return false;
		for (; i > 0 && comes_before(&p, &ret->at[i - 1]); i--)
			ret->at[i] = ret->at[i - 1];
		ret->at[i] = p;
		ret->n++;
	}
	return true;
}

/* ---- as a text ---- */

size_t
preferences_write(const struct preferences *p, char *out, size_t room)
{
	size_t size = 0;

	for (int i = 0; i < p->n; i++) {
		const struct preference *this = &p->at[i];
		if (size + 1 + this->name.size > room)
			return room + 1;
		if (this->weight == 0)
			out[size++] = ';';
		else if (i)
			out[size++] = this->weight == p->at[i - 1].weight ? ',' : '>';
		for (size_t k = 0; k < this->name.size; k++)
			out[size++] = (char)tolower((unsigned char)this->name.at[k]);
	}
	return size;
}

void
preferences_reread(struct text t, struct preferences *ret)
{
	int weight = 1000;

	for (ret->n = 0; t.size && ret->n < PREFERENCES_MAX;) {
		if (t.at[0] == ',' || t.at[0] == '>' || t.at[0] == ';') {
			weight = t.at[0] == ';' ? 0 : weight - (t.at[0] == '>');
			t.at++, t.size--;
		}
		struct text name = text_token(t);
		if (name.size == 0)
			return;
		ret->at[ret->n++] = (struct preference){ name, weight };
		t.at += name.size, t.size -= name.size;
	}
}

/* ---- choices ---- */

static const struct preference *
find(const struct preferences *p, struct text name)
{
	for (int i = 0; i < p->n; i++)
		if (text_order(p->at[i].name, name) == 0)
			return &p->at[i];
	return NULL;
}

/* No coding at all: accepted where nothing is said of it (RFC 9110, section 12.5.3). */
static bool
is_identity(struct text t)
{
	return text_is(t, "identity");
}

static int
weight_of(const struct preferences *p, struct text name)
{
	const struct preference *found = find(p, name);

	return found ? found->weight : is_identity(name) ? 1 : 0;
}

bool
preferences_keep_choice(const struct preferences *before, const struct preferences *now,
    struct text choice)
{
	int chosen = weight_of(before, choice), choosing = weight_of(now, choice);

	if (chosen == 0 || choosing == 0)
		return false;
	for (int i = 0; i < now->n; i++) {
		struct text name = now->at[i].name;
		int was = weight_of(before, name), is = now->at[i].weight;
		if (text_is(name, "*") || (is && !was))
			return false;
		/* What was liked better and yet not chosen cannot be had; the rest must not have
		 * risen above it. */
		if (was <= chosen && text_order(name, choice) != 0 &&
		    (is > choosing || (is == choosing && was < chosen)))
			return false;
	}
	return !find(before, (struct text){ "*", 1 });
}

bool
preferences_like_most(const struct preferences *p, struct text choice)
{
	const struct preference *found = find(p, choice);

	return found && found->weight && found->weight == p->at[0].weight;
}
