#!/bin/bash
# Two of three servers are lost for ever: the third is recovered by a
# peers.json, with all that was acknowledged, and new ones join it. What came
# of the lost cluster after all is kept out.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/sys/servers.sh
. "$(dirname "$0")/servers.sh"

put_job() { curl -sf -m 10 -X PUT --data-binary "{\"Job\": {\"ID\": \"$2\", \"Type\": \"batch\", \"Datacenters\": [\"dc1\"], \"TaskGroups\": [{\"Name\": \"g\", \"Tasks\": [{\"Name\": \"t\", \"Driver\": \"mock_driver\"}]}]}}" "$(url "$1")/v1/jobs" >/dev/null; }
jobs() { ask "$1" '/v1/jobs?stale' | jq -r '.[].ID' | sort | xargs; }
has_jobs() { [ "$(jobs "$1")" = "$2" ]; }
raft_id() { head -n 1 "$TEST_DIR/s$1.data/server/server-id"; }

for n in 1 2 3; do server $n 3; done
eventually 20 agree 1 2 3
eventually 10 voters 1 3
promote_at_once 1
put_job 1 first
put_job 2 second
for n in 1 2 3; do eventually 5 has_jobs $n 'first second'; done

# The third is put away as it is, the second is lost with its disk.
for n in 1 2 3; do kill_server $n; done
raft=$TEST_DIR/s1.data/server/raft

# What an operator may get wrong at three in the morning.
refused() { # TEXT WHY
	printf '%s\n' "$1" >"$raft/peers.json"
	server 1 3
	wait "${AGENT[1]}" && fail "it started"
	grep -q "$2" "$TEST_DIR/s1.log" || fail "it did not say: $2"
	[ -e "$raft/peers.json" ] || fail "a wrong file is gone"
}
id=$(raft_id 1)
refused '[{"id": "'"$id"'"' 'peers.json:2: parse error: premature EOF'
refused '[{"id": "'"$(raft_id 2)"'", "address": "127.0.8.2:4645"}]' "this server is not in it: its id is $id"
refused '[{"id": "'"$id"'", "address": "127.0.8.1:4999"}]' "peers.json:1: this server is reached at 127.0.8.1:"

addr=$(sed -n 's/.*this server is reached at \(127[0-9.:]*\),.*/\1/p' "$TEST_DIR/s1.log" | head -n 1)
printf '[\n  {"id": "%s", "address": "%s"}\n]\n' "$id" "$addr" >"$raft/peers.json"
server 1 3
eventually 10 agree 1
grep -q 'cluster recovered .*servers=1' "$TEST_DIR/s1.log" || fail "it is not said"
expect_eq "$(jobs 1)" 'first second'
put_job 1 third
[ ! -e "$raft/peers.json" ] || fail "it would be recovered again"
[ -e "$raft.before-1/peers.json" ] || fail "the old log is gone"
expect_eq "$(stat -c %a "$raft.before-1")" 700

# A new machine in the second one's place, which had no idea.
old=$(raft_id 2)
rm -rf "$TEST_DIR/s2.data"
server 2 3
eventually 15 voters 1 2
eventually 5 has_jobs 2 'first second third'
[ "$(raft_id 2)" != "$old" ] || fail "the same id"

# The third comes back after all, as one of the cluster that was lost.
server 3 3
eventually 10 grep -q 's3.global of this region is in cluster' "$TEST_DIR/s1.log" "$TEST_DIR/s2.log"
put_job 2 fourth
eventually 5 has_jobs 1 'first fourth second third'
expect_eq "$(curl -sf "$(url 3)/v1/status/leader")" '""'
voters 1 2 || fail "it was let in"
kill_server 3
rm -rf "$TEST_DIR/s3.data"
server 3 3
eventually 15 voters 1 3
eventually 5 has_jobs 3 'first fourth second third'

# Half of what a server is, is a server that has forgotten what it promised.
kill_server 3
dir=$TEST_DIR/s3.data/server
ends() { # WHY
	server 3 3
	wait "${AGENT[3]}" && fail "it started"
	grep -q "$1" "$TEST_DIR/s3.log" || fail "it did not say: $1"
}
mv "$dir/raft" "$dir/away"
ends "server/raft is gone, and with it what server $(raft_id 3) has voted"
[ ! -e "$dir/raft" ] || fail "it began anew"
mv "$dir/away" "$dir/raft"
mv "$dir/server-id" "$dir/away"
ends "server/raft is the log of server $(head -n 1 "$dir/away"), and server-id says"
mv -f "$dir/away" "$dir/server-id"
server 3 3
eventually 15 voters 3 3
# It has lost both: that is another server, whose log is its own again.
kill_server 3
mv "$dir/raft" "$dir/server-id" "$TEST_DIR"
server 3 3
eventually 15 voters 1 3
eventually 15 voters 3 3
kill_server 3
mv "$dir/raft" "$dir/away"
ends "server/raft is gone, and with it what server $(raft_id 3) has voted"
# All of it away is another server, too.
mv "$dir" "$dir.away"
server 3 3
eventually 15 voters 1 3
eventually 5 has_jobs 3 'first fourth second third'
echo ok
