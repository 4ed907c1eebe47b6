/* SPDX-License-Identifier: MIT */
/* One block of the document as HTML. */
#pragma once

#include "base/buf.h"
#include "report/doc.h"

/* `id` counts what needs an id on the page. */
void html_block(struct buf *out, const struct doc *d, const struct doc_block *b, int *id);

const char *html_tone(enum doc_tone tone);   /* as a class name: "good" */
