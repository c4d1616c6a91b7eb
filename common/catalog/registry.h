/*
 * A Consul catalog's contents: nodes with their services and checks, keys
 * with their values, and when each of them changed last.
 *
 * Every change raises the index and marks what changed with it; who waits
 * for a thing remembers its mark and compares. A mark is that of one kind of
 * thing and, for most kinds, one name. Names of nodes and services are
 * compared without regard to case, ids as they stand.
 *
 * Pure: time comes in as an argument.
 *
 * An entry belongs to whoever put it first, until it is removed: what the
 * cluster told us, no program may replace, nor the other way about.
 */
#ifndef COMMON_CATALOG_REGISTRY_H
#define COMMON_CATALOG_REGISTRY_H

#include "common/catalog/entry.h"
#include "common/err.h"
#include "common/map.h"

#define REGISTRY_MAX_NODES    20000
#define REGISTRY_MAX_SERVICES 100000
#define REGISTRY_MAX_CHECKS   200000
#define REGISTRY_MAX_LOCAL    1000         /* services, and checks, of each */
#define REGISTRY_MAX_KEYS     1000         /* keys */
#define REGISTRY_MAX_VALUE    (512u << 10) /* bytes of a value */
#define REGISTRY_MAX_VALUES   (8u << 20)   /* bytes of all values */
#define REGISTRY_MAX_NAME     512          /* bytes of a name, id or key */
#define REGISTRY_MAX_ENTRY    (64u << 10)  /* bytes of an entry, packed */
#define REGISTRY_MAX_MARKS    100000       /* then all are forgotten */
#define REGISTRY_SERF         "serfHealth" /* the check each node has */

enum registry_owner {
	REGISTRY_CLUSTER, /* a copy of what the cluster keeps */
	REGISTRY_LOCAL,   /* a program here; its TTL checks expire here */
	REGISTRY_CATALOG, /* a program, for itself or for others */
};

enum registry_mark {
	MARK_NODES = 'N',       /* of any node */
	MARK_NODE = 'n',        /* a node and its services; by node */
	MARK_SERVICES = 'S',    /* of any service */
	MARK_SERVICE = 's',     /* instances of a service; by service */
	MARK_HEALTH = 'h',      /* ... and the checks that concern them */
	MARK_CHECKS = 'C',      /* of any check; by status; "" for all */
	MARK_NODE_CHECKS = 'c', /* checks of a node; by node */
	MARK_KEY = 'k',         /* a key; by key */
	MARK_KEYS = 'K',        /* of any key; by what they begin with */
};

struct registry_node {
	struct entry_node n;
	struct map services; /* id: struct registry_service */
	struct map checks;   /* id: struct registry_check */
};

struct registry_service {
	struct entry_service s;
	struct registry_node *node;
	enum registry_owner owner;
};

struct registry_check {
	struct entry_check c;
	enum registry_owner owner;
	char *output;         /* the newest; c.output is of the last change */
	uint64_t ttl_ms;      /* 0: it does not expire */
	uint64_t due_ms;      /* when it does */
	uint64_t forget_ms;   /* critical so long, its service goes; 0: never */
	uint64_t critical_ms; /* since when; 0: it is not */
};

struct registry_key {
	char *key;
	char *value;
	size_t len;
	uint64_t flags, create_index, modify_index;
};

struct registry {
	char *self;          /* the name of the node that we are */
	const char *version; /* of the program, borrowed; "" at first */
	struct map nodes;    /* lower-case name: struct registry_node */
	struct map names;    /* lower-case service: struct registry_name */
	struct map keys;     /* key: struct registry_key */
	struct map marks, key_marks;
	uint64_t index; /* of the newest change */
	uint64_t floor; /* of what has no mark */
	size_t nservices, nchecks, nlocal_services, nlocal_checks, value_bytes;
};

/* All instances of a service. */
struct registry_name {
	struct registry_service **list;
	size_t n, cap;
};

/* index: where to begin; above whatever was told to anybody before. */
void registry_init(struct registry *r, const char *self, uint64_t index);
void registry_release(struct registry *r);

/* The mark of a thing: 0 when it has not changed yet. name "" for kinds
 * without names. */
uint64_t registry_mark(
    const struct registry *r, enum registry_mark kind, const char *name);

/* --- nodes, services, checks --- */

/* Puts or replaces; indexes are ours. A record that says the same changes
 * nothing. -1 when it is not valid, when there are too many, or when what
 * has the id is another owner's. */
int registry_put_node(
    struct registry *r, const struct entry_node *n, struct err *err);
int registry_put_service(struct registry *r, const char *node,
    const struct entry_service *s, enum registry_owner owner, struct err *err);
int registry_put_check(struct registry *r, const char *node,
    const struct entry_check *c, enum registry_owner owner, struct err *err);

/* What a put would say, and nothing is changed: for registrations that are
 * of several entries. n is NULL for a node that is still to come. *nnew, 0 at
 * first, counts the entries that are new among those asked for together. */
int registry_check_node(
    const struct registry *r, const struct entry_node *n, struct err *err);
int registry_check_service(const struct registry *r,
    const struct registry_node *n, const struct entry_service *s,
    enum registry_owner owner, size_t *nnew, struct err *err);
int registry_check_check(const struct registry *r,
    const struct registry_node *n, const struct entry_check *c,
    enum registry_owner owner, size_t *nnew, struct err *err);

/* False when there is none. A service takes its checks along, a node all. */
bool registry_remove_node(struct registry *r, const char *node);
bool registry_remove_service(
    struct registry *r, const char *node, const char *id);
bool registry_remove_check(
    struct registry *r, const char *node, const char *id);

/* Borrowed, or NULL. A node is also found by its id. */
struct registry_node *registry_find_node(
    const struct registry *r, const char *node);
const struct registry_name *registry_find_name(
    const struct registry *r, const char *service);

/* --- checks that expire --- */

/* A local check of this node hears how it is: status NULL leaves it. False
 * when there is no such check. */
bool registry_update_check(struct registry *r, const char *id,
    const char *status, const char *output, uint64_t now_ms);
/* Gives a local check a time to live and a time after which its service
 * goes when it stays critical (0: never). */
void registry_set_ttl(struct registry *r, const char *id, uint64_t ttl_ms,
    uint64_t forget_ms, uint64_t now_ms);
/* Does what is due, and returns when the next is; 0: nothing. */
uint64_t registry_tick(struct registry *r, uint64_t now_ms);

/* --- keys --- */

/* The key, borrowed, or NULL. */
const struct registry_key *registry_find_key(
    const struct registry *r, const char *key);
int registry_put_key(struct registry *r, const char *key, const char *value,
    size_t n, uint64_t flags, struct err *err);
bool registry_remove_key(struct registry *r, const char *key);

#endif
