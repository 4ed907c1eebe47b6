/* SPDX-License-Identifier: MIT */
/* Socket addresses: from names, to text. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

struct addr {
	struct sockaddr_storage sa;
	socklen_t size;
};

#define ADDR_TEXT_MAX 64

/* The addresses of a host, at most `max`, in the resolver's order; returns how many (>= 1). */
int addr_resolve(const char *host, uint16_t port, struct addr *ret, int max, struct err *e);

/* "127.0.0.1:80" or "[::1]:80"; returns `out`. */
char *addr_format(const struct addr *a, char out[ADDR_TEXT_MAX]);

bool addr_is_loopback(const struct addr *a);

/* The own end of a connected socket, and the other; -errno. */
int addr_of_socket(int fd, struct addr *ret);
int addr_of_peer(int fd, struct addr *ret);

/* A new non-blocking TCP socket with a connection under way or made; -errno. */
int addr_connect(const struct addr *a);
