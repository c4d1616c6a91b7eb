/* Text as an image's name, and as the answers of a config.json and a helper:
 * a name that is taken says the same again, and its target is plain. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/nodeagent/docker_auth.h"
#include "common/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
ask_auth(const struct docker_image *image, const char *text, size_t n)
{
	struct docker_auth auth;
	struct buf header = { 0 };
	char *helper;

	if (docker_auth_from_file(text, n, image, &auth, &helper, NULL) == 0)
		docker_auth_header(&auth, &header);
	rec_clear(&docker_auth_type, &auth);
	free(helper);
	docker_auth_from_helper(text, n, &auth, NULL);
	rec_clear(&docker_auth_type, &auth);
	buf_release(&header);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = xstrndup((const char *)data, n);
	const char *rest = memchr(data, '\n', n);
	struct docker_image image, again;
	struct buf target = { 0 };

	text[strcspn(text, "\n")] = '\0';
	if (docker_image_parse(&image, text, NULL) == 0) {
		if (docker_image_parse(&again, image.ref, NULL) == -1 ||
		    strcmp(again.ref, image.ref) != 0 ||
		    strcmp(again.path, image.path) != 0)
			abort();
		docker_image_release(&again);
		docker_image_pull_target(&image, &target);
		if (strpbrk(target.data, " \r\n#") != NULL)
			abort();
		if (rest != NULL)
			ask_auth(&image, rest,
			    n - (size_t)(rest - (const char *)data));
		docker_image_release(&image);
	}
	buf_release(&target);
	free(text);
	return 0;
}
