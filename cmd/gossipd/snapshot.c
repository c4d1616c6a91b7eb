#include "cmd/gossipd/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/gossipd/port.h"
#include "common/file.h"
#include "common/mem.h"

/* --- text --- */

static size_t
find(const struct snapshot *s, const char *name)
{
	size_t i = 0;

	while (i < s->nmembers && strcmp(s->members[i].name, name) != 0)
		i++;
	return i;
}

static void
drop(struct snapshot *s, size_t i)
{
	free(s->members[i].name);
	s->members[i] = s->members[--s->nmembers];
}

static void
add(struct snapshot *s, const char *name, const struct pool_addr *addr)
{
	s->members =
	    xgrow(s->members, s->nmembers, &s->cap, sizeof *s->members);
	s->members[s->nmembers++] =
	    (struct snapshot_member){ xstrdup(name), *addr };
}

/* "NAME ADDRESS:PORT"; the address is what follows the last blank. */
static void
parse_alive(struct snapshot *s, char *text)
{
	char *blank = strrchr(text, ' '), host[256];
	struct pool_addr addr;
	int64_t port;
	size_t at;

	if (blank == NULL || s->nmembers >= POOL_MEMBERS_MAX)
		return;
	*blank = '\0';
	if (text[0] == '\0' || strlen(text) > POOL_NAME_MAX ||
	    gossip_addr_parse(blank + 1, host, sizeof host, &port) == -1 ||
	    !gossip_addr_numeric(host, port, &addr))
		return;
	at = find(s, text);
	if (at < s->nmembers)
		s->members[at].addr = addr;
	else
		add(s, text, &addr);
}

static void
parse_gone(struct snapshot *s, const char *name)
{
	size_t at = find(s, name);

	if (at < s->nmembers)
		drop(s, at);
}

static void
parse_clock(uint64_t *clock, const char *text)
{
	char *end;
	uint64_t v;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0')
		*clock = v;
}

/* What follows the line's word, or NULL when it begins with another one. */
static char *
after(char *line, const char *word)
{
	size_t n = strlen(word);

	return strncmp(line, word, n) == 0 ? line + n : NULL;
}

static void
parse_line(struct snapshot *s, char *line)
{
	char *rest;

	if (strcmp(line, "leave") == 0) {
		if (!s->rejoins)
			snapshot_release(s);
		s->left = true;
	} else if ((rest = after(line, "alive: ")) != NULL) {
		s->left = false;
		parse_alive(s, rest);
	} else if ((rest = after(line, "not-alive: ")) != NULL) {
		parse_gone(s, rest);
	} else if ((rest = after(line, "clock: ")) != NULL) {
		parse_clock(&s->clock, rest);
	} else if ((rest = after(line, "event-clock: ")) != NULL) {
		parse_clock(&s->event_clock, rest);
	} else if ((rest = after(line, "query-clock: ")) != NULL) {
		parse_clock(&s->query_clock, rest);
	} else if ((rest = after(line, "# format: ")) != NULL) {
		parse_clock(&s->format, rest);
	}
}

/* A line without its end may be half of one. */
void
snapshot_parse(struct snapshot *s, const char *text, size_t n)
{
	const char *end;

	while (n > 0 && (end = memchr(text, '\n', n)) != NULL) {
		size_t len = (size_t)(end - text);
		char *line = xstrndup(text, len);

		parse_line(s, line);
		free(line);
		text += len + 1;
		n -= len + 1;
	}
}

void
snapshot_format(const struct snapshot *s, struct buf *out)
{
	char host[GOSSIP_ADDR_TEXT];

	buf_addf(out, "# format: %d\n", SNAPSHOT_FORMAT);
	for (size_t i = 0; i < s->nmembers; i++) {
		const struct snapshot_member *m = &s->members[i];
		bool brackets = m->addr.nip != 4;

		gossip_addr_format(&m->addr, host);
		buf_addf(out, "alive: %s %s%s%s:%u\n", m->name,
		    brackets ? "[" : "", host, brackets ? "]" : "",
		    m->addr.port);
	}
	buf_addf(out, "clock: %" PRIu64 "\nevent-clock: %" PRIu64 "\n",
	    s->clock, s->event_clock);
	buf_addf(out, "query-clock: %" PRIu64 "\n", s->query_clock);
	if (s->left)
		buf_adds(out, "leave\n");
}

void
snapshot_release(struct snapshot *s)
{
	while (s->nmembers > 0)
		drop(s, s->nmembers - 1);
	free(s->members);
	*s = (struct snapshot){ 0 };
}

/* --- file --- */

int
snapshot_load(
    struct snapshot *s, const char *path, bool rejoins, struct err *err)
{
	struct buf text = { 0 };
	int rv = 0;

	*s = (struct snapshot){ .rejoins = rejoins };
	if (file_read(path, SNAPSHOT_FILE_MAX, &text, err) == 0)
		snapshot_parse(s, text.data, text.len);
	else if (errno != ENOENT)
		rv = -1;
	buf_release(&text);
	if (rv == 0 && s->format > SNAPSHOT_FORMAT) {
		rv = err_set(err, ERR_BAD,
		    "%s: written by a newer program: format version %" PRIu64
		    ", this one knows up to %d",
		    path, s->format, SNAPSHOT_FORMAT);
		snapshot_release(s);
	}
	return rv;
}

static int
write_text(const char *path, const struct buf *text, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t done = 0;
	ssize_t n = 0;

	if (fd == -1)
		return err_sys(err, "%s", path);
	while (done < text->len && n != -1) {
		n = write(fd, text->data + done, text->len - done);
		done += n > 0 ? (size_t)n : 0;
	}
	if (n == -1 || close(fd) == -1)
		return err_sys(err, "%s", path);
	return 0;
}

/* Not synced: what a power cut loses of it, a config's joins make good. */
int
snapshot_save(const struct snapshot *s, const char *path, struct err *err)
{
	char *fresh = xasprintf("%s.new", path);
	struct buf text = { 0 };
	int rv;

	snapshot_format(s, &text);
	rv = write_text(fresh, &text, err);
	if (rv == 0 && rename(fresh, path) == -1)
		rv = err_sys(err, "%s", path);
	buf_release(&text);
	free(fresh);
	return rv;
}

void
snapshot_take(struct snapshot *s, const struct pool *p, bool left)
{
	struct pool_info info;
	struct pool_view v, self;
	size_t at = 0;

	pool_info(p, &info);
	pool_self(p, &self);
	*s = (struct snapshot){ .clock = info.member_time - 1,
		.event_clock = info.event_time - 1,
		.query_clock = info.query_time - 1,
		.left = left };
	while (pool_next(p, &at, &v))
		if (v.status == POOL_ALIVE && strcmp(v.name, self.name) != 0)
			add(s, v.name, &v.addr);
}

void
snapshot_keep(
    struct snapshot *s, const struct snapshot *before, const struct pool *p)
{
	struct pool_view v;

	for (size_t i = 0; i < before->nmembers; i++)
		if (!pool_find(p, before->members[i].name, &v))
			add(s, before->members[i].name,
			    &before->members[i].addr);
}
