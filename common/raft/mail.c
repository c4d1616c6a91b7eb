#include "common/raft/mail.h"

#include <stdlib.h>

#include "common/mem.h"

static const struct rec_field raft_mail_entry_fields[] = {
	REC_U64(struct raft_mail_entry, 1, term, "Term"),
	REC_U64(struct raft_mail_entry, 2, type, "Type"),
	REC_BYTES(struct raft_mail_entry, 3, data, "Data"),
};
static const struct rec_type raft_mail_entry_type =
    REC_TYPE(raft_mail_entry, raft_mail_entry_fields);

static const struct rec_field raft_mail_snapshot_fields[] = {
	REC_U64(struct raft_mail_snapshot, 1, index, "Index"),
	REC_U64(struct raft_mail_snapshot, 2, term, "Term"),
	REC_U64(struct raft_mail_snapshot, 3, size, "Size"),
	REC_U64(struct raft_mail_snapshot, 4, hash, "Hash"),
	REC_U64(struct raft_mail_snapshot, 5, config_index, "ConfigIndex"),
	REC_BYTES(struct raft_mail_snapshot, 6, config, "Config"),
};
static const struct rec_type raft_mail_snapshot_type =
    REC_TYPE(raft_mail_snapshot, raft_mail_snapshot_fields);

static const struct rec_field raft_mail_message_fields[] = {
	REC_U64(struct raft_mail_message, 1, type, "Type"),
	REC_U64(struct raft_mail_message, 2, term, "Term"),
	REC_U64(struct raft_mail_message, 3, log_index, "LogIndex"),
	REC_U64(struct raft_mail_message, 4, log_term, "LogTerm"),
	REC_U64(struct raft_mail_message, 5, match, "Match"),
	REC_BOOL(struct raft_mail_message, 6, ok, "Ok"),
	REC_BOOL(struct raft_mail_message, 7, handed_over, "HandedOver"),
	REC_U64(struct raft_mail_message, 8, commit, "Commit"),
	REC_U64(struct raft_mail_message, 9, round, "Round"),
	REC_LIST(
	    struct raft_mail_message, 10, entries, raft_mail_entry, "Entries"),
	REC_PTR(struct raft_mail_message, 11, snapshot, raft_mail_snapshot,
	    "Snapshot"),
	REC_U64(struct raft_mail_message, 12, offset, "Offset"),
	REC_BYTES(struct raft_mail_message, 13, bytes, "Bytes"),
};
static const struct rec_type raft_mail_message_type =
    REC_TYPE(raft_mail_message, raft_mail_message_fields);

static const struct rec_field raft_mail_fields[] = {
	REC_U64(struct raft_mail, 1, cluster, "Cluster"),
	REC_U64(struct raft_mail, 2, from, "From"),
	REC_U64(struct raft_mail, 3, to, "To"),
	REC_U64(struct raft_mail, 4, incarnation, "Incarnation"),
	REC_LIST(struct raft_mail, 5, messages, raft_mail_message, "Messages"),
	REC_STR(struct raft_mail, 6, addr, "Addr"),
	REC_BOOL(struct raft_mail, 7, takes_reply, "TakesReply"),
};
const struct rec_type raft_mail_type = REC_TYPE(raft_mail, raft_mail_fields);

/* --- out --- */

static struct rec_bytes
borrow(const struct raft_bytes *b)
{
	struct rec_bytes out = { 0 };

	if (b != NULL) {
		out.data = (uint8_t *)(uintptr_t)b->data;
		out.len = b->len;
	}
	return out;
}

static struct raft_mail_snapshot *
head_of(const struct raft_snapshot *s, const struct raft_bytes *config)
{
	struct raft_mail_snapshot *out = xmalloc(sizeof *out);

	*out = (struct raft_mail_snapshot){ .index = s->index,
		.term = s->term,
		.size = s->size,
		.hash = s->hash,
		.config_index = s->config_index,
		.config = borrow(config) };
	return out;
}

void
raft_mail_add(struct raft_mail *mail, const struct raft_message *m,
    const struct raft_bytes *config)
{
	struct raft_mail_message *out;

	mail->messages = xreallocarray(
	    mail->messages, mail->nmessages + 1, sizeof *mail->messages);
	out = &mail->messages[mail->nmessages++];
	*out = (struct raft_mail_message){ .type = (uint64_t)m->type,
		.term = m->term,
		.log_index = m->log_index,
		.log_term = m->log_term,
		.match = m->match,
		.ok = m->ok,
		.handed_over = m->handed_over,
		.commit = m->commit,
		.round = m->round,
		.offset = m->offset };
	out->bytes.data = (uint8_t *)(uintptr_t)m->bytes;
	out->bytes.len = m->bytes != NULL ? m->len : 0;
	if (m->snapshot != NULL)
		out->snapshot = head_of(m->snapshot, config);
	if (m->nentries == 0)
		return;
	out->nentries = m->nentries;
	out->entries = xcalloc(m->nentries, sizeof *out->entries);
	for (size_t i = 0; i < m->nentries; i++)
		out->entries[i] = (struct raft_mail_entry){
			.term = m->entries[i].term,
			.type = (uint64_t)m->entries[i].type,
			.data = borrow(m->entries[i].data),
		};
}

void
raft_mail_drop(struct raft_mail *mail)
{
	for (size_t i = 0; i < mail->nmessages; i++) {
		free(mail->messages[i].entries);
		free(mail->messages[i].snapshot);
	}
	free(mail->messages);
	*mail = (struct raft_mail){ 0 };
}

/* --- in --- */

void
raft_mail_room_release(struct raft_mail_room *room)
{
	for (size_t i = 0; i < room->n; i++)
		raft_bytes_unref(room->entries[i].data);
	free(room->entries);
	*room = (struct raft_mail_room){ 0 };
}

static void
take_entries(const struct raft_mail_message *from, struct raft_message *m,
    struct raft_mail_room *room)
{
	room->n = from->nentries;
	room->entries = xcalloc(room->n + 1, sizeof *room->entries);
	for (size_t i = 0; i < room->n; i++) {
		const struct raft_mail_entry *e = &from->entries[i];

		room->entries[i] = (struct raft_entry){
			.index = from->log_index + 1 + i,
			.term = e->term,
			.type = (enum raft_entry_type)e->type,
		};
		if (e->data.len > 0)
			room->entries[i].data =
			    raft_bytes_new(e->data.data, e->data.len);
	}
	m->entries = room->entries;
	m->nentries = room->n;
}

static int
take_snapshot(const struct raft_mail_snapshot *from, struct raft_message *m,
    struct raft_mail_room *room)
{
	room->snapshot = (struct raft_snapshot){ .index = from->index,
		.term = from->term,
		.size = from->size,
		.hash = from->hash,
		.config_index = from->config_index };
	m->snapshot = &room->snapshot;
	return raft_config_parse(
	    &room->snapshot.config, from->config.data, from->config.len);
}

static bool
is_known(const struct raft_mail_message *from)
{
	if (from->type < RAFT_PREVOTE || from->type > RAFT_TIMEOUT_NOW)
		return false;
	for (size_t i = 0; i < from->nentries; i++)
		if (from->entries[i].type < RAFT_COMMAND ||
		    from->entries[i].type > RAFT_CONFIG)
			return false;
	return from->nentries == 0 || from->type == RAFT_APPEND;
}

int
raft_mail_message(const struct raft_mail *mail, size_t i,
    struct raft_message *m, struct raft_mail_room *room)
{
	const struct raft_mail_message *from = &mail->messages[i];

	*room = (struct raft_mail_room){ 0 };
	if (!is_known(from))
		return -1;
	*m = (struct raft_message){
		.type = (enum raft_message_type)from->type,
		.cluster = mail->cluster,
		.from = mail->from,
		.to = mail->to,
		.incarnation = mail->incarnation,
		.term = from->term,
		.log_index = from->log_index,
		.log_term = from->log_term,
		.match = from->match,
		.ok = from->ok,
		.handed_over = from->handed_over,
		.commit = from->commit,
		.round = from->round,
		.offset = from->offset,
		.bytes = from->bytes.data,
		.len = from->bytes.len,
	};
	if (from->snapshot != NULL &&
	    take_snapshot(from->snapshot, m, room) == -1)
		return -1;
	take_entries(from, m, room);
	return 0;
}
