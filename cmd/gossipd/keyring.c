/*
 * The keyring on disk: a JSON list of keys in base64, the first of which
 * encrypts, as Serf's. It is there once keys have been changed while we run
 * and then wins over the config, whose key may be an old one by then.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/gossipd/gossipd.h"
#include "common/file.h"
#include "common/mem.h"
#include "common/tree.h"

#define FILE_NAME "serf.keyring"
#define FILE_MAX  4096

static int
add_keys(const struct tree *list, struct wire_ring *ring, struct err *err)
{
	if (list == NULL || list->kind != TREE_LIST)
		return err_set(err, ERR_BAD, "expected a list of keys");
	if (list->nitems > WIRE_KEYS_MAX)
		return err_set(
		    err, ERR_BAD, "more than %d keys", WIRE_KEYS_MAX);
	for (size_t i = 0; i < list->nitems; i++) {
		const struct tree *k = list->items[i];

		if (k->kind != TREE_STR)
			return err_set(err, ERR_BAD, "key %zu is no text", i);
		if (wire_key_parse(k->str, &ring->keys[ring->nkeys], err) == -1)
			return err_add(err, "key %zu", i);
		ring->nkeys++;
	}
	return 0;
}

static int
load_file(const char *path, struct wire_ring *ring, struct err *err)
{
	struct buf text = { 0 };
	struct tree *t = NULL;
	int rv = 0;

	if (file_read(path, FILE_MAX, &text, err) == -1) {
		if (errno != ENOENT)
			rv = -1;
	} else {
		t = tree_from_json(text.data, text.len, err);
		if (t == NULL || add_keys(t, ring, err) == -1)
			rv = err_add(err, "%s", path);
	}
	tree_free(t);
	buf_release(&text);
	return rv;
}

int
gossipd_keys_load(
    const struct gossipd_config *c, struct wire_ring *ring, struct err *err)
{
	const char *dir = c->common.data_dir;
	char *path = xasprintf("%s/%s", dir, FILE_NAME);
	int rv = 0;

	*ring = (struct wire_ring){ 0 };
	if (dir[0] != '\0')
		rv = load_file(path, ring, err);
	free(path);
	if (rv == -1 || ring->nkeys > 0 || c->encrypt[0] == '\0')
		return rv;
	ring->nkeys = 1;
	return wire_key_parse(c->encrypt, &ring->keys[0], err);
}

static int
write_file(const char *path, const struct buf *text, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd == -1)
		return err_sys(err, "%s", path);
	if (write(fd, text->data, text->len) != (ssize_t)text->len ||
	    fsync(fd) == -1) {
		err_sys(err, "%s", path);
		close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

int
gossipd_keys_save(const struct gossipd_config *c, const struct wire_ring *ring,
    struct err *err)
{
	const char *dir = c->common.data_dir;
	struct tree *list = tree_list();
	struct buf text = { 0 };
	char *path = xasprintf("%s/%s", dir, FILE_NAME);
	char *fresh = xasprintf("%s.new", path);
	int rv = 0;

	for (size_t i = 0; i < ring->nkeys; i++) {
		struct buf key = { 0 };

		wire_key_format(&ring->keys[i], &key);
		tree_push(list, tree_str(buf_str(&key)));
		buf_release(&key);
	}
	tree_to_json(list, &text, 0);
	tree_free(list);
	if (dir[0] == '\0')
		rv = err_set(
		    err, ERR_BAD, "data_dir is not set: keys are not kept");
	else if ((rv = write_file(fresh, &text, err)) == 0 &&
		 rename(fresh, path) == -1)
		rv = err_sys(err, "%s", path);
	if (rv == 0)
		rv = file_sync_dir(dir, err);
	buf_release(&text);
	free(path);
	free(fresh);
	return rv;
}
