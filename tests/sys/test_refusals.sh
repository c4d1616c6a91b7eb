#!/bin/bash
# Servers that do not fit together are named in the log and never become two
# clusters of one region; what strangers send to the Raft port changes nothing.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck source=tests/sys/servers.sh
. "$(dirname "$0")/servers.sh"

logs() { eventually 10 grep -q -- "$2" "$TEST_DIR/s$1.log"; }
stop_server() { # which may have ended by itself
	kill -TERM "${AGENT[$1]}" 2>/dev/null || true
	wait "${AGENT[$1]}" 2>/dev/null || true
}
raft_stat() { ask "$1" /v1/agent/self | jq -r ".stats.raft.$2"; }
# What the log says of this server: the cluster, or its id in Raft.
of_log() { sed -n "s/.*server of cluster \([0-9a-f]*\) id=\([0-9a-f]*\).*/\\$2/p" "$TEST_DIR/s$1.log" | tail -1; }

# Two that expect two, and one that expects three: none begins, each is told why.
server 1 2
server 3 3
logs 1 's3.global expects 3 servers and this one 2'
logs 3 's1.global expects 2 servers and this one 3'
server 2 2
logs 2 's3.global expects 3 servers and this one 2'
expect_eq "$(ask 1 /v1/status/leader)" '""'
kill_server 3
rm -rf "$TEST_DIR/s3.data"
eventually 20 agree 1 2
eventually 5 voters 1 2
promote_at_once 1

# One that could found a cluster by itself, in a region that has one, joins it.
server 3 1
eventually 15 voters 1 3
agree 1 2 3 || fail "two clusters"
expect_eq "$(of_log 3 1)" "$(of_log 1 1)"
logs 1 's3.global expects 1 servers and this one 2: no new cluster'

# A region whose name is wrong is asked about, and a server keeps to its own.
server 4 0 'region = "globl"'
logs 4 'the pool has none of this region, but of region "global": is the name right'
expect_eq "$(ask 4 '/v1/status/leader')" '""'
stop_server 4
stop_server 3
server 3 1 'region = "globl"'
logs 3 'has the state of a server of region "global", and region is now "globl"'
stop_server 3

# Foreign bytes, foreign mail and forged messages are counted, and no more.
leads() {
	agree 1 2 && leader=$(leader_by 1) && NOMAD_ADDR=$(url "$leader") rove system gc
}
eventually 20 leads
read -r other < <(others "$leader" | xargs | tr ' ' '\n' | grep -v 3)
term=$(raft_stat "$leader" term)
refused() { "$BIN/schedctl" -r "$TEST_DIR/s$1.run" info | awk '$1 ~ /^raft_refused/ { print $NF }'; }
before=$(refused "$leader")
here=$(dirname "$0")
for n in "$leader" "$other"; do
	python3 "$here/hostile.py" bus "$(host "$n"):$((RPC_PORT - 2))"
	from=$(of_log "$([ "$n" = "$leader" ] && echo "$other" || echo "$leader")" 2)
	[ "$n" = "$leader" ] || from=77
	python3 "$here/hostile.py" raft "$(host "$n"):$((RPC_PORT - 2))" "$(of_log "$n" 1)" "$(of_log "$n" 2)" "$from" "$term"
done
counted() { [ "$(refused "$1")" -ge $((${before:-0} + 18)) ]; }
eventually 5 counted "$leader"
eventually 5 counted "$other"
expect_eq "$(raft_stat "$leader" term)" "$term"
expect_eq "$(raft_stat "$other" term)" "$term"
expect_eq "$(leader_by "$other")" "$leader"
grep -q '"schedd.raft.refused_total"' <(ask "$leader" /v1/metrics) || eventually 12 sh -c "curl -sf '$(url "$leader")/v1/metrics' | grep -q schedd.raft.refused_total"
NOMAD_ADDR=$(url "$other") rove system gc
echo ok
