/* SPDX-License-Identifier: MIT */
/* Locks in memory that processes share. Who dies with one leaves what it guards as it may be: then the memory is of no
 * use any more, and who wants the lock next ends (abort), so that its successor begins with an empty cache. */
#pragma once

#include <pthread.h>
#include <stdbool.h>

void store_lock_init(pthread_mutex_t *lock);
void store_lock(pthread_mutex_t *lock);
bool store_try_lock(pthread_mutex_t *lock);   /* true: it is held now */

static inline void
store_unlock(pthread_mutex_t *lock)
{
	pthread_mutex_unlock(lock);
}
