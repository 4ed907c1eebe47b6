/* SPDX-License-Identifier: MIT */
#include "gate/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "cache/key.h"
#include "gate/warm/warm.h"

#define VARIABLE   "PRONY_GATE_HANDOVER"
#define CHILD_FD   3
#define MESSAGE    4096
#define LINE_BYTES (CACHE_KEY_MAX + 128)
#define WORDS_MAX  64
#define BEGIN_MS   30000    /* for the new one to serve */
#define STAND_STILL "the running gate goes on as it was"

extern char **environ;

/* ---- messages: a text, maybe with a descriptor ------------------------------------------------ */

static int
send_message(int link, const char *text, int fd)
{
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = { 0 };
	struct iovec part = { (char *)text, strlen(text) };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fd >= 0) {
		m.msg_control = control.bytes;
		m.msg_controllen = sizeof(control.bytes);
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(link, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* The size of the text, terminated; 0: the other one is gone; -errno. */
static ssize_t
receive_message(int link, char text[MESSAGE], int *ret_fd)
{
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = { 0 };
	struct iovec part = { text, MESSAGE - 1 };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	ssize_t n = recvmsg(link, &m, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;

	*ret_fd = -1;
	if (n < 0)
		return -errno;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
	text[n] = '\0';
	return n;
}

/* What does not fit into a message. */
static int
send_learned(int link, const struct buf *learned)
{
	CLEANUP(fd_close_p) int fd = memfd_create("prony popular", MFD_CLOEXEC);
	const char *at = learned->data;

	if (fd < 0)
		return -errno;
	for (size_t left = learned->size; left;) {
		ssize_t n = write(fd, at, left);
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += n;
		left -= (size_t)n;
	}
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : send_message(link, "learned", fd);
}

static int
send_events(int link, const struct event_standing *s)
{
	CLEANUP(buf_done) struct buf line = { 0 };

	event_standing_write(s, &line);
	return send_message(link, buf_text(&line), -1);
}

static int
hand_over(int link, const struct upgrade_gift *gift, const struct listen_sockets *files)
{
	char text[MESSAGE];
	int code = 0;

	for (size_t i = 0; i < files->n && code == 0; i++) {
		snprintf(text, sizeof(text), "listen %u %s", files->at[i].worker, files->at[i].text);
		code = send_message(link, text, files->at[i].fd);
	}
	if (code == 0 && gift->store >= 0)
		code = send_message(link, "store", gift->store);
	if (code == 0 && gift->admin >= 0)
		code = send_message(link, "admin", gift->admin);
	snprintf(text, sizeof(text), "heard %" PRIu64 " %" PRId64, gift->heard_seen, gift->heard_since_ns);
	if (code == 0)
		code = send_message(link, text, -1);
	if (code == 0 && gift->tells_of_events)
		code = send_events(link, &gift->events);
	if (code == 0 && gift->learned.size)
		code = send_learned(link, &gift->learned);
	snprintf(text, sizeof(text), "end %u %d", gift->generation, (int)gift->pid);
	return code ? code : send_message(link, text, -1);
}

/* ---- the old process ------------------------------------------------------------------------- */

/* The file that this process was started from, or what took its place. */
static int
own_file(char path[4096])
{
	static const char gone[] = " (deleted)";
	ssize_t n = readlink("/proc/self/exe", path, 4095);

	if (n <= 0)
		return n < 0 ? -errno : -ENOENT;
	path[n] = '\0';
	size_t size = strlen(path), tail = sizeof(gone) - 1;
	if (size > tail && strcmp(path + size - tail, gone) == 0)
		path[size - tail] = '\0';
	return 0;
}

/* The words it was called with, each ended by a zero, as views of `text`. */
static int
own_words(struct buf *text, char *words[WORDS_MAX], struct err *e)
{
	size_t n = 0;

	int code = file_read("/proc/self/cmdline", 1 << 16, text, e);
	for (size_t at = 0; code == 0 && at < text->size && n < WORDS_MAX - 1; n++) {
		words[n] = text->data + at;
		at += strlen(words[n]) + 1;
	}
	words[n] = NULL;
	return code;
}

static char **
environment_with(char *variable)
{
	size_t n = 0;

	while (environ[n])
		n++;
	char **all = calloc(n + 2, sizeof(char *));
	if (!all)
		abort();
	memcpy(all, environ, n * sizeof(char *));
	all[n] = variable;
	return all;
}

static int
spawn(int link, pid_t *ret_pid, struct err *e)
{
	static char variable[] = VARIABLE "=3";
	CLEANUP(buf_done) struct buf text = { 0 };
	CLEANUP(free_p) char **environment = environment_with(variable);
	char *words[WORDS_MAX], path[4096];
	posix_spawn_file_actions_t actions;

	int code = own_words(&text, words, e);
	if (code == 0 && (code = own_file(path)) < 0)
		code = err_set(e, -code, "cannot find the program that runs: %s", strerror(-code));
	if (code < 0)
		return code;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, link, CHILD_FD);
	int failed = posix_spawn(ret_pid, path, &actions, NULL, words, environment);
	posix_spawn_file_actions_destroy(&actions);
	return failed ? err_set(e, failed, "cannot start '%s': %s", path, strerror(failed)) : 0;
}

/* Until it says that it serves, or ends, or takes too long. */
static int
await_ready(int link, pid_t pid, struct err *e)
{
	struct pollfd p = { .fd = link, .events = POLLIN };
	int64_t until_ns = now_ns() + BEGIN_MS * NS_PER_MS;
	char text[MESSAGE];
	int fd, status;

	while (poll(&p, 1, (int)((until_ns - now_ns()) / NS_PER_MS) + 1) < 0 && errno == EINTR && now_ns() < until_ns)
		continue;
	if (p.revents && receive_message(link, text, &fd) > 0 && strcmp(text, "ready") == 0)
		return 0;
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
		err_set(e, EREMOTEIO, "the new process ended with status %d", WEXITSTATUS(status));
	else
		err_set(e, EREMOTEIO, "the new process did not begin to serve");
	err_hint(e, "what it said stands in this gate's standard error; " STAND_STILL);
	return -EREMOTEIO;
}

int
upgrade_start(const struct upgrade_gift *gift, const struct listen_sockets *files,
    struct upgrade_link *ret, struct err *e)
{
	int pair[2];
	pid_t pid;

	*ret = (struct upgrade_link){ .fd = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, errno, "cannot upgrade: %s", strerror(errno));
	CLEANUP(fd_close_p) int link = pair[0];
	int code = spawn(pair[1], &pid, e);
	close(pair[1]);
	if (code < 0)
		return code;
	ret->peer = pid;
	hand_over(link, gift, files);   /* where that fails, the new one ends */
	code = await_ready(link, pid, e);
	if (code < 0)
		return code;
	*ret = (struct upgrade_link){ link, pid };
	link = -1;
	return 0;
}

/* ---- the new process ------------------------------------------------------------------------- */

static void
take_listener(struct listen_sockets *files, const char *text, int fd)
{
	unsigned worker;
	int at = 0;

	if (fd >= 0 && sscanf(text, "listen %u %n", &worker, &at) == 1 && at > 0)
		listen_inherit(files, text + at, worker, fd);
	else if (fd >= 0)
		close(fd);
}

/* Where that fails it is learned anew. */
static void
take_learned(int fd, struct buf *ret)
{
	struct err e = { 0 };

	ret->cap_bytes = WARM_TEXT_MAX;
	if (file_read_open(fd, "what is popular", WARM_TEXT_MAX, ret, &e) < 0)
		buf_done(ret);
	close(fd);
}

static int
receive_all(int link, struct listen_sockets *files, struct upgrade_gift *ret)
{
	char text[MESSAGE];
	int fd, pid;

	for (;;) {
		ssize_t n = receive_message(link, text, &fd);
		if (n <= 0)
			return n < 0 ? (int)n : -ECONNRESET;
		if (strcmp(text, "store") == 0)
			ret->store = fd;
		else if (strcmp(text, "admin") == 0)
			ret->admin = fd;
		else if (sscanf(text, "end %u %d", &ret->generation, &pid) == 2)
			return ret->pid = pid, 0;
		else if (strcmp(text, "learned") == 0)
			take_learned(fd, &ret->learned);
		else if (event_standing_read((struct text){ text, (size_t)n }, &ret->events))
			ret->tells_of_events = true;
		else if (sscanf(text, "heard %" SCNu64 " %" SCNd64, &ret->heard_seen, &ret->heard_since_ns) != 2)
			take_listener(files, text, fd);
	}
}

int
upgrade_receive(struct listen_sockets *files, struct upgrade_gift *ret, struct upgrade_link *link,
    struct err *e)
{
	const char *word = getenv(VARIABLE);

	*ret = (struct upgrade_gift){ .store = -1, .admin = -1 };
	*link = (struct upgrade_link){ .fd = -1 };
	if (!word)
		return 0;
	int fd = strcmp(word, "3") == 0 ? fcntl(CHILD_FD, F_DUPFD_CLOEXEC, CHILD_FD + 1) : -1;
	unsetenv(VARIABLE);
	if (fd < 0)
		return err_set(e, EBADF, VARIABLE " is set, but nothing is handed over");
	close(CHILD_FD);
	int code = receive_all(fd, files, ret);
	if (code < 0) {
		close(fd);
		return err_set(e, -code, "cannot take over from the running gate: %s", strerror(-code));
	}
	*link = (struct upgrade_link){ fd, ret->pid };
	return 0;
}

void
upgrade_gift_done(struct upgrade_gift *g)
{
	buf_done(&g->learned);
}

void
upgrade_say_ready(struct upgrade_link *link)
{
	if (link->fd >= 0)
		send_message(link->fd, "ready", -1);
}

int
upgrade_tell(const struct upgrade_link *link, struct text line)
{
	return send(link->fd, line.at, line.size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

bool
upgrade_hear(const struct upgrade_link *link, struct buf *ret_line)
{
	char line[LINE_BYTES];
	ssize_t n = link->fd < 0 ? 0 : recv(link->fd, line, sizeof(line), MSG_DONTWAIT);

	buf_clear(ret_line);
	if (n > 0)
		buf_append(ret_line, line, (size_t)n);
	return n > 0;
}

bool
upgrade_peer_is_gone(const struct upgrade_link *link)
{
	struct pollfd p = { .fd = link->fd };
	return link->fd >= 0 && poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR);
}
