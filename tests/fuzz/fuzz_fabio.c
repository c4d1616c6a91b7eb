/* A properties file of Fabio's, and each of its lines as a flag's value. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/lbd/fabio.h"
#include "cmd/lbd/kvslice.h"
#include "common/mem.h"
#include "common/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
parse(const char *flag, const char *value)
{
	char *const args[] = { text_borrow("fabio"), text_borrow(flag),
		text_borrow(value), NULL };
	char *const environment[] = { text_borrow("FABIO_ui_addr=:1"), NULL };
	struct fabio f = { 0 };

	fabio_parse(&f, 3, args, environment, NULL);
	fabio_release(&f);
}

static void
parse_file(const uint8_t *data, size_t n)
{
	int fd = memfd_create("fabio", MFD_CLOEXEC);
	char path[64];

	if (fd == -1 || write(fd, data, n) != (ssize_t)n)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	parse("-cfg", path);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = xstrndup((const char *)data, n);
	struct kvslice s = { 0 };

	parse_file(data, n);
	kvslice_parse(&s, text);
	kvslice_release(&s);
	parse("-proxy.addr", text);
	parse("-proxy.auth", text);
	parse("-registry.consul.addr", text);
	free(text);
	return 0;
}
