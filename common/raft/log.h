/*
 * The part of the Raft log that is held in memory: entries first .. last,
 * without gaps, behind a base (the index and term of the entry before first,
 * which is known though the entry is not held).
 *
 * Entries lie in one array, so a range of them is a pointer and a count.
 */
#ifndef COMMON_RAFT_LOG_H
#define COMMON_RAFT_LOG_H

#include "common/raft/raft.h"

struct raft_log {
	struct raft_entry *v; /* v[off .. off + n) are held */
	size_t off, n, cap;
	uint64_t base_index, base_term;
	uint64_t let_go; /* up to here, or less than first */
};

void raft_log_release(struct raft_log *l);

uint64_t raft_log_first(const struct raft_log *l); /* base + 1 */
uint64_t raft_log_last(const struct raft_log *l);  /* base when empty */
uint64_t raft_log_last_term(const struct raft_log *l);

/* Whether the term of index is known: base_index <= index <= last. */
bool raft_log_knows(const struct raft_log *l, uint64_t index);

/* The term of an index that is known; asking for another is a bug. */
uint64_t raft_log_term(const struct raft_log *l, uint64_t index);

/* The entry, borrowed until the log changes, or NULL when not held. */
const struct raft_entry *raft_log_at(const struct raft_log *l, uint64_t index);

/* Appends a copy of e, whose index must be last + 1, sharing its data. */
void raft_log_add(struct raft_log *l, const struct raft_entry *e);

/* Forgets index and all behind it. */
void raft_log_cut(struct raft_log *l, uint64_t index);

/* Forgets all up to and including index, which must be known. */
void raft_log_compact(struct raft_log *l, uint64_t index);

/* Lets go what the commands up to and including index say, which nobody will
 * ask for; the entries stay. */
void raft_log_let_go(struct raft_log *l, uint64_t index);

/* Empties the log; the next entry is index + 1. */
void raft_log_reset(struct raft_log *l, uint64_t index, uint64_t term);

/*
 * The largest known index <= index whose term is <= term, or the base when
 * there is none: where a log that has (index, term) could agree with this.
 */
uint64_t raft_log_agree(
    const struct raft_log *l, uint64_t index, uint64_t term);

#endif
