/* SPDX-License-Identifier: MIT */
/* Any bytes as host, target and reference, a line each: a key is a target again with the same key, has no dot
 * segments, and references stay on the origin; parameters that are ignored are gone. */
#include "cache/key.h"
#include "cache_fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct text
line(struct text *rest)
{
	const char *end = rest->size ? memchr(rest->at, '\n', rest->size) : NULL;
	struct text t = { rest->at, end ? (size_t)(end - rest->at) : rest->size };

	rest->at += t.size + (end != NULL);
	rest->size -= t.size + (end != NULL);
	return t;
}

static void
check(const struct cache_key *k, struct text host)
{
	char again_text[CACHE_KEY_MAX];
	struct cache_key again;
	const char *question = memchr(k->target.at, '?', k->target.size);
	size_t path = question ? (size_t)(question - k->target.at) : k->target.size;

	require(k->uri.size <= CACHE_KEY_MAX && k->target.at[0] == '/');
	require(!memmem(k->target.at, path, "/./", 3) && !memmem(k->target.at, path, "/../", 4));
	for (size_t i = 0; i < k->uri.size; i++)
		require((unsigned char)k->uri.at[i] > 0x20 && k->uri.at[i] != 0x7f && k->uri.at[i] != '#');
	require(cache_key_write(k->uri.at[4] == 's', host, k->target, again_text, &again) == 0);
	/* what was ambiguous may have gone with its segment */
	require(cache_key_equal(k, &again) && (k->ambiguous || !again.ambiguous));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text rest = { (const char *)data, size }, host = line(&rest), target = line(&rest);
	char text[CACHE_KEY_MAX], other_text[CACHE_KEY_MAX];
	struct cache_key k, other;

	if (cache_key_write(size & 1, host, target, text, &k) < 0)
		return 0;
	check(&k, host);
	size_t origin = k.uri.size - k.target.size;
	if (cache_key_resolve(&k, line(&rest), other_text, &other)) {
		check(&other, host);
		require(other.uri.size - other.target.size == origin && memcmp(other.uri.at, k.uri.at, origin) == 0);
	}
	static const char *const names[] = { "a*", "b" };
	cache_key_ignore(&k, text, names, 2);
	check(&k, host);
	size_t left = k.uri.size;
	cache_key_ignore(&k, text, names, 2);
	require(k.uri.size == left && k.uri.size - k.target.size == origin);
	return 0;
}
