/* SPDX-License-Identifier: MIT */
/* What was measured: processes, peers, machine. */
#include "report/section.h"

#include "report/say.h"

static const char *
ports(struct doc *d, const struct run_process *p)
{
	const char *text[4];
	size_t n = 0;

	for (; n < p->n_ports && n < 4; n++)
		text[n] = doc_printf(d, "%lld", (long long)p->ports[n]);
	return say_join(d, text, n, n, " ");
}

static bool
has_fronts(const struct run_system *s)
{
	bool any = false;

	for (size_t i = 0; i < s->n_processes; i++)
		any |= s->processes[i].behind > 0;
	return any;
}

/* The proxy that asks it; "" for who is asked by clients. */
static const char *
front(struct doc *d, const struct run_system *s, const struct run_process *p)
{
	const char *name = NULL;

	for (size_t i = 0; i < s->n_processes; i++)
		if (s->processes[i].pid == p->behind)
			name = s->processes[i].name;
	return p->behind > 0 ? doc_printf(d, "%s %lld", name ? say_clip(d, name, 40) : "pid", (long long)p->behind) : "";
}

static void
processes(struct doc *d, const struct run_system *s)
{
	bool fronts = has_fronts(s);
	const char *const titles[] = { ">pid", "program", "runtime", "ports", ">threads", ">CPU limit", ">memory limit",
		fronts ? "behind" : NULL, NULL };

	if (!s->n_processes) {
		doc_note(d, "The processes of the service were not found on this host.");
		return;
	}
	struct doc_table *t = doc_table(d, "Processes", titles);
	for (size_t i = 0; i < s->n_processes && i < 20; i++) {
		const struct run_process *p = &s->processes[i];
		doc_cell(d, t, doc_printf(d, "%lld", (long long)p->pid));
		doc_cell_code(d, t, say_clip(d, p->exe ? p->exe : p->name, 120));
		doc_cell(d, t, p->framework ? doc_printf(d, "%s, %s", p->runtime ? p->runtime : "?",
		    p->framework)
		    : p->runtime);
		doc_cell(d, t, ports(d, p));
		doc_cell(d, t, doc_printf(d, "%lld", (long long)p->threads));
		doc_cell(d, t, say_known(p->cpu_limit) ? say_cores(d, p->cpu_limit) : "none");
		doc_cell(d, t, p->memory_limit > 0 ? say_size(d, (double)p->memory_limit) : "none");
		if (fronts)
			doc_cell(d, t, front(d, s, p));
	}
	t->left_out = s->n_processes > 20 ? s->n_processes - 20 : 0;
}

static void
peers(struct doc *d, const struct run_system *s)
{
	static const char *const titles[] = { "peer", "address", ">connections", NULL };

	if (!s->n_peers)
		return;
	struct doc_table *t = doc_table(d, "What it talks to", titles);
	for (size_t i = 0; i < s->n_peers && i < 20; i++) {
		doc_cell(d, t, say_clip(d, s->peers[i].kind, 30));
		doc_cell_code(d, t, say_clip(d, s->peers[i].address, 120));
		doc_cell(d, t, doc_printf(d, "%lld", (long long)s->peers[i].connections));
	}
	t->left_out = s->n_peers > 20 ? s->n_peers - 20 : 0;
}

static void
machine(struct doc *d, const struct run_host *h)
{
	struct doc_block *b = doc_block(d, DOC_PAIRS);

	if (h->cpus)
		doc_pair(d, b, "CPUs", doc_printf(d, "%lld%s%s", (long long)h->cpus, h->cpu_model
		    ? ", " : "",
		    h->cpu_model ? say_clip(d, h->cpu_model, 80) : ""));
	if (h->memory_bytes)
		doc_pair(d, b, "Memory", say_size(d, (double)h->memory_bytes));
	doc_pair(d, b, "Kernel", say_clip(d, h->kernel, 80));
	doc_pair(d, b, "Virtualisation", say_clip(d, h->virtualisation, 40));
	if (say_known(h->steal))
		doc_pair(d, b, "CPU time stolen", say_percent(d, h->steal));
	doc_pair(d, b, "Load generator", h->generator_on_host ? "on the same machine"
	    : "on another machine");
}

void
section_system(struct doc *d, const struct run *r)
{
	machine(d, &r->host);
	processes(d, &r->system);
	peers(d, &r->system);
}
