/* What a Docker Engine says: no bytes of it may hurt. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/docker_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct rec_type *const types[] = { &docker_version_type,
	&docker_info_type, &docker_container_type, &docker_id_type,
	&docker_waited_type };

static void
read_record(const struct rec_type *type, const char *text, size_t n)
{
	void *rec = calloc(1, type->size);

	if (rec_from_json(type, rec, text, n, NULL) == 0)
		rec_clear(type, rec);
	free(rec);
}

static void
read_progress(const char *text, size_t n)
{
	struct docker_progress p = { 0 };
	char out[256];

	/* In two pieces, as it may come. */
	if (docker_progress_add(&p, text, n / 2, NULL) == 0)
		docker_progress_add(&p, text + n / 2, n - n / 2, NULL);
	docker_progress_text(&p, 1000, out, sizeof out);
	docker_progress_release(&p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *text = (const char *)data;
	struct docker_listed *list;
	char out[128], ip[64];
	size_t nlist;

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		read_record(types[i], text, n);
	if (docker_list_read(text, n, &list, &nlist, NULL) == 0) {
		for (size_t i = 0; i < nlist; i++)
			rec_clear(&docker_listed_type, &list[i]);
		free(list);
	}
	docker_error_text(500, text, n, out, sizeof out);
	docker_bridge_ip(text, n, ip);
	read_progress(text, n);
	return 0;
}
