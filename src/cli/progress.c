/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/terminal.h"

#define PLAIN_EVERY_NS (10 * NS_PER_S)
#define ETA_FROM       0.1    /* share of the phase done before an end is predicted */
#define BAR_CELLS      10

static struct drawing {
	bool redraws, drawn;
	char phase[32];
	int64_t phase_began_ns, said_ns;
	double phase_done;        /* of it when it was first heard of */
} drawing;

/* "[####------]  40 % ", empty when the end is unknown. */
static void
format_bar(char *out, size_t size, double done)
{
	char cells[BAR_CELLS + 1];

	out[0] = '\0';
	if (done < 0)
		return;
	done = done > 1 ? 1 : done;
	for (int i = 0; i < BAR_CELLS; i++)
		cells[i] = i < (int)(done * BAR_CELLS) ? '#' : '-';
	cells[BAR_CELLS] = '\0';
	snprintf(out, size, "[%s] %3.0f %% ", cells, done * 100);
}

/* "ETA 34 s  " at the pace since the phase was first heard of; empty when it cannot be told. */
static void
format_eta(char *out, size_t size, const struct drawing *d, double done, int64_t elapsed_ns)
{
	out[0] = '\0';
	if (done < d->phase_done + ETA_FROM || done >= 1)
		return;
	double left_s = ns_to_s(elapsed_ns) * (1 - done) / (done - d->phase_done);
	snprintf(out, size, "ETA %.0f s  ", ceil(left_s));
}

static void
update(void *ctx, const char *phase, double done, const char *line)
{
	struct drawing *d = ctx;
	char bar[64], eta[48], text[512];
	int64_t now = now_ns();

	if (strcmp(d->phase, phase) != 0) {
		snprintf(d->phase, sizeof(d->phase), "%s", phase);
		d->phase_began_ns = now;
		d->phase_done = done < 0 ? 0 : done;
	}
	if (!d->redraws && d->said_ns && now - d->said_ns < PLAIN_EVERY_NS)
		return;
	d->said_ns = now;
	format_bar(bar, sizeof(bar), done);
	format_eta(eta, sizeof(eta), d, done, now - d->phase_began_ns);
	snprintf(text, sizeof(text), "  %s%s%s  %s", bar, eta, phase, line);
	if (!d->redraws) {
		fprintf(stderr, "%s\n", text);
		return;
	}
	fprintf(stderr, "\r%.*s\033[K", terminal_columns(STDERR_FILENO) - 1, text);
	fflush(stderr);
	d->drawn = true;
}

struct progress
progress_draw(void)
{
	drawing = (struct drawing){ .redraws = terminal_redraws(STDERR_FILENO) };
	return (struct progress){ update, &drawing };
}

void
progress_end(void)
{
	if (drawing.drawn)
		fputs("\r\033[K", stderr);
	drawing.drawn = false;
}
