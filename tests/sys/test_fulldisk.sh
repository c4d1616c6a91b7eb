#!/bin/bash
# A disk that fills up: schedd refuses or stops, says why, and has all that
# it acknowledged when there is room again. Needs a mount of its own.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

if [ "${IN_NAMESPACE:-}" != yes ]; then
	if ! unshare -m true 2>/dev/null; then
		echo "skipped: no mount namespace here"
		exit 77
	fi
	trap - EXIT
	IN_NAMESPACE=yes exec unshare -m --propagation private bash "$0"
fi

write_configs
mkdir -p "$DATA/schedd"
mount -t tmpfs -o size=12m none "$DATA/schedd"
up schedd
serves() { curl -sf "$NOMAD_ADDR/v1/status/leader" | grep -q :; }
eventually 10 serves

register() { # N: prints the status
	printf '{"Job":{"ID":"j%s","Name":"j","Type":"batch","Meta":{"fat":"%s"},"TaskGroups":[{"Name":"g","Count":0,"Tasks":[{"Name":"t","Driver":"raw_exec","Config":{"command":"true"}}]}]}}' \
		"$1" "$fat" | http_code -X PUT -d @- "$NOMAD_ADDR/v1/jobs"
}

fat=$(head -c 60000 /dev/zero | tr '\0' x)
acked=()
for i in $(seq 400); do
	code=$(register "$i")
	[ "$code" = 200 ] || break
	acked+=("$i")
done
[ "$code" != 200 ] || fail "a disk of 12 MB took 24 MB"
[ "${#acked[@]}" -gt 20 ] || fail "only ${#acked[@]} jobs were taken"
grep -qi 'no space\|full' "$TEST_DIR/schedd.log" || fail "the log does not say why"

# Room again, and a start: everything acknowledged is there.
kill -9 "${DAEMON[schedd]}" 2>/dev/null || true
wait "${DAEMON[schedd]}" 2>/dev/null || true
mount -o remount,size=64m "$DATA/schedd"
up schedd
eventually 20 serves
for i in "${acked[@]}"; do
	expect_eq "$(http_code "$NOMAD_ADDR/v1/job/j$i")" 200 "job j$i"
done
expect_eq "$(register 1000)" 200
down TERM schedd
umount "$DATA/schedd"
