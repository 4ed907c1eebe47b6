/* SPDX-License-Identifier: MIT */
/* Feeds every file of a folder to a fuzz target: the seeds as a plain test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
feed(const char *folder, const char *name)
{
	static uint8_t data[1 << 20];
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "rb");
	if (!f)
		return -1;
	size_t size = fread(data, 1, sizeof(data), f);
	fclose(f);
	/* An exact copy, so that the address sanitizer sees a read past its end. */
	uint8_t *copy = malloc(size ? size : 1);
	for (size_t i = 0; i < size; i++)
		copy[i] = data[i];
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	return 0;
}

int
main(int argc, char **argv)
{
	int fed = 0;
	DIR *d = argc > 1 ? opendir(argv[1]) : NULL;
	if (!d)
		return 1;
	for (struct dirent *entry; (entry = readdir(d));)
		if (entry->d_name[0] != '.' && feed(argv[1], entry->d_name) == 0)
			fed++;
	closedir(d);
	printf("%d seeds\n", fed);
	return fed ? 0 : 1;
}
