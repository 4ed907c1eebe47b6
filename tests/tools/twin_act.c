/* SPDX-License-Identifier: MIT */
#include "twin_act.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define LONGEST 10.0     /* times tail_ms */

static const struct route { const char *path; double cost; } routes[] = {
	{ "/", 1 }, { "/a", 1 }, { "/b", 2 }, { "/c", 0.5 },
};

/* ---- chance -------------------------------------------------------------------------------- */

/* What is drawn, so that one draw says nothing of another. */
enum draw { WAITS, HOW_LONG, IS_WRONG, FAILS };

/* SplitMix64 */
static uint64_t
mix(uint64_t x)
{
	uint64_t z = x + UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* FNV-1a */
static uint64_t
hash_text(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return h;
}

static uint64_t
luck_of(const char *target, int64_t number, enum draw what)
{
	uint64_t h = strchr(target, '?') ? hash_text(target) : (uint64_t)number;
	return mix(mix(h) + what);
}

static double
uniform(uint64_t h)
{
	return (double)(h >> 11) * 0x1p-53;
}

/* ---- cost ---------------------------------------------------------------------------------- */

static const struct route *
find_route(const char *target)
{
	size_t n = strcspn(target, "?");

	for (size_t i = 0; i < COUNT_OF(routes); i++)
		if (strlen(routes[i].path) == n && memcmp(routes[i].path, target, n) == 0)
			return &routes[i];
	return NULL;
}

static int64_t
steps_of(const struct twin_options *o, const struct route *r, int64_t since_ns)
{
	double cold = o->jit_s > 0 ? 1 - (double)since_ns / 1e9 / o->jit_s : 0;

	return (int64_t)(o->cpu_us * TWIN_US * r->cost * o->work * (cold > 0 ? 1 + 3 * cold : 1));
}

static int64_t
wait_of(const struct twin_options *o, const char *target, int64_t number)
{
	if (uniform(luck_of(target, number, WAITS)) >= o->tail_share)
		return 0;
	double times = pow(1 - uniform(luck_of(target, number, HOW_LONG)), -1.0 / 3);
	return (int64_t)(o->tail_ms * o->tail * 1e6 * fmin(times, LONGEST));
}

/* ---- what is said -------------------------------------------------------------------------- */

static bool
is_hit(const struct twin_options *o, const struct route *r)
{
	return !o->only || strcmp(o->only, r->path) == 0;
}

static enum twin_wrong
wrong_of(const struct twin_options *o, const struct route *r, const char *target, int64_t number)
{
	bool chosen = luck_of(target, number, IS_WRONG) % (uint64_t)o->wrong_every == 0;
	return is_hit(o, r) && chosen ? o->wrong : TWIN_RIGHT;
}

static void
write_answer(struct twin_answer *a, int status, const char *body)
{
	int n = snprintf(a->bytes, sizeof(a->bytes), "HTTP/1.1 %d Twin\r\nContent-Type: text/plain\r\n"
	    "Content-Length: %zu\r\n\r\n%s", status, strlen(body), body);
	a->size = (size_t)n;
}

void
twin_answer(const struct twin_options *o, const char *target, int64_t number, int64_t since_ns,
    int64_t now_ns, struct twin_answer *ret)
{
	const struct route *r = find_route(target);
	char body[256], time[32] = "";

	if (!r) {
		*ret = (struct twin_answer){ 0 };
		write_answer(ret, 404, "");
		return;
	}
	enum twin_wrong wrong = wrong_of(o, r, target, number);
	bool fails = is_hit(o, r) && uniform(luck_of(target, number, FAILS)) < o->errors;
	uint64_t text = hash_text(target) + (wrong == TWIN_BODY);

	ret->steps = steps_of(o, r, since_ns);
	ret->wait_ns = wait_of(o, target, number);
	if (o->varying)
		snprintf(time, sizeof(time), " at %019" PRId64, now_ns);
	snprintf(body, sizeof(body), "%s %016" PRIx64 " %016" PRIx64 "%s%s\n", r->path, mix(text),
	    mix(text + 1), time, wrong == TWIN_LENGTH ? " and more" : "");
	write_answer(ret, fails ? 500 : wrong == TWIN_STATUS ? 203 : 200, body);
}
