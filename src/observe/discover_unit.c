/* SPDX-License-Identifier: MIT */
/* A systemd unit is a folder of its name in the cgroup tree, under v2 or systemd's own v1
 * hierarchy: read without asking systemd. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "observe/discover.h"

#define DEPTH_MAX 12

static bool
add_processes(const char *folder, struct tree *t)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	char path[1024], line[32];
	struct err ignored;
	bool any = false;

	snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	if (file_read(path, 1 << 20, &text, &ignored) < 0)
		return false;
	for (const char *at = buf_text(&text); text_line(&at, line, sizeof(line));)
		any |= tree_add(t, atoi(line));
	return any;
}

/* Below `folder`: processes of every group that is the unit or inside it. */
static bool
walk(const char *folder, const char *unit, bool inside, int depth, struct tree *t)
{
	bool any = inside && add_processes(folder, t);
	DIR *d = depth < DEPTH_MAX ? opendir(folder) : NULL;

	for (struct dirent *entry; d && (entry = readdir(d));) {
		char path[1024];
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		bool is_unit = inside || strcmp(entry->d_name, unit) == 0;
		if (snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) <
		    (int)sizeof(path))
			any |= walk(path, unit, is_unit, depth + 1, t);
	}
	if (d)
		closedir(d);
	return any;
}

bool
discover_unit(const char *root, const char *unit, struct tree *t)
{
	static const char *const hierarchies[] = { "systemd", "unified", "" };
	char name[256], folder[512];

	snprintf(name, sizeof(name), strchr(unit, '.') ? "%s" : "%s.service", unit);
	for (size_t i = 0; i < COUNT_OF(hierarchies); i++) {
		snprintf(folder, sizeof(folder), "%s/sys/fs/cgroup/%s", root, hierarchies[i]);
		if (walk(folder, name, false, 0, t))
			return true;
	}
	return false;
}
