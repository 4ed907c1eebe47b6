/* SPDX-License-Identifier: MIT */
#include "cli/gate_admin.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/units.h"

#define ANSWER_MAX ((size_t)64 << 20)

static const char *const words[] = { "status", "purge", "reload", "upgrade", "drain" };

bool
gate_admin_is(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static int
connect_to(const char *path, int *ret, struct err *e)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	CLEANUP(fd_close_p) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(at.sun_path))
		return err_usage(e, "the path '%s' is too long for a socket", path);
	strcpy(at.sun_path, path);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0) {
		int code = err_set(e, errno, "cannot ask the gate at '%s': %s", path, strerror(errno));
		if (code == -EACCES)
			err_hint(e, "only the user that the gate runs as may ask it");
		else
			err_hint(e, "is it running, with 'admin: %s' in its gate.yaml?", path);
		return code;
	}
	*ret = fd;
	fd = -1;
	return 0;
}

static int
send_all(int fd, const struct buf *b)
{
	for (size_t sent = 0; sent < b->size;) {
		ssize_t n = send(fd, b->data + sent, b->size - sent, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			return -errno;
		sent += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int
receive_all(int fd, struct buf *b)
{
	char piece[4096];
	ssize_t n;

	while ((n = recv(fd, piece, sizeof(piece), 0)) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			buf_append(b, piece, (size_t)n);
	}
	return 0;
}

/* The status of the answer and its body, which is JSON. */
static int
ask(const char *path, const char *request, json_t *question, int *ret_status, json_t **ret, struct err *e)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	CLEANUP(buf_done) struct buf in = { .cap_bytes = ANSWER_MAX };
	CLEANUP(free_p) char *body = question ? json_dumps(question, 0) : strdup("");
	CLEANUP(fd_close_p) int fd = -1;

	int code = connect_to(path, &fd, e);
	if (code < 0)
		return code;
	buf_printf(&out, "%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n%s", request, strlen(body),
	    body);
	code = send_all(fd, &out);
	if (code == 0)
		code = receive_all(fd, &in);
	const char *end = strstr(buf_text(&in), "\r\n\r\n");
	*ret = code == 0 && end ? json_loads(end + 4, 0, NULL) : NULL;
	if (!*ret || sscanf(buf_text(&in), "HTTP/1.1 %d", ret_status) != 1)
		return err_set(e, code ? -code : EPROTO, "the gate at '%s' has not answered", path);
	return 0;
}

/* ---- showing --------------------------------------------------------------------------------- */

static const char *
text_in(const json_t *j, const char *key)
{
	const char *text = json_string_value(json_object_get(j, key));
	return text ? text : "";
}

static long long
number_in(const json_t *j, const char *key)
{
	return (long long)json_integer_value(json_object_get(j, key));
}

static void
write_upstream(const json_t *u, struct buf *out)
{
	const json_t *server;
	size_t i;

	json_array_foreach(json_object_get(u, "servers"), i, server) {
		const json_t *health = json_object_get(server, "health");
		bool failing = health && strcmp(text_in(health, "state"), "failing") == 0;
		buf_printf(out, "  %s %s: %s, %lld in flight, %lld answered, %lld failed%s%s%s\n", text_in(u, "name"),
		    text_in(server, "address"), text_in(server, "state"), number_in(server, "in_flight"),
		    number_in(server, "answered"), number_in(server, "failed"), failing ? "; fails its checks: " : "",
		    failing ? text_in(health, "last") : "",
		    strcmp(text_in(u, "breaker"), "open") == 0 ? "; the breaker is open" : "");
	}
	if (number_in(u, "waiting") || number_in(u, "shed"))
		buf_printf(out, "  %s: %lld requests wait, %lld had to be refused for want of room\n", text_in(u, "name"),
		    number_in(u, "waiting"), number_in(u, "shed"));
}

static void
write_status(const json_t *j, struct buf *out)
{
	const json_t *config = json_object_get(j, "config"), *cache = json_object_get(j, "cache"), *item;
	char used[24], limit[24], uptime[24];
	size_t i;

	buf_printf(out, "prony %s, process %lld, up %s: ", text_in(j, "version"), number_in(j, "pid"),
	    format_duration(uptime, json_real_value(json_object_get(j, "uptime_s"))));
	json_array_foreach(json_object_get(j, "listen"), i, item)
		buf_printf(out, "%s%s", i ? ", " : "listens on ", json_string_value(item));
	buf_printf(out, " with %lld worker(s) on %s, %lld connections\n", number_in(j, "workers"),
	    text_in(j, "engine"), number_in(j, "connections"));
	buf_printf(out, "%s, read %s, %lld reload(s)\n", text_in(config, "file"), text_in(config, "loaded"),
	    number_in(config, "reloads"));
	buf_printf(out, "the cache has %lld objects in %s of %s; %lld hits, %lld misses\n",
	    number_in(cache, "objects"), format_size(used, (double)number_in(cache, "used_bytes")),
	    format_size(limit, (double)number_in(cache, "limit_bytes")), number_in(cache, "hits"),
	    number_in(cache, "misses"));
	json_array_foreach(json_object_get(j, "upstreams"), i, item)
		write_upstream(item, out);
	json_array_foreach(json_object_get(j, "cdn"), i, item)
		buf_printf(out, "  purges for %s: %lld wait, %lld carried on, %lld refused%s%s\n", text_in(item, "name"),
		    number_in(item, "backlog"), number_in(item, "carried_on"), number_in(item, "refused"),
		    text_in(item, "error")[0] ? "; " : "", text_in(item, "error"));
}

static void
write_done(const char *word, const json_t *j, struct buf *out)
{
	const json_t *objects = json_object_get(j, "objects"), *note;
	size_t i;

	if (strcmp(word, "purge") == 0) {
		buf_printf(out, "purged, as number %lld", number_in(j, "number"));
		if (objects)
			buf_printf(out, ": %lld object(s) were stored of it", number_in(j, "objects"));
		buf_putc(out, '\n');
		return;
	}
	buf_printf(out, "%s\n", text_in(j, "done"));
	json_array_foreach(json_object_get(j, "notes"), i, note)
		buf_printf(out, "  %s\n", json_string_value(note));
}

/* ---- the commands ---------------------------------------------------------------------------- */

static int
purge_question(const struct invocation *in, json_t **ret, struct err *e)
{
	int n = (in->purge_url != NULL) + (in->purge_tag != NULL) + in->purge_all;

	if (n != 1) {
		int code = err_usage(e, n ? "more than one thing to purge" : "nothing to purge");
		err_hint(e, "name one of --url URL, --tag TAG and --all");
		return code;
	}
	json_t *j = in->purge_url ? json_pack("{s:s}", "url", in->purge_url)
	    : in->purge_tag ? json_pack("{s:s}", "tag", in->purge_tag) : json_pack("{s:b}", "all", 1);
	if (!j)
		return err_usage(e, "what is to be purged is not UTF-8");
	if (in->purge_soft)
		json_object_set_new(j, "soft", json_true());
	*ret = j;
	return 0;
}

static int
refused(int status, const json_t *answer, struct err *e)
{
	int code = status < 500 ? err_usage(e, "%s", text_in(answer, "error"))
	                        : err_set(e, EREMOTEIO, "%s", text_in(answer, "error"));

	if (text_in(answer, "next")[0])
		err_hint(e, "%s", text_in(answer, "next"));
	return code;
}

static void
json_decref_p(json_t **j)
{
	json_decref(*j);
}

int
gate_admin(struct invocation *in, const char *word, const char *socket)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	CLEANUP(json_decref_p) json_t *question = NULL;
	CLEANUP(json_decref_p) json_t *answer = NULL;
	bool status = strcmp(word, "status") == 0;
	struct err e = { 0 };
	char request[32];
	int got;

	snprintf(request, sizeof(request), "%s /%s", status ? "GET" : "POST", word);
	int code = strcmp(word, "purge") == 0 ? purge_question(in, &question, &e) : 0;
	if (code == 0)
		code = ask(socket, request, question, &got, &answer, &e);
	if (code == 0 && got != 200)
		code = refused(got, answer, &e);
	if (code < 0)
		return cli_fail(in, &e);
	if (in->json) {
		CLEANUP(free_p) char *text = json_dumps(answer, JSON_INDENT(2));
		buf_printf(&out, "%s\n", text);
		return cli_print(in, &out, STATUS_OK);
	}
	if (status)
		write_status(answer, &out);
	else
		write_done(word, answer, &out);
	return cli_print_plain(in, &out, STATUS_OK);
}
