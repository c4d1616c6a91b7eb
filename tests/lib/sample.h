/*
 * A record with a row of every kind and shape, for the tests, fuzz targets
 * and benches of rec; and an allocation of some twenty rows as real ones are.
 */
#ifndef TESTS_LIB_SAMPLE_H
#define TESTS_LIB_SAMPLE_H

#include "common/rec.h"

struct sample_part {
	char *name;
	int64_t size;
	struct sample_part *parts;
	size_t nparts;
	struct tree *config;
};

struct sample_keyed {
	char *key;
	uint64_t count;
	char **tags;
	size_t ntags;
};

struct sample_pair {
	char *key;
	struct tree *value;
};

struct sample {
	bool on;
	int64_t i64;
	uint64_t u64;
	double f64;
	int64_t dur_ns;
	int64_t text_ns; /* a duration that JSON has as text */
	int64_t at_ns;
	char *text;
	struct rec_bytes bytes;
	struct tree *tree;
	bool opt_on;
	bool has_opt_on;
	int64_t opt_i64;
	bool has_opt_i64;
	uint64_t opt_u64;
	bool has_opt_u64;
	double opt_f64;
	bool has_opt_f64;
	int64_t opt_dur_ns;
	bool has_opt_dur_ns;
	char *opt_text;
	struct sample_part part;
	struct sample_part *opt_part;
	struct sample_part *parts;
	size_t nparts;
	struct sample_part *opt_parts; /* NULL and empty differ */
	size_t nopt_parts;
	struct sample_keyed *keyed;
	size_t nkeyed;
	char **texts;
	size_t ntexts;
	char **opt_texts;
	size_t nopt_texts;
	int64_t *numbers;
	size_t nnumbers;
	struct rec_kv *meta;
	size_t nmeta;
	struct rec_kv *opt_meta;
	size_t nopt_meta;
	struct rec_ki *counts;
	size_t ncounts;
	struct rec_kf *shares;
	size_t nshares;
	struct rec_kb *flags;
	size_t nflags;
	struct rec_kvs *lists;
	size_t nlists;
	struct sample_pair *trees;
	size_t ntrees;
	char *secret;  /* in no JSON */
	int64_t quiet; /* in no JSON while zero */
};
extern const struct rec_type sample_type, sample_part_type, sample_keyed_type,
    sample_pair_type;

/* Fills every row with something; rec_clear() it. */
void sample_fill(struct sample *s);

struct sample_port {
	char *label;
	int64_t value;
	char *host_ip;
};

struct sample_alloc {
	char *id;
	char *name;
	char *namespace_;
	char *job_id;
	char *task_group;
	char *node_id;
	char *node_name;
	char *eval_id;
	char *desired_status;
	char *client_status;
	char *client_description;
	uint64_t job_version;
	uint64_t create_index;
	uint64_t modify_index;
	int64_t create_time;
	int64_t modify_time;
	double score;
	bool healthy;
	char **previous;
	size_t nprevious;
	struct sample_port *ports;
	size_t nports;
	struct rec_kv *meta;
	size_t nmeta;
};
extern const struct rec_type sample_alloc_type, sample_port_type;

void sample_alloc_fill(struct sample_alloc *a);

#endif
