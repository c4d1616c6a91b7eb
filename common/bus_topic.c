#include "common/bus_topic.h"

#include <stdlib.h>

#include "common/bus_nng.h"
#include "common/mem.h"

struct bus_topic *
bus_topic_get(struct map *topics, const char *name)
{
	struct bus_topic *t = map_find(topics, name);

	if (t == NULL) {
		t = xcalloc(1, sizeof *t);
		map_put(topics, name, t);
	}
	return t;
}

void
bus_topics_release(struct map *topics)
{
	MAP_FOREACH (e, topics)
		free(map_value(e));
	map_release(topics);
}

int
bus_topic_url_check(const char *url, struct err *err)
{
	if (bus_tls_is_url(url))
		return err_set(err, ERR_BAD, "%s: topics have no TLS", url);
	return bus_url_check(url, err);
}
