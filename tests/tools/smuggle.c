/* SPDX-License-Identifier: MIT */
/* Attacks a gate with requests that readers read in two ways (smuggle_make.h), before an origin of its own or any other.
 *
 * smuggle --origin PORT             serves: reads what the gate writes by the second reader and says what it saw
 * smuggle --gate PORT --count N [--seed S] [--threads T] [--foreign]
 *
 * Of each connection: the requests that were answered by the origin are the first ones that the second reader reads too,
 * and where fewer are answered than it reads, a refusal follows. So nothing hidden gets through, and nothing
 * that one reader does not take is passed on. The origin's answers say method, target and size of the body; a
 * foreign one says method and target, as it can. Ends with what was wrong, the bytes in C's words. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "smuggle_make.h"
#include "smuggle_read.h"

#define ANSWERS_MAX (64 << 10)

/* ---- the origin ---- */

static bool
send_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		bytes += n, size -= (size_t)n;
	}
	return true;
}

static bool
answer(int fd, const struct smuggle_request *q)
{
	char body[400], text[600];
	int n = snprintf(body, sizeof(body), "%s %s %zu\n", q->method, q->target, q->body_bytes);

	n = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", n,
	    strcmp(q->method, "HEAD") == 0 ? "" : body);
	return send_all(fd, text, (size_t)n);
}

static void *
serve_connection(void *arg)
{
	int fd = (int)(intptr_t)arg;
	struct buf in = { 0 };
	struct smuggle_read r;
	char piece[16384];
	bool going_on = true;

	for (ssize_t n; going_on && (n = recv(fd, piece, sizeof(piece), 0)) > 0;) {
		buf_append(&in, piece, (size_t)n);
		smuggle_read(in.data, in.size, true, &r);
		for (size_t i = 0; i < r.n && going_on; i++)
			going_on = answer(fd, &r.at[i]);
		if (r.end == SMUGGLE_FAULT) {
			printf("not canonical: %.*s\n", (int)(in.size - r.used), in.data + r.used);
			fflush(stdout);
			break;
		}
		memmove(in.data, in.data + r.used, in.size - r.used);
		in.size -= r.used;
	}
	close(fd);
	buf_done(&in);
	return NULL;
}

static int
serve(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 512) < 0)
		return 1;
	printf("ready\n");
	fflush(stdout);
	for (int c; (c = accept(fd, NULL, NULL)) >= 0 || errno == ECONNABORTED;) {
		pthread_t thread;
		setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (c < 0 || pthread_create(&thread, NULL, serve_connection, (void *)(intptr_t)c) != 0)
			continue;
		pthread_detach(thread);
	}
	return 1;
}

/* ---- the attack ---- */

struct attack {
	int port;
	bool foreign;
	uint64_t seed, count;
	_Atomic uint64_t next, passed, refused, silent, faults;
};

static int
connect_to(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = 20 };
	struct linger gone = { .l_onoff = 1 };   /* no ports wait behind a million connections */
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &gone, sizeof(gone));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* All that comes. -1: it cannot be asked, or does not end. */
static ssize_t
exchange(int port, const struct buf *request, char out[ANSWERS_MAX])
{
	int fd = connect_to(port);
	ssize_t size = 0, n = -1;

	if (fd < 0)
		return -1;
	send_all(fd, request->data, request->size);   /* who has refused already may not read on */
	shutdown(fd, SHUT_WR);
	while (size < ANSWERS_MAX && (n = recv(fd, out + size, (size_t)(ANSWERS_MAX - size), 0)) > 0)
		size += n;
	bool ends = n == 0 || (n < 0 && errno == ECONNRESET);
	close(fd);
	return ends ? size : -1;
}

/* The next answer: its status, its body as a text, and whether it is the last; 0: there is none, -1: it is no answer. */
static int
next_answer(char **at, char *end, char body[512], bool *ret_last)
{
	char *head = *at, *stop = head < end ? memmem(head, (size_t)(end - head), "\r\n\r\n", 4) : NULL;

	if (head == end)
		return 0;
	if (!stop || strncmp(head, "HTTP/1.1 ", 9) != 0)
		return -1;
	int status = atoi(head + 9);
	*at = stop + 4;
	if (status < 200)
		return next_answer(at, end, body, ret_last);
	*stop = '\0';
	*ret_last = strcasestr(head, "\nconnection: close") != NULL;
	char *length = strcasestr(head, "\ncontent-length:");
	bool chunked = strcasestr(head, "\ntransfer-encoding: chunked");   /* by the origin's own refusals: empty */
	*ret_last |= chunked && *at == end;   /* it breaks off there, and that can be seen */
	size_t n = length ? strtoul(length + 16, NULL, 10) : chunked ? 5 : (size_t)(end - *at);
	n = n <= (size_t)(end - *at) ? n : (size_t)(end - *at);
	snprintf(body, 512, "%.*s", (int)n, *at);
	*at += n;
	return status;
}

static bool
is_plain(const char *target)
{
	return target[0] == '/' && !strpbrk(target, "%.\\?") && !strstr(target, "//");
}

/* Is this what the second reader reads there? */
static bool
is_same(const struct attack *a, const struct smuggle_request *q, const char *body)
{
	char method[64], target[300];
	const char *path = q->target[0] == 'h' || q->target[0] == 'H' ? strchr(strstr(q->target, "//") + 2, '/') : q->target;
	size_t bytes = 0;
	int n = sscanf(body, "%63s %299s %zu", method, target, &bytes);

	if (a->foreign && strchr(body, '#'))   /* HAProxy's way to write what it does not print */
		return true;
	if (n < 2 || strcmp(method, q->method) != 0 || (n == 3 && !a->foreign && bytes != q->body_bytes))
		return false;
	return !path || !is_plain(path) || strcmp(target, path) == 0;
}

/* NULL: all is well. */
static const char *
judge(struct attack *a, const struct smuggle_read *r, char *answers, ssize_t size)
{
	char *at = answers, body[512] = "";
	bool last = false, refused = false;
	size_t n = 0;
	int status;

	if (size < 0)
		return "no end of answers";
	while ((status = next_answer(&at, answers + size, body, &last)) > 0 && !(status >= 400 && last)) {
		refused |= status >= 400;
		if (n == r->n)
			return "an answer to what is no request";
		if (status < 400 && !is_same(a, &r->at[n], body))
			return "another request has reached the origin";
		n++;
	}
	if (status < 0 || at != answers + size)
		return "an answer behind the last one, or none";
	refused |= status >= 400;
	atomic_fetch_add(refused ? &a->refused : n ? &a->passed : &a->silent, 1);
	bool over = (n && r->at[n - 1].last) || status >= 400;
	return n < r->n && !over && r->end != SMUGGLE_INCOMPLETE ? "a request is neither answered nor refused" : NULL;
}

static void
print_bytes(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)bytes[i];
		if (c == '\r' || c == '\n')
			printf(c == '\r' ? "\\r" : "\\n");
		else
			printf(c < 0x20 || c >= 0x7f ? "\\x%02x" : "%c", c);
	}
	printf("\n");
}

static void *
attack_on(void *arg)
{
	struct attack *a = arg;
	struct buf request = { 0 };
	char *answers = malloc(ANSWERS_MAX + 1);
	struct smuggle_read r;

	for (uint64_t i; (i = atomic_fetch_add(&a->next, 1)) < a->count;) {
		buf_clear(&request);
		smuggle_make(a->seed + i, &request);
		smuggle_read(request.data, request.size, false, &r);
		ssize_t size = exchange(a->port, &request, answers);
		if (size >= 0)
			answers[size] = '\0';
		char *copy = size > 0 ? strndup(answers, (size_t)size) : NULL;
		const char *why = judge(a, &r, answers, size);
		if (why && atomic_fetch_add(&a->faults, 1) < 10) {
			printf("%llu: %s; the second reader reads %zu, then %d: ", (unsigned long long)(a->seed + i), why, r.n, (int)r.end);
			print_bytes(request.data, request.size);
			printf("  answers: ");
			print_bytes(copy ? copy : "", copy ? strlen(copy) : 0);
		}
		free(copy);
	}
	free(answers);
	buf_done(&request);
	return NULL;
}

static int
attack(struct attack *a, int n_threads)
{
	pthread_t threads[16];

	for (int i = 0; i < n_threads; i++)
		pthread_create(&threads[i], NULL, attack_on, a);
	for (int i = 0; i < n_threads; i++)
		pthread_join(threads[i], NULL);
	printf("%llu connections: %llu answered, %llu refused, %llu without an answer; %llu faults\n", (unsigned long long)a->count,
	    (unsigned long long)a->passed, (unsigned long long)a->refused, (unsigned long long)a->silent, (unsigned long long)a->faults);
	return a->faults || a->passed < a->count / 20 || a->refused < a->count / 5;
}

int
main(int argc, char **argv)
{
	struct attack a = { .count = 1000, .seed = 1 };
	int origin = 0, threads = 2;

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "0";
		if (strcmp(argv[i], "--foreign") == 0) {
			a.foreign = true;
			continue;
		}
		origin = strcmp(argv[i], "--origin") == 0 ? atoi(value) : origin;
		a.port = strcmp(argv[i], "--gate") == 0 ? atoi(value) : a.port;
		a.count = strcmp(argv[i], "--count") == 0 ? strtoull(value, NULL, 10) : a.count;
		a.seed = strcmp(argv[i], "--seed") == 0 ? strtoull(value, NULL, 10) : a.seed;
		threads = strcmp(argv[i], "--threads") == 0 && atoi(value) > 0 && atoi(value) <= 16 ? atoi(value) : threads;
		i++;
	}
	return origin ? serve(origin) : attack(&a, threads);
}
