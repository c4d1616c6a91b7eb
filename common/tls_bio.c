/* How OpenSSL reads and writes a socket: as its own way does, except that a
 * peer which has gone raises no SIGPIPE. */
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>

#include <openssl/bio.h>

#include "common/log.h"
#include "common/tls_bio.h"

static BIO_METHOD *method;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int
fd_of(BIO *b)
{
	return (int)(intptr_t)BIO_get_data(b);
}

/* What a system call came to, in OpenSSL's terms. */
static int
note(BIO *b, ssize_t n, void (*later)(BIO *b))
{
	BIO_clear_retry_flags(b);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		later(b);
	return (int)n;
}

static void
read_later(BIO *b)
{
	BIO_set_retry_read(b);
}

static void
write_later(BIO *b)
{
	BIO_set_retry_write(b);
}

static int
on_read(BIO *b, char *p, int n)
{
	ssize_t got = recv(fd_of(b), p, (size_t)n, 0);

	if (got == 0)
		BIO_set_flags(b, BIO_FLAGS_IN_EOF);
	return note(b, got, read_later);
}

static int
on_write(BIO *b, const char *p, int n)
{
	return note(b, send(fd_of(b), p, (size_t)n, MSG_NOSIGNAL), write_later);
}

static long
on_ctrl(BIO *b, int what, long n, void *p)
{
	(void)n;
	(void)p;
	if (what == BIO_CTRL_EOF)
		return BIO_test_flags(b, BIO_FLAGS_IN_EOF) != 0;
	return what == BIO_CTRL_FLUSH;
}

static void
make_method(void)
{
	method = BIO_meth_new(
	    BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "a socket of rove's");
	if (method == NULL)
		log_fatal("no memory for TLS");
	BIO_meth_set_read(method, on_read);
	BIO_meth_set_write(method, on_write);
	BIO_meth_set_ctrl(method, on_ctrl);
}

BIO *
tls_bio_new(int fd)
{
	BIO *b;

	pthread_once(&once, make_method);
	b = BIO_new(method);
	if (b == NULL)
		return NULL;
	BIO_set_data(b, (void *)(intptr_t)fd);
	BIO_set_init(b, 1);
	return b;
}
