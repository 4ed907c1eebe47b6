/* SPDX-License-Identifier: MIT */
/* A real server program for a test: in a folder of its own, on a free port of 127.0.0.1, and not as
 * root. Blocking sockets with a deadline. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct live_server {
	char folder[64];
	uint16_t port;
	pid_t pid;
};

/* The folder, given to `nobody` when we are root, and the port. */
bool live_prepare(struct live_server *s);
/* Run a program to its end in the folder; its exit status, -1 when it cannot be run. */
int live_run(const struct live_server *s, const char *const argv[]);
/* Start the server and wait until its port answers; false when it ends or takes too long. */
bool live_start(struct live_server *s, const char *const argv[]);
/* End it, wait for it, remove the folder. */
void live_stop(struct live_server *s);

int live_connect(const struct live_server *s);   /* fd or -1 */
bool live_write(int fd, const void *bytes, size_t size);
/* At least one byte; 0: the stream has ended, nothing came for 10 s, or an error. */
size_t live_read(int fd, void *bytes, size_t most);
bool live_put_file(const struct live_server *s, const char *name, const char *text);
