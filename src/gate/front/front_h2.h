/* SPDX-License-Identifier: MIT */
/* HTTP/2 in front: many requests of one connection at a time, each a client of its own
 * (client_h2). What they have to say goes out once a turn, so that the answers of a turn share
 * frames, records and calls. */
#pragma once

#include "gate/front/front.h"

/* Speak it on a connection from now on; -ENOMEM. */
int h2_begin(struct front *f);

/* Send what gathered in this turn. */
void h2_turn(struct gate_worker *w);
