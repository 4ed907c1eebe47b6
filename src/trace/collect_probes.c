/* SPDX-License-Identifier: MIT */
/* Probes on the code of programs and libraries: SQLite, runtimes, OpenSSL. */
#include "trace/collect_int.h"
#include "trace/collect.skel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "trace/gc_probe.h"
#include "trace/pool_probe.h"
#include "trace/sqlite_probe.h"
#include "trace/tls_probe.h"

#define HANDS_MAX 15           /* threads, besides the one that takes probes away */

struct probe { struct bpf_program *program; uint64_t offset, cookie, gate; bool at_return; };

/* Of one object in one process. */
struct dear {
	int pid;
	char path[512];
	struct probe probes[2 * TLS_SITES];
	size_t n;
	enum collect_dear kind;
	bool there;
};

static int
probe(struct links *to, int pid, const char *path, const struct probe *p)
{
	LIBBPF_OPTS(bpf_uprobe_opts, o, .bpf_cookie = p->cookie, .retprobe = p->at_return,
	    .ref_ctr_offset = p->gate);
	if (to->n == LINKS_MAX)
		return -ENOSPC;
	if (!p->offset)
		return 0;
	struct bpf_link *link = bpf_program__attach_uprobe_opts(p->program, pid, path, p->offset, &o);
	if (!link)
		return -errno;
	to->items[to->n++] = link;
	return 0;
}

/* All of them or none: half of them would count wrongly. */
static int
probe_all(struct links *to, int pid, const char *path, const struct probe *probes, size_t n)
{
	size_t before = to->n;
	int code = 0;
	for (size_t i = 0; i < n && !code; i++)
		code = probe(to, pid, path, &probes[i]);
	while (code && to->n > before)
		bpf_link__destroy(to->items[--to->n]);
	return code;
}

int
collect_add_pool(struct collect *c, int pid, const char *path, struct err *e)
{
	uint64_t sites[POOL_SITES];
	char through[512];

	snprintf(through, sizeof(through), "/proc/%d/root%s", pid, path);
	int code = pool_sites_find(through, sites, e);
	if (code)
		return code;
	struct bpf_program *hand = c->bpf->progs.pool_hand;
	const struct probe probes[] = { { hand, sites[0], 0, 0, false }, { hand, sites[1], 0, 0, false } };
	code = probe_all(&c->links, pid, through, probes, COUNT_OF(probes));
	return code ? err_set(e, -code, "cannot probe the thread pool in '%s': %s", path,
	    strerror(-code)) : 0;
}

int
collect_add_gc(struct collect *c, int pid, const char *path, struct err *e)
{
	struct gc_sites s;
	char through[512];

	snprintf(through, sizeof(through), "/proc/%d/root%s", pid, path);
	int code = gc_sites_find(through, &s, e);
	if (code)
		return code;
	struct collect_bpf *b = c->bpf;
	const struct probe probes[] = {
		{ b->progs.gc_return, s.function, 0, 0, true }, { b->progs.gc_enter, s.function, 0, 0, false },
		{ b->progs.gc_kept, s.kept, 0, 0, false },
		{ b->progs.gc_done_mark, s.done, 0, s.done_gate, false },
		{ b->progs.gc_start_mark, s.start, 0, s.start_gate, false },
	};
	code = probe_all(&c->links, pid, through, probes, COUNT_OF(probes));
	return code ? err_set(e, -code, "cannot probe the garbage collector in '%s': %s", path,
	    strerror(-code)) : 0;
}

/* ---- what is not there in long pauses ------------------------------------------------------- */

static int
make_dear(struct collect *c, struct dear *d)
{
	d->there = true;
	int code = probe_all(&c->dear_links, d->pid, d->path, d->probes, d->n);
	if (!code && d->kind == COLLECT_TLS)
		c->bpf->bss->tls_probed = 1;
	return code;
}

static void
add_dear(struct collect *c, const struct dear *d)
{
	c->dear = realloc(c->dear, (c->n_dear + 1) * sizeof(*c->dear));
	if (!c->dear)
		abort();
	c->dear[c->n_dear++] = *d;
}

int
collect_add_sqlite(struct collect *c, int pid, const char *path, struct err *e)
{
	struct sqlite_sites s;
	struct dear d = { .pid = pid, .kind = COLLECT_SQLITE };

	snprintf(d.path, sizeof(d.path), "/proc/%d/root%s", pid, path);
	int code = sqlite_sites_find(d.path, &s, e);
	if (code)
		return code;
	struct collect_bpf *b = c->bpf;
	d.probes[d.n++] = (struct probe){ b->progs.sql_step_return, s.step, s.text_field, 0, true };
	d.probes[d.n++] = (struct probe){ b->progs.sql_end, s.reset, s.text_field, 0, false };
	d.probes[d.n++] = (struct probe){ b->progs.sql_end, s.finalize, s.text_field, 0, false };
	d.probes[d.n++] = (struct probe){ b->progs.sql_step, s.step, s.text_field, 0, false };
	code = make_dear(c, &d);
	if (code)
		return err_set(e, -code, "cannot probe SQLite in '%s': %s", path, strerror(-code));
	add_dear(c, &d);
	return 0;
}

int
collect_add_tls(struct collect *c, int pid, const char *path, struct err *e)
{
	struct tls_sites s;
	struct dear d = { .pid = pid, .kind = COLLECT_TLS };

	snprintf(d.path, sizeof(d.path), "/proc/%d/root%s", pid, path);
	int code = tls_sites_find(d.path, &s, e);
	if (code)
		return code;
	struct collect_bpf *b = c->bpf;
	for (size_t i = 0; i < s.n; i++) {
		const struct tls_site *site = &s.sites[i];
		d.probes[d.n++] = (struct probe){ site->writes ? b->progs.tls_write_return :
		    b->progs.tls_read_return, site->offset, site->counted ? TLS_COUNTED : 0, 0, true };
		d.probes[d.n++] = (struct probe){ b->progs.tls_enter, site->offset, 0, 0, false };
	}
	add_dear(c, &d);
	return 0;
}

int
collect_dear_error(const struct collect *c, enum collect_dear kind)
{
	return c->dear_errors[kind];
}

static void *
take_some(void *arg)
{
	struct links *l = arg;
	for (size_t i; (i = atomic_fetch_add(&l->taken, 1)) < l->n; )
		bpf_link__destroy(l->items[i]);
	return NULL;
}

/* Each of them makes its thread wait until nobody can be inside of it: they wait together. */
static void *
take_away(void *arg)
{
	struct links *l = arg;
	pthread_t hands[HANDS_MAX];
	size_t n = 0;
	while (n < HANDS_MAX && n + 1 < l->n && !pthread_create(&hands[n], NULL, take_some, l))
		n++;
	take_some(l);
	while (n)
		pthread_join(hands[--n], NULL);
	l->n = 0;
	atomic_store(&l->taken, 0);
	return NULL;
}

void
collect_settle(struct collect *c)
{
	if (c->leaving)
		pthread_join(c->leaver, NULL);
	c->leaving = false;
}

void
probes_enter(struct collect *c)
{
	collect_settle(c);
	for (size_t i = 0; i < c->n_dear; i++) {
		struct dear *d = &c->dear[i];
		int code = d->there ? 0 : make_dear(c, d);
		if (code && code != -ESRCH)    /* else it has ended since */
			c->dear_errors[d->kind] = code;
	}
}

void
collect_leave_dear(struct collect *c)
{
	if (c->leaving || !c->dear_links.n)
		return;
	c->leaving = !pthread_create(&c->leaver, NULL, take_away, &c->dear_links);
	for (size_t i = 0; i < c->n_dear && c->leaving; i++)
		c->dear[i].there = false;
}

bool
collect_has_dear(const struct collect *c)
{
	return c->n_dear > 0;
}

void
probes_done(struct collect *c)
{
	collect_settle(c);
	take_away(&c->dear_links);
	take_away(&c->links);
	free(c->dear);
}
