/*
 * Backups of the whole state.
 *
 * One is written by a forked child, as those of the log are, and sent from its
 * file, for the answer's head says its digest.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "cmd/schedd/api.h"
#include "common/mem.h"
#include "common/raft/node.h"
#include "common/text.h"
#include "proto/snapfile.h"
#include "proto/version.h"

#define SAVES_MAX  2 /* that are told at a time */
#define SEND_CHUNK 65536
#define SEND_TURN  2 /* chunks, to who takes all, before others have a turn */

struct save {
	void (*gone)(struct http_req *r); /* first: see api.c */
	struct schedd *sd;
	struct http_req *req;
	int fd;    /* of a file without a name */
	pid_t pid; /* 0: it has written all */
	struct loop_timer *next;
	off_t at, size;
};

/* Two sums: of the file as far as its own checksum, and of all that is sent. */
struct sink {
	int fd;
	EVP_MD_CTX *own, *whole;
	struct buf buf;
};

static void
save_free(struct save *s)
{
	if (s->pid > 0) {
		loop_child_forget(s->sd->loop, s->pid);
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
	}
	loop_timer_free(s->next);
	close(s->fd);
	s->sd->nsaves--;
	free(s);
}

static void
on_save_gone(struct http_req *r)
{
	save_free(http_req_data(r));
}

static void
save_fail(struct save *s, const char *why)
{
	http_req_set_data(s->req, NULL);
	http_fail(s->req, 500, "snapshot: %s", why);
	save_free(s);
}

static int
sink_flush(struct sink *k)
{
	size_t at = 0;

	while (at < k->buf.len) {
		ssize_t n = write(k->fd, k->buf.data + at, k->buf.len - at);

		if (n == -1 && errno != EINTR)
			return -1;
		at += n > 0 ? (size_t)n : 0;
	}
	EVP_DigestUpdate(k->whole, k->buf.data, k->buf.len);
	buf_reset(&k->buf);
	return 0;
}

static int
sink_put(void *ctx, const void *p, size_t n)
{
	struct sink *k = ctx;

	EVP_DigestUpdate(k->own, p, n);
	buf_add(&k->buf, p, n);
	return k->buf.len < SEND_CHUNK ? 0 : sink_flush(k);
}

/* In the child: the file, and behind it the digest of it. */
static int
write_file(struct sink *k, const struct buf *head, const struct sched_state *st)
{
	unsigned char sum[EVP_MAX_MD_SIZE];

	if (sink_put(k, head->data, head->len) == -1 ||
	    sched_snapshot_write(st, sink_put, k) == -1)
		return -1;
	EVP_DigestFinal_ex(k->own, sum, NULL);
	buf_add(&k->buf, sum, SNAPFILE_SUM);
	if (sink_flush(k) == -1)
		return -1;
	EVP_DigestFinal_ex(k->whole, sum, NULL);
	return write(k->fd, sum, SNAPFILE_SUM) == SNAPFILE_SUM ? 0 : -1;
}

static int
nameless_file(const struct schedd *sd)
{
	char *path =
	    xasprintf("%s/snapshot.XXXXXX", sd->config->common.data_dir);
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd != -1)
		unlink(path);
	free(path);
	return fd;
}

static void
fill_head(const struct schedd *sd, struct buf *out)
{
	struct sched_state *st = sched_core_state(sd->core);
	struct raft_node_info info;
	struct snapfile_head head = { .index = st->index,
		.region = sd->config->region,
		.time = loop_wall_ns(sd->loop),
		.written_by = text_borrow("rove " ROVE_VERSION) };

	raft_node_info(sd->raft, &info);
	head.term = info.raft.term;
	head.id = xasprintf("%" PRIu64 "-%" PRIu64 "-%" PRId64, head.term,
	    head.index, head.time / 1000000);
	snapfile_put_head(&head, out);
	free(head.id);
}

/* The digests are made ready before the fork: a child takes no lock. */
static pid_t
fork_writer(struct schedd *sd, int fd)
{
	struct sink k = {
		.fd = fd, .own = EVP_MD_CTX_new(), .whole = EVP_MD_CTX_new()
	};
	struct buf head = { 0 };
	pid_t parent = getpid(), pid;

	EVP_DigestInit_ex(k.own, EVP_sha256(), NULL);
	EVP_DigestInit_ex(k.whole, EVP_sha256(), NULL);
	fill_head(sd, &head);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent || (k.fd = dup2(fd, 3)) == -1)
			_exit(1);
		closefrom(4);
		_exit(write_file(&k, &head, sched_core_state(sd->core)) == 0
			  ? 0
			  : 1);
	}
	EVP_MD_CTX_free(k.own);
	EVP_MD_CTX_free(k.whole);
	buf_release(&head);
	return pid;
}

/* What has been sent is given back little by little: a large file that goes
 * with its last descriptor takes as long as some turns. */
static void
give_back(const struct save *s, off_t from)
{
	if (fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from,
		s->at - from) == -1)
		return; /* then it is not, on this file system */
}

/* Sends until the client has enough for now, or it is others' turn. */
static void
send_some(void *ctx, struct http_req *r)
{
	struct save *s = http_req_data(r);
	char bytes[SEND_CHUNK];
	off_t from = s->at;
	bool more = true;

	(void)ctx;
	for (int i = 0; s->at < s->size && more && i < SEND_TURN; i++) {
		size_t want = sizeof bytes;
		ssize_t n;

		if ((off_t)want > s->size - s->at)
			want = (size_t)(s->size - s->at);
		n = pread(s->fd, bytes, want, s->at);
		if (n <= 0) {
			http_req_set_data(r, NULL);
			http_abort(r);
			save_free(s);
			return;
		}
		s->at += n;
		more = http_write(r, bytes, (size_t)n);
	}
	if (s->at < s->size) {
		give_back(s, from);
		if (more)
			loop_timer_set(s->next, 0);
		return;
	}
	http_req_set_data(r, NULL);
	http_end(r);
	save_free(s);
}

static void
on_next(void *arg)
{
	struct save *s = arg;

	send_some(NULL, s->req);
}

static void
on_written(void *arg, pid_t pid, int status)
{
	struct save *s = arg;
	unsigned char sum[SNAPFILE_SUM], text[4 * SNAPFILE_SUM];
	struct stat st;
	char *digest;

	(void)pid;
	s->pid = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 ||
	    fstat(s->fd, &st) == -1 || st.st_size < SNAPFILE_SUM ||
	    pread(s->fd, sum, sizeof sum, st.st_size - SNAPFILE_SUM) !=
		SNAPFILE_SUM) {
		save_fail(s, "it could not be written");
		return;
	}
	s->size = st.st_size - SNAPFILE_SUM;
	EVP_EncodeBlock(text, sum, sizeof sum);
	digest = xasprintf("sha-256=%s", (char *)text);
	http_add(s->req, "Digest", digest);
	free(digest);
	http_add(s->req, "Content-Type", "application/octet-stream");
	api_headers(s->req, 0, true);
	http_on_drained(s->req, send_some, NULL);
	http_begin(s->req, 200, s->size);
	send_some(NULL, s->req);
}

void
api_snapshot_save(void *ctx, struct http_req *r)
{
	struct schedd *sd = ctx;
	struct save *s;
	int fd;
	pid_t pid;

	if (sd->raft == NULL || (!sd->leading && !http_has_param(r, "stale"))) {
		http_fail(r, 500, "No cluster leader");
		return;
	}
	if (sd->nsaves >= SAVES_MAX) {
		http_fail(r, 429, "snapshot: %d are under way", SAVES_MAX);
		return;
	}
	fd = nameless_file(sd);
	pid = fd != -1 ? fork_writer(sd, fd) : -1;
	if (pid == -1) {
		http_fail(r, 500, "snapshot: %s", strerror(errno));
		if (fd != -1)
			close(fd);
		return;
	}
	s = xcalloc(1, sizeof *s);
	*s = (struct save){
		.gone = on_save_gone, .sd = sd, .req = r, .fd = fd, .pid = pid
	};
	s->next = loop_timer_new(sd->loop, on_next, s);
	sd->nsaves++;
	http_req_set_data(r, s);
	loop_child_watch(sd->loop, pid, on_written, s);
}
