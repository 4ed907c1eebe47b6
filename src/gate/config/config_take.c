/* SPDX-License-Identifier: MIT */
/* Addresses and numbers of gate.yaml. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gate/config/config_int.h"

#define NUMBER_MAX 1000000

static int
refuse_address(struct loading *l, const char *key, const struct node *n, const char *text)
{
	int code = node_refuse(&l->file, n->place, "%s: '%s' is not an address with a port", key, text);

	err_hint(l->file.e, "%s", strstr(text, "://") ? "leave out the scheme and the path: 127.0.0.1:8080"
	                                              : "write 127.0.0.1:8080, [::1]:8080 or name:8080");
	return code;
}

/* The host between "[" and "]:", or in front of the only colon; NULL when there is no such thing. */
static const char *
split_host(struct arena *a, const char *text, const char **ret_port)
{
	const char *colon = strrchr(text, ':');

	if (!colon)
		return NULL;
	*ret_port = colon + 1;
	if (text[0] == '[')
		return colon[-1] == ']' && colon - text > 2
		    ? arena_strndup(a, text + 1, (size_t)(colon - text) - 2) : NULL;
	if (memchr(text, ':', (size_t)(colon - text)) || strcspn(text, "/[]@ \t") < (size_t)(colon - text))
		return NULL;
	return arena_strndup(a, text, (size_t)(colon - text));
}

static int
parse_port(const char *text, uint16_t *ret)
{
	char *end;

	if (*text < '0' || *text > '9' || strlen(text) > 5)
		return -EINVAL;
	long port = strtol(text, &end, 10);
	if (*end || port > UINT16_MAX)
		return -EINVAL;
	*ret = (uint16_t)port;
	return 0;
}

static int
take_any_address(struct loading *l, const char *key, const struct node *n, bool to_listen,
    struct gate_address *ret)
{
	const char *text, *port;

	int code = take_word(l, key, n, &text);
	if (code < 0)
		return code;
	const char *host = split_host(l->a, text, &port);
	struct gate_address address = { .text = text, .host = host, .place = n->place };
	if (!host || strlen(host) > 253 || parse_port(port, &address.port) < 0)
		return refuse_address(l, key, n, text);
	if (!to_listen && (!*host || !address.port))
		return refuse_address(l, key, n, text);
	*ret = address;
	return 0;
}

int
take_address(struct loading *l, const char *key, const struct node *n, void *to)
{
	return take_any_address(l, key, n, false, to);
}

int
take_listen_address(struct loading *l, const char *key, const struct node *n, void *to)
{
	return take_any_address(l, key, n, true, to);
}

int
take_number(struct loading *l, const char *key, const struct node *n, void *to)
{
	return take_whole(l, key, n, 0, NUMBER_MAX, to);
}

int
take_count_above_zero(struct loading *l, const char *key, const struct node *n, void *to)
{
	return take_whole(l, key, n, 1, NUMBER_MAX, to);
}

int
take_bytes(struct loading *l, const char *key, const struct node *n, void *to)
{
	int code = take_size(l, key, n, to);

	if (code == 0 && *(int64_t *)to == 0)
		return node_refuse(&l->file, n->place, "%s: must be larger than nothing", key);
	return code;
}
