/*
 * Our msgpack codec beside Debian's msgpack-c: the same record, the same
 * bytes. Theirs is written by hand for this one record, as its manual shows:
 * the packer's calls for encoding; for decoding an unpacked object, from
 * which every text is copied. Rounds of both take turns, and medians count.
 */
#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"
#include "tests/lib/bench.h"
#include "tests/lib/sample.h"

#define NROUNDS 61
#define NCALLS  4000

/* --- msgpack-c, encoding --- */

static void
put_str(msgpack_packer *pk, const char *s)
{
	msgpack_pack_str_with_body(pk, s, strlen(s));
}

static size_t
is_text(const char *s)
{
	return s != NULL && *s != '\0';
}

static void
put_tagged_str(msgpack_packer *pk, unsigned tag, const char *s)
{
	if (!is_text(s))
		return;
	msgpack_pack_uint64(pk, tag);
	put_str(pk, s);
}

static void
put_tagged_uint(msgpack_packer *pk, unsigned tag, uint64_t v)
{
	if (v == 0)
		return;
	msgpack_pack_uint64(pk, tag);
	msgpack_pack_uint64(pk, v);
}

static size_t
count_members(const struct sample_alloc *a)
{
	return is_text(a->id) + is_text(a->name) + is_text(a->namespace_) +
	       is_text(a->job_id) + is_text(a->task_group) +
	       is_text(a->node_id) + is_text(a->node_name) +
	       is_text(a->eval_id) + is_text(a->desired_status) +
	       is_text(a->client_status) + is_text(a->client_description) +
	       (a->job_version != 0) + (a->create_index != 0) +
	       (a->modify_index != 0) + (a->create_time != 0) +
	       (a->modify_time != 0) + (a->score != 0) + a->healthy +
	       (a->nprevious != 0) + (a->nports != 0) + (a->nmeta != 0);
}

static void
put_port(msgpack_packer *pk, const struct sample_port *p)
{
	msgpack_pack_map(
	    pk, is_text(p->label) + (p->value != 0) + is_text(p->host_ip));
	put_tagged_str(pk, 1, p->label);
	put_tagged_uint(pk, 2, (uint64_t)p->value);
	put_tagged_str(pk, 3, p->host_ip);
}

static void
put_lists(msgpack_packer *pk, const struct sample_alloc *a)
{
	msgpack_pack_uint64(pk, 19);
	msgpack_pack_array(pk, a->nprevious);
	for (size_t i = 0; i < a->nprevious; i++)
		put_str(pk, a->previous[i]);
	msgpack_pack_uint64(pk, 20);
	msgpack_pack_array(pk, a->nports);
	for (size_t i = 0; i < a->nports; i++)
		put_port(pk, &a->ports[i]);
	msgpack_pack_uint64(pk, 21);
	msgpack_pack_map(pk, a->nmeta);
	for (size_t i = 0; i < a->nmeta; i++) {
		put_str(pk, a->meta[i].key);
		put_str(pk, a->meta[i].value);
	}
}

static void
their_pack(msgpack_packer *pk, const struct sample_alloc *a)
{
	msgpack_pack_map(pk, count_members(a));
	put_tagged_str(pk, 1, a->id);
	put_tagged_str(pk, 2, a->name);
	put_tagged_str(pk, 3, a->namespace_);
	put_tagged_str(pk, 4, a->job_id);
	put_tagged_str(pk, 5, a->task_group);
	put_tagged_str(pk, 6, a->node_id);
	put_tagged_str(pk, 7, a->node_name);
	put_tagged_str(pk, 8, a->eval_id);
	put_tagged_str(pk, 9, a->desired_status);
	put_tagged_str(pk, 10, a->client_status);
	put_tagged_str(pk, 11, a->client_description);
	put_tagged_uint(pk, 12, a->job_version);
	put_tagged_uint(pk, 13, a->create_index);
	put_tagged_uint(pk, 14, a->modify_index);
	put_tagged_uint(pk, 15, (uint64_t)a->create_time);
	put_tagged_uint(pk, 16, (uint64_t)a->modify_time);
	msgpack_pack_uint64(pk, 17);
	msgpack_pack_double(pk, a->score);
	msgpack_pack_uint64(pk, 18);
	msgpack_pack_true(pk);
	put_lists(pk, a);
}

/* --- msgpack-c, decoding --- */

static char *
text_of(const msgpack_object *o)
{
	return xstrndup(o->via.str.ptr, o->via.str.size);
}

static void
get_port(const msgpack_object *o, struct sample_port *p)
{
	for (uint32_t i = 0; i < o->via.map.size; i++) {
		const msgpack_object *v = &o->via.map.ptr[i].val;
		uint64_t tag = o->via.map.ptr[i].key.via.u64;

		if (tag == 1)
			p->label = text_of(v);
		else if (tag == 2)
			p->value = v->via.i64;
		else
			p->host_ip = text_of(v);
	}
}

static void
get_list(const msgpack_object *o, struct sample_alloc *a, uint64_t tag)
{
	if (tag == 19) {
		a->nprevious = o->via.array.size;
		a->previous = xcalloc(a->nprevious, sizeof *a->previous);
		for (size_t i = 0; i < a->nprevious; i++)
			a->previous[i] = text_of(&o->via.array.ptr[i]);
	} else if (tag == 20) {
		a->nports = o->via.array.size;
		a->ports = xcalloc(a->nports, sizeof *a->ports);
		for (size_t i = 0; i < a->nports; i++)
			get_port(&o->via.array.ptr[i], &a->ports[i]);
	} else {
		a->nmeta = o->via.map.size;
		a->meta = xcalloc(a->nmeta, sizeof *a->meta);
		for (size_t i = 0; i < a->nmeta; i++) {
			a->meta[i].key = text_of(&o->via.map.ptr[i].key);
			a->meta[i].value = text_of(&o->via.map.ptr[i].val);
		}
	}
}

static void
get_member(const msgpack_object_kv *kv, struct sample_alloc *a)
{
	char **texts[] = { &a->id, &a->name, &a->namespace_, &a->job_id,
		&a->task_group, &a->node_id, &a->node_name, &a->eval_id,
		&a->desired_status, &a->client_status, &a->client_description };
	uint64_t *uints[] = { &a->job_version, &a->create_index,
		&a->modify_index };
	uint64_t tag = kv->key.via.u64;

	if (tag <= 11)
		*texts[tag - 1] = text_of(&kv->val);
	else if (tag <= 14)
		*uints[tag - 12] = kv->val.via.u64;
	else if (tag == 15)
		a->create_time = kv->val.via.i64;
	else if (tag == 16)
		a->modify_time = kv->val.via.i64;
	else if (tag == 17)
		a->score = kv->val.via.f64;
	else if (tag == 18)
		a->healthy = kv->val.via.boolean;
	else
		get_list(&kv->val, a, tag);
}

static void
their_unpack(const char *data, size_t n, struct sample_alloc *a)
{
	msgpack_unpacked got;
	size_t off = 0;

	memset(a, 0, sizeof *a);
	msgpack_unpacked_init(&got);
	if (msgpack_unpack_next(&got, data, n, &off) != MSGPACK_UNPACK_SUCCESS)
		abort();
	for (uint32_t i = 0; i < got.data.via.map.size; i++)
		get_member(&got.data.via.map.ptr[i], a);
	msgpack_unpacked_destroy(&got);
}

/* --- rounds --- */

struct bench {
	struct sample_alloc alloc;
	struct buf bytes, json, out;
	msgpack_sbuffer sbuf;
	msgpack_packer packer;
};

typedef void once_fn(struct bench *b);

static void
encode(struct bench *b)
{
	buf_reset(&b->out);
	rec_pack(&sample_alloc_type, &b->alloc, &b->out);
}

static void
decode_arena(struct bench *b)
{
	struct arena arena = { 0 };
	struct sample_alloc a;

	if (rec_unpack(&sample_alloc_type, &a, b->bytes.data, b->bytes.len,
		&arena, NULL) == -1)
		abort();
	arena_release(&arena);
}

static void
decode_heap(struct bench *b)
{
	struct sample_alloc a;

	if (rec_unpack(&sample_alloc_type, &a, b->bytes.data, b->bytes.len,
		NULL, NULL) == -1)
		abort();
	rec_clear(&sample_alloc_type, &a);
}

static void
to_json(struct bench *b)
{
	buf_reset(&b->out);
	rec_to_json(&sample_alloc_type, &b->alloc, &b->out, 0);
}

static void
from_json(struct bench *b)
{
	struct sample_alloc a;

	if (rec_from_json(
		&sample_alloc_type, &a, b->json.data, b->json.len, NULL) == -1)
		abort();
	rec_clear(&sample_alloc_type, &a);
}

static void
their_encode(struct bench *b)
{
	msgpack_sbuffer_clear(&b->sbuf);
	their_pack(&b->packer, &b->alloc);
}

static void
their_decode(struct bench *b)
{
	struct sample_alloc a;

	their_unpack(b->bytes.data, b->bytes.len, &a);
	rec_clear(&sample_alloc_type, &a);
}

static double
round_of(struct bench *b, once_fn *once)
{
	uint64_t start = bench_now_ns();

	for (int i = 0; i < NCALLS; i++)
		once(b);
	return (double)(bench_now_ns() - start) / NCALLS;
}

static void
run(struct bench *b, const char *name, once_fn *ours, once_fn *theirs)
{
	double our_ns[NROUNDS], their_ns[NROUNDS], ours_ns, theirs_ns;
	char *what;

	for (int i = 0; i < NROUNDS; i++) {
		our_ns[i] = round_of(b, ours);
		their_ns[i] = theirs != NULL ? round_of(b, theirs) : 0;
	}
	ours_ns = bench_median(our_ns, NROUNDS);
	theirs_ns = bench_median(their_ns, NROUNDS);
	what = xasprintf("codec: %s", name);
	bench_row(what, ours_ns, "ns", theirs != NULL ? "msgpack-c" : "",
	    theirs_ns, theirs_ns / ours_ns);
	free(what);
}

static bool
agree(struct bench *b)
{
	struct sample_alloc a;
	bool same;

	their_pack(&b->packer, &b->alloc);
	their_unpack(b->bytes.data, b->bytes.len, &a);
	same = b->sbuf.size == b->bytes.len &&
	       memcmp(b->sbuf.data, b->bytes.data, b->bytes.len) == 0 &&
	       rec_equal(&sample_alloc_type, &a, &b->alloc);
	rec_clear(&sample_alloc_type, &a);
	return same;
}

int
main(void)
{
	struct bench b = { 0 };

	sample_alloc_fill(&b.alloc);
	msgpack_sbuffer_init(&b.sbuf);
	msgpack_packer_init(&b.packer, &b.sbuf, msgpack_sbuffer_write);
	rec_pack(&sample_alloc_type, &b.alloc, &b.bytes);
	rec_to_json(&sample_alloc_type, &b.alloc, &b.json, 0);
	if (!agree(&b)) {
		fprintf(stderr, "bench_codec: the two do not agree\n");
		return 1;
	}
	printf("codec record: %zu rows, %zu bytes, same from both\n",
	    sample_alloc_type.nfields, b.bytes.len);
	run(&b, "encode", encode, their_encode);
	run(&b, "decode (arena)", decode_arena, their_decode);
	run(&b, "decode (heap, freed)", decode_heap, their_decode);
	run(&b, "to JSON", to_json, NULL);
	run(&b, "from JSON", from_json, NULL);
	rec_clear(&sample_alloc_type, &b.alloc);
	msgpack_sbuffer_destroy(&b.sbuf);
	buf_release(&b.bytes);
	buf_release(&b.json);
	buf_release(&b.out);
	return 0;
}
