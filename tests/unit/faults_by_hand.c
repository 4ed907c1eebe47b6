/* SPDX-License-Identifier: MIT */
#include "faults_by_hand.h"

static const struct fault_family *const families[] = {
	&faults_cpu, &faults_contention, &faults_net, &faults_data, &faults_memory,
};

size_t
fault_count(void)
{
	size_t n = 0;

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		n += families[i]->n;
	return n;
}

const struct fault *
fault_at(size_t i)
{
	const struct fault_family *const *f = families;

	for (; i >= (*f)->n; f++)
		i -= (*f)->n;
	return &(*f)->at[i];
}
