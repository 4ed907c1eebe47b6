/* SPDX-License-Identifier: MIT */
/* The URL of the place where a fleet meets. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "fleet/link.h"
#include "net/url.h"

#define DB_MOST 1023

static int
refuse(struct err *e, const char *why)
{
	err_usage(e, "the URL of the Redis server: %s", why);
	err_hint(e, "write it as in redis://:PASSWORD@10.0.0.5:6379/0; without a password in it "
	            "REDISCLI_AUTH is taken");
	return -EINVAL;
}

/* Names stand in keys and in messages for people. */
static bool
take_name(char out[LINK_NAME_MAX], const char *from, size_t n)
{
	if (!n || n >= LINK_NAME_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)from[i]) && !strchr("-_.", from[i]))
			return false;
	memcpy(out, from, n);
	out[n] = '\0';
	return true;
}

static bool
take_tls(const char *query, size_t n, struct meeting *m)
{
	const struct { const char *name; char *to; size_t size; } words[] = {
		{ "certificate=", m->certificate_file, sizeof(m->certificate_file) },
		{ "key=", m->key_file, sizeof(m->key_file) },
		{ "server_name=", m->server_name, sizeof(m->server_name) },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t before = strlen(words[i].name);
		if (n <= before || n - before >= words[i].size || strncmp(query, words[i].name, before) != 0)
			continue;
		memcpy(words[i].to, query + before, n - before);
		words[i].to[n - before] = '\0';
		return true;
	}
	return false;
}

static bool
take_query(const char *query, struct meeting *m)
{
	while (*query) {
		size_t n = strcspn(query, "&");
		bool good = strncmp(query, "fleet=", 6) == 0 ? take_name(m->fleet, query + 6, n - 6)
		    : strncmp(query, "name=", 5) == 0 ? take_name(m->name, query + 5, n - 5)
		    : m->tls && take_tls(query, n, m);
		if (!good)
			return false;
		query += n + (query[n] == '&');
	}
	return true;
}

static int
take_path(const char *path, struct meeting *m, struct err *e)
{
	char *end;
	long db = isdigit((unsigned char)path[1]) ? strtol(path + 1, &end, 10) : 0;

	if (!isdigit((unsigned char)path[1]))
		end = (char *)path + 1;
	if (db > DB_MOST || (*end && *end != '?'))
		return refuse(e, "what stands behind the host is not the number of a database");
	if (*end && !take_query(end + 1, m))
		return refuse(e, m->tls ? "behind '?' may stand fleet=NAME, name=NAME, certificate=FILE, key=FILE and "
		                          "server_name=NAME"
		    : "behind '?' may stand fleet=NAME and name=NAME, of letters, digits, '-', '_' and '.'");
	if (m->key_file[0] && !m->certificate_file[0])
		return refuse(e, "it names a key without its certificate");
	m->db = (int)db;
	return 0;
}

int
meeting_parse(const char *text, struct meeting *ret, struct err *e)
{
	struct url u;
	struct err quiet = { 0 };

	/* Its own errors would quote the URL, with a password maybe. */
	if (url_parse(text, &u, &quiet) < 0)
		return refuse(e, "it is not one");
	if (u.scheme != URL_REDIS && u.scheme != URL_REDISS)
		return refuse(e, "it begins neither with redis:// nor with rediss://");
	*ret = (struct meeting){ .port = u.port, .fleet = "load", .tls = url_is_secure(&u) };
	snprintf(ret->host, sizeof(ret->host), "%s", u.host);
	snprintf(ret->user, sizeof(ret->user), "%s", u.user);
	snprintf(ret->password, sizeof(ret->password), "%s", u.password);
	const char *given = getenv("REDISCLI_AUTH");
	if (!ret->password[0] && given)
		snprintf(ret->password, sizeof(ret->password), "%s", given);
	return take_path(u.path, ret, e);
}

struct fleet_keys
meeting_keys(const struct meeting *at, const char *id)
{
	struct fleet_keys k;
	const struct { char *out; const char *name; } keys[] = {
		{ k.plan, "plan" }, { k.joined, "joined" }, { k.start, "start" }, { k.lead, "lead" },
		{ k.results, "results" },
	};

	snprintf(k.call, sizeof(k.call), "prony:{%s}:call", at->fleet);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		snprintf(keys[i].out, LINK_KEY_MAX, "prony:{%s}:%s:%s", at->fleet, id, keys[i].name);
	return k;
}

void
fleet_token(char out[FLEET_TOKEN_MAX])
{
	uint64_t bits;

	if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
		abort();
	snprintf(out, FLEET_TOKEN_MAX, "%016llx", (unsigned long long)bits);
}
