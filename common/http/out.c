#include "common/http/out.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/mem.h"

#define KEEP_MAX 16384 /* a larger empty queue gives its memory back */

static _Thread_local char *read_room;
static pthread_key_t room_key;
static pthread_once_t room_once = PTHREAD_ONCE_INIT;

static void
forget_queue(struct http_out *o)
{
	o->off = 0;
	if (o->queue.cap > KEEP_MAX)
		buf_release(&o->queue);
	else
		buf_reset(&o->queue);
}

/* Counts sent bytes off the queue; returns what is left of them. */
static size_t
count_off(struct http_out *o, size_t sent)
{
	size_t pending = http_out_pending(o);

	if (sent < pending) {
		o->off += sent;
		return 0;
	}
	forget_queue(o);
	return sent - pending;
}

int
http_out_send(struct http_out *o, int fd, const struct iovec *pieces, size_t n)
{
	struct iovec iov[HTTP_OUT_PIECES + 1];
	struct msghdr msg = { .msg_iov = iov };
	size_t total = http_out_pending(o), left;
	ssize_t sent;

	if (total > 0)
		iov[msg.msg_iovlen++] =
		    (struct iovec){ .iov_base = o->queue.data + o->off,
			    .iov_len = total };
	for (size_t i = 0; i < n; i++) {
		iov[msg.msg_iovlen++] = pieces[i];
		total += pieces[i].iov_len;
	}
	if (total == 0)
		return 0;
	do
		sent = sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent == -1 && errno == EINTR);
	if (sent == -1 && errno != EAGAIN && errno != ENOTCONN)
		return -1;
	o->blocked = sent < (ssize_t)total;
	left = count_off(o, sent > 0 ? (size_t)sent : 0);
	for (size_t i = 0; i < n; i++) {
		size_t skip =
		    left < pieces[i].iov_len ? left : pieces[i].iov_len;

		left -= skip;
		if (skip < pieces[i].iov_len)
			buf_add(&o->queue,
			    (const char *)pieces[i].iov_base + skip,
			    pieces[i].iov_len - skip);
	}
	return 0;
}

void
http_out_take(struct http_out *o, struct buf *to)
{
	if (http_out_pending(o) > 0)
		buf_add(to, o->queue.data + o->off, http_out_pending(o));
	forget_queue(o);
}

int
http_out_flush(struct http_out *o, int fd)
{
	if (http_out_pending(o) == 0) {
		o->blocked = false;
		return 0;
	}
	return http_out_send(o, fd, NULL, 0);
}

void
http_out_release(struct http_out *o)
{
	buf_release(&o->queue);
	*o = (struct http_out){ 0 };
}

static void
make_key(void)
{
	pthread_key_create(&room_key, free);
}

/* The key only gives the room back when a thread ends. */
char *
http_read_room(void)
{
	if (read_room == NULL) {
		pthread_once(&room_once, make_key);
		read_room = xmalloc(HTTP_READ_SIZE);
		pthread_setspecific(room_key, read_room);
	}
	return read_room;
}
