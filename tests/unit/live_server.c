/* SPDX-License-Identifier: MIT */
#include "live_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint16_t
free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
	    getsockname(fd, (struct sockaddr *)&a, &size) == 0;

	if (fd >= 0)
		close(fd);
	return ok ? ntohs(a.sin_port) : 0;
}

static bool
give_to_nobody(const char *path)
{
	const struct passwd *nobody = getpwnam("nobody");

	return geteuid() != 0 || (nobody && chown(path, nobody->pw_uid, nobody->pw_gid) == 0);
}

bool
live_prepare(struct live_server *s)
{
	*s = (struct live_server){ .folder = "/tmp/prony-live-XXXXXX", .port = free_port() };
	return s->port && mkdtemp(s->folder) && give_to_nobody(s->folder);
}

bool
live_put_file(const struct live_server *s, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", s->folder, name);
	FILE *f = fopen(path, "w");
	bool ok = f && fputs(text, f) >= 0;
	ok = (!f || fclose(f) == 0) && ok;
	return ok && give_to_nobody(path);
}

/* In the child: becomes the program, its output in a file of the folder. */
static void
become(const struct live_server *s, const char *const argv[])
{
	const struct passwd *nobody = getpwnam("nobody");

	if (chdir(s->folder) != 0)
		_exit(127);
	int log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0666);
	if (log >= 0 && (dup2(log, 1) < 0 || dup2(log, 2) < 0))
		_exit(127);
	if (geteuid() == 0 && (!nobody || fchown(log, nobody->pw_uid, nobody->pw_gid) != 0 ||
	    setgroups(0, NULL) != 0 || setgid(nobody->pw_gid) != 0 || setuid(nobody->pw_uid) != 0))
		_exit(127);
	prctl(PR_SET_PDEATHSIG, SIGKILL);   /* after setuid, which takes it back */
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

static pid_t
spawn(const struct live_server *s, const char *const argv[])
{
	pid_t pid = fork();

	if (pid == 0)
		become(s, argv);
	return pid;
}

int
live_run(const struct live_server *s, const char *const argv[])
{
	pid_t pid = spawn(s, argv);
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status) == 127 ? -1 : WEXITSTATUS(status);
}

bool
live_start(struct live_server *s, const char *const argv[])
{
	s->pid = spawn(s, argv);
	for (int i = 0; s->pid > 0 && i < 3000; i++) {
		int fd = live_connect(s);
		if (fd >= 0) {
			close(fd);
			return true;
		}
		if (waitpid(s->pid, NULL, WNOHANG) == s->pid) {
			s->pid = 0;
			return false;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	return false;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

void
live_stop(struct live_server *s)
{
	if (s->pid > 0) {
		kill(s->pid, SIGINT);
		waitpid(s->pid, NULL, 0);
	}
	if (s->folder[0])
		nftw(s->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	*s = (struct live_server){ 0 };
}

int
live_connect(const struct live_server *s)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(s->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval deadline = { .tv_sec = 10 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline)) == 0 &&
	    connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

bool
live_write(int fd, const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size) {
		ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

size_t
live_read(int fd, void *bytes, size_t most)
{
	ssize_t n = recv(fd, bytes, most, 0);

	return n > 0 ? (size_t)n : 0;
}
