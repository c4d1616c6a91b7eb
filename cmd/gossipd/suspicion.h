/*
 * How long a suspected member has to refute: long while one member accuses
 * it, shorter with each other one that agrees (Lifeguard's suspicion).
 */
#ifndef CMD_GOSSIPD_SUSPICION_H
#define CMD_GOSSIPD_SUSPICION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SUSPICION_CONFIRMS_MAX 4 /* that shorten it, in any profile */

/* What a pool's profile says of it. */
struct suspicion_rule {
	unsigned mult, max_mult;
	uint64_t interval_ms; /* between two probes */
};

struct suspicion {
	uint64_t start_ms, min_ms, max_ms;
	unsigned wanted; /* confirmations that bring it down to min_ms */
	unsigned nconfirms;
	char *from[1 + SUSPICION_CONFIRMS_MAX]; /* the first accuser leads */
};

/* In a pool of nmembers, accused by from. */
void suspicion_init(struct suspicion *s, uint64_t now_ms, const char *from,
    const struct suspicion_rule *rule, size_t nmembers);
void suspicion_release(struct suspicion *s);

/* Counts one more accuser; false: it was counted before, or is not needed. */
bool suspicion_confirm(struct suspicion *s, const char *from);

/* When it ends, as things are. */
uint64_t suspicion_end_ms(const struct suspicion *s);

#endif
