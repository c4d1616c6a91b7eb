#include "tests/sim/raft_world.h"

/* Numbers are those of PLANT() in common/raft; each once hurt somebody. */
const struct sim_plant sim_plants[] = {
	{ 1, "own-tail-acknowledged", 4000 },
	{ 2, "old-term-committed-by-counting", 4000 },
	{ 3, "vote-not-persisted", 1000 },
	{ 4, "term-and-vote-in-two-writes", 1000 },
	{ 5, "acknowledged-ahead-of-the-disk", 1000 },
	{ 6, "leader-counts-itself-unsynced", 1000 },
	{ 7, "vote-forgotten-on-seeing-the-leader", 4000 },
	{ 8, "commit-up-to-own-last-entry", 4000 },
	{ 9, "cut-on-every-append", 1000 },
	{ 10, "old-message-stamped-with-new-term", 4000 },
	{ 11, "late-votes-counted", 4000 },
	{ 13, "vote-without-a-look-at-the-log", 10000 },
	{ 14, "last-term-is-current-term", 4000 },
	{ 15, "majority-off-by-one", 1000 },
	{ 19, "read-before-own-commit", 4000 },
	{ 20, "read-confirmed-by-another-round", 10000 },
	{ 24, "install-keeps-a-foreign-tail", 4000 },
	{ 25, "compacted-prev-matches-all", 4000 },
	{ 27, "old-write-speaks-for-a-new-one", 4000 },
	{ 31, "refusal-lowers-match", 4000 },
	{ 42, "old-term-dropped-in-silence", 4000 },
	{ 43, "refused-pre-vote-teaches-nothing", 4000 },
	{ 50, "full-window-never-asks", 4000 },
	{ 53, "waits-for-the-exact-snapshot", 4000 },
	{ 55, "leader-knows-the-offset-better", 4000 },
	{ 77, "refusal-teaches-nothing", 4000 },
};
const size_t sim_nplants = sizeof sim_plants / sizeof sim_plants[0];
