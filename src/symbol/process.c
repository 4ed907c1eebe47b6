/* SPDX-License-Identifier: MIT */
#include "symbol/process.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define REFRESH_NS (100 * NS_PER_MS)

/* Programs that run other people's code, and the language of what they compile at run time. The
 * names are beginnings: "python3.11", "node18". */
static const struct { const char *exe, *language; } runtimes[] = {
	{ "node", "javascript" }, { "bun", "javascript" }, { "deno", "javascript" },
	{ "java", "java" }, { "python", "python" }, { "pypy", "python" },
	{ "ruby", "native" }, { "php", "native" }, { "perl", "native" }, { "beam.smp", "native" },
	{ "dotnet", "native" }, { "lua", "native" },
};

static void
read_exe(struct symbols *s, struct process *p)
{
	char link[64], path[PATH_MAX];
	snprintf(link, sizeof(link), "/proc/%d/exe", p->pid);
	ssize_t size = readlink(link, path, sizeof(path) - 1);
	if (size <= 0)
		return;
	path[size] = '\0';
	if (p->exe_path && strcmp(path, p->exe_path) == 0)
		return;
	p->exe_path = arena_strdup(s->arena, path);
	hotspot_free(p->hotspot);
	p->hotspot = NULL;
	p->hotspot_tries = 0;
	p->interpreter = false;
	p->runtime = "native";
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	for (size_t i = 0; i < COUNT_OF(runtimes); i++) {
		if (strncmp(name, runtimes[i].exe, strlen(runtimes[i].exe)) == 0) {
			p->interpreter = true;
			p->runtime = runtimes[i].language;
		}
	}
}

/* Whatever started it, who maps libjvm.so is a Java machine. It may not be up yet. */
static void
meet_java(struct symbols *s, struct process *p)
{
	enum { TRIES_MAX = 5 };
	const struct module *libjvm = NULL;
	struct err e = { 0 };

	if (p->hotspot || p->hotspot_tries >= TRIES_MAX)
		return;
	for (size_t i = 0; i < p->maps.n_modules && !libjvm; i++)
		if (strcmp(p->maps.modules[i].object->name, "libjvm.so") == 0)
			libjvm = &p->maps.modules[i];
	if (!libjvm)
		return;
	p->interpreter = true;
	p->runtime = "java";
	p->hotspot_tries++;
	p->hotspot_why = NULL;
	if (hotspot_open(&p->hotspot, p->pid, libjvm, &s->made, &e) < 0)
		p->hotspot_why = arena_strdup(s->arena, e.text);
}

struct process *
process_get(struct symbols *s, int pid)
{
	bool new;
	uint64_t *at = map_at(&s->by_pid, &pid, sizeof(pid), &new);
	if (!new)
		return (struct process *)(uintptr_t)*at;
	struct process *p = arena_alloc(s->arena, sizeof(*p));
	*at = (uint64_t)(uintptr_t)p;
	p->pid = pid;
	p->runtime = "native";
	process_refresh(s, p);
	return p;
}

bool
process_refresh(struct symbols *s, struct process *p)
{
	int64_t now = now_ns();
	if (p->maps_read_ns && now - p->maps_read_ns < REFRESH_NS)
		return false;
	p->maps_read_ns = now;
	read_exe(s, p);
	if (maps_read(&p->maps, &s->objects, p->pid) < 0)
		return false;
	meet_java(s, p);
	return true;
}

const struct module *
process_module(struct symbols *s, struct process *p, uint64_t address)
{
	const struct module *m = maps_module(&p->maps, address);
	if (m || maps_is_anonymous_code(&p->maps, address) || !process_refresh(s, p))
		return m;
	return maps_module(&p->maps, address);
}
