#!/bin/bash
# A server's log and snapshot are damaged while it is down. Read back as schedd
# does: cut and torn at every byte of the last 4 KB, FLIPS (20000) bits flipped in
# the last segment and in the snapshot. Then samples of it on the server itself,
# SAMPLES (12) of them: it refuses by name, or goes on, and nothing is lost; one
# that refuses is wiped, and joins anew.
# shellcheck source=tests/disaster/world.sh
. "$(dirname "${BASH_SOURCE[0]}")/world.sh"

raft_dir() { find "$TEST_DIR/s$1.data" -type d -name raft; }
newest() { find "$(raft_dir "$1")" -name "$2-*" | sort | tail -n 1; }
refuses() { grep -q "$(basename "$2").*offset" "$TEST_DIR/s$1.log"; }
knows_leader() { [ -n "$(leader_by "$1")" ]; }
refuses_or_goes_on() { refuses "$@" || knows_leader "$1"; }

# Bytes in use of a segment: up to the last that is not zero.
used() { python3 -c 'import sys; print(len(open(sys.argv[1], "rb").read().rstrip(b"\0")))' "$1"; }
flip_bit() { # FILE OFFSET
	python3 - "$1" "$2" <<-'END'
		import sys
		with open(sys.argv[1], "r+b") as f:
		    f.seek(int(sys.argv[2]))
		    b = f.read(1)[0]
		    f.seek(int(sys.argv[2]))
		    f.write(bytes([b ^ 16]))
	END
}
wipe_tail() { # FILE OFFSET: zeros from there on
	python3 - "$1" "$2" <<-'END'
		import os, sys
		at = int(sys.argv[2])
		with open(sys.argv[1], "r+b") as f:
		    n = os.fstat(f.fileno()).st_size - at
		    f.seek(at)
		    f.write(bytes(n))
	END
}

damage_on_servers() {
	local n file at i refused=0 went_on=0 samples
	samples=$(long "${SAMPLES:-12}" 1)
	load_begin
	for i in $(seq "$samples"); do
		n=$(other_than "$(leader)")
		kill_server "$n"
		file=$(newest "$n" log)
		at=$(used "$file")
		: >"$TEST_DIR/s$n.log"
		mark
		case $((i % 3)) in
		1) flip_bit "$file" $((at / 2)) ;;
		2) wipe_tail "$file" $((at - RANDOM % 64)) ;;
		0)
			file=$(newest "$n" snapshot)
			flip_bit "$file" $(($(stat -c %s "$file") / 2))
			;;
		esac
		server "$n" 3
		eventually 20 refuses_or_goes_on "$n" "$file"
		if refuses "$n" "$file"; then
			refused=$((refused + 1))
			kill_server "$n"
			rm -rf "$TEST_DIR/s$n.data"
			server "$n" 3
		else
			went_on=$((went_on + 1))
		fi
		eventually 20 all_well
		eventually 20 voters "$(other_than "$n")" 3
	done
	load_end "damage on servers" "refused by name $refused, went on $went_on"
	[ "$refused" -ge $(((samples + 2) / 3)) ] || fail "damage was not seen"
}

damage() {
	local n=1 figures
	# It ends in the middle of writing, without the mark of an idle log.
	load_every 2
	sleep "$(long 10 1.5)"
	kill_server "$n"
	figures=$("$BUILD/tests/disaster/damage" -S "${SEED:-1}" \
		-e "$(long 1 64)" -n "$(long "${FLIPS:-20000}" 80)" "$(raft_dir "$n")") ||
		fail "damage: $figures"
	server "$n" 3
	eventually 20 all_well
	load_end "damage" "$figures"
	damage_on_servers
}

[ "${BASH_SOURCE[0]}" != "$0" ] || RAFT_THRESHOLD=500 RAFT_TRAILING=200 disaster damage
