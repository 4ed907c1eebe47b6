/* SPDX-License-Identifier: MIT */
#include "experiment/arm.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "experiment/checkout.h"
#include "experiment/hide.h"
#include "experiment/job.h"
#include "experiment/port.h"
#include "experiment/printed.h"
#include "experiment/ready.h"
#include "net/url.h"

#define ATTEMPTS     3
#define PATIENCE_NS  (5 * NS_PER_S)

struct arm {
	struct arena *arena;           /* also of the specs of former starts: a load may borrow from them */
	const char *name;
	enum arm_kind kind;
	const struct spec *asked;
	struct spec *spec;             /* NULL: not started yet */
	const struct progress *progress;
	const char *what;              /* the user's word, without secrets */
	const char *command, *folder;  /* how it is started, and where; folder NULL: here */
	struct checkout checkout;
	struct printed printed;
	struct rlimit files;
	struct child child;
	int64_t starts;
};

/* ---- open and close ------------------------------------------------------------------------ */

static int
build(struct arm *a, const char *folder, struct err *e)
{
	const struct child_how how = {
		.command = a->asked->build, .folder = a->folder, .files = &a->files,
	};
	struct printed log = { .fd = -1 };
	char line[160];

	if (!a->asked->build)
		return 0;
	const char *shown = hide_in_command(a->arena, a->asked->build);
	const char *what = arena_printf(a->arena, "the build '%.80s' in '%.100s'", shown, a->folder);
	snprintf(line, sizeof(line), "%s: %.120s", a->name, shown);
	progress_say(a->progress, "build", -1, line);
	const char *name = arena_printf(a->arena, "arm-%c-build.log", tolower((unsigned char)a->name[0]));
	int code = printed_open(folder, name, a->arena, &log, e);
	if (code == 0)
		code = job_run(&how, &log, what, e);
	printed_close(&log);
	return code;
}

static int
check_out(struct arm *a, const char *word, struct err *e)
{
	const char *commit;
	char line[160];

	int code = checkout_find(word, a->arena, &commit, e);
	if (code < 0)
		return code;
	snprintf(line, sizeof(line), "%s: %.80s, %.12s", a->name, word, commit);
	progress_say(a->progress, "check out", -1, line);
	code = checkout_open(commit, a->arena, &a->printed, &a->checkout, e);
	if (code == 0)
		a->folder = a->checkout.folder;
	return code < 0 ? err_wrap(e, code, "cannot check out '%.100s'", word) : 0;
}

static int
prepare(struct arm *a, const char *word, const char *folder, struct err *e)
{
	const char *name = arena_printf(a->arena, "arm-%c.log", tolower((unsigned char)a->name[0]));

	a->what = a->kind == ARM_URL ? url_public(a->arena, word) : hide_in_command(a->arena, word);
	if (a->kind == ARM_URL)
		return spec_at_place(a->asked, word, a->arena, &a->spec, e);
	int code = printed_open(folder, name, a->arena, &a->printed, e);
	if (code < 0)
		return code;
	if (a->kind == ARM_COMMAND) {
		a->command = arena_strdup(a->arena, word);
		return 0;
	}
	a->command = a->asked->start;
	a->folder = arena_strdup(a->arena, word);
	if (a->kind == ARM_REVISION)
		code = check_out(a, word, e);
	return code < 0 ? code : build(a, folder, e);
}

int
arm_open(const char *name, const char *word, const struct spec *spec, const char *folder,
    const struct progress *progress, struct arm **ret, struct err *e)
{
	enum arm_kind kind;

	int code = arm_kind_of(word, spec, &kind, e);
	if (code < 0)
		return code;
	if (kind == ARM_RUN)
		return err_usage(e, "'%s' is a finished run: it cannot be measured again", word);
	struct arena *arena = arena_new();
	struct arm *a = arena_alloc(arena, sizeof(*a));
	*a = (struct arm){
		.arena = arena, .name = arena_strdup(arena, name), .kind = kind, .asked = spec,
		.progress = progress, .printed.fd = -1, .files = *job_files_of_user(),
	};
	code = prepare(a, word, folder, e);
	if (code < 0) {
		arm_close(a);
		return code;
	}
	*ret = a;
	return 0;
}

void
arm_close(struct arm *a)
{
	if (!a)
		return;
	arm_stop(a);
	checkout_close(&a->checkout);
	printed_close(&a->printed);
	arena_free(a->arena);
}

/* ---- start and stop ------------------------------------------------------------------------ */

/* Where the new one will answer: the protocol, and the user of a database, are those of the URLs that
 * the spec has. */
static int
aim(struct arm *a, uint16_t port, struct err *e)
{
	struct url u = { .scheme = URL_HTTP };

	if (a->asked->n_urls) {
		int code = url_parse(a->asked->urls[0], &u, e);
		if (code < 0)
			return code;
	}
	snprintf(u.host, sizeof(u.host), "127.0.0.1");
	snprintf(u.authority, sizeof(u.authority), "127.0.0.1:%u", port);
	return spec_at_place(a->asked, url_join(a->arena, &u, "/"), a->arena, &a->spec, e);
}

static int
start_once(struct arm *a, uint16_t *ret_port, struct err *e)
{
	uint16_t port;
	char line[160];

	int code = port_choose(&port, e);
	if (code == 0)
		code = aim(a, port, e);
	if (code < 0)
		return code;
	const struct child_how how = {
		.command = port_fill_in(a->arena, a->command, port), .folder = a->folder,
		.out = a->printed.fd, .err = a->printed.fd, .files = &a->files,
	};
	snprintf(line, sizeof(line), "%s: %.120s", a->name, hide_in_command(a->arena, how.command));
	progress_say(a->progress, "start", -1, line);
	*ret_port = port;
	printed_begin(&a->printed);
	code = child_start(&how, &a->child, e);
	if (code == 0)
		code = ready_wait(&a->child, a->spec, port, a->name, &a->printed, a->progress, e);
	return code;
}

/* Did it end because somebody else has taken its port? */
static bool
lost_port(const struct arm *a, uint16_t port)
{
	static const char *const words[] = {
		"address already in use", "address in use", "EADDRINUSE", "port is already allocated", NULL,
	};
	return printed_says(&a->printed, words) || !port_is_free(port);
}

int
arm_start(struct arm *a, struct err *e)
{
	struct err why = { 0 };
	uint16_t port = 0;
	int code = -EAGAIN;

	if (a->kind == ARM_URL)
		return 0;
	arm_stop(a);
	for (int i = 0; i < ATTEMPTS && code < 0; i++) {
		why = (struct err){ 0 };
		code = start_once(a, &port, &why);
		if (code < 0)
			arm_stop(a);
		if (code != -ECHILD || !lost_port(a, port))
			break;
	}
	a->starts += code == 0;
	if (code < 0) {
		*e = why;
		err_wrap(e, code, "cannot start '%.100s'", hide_in_command(a->arena, a->command));
	}
	return code;
}

void
arm_stop(struct arm *a)
{
	child_stop(&a->child, PATIENCE_NS);
	a->child = (struct child){ 0 };
}

/* ---- what is known of it ------------------------------------------------------------------- */

const char *
arm_what(const struct arm *a)
{
	return a->what;
}

const struct spec *
arm_spec(const struct arm *a)
{
	return a->spec;
}

bool
arm_restarts(const struct arm *a)
{
	return a->kind != ARM_URL;
}

int64_t
arm_starts(const struct arm *a)
{
	return a->starts;
}

bool
arm_alive(struct arm *a, char *why, size_t why_size)
{
	CLEANUP(buf_done) struct buf lines = { 0 };
	char fate[64];

	if (a->kind == ARM_URL)
		return true;
	if (a->child.minder && !child_ended(&a->child, 0)) {
		printed_bound(&a->printed);
		return true;
	}
	if (!a->child.minder) {
		snprintf(why, why_size, "it is not running");
		return false;
	}
	printed_show(&a->printed, &lines);
	snprintf(why, why_size, "it %s%s%s", child_fate(&a->child, fate, sizeof(fate)),
	    lines.size ? "; it said last:" : "", buf_text(&lines));
	/* Cut between characters. */
	for (size_t n = strlen(why); n + 1 == why_size && (unsigned char)why[n - 1] >= 0x80; n--)
		why[n - 1] = '\0', why_size--;
	return false;
}
