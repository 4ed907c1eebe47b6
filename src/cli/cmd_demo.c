/* SPDX-License-Identifier: MIT */
/* prony demo: starts the bundled shop, checks it as any service would be, stops it, and says which
 * fault was planted and what to try next. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/stop.h"
#include "cli/check.h"
#include "run/run_store.h"

#define START_NS (15 * NS_PER_S)
#define STOP_NS  (5 * NS_PER_S)

/* The faults of the shop in the order in which they limit it (demo/README.md). */
static const struct fault { const char *name, *kind, *what; } faults[] = {
	{ "missing-index", "io.db.missing-index", "orders(customer_id) has no index" },
	{ "lock", "contention.lock", "/checkout asks the card terminal while it holds inventory_lock" },
	{ "hot-function", "cpu.hot-function", "score_similarity runs for every customer of the shop" },
	{ "n-plus-one", "io.db.n-plus-one", "/cart asks the database once for every line" },
	{ "large-answer", "io.net.", "/catalog sends everything, uncompressed" },
};

static const char *const routes[] = {
	"/orders?customer=4711", "/cart?customer=4711", "/recommend?customer=4711",
	"/checkout?customer=4711", "/catalog",
};

struct shop {
	struct child process;
	int output;                /* reads its stdout; -1 none */
	int port;
};

static bool
is_fixed(const struct invocation *in, const char *fault)
{
	for (size_t i = 0; i < in->n_fixes; i++)
		if (strcmp(in->fixes[i], fault) == 0)
			return true;
	return false;
}

/* ---- the shop's process -------------------------------------------------------------------- */

/* Beside us in a build folder, in libexec once installed. */
static int
find_shop(char path[PATH_MAX], struct err *e)
{
	static const char *const places[] = { "demo/prony-shop", "../libexec/prony/prony-shop" };
	char self[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[size > 0 ? size : 0] = '\0';
	char *slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < COUNT_OF(places); i++)
		if (snprintf(path, PATH_MAX, "%s/%s", self, places[i]) < PATH_MAX &&
		    access(path, X_OK) == 0)
			return 0;
	err_set(e, ENOENT, "cannot find the demo's shop: neither '%.200s/%s' nor '%.200s/%s' is there",
	    self, places[0], self, places[1]);
	err_hint(e, "'make' builds it, 'make install' puts it there");
	return -ENOENT;
}

static int
start_shop(const struct invocation *in, struct shop *shop, struct err *e)
{
	const char *argv[COUNT_OF(faults) * 2 + 2];
	char path[PATH_MAX];
	size_t n = 0;
	int ends[2];

	int r = find_shop(path, e);
	if (r < 0)
		return r;
	argv[n++] = path;
	for (size_t i = 0; i < COUNT_OF(faults); i++)
		if (is_fixed(in, faults[i].name)) {
			argv[n++] = "--fix";
			argv[n++] = faults[i].name;
		}
	argv[n] = NULL;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "cannot make a pipe: %s", strerror(errno));
	const struct child_how how = { .argv = argv, .out = ends[1], .err = STDERR_FILENO };
	r = child_start(&how, &shop->process, e);
	close(ends[1]);
	shop->output = ends[0];
	return r;
}

/* Its first line says where it listens; it is written when everything is ready. */
static int
wait_until_ready(struct shop *shop, struct err *e)
{
	struct pollfd p = { .fd = shop->output, .events = POLLIN };
	int64_t end = now_ns() + START_NS;
	char line[128] = "";
	size_t size = 0;

	while (!strchr(line, '\n') && size < sizeof(line) - 1 && !stop_requested()) {
		int64_t left = end - now_ns();
		if (left <= 0)
			return err_set(e, ETIMEDOUT, "the demo's shop was not ready in time");
		if (poll(&p, 1, (int)(left / NS_PER_MS) + 1) <= 0)
			continue;
		ssize_t n = read(shop->output, line + size, sizeof(line) - 1 - size);
		if (n <= 0)
			return err_set(e, ECHILD, "the demo's shop ended before it was ready");
		size += (size_t)n;
		line[size] = '\0';
	}
	if (sscanf(line, "listening on 127.0.0.1:%d", &shop->port) != 1)
		return err_set(e, stop_requested() ? EINTR : EPROTO, "the demo's shop did not start");
	return 0;
}

static void
stop_shop(struct shop *shop)
{
	if (shop->output >= 0)
		close(shop->output);
	child_stop(&shop->process, STOP_NS);
}

/* ---- what was planted, what was found ------------------------------------------------------ */

static const struct fault *
limiting_fault(const struct invocation *in)
{
	for (size_t i = 0; i < COUNT_OF(faults); i++)
		if (!is_fixed(in, faults[i].name))
			return &faults[i];
	return NULL;
}

static int
check_fixes(const struct invocation *in, struct err *e)
{
	for (size_t i = 0; i < in->n_fixes; i++) {
		size_t k = 0;
		while (k < COUNT_OF(faults) && strcmp(faults[k].name, in->fixes[i]) != 0)
			k++;
		if (k < COUNT_OF(faults))
			continue;
		int r = err_usage(e, "--fix: the shop has no fault '%s'", in->fixes[i]);
		err_hint(e, "its faults: missing-index, lock, hot-function, n-plus-one, large-answer");
		return r;
	}
	return 0;
}

static void
say_next_command(struct invocation *in, const struct fault *planted)
{
	CLEANUP(buf_done) struct buf line = { 0 };

	for (size_t i = 0; i < in->n_fixes; i++)
		buf_printf(&line, " --fix %s", in->fixes[i]);
	cli_note(in, "Fix it, and see what limits next:  prony demo%s --fix %s", buf_text(&line),
	    planted->name);
}

static void
say_what_was_planted(struct invocation *in, const struct fault *planted)
{
	struct err e = { 0 };
	struct run *r = NULL;

	if (!planted) {
		cli_note(in, "Every planted fault is fixed: what limits now is the shop's honest work.");
		return;
	}
	if (run_load(in->spec->out, &r, &e) < 0)
		return;
	bool named = r->n_findings && r->findings[0].kind &&
	    strncmp(r->findings[0].kind, planted->kind, strlen(planted->kind)) == 0;
	cli_note(in, named ? "That is what was planted: %s." :
	    "Planted here, and not what was named first: %s.", planted->what);
	say_next_command(in, planted);
	run_free(r);
}

/* ---- the command --------------------------------------------------------------------------- */

static int
ask_for_routes(struct spec *s, int port, struct err *e)
{
	char url[128];

	s->system = "demo-shop";
	for (size_t i = 0; i < COUNT_OF(routes); i++) {
		snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", port, routes[i]);
		int r = spec_word(s, url, e);
		if (r < 0)
			return r;
	}
	return spec_check(s, e);
}

static int
prepare(struct invocation *in, struct shop *shop, struct err *e)
{
	int r = check_fixes(in, e);
	if (r == 0)
		r = start_shop(in, shop, e);
	if (r == 0) {
		progress_say(&in->progress, "start", -1, "the shop fills its database");
		r = wait_until_ready(shop, e);
	}
	return r < 0 ? r : ask_for_routes(in->spec, shop->port, e);
}

/* A missed target is what the demo is there to show: not a failure of it. */
static int
demo(struct invocation *in)
{
	struct shop shop = { .output = -1 };
	struct err e = { 0 };
	int status;

	if (prepare(in, &shop, &e) < 0) {
		status = cli_fail(in, &e);
	} else {
		status = check_service(in);
		if (status == STATUS_MISSED)
			status = STATUS_OK;
		if (status == STATUS_OK)
			say_what_was_planted(in, limiting_fault(in));
	}
	stop_shop(&shop);
	return status;
}

static const char *const examples[] = {
	"sudo prony demo", "find what limits the shop",
	"sudo prony demo --fix missing-index", "and what limits it once that is fixed",
	NULL,
};

const struct command command_demo = {
	.name = "demo",
	.about = "check the bundled slow shop: nothing to install, a minute",
	.details =
	    "Starts a small web shop with an SQLite database in a temporary folder, checks it like any "
	    "service, stops it and removes the folder. The shop has five faults that people really "
	    "make: missing-index, lock, hot-function, n-plus-one and large-answer. One of them limits "
	    "it; --fix takes it out, and the next one does.\n\n"
	    "The exit status is 0 when the check could be made, whatever it found.",
	.examples = examples,
	.settings = SETTINGS_DEMO | SETTINGS_RUN,
	.words = WORDS_PLAIN,
	.run = demo,
};
