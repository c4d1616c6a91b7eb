#include "tests/lib/sample.h"

#include <string.h>

#include "common/mem.h"

static const struct rec_field part_fields[] = {
	REC_STR(struct sample_part, 1, name, "Name", .flags = REC_LABEL),
	REC_I64(struct sample_part, 2, size, "Size"),
	REC_LIST(
	    struct sample_part, 3, parts, sample_part, "Parts", .hcl = "part"),
	REC_TREE(struct sample_part, 4, config, "Config", .flags = REC_OMIT),
};
const struct rec_type sample_part_type = REC_TYPE(sample_part, part_fields);

static const struct rec_field keyed_fields[] = {
	REC_STR(struct sample_keyed, 1, key, "Key"),
	REC_U64(struct sample_keyed, 2, count, "Count"),
	REC_STRS(struct sample_keyed, 3, tags, "Tags", .flags = REC_EMPTY),
};
const struct rec_type sample_keyed_type = REC_TYPE(sample_keyed, keyed_fields);

static const struct rec_field pair_fields[] = {
	REC_STR(struct sample_pair, 1, key, "Key"),
	REC_TREE(struct sample_pair, 2, value, "Value"),
};
const struct rec_type sample_pair_type =
    REC_PAIR_TYPE(sample_pair, pair_fields);

static const struct rec_field sample_fields[] = {
	REC_BOOL(struct sample, 1, on, "On"),
	REC_I64(struct sample, 2, i64, "I64"),
	REC_U64(struct sample, 3, u64, "U64"),
	REC_F64(struct sample, 4, f64, "F64"),
	REC_DUR(struct sample, 5, dur_ns, "Dur", .hcl = "dur"),
	REC_DUR(struct sample, 6, text_ns, "DurText", .hcl = "dur_text",
	    .flags = REC_DURTEXT),
	REC_TIME(struct sample, 7, at_ns, "At", .hcl = "at"),
	REC_STR(struct sample, 8, text, "Text"),
	REC_BYTES(struct sample, 9, bytes, "Bytes"),
	REC_TREE(struct sample, 10, tree, "Tree"),
	REC_OPT_BOOL(struct sample, 11, opt_on, "OptOn"),
	REC_OPT_I64(struct sample, 12, opt_i64, "OptI64"),
	REC_OPT_U64(struct sample, 13, opt_u64, "OptU64"),
	REC_OPT_F64(struct sample, 14, opt_f64, "OptF64"),
	REC_OPT_DUR(struct sample, 15, opt_dur_ns, "OptDur", .hcl = "opt_dur"),
	REC_OPT_STR(struct sample, 16, opt_text, "OptText"),
	REC_REC(struct sample, 17, part, sample_part, "Part"),
	REC_PTR(struct sample, 18, opt_part, sample_part, "OptPart"),
	REC_LIST(struct sample, 19, parts, sample_part, "Parts"),
	REC_LIST(
	    struct sample, 20, opt_parts, sample_part, "OptParts", .opt = true),
	REC_MAP(struct sample, 21, keyed, sample_keyed, "Keyed"),
	REC_STRS(struct sample, 22, texts, "Texts", .flags = REC_EMPTY),
	REC_STRS(struct sample, 23, opt_texts, "OptTexts", .opt = true,
	    .flags = REC_OMIT),
	REC_I64S(struct sample, 24, numbers, "Numbers"),
	REC_STRMAP(struct sample, 25, meta, "Meta"),
	REC_STRMAP(struct sample, 26, opt_meta, "OptMeta", .opt = true),
	REC_MAP(
	    struct sample, 27, counts, rec_ki, "Counts", .flags = REC_EMPTY),
	REC_MAP(struct sample, 28, shares, rec_kf, "Shares"),
	REC_MAP(struct sample, 29, flags, rec_kb, "Flags"),
	REC_MAP(struct sample, 30, lists, rec_kvs, "Lists"),
	REC_MAP(struct sample, 300, trees, sample_pair, "Trees"),
	REC_STR(struct sample, 301, secret, "Secret",
	    .flags = REC_NOJSON | REC_NOHCL),
	REC_I64(struct sample, 1023, quiet, "Quiet", .flags = REC_OMIT),
};
const struct rec_type sample_type = REC_TYPE(sample, sample_fields);

static char **
texts_of(const char *a, const char *b)
{
	char **texts = xcalloc(2, sizeof *texts);

	texts[0] = xstrdup(a);
	texts[1] = xstrdup(b);
	return texts;
}

static struct tree *
config_tree(void)
{
	struct tree *t = tree_map(), *args = tree_list();

	tree_push(args, tree_str("-n"));
	tree_push(args, tree_int(INT64_MIN));
	tree_push(args, tree_float(0.1));
	tree_set(t, "command", tree_str("/bin/echo"));
	tree_set(t, "args", args);
	tree_set(t, "tty", tree_bool(false));
	tree_set(t, "none", tree_null());
	tree_set(t, "raw", tree_bytes("a\0b", 3));
	tree_set(t, "empty", tree_map());
	return t;
}

static void
fill_scalars(struct sample *s)
{
	static const uint8_t bytes[] = { 0, 1, 0xfe, 0xff };

	s->on = true;
	s->i64 = INT64_MIN;
	s->u64 = UINT64_MAX;
	s->f64 = 0.1;
	s->dur_ns = 30 * INT64_C(1000000000);
	s->text_ns = 1500000000;
	s->at_ns = INT64_C(1700000000123456789);
	s->text = xstrdup("a \"quoted\"\n<line> \xc3\xa9");
	s->bytes.data = xmemdup(bytes, sizeof bytes);
	s->bytes.len = sizeof bytes;
	s->has_opt_on = s->has_opt_i64 = s->has_opt_u64 = true;
	s->opt_u64 = UINT64_C(1) << 63;
	s->has_opt_f64 = s->has_opt_dur_ns = true;
	s->opt_f64 = -1e300;
	s->opt_text = xstrdup("");
	s->secret = xstrdup("hush");
	s->quiet = -1;
}

static void
fill_lists(struct sample *s)
{
	s->part.name = xstrdup("own");
	s->part.size = 1;
	s->opt_part = xcalloc(1, sizeof *s->opt_part);
	s->parts = xcalloc(2, sizeof *s->parts);
	s->nparts = 2;
	s->parts[0].name = xstrdup("first");
	s->parts[0].parts = xcalloc(1, sizeof *s->parts);
	s->parts[0].nparts = 1;
	s->parts[0].parts[0].name = xstrdup("inner");
	s->parts[0].config = tree_int(7);
	s->opt_parts = xcalloc(0, sizeof *s->opt_parts);
	s->texts = texts_of("one", "");
	s->ntexts = 2;
	s->opt_texts = xcalloc(0, sizeof *s->opt_texts);
	s->numbers = xcalloc(3, sizeof *s->numbers);
	s->nnumbers = 3;
	s->numbers[0] = INT64_MAX;
	s->numbers[1] = -33;
}

static void
fill_maps(struct sample *s)
{
	s->keyed = xcalloc(2, sizeof *s->keyed);
	s->nkeyed = 2;
	s->keyed[0].key = xstrdup("a");
	s->keyed[1].key = xstrdup("b/c d");
	s->keyed[1].count = 128;
	s->keyed[1].tags = texts_of("x", "y");
	s->keyed[1].ntags = 2;
	rec_kv_set(&s->meta, &s->nmeta, "owner", "ops");
	rec_kv_set(&s->meta, &s->nmeta, "blank", "");
	s->opt_meta = xcalloc(0, sizeof *s->opt_meta);
	s->counts = xcalloc(1, sizeof *s->counts);
	s->ncounts = 1;
	s->counts[0].key = xstrdup("zero");
	s->shares = xcalloc(1, sizeof *s->shares);
	s->nshares = 1;
	s->shares[0] = (struct rec_kf){ xstrdup("half"), 0.5 };
	s->flags = xcalloc(1, sizeof *s->flags);
	s->nflags = 1;
	s->flags[0] = (struct rec_kb){ xstrdup("yes"), true };
	s->lists = xcalloc(2, sizeof *s->lists);
	s->nlists = 2;
	s->lists[0].key = xstrdup("none");
	s->lists[1] = (struct rec_kvs){ xstrdup("two"), texts_of("1", "2"), 2 };
	s->trees = xcalloc(2, sizeof *s->trees);
	s->ntrees = 2;
	s->trees[0] = (struct sample_pair){ xstrdup("nil"), tree_null() };
	s->trees[1] = (struct sample_pair){ xstrdup("t"), config_tree() };
}

void
sample_fill(struct sample *s)
{
	*s = (struct sample){ 0 };
	fill_scalars(s);
	fill_lists(s);
	fill_maps(s);
	s->tree = config_tree();
}

/* --- the allocation --- */

static const struct rec_field port_fields[] = {
	REC_STR(struct sample_port, 1, label, "Label"),
	REC_I64(struct sample_port, 2, value, "Value"),
	REC_STR(struct sample_port, 3, host_ip, "HostIP"),
};
const struct rec_type sample_port_type = REC_TYPE(sample_port, port_fields);

static const struct rec_field alloc_fields[] = {
	REC_STR(struct sample_alloc, 1, id, "ID"),
	REC_STR(struct sample_alloc, 2, name, "Name"),
	REC_STR(struct sample_alloc, 3, namespace_, "Namespace",
	    .hcl = "namespace"),
	REC_STR(struct sample_alloc, 4, job_id, "JobID"),
	REC_STR(struct sample_alloc, 5, task_group, "TaskGroup"),
	REC_STR(struct sample_alloc, 6, node_id, "NodeID"),
	REC_STR(struct sample_alloc, 7, node_name, "NodeName"),
	REC_STR(struct sample_alloc, 8, eval_id, "EvalID"),
	REC_STR(struct sample_alloc, 9, desired_status, "DesiredStatus"),
	REC_STR(struct sample_alloc, 10, client_status, "ClientStatus"),
	REC_STR(
	    struct sample_alloc, 11, client_description, "ClientDescription"),
	REC_U64(struct sample_alloc, 12, job_version, "JobVersion"),
	REC_U64(struct sample_alloc, 13, create_index, "CreateIndex"),
	REC_U64(struct sample_alloc, 14, modify_index, "ModifyIndex"),
	REC_I64(struct sample_alloc, 15, create_time, "CreateTime"),
	REC_I64(struct sample_alloc, 16, modify_time, "ModifyTime"),
	REC_F64(struct sample_alloc, 17, score, "Score"),
	REC_BOOL(struct sample_alloc, 18, healthy, "Healthy"),
	REC_STRS(struct sample_alloc, 19, previous, "PreviousAllocations"),
	REC_LIST(struct sample_alloc, 20, ports, sample_port, "Ports"),
	REC_STRMAP(struct sample_alloc, 21, meta, "Meta"),
};
const struct rec_type sample_alloc_type = REC_TYPE(sample_alloc, alloc_fields);

void
sample_alloc_fill(struct sample_alloc *a)
{
	*a = (struct sample_alloc){
		.id = xstrdup("6f1c2a3e-9d4b-4c7e-8a51-0b2f7d9e4c13"),
		.name = xstrdup("web.frontend[3]"),
		.namespace_ = xstrdup("default"),
		.job_id = xstrdup("web"),
		.task_group = xstrdup("frontend"),
		.node_id = xstrdup("1b8d0f6a-72c5-4f3d-b6a9-5e4c3d2b1a09"),
		.node_name = xstrdup("client-17.dc1.example.net"),
		.eval_id = xstrdup("c0a8e5d2-3f41-4b6c-9d7e-8f9a0b1c2d3e"),
		.desired_status = xstrdup("run"),
		.client_status = xstrdup("running"),
		.client_description = xstrdup("Tasks are running"),
		.job_version = 7,
		.create_index = 48213,
		.modify_index = 1048576,
		.create_time = INT64_C(1700000000123456789),
		.modify_time = INT64_C(1700000042987654321),
		.score = 0.8734127,
		.healthy = true,
	};
	a->previous = xcalloc(1, sizeof *a->previous);
	a->nprevious = 1;
	a->previous[0] = xstrdup("0d9c8b7a-6f5e-4d3c-2b1a-09f8e7d6c5b4");
	a->ports = xcalloc(1, sizeof *a->ports);
	a->nports = 1;
	a->ports[0] = (struct sample_port){ xstrdup("http"), 24917,
		xstrdup("10.0.12.7") };
	rec_kv_set(&a->meta, &a->nmeta, "owner", "platform");
	rec_kv_set(&a->meta, &a->nmeta, "tier", "gold");
}
