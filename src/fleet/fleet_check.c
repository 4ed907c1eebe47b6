/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "fleet/fleet.h"
#include "fleet/link.h"

static int
contradict(struct err *e, const char *what, const char *next)
{
	err_usage(e, "%s", what);
	err_hint(e, "%s", next);
	return -EINVAL;
}

static int
check_leader(const struct spec *s, struct err *e)
{
	int64_t connections = s->connections;

	if (!s->workers)
		return contradict(e, "--via without --workers", "say how many there are: --workers 3");
	if (s->save_schedule)
		return contradict(e, "--via and --save-schedule contradict each other",
		    "save it in a call without --via: the arrivals are the same");
	if (connections < s->workers) {
		err_usage(e, "%lld connections are too few for %lld workers", (long long)connections,
		    (long long)s->workers);
		err_hint(e, "--connections counts those of all workers together: give each one at least");
		return -EINVAL;
	}
	if (s->closed && connections % s->workers) {
		err_usage(e, "%lld connections of a closed loop cannot be shared evenly by %lld workers",
		    (long long)connections, (long long)s->workers);
		int64_t more = (connections / s->workers + 1) * s->workers;
		err_hint(e, "say --connections %lld", (long long)more);
		return -EINVAL;
	}
	return 0;
}

int
fleet_check(const struct spec *s, struct err *e)
{
	struct meeting at;
	int code = 0;

	if (s->via && s->join)
		return contradict(e, "--via and --join contradict each other",
		    "one process leads the fleet with --via, the others --join it");
	if (s->join && (s->n_urls || s->workers || s->rate > 0 || s->closed || s->n_stages || s->replay ||
	    s->scenario_file || s->from || s->find_max))
		return contradict(e, "--join and what the load is to be contradict each other",
		    "only the leader, with --via, says what to load and how much");
	if (!s->via && !s->join && (s->workers || s->allow_lost))
		return contradict(e, "--workers and --allow-lost belong to a fleet",
		    "say where it meets: --via redis://HOST:PORT");
	if (s->via || s->join)
		code = meeting_parse(s->via ? s->via : s->join, &at, e);
	if (code < 0)
		return err_wrap(e, code, s->via ? "--via" : "--join");
	return s->via ? check_leader(s, e) : 0;
}
