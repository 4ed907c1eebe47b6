/* SPDX-License-Identifier: MIT */
#include "engine/redis_talk.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

struct redis_talk {
	struct talk *talk;
	redisReader *reader;
};

int
redis_talk_open(const struct talk_to *to, struct redis_talk **ret, struct err *e)
{
	struct talk *talk;

	int code = talk_open(to, &talk, e);
	if (code < 0)
		return code;
	*ret = calloc(1, sizeof(**ret));
	redisReader *reader = redisReaderCreate();
	if (!*ret || !reader)
		abort();
	**ret = (struct redis_talk){ talk, reader };
	return 0;
}

void
redis_talk_close(struct redis_talk *t)
{
	if (!t)
		return;
	talk_close(t->talk);
	redisReaderFree(t->reader);
	free(t);
}

/* Who hangs up may have said why. */
int
redis_talk_ask(struct redis_talk *t, const char *command, size_t size, redisReply **ret)
{
	CLEANUP(buf_done) struct buf in = { 0 };
	void *reply = NULL;

	int code = talk_send(t->talk, command, size);
	if (code < 0 && code != -EPIPE && code != -ECONNRESET && code != -EPROTO)
		return code;
	for (;;) {
		if (redisReaderGetReply(t->reader, &reply) != REDIS_OK)
			return -EBADMSG;
		if (reply)
			return *ret = reply, 0;
		code = talk_receive(t->talk, &in);
		if (code < 0)
			return code;
		redisReaderFeed(t->reader, in.data, in.size);
		buf_clear(&in);
	}
}

const char *
redis_talk_why(const struct redis_talk *t, int code)
{
	return code == -EBADMSG ? "what it says is not Redis' protocol" : talk_why(t->talk, code);
}

const char *
redis_talk_next(const struct redis_talk *t)
{
	return talk_next(t->talk);
}
