/* What a node's record says of its drivers. */
#include "tests/lib/unit.h"

#include "cmd/nodeagent/driver.h"
#include "common/clock.h"

START_TEST(a_driver_tells_since_when_it_is_as_it_is)
{
	struct node node = { 0 };
	int64_t began = clock_wall_ns(), first;
	struct driver_info *d =
	    driver_report(&node, "docker", true, true, "Healthy");

	first = d->update_time;
	ck_assert_int_ge(first, began);
	while (clock_wall_ns() <= first)
		;
	d = driver_report(&node, "docker", true, true, "Healthy");
	ck_assert_int_eq(d->update_time, first);
	d = driver_report(&node, "docker", true, false, "gone");
	ck_assert_int_gt(d->update_time, first);
	ck_assert_uint_eq(node.ndrivers, 1);
	rec_clear(&node_type, &node);
}
END_TEST

UNIT_MAIN("driver", a_driver_tells_since_when_it_is_as_it_is)
