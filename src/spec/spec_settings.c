/* SPDX-License-Identifier: MIT */
/* Everything that can be asked of a measurement, a row each. */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "net/url.h"
#include "spec/money.h"
#include "spec/setting.h"
#include "spec/spec.h"

#define SPEED_MIN 0.001
#define SPEED_MAX 1000.0

static int
set_url(void *object, const char *text, struct err *e)
{
	struct spec *s = object;
	struct url u;

	int code = url_parse(text, &u, e);
	if (code < 0)
		return code;
	*ARENA_PUSH(s->arena, s->urls, s->n_urls) = url_join(s->arena, &u, u.path);
	return 0;
}

static int
set_route(void *object, const char *text, struct err *e)
{
	struct spec *s = object;

	if (text[0] != '/' || strpbrk(text, " \t\r\n#")) {
		int code = err_usage(e, "'%s' is not a path", text);
		err_hint(e, "a route begins with '/' and has no blanks, as in /orders");
		return code;
	}
	*ARENA_PUSH(s->arena, s->routes, s->n_routes) = arena_strdup(s->arena, text);
	return 0;
}

static int
set_pid(void *object, const char *text, struct err *e)
{
	char *end;
	long pid = strtol(text, &end, 10);

	if (!isdigit((unsigned char)text[0]) || *end || pid < 1 || pid > 4194304) {
		int code = err_usage(e, "'%s' is not a process id", text);
		err_hint(e, "find it with: pgrep -a NAME");
		return code;
	}
	((struct spec *)object)->pid = (int)pid;
	return 0;
}

static int
set_target(void *object, const char *text, struct err *e)
{
	return spec_target(object, text, e);
}

static int
set_stop_if(void *object, const char *text, struct err *e)
{
	return spec_stop_if(object, text, e);
}

static int
set_find_max(void *object, const char *text, struct err *e)
{
	((struct spec *)object)->find_max = true;
	return spec_target(object, text, e);
}

static int
set_budget(void *object, const char *text, struct err *e)
{
	struct spec *s = object;
	char currency[8];

	int code = parse_money_per_month(text, &s->budget_per_month, currency);
	if (code < 0) {
		code = err_usage(e, "'%s' is not money per month", text);
		err_hint(e, "write it as in '400 USD/month'");
		return code;
	}
	s->currency = arena_strdup(s->arena, currency);
	return 0;
}

static int
set_transfer(void *object, const char *text, struct err *e)
{
	int code = parse_transfer_per_month(text, &((struct spec *)object)->transfer_bytes_per_month);
	if (code < 0) {
		code = err_usage(e, "'%s' is not an amount of data per month", text);
		err_hint(e, "write it as in '10TB/month'");
	}
	return code;
}

static int
set_stage(void *object, const char *text, struct err *e)
{
	struct spec *s = object;
	return stages_parse(text, s->arena, &s->stages, &s->n_stages, e);
}

static int
set_speed(void *object, const char *text, struct err *e)
{
	size_t digits = strspn(text, "0123456789.");
	char *end;
	double speed = strtod(text, &end);

	if (!digits || end != text + digits || (*end && strcmp(end, "x") != 0) ||
	    !(speed >= SPEED_MIN && speed <= SPEED_MAX)) {
		int code = err_usage(e, "'%s' is not a factor between %g and %g", text, SPEED_MIN, SPEED_MAX);
		err_hint(e, "2 replays twice as fast, 0.5 half as fast");
		return code;
	}
	((struct spec *)object)->replay_speed = speed;
	return 0;
}

static int
set_arrivals(void *object, const char *text, struct err *e)
{
	((struct spec *)object)->poisson = text[0] == 'p';
	return 0;
}

static int
set_pace(void *object, const char *text, struct err *e)
{
	static const char *const names[] = { "auto", "exact", "tick", "spin" };
	struct spec *s = object;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (i != PACE_TICK && strcmp(text, names[i]) == 0) {
			s->pace = (enum pace)i;
			return 0;
		}
	if (strncmp(text, "tick=", 5) == 0 && parse_duration(text + 5, &s->tick_ns) == 0 &&
	    s->tick_ns >= 1000 && s->tick_ns <= INT64_C(100000000)) {
		s->pace = PACE_TICK;
		return 0;
	}
	int code = err_usage(e, "'%s' is not a pace", text);
	err_hint(e, "say auto, exact, spin or tick=TIME, as in tick=500us (1us to 100ms)");
	return code;
}

static int
set_share(double *to, const char *text, struct err *e)
{
	if (parse_ratio(text, to) == 0 && *to >= 0 && *to <= 1)
		return 0;
	int code = err_usage(e, "'%s' is not a share", text);
	err_hint(e, "write it as in 90%% or 0.9");
	return code;
}

static int
set_reuse(void *object, const char *text, struct err *e)
{
	return set_share(&((struct spec *)object)->reuse, text, e);
}

static int
set_tls_resume(void *object, const char *text, struct err *e)
{
	return set_share(&((struct spec *)object)->tls_resume, text, e);
}

/* A header goes into every request as it stands: nothing in it may end the line. */
static int
set_header(void *object, const char *text, struct err *e)
{
	struct spec *s = object;
	size_t name = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	                           "!#$%&'*+-.^_`|~");
	bool clean = true;

	for (const char *c = text; *c; c++)
		clean = clean && ((unsigned char)*c >= ' ' || *c == '\t') && *c != 0x7f;
	if (!name || text[name] != ':' || !clean) {
		int code = err_usage(e, "'%s' is not a header", text);
		err_hint(e, "write it as in 'Accept: application/json'");
		return code;
	}
	*ARENA_PUSH(s->arena, s->headers, s->n_headers) = arena_strdup(s->arena, text);
	return 0;
}

/* "auto" leaves it open. */
static int
set_engine(void *object, const char *text, struct err *e)
{
	struct spec *s = object;

	(void)e;
	s->engine = strcmp(text, "auto") == 0 ? NULL : arena_strdup(s->arena, text);
	return 0;
}

static const char *const engine_names[] = { "auto", "io_uring", "epoll", NULL };
static const char *const arrival_names[] = { "poisson", "constant", NULL };

#define AT(f) .offset = offsetof(struct spec, f)
#define LIST_AT(f) AT(f), .count_offset = offsetof(struct spec, n_##f), .repeats = true

const struct setting spec_settings[] = {
	{ "system", .key = "system", .kind = SETTING_TEXT, .groups = SETTINGS_SERVICE,
	  .argument = "NAME", AT(system), .example = "shop-api",
	  .about = "name of the service, for people" },
	{ "url", .key = "service.url", .kind = SETTING_CUSTOM, .set = set_url,
	  .groups = SETTINGS_SERVICE | SETTINGS_LOAD, .argument = "URL", .repeats = true,
	  .example = "http://127.0.0.1:8080/",
	  .about = "where the service answers, the same as a URL without a flag" },
	{ "route", .key = "service.routes", .kind = SETTING_CUSTOM, .set = set_route,
	  .groups = SETTINGS_SERVICE | SETTINGS_LOAD, .argument = "PATH", .repeats = true,
	  .example = "/orders", .about = "path to ask for at the URL" },
	{ "pid", .key = "service.pid", .kind = SETTING_CUSTOM, .set = set_pid,
	  .groups = SETTINGS_SERVICE, .argument = "N", .example = "4711",
	  .about = "process of the service, the same as pid:N" },
	{ "unit", .key = "service.unit", .kind = SETTING_TEXT, .groups = SETTINGS_SERVICE,
	  .argument = "NAME", AT(unit), .example = "shop-api",
	  .about = "systemd unit of the service, the same as unit:NAME" },
	{ "start", .key = "service.start", .kind = SETTING_TEXT,
	  .groups = SETTINGS_SERVICE | SETTINGS_PROVE, .argument = "COMMAND", AT(start),
	  .example = "'node server.js --port {port}'",
	  .about = "command that starts one more instance of the service" },
	{ "build", .key = "service.build", .kind = SETTING_TEXT, .groups = SETTINGS_PROVE,
	  .argument = "COMMAND", AT(build), .example = "make",
	  .about = "command that builds the service, run in each checkout before it is started" },
	{ "ready-timeout", .key = "service.ready-timeout", .kind = SETTING_DURATION,
	  .groups = SETTINGS_PROVE | SETTINGS_FIX, .argument = "TIME", AT(ready_timeout_ns), .min = 0.1,
	  .max = 3600, .preset = "30s", .about = "how long a service may take from its start to its first answer" },
	{ "database", .key = "database", .kind = SETTING_TEXT, .groups = SETTINGS_SERVICE,
	  .argument = "URL", AT(database), .secret = true, .example = "postgresql://prony@127.0.0.1/shop",
	  .about = "database of the service; found by itself from its connections" },
	{ "issue", .key = "issues", .kind = SETTING_TEXTS, .groups = SETTINGS_SERVICE,
	  .argument = "TEXT", LIST_AT(issues), .example = "p99 above 5 s during live events",
	  .about = "what people complain about, in their words" },
	{ "target", 't', "targets", SETTING_CUSTOM, .set = set_target, .repeats = true,
	  .groups = SETTINGS_SERVICE | SETTINGS_LOAD, .argument = "EXPR",
	  .example = "'p99 < 500ms @ 20k/s'",
	  .about = "promise to hold the service to: p50, p95, p99, p999, mean, errors, availability, "
	           "rate or cost against a limit, several separated by commas" },
	{ "peak", .key = "load.peak", .kind = SETTING_RATE,
	  .groups = SETTINGS_SERVICE | SETTINGS_SUITE, .argument = "RATE", AT(peak_rate), .min = 0.001, .max = 1e9,
	  .example = "500k/s",
	  .about = "peak load to plan for" },
	{ "transfer", .key = "load.transfer", .kind = SETTING_CUSTOM, .set = set_transfer,
	  .groups = SETTINGS_SERVICE, .argument = "SIZE/month", .example = "10TB/month",
	  .about = "data sent to users per month" },
	{ "budget", .key = "budget", .kind = SETTING_CUSTOM, .set = set_budget,
	  .groups = SETTINGS_SERVICE, .argument = "MONEY/month", .example = "'400 USD/month'",
	  .about = "what running the service may cost" },

	{ "rate", 'r', "load.rate", SETTING_RATE, .groups = SETTINGS_LOAD, .argument = "RATE",
	  AT(rate), .min = 0.001, .max = 1e8, .example = "20k/s",
	  .about = "requests offered per second, whatever the service does; check finds the rate that "
	           "the service holds when it is not given" },
	{ "for", .key = "load.for", .kind = SETTING_DURATION, .groups = SETTINGS_LOAD | SETTINGS_WATCH,
	  .argument = "TIME", AT(for_ns), .min = 0.1, .max = 86400, .preset = "10s",
	  .about = "length of one measurement" },
	{ "timeout", .key = "load.timeout", .kind = SETTING_DURATION, .groups = SETTINGS_LOAD,
	  .argument = "TIME", AT(timeout_ns), .min = 0.001, .max = 3600, .preset = "10s",
	  .about = "when a request counts as never answered" },
	{ "connections", .key = "load.connections", .kind = SETTING_COUNT,
	  .groups = SETTINGS_LOAD | SETTINGS_CLOSED, .argument = "N", AT(connections), .min = 1,
	  .max = 100000, .preset = "256",
	  .about = "the most connections to open; in a closed loop that many" },
	{ "stage", .key = "load.stages", .kind = SETTING_CUSTOM, .set = set_stage, .repeats = true,
	  .groups = SETTINGS_SHAPE, .argument = "'RATE[..RATE] for TIME'",
	  .example = "'100/s..1k/s for 30s'",
	  .about = "a part of the load, one after another: a rate that is held or changes evenly" },
	{ "replay", .key = "load.replay", .kind = SETTING_TEXT, .groups = SETTINGS_SHAPE,
	  .argument = "FILE", AT(replay), .example = "arrivals.txt",
	  .about = "offer the requests when a file says, a line each: 'SECONDS ROUTE'" },
	{ "speed", .key = "load.speed", .kind = SETTING_CUSTOM, .set = set_speed,
	  .groups = SETTINGS_SHAPE, .argument = "FACTOR", .preset = "1",
	  .about = "replay so many times as fast" },
	{ "save-schedule", .key = "load.save-schedule", .kind = SETTING_TEXT, .groups = SETTINGS_SHAPE, .argument = "FILE",
	  AT(save_schedule), .example = "arrivals.txt",
	  .about = "write when each request is due, for --replay" },
	{ "seed", .key = "load.seed", .kind = SETTING_COUNT, .groups = SETTINGS_LOAD, .argument = "N",
	  AT(seed), .preset = "1", .about = "the same seed gives the same arrivals" },
	{ "arrivals", .key = "load.arrivals", .kind = SETTING_CUSTOM, .set = set_arrivals,
	  .groups = SETTINGS_LOAD, .argument = "HOW", .choices = arrival_names, .preset = "poisson",
	  .about = "spacing of requests: random like independent users, or constant" },
	{ "header", 'H', "load.headers", SETTING_CUSTOM, .set = set_header, .repeats = true, .secret = true,
	  .groups = SETTINGS_LOAD, .argument = "'NAME: VALUE'", .example = "'Accept: application/json'",
	  .about = "header added to every request" },
	{ "allow-load", .key = "load.allow", .kind = SETTING_TEXT, .groups = SETTINGS_LOAD,
	  .argument = "HOST", AT(allow_load), .example = "staging.example",
	  .about = "a host other than this one that you are allowed to load" },
	{ "stop-if", .key = "load.stop-if", .kind = SETTING_CUSTOM, .set = set_stop_if, .repeats = true,
	  .groups = SETTINGS_LOAD, .argument = "EXPR", .example = "'errors>20%,p99>5s'",
	  .about = "stop everything, exit status 5, when this is so for three seconds in a row: p50, "
	           "p95, p99, p999, mean, errors, availability or rate against a limit" },
	{ "no-guard", .key = "load.no-guard", .kind = SETTING_FLAG, .groups = SETTINGS_LOAD, AT(no_guard),
	  .about = "go on although this host runs out of memory, or the run's folder out of space" },
	{ "closed", .key = "load.closed", .kind = SETTING_FLAG, .groups = SETTINGS_CLOSED, AT(closed),
	  .about = "closed loop: each connection waits for its answer before it asks again" },
	{ "scenario", .key = "load.scenario", .kind = SETTING_TEXT, .groups = SETTINGS_CLOSED,
	  .argument = "FILE", AT(scenario_file), .example = "shop.scenario.yaml",
	  .about = "what users do, written as flows of requests and pauses; its own settings stand "
	           "behind those of the command line" },
	{ "pace", .key = "load.pace", .kind = SETTING_CUSTOM, .set = set_pace, .groups = SETTINGS_CLOSED,
	  .argument = "HOW", .preset = "auto", .example = "tick=500us",
	  .about = "how close to their times requests are sent: exact, tick=TIME (those of a tick "
	           "together, cheaper), spin (takes a core), or auto" },
	{ "from", .key = "load.from", .kind = SETTING_TEXT, .groups = SETTINGS_CLOSED, .argument = "FILE",
	  AT(from), .example = "access.log",
	  .about = "do what a recording, log, script or API description tells, as 'prony import' reads "
	           "it" },
	{ "engine", .key = "load.engine", .kind = SETTING_CUSTOM, .set = set_engine,
	  .groups = SETTINGS_CLOSED, .argument = "NAME", .choices = engine_names, .preset = "auto",
	  .about = "what moves the bytes: io_uring where the kernel has it, else epoll" },
	{ "http2", .key = "load.http2", .kind = SETTING_FLAG, .groups = SETTINGS_LOAD, AT(http2),
	  .about = "speak HTTP/2: by ALPN to https://, by prior knowledge to http://" },
	{ "streams", .key = "load.streams", .kind = SETTING_COUNT, .groups = SETTINGS_LOAD,
	  .argument = "N", AT(streams), .min = 1, .max = 1000, .example = "32",
	  .about = "requests at once on a connection, where the protocol has that: HTTP/2 (32 when not "
	           "given), PostgreSQL and Redis (1)" },
	{ "reuse", .key = "load.reuse", .kind = SETTING_CUSTOM, .set = set_reuse,
	  .groups = SETTINGS_CLOSED, .argument = "SHARE", .preset = "100%", .example = "90%",
	  .about = "share of requests that find a kept connection; the others make a new one" },
	{ "tls-resume", .key = "load.tls-resume", .kind = SETTING_CUSTOM, .set = set_tls_resume,
	  .groups = SETTINGS_CLOSED, .argument = "SHARE", .preset = "0%", .example = "80%",
	  .about = "share of new TLS connections that resume a session" },
	{ "insecure", 'k', "load.insecure", SETTING_FLAG, .groups = SETTINGS_LOAD, AT(insecure),
	  .about = "do not verify the server's certificate" },
	{ "ca", .key = "load.ca", .kind = SETTING_TEXT, .groups = SETTINGS_LOAD, .argument = "FILE",
	  AT(ca), .example = "ca.pem", .about = "certificates to trust instead of the system's, of the service and of "
	  "the Redis server of a fleet" },
	{ "threads", .key = "load.threads", .kind = SETTING_COUNT, .groups = SETTINGS_CLOSED,
	  .argument = "N", AT(threads), .min = 1, .max = 256, .example = "2",
	  .about = "threads of the generator; as many as pay when not given" },

	{ "find-max", .key = "load.find-max", .kind = SETTING_CUSTOM, .set = set_find_max,
	  .groups = SETTINGS_FIND, .argument = "EXPR", .repeats = true,
	  .example = "'p99<500ms,errors<0.1%'",
	  .about = "find the highest rate at which these promises hold; --for is the length of each "
	           "confirmation, and the most that a step takes" },
	{ "soak", .key = "load.soak", .kind = SETTING_DURATION, .groups = SETTINGS_SUITE,
	  .argument = "TIME", AT(soak_ns), .min = 1, .max = 86400, .preset = "15s",
	  .about = "how long the service is held at a steady load" },
	{ "integrity", .key = "load.integrity", .kind = SETTING_TEXT, .groups = SETTINGS_SUITE,
	  .argument = "COMMAND", AT(integrity), .example = "'./check-orders.sh'",
	  .about = "shell command that fails when the service's data are not whole; run before the load "
	           "and after it" },
	{ "quick", .key = "load.quick", .kind = SETTING_FLAG, .groups = SETTINGS_SUITE, AT(quick),
	  .about = "take about half a minute: shorter phases, searches and waits" },

	{ "via", .key = "load.via", .kind = SETTING_TEXT, .groups = SETTINGS_FLEET,
	  .argument = "URL", AT(via), .secret = true, .example = "redis://10.0.0.5:6379/0",
	  .about = "lead a fleet: have --workers of them offer the load, who meet at this Redis server "
	           "with --join" },
	{ "workers", .key = "load.workers", .kind = SETTING_COUNT, .groups = SETTINGS_FLEET,
	  .argument = "N", AT(workers), .min = 1, .max = 1000, .example = "3",
	  .about = "how many workers the fleet has" },
	{ "join", .key = "load.join", .kind = SETTING_TEXT, .groups = SETTINGS_FLEET,
	  .argument = "URL", AT(join), .secret = true, .example = "'redis://10.0.0.5:6379/0?name=alpha'",
	  .about = "be a worker of the fleet that meets there: its leader says what to load, --allow-load "
	           "which host other than this one it may be" },
	{ "join-timeout", .key = "load.join-timeout", .kind = SETTING_DURATION, .groups = SETTINGS_FLEET,
	  .argument = "TIME", AT(join_timeout_ns), .min = 0.1, .max = 86400, .preset = "10s",
	  .about = "how long to wait for the workers, or for the leader" },
	{ "allow-lost", .key = "load.allow-lost", .kind = SETTING_FLAG, .groups = SETTINGS_FLEET,
	  AT(allow_lost), .about = "conclude although a worker was lost on the way" },

	{ "pairs", .key = "prove.pairs", .kind = SETTING_COUNT, .groups = SETTINGS_PROVE | SETTINGS_FIX,
	  .argument = "N", AT(pairs), .min = 1, .max = 40, .preset = "40",
	  .about = "how many pairs of blocks to measure at most" },
	{ "block", .key = "prove.block", .kind = SETTING_DURATION, .groups = SETTINGS_PROVE | SETTINGS_FIX,
	  .argument = "TIME", AT(block_ns), .min = 0.1, .max = 3600, .example = "2s",
	  .about = "length of a block; as long as its figures need when not given" },
	{ "restart", .key = "prove.restart", .kind = SETTING_COUNT, .groups = SETTINGS_PROVE,
	  .argument = "N", AT(restart), .min = 1, .max = 40, .example = "5",
	  .about = "start both services anew after every so many pairs, where prony starts them; as seems "
	           "best when not given" },
	{ "aa", .key = "prove.aa", .kind = SETTING_FLAG, .groups = SETTINGS_PROVE, AT(aa),
	  .about = "compare one service with itself: how small a change can this machine tell?" },
	{ "no-saturation", .key = "prove.no-saturation", .kind = SETTING_FLAG,
	  .groups = SETTINGS_PROVE | SETTINGS_FIX, AT(no_saturation),
	  .about = "compare at the offered rate only, not at the most that is held" },
	{ "history", .key = "prove.history", .kind = SETTING_FLAG, .groups = SETTINGS_PROVE, AT(history),
	  .about = "show where a figure of the service's earlier runs changed for good" },

	{ "observe", .key = "observe", .kind = SETTING_FLAG, .groups = SETTINGS_WATCH, AT(observe),
	  .about = "make no load, watch the real traffic" },
	{ "press", .key = "press", .kind = SETTING_FLAG, .groups = SETTINGS_PRESS, AT(press),
	  .about = "confirm the limit by an experiment: take 13 % of the CPU from the service, then from each "
	           "server that it asks on this host, for some seconds, by a quota of its control group that is "
	           "taken back; the only thing that check ever changes" },
	{ "literals", .key = "literals", .kind = SETTING_FLAG, .groups = SETTINGS_WATCH, AT(literals),
	  .about = "keep of each statement one example as it was sent, with its values, which may be secrets; "
	           "without it values never reach the run" },
	{ "no-trace", .key = "no-trace", .kind = SETTING_FLAG, .groups = SETTINGS_WATCH | SETTINGS_PROVE, AT(no_trace),
	  .about = "attach no tracing even where it could be" },
	{ "out", 'o', "out", SETTING_TEXT, .groups = SETTINGS_RUN, .argument = "DIR", AT(out),
	  .example = "./result", .about = "folder for the run; .prony/runs/TIME-NAME-ID when not given" },
	{ NULL },
};
