/* SPDX-License-Identifier: MIT */
/* Planted: pictures are read from the disk in each request, because the page cache is told to forget
 * them. Truth: io.disk.read, the file. Usage: cold_read FILE [repaired]; repaired, it may remember. */
#include <fcntl.h>

#include "http.h"

enum { PICTURES = 512, PICTURE_BYTES = 64 << 10 };
static int album;
static bool repaired;

static __attribute__((noinline)) const char *
read_picture(off_t number)
{
	char picture[PICTURE_BYTES];
	off_t at = number * PICTURE_BYTES;

	if (!repaired)
		posix_fadvise(album, at, sizeof(picture), POSIX_FADV_DONTNEED);
	return pread(album, picture, sizeof(picture), at) == sizeof(picture) ? "shown" : "lost";
}

static const char *
answer(void)
{
	return read_picture(random() % PICTURES);
}

int
main(int argc, char **argv)
{
	static char picture[PICTURE_BYTES] = "P6";

	album = open(argc > 1 ? argv[1] : "album", O_RDWR | O_CREAT, 0600);
	repaired = argc > 2;
	for (int i = 0; i < PICTURES; i++)
		if (write(album, picture, sizeof(picture)) != sizeof(picture))
			return 1;
	fsync(album);
	posix_fadvise(album, 0, 0, POSIX_FADV_RANDOM);
	return http_serve(answer, 64);
}
