/* SPDX-License-Identifier: MIT */
/* java_waits: which lock a Java thread waited for.
 *
 * Every thread of a Java machine sleeps at words of its own (its parker, its monitor's event), for
 * whatever it waits: the address tells who sleeps, not what for. So before assembly each such wait
 * gets, instead of the address, a number made of the Java method that waits: of its own stack where
 * it was taken, else of the nearest one in time of the same thread and word. Waiting for the next
 * task of an executor is no wait for a lock at all, nor is Thread.sleep, which sleeps there too.
 * Who waits for the result of a task waits for the thread that executes it. */
#pragma once

#include "trace/intake.h"

void java_waits_settle(struct intake *in);
