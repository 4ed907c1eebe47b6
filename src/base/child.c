/* SPDX-License-Identifier: MIT */
/* The minder is a fork without exec, maybe of a process with threads: it and the command's own start
 * call nothing but what is async-signal-safe, and allocate nothing. */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define ORPHAN_PATIENCE_NS (5 * NS_PER_S)   /* when prony is gone and cannot say */
#define KILL_NS            (2 * NS_PER_S)   /* a process that the kernel cannot end is given up */
#define ROUND_NS           (10 * NS_PER_MS)
#define ABOVE_STDIO        10
#define KERNEL_SIGSET_BYTES 8
#define LEAVE_NS           INT64_C(-1)      /* instead of a patience: end nothing */

/* Right above the standard ones: the minder's link to prony, the command's to the minder. */
#define LINK_FD 3

/* First what became of the start, then, of the same kind, how the command ended. */
struct news {
	int32_t code;          /* errno of the start; 0 */
	int32_t value;         /* process id; status */
};

/* ---- the command, before it is one --------------------------------------------------------- */

/* A copy above the standard descriptors, which are about to be replaced. */
static int
lift(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, ABOVE_STDIO);
}

/* All of them, also the two that libc keeps for itself and that its signal() leaves as prony's parent had
 * them: so the kernel is asked. Zeros are SIG_DFL without flags, whatever an architecture's struct holds. */
static void
default_signals(void)
{
	static const unsigned char by_default[64];
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		syscall(SYS_rt_sigaction, sig, by_default, NULL, KERNEL_SIGSET_BYTES);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool
take_descriptors(const struct child_how *how, int report)
{
	int nothing = lift(open("/dev/null", O_RDONLY | O_CLOEXEC));
	int out = lift(how->out), err = lift(how->err);

	report = lift(report);
	if (dup2(nothing, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(err, STDERR_FILENO) < 0 || dup3(report, LINK_FD, O_CLOEXEC) < 0)
		return false;
	return close_range(LINK_FD + 1, ~0U, 0) == 0;
}

static _Noreturn void
become_command(const struct child_how *how, int report, pid_t minder)
{
	const char *const shell[] = { "/bin/sh", "-c", how->command, NULL };
	const char *const *argv = how->command ? shell : how->argv;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != minder || !take_descriptors(how, report))
		_exit(127);
	if ((!how->folder || chdir(how->folder) == 0) &&
	    (!how->files || setrlimit(RLIMIT_NOFILE, how->files) == 0)) {
		default_signals();
		execvp(argv[0], (char *const *)argv);
	}
	int32_t code = errno;
	_exit(write(LINK_FD, &code, sizeof(code)) == sizeof(code) ? 127 : 126);
}

/* ---- the minder ---------------------------------------------------------------------------- */

struct minder {
	pid_t leader;          /* stays a zombie to the end, so that the number of its group is its own */
	bool ended;
	int signals;           /* readable when a child has ended */
	pid_t asked[64];       /* groups that have had SIGTERM */
	size_t n_asked;
};

/* When nobody is there to hear it, mind() sees that, too. */
static void
tell(int32_t code, int32_t value)
{
	struct news n = { code, value };

	send(LINK_FD, &n, sizeof(n), MSG_NOSIGNAL);
}

static void
look_at_leader(struct minder *m)
{
	siginfo_t info = { 0 };

	if (m->ended || waitid(P_PID, (id_t)m->leader, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	    !info.si_pid)
		return;
	m->ended = true;
	tell(0, info.si_code == CLD_EXITED ? (info.si_status & 0xff) << 8 : info.si_status & 0x7f);
}

/* SIGTERM once, since a second one often means "at once"; SIGKILL as often as it takes. Orphans of a
 * group of their own show up as their parents end. */
static void
send_to_group(struct minder *m, pid_t group, int sig)
{
	for (size_t i = 0; i < m->n_asked && sig == SIGTERM; i++)
		if (m->asked[i] == group)
			return;
	if (sig == SIGTERM && m->n_asked < COUNT_OF(m->asked))
		m->asked[m->n_asked++] = group;
	kill(-group, sig);
}

/* One child other than the leader: collected when it has ended, else `sig`. Returns whether it runs.
 * Numbers that are no child's are let be. */
static bool
look_at_orphan(struct minder *m, pid_t pid, int sig)
{
	if (pid <= 0 || pid == m->leader || waitpid(pid, NULL, WNOHANG) != 0)
		return false;
	pid_t group = getpgid(pid);
	if (sig && group > 1 && group != getpgrp())
		send_to_group(m, group, sig);
	else if (sig)
		kill(pid, sig);
	return true;
}

/* Look at every child, `sig` to all when it is not 0; returns how many run. What is below a child
 * comes to us when the child ends. */
static int
sweep(struct minder *m, int sig)
{
	char text[16384];
	pid_t pid = 0;

	if (sig)
		send_to_group(m, m->leader, sig);
	look_at_leader(m);
	int running = !m->ended;
	int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : 0;
	if (fd >= 0)
		close(fd);
	for (ssize_t i = 0; i < n; i++) {
		if (text[i] >= '0' && text[i] <= '9') {
			pid = pid * 10 + (text[i] - '0');
			continue;
		}
		running += look_at_orphan(m, pid, sig);
		pid = 0;
	}
	return running;
}

static void
wait_for_signal(const struct minder *m, int64_t until)
{
	struct signalfd_siginfo info;
	struct pollfd p = { .fd = m->signals, .events = POLLIN };
	int64_t left = (until - now_ns()) / NS_PER_MS + 1;

	if (left > 0 && poll(&p, 1, (int)left) == 1 && read(m->signals, &info, sizeof(info)) <= 0)
		return;
}

static void
end_all(struct minder *m, int64_t patience_ns)
{
	int64_t until = now_ns() + patience_ns;

	while (sweep(m, SIGTERM) > 0 && now_ns() < until)
		wait_for_signal(m, until);
	until = now_ns() + KILL_NS;
	while (sweep(m, SIGKILL) > 0 && now_ns() < until)
		wait_for_signal(m, now_ns() + ROUND_NS);
	waitpid(m->leader, NULL, WNOHANG);
}

/* Until prony says that it is enough, or is no more; returns how patient to be then. */
static int64_t
mind(struct minder *m)
{
	struct signalfd_siginfo info;
	struct pollfd p[] = {
		{ .fd = LINK_FD, .events = POLLIN }, { .fd = m->signals, .events = POLLIN },
	};
	int64_t patience;

	for (;;) {
		sweep(m, 0);
		if (poll(p, COUNT_OF(p), -1) < 0)
			continue;
		if (p[1].revents && read(m->signals, &info, sizeof(info)) < 0)
			p[1].fd = -1;
		if (p[0].revents)
			return read(LINK_FD, &patience, sizeof(patience)) == sizeof(patience)
			    ? patience : ORPHAN_PATIENCE_NS;
	}
}

/* The errno that the command's start ended with; 0: it runs. */
static int32_t
start_command(const struct child_how *how, struct minder *m)
{
	int ends[2];
	int32_t code = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return errno;
	pid_t self = getpid();
	m->leader = fork();
	if (m->leader == 0)
		become_command(how, ends[1], self);
	if (m->leader < 0)
		return errno;
	setpgid(m->leader, m->leader);
	close(ends[1]);
	ssize_t n = read(ends[0], &code, sizeof(code));
	close(ends[0]);
	return n == sizeof(code) ? code : 0;
}

/* Keeps nothing of prony's open: neither its pipes nor its connections. */
static bool
drop_descriptors(int link)
{
	int nothing = lift(open("/dev/null", O_RDWR | O_CLOEXEC));

	link = lift(link);
	return dup2(nothing, STDIN_FILENO) >= 0 && dup2(nothing, STDOUT_FILENO) >= 0 &&
	    dup2(nothing, STDERR_FILENO) >= 0 && dup3(link, LINK_FD, O_CLOEXEC) >= 0 &&
	    close_range(LINK_FD + 1, ~0U, 0) == 0;
}

static _Noreturn void
become_minder(const struct child_how *how, int link)
{
	struct minder m = { .leader = 0 };
	sigset_t ended;

	/* Of a group of its own: Ctrl-C is for prony, which ends us in good order. */
	setpgid(0, 0);
	prctl(PR_SET_NAME, "prony-minder");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGCHLD, SIG_DFL);
	int32_t code = start_command(how, &m);
	if (!drop_descriptors(link))
		_exit(1);
	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	m.signals = signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
	tell(code, m.leader);
	int64_t patience = code || m.leader < 0 ? 0 : mind(&m);
	if (m.leader > 0 && patience != LEAVE_NS)
		end_all(&m, patience);
	_exit(0);
}

/* ---- prony's side -------------------------------------------------------------------------- */

/* No signal is to be handled twice, by prony and by a minder that has still its handlers. */
static pid_t
fork_minder(const struct child_how *how, int link)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		become_minder(how, link);
	int code = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = code;
	return pid;
}

/* Whole or not at all; false when the minder is gone. */
static bool
read_news(const struct child *c, struct news *ret)
{
	ssize_t n;

	do
		n = recv(c->link, ret, sizeof(*ret), MSG_WAITALL);
	while (n < 0 && errno == EINTR);
	return n == sizeof(*ret);
}

static void
collect(pid_t minder)
{
	while (waitpid(minder, NULL, 0) < 0 && errno == EINTR)
		;
}

static int
not_started(const struct child_how *how, int code, struct err *e)
{
	const char *what = how->command ? "/bin/sh" : how->argv[0];

	if (how->folder && access(how->folder, X_OK) < 0)
		return err_set(e, code, "cannot run '%s' in '%s': %s", what, how->folder, strerror(code));
	return err_set(e, code, "cannot run '%s': %s", what, strerror(code));
}

int
child_start(const struct child_how *how, struct child *ret, struct err *e)
{
	struct news first = { .code = EPROTO };
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_set(e, errno, "cannot make a socket pair: %s", strerror(errno));
	struct child c = { .link = ends[0] };
	c.minder = fork_minder(how, ends[1]);
	int code = errno;
	close(ends[1]);
	if (c.minder > 0 && read_news(&c, &first) && first.code == 0) {
		c.pid = first.value;
		*ret = c;
		return 0;
	}
	close(c.link);
	if (c.minder > 0) {
		collect(c.minder);
		code = first.code;
	}
	return not_started(how, code, e);
}

bool
child_ended(struct child *c, int64_t wait_ns)
{
	struct pollfd p = { .fd = c->link, .events = POLLIN };
	struct news end;

	if (c->ended || !c->minder)
		return true;
	if (poll(&p, 1, (int)((wait_ns + NS_PER_MS - 1) / NS_PER_MS)) <= 0)
		return false;
	c->ended = true;
	/* A minder that was killed has taken the command with it. */
	c->status = read_news(c, &end) ? end.value : SIGKILL;
	return true;
}

static void
dismiss(struct child *c, int64_t patience_ns)
{
	if (!c->minder)
		return;
	/* When it does not get there the minder is gone, and the command with it. */
	send(c->link, &patience_ns, sizeof(patience_ns), MSG_NOSIGNAL);
	collect(c->minder);
	child_ended(c, 0);
	close(c->link);
	c->minder = 0;
	c->ended = true;
}

void
child_stop(struct child *c, int64_t patience_ns)
{
	dismiss(c, patience_ns);
}

void
child_leave(struct child *c)
{
	dismiss(c, LEAVE_NS);
}

const char *
child_fate(const struct child *c, char *out, size_t size)
{
	if (!c->ended)
		snprintf(out, size, "runs");
	else if (WIFSIGNALED(c->status))
		snprintf(out, size, "was killed by signal %d (%s)", WTERMSIG(c->status),
		    strsignal(WTERMSIG(c->status)));
	else
		snprintf(out, size, "ended with status %d", WEXITSTATUS(c->status));
	return out;
}
