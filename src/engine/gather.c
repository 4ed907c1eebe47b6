/* SPDX-License-Identifier: MIT */
#include "engine/gather.h"

#include <errno.h>
#include <sys/socket.h>

size_t
gather_size(const struct engine_piece *pieces, uint32_t n)
{
	size_t size = 0;

	for (uint32_t i = 0; i < n; i++)
		size += pieces[i].size;
	return size;
}

ssize_t
gather_keep(struct backlog *b, const struct engine_piece *pieces, uint32_t n, size_t sent)
{
	for (uint32_t i = 0; i < n; i++) {
		size_t skip = sent < pieces[i].size ? sent : pieces[i].size;
		sent -= skip;
		if (skip == pieces[i].size)
			continue;
		int code = backlog_add(b, (const char *)pieces[i].bytes + skip, pieces[i].size - skip,
		    pieces[i].lasting);
		if (code < 0)
			return code;
	}
	return (ssize_t)backlog_size(b);
}

ssize_t
gather_send(int fd, struct backlog *b, const struct engine_piece *pieces, uint32_t n)
{
	struct iovec v[ENGINE_PIECES];
	struct msghdr m = { .msg_iov = v, .msg_iovlen = n };
	ssize_t sent;

	for (uint32_t i = 0; i < n; i++)
		v[i] = (struct iovec){
			.iov_base = (void *)(uintptr_t)pieces[i].bytes, .iov_len = pieces[i].size,
		};
	do
		sent = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	if (sent < 0 && errno != EAGAIN)
		return -errno;
	return gather_keep(b, pieces, n, sent > 0 ? (size_t)sent : 0);
}
