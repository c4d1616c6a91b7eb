#include "cmd/gossipd/suspicion.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

void
suspicion_init(struct suspicion *s, uint64_t now_ms, const char *from,
    const struct suspicion_rule *rule, size_t nmembers)
{
	double scale = fmax(1.0, log10(fmax(1.0, (double)nmembers)));
	unsigned wanted = rule->mult > 2 ? rule->mult - 2 : 0;

	if (wanted > SUSPICION_CONFIRMS_MAX)
		wanted = SUSPICION_CONFIRMS_MAX;
	if (nmembers < 2 + (size_t)wanted) /* too few others to confirm it */
		wanted = 0;
	*s = (struct suspicion){ .start_ms = now_ms, .wanted = wanted };
	/* To three decimals, as memberlist cuts it. */
	s->min_ms =
	    (uint64_t)(scale * 1000) * rule->mult * rule->interval_ms / 1000;
	s->max_ms = wanted == 0 ? s->min_ms : rule->max_mult * s->min_ms;
	s->from[0] = xstrdup(from);
}

void
suspicion_release(struct suspicion *s)
{
	for (size_t i = 0; i < sizeof s->from / sizeof s->from[0]; i++)
		free(s->from[i]);
	*s = (struct suspicion){ 0 };
}

bool
suspicion_confirm(struct suspicion *s, const char *from)
{
	if (s->nconfirms >= s->wanted)
		return false;
	for (unsigned i = 0; i <= s->nconfirms; i++)
		if (strcmp(s->from[i], from) == 0)
			return false;
	s->from[++s->nconfirms] = xstrdup(from);
	return true;
}

uint64_t
suspicion_end_ms(const struct suspicion *s)
{
	double span = (double)(s->max_ms - s->min_ms), cut;

	if (s->wanted == 0)
		return s->start_ms + s->min_ms;
	cut = span * log(s->nconfirms + 1.0) / log(s->wanted + 1.0);
	if (cut > span)
		cut = span;
	return s->start_ms + s->min_ms + (uint64_t)(span - cut);
}
