/* SPDX-License-Identifier: MIT */
#include "gate/admin/admin.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "gate/admin/admin_int.h"
#include "gate/admin/admin_request.h"
#include "gate/admin/side_server.h"
#include "gate/front/refusal.h"
#include "gate/house.h"

struct admin {
	struct house *house;
	struct side_server *server;
	int listener;
	bool left;                   /* the socket is another process's */
	struct sockaddr_un at;
};

/* ---- answers --------------------------------------------------------------------------------- */

static void
write_answer(struct buf *out, int status, const char *type, const struct buf *body)
{
	buf_printf(out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
	    "Connection: close\r\n\r\n", status, refusal_reason(status), type, body->size);
	buf_append(out, body->data, body->size);
}

static void
answer_json(struct buf *out, int status, json_t *j)
{
	CLEANUP(buf_done) struct buf body = { 0 };
	CLEANUP(free_p) char *text = json_dumps(j, JSON_INDENT(2));

	buf_printf(&body, "%s\n", text ? text : "{}");
	json_decref(j);
	write_answer(out, status, "application/json", &body);
}

static void
answer_error(struct buf *out, int status, const char *error, const char *next)
{
	json_t *j = json_pack("{s:s}", "error", error);

	if (next && *next)
		json_object_set_new(j, "next", json_string(next));
	answer_json(out, status, j);
}

static void
purge(struct admin *a, const struct admin_request *r, struct buf *out)
{
	struct house *h = a->house;
	uint32_t objects;

	pthread_mutex_lock(&h->lock);
	int64_t n = h->left ? -ESHUTDOWN : purge_desk_take(h->purges, h->gate->config, &r->purge, &objects);
	pthread_mutex_unlock(&h->lock);
	if (n == -ESHUTDOWN) {
		answer_error(out, 503, "another process has taken over meanwhile", "ask again: it answers now");
	} else if (n == -EINVAL) {
		answer_error(out, 400, "this is no URL of something that can be stored",
		    "write it whole, as http://host/path?query");
	} else if (n < 0) {
		char text[160];
		snprintf(text, sizeof(text), "purged here, but the purge log cannot be written: %s",
		    strerror((int)-n));
		answer_error(out, 500, text, "a purge that is not carried on yet may be lost at a restart");
	} else {
		json_t *j = json_pack("{s:I, s:s, s:b}", "number", (json_int_t)n, "purged",
		    purge_what_name(r->purge.what), "soft", r->purge.soft);
		if (r->purge.what == PURGE_URL)
			json_object_set_new(j, "objects", json_integer(objects));
		answer_json(out, 200, j);
	}
}

static void
order(struct admin *a, enum house_do what, const char *word, struct buf *out)
{
	struct house_order o = { .what = what };

	house_order(a->house, &o);
	if (o.code < 0) {
		answer_error(out, o.e.status == STATUS_USAGE ? 422 : 503, o.e.text, o.e.hint);
	} else {
		json_t *j = json_pack("{s:s}", "done", word), *notes = json_array();
		CLEANUP(free_p) char *copy = strdup(buf_text(&o.notes));
		char *rest = copy;
		for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
			if (*line)
				json_array_append_new(notes, json_string(line));
		json_object_set_new(j, "notes", notes);
		answer_json(out, 200, j);
	}
	buf_done(&o.notes);
}

static void
show(struct admin *a, enum admin_what what, struct buf *out)
{
	CLEANUP(buf_done) struct buf body = { 0 };
	struct house *h = a->house;

	pthread_mutex_lock(&h->lock);
	if (what == ADMIN_STATUS)
		admin_write_status(h, &body);
	else if (what == ADMIN_CONFIG)
		admin_write_config(h, &body);
	else
		house_write_metrics(h, &body);
	pthread_mutex_unlock(&h->lock);
	write_answer(out, 200, what == ADMIN_METRICS ? "text/plain; version=0.0.4" : "application/json", &body);
}

static void
answer_good(struct admin *a, const struct admin_request *r, struct buf *out)
{
	CLEANUP(buf_done) struct buf body = { 0 };

	switch (r->what) {
	case ADMIN_STATUS:
	case ADMIN_CONFIG:
	case ADMIN_METRICS:
		show(a, r->what, out);
		break;
	case ADMIN_PURGES:
		admin_write_purges(purge_desk_log(a->house->purges), r->after, &body);
		write_answer(out, 200, "application/json", &body);
		break;
	case ADMIN_PURGE:
		purge(a, r, out);
		break;
	case ADMIN_RELOAD:
		order(a, HOUSE_RELOAD, "reloaded", out);
		break;
	case ADMIN_UPGRADE:
		order(a, HOUSE_UPGRADE, "upgraded", out);
		break;
	case ADMIN_DRAIN:
		order(a, HOUSE_DRAIN, "draining", out);
		break;
	}
}

static void
answer(void *ctx, const struct http1_request *q, struct text body, struct buf *out)
{
	struct admin_request r;

	if (admin_request_read(q->method, q->target, body, &r))
		answer_good(ctx, &r, out);
	else
		answer_error(out, r.status, r.why, r.next);
	buf_done(&r.text);
}

/* ---- the socket ------------------------------------------------------------------------------ */

/* Does somebody listen there? */
static bool
is_alive(const struct sockaddr_un *at)
{
	CLEANUP(fd_close_p) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0;
}

static int
refuse_path(const char *path, int code, const char *why, const char *hint, struct err *e)
{
	err_set(e, code, "cannot open the admin socket '%s': %s", path, why);
	err_hint(e, "%s", hint);
	return -code;
}

/* What is left there of a gate that was killed goes. */
static int
make_way(const struct sockaddr_un *at, struct err *e)
{
	struct stat st;

	if (lstat(at->sun_path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return refuse_path(at->sun_path, EEXIST, "there is a file that is no socket",
		    "name another path with admin:, or move that file away", e);
	if (st.st_uid != geteuid())
		return refuse_path(at->sun_path, EPERM, "there is a socket of another user",
		    "name another path with admin:", e);
	if (is_alive(at))
		return refuse_path(at->sun_path, EADDRINUSE, "another gate answers there",
		    "end that one, take it a new configuration with 'prony gate reload', or name another path with "
		    "admin:", e);
	unlink(at->sun_path);
	return 0;
}

static int
listen_at(const struct sockaddr_un *at, int *ret_fd, struct err *e)
{
	int code = make_way(at, e);
	if (code < 0)
		return code;
	CLEANUP(fd_close_p) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* The mode is there from the first moment: nobody else can connect in between. */
	mode_t before = umask(0177);
	int failed = fd < 0 || bind(fd, (const struct sockaddr *)at, sizeof(*at)) < 0 ? errno : 0;
	umask(before);
	if (!failed && listen(fd, 64) < 0)
		failed = errno;
	if (failed)
		return refuse_path(at->sun_path, failed, strerror(failed),
		    "name a path in a folder that this user may write with admin:", e);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int
admin_open(struct house *h, const char *path, int listener, struct admin **ret, struct err *e)
{
	struct admin *a = calloc(1, sizeof(*a));

	if (!a)
		abort();
	*a = (struct admin){ .house = h, .listener = listener, .at = { .sun_family = AF_UNIX } };
	int code = strlen(path) < sizeof(a->at.sun_path) ? 0
	    : refuse_path(path, ENAMETOOLONG, "the path is too long for a socket", "name a shorter one", e);
	if (code == 0) {
		strcpy(a->at.sun_path, path);
		if (listener < 0)
			code = listen_at(&a->at, &a->listener, e);
	}
	if (code == 0)
		code = side_server_start(a->listener, answer, a, "the admin socket", &a->server, e);
	if (code < 0)
		admin_close(a);
	else
		*ret = a;
	return code;
}

void
admin_close(struct admin *a)
{
	if (!a)
		return;
	side_server_stop(a->server);
	if (a->listener >= 0 && !a->left)
		unlink(a->at.sun_path);
	if (a->listener >= 0)
		close(a->listener);
	free(a);
}

int
admin_listener(const struct admin *a)
{
	return a ? a->listener : -1;
}

void
admin_leave(struct admin *a)
{
	if (!a)
		return;
	a->left = true;
	side_server_end(a->server);
}
