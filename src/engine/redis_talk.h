/* SPDX-License-Identifier: MIT */
/* A connection to Redis or Valkey that its thread waits for: a talk, in clear or through TLS, of commands and their
 * replies, which hiredis writes and reads. One thread. */
#pragma once

#include <stddef.h>

#include <hiredis/hiredis.h>

#include "engine/talk.h"

struct redis_talk;

/* As talk_open; nothing is said yet. */
int redis_talk_open(const struct talk_to *to, struct redis_talk **ret, struct err *e);
void redis_talk_close(struct redis_talk *t);   /* accepts NULL */

/* One command, as hiredis has formatted it, and its reply, which may be an error: the caller's, with freeReplyObject. 0 or
 * -errno as talk.h; -EBADMSG: what came is not Redis' protocol. After an error the connection is worth nothing. */
int redis_talk_ask(struct redis_talk *t, const char *command, size_t size, redisReply **ret);

/* As those of talk.h. */
const char *redis_talk_why(const struct redis_talk *t, int code);
const char *redis_talk_next(const struct redis_talk *t);
