/* SPDX-License-Identifier: MIT */
/* Not the service: a neighbour on the same host that computes for its own sake. Usage: burn THREADS */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void *
burn(void *arg)
{
	volatile unsigned long n = 0;

	(void)arg;
	for (;;)
		n = n * 6364136223846793005ul + 1442695040888963407ul;
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t t;

	for (int i = 1; i < (argc > 1 ? atoi(argv[1]) : 1); i++)
		pthread_create(&t, NULL, burn, NULL);
	burn(NULL);
	return 0;
}
