/* SPDX-License-Identifier: MIT */
/* Told by looking, in this order: a URL by its "://", a command by its {port}, a run and a checkout
 * by being folders, a revision by asking git. What is none of these is most often one of them with
 * a slip in it, so the error says which. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/nearest.h"
#include "experiment/arm.h"
#include "experiment/checkout.h"
#include "net/url.h"

#define PORT "{port}"

static bool
is_folder(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* "http://...", "redis://...": not "make && ./server --db postgres://...". */
static bool
is_url(const char *word)
{
	size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
	return n && strncmp(word + n, "://", 3) == 0;
}

static bool
is_run(const char *word, struct arena *a)
{
	size_t n = strlen(word);

	if (n >= 8 && strcmp(word + n - 8, "run.json") == 0)
		return access(word, R_OK) == 0;
	if (strcmp(word, "latest") == 0 && !is_folder(word))
		word = ".prony/runs/latest";
	return access(arena_printf(a, "%s/run.json", word), R_OK) == 0;
}

static int
kind_of_url(const char *word, enum arm_kind *ret, struct err *e)
{
	struct url u;

	if (strstr(word, PORT)) {
		int code = err_usage(e, "'%s': " PORT " is for commands that prony starts", word);
		err_hint(e, "write the port of the service that runs there, or the command that starts one");
		return code;
	}
	int code = url_parse(word, &u, e);
	if (code == 0)
		*ret = ARM_URL;
	return code;
}

/* A folder or revision has to be started by something. */
static int
check_start(const char *word, const char *what, const struct spec *spec, struct err *e)
{
	int code = 0;

	if (!spec->start) {
		code = err_usage(e, "'%s' is a %s, and how to start the service in it is not said", word, what);
		err_hint(e, "say it: --start './server --port " PORT "'%s", spec->build ? "" :
		    ", and --build 'make' when it has to be built first");
	} else if (!strstr(spec->start, PORT)) {
		code = err_usage(e, "--start '%s' does not say which port to listen on", spec->start);
		err_hint(e, "write " PORT " where its port goes: prony fills in a free one");
	}
	return code;
}

/* ---- what it may have been meant to be ----------------------------------------------------- */

static bool
is_program(const char *name, size_t size, struct arena *a)
{
	const char *path = getenv("PATH");
	char *program = arena_strndup(a, name, size);

	if (!size || strchr(program, '/'))
		return size && access(program, X_OK) == 0 && !is_folder(program);
	for (size_t n; path && *path; path += n + (path[n] == ':')) {
		n = strcspn(path, ":");
		if (access(arena_printf(a, "%.*s/%s", (int)n, path, program), X_OK) == 0)
			return true;
	}
	return false;
}

static bool
looks_like_command(const char *word, struct arena *a)
{
	return strpbrk(word, " \t\n;&|") || is_program(word, strlen(word), a);
}

/* "localhost:8080/x", ":8080", "127.0.0.1:80" */
static bool
looks_like_address(const char *word)
{
	size_t host = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
	size_t digits = word[host] == ':' ? strspn(word + host + 1, "0123456789") : 0;
	return digits && (!word[host + 1 + digits] || word[host + 1 + digits] == '/');
}

static void
try_folder(struct nearest *near, const char *word, struct arena *a)
{
	const char *slash = strrchr(word, '/');
	const char *above = slash ? arena_strndup(a, word, (size_t)(slash - word) + 1) : "";
	DIR *d = opendir(*above ? above : ".");

	for (struct dirent *entry; d && (entry = readdir(d));) {
		const char *path = arena_printf(a, "%s%s", above, entry->d_name);
		if (entry->d_name[0] != '.' && is_folder(path))
			nearest_try(near, path);
	}
	if (d)
		closedir(d);
}

static void
try_revisions(struct nearest *near, struct arena *a)
{
	CLEANUP(buf_done) struct buf names = { 0 };

	checkout_names(a, &names);
	for (const char *at = buf_text(&names), *end; *at; at = *end ? end + 1 : end) {
		end = at + strcspn(at, "\n");
		nearest_try(near, arena_strndup(a, at, (size_t)(end - at)));
	}
}

static int
refuse_command(const char *word, struct err *e)
{
	int code = err_usage(e, "'%s' is a command without " PORT, word);

	err_hint(e, "write " PORT " where its port goes, as in '%s --port " PORT "' or 'PORT=" PORT " %s': "
	    "prony fills in a free one", word, word);
	return code;
}

static int
refuse(const char *word, struct arena *a, const struct err *why, struct err *e)
{
	struct nearest near = { .word = word };

	if (looks_like_command(word, a))
		return refuse_command(word, e);
	int code = err_usage(e, "'%s' is no URL, no command with " PORT ", no folder, no run, and %s", word,
	    why->text);
	if (looks_like_address(word))
		err_hint(e, "did you mean http://%s%s?", word[0] == ':' ? "127.0.0.1" : "", word);
	try_folder(&near, word, a);
	try_revisions(&near, a);
	if (near.best)
		err_hint(e, "did you mean '%s'?", near.best);
	err_hint(e, "name each as in: http://127.0.0.1:8080/, './server --port " PORT "', ../checkout, "
	            "main, .prony/runs/latest");
	return code;
}

/* ---- the kind ------------------------------------------------------------------------------ */

int
arm_kind_of(const char *word, const struct spec *spec, enum arm_kind *ret, struct err *e)
{
	CLEANUP(arena_free_p) struct arena *a = arena_new();
	struct err why = { 0 };
	const char *commit;

	if (is_url(word))
		return kind_of_url(word, ret, e);
	if (strncmp(word, "pid:", 4) == 0 || strncmp(word, "unit:", 5) == 0) {
		int code = err_usage(e, "prove does not know where '%s' answers", word);
		err_hint(e, "name its URL, as in http://127.0.0.1:8080/");
		return code;
	}
	if (strstr(word, PORT)) {
		*ret = ARM_COMMAND;
		return 0;
	}
	if (is_run(word, a)) {
		*ret = ARM_RUN;
		return 0;
	}
	bool folder = is_folder(word);
	if (!folder && (strpbrk(word, " \t\n") || checkout_find(word, a, &commit, &why) < 0))
		return refuse(word, a, &why, e);
	int code = check_start(word, folder ? "folder" : "git revision", spec, e);
	if (code == 0)
		*ret = folder ? ARM_CHECKOUT : ARM_REVISION;
	return code;
}
