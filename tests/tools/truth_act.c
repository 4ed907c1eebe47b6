/* SPDX-License-Identifier: MIT */
#include "truth_act.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define MS 1e6

#define OK200   "HTTP/1.1 200 OK\r\n"
/* "Connection" for those who ask by HTTP/1.0. */
#define OK      OK200 "Connection: keep-alive\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n"
#define SHORT   OK200 "Content-Length: 100\r\n\r\nonly this"
#define CHUNKS  OK200 "Transfer-Encoding: chunked\r\n\r\n"

#define TIMES8(s)  s s s s s s s s
/* A beginning, and what follows without end: a piece at a time when asked for the time between, else
 * as fast as it goes. */
#define ENDLESS(b, p)  .bytes = b, .piece = p, .burst = TIMES8(TIMES8(p))

struct act {
	const char *name;
	bool wrong;                /* what "every" spares most requests */
	struct act_step (*next)(struct act_answer *a, int64_t since_ns);
	/* Without `next`: these bytes; then the end of the answer, or more without end. */
	const char *bytes, *piece, *burst;
	enum act_then then;
};

static double
or_else(double asked, double preset)
{
	return isnan(asked) ? preset : asked;
}

static struct act_step
say(double wait_ns, const char *text, enum act_then then)
{
	return (struct act_step){ (int64_t)wait_ns, text, strlen(text), then };
}

static struct act_step
ok_after(double wait_ns)
{
	return (struct act_step){ (int64_t)wait_ns, OK, sizeof(OK) - 1, ACT_DONE };
}

/* SplitMix64 of the request's number. */
static double
uniform(const struct act_answer *a)
{
	uint64_t z = a->seed + ((uint64_t)a->number + 1) * UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

/* ---- behaviours that take time ------------------------------------------------------------- */

static struct act_step
next_none(struct act_answer *a, int64_t since_ns)
{
	return ok_after(0);
}

static struct act_step
next_const(struct act_answer *a, int64_t since_ns)
{
	return ok_after(or_else(a->ms, 0) * MS);
}

static struct act_step
next_exp(struct act_answer *a, int64_t since_ns)
{
	return ok_after(-log1p(-uniform(a)) * or_else(a->ms, 0) * MS);
}

static struct act_step
next_bimodal(struct act_answer *a, int64_t since_ns)
{
	return ok_after(uniform(a) < or_else(a->share, 0.5) ? or_else(a->ms, 0) * MS : 0);
}

static struct act_step
next_stall(struct act_answer *a, int64_t since_ns)
{
	int64_t every = (int64_t)(or_else(a->every, 1000) * MS), stands = (int64_t)(or_else(a->ms, 0) * MS);
	int64_t at = since_ns % every;

	return ok_after(at < stands ? (double)(stands - at) : 0);
}

static struct act_step
next_status(struct act_answer *a, int64_t since_ns)
{
	snprintf(a->text, sizeof(a->text), "HTTP/1.1 %d Asked\r\nContent-Length: 0\r\n\r\n",
	    (int)or_else(a->code, 500));
	return say(0, a->text, ACT_DONE);
}

static struct act_step
next_chunked(struct act_answer *a, int64_t since_ns)
{
	static const char *const pieces[] = {
		CHUNKS "3\r\none\r\n", "3;x=y\r\ntwo\r\n", "5\r\nthree\r\n0\r\nT: x\r\n\r\n",
	};
	bool last = a->steps + 1 == COUNT_OF(pieces);

	return say(a->steps ? or_else(a->ms, 1) * MS : 0, pieces[a->steps], last ? ACT_DONE : ACT_ON);
}

static struct act_step
next_drip(struct act_answer *a, int64_t since_ns)
{
	static const char answer[] = OK200 "Content-Length: 3\r\n\r\nok\n";
	bool last = a->steps + 2 == sizeof(answer);

	return (struct act_step){ (int64_t)(or_else(a->ms, 1) * MS), &answer[a->steps], 1,
	                          last ? ACT_DONE : ACT_ON };
}

static struct act_step
next_hole(struct act_answer *a, int64_t since_ns)
{
	return (struct act_step){ .wait_ns = ACT_NEVER };
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct act acts[] = {
	{ "none", false, next_none }, { "const", false, next_const }, { "exp", false, next_exp },
	{ "bimodal", false, next_bimodal }, { "stall", false, next_stall },
	{ "chunked", false, next_chunked }, { "status", true, next_status },
	{ "drip", true, next_drip }, { "hole", true, next_hole },

	{ "interim", .bytes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" OK,
	  .then = ACT_DONE },
	{ "redirect", true, .bytes = "HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\n"
	  "Content-Length: 0\r\n\r\n", .then = ACT_DONE },
	{ "close", true, .bytes = OK200 "Connection: close\r\nContent-Length: 3\r\n\r\nok\n",
	  .then = ACT_CLOSE },
	{ "until-close", true, .bytes = "HTTP/1.0 200 OK\r\n\r\nsome bytes", .then = ACT_CLOSE },

	{ "reset", true, .bytes = "", .then = ACT_RESET },
	{ "cut", true, .bytes = SHORT, .then = ACT_RESET },
	{ "short", true, .bytes = SHORT, .then = ACT_CLOSE },
	{ "half", true, .bytes = OK200 "Content-Le", .then = ACT_CLOSE },
	{ "long", true, .bytes = OK200 "Content-Length: 3\r\n\r\nok\nand more than announced",
	  .then = ACT_DONE },
	{ "twice", true, .bytes = OK OK, .then = ACT_DONE },
	{ "garbage", true, .bytes = "\x01\x02SSH-2.0-of-some-kind\r\n", .then = ACT_DONE },
	{ "upgrade", true, .bytes = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\n\r\n",
	  .then = ACT_DONE },
	{ "length-bad", true, .bytes = OK200 "Content-Length: 3x\r\n\r\nok\n", .then = ACT_DONE },
	{ "length-negative", true, .bytes = OK200 "Content-Length: -3\r\n\r\nok\n", .then = ACT_DONE },
	{ "length-huge", true, .bytes = OK200 "Content-Length: 99999999999999999999\r\n\r\nok\n",
	  .then = ACT_DONE },
	{ "length-two", true, .bytes = OK200 "Content-Length: 3\r\nContent-Length: 4\r\n\r\nok\n",
	  .then = ACT_DONE },
	{ "length-and-chunks", true, .bytes = OK200 "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"
	  "\r\n3\r\nok\n\r\n0\r\n\r\n", .then = ACT_DONE },
	{ "chunk-bad", true, .bytes = CHUNKS "zz\r\nok\n\r\n0\r\n\r\n", .then = ACT_DONE },
	{ "chunk-huge", true, .bytes = CHUNKS "ffffffffffffffff\r\nok\n", .then = ACT_DONE },
	{ "chunk-long", true, .bytes = CHUNKS "3\r\nfour\r\n0\r\n\r\n", .then = ACT_DONE },
	{ "chunk-cut", true, .bytes = CHUNKS "10\r\nonly this", .then = ACT_CLOSE },
	{ "chunk-unended", true, ENDLESS(CHUNKS "3\r\nok\n\r\n", "") },

	{ "flood", true, ENDLESS("", "HTTP/1.1 100 Continue\r\n\r\n") },
	{ "headers", true, ENDLESS(OK200, "X-More: and more and more and more\r\n") },
	{ "long-line", true, ENDLESS(OK200 "X-Long: ", "and longer and longer ") },
	{ "trailers", true, ENDLESS(CHUNKS "3\r\nok\n\r\n0\r\n", "X-More: and more and more\r\n") },
	{ "extension", true, ENDLESS(CHUNKS "3;", "more=and-more;") },
	{ "body", true, ENDLESS(CHUNKS, "10\r\n0123456789abcdef\r\n") },
};

static const struct act not_found = {
	"", .bytes = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", .then = ACT_DONE,
};

static const struct act *
find(const char *line)
{
	const char *path = strchr(line, '/');

	for (size_t i = 0; path && i < COUNT_OF(acts); i++) {
		size_t n = strlen(acts[i].name);
		if (strncmp(path + 1, acts[i].name, n) == 0 && strchr(" ?", path[1 + n]))
			return &acts[i];
	}
	return &not_found;
}

static double
asked(const char *line, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = strchr(line, '?'); at; at = strchr(at + 1, '&'))
		if (strncmp(at + 1, name, n) == 0 && at[1 + n] == '=')
			return strtod(at + n + 2, NULL);
	return NAN;
}

void
act_begin(struct act_answer *a, const char *line, int64_t number, uint64_t seed)
{
	bool queried = strchr(line, '?') != NULL;

	a->act = find(line);
	a->number = number;
	a->seed = seed;
	a->steps = 0;
	a->ms = queried ? asked(line, "ms") : NAN;
	a->every = queried ? asked(line, "every") : NAN;
	a->code = queried ? asked(line, "code") : NAN;
	a->share = queried ? asked(line, "share") : NAN;
	if (a->act->wrong && a->every > 1 && (number + 1) % (int64_t)a->every)
		a->act = &acts[0];
}

/* Nothing to say any more is silence. */
static struct act_step
next_of_endless(struct act_answer *a)
{
	if (!a->steps)
		return say(0, a->act->bytes, ACT_ON);
	if (!a->act->piece[0])
		return (struct act_step){ .wait_ns = ACT_NEVER };
	return isnan(a->ms) ? say(0, a->act->burst, ACT_ON) : say(a->ms * MS, a->act->piece, ACT_ON);
}

struct act_step
act_next(struct act_answer *a, int64_t since_ns)
{
	struct act_step s = a->act->next ? a->act->next(a, since_ns)
	    : a->act->piece ? next_of_endless(a) : say(0, a->act->bytes, a->act->then);
	a->steps++;
	return s;
}
