#include "cmd/gossipd/coord.h"

#include <math.h>

/* Serf's constants; times are in seconds. */
#define ERROR_MAX  1.5
#define ERROR_GAIN 0.25 /* CE: how fast the error follows */
#define FORCE_GAIN 0.25 /* CC: how fast the place follows */
#define HEIGHT_MIN 1e-5
#define GRAVITY    150.0 /* rho: how far the pool may drift */
#define ZERO       1e-6  /* what is smaller is nothing */

static struct wire_coord
origin(void)
{
	return (struct wire_coord){ .error = ERROR_MAX, .height = HEIGHT_MIN };
}

void
coord_client_init(struct coord_client *c)
{
	*c = (struct coord_client){ .at = origin() };
}

bool
coord_is_valid(const struct wire_coord *c)
{
	for (size_t i = 0; i < WIRE_COORD_DIMS; i++)
		if (!isfinite(c->vec[i]))
			return false;
	return isfinite(c->error) && isfinite(c->adjustment) &&
	       isfinite(c->height);
}

static double
length(const double v[WIRE_COORD_DIMS])
{
	double sum = 0;

	for (size_t i = 0; i < WIRE_COORD_DIMS; i++)
		sum += v[i] * v[i];
	return sqrt(sum);
}

/* From b towards a; returns how far apart they are. */
static double
difference(const struct wire_coord *a, const struct wire_coord *b,
    double v[WIRE_COORD_DIMS])
{
	for (size_t i = 0; i < WIRE_COORD_DIMS; i++)
		v[i] = a->vec[i] - b->vec[i];
	return length(v);
}

static double
raw_distance(const struct wire_coord *a, const struct wire_coord *b)
{
	double v[WIRE_COORD_DIMS];

	return difference(a, b, v) + a->height + b->height;
}

double
coord_distance(const struct wire_coord *a, const struct wire_coord *b)
{
	double dist = raw_distance(a, b);
	double adjusted = dist + a->adjustment + b->adjustment;

	return adjusted > 0 ? adjusted : dist;
}

/* Two in one place part in a direction of chance. */
static void
chance_direction(struct rng *rng, double v[WIRE_COORD_DIMS])
{
	double n;

	for (size_t i = 0; i < WIRE_COORD_DIMS; i++)
		v[i] = (double)rng_below(rng, 1U << 30) / (1U << 30) - 0.5;
	n = length(v);
	for (size_t i = 0; i < WIRE_COORD_DIMS; i++)
		v[i] = n > ZERO ? v[i] / n : i == 0;
}

/* Pushes c away from the other, or pulls it where force is negative. */
static void
apply_force(struct wire_coord *c, const struct wire_coord *other, double force,
    struct rng *rng)
{
	double v[WIRE_COORD_DIMS];
	double mag = difference(c, other, v);

	if (mag > ZERO)
		for (size_t i = 0; i < WIRE_COORD_DIMS; i++)
			v[i] /= mag;
	else
		chance_direction(rng, v);
	for (size_t i = 0; i < WIRE_COORD_DIMS; i++)
		c->vec[i] += v[i] * force;
	if (mag > ZERO) {
		c->height += (c->height + other->height) * force / mag;
		c->height = fmax(c->height, HEIGHT_MIN);
	}
}

static void
update_place(struct wire_coord *c, const struct wire_coord *other, double rtt,
    struct rng *rng)
{
	double dist = coord_distance(c, other);
	double wrong, weight;

	rtt = fmax(rtt, ZERO);
	wrong = fabs(dist - rtt) / rtt;
	weight = c->error / fmax(c->error + other->error, ZERO);
	c->error =
	    ERROR_GAIN * weight * wrong + c->error * (1 - ERROR_GAIN * weight);
	c->error = fmin(c->error, ERROR_MAX);
	apply_force(c, other, FORCE_GAIN * weight * (rtt - dist), rng);
}

static void
update_adjustment(
    struct coord_client *c, const struct wire_coord *other, double rtt)
{
	double sum = 0;

	c->samples[c->next] = rtt - raw_distance(&c->at, other);
	c->next = (c->next + 1) % COORD_WINDOW;
	for (size_t i = 0; i < COORD_WINDOW; i++)
		sum += c->samples[i];
	c->at.adjustment = sum / (2 * COORD_WINDOW);
}

static void
update_gravity(struct wire_coord *c, struct rng *rng)
{
	struct wire_coord centre = origin();
	double pull = coord_distance(&centre, c) / GRAVITY;

	apply_force(c, &centre, -pull * pull, rng);
}

/* The middle one of the last few round trips, this one among them. */
static double
median(struct coord_lag *lag, double rtt)
{
	double sorted[COORD_MEDIAN] = { 0 };
	size_t n;

	lag->rtt[lag->n % COORD_MEDIAN] = rtt;
	lag->n = lag->n + 1 < 2 * COORD_MEDIAN ? lag->n + 1 : COORD_MEDIAN;
	n = lag->n < COORD_MEDIAN ? lag->n : COORD_MEDIAN;
	for (size_t i = 0; i < n; i++) {
		size_t at = i;

		for (; at > 0 && sorted[at - 1] > lag->rtt[i]; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = lag->rtt[i];
	}
	return sorted[n / 2];
}

bool
coord_update(struct coord_client *c, struct coord_lag *lag,
    const struct wire_coord *other, double rtt_s, struct rng *rng)
{
	if (!coord_is_valid(other) || !(rtt_s >= 0 && rtt_s <= COORD_RTT_MAX_S))
		return false;
	rtt_s = median(lag, rtt_s);
	update_place(&c->at, other, rtt_s, rng);
	update_adjustment(c, other, rtt_s);
	update_gravity(&c->at, rng);
	if (!coord_is_valid(&c->at)) {
		unsigned nresets = c->nresets + 1;

		coord_client_init(c);
		c->nresets = nresets;
	}
	return true;
}
