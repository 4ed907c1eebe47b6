/* SPDX-License-Identifier: MIT */
/* Planted: every request keeps 16 KiB that nobody will ask for again. Truth: memory.leak. */
#include "http.h"

struct session { struct session *next; char state[16384]; };

static pthread_mutex_t sessions_lock = PTHREAD_MUTEX_INITIALIZER;
static struct session *sessions;

static const char *
answer(void)
{
	struct session *s = malloc(sizeof(*s));

	if (!s)
		return "full";
	memset(s->state, 'x', sizeof(s->state));
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);   /* the pace of a real handler */
	pthread_mutex_lock(&sessions_lock);
	s->next = sessions;
	sessions = s;
	pthread_mutex_unlock(&sessions_lock);
	return "welcome";
}

int
main(void)
{
	return http_serve(answer, 64);
}
