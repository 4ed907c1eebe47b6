/* SPDX-License-Identifier: MIT */
/* usl_fit [-r] <SETS: fits the Universal Scalability Law to sets of points, for benchmarks.
 *
 * A line "N X" or "N X WEIGHT" is a point, "? N" asks for the throughput there, an empty line ends a
 * set. Prints a JSON object a set. With -r outliers are left out. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "stats/usl.h"

#define MOST 4096

struct set {
	double n[MOST], x[MOST], weight[MOST], asked[MOST];
	size_t count, n_asked;
	bool weighted, robust;
};

static void
put(const char *name, double v)
{
	if (isfinite(v))
		printf("\"%s\":%.17g,", name, v);
	else
		printf("\"%s\":null,", name);
}

static void
put_interval(const char *name, struct interval v)
{
	char part[40];

	put(name, v.value);
	snprintf(part, sizeof(part), "%s_low", name);
	put(part, v.low);
	snprintf(part, sizeof(part), "%s_high", name);
	put(part, v.high);
}

static void
put_predictions(const struct set *s, const struct usl *u)
{
	static const char *const words[] = { "interpolated", "extrapolated", "refused" };

	printf("\"predicted\":[");
	for (size_t i = 0; i < s->n_asked; i++) {
		struct usl_prediction p = usl_predict(u, s->asked[i]);
		printf("%s{", i ? "," : "");
		put_interval("x", p.x);
		printf("\"reach\":\"%s\"}", words[p.reach]);
	}
	printf("]");
}

static void
fit(struct set *s)
{
	static const char *const verdicts[] = {
		"peak", "unbounded", "beyond", "few points", "narrow", "refused", "no fit",
	};
	struct usl_data d = { s->n, s->x, s->weighted ? s->weight : NULL, s->count, s->robust };
	struct usl u;

	if (!s->count)
		return;
	usl_fit(&d, &u);
	printf("{\"verdict\":\"%s\",\"superlinear\":%s,\"outliers\":%zu,", verdicts[u.verdict],
	    u.superlinear ? "true" : "false", u.outliers);
	put_interval("gamma", u.gamma);
	put_interval("alpha", u.alpha);
	put_interval("beta", u.beta);
	put_interval("peak", u.peak);
	put_interval("top", u.top);
	put_interval("roof", u.roof);
	put("r2", u.r2);
	put_predictions(s, &u);
	puts("}");
	s->count = s->n_asked = 0;
	s->weighted = false;
}

static void
take(struct set *s, const char *line)
{
	double n, x, weight;
	int fields = sscanf(line, "%lf %lf %lf", &n, &x, &weight);

	if (s->n_asked < MOST && sscanf(line, "? %lf", &n) == 1) {
		s->asked[s->n_asked++] = n;
	} else if (fields < 2) {
		fit(s);
	} else if (s->count < MOST) {
		s->weighted = fields == 3;
		s->n[s->count] = n;
		s->x[s->count] = x;
		s->weight[s->count++] = weight;
	}
}

int
main(int argc, char **argv)
{
	static struct set s;
	char line[256];

	s.robust = argc > 1 && strcmp(argv[1], "-r") == 0;
	while (fgets(line, sizeof(line), stdin))
		take(&s, line);
	fit(&s);
	return 0;
}
