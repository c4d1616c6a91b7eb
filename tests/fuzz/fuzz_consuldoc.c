/* Answers of a catalog, and Fabio's properties, as anybody may send them. */
#include <stdlib.h>

#include "cmd/lbd/consuldoc.h"
#include "common/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct consuldoc_rule rule = { .tag_prefix = "urlprefix-",
		.statuses = "passing,warning" };
	const char *text = (const char *)data;
	struct consuldoc_checks checks = { 0 };
	struct service_instance *list = NULL;
	struct buf keys = { 0 };
	size_t nlist = 0;

	consuldoc_checks_read(&checks, text, n, &rule, NULL);
	consuldoc_instances_read(&checks, text, n, &list, &nlist, NULL);
	consuldoc_keys_read(text, n, true, &keys, NULL);
	consuldoc_has_service(text, n, "a");
	free(consuldoc_datacenter(text, n));
	for (size_t i = 0; i < nlist; i++)
		rec_clear(&service_instance_type, &list[i]);
	free(list);
	buf_release(&keys);
	consuldoc_checks_release(&checks);
	return 0;
}
