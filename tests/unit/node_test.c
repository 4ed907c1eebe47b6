/* SPDX-License-Identifier: MIT */
/* Functions of a Node process that nobody started for it: compiled, optimised, inlined, under V8's
 * own builtins and runtime. Skipped where there is no node or perf events are not allowed. */
#include "check.h"
#include "base/clock.h"
#include "trace/node.h"
#include "trace/sampler.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ENOUGH = 60, LATER = 40 };
#define PATIENCE_NS (20 * NS_PER_S)

/* Lines are what the rows below expect. */
static const char script[] =
    "const orders = Array.from({ length: 4000 }, (_, i) => ({ id: i, name: `order ${i}` }));\n"
    "function priceOf(o) { return o.id % 7 + o.name.length; }\n"
    "function scoreCart(n) {\n"
    "  let t = 0;\n"
    "  for (let k = 0; k < n; k++) for (const o of orders) t += priceOf(o);\n"
    "  return t;\n"
    "}\n"
    "class Shop {\n"
    "  render() { return JSON.stringify(orders).length; }\n"
    "  check(text) { return /^(a+)+$/.test(text); }\n"
    "  sorted() { return orders.slice().sort(function byName(a, b) {\n"
    "    return a.name < b.name ? -1 : a.name > b.name ? 1 : 0; }).length; }\n"
    "}\n"
    "const shop = new Shop();\n"
    "const work = { loop: () => scoreCart(20), json: () => shop.render(),\n"
    "  regexp: () => shop.check('a'.repeat(24) + '!'), sort: () => shop.sorted(),\n"
    "  anonymous: () => { let t = 0; for (let i = 0; i < 1e6; i++) t += i * t + 1; return t; } };\n"
    "let sink = 0;\n"
    "setInterval(() => { const until = Date.now() + 50;\n"
    "  while (Date.now() < until) sink += Number(work[process.argv[2]]()); }, 1);\n";

struct expected { const char *work, *function, *other; int line, other_line; };

static const struct expected rows[] = {
	{ "loop", "scoreCart", "priceOf", 3, 2 },
	{ "json", "render", NULL, 9, 0 },
	{ "regexp", "check", NULL, 10, 0 },
	{ "sort", "byName", "sorted", 11, 11 },
	{ "anonymous", "anonymous", NULL, 17, 0 },
};

struct seen {
	struct stacks *stacks;
	const struct expected *row;
	const char *file;
	int all, late, named, rooted, other;
	bool coarse;
};

static bool
is_function(const struct seen *s, const struct frame *f, const char *name, int line)
{
	return name && strcmp(f->name, name) == 0 && f->line == line && f->file &&
	    strcmp(f->file, s->file) == 0 && strcmp(f->language, "javascript") == 0;
}

static void
on_sample(void *ctx, const struct sampler_sample *sample)
{
	struct seen *s = ctx;
	uint32_t stack = stacks_add(s->stacks, sample->pid, NULL, 0, sample->user, sample->n_user, NULL,
	    0, sample->rooted);
	const struct frame *own = stacks_own_frame(s->stacks, stack);
	if (s->all++ < LATER || !own)   /* the script is still being read */
		return;
	s->late++;
	s->rooted += sample->rooted;
	bool named = is_function(s, own, s->row->function, s->row->line) ||
	    is_function(s, own, s->row->other, s->row->other_line);
	s->named += named;
	s->other += s->row->other && stacks_contains(s->stacks, stack, s->row->other);
	if (getenv("PRONY_SHOW_STACKS") && !named) {
		for (size_t i = 0; i < s->stacks->items[stack].n; i++)
			fprintf(stderr, "%s:%d%s ", stacks_frame(s->stacks, stack, i)->name,
			    stacks_frame(s->stacks, stack, i)->line,
			    i + 1 == s->stacks->items[stack].n ? "\n" : " <");
	}
}

static pid_t
start(const char *program, const char *file, const char *work)
{
	pid_t parent = getpid(), pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	execlp(program, program, file, work, (char *)NULL);
	_exit(127);
}

/* False: not to be watched here. */
static bool
watch(pid_t pid, struct seen *s)
{
	struct err e = { 0 };
	struct symbols *symbols = symbols_new();
	struct stacks stacks;
	struct sampler *sampler;
	struct nodes_counts counts;
	int64_t until = now_ns() + PATIENCE_NS;
	int code = -ENOENT;

	stacks_init(&stacks, symbols);
	s->stacks = &stacks;
	struct nodes *nodes = nodes_new(symbols, &stacks);
	while (code == -ENOENT && now_ns() < until && !waitpid(pid, NULL, WNOHANG)) {
		usleep(20000);
		symbols_see(symbols, pid);
		code = nodes_add(nodes, pid, &e);
	}
	bool allowed = !code && sampler_open(NULL, &pid, 1, symbols, &sampler, &e) == 0;
	if (allowed) {
		sampler_start(sampler);
		while (s->late < ENOUGH && now_ns() < until) {
			usleep(20000);
			sampler_drain(sampler, on_sample, s);
		}
		sampler_close(sampler);
		nodes_counts(nodes, &counts);
		s->coarse = counts.coarse;
		assert_true(counts.frames > 0 && counts.torn * 20 <= counts.frames);
	}
	nodes_free(nodes);
	stacks_done(&stacks);
	symbols_free(symbols);
	return allowed;
}

static void
names_functions(void **state)
{
	const struct expected *row = *state;
	const char *program = getenv("PRONY_NODE");
	char folder[] = "/tmp/prony-node-XXXXXX", file[64];
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/shop.js", folder);
	FILE *f = fopen(file, "w");
	assert_non_null(f);
	fputs(script, f);
	fclose(f);
	struct seen seen = { .row = row, .file = file };
	pid_t pid = start(program ? program : "node", file, row->work);
	bool allowed = watch(pid, &seen);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unlink(file);
	rmdir(folder);
	if (!allowed)
		SKIP("no node, or it may not be watched here");
	if (getenv("PRONY_SHOW_STACKS"))
		fprintf(stderr, "%s: %d of %d named, %d rooted, %d other\n", row->work, seen.named,
		    seen.late, seen.rooted, seen.other);
	assert_true(seen.late >= ENOUGH);
	if (seen.coarse)
		SKIP("this Node does not tell what it inlined");
	assert_true(seen.named * 10 >= seen.late * 8);
	assert_true(seen.rooted * 10 >= seen.late * 8);
	assert_true(!row->other || seen.other > 0);
}

int
main(void)
{
	struct CMUnitTest tests[sizeof(rows) / sizeof(rows[0])];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].work, .test_func = names_functions,
			.initial_state = (void *)(uintptr_t)&rows[i] };
	return cmocka_run_group_tests_name("node", tests, NULL, NULL);
}
