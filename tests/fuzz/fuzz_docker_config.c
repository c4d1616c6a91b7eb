/* JSON as a docker task's config block: what passes makes a container's body
 * that is JSON again, or is refused. */
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/docker_create.h"
#include "common/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
make_body(const struct docker_config *config, const struct taskenv *env)
{
	static struct docker_options options;
	struct alloc alloc = { .id = text_borrow("6f") };
	struct task task = { .name = text_borrow("t") };
	struct driver_task dt = { .alloc_id = "6f",
		.alloc = &alloc,
		.task = &task,
		.env = env,
		.task_dir = "/d/6f/t",
		.alloc_dir = "/d/6f/alloc",
		.local_dir = "/d/6f/t/local",
		.secrets_dir = "/d/6f/t/secrets" };
	struct docker_create c = { config, &options, &dt, "id", NULL };
	struct buf b = { 0 };
	struct tree *body;

	if (options.endpoint == NULL)
		docker_options_init(&options);
	if (docker_create_body(&c, &b, NULL) == 0) {
		body = tree_from_json(b.data, b.len, NULL);
		if (body == NULL)
			abort();
		tree_free(body);
	}
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct tree *t = tree_from_json((const char *)data, n, NULL);
	struct taskenv env = { 0 };
	struct docker_config config;

	if (t == NULL)
		return 0;
	docker_config_check(t, NULL);
	if (docker_config_read(&config, t, &env, NULL) == 0) {
		make_body(&config, &env);
		rec_clear(&docker_config_type, &config);
	}
	tree_free(t);
	return 0;
}
