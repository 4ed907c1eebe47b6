/* SPDX-License-Identifier: MIT */
/* HTTP/1.1 in front: one request at a time, those behind it wait. */
#pragma once

#include "gate/front/front.h"

/* Speak it on a connection from now on; -ENOMEM. */
int h1_begin(struct front *f);
