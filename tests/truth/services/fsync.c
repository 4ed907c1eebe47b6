/* SPDX-License-Identifier: MIT */
/* Planted: every request waits until its line of the journal is on the disk.
 * Truth: io.disk.sync. Usage: fsync FILE */
#include <fcntl.h>

#include "http.h"

static int journal;

static const char *
answer(void)
{
	char line[4096];

	memset(line, '.', sizeof(line));
	if (pwrite(journal, line, sizeof(line), (random() % 256) * 4096) != sizeof(line) ||
	    fdatasync(journal) < 0)
		return "lost";
	return "stored";
}

int
main(int argc, char **argv)
{
	char zeros[4096] = { 0 };

	journal = open(argc > 1 ? argv[1] : "journal", O_RDWR | O_CREAT, 0600);
	for (int i = 0; i < 256; i++)
		if (write(journal, zeros, sizeof(zeros)) != sizeof(zeros))
			return 1;
	fsync(journal);
	return http_serve(answer, 64);
}
