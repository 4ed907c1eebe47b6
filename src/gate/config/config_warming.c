/* SPDX-License-Identifier: MIT */
/* gate.yaml: cache_warming, strategies in the words of people who plan caches. A strategy is a list
 * of words; one that takes a value stands there as a key. */
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "gate/config/config_int.h"
#include "gate/config/cron.h"

#define AT(member) offsetof(struct gate_warming, member)
#define POPULAR_MOST 16384   /* as many as wait to be fetched */

struct word {
	const char *name;
	size_t offset;      /* of a bool; of a const char * when it takes a value */
	int (*take)(struct loading *l, const char *key, const struct node *n, void *to);
};

static int
take_schedule(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct cron cron;
	const char *text;
	struct err why = { 0 };

	int code = take_word(l, key, n, &text);
	if (code < 0)
		return code;
	if (cron_parse(text, &cron, &why) < 0) {
		code = node_refuse(&l->file, n->place, "%s: %s", key, why.text);
		err_hint(l->file.e, "minute, hour, day of the month, month, day of the week, as cron has "
		    "them: \"0 5 * * *\" is five o'clock each day");
		return code;
	}
	*(const char **)to = text;
	return 0;
}

static const struct word predictive[] = {
	{ "analyze_access_patterns", AT(learn_popular), NULL },
	{ "preload_popular_items", AT(preload_popular), NULL },
	{ "schedule", AT(schedule), take_schedule },
	{ NULL, 0, NULL },
};
static const struct word lazy_loading[] = {
	{ "load_on_first_access", AT(load_on_first_access), NULL },
	{ "background_refresh", AT(background_refresh), NULL },
	{ "ttl_based_refresh", AT(ttl_refresh), NULL },
	{ NULL, 0, NULL },
};
static const struct word event_driven[] = {
	{ "invalidate_on_update", AT(invalidate_on_update), NULL },
	{ "warm_related_items", AT(warm_related), NULL },
	{ "cascade_updates", AT(cascade), NULL },
	{ NULL, 0, NULL },
};

static const struct word *
find_word(const struct word *words, const char *name)
{
	while (words->name && strcmp(words->name, name) != 0)
		words++;
	return words->name ? words : NULL;
}

/* A word alone, which may take no value; or a key with its value. */
static int
take_strategy_word(struct loading *l, const char *key, const struct node *name,
    const struct node *value, const struct word *words, struct gate_warming *to)
{
	const struct word *word = find_word(words, name->text);
	int code = 0;

	if (!word)
		return refuse_key(l, key, name, (const struct key *)(const void *)words, sizeof(*words));
	if (word->take && value)
		return word->take(l, name->text, value, (char *)to + word->offset);
	if (!word->take && !value) {
		*(bool *)((char *)to + word->offset) = true;
		return 0;
	}
	code = node_refuse(&l->file, name->place, "%s: '%s' takes %s value", key, name->text,
	    value ? "no" : "a");
	err_hint(l->file.e, value ? "write '- %s'" : "write '- %s: \"0 5 * * *\"'", name->text);
	return code;
}

static int
take_strategy(struct loading *l, const char *key, const struct node *n, const struct word *words,
    void *to)
{
	int code = 0;

	if (n->kind != NODE_LIST) {
		code = node_refuse(&l->file, n->place, "%s: a list is expected", key);
		err_hint(l->file.e, "write '- %s' below it", words->name);
		return code;
	}
	for (size_t i = 0; i < n->n_items && code == 0; i++) {
		const struct node *item = n->items[i];
		if (item->kind == NODE_TEXT)
			code = take_strategy_word(l, key, item, NULL, words, to);
		else
			code = require_keys(l, key, item);
		for (size_t k = 0; k < item->n_keys && code == 0; k++)
			code = take_strategy_word(l, key, item->keys[k], item->items[k], words, to);
	}
	return code;
}

static int
take_predictive(struct loading *l, const char *key, const struct node *n, void *to)
{
	return take_strategy(l, key, n, predictive, to);
}

static int
take_lazy_loading(struct loading *l, const char *key, const struct node *n, void *to)
{
	return take_strategy(l, key, n, lazy_loading, to);
}

static int
take_event_driven(struct loading *l, const char *key, const struct node *n, void *to)
{
	return take_strategy(l, key, n, event_driven, to);
}

static int
take_popular(struct loading *l, const char *key, const struct node *n, void *to)
{
	return take_whole(l, key, n, 1, POPULAR_MOST, to);
}

static int
take_strategies(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "predictive", take_predictive, 0 },
		{ "lazy_loading", take_lazy_loading, 0 },
		{ "event_driven", take_event_driven, 0 },
		{ NULL, NULL, 0 },
	};
	return take_keys(l, key, n, keys, to);
}

static int
take_timezone(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const char *const words[] = { "local", "utc", NULL };
	int which;

	int code = take_choice(l, key, n, words, &which);
	if (code == 0)
		*(bool *)to = which == 1;
	return code;
}

static int
take_fetch_rate(struct loading *l, const char *key, const struct node *n, void *to)
{
	int code = take_rate(l, key, n, to);

	if (code == 0 && !(*(double *)to > 0.001))
		code = node_refuse(&l->file, n->place, "%s: must be above nothing", key);
	return code;
}

static int
take_logs(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct gate_warming *w = to;
	return take_texts(l, key, n, &w->logs, &w->n_logs);
}

/* As clients write it into Host. */
static int
take_hosts(struct loading *l, const char *key, const struct node *n, void *to)
{
	struct gate_warming *w = to;
	int code = take_texts(l, key, n, &w->hosts, &w->n_hosts);

	for (size_t i = 0; i < w->n_hosts && code == 0; i++)
		if (!*w->hosts[i] || strlen(w->hosts[i]) > 253 || strpbrk(w->hosts[i], "/*@?#{} \t\r\n")) {
			code = node_refuse(&l->file, take_place(l, w->hosts[i], n->place), "%s: '%s' is not a host",
			    key, w->hosts[i]);
			err_hint(l->file.e, "write it as clients have it in Host: www.example.org, or with a port");
		}
	return code;
}

int
take_warming(struct loading *l, const char *key, const struct node *n, void *to)
{
	static const struct key keys[] = {
		{ "strategies", take_strategies, 0 },
		{ "timezone", take_timezone, AT(utc) },
		{ "rate", take_fetch_rate, AT(rate_per_s) },
		{ "concurrency", take_count_above_zero, AT(concurrency) },
		{ "beta", take_above_zero, AT(beta) },
		{ "popular", take_popular, AT(popular) },
		{ "state", take_word, AT(state) },
		{ "logs", take_logs, 0 },
		{ "hosts", take_hosts, 0 },
		{ "rules", take_rules, 0 },
		{ "redis", take_redis_events, AT(redis) },
		{ "postgres", take_postgres_events, AT(postgres) },
		{ NULL, NULL, 0 },
	};

	((struct gate_warming *)to)->place = n->place;
	return take_keys(l, key, n, keys, to);
}
