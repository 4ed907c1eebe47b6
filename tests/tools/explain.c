/* SPDX-License-Identifier: MIT */
/* explain ENGINE DATABASE LOGIN STATEMENT...: what db_explain() says of statements, for tests with a
 * real server. LOGIN "-": none. A line each: table read whole, its rows, columns of an index; then what
 * the run says of plans. */
#include <stdio.h>
#include <string.h>

#include "db/db.h"

int
main(int argc, char **argv)
{
	struct run *r = run_new();
	struct run_trace *t = &r->evidence.trace;

	if (argc < 5) {
		fprintf(stderr, "usage: explain ENGINE DATABASE LOGIN STATEMENT...\n");
		return 2;
	}
	for (int i = 4; i < argc; i++) {
		struct run_query *q = RUN_ADD(r, query, t->queries, t->n_queries);
		q->engine = argv[1];
		q->database = argv[2];
		q->fingerprint = argv[i];
		q->seconds = argc - i;
	}
	db_explain(r, strcmp(argv[3], "-") ? argv[3] : NULL);
	for (size_t i = 0; i < t->n_queries; i++) {
		const struct run_query *q = &t->queries[i];
		printf("%s %.0f", q->scan_table ? q->scan_table : "-", q->scan_rows);
		for (size_t k = 0; k < q->n_index_columns; k++)
			printf(" %s", q->index_columns[k]);
		printf(" | %s\n", q->n_plan ? q->plan[0] : "no plan");
	}
	for (size_t i = 0; i < r->n_eyes; i++)
		printf("%s: %s\n", r->eyes[i].open ? "open" : "closed", r->eyes[i].means);
	run_free(r);
	return 0;
}
