/* SPDX-License-Identifier: MIT */
#include "cache/key.h"

#include <ctype.h>
#include <errno.h>

struct out {
	char *at, *end;
	bool ambiguous;
	bool escaped;   /* there is a percent sign in what was put */
};

static bool
put(struct out *o, const void *bytes, size_t size)
{
	if ((size_t)(o->end - o->at) < size)
		return false;
	memcpy(o->at, bytes, size);
	o->at += size;
	return true;
}

/* ---- the host ---- */

static bool
is_default_port(bool https, struct text port)
{
	return port.size == 0 || text_is(port, https ? "443" : "80");
}

static const bool of_host[256] = {
	['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['-'] = true, ['.'] = true,
	['_'] = true, ['~'] = true,
};

/* A name of DNS, IPv4 or [IPv6], and a port. The rest of RFC 3986, section 3.2.2, is no host that
 * anyone has. */
static int
put_host(struct out *o, bool https, struct text host)
{
	const char *colon = memrchr(host.at, ':', host.size);
	const char *bracket = memrchr(host.at, ']', host.size);
	struct text name = host, port = { host.at + host.size, 0 };

	if (colon && (!bracket || colon > bracket)) {
		name.size = (size_t)(colon - host.at);
		port = (struct text){ colon + 1, (size_t)(host.at + host.size - colon - 1) };
	}
	if (name.size == 0 || port.size > 5 || (name.at[0] == '[' && name.at[name.size - 1] != ']'))
		return -EINVAL;
	for (size_t i = 0; i < name.size; i++) {
		unsigned char c = (unsigned char)name.at[i];
		bool address = name.at[0] == '[' &&
		    (c == ':' || (c == '[' && i == 0) || (c == ']' && i + 1 == name.size));
		if (!of_host[c] && !address)
			return -EINVAL;
		*o->at++ = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	for (size_t i = 0; i < port.size; i++)
		if (!isdigit((unsigned char)port.at[i]))
			return -EINVAL;
	if (!is_default_port(https, port) && !(put(o, ":", 1) && put(o, port.at, port.size)))
		return -EINVAL;
	return 0;
}

/* ---- the path ---- */

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool
is_unreserved(int c)
{
	return isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static bool
put_encoded(struct out *o, int c)
{
	static const char digits[] = "0123456789ABCDEF";
	o->escaped = true;
	char text[3] = { '%', digits[c >> 4 & 15], digits[c & 15] };

	return put(o, text, 3);
}

/* The byte that is encoded at `i`, behind a percent sign; -1 when none is. */
static int
encoded_at(struct text path, size_t i)
{
	int high = i + 1 < path.size ? hex(path.at[i]) : -1, low = high >= 0 ? hex(path.at[i + 1]) : -1;

	return low < 0 ? -1 : high << 4 | low;
}

/* What stands behind the percent sign before *i, which moves behind it. */
static int
put_percent(struct out *o, struct text path, size_t *i)
{
	int c = encoded_at(path, *i);

	if (c < 0)
		return -EINVAL;
	*i += 2;
	o->ambiguous |= c == 0 || c == '\\';
	return (is_unreserved(c) ? put(o, &(char){ (char)c }, 1) : put_encoded(o, c)) ? 0 : -E2BIG;
}

/* One character at *i, which moves behind it. */
static int
put_character(struct out *o, struct text path, size_t *i)
{
	int c = (unsigned char)path.at[(*i)++];

	if (c <= 0x20 || c == 0x7f || c == '#')
		return -EINVAL;
	if (c == '%')
		return put_percent(o, path, i);
	o->ambiguous |= c == '\\';
	return (c > 0x7f ? put_encoded(o, c) : put(o, &(char){ (char)c }, 1)) ? 0 : -E2BIG;
}

/* How many of the next characters mean nothing but themselves: nearly all there are. */
static size_t
plain_size(struct text path, size_t i)
{
	size_t n = i;

	while (n < path.size && path.at[n] > 0x20 && path.at[n] < 0x7f && path.at[n] != '/' &&
	    path.at[n] != '%' && path.at[n] != '#' && path.at[n] != '\\')
		n++;
	return n - i;
}

/* Would who decodes the segment once more than we do find others in it? "..%2Fadmin", "%252e" */
static bool
hides_segments(struct text segment)
{
	const char *twice = segment.size ? memmem(segment.at, segment.size, "%25", 3) : NULL;

	for (; twice; twice = memmem(twice + 3, (size_t)(segment.at + segment.size - twice - 3), "%25", 3))
		if (encoded_at(segment, (size_t)(twice + 3 - segment.at)) >= 0)
			return true;
	return memmem(segment.at, segment.size, "%2F", 3) && memmem(segment.at, segment.size, "..", 2);
}

/* The segment that was just written, from behind its slash; dots take it away (RFC 3986,
 * section 5.2.4). */
static void
fold_dots(struct out *o, char *root, char *segment, bool last)
{
	size_t n = (size_t)(o->at - segment);
	bool one = n == 1 && segment[0] == '.', two = n == 2 && segment[0] == '.' && segment[1] == '.';

	if (!one && !two)
		return;
	o->at = segment;
	if (two && segment - 1 > root) {
		o->at = segment - 1;
		while (o->at[-1] != '/')
			o->at--;
	}
	if (!last)
		o->at--;   /* the slash that follows comes from the text */
}

static int
put_path(struct out *o, struct text path)
{
	char *root = o->at, *segment;
	size_t i = 0, n;
	int r;

	while (i < path.size) {
		if (!put(o, "/", 1))
			return -E2BIG;
		segment = o->at;
		for (i++; i < path.size && path.at[i] != '/';) {
			if ((n = plain_size(path, i)) > 0) {
				if (!put(o, path.at + i, n))
					return -E2BIG;
				i += n;
			} else if ((r = put_character(o, path, &i)) < 0) {
				return r;
			}
		}
		o->ambiguous |= o->escaped &&
		    hides_segments((struct text){ segment, (size_t)(o->at - segment) });
		fold_dots(o, root, segment, i == path.size);
	}
	return 0;
}

static int
put_query(struct out *o, struct text query)
{
	for (size_t i = 0; i < query.size; i++)
		if ((unsigned char)query.at[i] <= 0x20 || query.at[i] == 0x7f || query.at[i] == '#')
			return -EINVAL;
	return put(o, query.at, query.size) ? 0 : -E2BIG;
}

int
cache_key_write(bool https, struct text host, struct text target, char out[CACHE_KEY_MAX],
    struct cache_key *ret)
{
	struct out o = { out, out + CACHE_KEY_MAX };
	int r;

	if (target.size == 0 || target.at[0] != '/')
		return -EINVAL;
	if (host.size > CACHE_KEY_MAX / 2 || target.size > CACHE_KEY_MAX)
		return -E2BIG;
	put(&o, https ? "https://" : "http://", https ? 8 : 7);
	if ((r = put_host(&o, https, host)) < 0)
		return r;
	char *at = o.at;
	const char *question = memchr(target.at, '?', target.size);
	size_t path = question ? (size_t)(question - target.at) : target.size;
	if ((r = put_path(&o, (struct text){ target.at, path })) < 0 ||
	    (r = put_query(&o, (struct text){ target.at + path, target.size - path })) < 0)
		return r;
	ret->uri = (struct text){ out, (size_t)(o.at - out) };
	ret->target = (struct text){ at, (size_t)(o.at - at) };
	ret->ambiguous = o.ambiguous;
	return 0;
}

/* ---- queries ---- */

static bool
is_ignored(struct text parameter, const char *const *names, size_t n)
{
	const char *equals = memchr(parameter.at, '=', parameter.size);
	size_t size = equals ? (size_t)(equals - parameter.at) : parameter.size;

	if (memchr(parameter.at, ';', parameter.size))
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t k = strlen(names[i]);
		bool open = names[i][k - 1] == '*';
		if ((open ? size >= k - 1 : size == k) && memcmp(parameter.at, names[i], k - open) == 0)
			return true;
	}
	return false;
}

void
cache_key_ignore(struct cache_key *key, char text[CACHE_KEY_MAX], const char *const *names, size_t n)
{
	char *end = text + key->uri.size, *question = memchr(text, '?', key->uri.size);
	char *out = question;

	for (char *at = question; at && at < end;) {   /* each with the '?' or '&' before it */
		char *and = memchr(at + 1, '&', (size_t)(end - at - 1));
		char *next = and ? and : end;
		size_t size = (size_t)(next - at);
		if (!is_ignored((struct text){ at + 1, size - 1 }, names, n)) {
			memmove(out, at, size);
			*out = out == question ? '?' : '&';
			out += size;
		}
		at = next;
	}
	if (!question)
		return;
	key->uri.size -= (size_t)(end - out);
	key->target.size -= (size_t)(end - out);
}

/* ---- references ---- */

static struct text
from(struct text t, size_t n)
{
	return (struct text){ t.at + n, t.size - n };
}

/* "//authority/path": both parts. */
static void
split_authority(struct text t, struct text *ret_host, struct text *ret_target)
{
	size_t n = 2;

	while (n < t.size && !strchr("/?#", t.at[n]))
		n++;
	*ret_host = (struct text){ t.at + 2, n - 2 };
	*ret_target = from(t, n);
}

/* The target of a relative reference: it takes the place of what follows the last slash of the base
 * (RFC 3986, section 5.2.3), or of its query alone. 0 when it is too long. */
static size_t
merge(struct text base, struct text reference, char out[CACHE_KEY_MAX])
{
	const char *question = memchr(base.at, '?', base.size);
	size_t n = question ? (size_t)(question - base.at) : base.size;

	if (reference.at[0] != '?')
		while (n && base.at[n - 1] != '/')
			n--;
	if (n + reference.size > CACHE_KEY_MAX)
		return 0;
	memcpy(out, base.at, n);
	memcpy(out + n, reference.at, reference.size);
	return n + reference.size;
}

/* Takes the scheme away: false when it is another one than the base's, or no authority follows
 * it. */
static bool
strip_scheme(struct text *reference, bool https)
{
	const char *colon = memchr(reference->at, ':', reference->size);
	const char *end = memchr(reference->at, '/', reference->size);

	if (!colon || (end && end < colon))
		return true;
	struct text scheme = { reference->at, (size_t)(colon - reference->at) };
	if (!text_is(scheme, https ? "https" : "http"))
		return false;
	*reference = from(*reference, scheme.size + 1);
	return reference->size >= 2 && memcmp(reference->at, "//", 2) == 0;
}

bool
cache_key_resolve(const struct cache_key *base, struct text reference, char out[CACHE_KEY_MAX],
    struct cache_key *ret)
{
	bool https = base->uri.at[4] == 's';
	size_t origin = base->uri.size - base->target.size;
	struct text host = { base->uri.at + (https ? 8 : 7), origin - (https ? 8 : 7) };
	struct text whole = { base->target.at, 1 };
	char merged[CACHE_KEY_MAX];

	const char *fragment = reference.size ? memchr(reference.at, '#', reference.size) : NULL;
	if (fragment)
		reference.size = (size_t)(fragment - reference.at);
	if (reference.size == 0 || !strip_scheme(&reference, https))
		return false;
	if (reference.size >= 2 && memcmp(reference.at, "//", 2) == 0)
		split_authority(reference, &host, &reference);
	else
		whole = base->target;
	if (reference.size == 0)
		reference = (struct text){ "/", 1 };
	if (reference.at[0] != '/')
		reference = (struct text){ merged, merge(whole, reference, merged) };
	return cache_key_write(https, host, reference, out, ret) == 0 &&
	    ret->uri.size - ret->target.size == origin && memcmp(ret->uri.at, base->uri.at, origin) == 0;
}
