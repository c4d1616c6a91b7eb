/* Bytes as a container's output, with a terminal when the first one is odd:
 * in one piece and in many they leave the same files and position. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/nodeagent/docker_log.h"
#include "common/file.h"
#include "common/mem.h"

#define MAX_FILES 2
#define MAX_BYTES 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char dir[48];

static void
clean_up(void)
{
	rmdir(dir);
}

static void
start(void)
{
	snprintf(dir, sizeof dir, "/tmp/rove-fuzz-XXXXXX");
	if (mkdtemp(dir) == NULL)
		abort();
	atexit(clean_up);
}

/* What the files hold; with it they go. */
static void
take_files(const struct docker_log *l, struct buf *b)
{
	static const char *const outputs[] = { "stdout", "stderr" };

	for (size_t i = 0; i < DOCKER_LOG_NSTREAMS; i++)
		for (uint64_t k = 0; k <= l->streams[i].file.number; k++) {
			char *path =
			    xasprintf("%s/t.%s.%d", dir, outputs[i], (int)k);

			buf_addf(b, "%s:", path);
			file_read(path, SIZE_MAX, b, NULL);
			unlink(path);
			free(path);
		}
}

static struct buf
run(const uint8_t *data, size_t n, uint8_t how, size_t step)
{
	struct docker_log_pos pos = { 0 };
	struct docker_log l;
	struct buf b = { 0 };
	int rv = 0;

	docker_log_init(&l, dir, "t", MAX_FILES, MAX_BYTES, how % 2 == 1, NULL);
	if (n > 3) /* something to find */
		logfile_write(
		    &l.streams[0].file, (const char *)data + n - 3, 3);
	docker_log_begin(&l, (enum docker_log_way)(how / 2 % 3), "c", &b);
	for (size_t i = 0; i < n && rv == 0; i += step)
		rv = docker_log_feed(&l, (const char *)data + i,
		    n - i < step ? n - i : step, NULL);
	if (l.way == DOCKER_LOG_FIND)
		docker_log_found(&l);
	docker_log_tell(&l, &pos);
	rec_pack(&docker_log_pos_type, &pos, &b);
	take_files(&l, &b);
	docker_log_release(&l);
	return b;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf whole, cut;

	if (dir[0] == '\0')
		start();
	if (n < 2)
		return 0;
	whole = run(data + 1, n - 1, data[0], n);
	cut = run(data + 1, n - 1, data[0], data[0] / 6 % 7 + 1);
	if (whole.len != cut.len ||
	    memcmp(whole.data, cut.data, whole.len) != 0)
		abort();
	buf_release(&whole);
	buf_release(&cut);
	return 0;
}
