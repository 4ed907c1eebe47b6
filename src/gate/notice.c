/* SPDX-License-Identifier: MIT */
#include "gate/notice.h"

#include <string.h>

#include "base/cleanup.h"

#define LINES_MAX ((size_t)32 << 10)

void
notices_init(struct notices *n)
{
	pthread_mutex_init(&n->lock, NULL);
	n->lines = (struct buf){ .cap_bytes = LINES_MAX };
}

void
notices_done(struct notices *n)
{
	pthread_mutex_destroy(&n->lock);
	buf_done(&n->lines);
}

void
notice_post(struct notices *n, const char *fmt, ...)
{
	CLEANUP(buf_done) struct buf line = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&line, fmt, ap);
	va_end(ap);
	buf_putc(&line, '\n');
	pthread_mutex_lock(&n->lock);
	buf_append(&n->lines, line.data, line.size);
	pthread_mutex_unlock(&n->lock);
}

void
notices_say(struct notices *n, const struct gate_talk *talk)
{
	pthread_mutex_lock(&n->lock);
	CLEANUP(buf_done) struct buf lines = n->lines;
	n->lines = (struct buf){ .cap_bytes = LINES_MAX };
	pthread_mutex_unlock(&n->lock);
	for (char *at = lines.data, *end; at && (end = strchr(at, '\n')); at = end + 1) {
		*end = '\0';
		talk->say(talk->ctx, at);
	}
}
