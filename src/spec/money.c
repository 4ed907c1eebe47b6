/* SPDX-License-Identifier: MIT */
#include "spec/money.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

#define PERIOD "/month"

/* Cut "/month" off a copy of the text. */
static int
without_period(const char *text, char out[64])
{
	size_t n = strlen(text), period = strlen(PERIOD);

	if (n >= 64 || n <= period || strcmp(text + n - period, PERIOD) != 0)
		return -EINVAL;
	n -= period;
	while (n && text[n - 1] == ' ')
		n--;
	memcpy(out, text, n);
	out[n] = '\0';
	return 0;
}

int
parse_money_per_month(const char *text, double *ret_amount, char ret_currency[8])
{
	char word[64], *end;
	char currency[4] = "";

	if (without_period(text, word) < 0 || !isdigit((unsigned char)word[0]) ||
	    strcspn(word, "xX") < 2)
		return -EINVAL;
	double amount = strtod(word, &end);
	if (*end == 'k' || *end == 'M')
		amount *= *end++ == 'k' ? 1e3 : 1e6;
	while (*end == ' ')
		end++;
	if (strlen(end) != 3 || !(amount >= 0 && amount < 1e15))
		return -EINVAL;
	for (int i = 0; i < 3; i++) {
		if (!isalpha((unsigned char)end[i]))
			return -EINVAL;
		currency[i] = (char)toupper((unsigned char)end[i]);
	}
	*ret_amount = amount;
	memcpy(ret_currency, currency, sizeof(currency));
	return 0;
}

int
parse_transfer_per_month(const char *text, double *ret_bytes)
{
	char word[64];
	int64_t bytes;

	if (without_period(text, word) < 0 || parse_size(word, &bytes) < 0)
		return -EINVAL;
	*ret_bytes = (double)bytes;
	return 0;
}
