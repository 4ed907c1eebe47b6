/* SPDX-License-Identifier: MIT */
/* namespace: what a process in a container calls its own ids. */
#pragma once

/* The id of a process or thread (host's id) in its innermost pid namespace; the id itself when
 * that is not known. */
int namespace_inner_id(int id);
