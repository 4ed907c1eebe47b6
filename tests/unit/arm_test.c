/* SPDX-License-Identifier: MIT */
/* With real services: a small one in Python that does what its words say, in a temporary folder that
 * is a git repository, too. */
#include "experiment/arm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/stop.h"
#include "check.h"
#include "experiment/port.h"
#include "net/url.h"
#include "spec/setting.h"

#define PYTHON "/usr/bin/python3"

/* server.py PORT [WORD...]: answers with what the file "answer" beside it holds. */
static const char server[] =
    "import http.server, os, signal, sys, time\n"
    "words = sys.argv[2:]\n"
    "port = int(sys.argv[1])\n"
    "began = time.monotonic()\n"
    "open('pid', 'w').write(str(os.getpid()))\n"
    "class Handler(http.server.BaseHTTPRequestHandler):\n"
    "    def do_GET(self):\n"
    "        late = 'late' in words and time.monotonic() - began < 0.3\n"
    "        wrong = late or self.path != '/good'\n"
    "        body = open('answer', 'rb').read()\n"
    "        self.send_response(503 if late else 404 if wrong else 200)\n"
    "        self.send_header('Content-Length', str(len(body)))\n"
    "        self.end_headers()\n"
    "        self.wfile.write(body)\n"
    "    def log_message(self, *words):\n"
    "        pass\n"
    "if 'deaf' in words:\n"
    "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "if 'elsewhere' in words:\n"
    "    port = 0\n"
    "if 'never' in words:\n"
    "    print('thinking', flush=True)\n"
    "    time.sleep(1000)\n"
    "if 'die' in words:\n"
    "    sys.exit('no configuration: token=abc')\n"
    "if 'busy-once' in words and not os.path.exists('seen'):\n"
    "    open('seen', 'w').close()\n"
    "    sys.exit('bind: Address already in use')\n"
    "if 'family' in words and os.fork() == 0:\n"
    "    os.setsid()\n"
    "    open('member', 'w').write(str(os.getpid()))\n"
    "    time.sleep(1000)\n"
    "if 'background' in words and os.fork() != 0:\n"
    "    os._exit(0)\n"
    "s = http.server.ThreadingHTTPServer(('127.0.0.1', port), Handler)\n"
    "s.serve_forever()\n";

struct place {
	char folder[64], before[4096];
	struct spec *spec;
};

static void
put(const char *name, const char *text)
{
	struct err e = { 0 };
	if (file_write(name, text, strlen(text), &e) < 0)
		fail_msg("%s", e.text);
}

static void
set(struct spec *s, const char *name, const char *text)
{
	struct err e = { 0 };
	if (spec_flag(s, setting_find(name), text, &e) < 0)
		fail_msg("%s: %s", name, e.text);
}

static void
run_shell(const char *command)
{
	int status = system(command);
	if (status != 0)
		fail_msg("%s: status %d", command, status);
}

/* A folder to stand in, and what is asked: /good, within ten seconds. */
static struct spec *
asked(const char *ready_timeout)
{
	struct spec *s = spec_new();
	struct err e = { 0 };

	set(s, "route", "/good");
	set(s, "ready-timeout", ready_timeout);
	assert_int_equal(spec_preset(s, &e), 0);
	return s;
}

static int
enter(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	strcpy(p->folder, "/tmp/prony-arm-XXXXXX");
	if (!p || !getcwd(p->before, sizeof(p->before)) || !mkdtemp(p->folder) || chdir(p->folder) < 0)
		return -1;
	p->spec = asked("60s");
	put("server.py", server);
	put("answer", "one");
	*state = p;
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int
leave(void **state)
{
	struct place *p = *state;

	spec_free(p->spec);
	int code = chdir(p->before);
	nftw(p->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(p);
	return code;
}

static struct arm *
opened(const char *word, const struct spec *s)
{
	struct arm *a = NULL;
	struct err e = { 0 };

	if (arm_open("A", word, s, ".", NULL, &a, &e) < 0)
		fail_msg("%s: %s", word, e.text);
	return a;
}

static void
started(struct arm *a)
{
	struct err e = { 0 };
	if (arm_start(a, &e) < 0)
		fail_msg("%s", e.text);
}

static int
port_of(const struct arm *a)
{
	struct url u;
	struct err e = { 0 };
	assert_int_equal(url_parse(arm_spec(a)->urls[0], &u, &e), 0);
	return u.port;
}

/* The body of its answer. */
static void
answer_of(const struct arm *a, char *out, size_t size)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port_of(a)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	static const char request[] = "GET /good HTTP/1.0\r\n\r\n";
	char text[4096];
	size_t n = 0;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (void *)&to, sizeof(to)), 0);
	assert_int_equal(write(fd, request, sizeof(request) - 1), sizeof(request) - 1);
	for (ssize_t k; (k = read(fd, text + n, sizeof(text) - 1 - n)) > 0;)
		n += (size_t)k;
	text[n] = '\0';
	close(fd);
	const char *body = strstr(text, "\r\n\r\n");
	snprintf(out, size, "%s", body ? body + 4 : "");
}

/* ---- which kind ---------------------------------------------------------------------------- */

static void
kinds_are_told(void **state)
{
	struct place *p = *state;
	static const struct { const char *word; enum arm_kind kind; } rows[] = {
		{ "http://127.0.0.1:8080/", ARM_URL },
		{ "redis://127.0.0.1/0", ARM_URL },
		{ "./server {port}", ARM_COMMAND },
		{ "PORT={port} ./server --db postgres://db/x", ARM_COMMAND },
		{ "old", ARM_CHECKOUT },
		{ "./old", ARM_CHECKOUT },
		{ "finished", ARM_RUN },
		{ "finished/run.json", ARM_RUN },
		{ "latest", ARM_RUN },
		{ "main", ARM_REVISION },
		{ "HEAD", ARM_REVISION },
		{ "HEAD~0", ARM_REVISION },
		{ "v1", ARM_REVISION },
	};
	run_shell("mkdir -p old finished .prony/runs/latest && touch finished/run.json && "
	          "touch .prony/runs/latest/run.json && git init -q -b main . && git add server.py answer && "
	          "git -c user.name=a -c user.email=a commit -qm one && git tag v1");
	set(p->spec, "start", "./server {port}");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum arm_kind kind = ARM_URL;
		struct err e = { 0 };
		if (arm_kind_of(rows[i].word, p->spec, &kind, &e) < 0)
			fail_msg("%s: %s", rows[i].word, e.text);
		if (kind != rows[i].kind)
			fail_msg("%s is %d, wanted %d", rows[i].word, kind, rows[i].kind);
	}
}

static void
what_is_none_is_explained(void **state)
{
	struct place *p = *state;
	static const struct { const char *word, *start, *says, *hint; } rows[] = {
		{ "http://127.0.0.1:{port}/", NULL, "is for commands", "port of the service that runs" },
		{ "http:///x", NULL, "", "" },
		{ "pid:12", NULL, "does not know where 'pid:12' answers", "name its URL" },
		{ "./server --port 80", NULL, "is a command without {port}",
		  "as in './server --port 80 --port {port}'" },
		{ "sh", NULL, "is a command without {port}", "PORT={port} sh" },
		{ "./good.sh", NULL, "is a command without {port}", "write {port} where its port goes" },
		{ "localhost:8080/x", NULL, "is no URL", "did you mean http://localhost:8080/x?" },
		{ ":8080", NULL, "is no URL", "did you mean http://127.0.0.1:8080?" },
		{ "checkuot", "./x {port}", "no git repository here", "did you mean 'checkout'?" },
		{ "./checkuot", "./x {port}", "no git repository here", "did you mean './checkout'?" },
		{ "checkout", NULL, "is a folder, and how to start", "--start './server --port {port}', and" },
		{ "checkout", "./x", "--start './x' does not say which port", "write {port} where" },
		{ "nothing-of-that-kind", NULL, "is no URL, no command with {port}, no folder, no run",
		  "name each as in" },
		{ "--help", NULL, "no name of a revision", "" },
	};
	run_shell("mkdir checkout; touch good.sh; chmod +x good.sh");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum arm_kind kind;
		struct err e = { 0 };
		p->spec->start = rows[i].start;
		assert_int_equal(arm_kind_of(rows[i].word, p->spec, &kind, &e), -EINVAL);
		assert_int_equal(e.status, STATUS_USAGE);
		if (!strstr(e.text, rows[i].says) || !strstr(e.hint, rows[i].hint))
			fail_msg("%s: '%s' (%s)", rows[i].word, e.text, e.hint);
	}
}

/* ---- ports --------------------------------------------------------------------------------- */

static void
no_port_is_given_twice(void **state)
{
	uint16_t ports[50];
	struct err e = { 0 };

	for (int i = 0; i < 50; i++) {
		assert_int_equal(port_choose(&ports[i], &e), 0);
		for (int k = 0; k < i; k++)
			assert_int_not_equal(ports[k], ports[i]);
	}
}

static void
a_bound_port_is_not_free(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (void *)&at, size), 0);
	assert_int_equal(getsockname(fd, (void *)&at, &size), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_false(port_is_free(ntohs(at.sin_port)));
	close(fd);
	assert_true(port_is_free(ntohs(at.sin_port)));
}

static void
the_port_is_filled_in(void **state)
{
	struct arena *a = arena_new();

	assert_string_equal(port_fill_in(a, "x", 80), "x");
	assert_string_equal(port_fill_in(a, "{port}", 80), "80");
	assert_string_equal(port_fill_in(a, "a {port}{port} b{port", 80), "a 8080 b{port");
	arena_free(a);
}

/* ---- commands ------------------------------------------------------------------------------ */

static void
a_command_is_started_anew_and_stopped(void **state)
{
	struct place *p = *state;
	struct arm *a = opened("exec " PYTHON " server.py {port}", p->spec);
	char why[256], body[64];

	assert_true(arm_restarts(a));
	assert_int_equal(arm_starts(a), 0);
	assert_false(arm_alive(a, why, sizeof(why)));
	started(a);
	assert_int_equal(arm_starts(a), 1);
	assert_true(arm_alive(a, why, sizeof(why)));
	int first = port_of(a);
	answer_of(a, body, sizeof(body));
	assert_string_equal(body, "one");
	assert_non_null(strstr(arm_spec(a)->urls[0], "/good"));
	started(a);
	assert_int_equal(arm_starts(a), 2);
	assert_int_not_equal(port_of(a), first);
	assert_true(port_is_free((uint16_t)first));
	arm_stop(a);
	assert_true(port_is_free((uint16_t)port_of(a)));
	arm_close(a);
}

static void
two_arms_run_beside_each_other(void **state)
{
	struct place *p = *state;
	struct arm *a = opened(PYTHON " server.py {port}", p->spec);
	struct arm *b = opened(PYTHON " server.py {port} late", p->spec);

	started(a);
	started(b);      /* which answers 503 at first */
	assert_int_not_equal(port_of(a), port_of(b));
	arm_close(b);
	arm_close(a);
}

static void
a_lost_port_is_replaced(void **state)
{
	struct place *p = *state;
	struct arm *a = opened(PYTHON " server.py {port} busy-once", p->spec);

	started(a);
	assert_int_equal(arm_starts(a), 1);
	arm_close(a);
}

static void
what_goes_wrong_is_told(void **state)
{
	struct place *p = *state;
	static const struct { const char *words, *ready, *says, *hint; } rows[] = {
		{ "die", "60s", "it ended with status 1 before it answered; it said last:\n"
		                "  | no configuration: token=***", "everything that it said is in ./arm-a.log" },
		{ "elsewhere", "1500ms", "it listens on ", "write {port} where" },
		{ "never", "700ms", "it does not listen on port", "--ready-timeout" },
		{ "background", "60s", "it ended with status 0 before it answered", "stay in the foreground" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char word[128];
		struct err e = { 0 };
		struct spec *s = asked(rows[i].ready);
		snprintf(word, sizeof(word), "exec " PYTHON " server.py {port} %s", rows[i].words);
		struct arm *a = opened(word, s);
		assert_true(arm_start(a, &e) < 0);
		assert_int_equal(e.status, STATUS_NOT_MEASURED);
		if (!strstr(e.text, rows[i].says) || !strstr(e.text, "cannot start 'exec ") ||
		    !strstr(e.hint, rows[i].hint))
			fail_msg("%s: '%s' (%s)", rows[i].words, e.text, e.hint);
		assert_int_equal(arm_starts(a), 0);
		arm_close(a);
		spec_free(s);
	}
	(void)p;
}

static void
wrong_answers_are_told(void **state)
{
	struct place *p = *state;
	struct err e = { 0 };

	set(p->spec, "url", "http://127.0.0.1:1/bad");   /* its host does not matter */
	struct arm *a = opened(PYTHON " server.py {port}", p->spec);
	assert_true(arm_start(a, &e) < 0);
	if (!strstr(e.text, "the route answers 404"))
		fail_msg("%s", e.text);
	arm_close(a);
}

static void
death_is_noticed(void **state)
{
	struct place *p = *state;
	struct arm *a = opened("echo hello; " PYTHON " server.py {port}; echo bye; exit 7", p->spec);
	char why[512], pid[32];

	started(a);
	assert_true(file_peek(pid, sizeof(pid), "pid") > 0);
	assert_int_equal(kill(atoi(pid), SIGKILL), 0);
	for (int64_t end = now_ns() + 60 * NS_PER_S;
	     now_ns() < end && arm_alive(a, why, sizeof(why));)
		sleep_until_ns(now_ns() + NS_PER_MS);
	if (!strstr(why, "it ended with status 7; it said last:") || !strstr(why, "| bye"))
		fail_msg("%s", why);
	arm_close(a);
}

/* What has left the group, ignores SIGTERM and keeps its port. */
static void
all_of_it_is_stopped(void **state)
{
	struct place *p = *state;
	struct arm *a = opened(PYTHON " server.py {port} deaf family", p->spec);
	char pid[32], stat[256];

	started(a);
	assert_true(file_peek(pid, sizeof(pid), "member") > 0);
	assert_true(file_peek(stat, sizeof(stat), "/proc/%s/stat", pid) > 0);
	arm_stop(a);
	assert_true(port_is_free((uint16_t)port_of(a)));
	assert_true(file_peek(stat, sizeof(stat), "/proc/%s/stat", pid) < 0);
	arm_close(a);
}

static void
a_url_is_left_alone(void **state)
{
	struct place *p = *state;
	char url[64], why[64];
	struct arm *a = opened(PYTHON " server.py {port}", p->spec);

	started(a);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", port_of(a));
	struct arm *b = opened(url, p->spec);
	started(b);
	assert_false(arm_restarts(b));
	assert_int_equal(arm_starts(b), 0);
	assert_true(arm_alive(b, why, sizeof(why)));
	assert_string_equal(arm_spec(b)->urls[0], arm_spec(a)->urls[0]);
	arm_close(b);
	assert_true(arm_alive(a, why, sizeof(why)));
	arm_close(a);
}

/* ---- checkouts ----------------------------------------------------------------------------- */

static void
revisions_are_built_and_removed(void **state)
{
	struct place *p = *state;
	char body[64];
	struct err e = { 0 };

	run_shell("git init -q -b main . && mkdir below && git mv -k x y; mv server.py answer below && "
	          "git add below && git -c user.name=a -c user.email=a commit -qm one && git tag old && "
	          "echo -n two >below/answer && git -c user.name=a -c user.email=a commit -qam two");
	assert_int_equal(chdir("below"), 0);
	set(p->spec, "start", PYTHON " server.py {port}");
	set(p->spec, "build", "mkdir closed && touch closed/x && chmod 0500 closed; echo -n ' built' >>answer");
	struct arm *a = opened("old", p->spec), *b = opened("main", p->spec);
	started(a);
	answer_of(a, body, sizeof(body));
	assert_string_equal(body, "one built");
	started(b);
	answer_of(b, body, sizeof(body));
	assert_string_equal(body, "two built");
	run_shell("test $(git worktree list | wc -l) = 3");
	arm_close(b);
	arm_close(a);
	run_shell("test $(git worktree list | wc -l) = 1 && test -z \"$(git status --porcelain -uno)\"");
	assert_int_equal(arm_kind_of("mian", p->spec, &(enum arm_kind){ 0 }, &e), -EINVAL);
	assert_string_equal(e.hint, "did you mean 'main'?");
}

static void
a_failed_build_is_shown(void **state)
{
	struct place *p = *state;
	struct arm *a = NULL;
	struct err e = { 0 };

	run_shell("mkdir tree");
	set(p->spec, "start", PYTHON " ../server.py {port}");
	set(p->spec, "build", "echo compiling; echo 'x.c:3: error' >&2; exit 2");
	assert_true(arm_open("B", "tree", p->spec, ".", NULL, &a, &e) < 0);
	if (!strstr(e.text, "in 'tree' ended with status 2; it said last:\n  | compiling\n  | x.c:3: error") ||
	    !strstr(e.hint, "./arm-b-build.log"))
		fail_msg("%s (%s)", e.text, e.hint);
}

/* In a process of its own, which is told to stop. */
static _Noreturn void
open_until_stopped(const struct spec *s)
{
	struct arm *a = NULL;
	struct err e = { 0 };

	stop_install();
	int code = arm_open("A", "main", s, NULL, NULL, &a, &e);
	_exit(code == -EINTR && strstr(e.text, "was interrupted") ? 0 : 1);
}

static void
an_interrupted_build_leaves_nothing(void **state)
{
	struct place *p = *state;
	char text[128];
	int status;

	run_shell("git init -q -b main . && git add server.py && "
	          "git -c user.name=a -c user.email=a commit -qm one");
	set(p->spec, "start", PYTHON " server.py {port}");
	snprintf(text, sizeof(text), "sleep 1000 & echo $! $PWD >%s/building; wait", p->folder);
	set(p->spec, "build", text);
	pid_t pid = fork();
	if (pid == 0)
		open_until_stopped(p->spec);
	for (int64_t end = now_ns() + 60 * NS_PER_S; now_ns() < end && file_peek(text, sizeof(text),
	     "building") <= 0;)
		sleep_until_ns(now_ns() + NS_PER_MS);
	assert_int_equal(kill(pid, SIGINT), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	run_shell("test $(git worktree list | wc -l) = 1; read pid folder <building; ! kill -0 $pid 2>/dev/null && "
	          "! test -e $folder");
}

#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, enter, leave)

RUN_TESTS(IN_PLACE(kinds_are_told), IN_PLACE(what_is_none_is_explained),
    cmocka_unit_test(no_port_is_given_twice), cmocka_unit_test(a_bound_port_is_not_free),
    cmocka_unit_test(the_port_is_filled_in), IN_PLACE(a_command_is_started_anew_and_stopped),
    IN_PLACE(two_arms_run_beside_each_other), IN_PLACE(a_lost_port_is_replaced),
    IN_PLACE(what_goes_wrong_is_told), IN_PLACE(wrong_answers_are_told), IN_PLACE(death_is_noticed),
    IN_PLACE(all_of_it_is_stopped), IN_PLACE(a_url_is_left_alone),
    IN_PLACE(revisions_are_built_and_removed), IN_PLACE(a_failed_build_is_shown),
    IN_PLACE(an_interrupted_build_leaves_nothing))
