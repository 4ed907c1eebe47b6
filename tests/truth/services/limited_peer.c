/* SPDX-License-Identifier: MIT */
/* Not the service: takes PER_SECOND questions a second, the others get 429 at once.
 * Usage: limited_peer PER_SECOND */
#include "http.h"

static pthread_mutex_t bucket_lock = PTHREAD_MUTEX_INITIALIZER;
static double per_second = 100, tokens = 1, filled;

static bool
take_token(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	pthread_mutex_lock(&bucket_lock);
	double now = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
	tokens += (now - filled) * per_second;
	tokens = tokens > per_second / 20 ? per_second / 20 : tokens;
	filled = now;
	bool taken = tokens >= 1;
	tokens -= taken;
	pthread_mutex_unlock(&bucket_lock);
	return taken;
}

static const char *
answer(void)
{
	if (take_token())
		return "sent";
	http_status = 429;
	return "too many";
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		per_second = atof(argv[1]);
	return http_serve(answer, 256);
}
