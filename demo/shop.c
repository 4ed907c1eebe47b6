/* SPDX-License-Identifier: MIT */
/* Options, the folder of the database, start and end. */
#include "shop.h"

#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: prony-shop [--port N] [--db DIR] [--workers N] [--cpus N] [--fault NAMES]\n"
    "                  [--fix NAMES]\n"
    "\n"
    "A web shop that is slow on purpose, for `prony demo`. It listens on 127.0.0.1 only.\n"
    "  --port N       0 takes a free one (preset)\n"
    "  --db DIR       folder for the database (preset: a temporary one, removed at the end)\n"
    "  --workers N    threads, each serves one connection at a time (preset 128)\n"
    "  --cpus N       use this many CPUs, so that machines are alike, and leave one to whoever\n"
    "                 measures (preset 2; 0: use all)\n"
    "  --fault NAMES  only these faults, separated by commas: missing-index lock hot-function\n"
    "                 n-plus-one large-answer; 'none' for a healthy shop (preset: all)\n"
    "  --fix NAMES    switch these off again\n";

static const struct { const char *name; size_t at; } switches[] = {
	{ "missing-index", offsetof(struct faults, missing_index) },
	{ "lock", offsetof(struct faults, lock) },
	{ "hot-function", offsetof(struct faults, hot_function) },
	{ "n-plus-one", offsetof(struct faults, n_plus_one) },
	{ "large-answer", offsetof(struct faults, large_answer) },
};
enum { N_SWITCHES = sizeof(switches) / sizeof(switches[0]) };

static bool *
switch_at(struct faults *f, size_t i)
{
	return (bool *)((char *)f + switches[i].at);
}

static int
switch_named(struct faults *f, const char *name, bool on)
{
	for (size_t i = 0; i < N_SWITCHES; i++) {
		if (strcmp(name, switches[i].name) != 0)
			continue;
		*switch_at(f, i) = on;
		return 0;
	}
	fprintf(stderr, "prony-shop: no fault is called '%s'; see --help\n", name);
	return -1;
}

static int
switch_list(struct faults *f, char *names, bool on)
{
	char *rest = names;

	for (char *name; (name = strsep(&rest, ","));)
		if (switch_named(f, name, on) < 0)
			return -1;
	return 0;
}

struct options {
	struct faults faults;
	const char *folder;
	int port, workers, cpus;
};

static int
number(const char *text, int lowest, int highest, int *ret)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || end == text || n < lowest || n > highest) {
		fprintf(stderr, "prony-shop: '%s' is not a number from %d to %d\n", text, lowest, highest);
		return -1;
	}
	*ret = (int)n;
	return 0;
}

static int
set_option(struct options *o, int letter, char *value)
{
	switch (letter) {
	case 'p':
		return number(value, 0, 65535, &o->port);
	case 'w':
		return number(value, 1, 1000, &o->workers);
	case 'c':
		return number(value, 0, CPU_SETSIZE, &o->cpus);
	case 'd':
		o->folder = value;
		return 0;
	case 'f':
		o->faults = (struct faults){ 0 };
		return strcmp(value, "none") == 0 ? 0 : switch_list(&o->faults, value, true);
	case 'x':
		return switch_list(&o->faults, value, false);
	case 'h':
		fputs(usage, stdout);
		exit(0);
	}
	fputs(usage, stderr);
	return -1;
}

static int
read_options(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {
		{ "port", required_argument, NULL, 'p' }, { "db", required_argument, NULL, 'd' },
		{ "workers", required_argument, NULL, 'w' }, { "cpus", required_argument, NULL, 'c' },
		{ "fault", required_argument, NULL, 'f' }, { "fix", required_argument, NULL, 'x' },
		{ "help", no_argument, NULL, 'h' }, { 0 },
	};
	for (int letter; (letter = getopt_long(argc, argv, "", names, NULL)) != -1;)
		if (set_option(o, letter, optarg) < 0)
			return -1;
	return optind == argc ? 0 : set_option(o, '?', NULL);
}

/* Keep the last `wanted` of the CPUs that we may use, never the first of several. */
static void
keep_cpus(int wanted)
{
	cpu_set_t all, kept;

	CPU_ZERO(&kept);
	if (wanted == 0 || sched_getaffinity(0, sizeof(all), &all) < 0)
		return;
	if (CPU_COUNT(&all) > 1 && wanted >= CPU_COUNT(&all))
		wanted = CPU_COUNT(&all) - 1;
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && CPU_COUNT(&kept) < wanted; cpu--)
		if (CPU_ISSET(cpu, &all))
			CPU_SET(cpu, &kept);
	sched_setaffinity(0, sizeof(kept), &kept);
}

static void
remove_database(const char *path)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
	char file[PATH_MAX];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(file, sizeof(file), "%s%s", path, suffixes[i]);
		unlink(file);
	}
}

int
main(int argc, char **argv)
{
	struct options o = { .workers = 128, .cpus = 2 };
	char own[PATH_MAX], path[PATH_MAX + 16];
	sigset_t ends;

	memset(&o.faults, true, sizeof(o.faults));
	if (read_options(argc, argv, &o) < 0)
		return 2;
	/* Only server_run waits for the end; a signal before that is kept for it. */
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	keep_cpus(o.cpus);

	const char *temporary = getenv("TMPDIR");
	snprintf(own, sizeof(own), "%s/prony-shop-XXXXXX", temporary ? temporary : "/tmp");
	if (!o.folder && !mkdtemp(own)) {
		perror("prony-shop: cannot make a temporary folder");
		return 1;
	}
	snprintf(path, sizeof(path), "%s/shop.db", o.folder ? o.folder : own);
	remove_database(path);
	int r = store_create(path, &o.faults);
	if (r == 0)
		r = server_run(path, o.port, o.workers, &o.faults);
	if (!o.folder) {
		remove_database(path);
		rmdir(own);
	}
	return r == 0 ? 0 : 1;
}
