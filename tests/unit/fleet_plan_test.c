/* SPDX-License-Identifier: MIT */
/* The plan of a fleet: what the leader was asked comes back on a worker, and nothing else does. */
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "fleet/fleet.h"
#include "fleet/fleet_plan.h"
#include "fleet/link.h"
#include "scenario/scenario.h"
#include "spec/setting.h"
#include "check.h"

static void
give(struct spec *s, const char *setting, const char *text)
{
	struct err e = { 0 };
	if (spec_flag(s, setting_find(setting), text, &e) < 0)
		fail_msg("%s: %s", setting, e.text);
}

/* The spec through a plan and back; -errno of the way back. */
static int
send_over(struct spec *s, const char *folder, struct spec *back, struct err *e)
{
	struct fleet_plan plan = { 0 };
	int code = fleet_plan_write(s, false, &plan, e);

	if (code == 0)
		code = fleet_plan_read(&plan, folder, back, e);
	fleet_plan_done(&plan);
	return code;
}

static void
settings_come_back(void **state)
{
	struct spec *s = spec_new(), *back = spec_new();
	struct err e = { 0 };

	give(s, "url", "http://127.0.0.1:8080/a");
	give(s, "url", "http://127.0.0.1:8080/b?x=1");
	give(s, "header", "Accept: \"*/*\"");
	give(s, "stage", "0..1234567.891/s for 1500ms");
	give(s, "stage", "20k/s for 7s");
	give(s, "seed", "18");
	give(s, "arrivals", "constant");
	give(s, "timeout", "750ms");
	give(s, "connections", "100");
	give(s, "pace", "tick=500us");
	give(s, "workers", "3");
	give(s, "allow-load", "leader.test");
	give(s, "threads", "7");
	assert_int_equal(spec_preset(s, &e), 0);
	if (send_over(s, "/nonexistent", back, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(back->n_urls, 2);
	assert_string_equal(back->urls[1], s->urls[1]);
	assert_int_equal(back->n_headers, 1);
	assert_string_equal(back->headers[0], "Accept: \"*/*\"");
	assert_int_equal(back->n_stages, 2);
	assert_true(back->stages[0].to == s->stages[0].to);
	assert_int_equal(back->stages[0].for_ns, 1500 * NS_PER_MS);
	assert_int_equal(back->seed, 18);
	assert_false(back->poisson);
	assert_int_equal(back->timeout_ns, 750 * NS_PER_MS);
	assert_int_equal(back->connections, 33);
	assert_int_equal(back->tick_ns, 500 * NS_PER_US);
	assert_int_equal(back->workers, 3);
	/* A host's own. */
	assert_null(back->allow_load);
	assert_int_equal(back->threads, 0);
	spec_free(s);
	spec_free(back);
}

static const char yaml[] =
	"base: http://127.0.0.1:8080\n"
	"feeders:\n"
	"  users:\n"
	"    file: users.csv\n"
	"    order: random\n"
	"flows:\n"
	"  - name: browse\n"
	"    weight: 3\n"
	"    steps:\n"
	"      - get: /user/${users.id}\n"
	"stages:\n"
	"  - { from: 10/s, to: 20/s, for: 4s }\n";

static void
scenarios_travel_with_their_files(void **state)
{
	char folder[] = "/tmp/fleet-plan-XXXXXX";
	struct spec *s = spec_new(), *back = spec_new();
	struct scenario *made;
	struct err e = { 0 };
	char path[64];
	CLEANUP(buf_done) struct buf there = { 0 };

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/users.csv", folder);
	assert_int_equal(file_write(path, "id\n7\n\xff\n", 7, &e), 0);
	char *file = arena_printf(s->arena, "%s/x.yaml", folder);
	if (scenario_parse(yaml, strlen(yaml), file, s->arena, &made, &e) < 0)
		fail_msg("%s", e.text);
	s->scenario = made;
	give(s, "url", "http://127.0.0.1:8080/");
	give(s, "workers", "2");
	if (spec_preset(s, &e) < 0 || send_over(s, folder, back, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(back->scenario->n_flows, 1);
	assert_string_equal(back->scenario->flows[0].name, "browse");
	assert_string_equal(back->scenario->feeders[0].file, "file-0");
	assert_int_equal(back->scenario->n_stages, 0);
	assert_int_equal(back->n_stages, 1);
	assert_true(back->stages[0].to == 20);
	unlink(path);
	snprintf(path, sizeof(path), "%s/file-0", folder);
	assert_int_equal(file_read(path, 100, &there, &e), 0);
	assert_memory_equal(there.data, "id\n7\n\xff\n", 7);
	unlink(path);
	rmdir(folder);
	spec_free(s);
	spec_free(back);
}

static void
broken_plans_are_refused(void **state)
{
	static const struct { const char *json, *says; } rows[] = {
		{ "", "not JSON" }, { "{", "not JSON" }, { "[]", "not JSON" },
		{ "{\"tool\":\"prony 0.0.0\"}", "the leader is prony 0.0.0" },
		{ "{\"tool\":\"prony " PRONY_VERSION "\"}", "no workers" },
		{ "{\"tool\":\"prony " PRONY_VERSION "\",\"settings\":{\"rate\":5}}", "a text is missing" },
		{ "{\"tool\":\"prony " PRONY_VERSION "\",\"settings\":{\"rate\":\"-5\"}}", "--rate" },
		{ "{\"tool\":\"prony " PRONY_VERSION "\",\"urls\":[\"x\"]}", "--url" },
		{ "{\"tool\":\"prony " PRONY_VERSION "\",\"headers\":[\"a: b\\r\\nc: d\"]}", "--header" },
		{ "{\"tool\":\"prony " PRONY_VERSION "\",\"scenario\":5}", "no text" },
		{ "{\"tool\":\"prony " PRONY_VERSION "\",\"replays\":true}", "arrivals are missing" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fleet_plan plan = { 0 };
		struct spec *s = spec_new();
		struct err e = { 0 };
		buf_puts(&plan.json, rows[i].json);
		assert_true(fleet_plan_read(&plan, "/nonexistent", s, &e) < 0);
		if (!strstr(e.text, rows[i].says))
			fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].json, e.text, rows[i].says);
		spec_free(s);
		fleet_plan_done(&plan);
	}
}

/* A plan may not name a file of the worker's host. */
static void
a_plan_reads_only_its_own_files(void **state)
{
	char folder[] = "/tmp/fleet-plan-XXXXXX", path[64];
	struct fleet_plan plan = { .n_files = 1 };
	struct spec *s = spec_new();
	struct err e = { 0 };

	assert_non_null(mkdtemp(folder));
	buf_puts(&plan.files[0], "id\n1\n");
	buf_puts(&plan.json, "{\"tool\":\"prony " PRONY_VERSION "\",\"settings\":{\"workers\":\"1\"},"
	    "\"urls\":[\"http://127.0.0.1/\"],\"scenario\":\"feeders:\\n  u:\\n    file: /etc/passwd\\n"
	    "flows:\\n  - steps:\\n      - get: /${u.id}\\n\"}");
	if (fleet_plan_read(&plan, folder, s, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(s->scenario->feeders[0].file, "file-0");
	snprintf(path, sizeof(path), "%s/file-0", folder);
	unlink(path);
	rmdir(folder);
	spec_free(s);
	fleet_plan_done(&plan);
}

static void
meetings_are_read(void **state)
{
	static const struct {
		const char *url, *host;
		int port, db;
		const char *user, *password, *fleet, *name;   /* host NULL: refused */
		bool tls;
		const char *certificate, *key, *server_name;
	} rows[] = {
		{ "redis://127.0.0.1", "127.0.0.1", 6379, 0, "", "", "load", "", false, "", "", "" },
		{ "redis://[::1]:7000/3", "::1", 7000, 3, "", "", "load", "", false, "", "", "" },
		{ "redis://:s%40cret@r:1/0?name=alpha", "r", 1, 0, "", "s@cret", "load", "alpha", false, "", "", "" },
		{ "redis://u:p@r/?fleet=f1&name=b-2", "r", 6379, 0, "u", "p", "f1", "b-2", false, "", "", "" },
		{ "rediss://u:p@r", "r", 6379, 0, "u", "p", "load", "", true, "", "", "" },
		{ "rediss://r/0?certificate=a/b.pem&key=c.key&name=x&server_name=in.side", "r", 6379, 0, "", "", "load", "x",
		  true, "a/b.pem", "c.key", "in.side" },
		{ "rediss://:s3cret@r/?key=c.key" }, { "rediss://:s3cret@r/?certificate=" },
		{ "redis://:s3cret@r/?certificate=a.pem" }, { "rediss://:s3cret@r/?cert=a.pem" }, { "http://:s3cret@r/" }, { "redis://:s3cret@r/x" },
		{ "redis://:s3cret@r/0?nmae=x" }, { "redis://:s3cret@r/0?name=a}b" },
		{ "redis://:s3cret@r/0?fleet=" }, { "redis://:s3cret@r/99999" }, { "s3cret" },
		{ "redis://:s3cret@:99999999/" },
	};
	unsetenv("REDISCLI_AUTH");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct meeting m;
		struct err e = { 0 };
		int code = meeting_parse(rows[i].url, &m, &e);
		if ((code == 0) != (rows[i].host != NULL))
			fail_msg("%s: %d %s", rows[i].url, code, e.text);
		assert_null(strstr(e.text, "s3cret"));
		assert_null(strstr(e.hint, "s3cret"));
		if (code < 0)
			continue;
		assert_string_equal(m.host, rows[i].host);
		assert_int_equal(m.port, rows[i].port);
		assert_int_equal(m.db, rows[i].db);
		assert_string_equal(m.user, rows[i].user);
		assert_string_equal(m.password, rows[i].password);
		assert_string_equal(m.fleet, rows[i].fleet);
		assert_string_equal(m.name, rows[i].name);
		assert_int_equal(m.tls, rows[i].tls);
		assert_string_equal(m.certificate_file, rows[i].certificate);
		assert_string_equal(m.key_file, rows[i].key);
		assert_string_equal(m.server_name, rows[i].server_name);
	}
}

/* All keys of a run lie in one slot of a cluster: they share one hash tag. */
static void
keys_share_a_hash_tag(void **state)
{
	const struct meeting at = { .fleet = "f1" };
	struct fleet_keys k = meeting_keys(&at, "00ff");

	assert_string_equal(k.call, "prony:{f1}:call");
	assert_string_equal(k.plan, "prony:{f1}:00ff:plan");
	assert_string_equal(k.results, "prony:{f1}:00ff:results");
}

RUN_TESTS(cmocka_unit_test(settings_come_back), cmocka_unit_test(scenarios_travel_with_their_files),
    cmocka_unit_test(broken_plans_are_refused), cmocka_unit_test(a_plan_reads_only_its_own_files),
    cmocka_unit_test(meetings_are_read), cmocka_unit_test(keys_share_a_hash_tag))
