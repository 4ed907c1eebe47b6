/* SPDX-License-Identifier: MIT */
/* What a fix is: the answer to one kind of finding. Private to plan/. */
#pragma once

#include "run/run.h"

struct fix {
	const char *kind;             /* of the findings that it answers */
	const char *action;           /* stable id: "db.index" */
	double gain_low, gain_high;   /* part of the finding's share that goes away, 80 % */
	enum run_level effort, risk;
	const char *tradeoff;
	/* Is it an answer to this one? NULL: to each of the kind. */
	bool (*applies)(const struct run *r, const struct run_finding *f);
	/* Fill what, apply and undo (and change what differs from the rows above). */
	void (*propose)(struct run *r, const struct run_finding *f, struct run_step *s);
};

/* Undo of advice that is carried out in code. */
#define UNDO_REVERT "git revert the change and deploy the version before"
