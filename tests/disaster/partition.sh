#!/bin/bash
# The network between the servers is cut: around the leader, in one direction
# only, and between two of them who both see the third. Clients reach all.
# shellcheck source=tests/disaster/world.sh
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"

# A read that an isolated leader answers, is it of what was written elsewhere?
# Asked over and over while it does not know yet that it leads no more.
leader_alone() {
	local l a b stale=0 reads=0 end told
	l=$(leader)
	a=$(other_than "$l")
	b=$(other_than "$l" "$a")
	put "$a" partition/x old >/dev/null
	mark
	deaf_to "$l" "$a" "$b"
	deaf_to "$a" "$l"
	deaf_to "$b" "$l"
	eventually 10 put "$a" partition/x new
	# Long enough for TCP to try again but seldom.
	end=$((SECONDS + $(long 40 1)))
	while [ "$SECONDS" -lt "$end" ]; do
		told=$(ASK_S=1 ask "$l" /v1/var/partition/x | jq -r .Items.v) || true
		reads=$((reads + 1))
		[ "$told" != old ] || stale=$((stale + 1))
	done
	mark
	heal
	eventually 10 all_well
	[ "$stale" -eq 0 ] || fail "$stale of $reads reads were stale"
}

# The leader is not heard by one follower, which must not disturb for ever;
# then it does not hear one; then neither.
one_way() {
	local l a s
	s=$(long 8 0.4)
	l=$(leader)
	a=$(other_than "$l")
	mark
	deaf_to "$a" "$l"
	sleep "$s"
	mark
	heal
	eventually 20 all_well
	l=$(leader)
	a=$(other_than "$l")
	mark
	deaf_to "$l" "$a"
	sleep "$s"
	mark
	heal
	eventually 20 all_well
	l=$(leader)
	mark
	deaf_to "$l" "$(other_than "$l")" "$(other_than "$l" "$(other_than "$l")")"
	sleep "$s"
	mark
	heal
	eventually 20 all_well
}

# A and B are cut, C sees both; one of them leads, or C.
bridge() {
	local l a b s
	s=$(long 8 0.4)
	l=$(leader)
	a=$(other_than "$l")
	b=$(other_than "$l" "$a")
	mark
	deaf_to "$l" "$a"
	deaf_to "$a" "$l"
	sleep "$s"
	mark
	heal
	eventually 20 all_well
	mark
	deaf_to "$a" "$b"
	deaf_to "$b" "$a"
	sleep "$s"
	mark
	heal
	eventually 20 all_well
}

partitions() {
	local rounds=0
	load_begin
	for _ in $(seq "$(long "${ROUNDS:-3}" 1)"); do
		leader_alone
		one_way
		bridge
		rounds=$((rounds + 1))
	done
	load_end "partitions" "rounds $rounds"
}

[ "${BASH_SOURCE[0]}" != "$0" ] || disaster partitions
