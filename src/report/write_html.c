/* SPDX-License-Identifier: MIT */
/* The page: one self-contained file.
 *
 * Its security policy names the style and the script by their SHA-256 and forbids everything else,
 * requests included; so nothing that a stranger put into a URL or a symbol can run, and there are
 * no style attributes. Everything is there without the script. */
#include "report/write.h"

#include <openssl/evp.h>
#include <string.h>

#include "report/assets.h"
#include "report/escape.h"
#include "report/html_block.h"

/* A page of this size takes no further block; no single block is larger than the rest of 1 MiB. */
#define FULL_BYTES ((size_t)600 << 10)

static void
put_hash(struct buf *out, const char *text, const char *end)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char base64[2 * EVP_MAX_MD_SIZE];
	unsigned size = 0;

	if (!EVP_Digest(text, (size_t)(end - text), digest, &size, EVP_sha256(), NULL))
		size = 0;
	EVP_EncodeBlock((unsigned char *)base64, digest, (int)size);
	buf_printf(out, "'sha256-%s'", base64);
}

static void
put_head(struct buf *out, const struct doc *d)
{
	buf_puts(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src ");
	put_hash(out, asset_css, asset_css_end);
	buf_puts(out, "; script-src ");
	put_hash(out, asset_js, asset_js_end);
	buf_puts(out, "; img-src data:; base-uri 'none'; form-action 'none'\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n"
	    "<meta name=\"robots\" content=\"noindex\">\n"
	    "<meta name=\"referrer\" content=\"no-referrer\">\n"
	    "<meta name=\"description\" content=\"");
	escape_html(out, d->headline);
	buf_puts(out, "\">\n<title>");
	escape_html(out, d->title);
	buf_puts(out, "</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>");
	buf_append(out, asset_css, (size_t)(asset_css_end - asset_css));
	buf_puts(out, "</style>\n</head>\n");
}

static void
put_pairs(struct buf *out, const char *class, const char *name, const struct doc_pair *pairs,
    size_t n)
{
	if (!n)
		return;
	buf_printf(out, "<dl class=\"%s\" aria-label=\"%s\">", class, name);
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "<div class=\"t-%s\"><dt>", html_tone(pairs[i].tone));
		escape_html(out, pairs[i].name);
		buf_puts(out, "</dt><dd>");
		escape_html(out, pairs[i].value);
		if (pairs[i].detail) {
			buf_puts(out, " <small>");
			escape_html(out, pairs[i].detail);
			buf_puts(out, "</small>");
		}
		buf_puts(out, "</dd></div>");
	}
	buf_puts(out, "</dl>\n");
}

static void
put_hero(struct buf *out, const struct doc *d)
{
	buf_printf(out, "<header class=\"hero t-%s\">\n<p class=\"meta\">", html_tone(d->tone));
	escape_html(out, d->meta);
	buf_printf(out, "</p>\n<p class=\"verdict\">%s</p>\n<h1>", d->verdict);
	escape_html(out, d->headline);
	buf_puts(out, "</h1>\n");
	put_pairs(out, "chips", "Targets", d->chips, d->n_chips);
	put_pairs(out, "figures", "Key figures", d->figures, d->n_figures);
	buf_puts(out, "</header>\n");
}

static void
put_nav(struct buf *out, const struct doc *d)
{
	buf_puts(out, "<nav aria-label=\"Sections\"><ol>");
	for (size_t i = 0; i < d->n_sections; i++) {
		buf_printf(out, "<li><a href=\"#%s\">", d->sections[i].id);
		escape_html(out, d->sections[i].title);
		buf_puts(out, "</a></li>");
	}
	buf_puts(out, "</ol></nav>\n");
}

/* Line charts that follow each other stand side by side. */
static void
put_blocks(struct buf *out, const struct doc *d, const struct doc_section *s, int *id)
{
	bool grid = false;

	for (size_t i = 0; i < s->n_blocks; i++) {
		if (out->size > FULL_BYTES) {
			buf_puts(out, grid ? "</div>\n" : "");
			buf_puts(out,
			    "<p class=\"note\">The page is full; the rest is in run.json.</p>\n");
			return;
		}
		bool chart = s->blocks[i].kind == DOC_LINES;
		if (chart != grid)
			buf_puts(out, chart ? "<div class=\"charts\">\n" : "</div>\n");
		grid = chart;
		html_block(out, d, &s->blocks[i], id);
	}
	if (grid)
		buf_puts(out, "</div>\n");
}

static void
put_section(struct buf *out, const struct doc *d, const struct doc_section *s, int *id)
{
	buf_printf(out, "<section id=\"%s\" aria-labelledby=\"h-%s\">\n<h2 id=\"h-%s\">", s->id,
	    s->id, s->id);
	escape_html(out, s->title);
	buf_puts(out, "</h2>\n");
	if (s->lead) {
		buf_printf(out, "<p class=\"lead t-%s\">", html_tone(s->tone));
		escape_html(out, s->lead);
		buf_puts(out, "</p>\n");
	}
	put_blocks(out, d, s, id);
	buf_puts(out, "</section>\n");
}

void
write_html(const struct doc *d, struct buf *out)
{
	int id = 0;

	put_head(out, d);
	buf_puts(out, "<body>\n<a class=\"skip\" href=\"#main\">Skip to the report</a>\n");
	put_hero(out, d);
	buf_puts(out, "<div class=\"page\">\n");
	put_nav(out, d);
	buf_puts(out, "<main id=\"main\" tabindex=\"-1\">\n");
	for (size_t i = 0; i < d->n_sections; i++)
		put_section(out, d, &d->sections[i], &id);
	buf_puts(out, "</main>\n</div>\n<footer><p>Written by prony ");
	escape_html(out, PRONY_VERSION);
	buf_puts(out, ". This file loads nothing and sends nothing.</p></footer>\n<script>");
	buf_append(out, asset_js, (size_t)(asset_js_end - asset_js));
	buf_puts(out, "</script>\n</body>\n</html>\n");
}
