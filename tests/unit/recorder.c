/* SPDX-License-Identifier: MIT */
#include "recorder.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"

#define CONNECTIONS_MAX 512

struct recorder {
	int listener;
	uint16_t port;
	pthread_t acceptor;
	pthread_t threads[CONNECTIONS_MAX];
	int fds[CONNECTIONS_MAX];
	size_t n_threads;
	pthread_mutex_t lock;      /* of the requests */
	char **requests;
	size_t n, allocated;
};

struct connection { struct recorder *r; int fd; };

/* What gzip -n makes of RECORDER_TEXT. */
static const char packed[] =
	"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x90\x5c\0\x3b\x7c\x8a\xdf\x12\0\0";

static const struct known {
	const char *path, *status, *headers, *body;
	size_t size;
} answers[] = {
	{ "/text", "200 OK", "", RECORDER_TEXT, sizeof(RECORDER_TEXT) - 1 },
	{ "/packed", "200 OK", "Content-Encoding: gzip\r\n", packed, sizeof(packed) },
	{ "/broken", "200 OK", "Content-Encoding: gzip\r\n", RECORDER_TEXT, sizeof(RECORDER_TEXT) - 1 },
	{ "/br", "200 OK", "Content-Encoding: br\r\n", "abc", 3 },
	{ "/big", "200 OK", "", NULL, RECORDER_BIG },
	{ "/item", "200 OK", "Content-Type: application/json\r\n", "{\"id\": 17}", 10 },
	{ "/fail", "500 No", "", "sorry", 5 },
	{ "/cut", "200 OK", "", "cut", 6 },
};

char
recorder_big_byte(size_t at)
{
	return (char)(at * 7 + at / 251);
}

/* ---- a request ----------------------------------------------------------------------------- */

static void
record(struct recorder *r, const char *bytes, size_t size)
{
	char host[64];
	struct buf text = { 0 };

	int n = snprintf(host, sizeof(host), "Host: 127.0.0.1:%u\r\n", r->port);
	const char *at = memmem(bytes, size, host, (size_t)n);
	size_t before = at ? (size_t)(at - bytes) : 0, after = at ? before + (size_t)n : 0;
	buf_append(&text, bytes, before);
	buf_puts(&text, at ? "Host: -\r\n" : "");
	buf_append(&text, bytes + after, size - after);
	pthread_mutex_lock(&r->lock);
	if (r->n == r->allocated) {
		r->allocated = r->allocated ? 2 * r->allocated : 256;
		r->requests = realloc(r->requests, r->allocated * sizeof(char *));
		if (!r->requests)
			abort();
	}
	r->requests[r->n++] = text.data;
	pthread_mutex_unlock(&r->lock);
}

/* Bytes of the first request in there; 0: it goes on. */
static size_t
request_size(const struct buf *in)
{
	const char *end = memmem(in->data, in->size, "\r\n\r\n", 4);
	const char *length = end ? memmem(in->data, (size_t)(end - in->data), "Content-Length: ", 16) : NULL;
	size_t size = end ? (size_t)(end - in->data) + 4 : 0;

	if (length)
		size += strtoul(length + 16, NULL, 10);
	return size <= in->size ? size : 0;
}

static const struct known *
known_for(const char *request)
{
	const char *path = strchr(request, ' ');

	for (size_t i = 0; path && i < sizeof(answers) / sizeof(answers[0]); i++)
		if (strncmp(path + 1, answers[i].path, strlen(answers[i].path)) == 0)
			return &answers[i];
	return &answers[0];
}

static bool
send_all(int fd, const char *bytes, size_t size)
{
	for (ssize_t n; size; bytes += n, size -= (size_t)n)
		if ((n = send(fd, bytes, size, MSG_NOSIGNAL)) <= 0)
			return false;
	return true;
}

/* False: the connection ends. */
static bool
answer(int fd, const char *request)
{
	const struct known *k = known_for(request);
	struct buf out = { 0 };

	if (strstr(request, " /hole"))
		return true;
	buf_printf(&out, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", k->status, k->headers, k->size);
	bool cut = strcmp(k->path, "/cut") == 0;
	if (k->body)
		buf_append(&out, k->body, cut ? k->size / 2 : k->size);
	for (size_t i = 0; !k->body && i < k->size; i++)
		buf_putc(&out, recorder_big_byte(i));
	bool ok = send_all(fd, out.data, out.size) && !cut;
	buf_done(&out);
	return ok;
}

/* ---- threads ------------------------------------------------------------------------------- */

static void *
serve(void *ctx)
{
	struct connection *c = ctx;
	struct buf in = { 0 };
	char bytes[4096];
	bool goes_on = true;

	for (ssize_t n; goes_on && (n = recv(c->fd, bytes, sizeof(bytes), 0)) > 0;) {
		buf_append(&in, bytes, (size_t)n);
		for (size_t size; goes_on && in.size && (size = request_size(&in));) {
			record(c->r, in.data, size);
			goes_on = answer(c->fd, in.data);
			memmove(in.data, in.data + size, in.size - size + 1);
			in.size -= size;
		}
	}
	shutdown(c->fd, SHUT_RDWR);
	buf_done(&in);
	free(c);
	return NULL;
}

static void *
accept_all(void *ctx)
{
	struct recorder *r = ctx;
	int fd;

	while (r->n_threads < CONNECTIONS_MAX && (fd = accept(r->listener, NULL, NULL)) >= 0) {
		struct connection *c = malloc(sizeof(*c));
		if (!c)
			abort();
		*c = (struct connection){ r, fd };
		r->fds[r->n_threads] = fd;
		if (pthread_create(&r->threads[r->n_threads++], NULL, serve, c))
			abort();
	}
	return NULL;
}

struct recorder *
recorder_start(uint16_t *ret_port)
{
	struct recorder *r = calloc(1, sizeof(*r));
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);

	if (!r)
		abort();
	pthread_mutex_init(&r->lock, NULL);
	r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(r->listener, (struct sockaddr *)&at, size) < 0 || listen(r->listener, 256) < 0 ||
	    getsockname(r->listener, (struct sockaddr *)&at, &size) < 0)
		abort();
	r->port = *ret_port = ntohs(at.sin_port);
	if (pthread_create(&r->acceptor, NULL, accept_all, r))
		abort();
	return r;
}

void
recorder_stop(struct recorder *r)
{
	shutdown(r->listener, SHUT_RDWR);
	pthread_join(r->acceptor, NULL);
	for (size_t i = 0; i < r->n_threads; i++) {
		shutdown(r->fds[i], SHUT_RDWR);
		pthread_join(r->threads[i], NULL);
		close(r->fds[i]);
	}
	close(r->listener);
}

void
recorder_free(struct recorder *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->requests[i]);
	free(r->requests);
	free(r);
}

size_t
recorder_connections(const struct recorder *r)
{
	return r->n_threads;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t
recorder_requests(struct recorder *r, char *const **ret)
{
	qsort(r->requests, r->n, sizeof(char *), by_text);
	*ret = r->requests;
	return r->n;
}
