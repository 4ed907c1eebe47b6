/* SPDX-License-Identifier: MIT */
/* What somebody wants the house to do: given by any thread, done by the main one. */
#include <errno.h>

#include "gate/house.h"

void
house_order(struct house *h, struct house_order *o)
{
	pthread_mutex_lock(&h->lock);
	if (h->ends) {
		o->code = err_set(&o->e, ESHUTDOWN, "the gate ends");
	} else {
		o->next = h->orders;
		h->orders = o;
		while (!o->done)
			pthread_cond_wait(&h->done, &h->lock);
	}
	pthread_mutex_unlock(&h->lock);
}

/* Those that come while it is being done are not answered with it: what they want may be in a file that has been read
 * already. */
bool
house_take_orders(struct house *h, enum house_do what)
{
	bool any = false;

	pthread_mutex_lock(&h->lock);
	for (struct house_order *o = h->orders; o; o = o->next) {
		o->taken |= o->what == what;
		any |= o->what == what;
	}
	pthread_mutex_unlock(&h->lock);
	return any;
}

void
house_finish_orders(struct house *h, enum house_do what, int code, const struct err *e, const struct buf *notes)
{
	pthread_mutex_lock(&h->lock);
	for (struct house_order **at = &h->orders; *at;) {
		struct house_order *o = *at;
		if (o->what != what || !o->taken) {
			at = &o->next;
			continue;
		}
		*at = o->next;
		o->code = code;
		o->e = *e;
		buf_append(&o->notes, notes->data, notes->size);
		o->done = true;
	}
	pthread_cond_broadcast(&h->done);
	pthread_mutex_unlock(&h->lock);
}

void
house_refuse_orders(struct house *h)
{
	struct buf none = { 0 };
	struct err e = { 0 };

	pthread_mutex_lock(&h->lock);
	h->ends = true;
	pthread_mutex_unlock(&h->lock);
	int code = err_set(&e, ESHUTDOWN, "the gate ends");
	for (int i = HOUSE_RELOAD; i <= HOUSE_DRAIN; i++) {
		house_take_orders(h, (enum house_do)i);
		house_finish_orders(h, (enum house_do)i, code, &e, &none);
	}
}
