/* SPDX-License-Identifier: MIT */
#include "gate/gate.h"

#include <errno.h>

int
gate_run(const struct gate_config *c, const struct gate_talk *talk, struct err *e)
{
	int code = err_set(e, ENOSYS, "this prony reads %s but does not serve yet", c->file);

	err_hint(e, "--check says what the file means");
	return code;
}
