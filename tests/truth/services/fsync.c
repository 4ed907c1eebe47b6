/* SPDX-License-Identifier: MIT */
/* Planted: every request waits until its own line of the journal is on the disk.
 * Truth: io.disk.sync, the journal. Usage: fsync FILE [group|lazy]; group: one sync serves all who
 * wait for it; lazy: nobody waits. */
#include <fcntl.h>

#include "http.h"

enum { LINES = 256, LINE_BYTES = 4096 };
static int journal;
static bool group, lazy;
static pthread_mutex_t commit_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t committed = PTHREAD_COND_INITIALIZER, written = PTHREAD_COND_INITIALIZER;
static unsigned long lines_written, lines_safe;

static void *
commit_for_all(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&commit_lock);
	for (;;) {
		while (lines_safe == lines_written)
			pthread_cond_wait(&written, &commit_lock);
		unsigned long upto = lines_written;
		pthread_mutex_unlock(&commit_lock);
		fdatasync(journal);
		pthread_mutex_lock(&commit_lock);
		lines_safe = upto;
		pthread_cond_broadcast(&committed);
	}
	return NULL;
}

static void
wait_for_commit(void)
{
	pthread_mutex_lock(&commit_lock);
	unsigned long mine = ++lines_written;
	pthread_cond_signal(&written);
	while (lines_safe < mine)
		pthread_cond_wait(&committed, &commit_lock);
	pthread_mutex_unlock(&commit_lock);
}

static const char *
answer(void)
{
	char line[LINE_BYTES];

	memset(line, '.', sizeof(line));
	if (pwrite(journal, line, sizeof(line), (random() % LINES) * LINE_BYTES) != sizeof(line))
		return "lost";
	if (group)
		wait_for_commit();
	else if (!lazy && fdatasync(journal) < 0)
		return "lost";
	return "stored";
}

int
main(int argc, char **argv)
{
	char zeros[LINE_BYTES] = { 0 };
	pthread_t t;

	journal = open(argc > 1 ? argv[1] : "journal", O_RDWR | O_CREAT, 0600);
	group = argc > 2 && strcmp(argv[2], "group") == 0;
	lazy = argc > 2 && strcmp(argv[2], "lazy") == 0;
	for (int i = 0; i < LINES; i++)
		if (write(journal, zeros, sizeof(zeros)) != sizeof(zeros))
			return 1;
	fsync(journal);
	if (group && pthread_create(&t, NULL, commit_for_all, NULL) != 0)
		return 1;
	return http_serve(answer, 64);
}
