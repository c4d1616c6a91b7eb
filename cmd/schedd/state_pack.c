/*
 * An allocation's record, packed for as long as it is kept.
 *
 * What the struct knows, or what it hangs on, is left out: a set of bits says
 * which members those are, so that what comes out is what went in, however
 * odd. The rest is packed densely (rec_dense.h) with the words that nodes and
 * jobs brought, and those that are in nearly every record; of that, what
 * others had before is told by where it stands in a book (learn.h).
 *
 * A deployment or an evaluation may go before its allocations do; then these
 * are packed once more.
 */
#include <stdlib.h>

#include "cmd/schedd/state.h"
#include "cmd/schedd/state_put.h"
#include "cmd/schedd/text.h"
#include "common/learn.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/rec_dense.h"

/* Of the numbers of words: what jobs and nodes are called leaves room for
 * the ids of nodes. */
#define NAMES_MAX (REC_WORDS_MAX / 4)

/* Members that are left out. */
enum known {
	KNOWN_NAMESPACE = 1 << 0,
	KNOWN_EVAL = 1 << 1,
	KNOWN_NAME = 1 << 2,
	KNOWN_NODE = 1 << 3,
	KNOWN_JOB = 1 << 4,
	KNOWN_GROUP = 1 << 5,
	KNOWN_DESIRED = 1 << 6,
	KNOWN_CLIENT = 1 << 7,
	KNOWN_DEPLOYMENT = 1 << 8,
	KNOWN_ID = 1 << 9, /* always */
};

#define NKNOWN    2 /* bytes of it before the record */
#define NTEXTS    9 /* that are put back as they are */
#define KEPT_MAX  65536
#define SMALL     512
#define NAME_TAIL 16 /* "[4294967295]" and what ends it */

/* Found in records again and again. The order does not matter. */
static const char *const common_words[] = { "pending", "running", "dead",
	"complete", "failed", "lost", "unknown", "default", "binpack",
	"job-anti-affinity", "node-affinity", "node-reschedule-penalty",
	"allocation-spread", "Received", "Task Setup", "Started", "Driver",
	"Terminated", "Restarting", "Not Restarting", "Killing", "Killed",
	"Restart Signaled", "Leader Task Dead", "Sibling Task Failed",
	"Downloading Artifacts", "Template", "Alloc Unhealthy",
	"Driver Failure", "Task received by client", "Building Task Directory",
	"Task started by client", "Exit Code: 0",
	"Client is downloading "
	"artifacts",
	"Task successfully killed", "message", "driver_message", "exit_code",
	"signal", "oom_killed", "exit_message", "start_delay", "restart_reason",
	"fails_task", "kill_timeout", "kill_reason", "kill_error",
	"failed_sibling", "true", "false", "alloc not needed due to job update",
	"alloc is being updated due to "
	"job update",
	"alloc not needed as node is tainted",
	"alloc was rescheduled because it failed", "alloc is being migrated",
	"alloc is lost since its node is down", "alloc not needed" };

struct sched_packing {
	struct rec_words *words;
	struct learn *learn;
	struct buf dense, packed; /* of the one that is being packed */
};

struct sched_packing *
sched_packing_new(void)
{
	struct sched_packing *k = xcalloc(1, sizeof *k);

	k->words = rec_words_new();
	k->learn = learn_new();
	for (size_t i = 0; i < sizeof common_words / sizeof common_words[0];
	     i++)
		rec_words_add(k->words, common_words[i], REC_WORDS_MAX);
	return k;
}

void
sched_packing_free(struct sched_packing *k)
{
	if (k == NULL)
		return;
	rec_words_free(k->words);
	learn_free(k->learn);
	buf_release(&k->dense);
	buf_release(&k->packed);
	free(k);
}

void
sched_words_of_job(struct sched_packing *k, const struct job *job)
{
	for (size_t i = 0; i < job->ntask_groups; i++) {
		const struct task_group *g = &job->task_groups[i];

		rec_words_add(k->words, g->name, NAMES_MAX);
		for (size_t t = 0; t < g->ntasks; t++)
			rec_words_add(k->words, g->tasks[t].name, NAMES_MAX);
	}
}

void
sched_words_of_node(struct sched_packing *k, const struct node *node)
{
	rec_words_add(k->words, node->id, REC_WORDS_MAX);
	rec_words_add(k->words, node->name, NAMES_MAX);
	rec_words_add(k->words, node->datacenter, NAMES_MAX);
	rec_words_add(k->words, node->node_pool, NAMES_MAX);
	rec_words_add(k->words, node->node_class, NAMES_MAX);
}

/* --- packing --- */

/* Takes the member out of the record if it is what is known. */
static unsigned
leave_out(char **member, const char *known, unsigned bit)
{
	if (sched_is_empty(known) || !sched_eq(*member, known))
		return 0;
	*member = NULL;
	return bit;
}

/* What follows the group in "job.group[n]"; returns its length. */
static size_t
tail_of_name(const struct sched_alloc *a, char out[NAME_TAIL])
{
	uint32_t n = a->name_index;
	size_t at = NAME_TAIL;

	out[--at] = '\0';
	out[--at] = ']';
	do
		out[--at] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	out[--at] = '[';
	memmove(out, out + at, NAME_TAIL - at);
	return NAME_TAIL - at - 1;
}

/* True for "job.group[n]". */
static bool
is_usual_name(const struct sched_alloc *a, const char *name)
{
	const char *group = sched_alloc_group(a);
	size_t njob = strlen(a->job->id), ngroup = strlen(group);
	char tail[NAME_TAIL];

	if (name == NULL || strncmp(name, a->job->id, njob) != 0 ||
	    name[njob] != '.')
		return false;
	name += njob + 1;
	if (strncmp(name, group, ngroup) != 0)
		return false;
	tail_of_name(a, tail);
	return strcmp(name + ngroup, tail) == 0;
}

static char *
usual_name(const struct sched_alloc *a, struct arena *arena)
{
	const char *group = sched_alloc_group(a);
	size_t njob = strlen(a->job->id), ngroup = strlen(group), ntail;
	char tail[NAME_TAIL], *name;

	ntail = tail_of_name(a, tail);
	name = arena_alloc(arena, njob + 1 + ngroup + ntail + 1);
	memcpy(name, a->job->id, njob);
	name[njob] = '.';
	memcpy(name + njob + 1, group, ngroup);
	memcpy(name + njob + 1 + ngroup, tail, ntail);
	return name;
}

static unsigned
leave_out_known(const struct sched_alloc *a, struct alloc *rec)
{
	unsigned known = KNOWN_ID;

	known |= leave_out(&rec->namespace, a->job->ns, KNOWN_NAMESPACE);
	known |= leave_out(&rec->node_id, a->node->id, KNOWN_NODE);
	known |= leave_out(&rec->job_id, a->job->id, KNOWN_JOB);
	known |= leave_out(&rec->task_group, sched_alloc_group(a), KNOWN_GROUP);
	known |= leave_out(&rec->desired_status,
	    sched_desired_name((enum sched_desired)a->desired), KNOWN_DESIRED);
	known |= leave_out(&rec->client_status,
	    sched_client_name((enum sched_client)a->client), KNOWN_CLIENT);
	if (a->eval != NULL)
		known |= leave_out(&rec->eval_id, a->eval->rec.id, KNOWN_EVAL);
	if (a->deployment != NULL)
		known |= leave_out(&rec->deployment_id, a->deployment->rec.id,
		    KNOWN_DEPLOYMENT);
	if (is_usual_name(a, rec->name)) {
		rec->name = NULL;
		known |= KNOWN_NAME;
	}
	rec->id = NULL;
	rec->job = NULL;
	rec->job_version = 0;
	rec->create_index = rec->modify_index = rec->alloc_modify_index = 0;
	rec->create_time = rec->modify_time = 0;
	return known;
}

/* One that was large is no reason to keep so much for ever. */
static void
shrink(struct buf *b)
{
	if (b->cap > KEPT_MAX)
		buf_release(b);
}

void
sched_alloc_pack(struct sched_alloc *a, const struct alloc *rec,
    const struct sched_ports *ports, uint64_t level)
{
	struct alloc rest = *rec;
	unsigned known = leave_out_known(a, &rest);
	struct sched_packing *k = a->job->packing;
	struct buf *d = &k->dense, *b = &k->packed;

	buf_reset(d);
	buf_addc(d, (char)known);
	buf_addc(d, (char)(known >> 8));
	rec_pack_dense(
	    &alloc_type, &rest, level, k->words, (uint64_t)a->create_time, d);
	buf_reset(b);
	if (ports->n > 0)
		buf_add(b, ports->v, ports->n * sizeof *ports->v);
	learn_pack(k->learn, (const uint8_t *)d->data, d->len, b);
	if (b->len != a->packed_len) {
		free(a->packed);
		a->packed = xmalloc(b->len);
		a->packed_len = (uint32_t)b->len;
	}
	memcpy(a->packed, b->data, b->len);
	a->nports = (uint16_t)ports->n;
	shrink(d);
	shrink(b);
}

/* --- unpacking --- */

static void
put_back_numbers(const struct sched_alloc *a, struct alloc *out)
{
	out->job_version = a->version->job->version;
	out->create_index = a->create_index;
	out->modify_index = a->modify_index;
	out->alloc_modify_index = a->alloc_modify_index;
	out->create_time = a->create_time;
	out->modify_time = a->modify_time;
}

static void
put_back(const struct sched_alloc *a, unsigned known, struct arena *arena,
    struct alloc *out)
{
	const struct {
		unsigned bit;
		char **member;
		const char *text;
	} texts[] = {
		{ KNOWN_NAMESPACE, &out->namespace, a->job->ns },
		{ KNOWN_NODE, &out->node_id, a->node->id },
		{ KNOWN_JOB, &out->job_id, a->job->id },
		{ KNOWN_GROUP, &out->task_group, sched_alloc_group(a) },
		{ KNOWN_DESIRED, &out->desired_status,
		    sched_desired_name((enum sched_desired)a->desired) },
		{ KNOWN_CLIENT, &out->client_status,
		    sched_client_name((enum sched_client)a->client) },
		{ KNOWN_EVAL, &out->eval_id,
		    a->eval != NULL ? a->eval->rec.id : NULL },
		{ KNOWN_DEPLOYMENT, &out->deployment_id,
		    a->deployment != NULL ? a->deployment->rec.id : NULL },
		{ KNOWN_ID, &out->id, a->id },
	};
	size_t sizes[NTEXTS], room = 0;
	char *p;

	for (size_t i = 0; i < NTEXTS; i++) {
		sizes[i] =
		    (known & texts[i].bit) != 0 ? strlen(texts[i].text) + 1 : 0;
		room += sizes[i];
	}
	p = arena_alloc(arena, room);
	for (size_t i = 0; i < NTEXTS; i++, p += sizes[i - 1])
		if (sizes[i] > 0)
			*texts[i].member = memcpy(p, texts[i].text, sizes[i]);
	if ((known & KNOWN_NAME) != 0)
		out->name = usual_name(a, arena);
	put_back_numbers(a, out);
}

const struct sched_port *
sched_alloc_ports(const struct sched_alloc *a)
{
	return a->packed;
}

/* What was packed densely: in small where that is enough, else the arena's.
 * NULL: what we packed ourselves cannot be read. */
static const uint8_t *
unfold(const struct sched_alloc *a, uint8_t small[SMALL], struct arena *arena,
    size_t *n)
{
	size_t nports = a->nports * sizeof(struct sched_port);
	const uint8_t *packed = (const uint8_t *)a->packed + nports;
	size_t npacked = a->packed_len - nports;
	uint8_t *p;

	if (learn_size(packed, npacked, n) == -1 || *n < NKNOWN)
		return NULL;
	p = *n <= SMALL ? small : arena_alloc(arena, *n);
	return learn_unpack(a->job->packing->learn, packed, npacked, p) == 0
		   ? p
		   : NULL;
}

void
sched_alloc_decode(const struct sched_alloc *a, struct arena *arena,
    bool with_job, struct alloc *out)
{
	struct err err = { .text = "it is not of this book" };
	uint8_t small[SMALL];
	size_t n;
	const uint8_t *p = unfold(a, small, arena, &n);

	if (p == NULL || rec_unpack_dense(&alloc_type, out, p + NKNOWN,
			     n - NKNOWN, a->job->packing->words,
			     (uint64_t)a->create_time, arena, &err) == -1)
		log_fatal("alloc record does not unpack alloc=%s: %s", a->id,
		    err.text);
	put_back(a, (unsigned)(p[0] | p[1] << 8), arena, out);
	if (with_job && a->version != NULL)
		out->job = a->version->job;
}

void
sched_alloc_repack(struct sched_alloc *a, uint64_t level,
    void (*change)(struct sched_alloc *a))
{
	struct sched_ports ports = { .n = a->nports };
	struct arena arena = { 0 };
	struct alloc rec;

	sched_alloc_decode(a, &arena, false, &rec);
	ports.v = arena_alloc(&arena, ports.n * sizeof *ports.v);
	if (ports.n > 0)
		memcpy(
		    ports.v, sched_alloc_ports(a), ports.n * sizeof *ports.v);
	change(a);
	sched_alloc_pack(a, &rec, &ports, level);
	arena_release(&arena);
}
