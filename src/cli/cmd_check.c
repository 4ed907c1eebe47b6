/* SPDX-License-Identifier: MIT */
/* prony check: the main job, read-only. */
#include "cli/check.h"

static const char *const examples[] = {
	"sudo prony check http://127.0.0.1:8080/", "how much it holds, and what limits it",
	"sudo prony check http://127.0.0.1:8080/orders -t 'p99<500ms@200/s'", "the same against a target",
	"sudo prony check --observe unit:shop-api --for 60s", "watch real traffic, make no load",
	"sudo prony check --observe pid:4711 --for 30s", "a training job: does it wait for its data?",
	NULL,
};

const struct command command_check = {
	.name = "check",
	.arguments = "TARGET...",
	.about = "measure a running service and name the one thing that limits it",
	.details =
	    "TARGET is one or more http:// or https:// URLs of one service, pid:N, unit:NAME or a spec file. "
	    "The service is found behind the URL, loaded until it reaches its knee (or at the load that "
	    "the target names), traced meanwhile, and the limit is named down to the function, lock or "
	    "SQL statement, with what was ruled out and what to do about it. Nothing is changed, unless --press "
	    "says so.\n\n"
	    "Behind a reverse proxy (nginx, HAProxy, Envoy, Apache and others) the processes of this host that it "
	    "passes requests on to are looked into with it, whether they speak HTTP or FastCGI, over TCP or a Unix socket; "
	    "a service that is named (pid:N, unit:NAME, --pid) is looked at alone.\n\n"
	    "With --press, and only then, the service and each server that it asks on this host get 13 % less of "
	    "the CPU that they could use, one after another and for about five seconds in all each, while prony "
	    "loads the service as before. It is said on stderr before, written to .prony/journal.ndjson, and "
	    "taken back also after an interruption; after a crash the next prony fix, prony check --press or "
	    "'prony undo' does. A limit that the answers follow is called causal; one that they do not loses "
	    "confidence. It needs root.\n\n"
	    "Without root the report says what could not be seen, and what would open it.",
	.examples = examples,
	.settings = SETTINGS_SERVICE | SETTINGS_LOAD | SETTINGS_WATCH | SETTINGS_RUN | SETTINGS_PRESS,
	.words = WORDS_TARGETS,
	.run = check_service,
};
