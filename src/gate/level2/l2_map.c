/* SPDX-License-Identifier: MIT */
#include "gate/level2/l2_map.h"

#include <string.h>

#include "net/resp_walk.h"

/* ---- slots ----------------------------------------------------------------------------------- */

static uint8_t
find_or_add(struct l2_map *m, const struct l2_place *p)
{
	for (uint8_t i = 0; i < m->n; i++)
		if (m->places[i].port == p->port && strcmp(m->places[i].host, p->host) == 0)
			return i;
	if (m->n == L2_NODES_MAX)
		return L2_NO_NODE;
	m->places[m->n] = *p;
	m->of[m->n] = L2_NO_NODE;
	return m->n++;
}

/* [host, port, id, more...]; a host of nothing is that of who was asked. "?" is one that nobody knows. */
static bool
take_node(struct resp_walk *w, const char *asked, struct l2_place *ret)
{
	struct resp_value list, host, port;

	*ret = (struct l2_place){ 0 };
	if (!resp_walk_next(w, &list) || !resp_is_list(&list) || list.number < 2 ||
	    !resp_walk_next(w, &host) || !resp_walk_next(w, &port))
		return false;
	if (resp_is_list(&host) || resp_is_list(&port))
		return false;
	resp_walk_skip(w, list.number - 2);
	if (host.kind == RESP_NULL || !host.text.size)
		host.text = (struct text){ asked, strlen(asked) };
	if (port.kind != RESP_INTEGER || port.number < 1 || port.number > UINT16_MAX ||
	    host.text.size >= sizeof(ret->host) || text_is(host.text, "?") ||
	    memchr(host.text.at, '\0', host.text.size))
		return true;
	memcpy(ret->host, host.text.at, host.text.size);
	ret->port = (uint16_t)port.number;
	return true;
}

/* [first, last, primary, replica...] */
static bool
take_range(struct resp_walk *w, const char *asked, struct l2_map *m)
{
	struct resp_value list, first, last;
	struct l2_place p;

	if (!resp_walk_next(w, &list) || !resp_is_list(&list) || list.number < 3 ||
	    !resp_walk_next(w, &first) || !resp_walk_next(w, &last) || !take_node(w, asked, &p))
		return false;
	if (first.kind != RESP_INTEGER || last.kind != RESP_INTEGER || first.number < 0 ||
	    last.number >= REDIS_SLOTS || first.number > last.number)
		return false;
	uint8_t primary = p.port ? find_or_add(m, &p) : L2_NO_NODE;
	memset(m->primary + first.number, primary, (size_t)(last.number - first.number) + 1);
	if (primary != L2_NO_NODE)
		m->places[primary].replica = false;
	for (int64_t i = 3; i < list.number; i++) {
		if (!take_node(w, asked, &p))
			return false;
		p.replica = true;
		uint8_t replica = p.port ? find_or_add(m, &p) : L2_NO_NODE;
		if (replica != L2_NO_NODE && m->places[replica].replica)
			m->of[replica] = primary;
	}
	return true;
}

bool
l2_map_read(struct text reply, const char *asked, struct l2_map *ret)
{
	struct resp_walk w;
	struct resp_value list;

	memset(ret, 0, sizeof(*ret));
	memset(ret->primary, L2_NO_NODE, sizeof(ret->primary));
	resp_walk_start(&w, reply);
	if (!resp_walk_next(&w, &list) || !resp_is_list(&list))
		return false;
	for (int64_t i = 0; i < list.number; i++)
		if (!take_range(&w, asked, ret))
			return false;
	return ret->n;
}

/* ---- roles ----------------------------------------------------------------------------------- */

/* ["master", offset, replicas] or ["slave", host, port, "connected", offset]. */
enum l2_role
l2_role_read(struct text reply)
{
	struct resp_walk w;
	struct resp_value list, role, link;

	resp_walk_start(&w, reply);
	if (!resp_walk_next(&w, &list) || !resp_is_list(&list) || !resp_walk_next(&w, &role) ||
	    !resp_is_string(&role))
		return L2_ROLE_UNKNOWN;
	if (text_is(role.text, "master"))
		return L2_ROLE_PRIMARY;
	if (!text_is(role.text, "slave"))
		return L2_ROLE_UNKNOWN;
	resp_walk_skip(&w, 2);
	return resp_walk_next(&w, &link) && resp_is_string(&link) && text_is(link.text, "connected")
	    ? L2_ROLE_REPLICA : L2_ROLE_UNKNOWN;
}
