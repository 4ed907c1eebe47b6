/* SPDX-License-Identifier: MIT */
/* Protocols that are told by name but not read: MySQL by its greeting, TLS by its records. */
#include "trace/wire_int.h"

#include <ctype.h>
#include <string.h>

/* The first packet of all is the server's: protocol 10 and a version. */
static bool
is_mysql(const uint8_t *b, size_t size, bool written)
{
	return !written && size > 8 && !b[2] && !b[3] && b[4] == 10 && isdigit(b[5]) &&
	    memchr(b + 5, 0, size - 5);
}

/* A handshake, or data of a connection that was made before. */
static bool
is_encrypted(const uint8_t *b, size_t size, bool written)
{
	return size >= 5 && (b[0] == 0x16 || b[0] == 0x17) && b[1] == 3 && b[2] <= 4;
}

const struct wire_protocol wire_mysql = { .kind = "mysql", .port = 3306, .is = is_mysql };
const struct wire_protocol wire_encrypted = { .kind = "tls", .is = is_encrypted };
