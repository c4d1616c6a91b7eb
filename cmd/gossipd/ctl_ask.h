/* gossipctl's verbs that tell, ask or change the whole pool. */
#ifndef CMD_GOSSIPD_CTL_ASK_H
#define CMD_GOSSIPD_CTL_ASK_H

#include "common/ctl.h"

#define GOSSIPCTL_WAIT_MS     20000 /* what all take part in takes its time */
#define GOSSIPCTL_FILTERS_MAX 16    /* of a kind, in one command */

/* One of a record; text may have line ends, which people get as blanks. A NULL
 * text is left out. */
struct gossipctl_cell {
	const char *name; /* in JSON */
	const char *text;
	bool is_number;
};
void gossipctl_say(
    const struct ctl *c, const struct gossipctl_cell *cells, size_t n);

int gossipctl_event(struct ctl *c, int argc, char **argv);
int gossipctl_query(struct ctl *c, int argc, char **argv);
int gossipctl_keys(struct ctl *c, int argc, char **argv);
int gossipctl_tags(struct ctl *c, int argc, char **argv);

#endif
