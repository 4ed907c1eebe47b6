/* SPDX-License-Identifier: MIT */
/* Nothing planted: a request is parsed, looked up, priced and written, none of which stands out.
 * Usage: healthy [warm-up]; warm-up: the first second after the first request is slow. */
#include "http.h"

/* A worker keeps its connection: as many as a pause of a third of a second opens. */
enum { ITEMS = 512, WORK = 12000, WORKERS = 512 };
static struct { unsigned id, price, stock; char name[24]; } items[ITEMS];
static bool warms_up;

static __attribute__((noinline)) unsigned
parse_filters(const char *path)
{
	unsigned h = 2166136261u;

	for (int i = 0; i < WORK / 12; i++)
		for (const char *c = path; *c && c < path + 12; c++)
			h = (h ^ (unsigned char)*c) * 16777619u;
	return h;
}

static __attribute__((noinline)) unsigned
find_items(unsigned h)
{
	unsigned found = 0;

	for (int i = 0; i < WORK; i++)
		found += items[(h + (unsigned)i) % ITEMS].stock > 3;
	return found;
}

static __attribute__((noinline)) unsigned
price_items(unsigned n)
{
	unsigned sum = n;

	for (int i = 0; i < WORK; i++)
		sum = sum * 1664525u + items[i % ITEMS].price;
	return sum;
}

static __attribute__((noinline)) unsigned
apply_discount(unsigned sum)
{
	for (int i = 0; i < WORK; i++)
		sum ^= sum << 13, sum ^= sum >> 17, sum ^= sum << 5;
	return sum;
}

static __attribute__((noinline)) void
write_page(char *text, size_t size, unsigned found, unsigned sum)
{
	size_t n = 0;

	for (int i = 0; i < 12 && n < size; i++)
		n += (size_t)snprintf(text + n, size - n, "%s %u %u;", items[i].name, found, sum + (unsigned)i);
}

static void
warm_up(void)
{
	static time_t first;

	if (!first)
		first = time(NULL);
	if (time(NULL) <= first + 1)
		http_sleep_us(60000);
}

static const char *
answer(void)
{
	static _Thread_local char text[900];

	if (warms_up)
		warm_up();
	unsigned found = find_items(parse_filters(http_path));
	write_page(text, sizeof(text), found, apply_discount(price_items(found)));
	return text;
}

int
main(int argc, char **argv)
{
	(void)argv;
	warms_up = argc > 1;
	for (unsigned i = 0; i < ITEMS; i++) {
		items[i].id = i;
		items[i].price = i * 37 % 900;
		items[i].stock = i % 9;
		snprintf(items[i].name, sizeof(items[i].name), "item %u", i);
	}
	return http_serve(answer, WORKERS);
}
