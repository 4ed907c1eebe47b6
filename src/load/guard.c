/* SPDX-License-Identifier: MIT */
#include "load/guard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/units.h"

#define MEMINFO_MAX  ((size_t)64 << 10)
#define MEMORY_SHARE 50                     /* a 50th of it has to be left */
#define MEMORY_LEAST ((int64_t)64 << 20)    /* and so much */
#define DISK_LEAST   ((int64_t)64 << 20)

/* A line of proc_meminfo(5): "MemAvailable:   12345 kB". */
static int64_t
bytes_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	char *end;

	if (!at || (at > text && at[-1] != '\n'))
		return -1;
	at += strlen(name);
	errno = 0;
	long long kib = strtoll(at, &end, 10);
	return end == at || errno || kib < 0 || kib > INT64_MAX >> 10 ? -1 : kib << 10;
}

struct guard_room
guard_look(const char *meminfo, const char *folder)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct guard_room room = { -1, -1, -1 };
	struct err ignored = { 0 };
	struct statvfs fs;

	if (file_read(meminfo, MEMINFO_MAX, &text, &ignored) == 0) {
		room.memory = bytes_of(buf_text(&text), "MemAvailable:");
		room.memory_total = bytes_of(buf_text(&text), "MemTotal:");
	}
	if (folder && statvfs(folder, &fs) == 0)
		room.disk = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	return room;
}

bool
guard_is_short(const struct guard_room *r, char *why, int size)
{
	char left[24];
	int64_t least = r->memory_total / MEMORY_SHARE;

	if (r->memory >= 0 && r->memory < (least > MEMORY_LEAST ? least : MEMORY_LEAST)) {
		snprintf(why, (size_t)size, "this host has %s of memory left",
		    format_size(left, (double)r->memory));
		return true;
	}
	if (r->disk >= 0 && r->disk < DISK_LEAST) {
		snprintf(why, (size_t)size, "the file system of the run's folder has %s left",
		    format_size(left, (double)r->disk));
		return true;
	}
	return false;
}
