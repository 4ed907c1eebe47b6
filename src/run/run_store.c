/* SPDX-License-Identifier: MIT */
#include "run/run_store.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "run/run_codec.h"

#define RUNS ".prony/runs"
/* Room for what is concluded in the end: evidence that conclusions rest on is not cut for them. */
#define CONCLUSIONS_BYTES ((size_t)128 << 10)

/* "shop-api:8080" as a part of a file name. */
static void
name_for_folder(const char *name, char out[32])
{
	size_t n = 0;
	for (; name && *name && n < 31; name++)
		out[n++] = isalnum((unsigned char)*name) ? *name : '-';
	out[n] = '\0';
	if (!n)
		memcpy(out, "run", 4);
}

/* `latest` is a convenience: a folder where it cannot be made still holds a good run. */
static void
point_latest(const char *folder)
{
	const char *name = strrchr(folder, '/') + 1;
	const char *temporary = RUNS "/.latest";

	unlink(temporary);
	if (symlink(name, temporary) == 0 && rename(temporary, RUNS "/latest") < 0)
		unlink(temporary);
}

int
run_create(struct run *r, const char *out, struct err *e)
{
	char created[21], stamp[21], name[32], *to = stamp;
	uint16_t random = 0;

	int64_t wall = wall_ns();
	wall_format(wall, created);
	for (const char *c = created; *c; c++)
		if (*c != '-' && *c != ':')
			*to++ = *c;
	*to = '\0';
	if (getrandom(&random, sizeof(random), 0) < 0)
		random = (uint16_t)wall;
	name_for_folder(r->system.name, name);
	r->created = run_str(r, created);
	r->id = run_printf(r, "%s-%s-%04x", stamp, name, random);
	r->folder = out ? run_str(r, out) : run_printf(r, RUNS "/%s", r->id);
	int code = file_mkdirs(r->folder, e);
	if (code < 0) {
		err_hint(e, "name another folder with --out DIR");
		return code;
	}
	if (!out)
		point_latest(r->folder);
	return run_save(r, e);
}

static char *
dump(const struct run *r, size_t *ret_size)
{
	json_t *j = run_to_json(r);
	/* All digits of a figure: a run that is read back must give the very same conclusions. */
	char *text = json_dumps(j, JSON_COMPACT);
	json_decref(j);
	if (!text)
		abort();
	*ret_size = strlen(text);
	return text;
}

int
run_save(struct run *r, struct err *e)
{
	size_t size, most = r->sealed ? RUN_JSON_MAX_BYTES : RUN_JSON_MAX_BYTES - CONCLUSIONS_BYTES;
	CLEANUP(free_p) char *text = dump(r, &size);

	while (size > most && (r->evidence.trace.n_stacks || r->evidence.n_series)) {
		r->evidence.trace.n_stacks /= 2;
		if (!r->evidence.trace.n_stacks)
			r->evidence.n_series /= 2;
		free(text);
		text = dump(r, &size);
	}
	int code = run_write(r, "run.json", text, size, e);
	if (code < 0)
		err_hint(e, "free some space or name another folder with --out DIR; what was measured "
		            "so far is lost");
	return code;
}

int
run_seal(struct run *r, struct err *e)
{
	r->sealed = true;
	return run_save(r, e);
}

static int
parse_run(const char *path, struct run **ret, struct err *e)
{
	CLEANUP(buf_done) struct buf b = { 0 };
	int code = file_read(path, 4 * RUN_JSON_MAX_BYTES, &b, e);
	if (code < 0)
		return code;
	json_error_t at;
	json_t *j = json_loadb(buf_text(&b), b.size, JSON_REJECT_DUPLICATES, &at);
	if (!j)
		return err_set(e, EINVAL, "%s:%d:%d: not JSON: %s", path, at.line, at.column, at.text);
	code = run_from_json(j, ret, e);
	json_decref(j);
	return code < 0 ? err_wrap(e, code, "%s", path) : 0;
}

int
run_load(const char *path, struct run **ret, struct err *e)
{
	char file[4096];
	struct stat st;

	if (!path || strcmp(path, "latest") == 0)
		path = RUNS "/latest";
	bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
	if (snprintf(file, sizeof(file), "%s%s", path, folder ? "/run.json" : "") >= (int)sizeof(file))
		return err_set(e, ENAMETOOLONG, "cannot open '%s': name too long", path);
	int code = parse_run(file, ret, e);
	if (code < 0) {
		e->status = STATUS_USAGE;
		err_hint(e, "a run is a folder that 'prony check' wrote, or the run.json in it");
		return err_wrap(e, code, "cannot read the run");
	}
	char *slash = strrchr(file, '/');
	(*ret)->folder = slash ? arena_strndup((*ret)->arena, file, (size_t)(slash - file))
	                       : run_str(*ret, ".");
	return 0;
}

int
run_write(const struct run *r, const char *name, const void *data, size_t size, struct err *e)
{
	char path[4096];
	if (snprintf(path, sizeof(path), "%s/%s", r->folder, name) >= (int)sizeof(path))
		return err_set(e, ENAMETOOLONG, "cannot write '%s/%s': name too long", r->folder, name);
	return file_write(path, data, size, e);
}
