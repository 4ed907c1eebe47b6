/* SPDX-License-Identifier: MIT */
/* Amounts per month: "400 USD/month", "1.2k EUR/month", "10PB/month". */
#pragma once

/* 0, or -EINVAL with nothing written. A period other than "/month" is refused: the cost of an hour
 * depends on how many of them are paid. `ret_currency` gets three capital letters. */
int parse_money_per_month(const char *text, double *ret_amount, char ret_currency[8]);
int parse_transfer_per_month(const char *text, double *ret_bytes);
