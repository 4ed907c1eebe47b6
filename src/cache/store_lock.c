/* SPDX-License-Identifier: MIT */
#include "cache/store_lock.h"

#include <errno.h>
#include <stdlib.h>

void
store_lock_init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(lock, &a);
	pthread_mutexattr_destroy(&a);
}

void
store_lock(pthread_mutex_t *lock)
{
	if (pthread_mutex_lock(lock))
		abort();
}

bool
store_try_lock(pthread_mutex_t *lock)
{
	int code = pthread_mutex_trylock(lock);

	if (code && code != EBUSY)
		abort();
	return !code;
}
