/* SPDX-License-Identifier: MIT */
/* What strangers may write to the admin socket, and what a disk may make of the log of purges: "method target", a
 * line end, and a body; the same bytes as lines of the log. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gate/admin/admin_request.h"
#include "gate/purge/purge_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ask(struct text all)
{
	const char *blank = all.size ? memchr(all.at, ' ', all.size) : NULL;
	const char *end = all.size ? memchr(all.at, '\n', all.size) : NULL;
	struct admin_request r;

	if (!blank || !end || end < blank)
		return;
	struct text method = { all.at, (size_t)(blank - all.at) }, target = { blank + 1, (size_t)(end - blank - 1) };
	struct text body = { end + 1, all.size - (size_t)(end + 1 - all.at) };
	if (!admin_request_read(method, target, body, &r)) {
		if (r.status < 400 || !r.why[0] || !r.next)
			abort();
	} else if (r.what == ADMIN_PURGE && !purge_is_good(&r.purge)) {
		abort();
	}
	buf_done(&r.text);
}

/* A line that is understood is written as it was. */
static void
read_line(struct text line)
{
	struct purge_entry e;
	struct text reader;
	struct buf b = { 0 };

	if (purge_line_read(line, &e, &reader) != PURGE_LINE_ENTRY)
		return;
	if (!purge_is_good(&e.purge))
		abort();
	purge_line_write(&e, &b);
	struct purge_entry again;
	if (purge_line_read((struct text){ b.data, b.size - 1 }, &again, &reader) != PURGE_LINE_ENTRY ||
	    again.number != e.number || again.wall_ns != e.wall_ns || again.purge.what != e.purge.what ||
	    again.purge.text.size != e.purge.text.size)
		abort();
	buf_done(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text rest = { (const char *)data, size };
	const char *end;

	ask(rest);
	while (rest.size && (end = memchr(rest.at, '\n', rest.size))) {
		size_t n = (size_t)(end - rest.at);
		read_line((struct text){ rest.at, n });
		rest = (struct text){ end + 1, rest.size - n - 1 };
	}
	return 0;
}
