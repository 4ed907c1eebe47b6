/* SPDX-License-Identifier: MIT */
/* An HTTP/1.1 server in this process that keeps every request it gets, and whose answers are known.
 *
 *   /text     RECORDER_TEXT              /packed  the same, as gzip
 *   /broken   the same, said to be gzip  /br      "abc", said to be br
 *   /big      RECORDER_BIG bytes         /item    {"id": 17}
 *   /fail     status 500, "sorry"        /hole    nothing
 *   /cut      half of what it says, then the end
 * and RECORDER_TEXT for anything else. A thread for each connection. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define RECORDER_TEXT "hello hello hello\n"
#define RECORDER_BIG  ((size_t)3 << 20)

struct recorder;

struct recorder *recorder_start(uint16_t *ret_port);
/* No more connections; the threads have ended. */
void recorder_stop(struct recorder *r);
void recorder_free(struct recorder *r);
/* After recorder_stop: the requests, head and body, sorted; where the Host header names this server
 * it reads "Host: -". Terminated strings of the recorder's. */
size_t recorder_requests(struct recorder *r, char *const **ret);
size_t recorder_connections(const struct recorder *r);   /* likewise: how many it took */
char recorder_big_byte(size_t at);
