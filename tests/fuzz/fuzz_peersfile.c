/*
 * Bytes as a peers.json. What is accepted is a config that can be written
 * into a log and read from it; what is refused is told in a sentence.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/schedd/peersfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct peersfile_self self = {
		"0a0a0a0a-1111-2222-3333-444444444444", "10.0.0.1:4645"
	};
	struct raft_config c, again;
	struct raft_bytes *b;
	struct err err = { 0 };

	if (peersfile_parse(
		&c, "peers.json", (const char *)data, n, &self, &err) == -1) {
		if (strncmp(err.text, "peers.json:", 11) != 0)
			abort();
		return 0;
	}
	b = raft_config_format(&c);
	if (raft_config_parse(&again, b->data, b->len) == -1 ||
	    !raft_config_equal(&c, &again))
		abort();
	raft_bytes_unref(b);
	return 0;
}
