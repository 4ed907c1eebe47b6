/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "report/escape.h"
#include "report/flame.h"
#include "report/say.h"
#include "base/utf8.h"

#define MOST_NODES 20000
#define MOST_DEPTH 64
#define MOST_NAME 120
#define MOST_JSON_BYTES ((size_t)120 << 10)

static struct flame_node *
node_new(struct arena *a, struct flame_tree *t, struct flame_node *parent, const char *name,
    size_t size)
{
	struct flame_node *n = arena_alloc(a, sizeof(*n));

	while (size > MOST_NAME || (size && ((unsigned char)name[size] & 0xc0) == 0x80))
		size--;
	n->name = arena_strndup(a, name, size);
	n->parent = parent;
	n->depth = parent ? parent->depth + 1 : 0;
	if (parent) {
		n->next = parent->child;
		parent->child = n;
	}
	t->depth = n->depth > t->depth ? n->depth : t->depth;
	t->n_nodes++;
	return n;
}

static struct flame_node *
child_of(struct arena *a, struct flame_tree *t, struct flame_node *parent, const char *name,
    size_t size)
{
	size_t kept = size > MOST_NAME ? MOST_NAME : size;
	while (size > MOST_NAME && kept && ((unsigned char)name[kept] & 0xc0) == 0x80)
		kept--;
	for (struct flame_node *n = parent->child; n; n = n->next)
		if (strncmp(n->name, name, kept) == 0 && !n->name[kept])
			return n;
	return t->n_nodes < MOST_NODES ? node_new(a, t, parent, name, kept) : NULL;
}

static enum run_part_kind
kind_of(const char *name)
{
	for (int k = PART_NONE + 1; name && k < PART_KINDS; k++)
		if (strcmp(part_kind_name((enum run_part_kind)k), name) == 0)
			return (enum run_part_kind)k;
	return PART_OTHER;
}

static void
add_stack(struct arena *a, struct flame_tree *t, const struct run_stack *s, double before,
    bool by_kind)
{
	enum run_part_kind kind = by_kind ? kind_of(s->kind) : PART_CPU;
	struct flame_node *at = t->root;

	at->seconds += s->seconds;
	at->before += before;
	if (by_kind) {
		const char *what = part_kind_words(kind);
		if (!(at = child_of(a, t, at, what, strlen(what))))
			return;
		at->seconds += s->seconds;
		at->before += before;
		at->kind = kind;
	}
	for (const char *frame = s->frames; *frame && at->depth < MOST_DEPTH;) {
		size_t size = strcspn(frame, ";");
		if (size && !(at = child_of(a, t, at, frame, size)))
			return;
		if (size) {
			at->seconds += s->seconds;
			at->before += before;
			at->kind = kind;
		}
		frame += size + (frame[size] == ';');
	}
}

/* Insertion into a list kept widest first: sibling lists are short. */
static struct flame_node *
sorted(struct flame_node *list)
{
	struct flame_node *out = NULL;

	while (list) {
		struct flame_node *n = list, **at = &out;
		list = list->next;
		while (*at && (*at)->seconds >= n->seconds)
			at = &(*at)->next;
		n->next = *at;
		*at = n;
	}
	return out;
}

static void
sort_tree(struct flame_node *n)
{
	n->child = sorted(n->child);
	for (struct flame_node *c = n->child; c; c = c->next)
		sort_tree(c);
}

void
flame_build(struct flame_tree *t, struct arena *a, const struct doc_flame *f)
{
	*t = (struct flame_tree){ 0 };
	t->root = node_new(a, t, NULL, "all", 3);
	t->root->kind = PART_OTHER;
	t->compares = f->before != NULL;
	for (size_t i = 0; i < f->n_stacks; i++)
		add_stack(a, t, f->stacks[i], f->before ? f->before[i] : 0, f->by_kind);
	sort_tree(t->root);
}

int
flame_change(const struct flame_node *n, const struct flame_node *root)
{
	static const double steps[] = { 0.01, 0.03, 0.08 };
	double all = root->seconds > root->before ? root->seconds : root->before;
	double share = all > 0 ? (n->seconds - n->before) / all : 0;
	int level = 0;

	for (size_t i = 0; i < COUNT_OF(steps); i++)
		level += fabs(share) >= steps[i];
	return share < 0 ? -level : level;
}

/* ---- as data ------------------------------------------------------------------------------- */

struct json_parts {
	struct map seen;            /* name -> its number + 1 */
	struct buf names, depth, name, us, kind, before;
	size_t n_names;
	int digits;                 /* of microseconds: a request's are few */
	double least;               /* seconds below which a node is left out */
};

static uint64_t
name_number(struct json_parts *p, const char *name)
{
	bool is_new;
	uint64_t *number = map_at(&p->seen, name, strlen(name), &is_new);

	if (is_new) {
		*number = p->n_names++;
		buf_puts(&p->names, *number ? ",\"" : "\"");
		escape_json(&p->names, name);
		buf_putc(&p->names, '"');
	}
	return *number;
}

static void
add_node(struct json_parts *p, const struct flame_node *n)
{
	const char *between = p->depth.size ? "," : "";

	buf_printf(&p->depth, "%s%d", between, n->depth);
	buf_printf(&p->name, "%s%llu", between, (unsigned long long)name_number(p, n->name));
	buf_printf(&p->us, "%s%.*f", between, p->digits, n->seconds * 1e6);
	buf_printf(&p->before, "%s%.*f", between, p->digits, n->before * 1e6);
	buf_printf(&p->kind, "%s%d", between, (int)n->kind);
	for (const struct flame_node *c = n->child; c; c = c->next)
		if (c->seconds >= p->least)
			add_node(p, c);
}

static size_t
parts_size(const struct json_parts *p)
{
	return p->names.size + p->depth.size + p->name.size + p->us.size + p->kind.size +
	    p->before.size;
}

static void
parts_done(struct json_parts *p)
{
	map_done(&p->seen);
	buf_done(&p->names);
	buf_done(&p->depth);
	buf_done(&p->name);
	buf_done(&p->us);
	buf_done(&p->kind);
	buf_done(&p->before);
}

static void
put_parts(struct buf *out, const struct json_parts *p, bool compares)
{
	buf_printf(out, "{\"names\":[%s],\"depth\":[%s],\"name\":[%s],\"us\":[%s],\"kind\":[%s]",
	    buf_text(&p->names), buf_text(&p->depth), buf_text(&p->name), buf_text(&p->us),
	    buf_text(&p->kind));
	if (compares)
		buf_printf(out, ",\"before\":[%s]", buf_text(&p->before));
	buf_putc(out, '}');
}

void
flame_json(struct buf *out, const struct flame_tree *t)
{
	/* Of a tree that is too large for a page the narrowest frames go first. */
	for (double least = 1e-4;; least *= 4) {
		struct json_parts p = { .least = least * t->root->seconds,
			.digits = t->compares ? 2 : 0 };
		add_node(&p, t->root);
		bool fits = parts_size(&p) <= MOST_JSON_BYTES;
		if (fits)
			put_parts(out, &p, t->compares);
		parts_done(&p);
		if (fits)
			return;
	}
}
