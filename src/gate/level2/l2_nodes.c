/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "gate/level2/l2_int.h"

#define LOOK_NS (250 * NS_PER_MS)   /* between two looks at who is what */

const struct gate_breaker l2_breaker = {
	.errors = 3, .ratio = 0.5, .requests = 20, .window_ns = 5 * NS_PER_S, .open_ns = NS_PER_S / 2,
	.trials = 1,
};

/* ---- nodes ----------------------------------------------------------------------------------- */

static void on_up(struct l2_link *link, struct text role);
static void on_down(struct l2_link *link, const char *why);
static const struct l2_link_owner owner = { .up = on_up, .down = on_down };

static struct l2_node *
node_at(struct l2 *l, uint8_t index)
{
	return index == L2_NO_NODE ? NULL : l->nodes[index];
}

/* Of numbers alone: no worker waits for a resolver. */
static bool
read_addr(const struct l2_place *p, struct addr *ret)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(p->port) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(p->port) };

	*ret = (struct addr){ 0 };
	if (inet_pton(AF_INET, p->host, &four.sin_addr) == 1) {
		memcpy(&ret->sa, &four, sizeof(four));
		ret->size = sizeof(four);
	} else if (inet_pton(AF_INET6, p->host, &six.sin6_addr) == 1) {
		memcpy(&ret->sa, &six, sizeof(six));
		ret->size = sizeof(six);
	}
	return ret->size;
}

static void
place_of(const struct addr *a, struct l2_place *ret)
{
	char text[ADDR_TEXT_MAX];

	addr_format(a, text);
	bool six = text[0] == '[';
	char *colon = strrchr(text, ':');
	size_t n = (size_t)(colon - text) - 2 * six;
	memcpy(ret->host, text + six, n);
	ret->host[n] = '\0';
	ret->port = (uint16_t)strtoul(colon + 1, NULL, 10);
}

static uint8_t
find_node(const struct l2 *l, const struct l2_place *p)
{
	for (uint8_t i = 0; i < l->n_nodes; i++)
		if (l->nodes[i]->place.port == p->port && strcmp(l->nodes[i]->place.host, p->host) == 0)
			return i;
	return L2_NO_NODE;
}

/* Not connected to yet. L2_NO_NODE: there are too many. */
static uint8_t
add_node(struct l2 *l, const struct l2_place *p)
{
	uint8_t i = 0;

	while (i < l->n_nodes && l->nodes[i]->place.port)
		i++;
	if (i == L2_NODES_MAX)
		return L2_NO_NODE;
	if (i == l->n_nodes) {
		l->nodes[i] = calloc(1, sizeof(struct l2_node));
		if (!l->nodes[i])
			abort();
		l->n_nodes++;
	}
	*l->nodes[i] = (struct l2_node){ .l2 = l, .place = *p, .of = L2_NO_NODE,
		.link = { .w = l->w, .c = l->c, .owner = &owner, .conn = ENGINE_NONE } };
	return i;
}

static void
connect_node(struct l2 *l, struct l2_node *n)
{
	struct l2_link *link = &n->link;

	if (link->state != L2_LINK_CLOSED || !read_addr(&n->place, &link->addr))
		return;
	const char *name = l->c->tls.server_name ? l->c->tls.server_name : n->name ? n->name : n->place.host;
	link->secure = l->tls;
	snprintf(link->host, sizeof(link->host), "%s", name);
	link->reads_only = l->c->cluster && n->place.replica;
	link->asks_role = !l->c->cluster && l->c->n_servers > 1;
	l2_link_open(link, l2_reply_max(l->c));
}

static uint8_t
find_or_add(struct l2 *l, const struct l2_place *p)
{
	uint8_t i = find_node(l, p);

	if (i == L2_NO_NODE)
		i = add_node(l, p);
	if (i != L2_NO_NODE)
		connect_node(l, l->nodes[i]);
	return i;
}

static void
hang_up(struct l2_node *n)
{
	if (n->link.state == L2_LINK_UP)
		metrics_add(n->l2->w->metrics, METRIC_L2_LINKS, 0, -1);
	l2_link_close(&n->link);
}

static void
forget_node(struct l2_node *n)
{
	n->place = (struct l2_place){ 0 };
	hang_up(n);
}

void
l2_nodes_open(struct l2 *l)
{
	memset(l->primary, L2_NO_NODE, sizeof(l->primary));
	for (size_t i = 0; i < l->c->n_servers && i < L2_NODES_MAX; i++) {
		struct l2_place p = { 0 };
		place_of(&l->w->gate->l2_addrs[i], &p);
		uint8_t at = find_node(l, &p);
		if (at == L2_NO_NODE)
			at = add_node(l, &p);
		l->nodes[at]->seed = true;
		l->nodes[at]->name = l->c->servers[i].host;
		connect_node(l, l->nodes[at]);
	}
	l->unsure = l->c->cluster;
}

void
l2_nodes_close(struct l2 *l)
{
	for (uint8_t i = 0; i < l->n_nodes; i++)
		forget_node(l->nodes[i]);
	for (uint8_t i = 0; i < l->n_nodes; i++)
		free(l->nodes[i]);
	l->n_nodes = 0;
}

/* ---- who is what ----------------------------------------------------------------------------- */

void
l2_nodes_doubt(struct l2 *l)
{
	l->unsure = l->c->cluster || l->c->n_servers > 1;
}

/* Replicas only where they are to be asked. */
static void
apply_place(struct l2 *l, uint8_t i, uint8_t at[L2_NODES_MAX])
{
	const struct l2_place *p = &l->map.places[i];

	at[i] = p->replica && !l->c->replicas ? L2_NO_NODE : find_node(l, p);
	if (at[i] == L2_NO_NODE && (!p->replica || l->c->replicas))
		at[i] = add_node(l, p);
	if (at[i] == L2_NO_NODE)
		return;
	struct l2_node *n = l->nodes[at[i]];
	if (n->place.replica != p->replica)   /* READONLY holds for a connection as a whole */
		hang_up(n);
	n->place.replica = p->replica;
	n->role = p->replica ? L2_ROLE_REPLICA : L2_ROLE_PRIMARY;
	n->listed = true;
	connect_node(l, n);
}

/* A primary that is not to be had will be replaced by another one: until then it is looked for. */
static bool
lacks_primary(const struct l2 *l)
{
	for (uint8_t i = 0; i < l->n_nodes; i++)
		if (l->nodes[i]->listed && l->nodes[i]->role == L2_ROLE_PRIMARY &&
		    l->nodes[i]->link.state == L2_LINK_WAITS)
			return true;
	return false;
}

/* Not from within a reply: links are closed here. */
void
l2_nodes_apply(struct l2 *l)
{
	uint8_t at[L2_NODES_MAX];

	for (uint8_t i = 0; i < l->n_nodes; i++)
		l->nodes[i]->listed = false;
	for (uint8_t i = 0; i < l->map.n; i++)
		apply_place(l, i, at);
	for (uint8_t i = 0; i < l->map.n; i++)
		if (at[i] != L2_NO_NODE)
			l->nodes[at[i]]->of = l->map.of[i] == L2_NO_NODE ? L2_NO_NODE : at[l->map.of[i]];
	for (size_t slot = 0; slot < REDIS_SLOTS; slot++)
		l->primary[slot] = l->map.primary[slot] == L2_NO_NODE ? L2_NO_NODE : at[l->map.primary[slot]];
	for (uint8_t i = 0; i < l->n_nodes; i++)
		if (!l->nodes[i]->listed && !l->nodes[i]->seed && l->nodes[i]->place.port)
			forget_node(l->nodes[i]);
	l->map_is_new = false;
	l->unsure = lacks_primary(l);
}

static void
on_slots(struct l2_call *call, enum l2_reply how, const struct resp *r, struct text reply)
{
	struct l2_node *n = call->ctx;
	struct l2 *l = n->l2;

	l->looking = false;
	if (how == L2_LOST)
		return;
	if (r->kind == RESP_ERROR) {
		l2_tell_error(l, &n->link, r->error);
		return;
	}
	if (!l2_map_read(reply, n->place.host, &l->map))
		return;
	l->map_is_new = true;
}

static void
on_role(struct l2_call *call, enum l2_reply how, const struct resp *r, struct text reply)
{
	struct l2_node *n = call->ctx;

	if (how == L2_LOST)
		return;
	n->role = l2_role_read(reply);
	if (n->role == L2_ROLE_PRIMARY)
		n->l2->unsure = false;
}

static void
ask_node(struct l2_node *n, const struct resp_word *words, size_t n_words, l2_reply_fn *done)
{
	struct buf command = { 0 };

	resp_command(&command, words, n_words);
	l2_link_call(&n->link, &command, done, n);
}

void
l2_nodes_look(struct l2 *l)
{
	static const struct resp_word slots[] = { { "CLUSTER", 7 }, { "SLOTS", 5 } };
	static const struct resp_word role[] = { { "ROLE", 4 } };

	l->look_ns = l->w->now_ns + LOOK_NS;
	for (uint8_t i = 0; i < l->n_nodes && !l->looking; i++) {
		struct l2_node *n = l->nodes[(i + l->next_replica) % l->n_nodes];
		if (n->link.state != L2_LINK_UP)
			continue;
		if (l->c->cluster) {
			l->looking = true;
			ask_node(n, slots, 2, on_slots);
		} else {
			ask_node(n, role, 1, on_role);
		}
	}
	l->next_replica++;
}

/* ---- told by the links ----------------------------------------------------------------------- */

static struct l2_node *
node_of(struct l2_link *link)
{
	return (struct l2_node *)(void *)link;
}

static void
on_up(struct l2_link *link, struct text role)
{
	struct l2_node *n = node_of(link);

	metrics_add(n->l2->w->metrics, METRIC_L2_LINKS, 0, 1);
	if (link->asks_role)
		n->role = l2_role_read(role);
	else if (!n->l2->c->cluster)
		n->role = L2_ROLE_PRIMARY;
	n->reads = n->writes = (struct breaker){ 0 };
	l2_tell_up(n->l2, link);
}

static void
on_down(struct l2_link *link, const char *why)
{
	struct l2_node *n = node_of(link);

	if (link->was_up)
		metrics_add(n->l2->w->metrics, METRIC_L2_LINKS, 0, -1);
	if (!n->l2->c->cluster)
		n->role = L2_ROLE_UNKNOWN;
	l2_nodes_doubt(n->l2);
	l2_tell_down(n->l2, link, why);
}

/* ---- whom to ask ----------------------------------------------------------------------------- */

/* Before anything is known of a cluster any node is as good: it says who is meant. */
static struct l2_node *
any_node(struct l2 *l)
{
	for (uint8_t i = 0; i < l->n_nodes; i++)
		if (l2_link_takes(&l->nodes[i]->link))
			return l->nodes[i];
	return NULL;
}

struct l2_node *
l2_primary(struct l2 *l, uint16_t slot)
{
	if (l->c->cluster)
		return l->map.n || l->primary[slot] != L2_NO_NODE ? node_at(l, l->primary[slot]) : any_node(l);
	for (uint8_t i = 0; i < l->n_nodes; i++)
		if (l->nodes[i]->role == L2_ROLE_PRIMARY)
			return l->nodes[i];
	return NULL;
}

static bool
is_replica_of(const struct l2 *l, const struct l2_node *n, const struct l2_node *primary)
{
	return n->role == L2_ROLE_REPLICA && n->link.state == L2_LINK_UP &&
	    (!l->c->cluster || node_at((struct l2 *)(uintptr_t)l, n->of) == primary);
}

static bool
lets_pass(struct breaker *b, const struct l2 *l, enum breaker_verdict *ret)
{
	int64_t after_ns;

	*ret = breaker_begin(b, &l2_breaker, l->w->now_ns, &after_ns);
	return *ret != BREAKER_REFUSE;
}

struct l2_node *
l2_reader(struct l2 *l, uint16_t slot, enum breaker_verdict *ret_verdict)
{
	struct l2_node *primary = l2_primary(l, slot);

	for (uint8_t i = 0; l->c->replicas && i < l->n_nodes; i++) {
		struct l2_node *n = l->nodes[(l->next_replica + i) % l->n_nodes];
		if (!is_replica_of(l, n, primary) || !lets_pass(&n->reads, l, ret_verdict))
			continue;
		l->next_replica = (uint8_t)((l->next_replica + i + 1) % l->n_nodes);
		return n;
	}
	if (!primary && !l->c->cluster)   /* roles are not known yet, or there is none right now */
		primary = any_node(l);
	return primary && l2_link_takes(&primary->link) && lets_pass(&primary->reads, l, ret_verdict)
	    ? primary : NULL;
}

struct l2_node *
l2_writer(struct l2 *l, uint16_t slot, enum breaker_verdict *ret_verdict)
{
	struct l2_node *n = l2_primary(l, slot);

	return n && l2_link_takes(&n->link) && lets_pass(&n->writes, l, ret_verdict) ? n : NULL;
}

struct l2_node *
l2_redirected(struct l2 *l, const struct l2_node *by, const char *error, bool *ret_ask)
{
	struct redis_redirect to;
	struct l2_place p = { 0 };

	if (!l->c->cluster || !redis_redirect(error, &to) || to.host.size >= sizeof(p.host))
		return NULL;
	memcpy(p.host, to.host.size ? to.host.at : by->place.host,
	    to.host.size ? to.host.size : strlen(by->place.host));
	p.port = to.port;
	uint8_t at = find_or_add(l, &p);
	*ret_ask = to.ask;
	if (!to.ask)
		l->unsure = true;
	if (!to.ask && at != L2_NO_NODE) {
		l->primary[to.slot] = at;
		l->nodes[at]->role = L2_ROLE_PRIMARY;
	}
	return at != L2_NO_NODE && l2_link_takes(&l->nodes[at]->link) ? l->nodes[at] : NULL;
}
