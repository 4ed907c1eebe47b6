/* SPDX-License-Identifier: MIT */
/* Planted: every request maps fresh memory for its picture, touches each page of it once and gives it
 * back. Truth: memory.page-fault. Usage: page_faults [repaired]; repaired, a thread keeps its memory. */
#include <sys/mman.h>

#include "http.h"

enum { PICTURE_BYTES = 12 << 20, LINE_BYTES = 2048 };
static bool repaired;

static unsigned char *
map_picture(void)
{
	unsigned char *p = mmap(NULL, PICTURE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* A thumbnail needs only the beginning of each line. */
static __attribute__((noinline)) unsigned
draw_lines(unsigned char *picture)
{
	unsigned sum = 0;

	for (size_t at = 0; at < PICTURE_BYTES; at += LINE_BYTES) {
		memset(picture + at, (int)(at >> 11), 32);
		sum += picture[at + 31];
	}
	return sum;
}

static const char *
answer(void)
{
	static _Thread_local unsigned char *kept;
	static _Thread_local char text[32];
	unsigned char *picture = kept ? kept : map_picture();

	if (!picture)
		return "no memory";
	snprintf(text, sizeof(text), "drawn %u", draw_lines(picture));
	if (repaired)
		kept = picture;
	else
		munmap(picture, PICTURE_BYTES);
	return text;
}

int
main(int argc, char **argv)
{
	(void)argv;
	repaired = argc > 1;
	return http_serve(answer, 32);
}
