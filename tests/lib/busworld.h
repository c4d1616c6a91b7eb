/*
 * A bus for tests: one loop, one server with three handlers, and what they saw.
 * It answers ECHO at once, holds HOLD, and has no body for NOTHING.
 */
#ifndef TESTS_LIB_BUSWORLD_H
#define TESTS_LIB_BUSWORLD_H

#include "common/bus.h"
#include "common/err.h"
#include "common/loop.h"
#include "tests/lib/unit.h"

/* One small message, asked, answered and published. */
struct bus_note {
	uint64_t n;
	char *text;
};
extern const struct rec_type bus_note_type;

enum { ECHO = 1, HOLD = 2, NOTHING = 3, STRANGE = 4, NEWS = 5 };

#define MAX_HELD 600

/* A world of one loop, one server and what its handlers saw. */
struct bus_world {
	char dir[64];
	char *url;
	struct loop *loop;
	struct bus_server *server;
	struct bus_req *held[MAX_HELD];
	size_t nheld;
	size_t nrepeats;
	uint64_t first_id, last_id;
	bool woken; /* something that a test waits for */
};

/* What one call came to. */
struct bus_outcome {
	struct bus_world *w;
	bool done;
	size_t times;
	enum err_code code;
	char text[ERR_TEXT_MAX];
	uint64_t n;
};

/* Serves at an address of its own; the messages above are all there are. */
struct bus_world *bus_world_new(bool tcp);
void bus_world_free(struct bus_world *w);
/* Serves, again. */
void bus_world_serve(struct bus_world *w);

extern const struct bus_route bus_world_routes[3];

struct bus_peer *bus_world_dial(struct bus_world *w);
/* Asks; what comes of it is in the outcome. */
void bus_world_call(struct bus_peer *p, uint16_t number, uint64_t n,
    uint64_t timeout_ms, struct bus_outcome *o);
void bus_world_on_outcome(void *ctx, const struct err *err, const void *reply);
void bus_world_echoes(struct bus_world *w, struct bus_peer *p);
/* Lets the loop run for so long. */
void bus_world_pass(struct bus_world *w, uint64_t ms);

#endif
