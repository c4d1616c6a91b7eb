/*
 * Messages between servers, as records for the wire.
 *
 * A mail carries what one server has to say to another at one time. Its head
 * says for which cluster and which server it is, so that mail for another
 * cluster, or for the earlier owner of an address, is known for what it is.
 */
#ifndef COMMON_RAFT_MAIL_H
#define COMMON_RAFT_MAIL_H

#include "common/raft/raft.h"
#include "common/rec.h"

#define RAFT_MAIL_MESSAGES 256 /* in one mail */

/* Index and term follow from the place in the message. */
struct raft_mail_entry {
	uint64_t term, type;
	struct rec_bytes data;
};

struct raft_mail_snapshot {
	uint64_t index, term, size, hash, config_index;
	struct rec_bytes config;
};

/* Members as in struct raft_message. */
struct raft_mail_message {
	uint64_t type, term, log_index, log_term, match;
	bool ok, handed_over;
	uint64_t commit, round;
	struct raft_mail_entry *entries;
	size_t nentries;
	struct raft_mail_snapshot *snapshot;
	uint64_t offset;
	struct rec_bytes bytes;
};

struct raft_mail {
	uint64_t cluster, from, to, incarnation;
	struct raft_mail_message *messages;
	size_t nmessages;
	char *addr; /* where the sender is reached */
	/* The reply to this mail may be a mail. Older programs do not look at
	 * replies, and leave it false. */
	bool takes_reply;
};

extern const struct rec_type raft_mail_type;

/*
 * Adds a message. Entries' data and the bytes of a chunk are borrowed from
 * the message; config, the bytes of the snapshot's config, is borrowed too,
 * and so is the mail's addr. raft_mail_drop() lets go of what was added without
 * freeing those.
 */
void raft_mail_add(struct raft_mail *mail, const struct raft_message *m,
    const struct raft_bytes *config);
void raft_mail_drop(struct raft_mail *mail);

/*
 * Message i as the core wants it, in memory of *room: payloads are counted
 * references, to be dropped by raft_mail_room_release(). -1: it makes no
 * sense, and nothing is to be released.
 */
struct raft_mail_room {
	struct raft_entry *entries;
	size_t n;
	struct raft_snapshot snapshot;
};
int raft_mail_message(const struct raft_mail *mail, size_t i,
    struct raft_message *m, struct raft_mail_room *room);
void raft_mail_room_release(struct raft_mail_room *room);

#endif
