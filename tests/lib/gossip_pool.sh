# Pools of gossipd and Serf agents, for the experiments in tests/disaster and
# their short form: sourced by them.
#
# All is in network and process namespaces of its own, which end with the
# script. Member N lives at 127.0.7.N:7946 with Serf's RPC, if it is an agent,
# at port 7373 there; its log is $DIR/N.log. KIND[N] is ours or serf.
# shellcheck shell=bash
set -euo pipefail

gossip_alone() { # gossip_alone "$@": goes on in namespaces of its own
	local tool
	for tool in serf unshare ip nft awk; do
		command -v "$tool" >/dev/null || {
			echo "skipped: $tool is not installed"
			exit 77
		}
	done
	if [ -z "${GOSSIP_ALONE:-}" ]; then
		if ! unshare -mnpf true 2>/dev/null; then
			echo "skipped: needs root and namespaces"
			exit 77
		fi
		GOSSIP_ALONE=1 exec unshare -mnpf --mount-proc --kill-child \
			bash "$(cd "${OLDPWD:-.}" && realpath "$0")" "$@"
	fi
	ip link set lo up
	mount -t tmpfs none /run # of this namespace alone: nothing is left
	DIR=/run/gossip
	mkdir "$DIR"
}

declare -A KIND PID

addr() { echo "127.0.7.$1:7946"; }
ctl() { gossipctl -r "$DIR/r$1" "${@:2}"; }
rpc() { serf "$2" -rpc-addr="127.0.7.$1:7373" "${@:3}"; }

# member N KIND [OPTION...]: starts it; all but 1 join 1, which joins 2
member() {
	local n=$1 kind=$2 other=$(($1 == 1 ? 2 : 1))
	shift 2
	KIND[$n]=$kind
	if [ "$kind" = serf ]; then
		serf agent -node="m$n" -bind="$(addr "$n")" -log-level=info \
			-rpc-addr="127.0.7.$n:7373" -retry-interval=1s \
			-retry-join="$(addr "$other")" "$@" >>"$DIR/$n.log" 2>&1 &
	else
		gossipd -r "$DIR/r$n" -l debug -o name="m$n" -o bind="$(addr "$n")" \
			-o retry_join="[\"$(addr "$other")\"]" \
			-o retry_interval=1s "$@" >>"$DIR/$n.log" 2>&1 &
	fi
	PID[$n]=$!
	disown $!
}

# kind_of MIX N: ours, serf, or (mixed) one after the other
kind_of() {
	case $1 in
	mixed) if [ $(($2 % 2)) -eq 1 ]; then echo ours; else echo serf; fi ;;
	*) echo "$1" ;;
	esac
}

# saw WHAT NAME: how often members have logged it
saw() {
	local text
	case $1 in
	join) text="member join name=$2\$|EventMemberJoin: $2 " ;;
	failed) text="member failed name=$2\$|EventMemberFailed: $2 " ;;
	update) text="member update name=$2\$|EventMemberUpdate: $2\$" ;;
	event) text="user event name=$2 |Received event: user-event: $2\$" ;;
	esac
	cat "$DIR"/*.log | grep -cE "$text" || true
}

now_ms() { echo $(($(date +%s%N) / 1000000)); }

# until_saw SECONDS COUNT WHAT NAME: prints the ms it took
until_saw() {
	local start end
	start=$(now_ms)
	end=$((start + $1 * 1000))
	until [ "$(saw "$3" "$4")" -ge "$2" ]; do
		if [ "$(now_ms)" -gt "$end" ]; then
			echo "gossip: after $1 s $(saw "$3" "$4") of $2 saw: $3 $4" >&2
			return 1
		fi
		sleep 0.02
	done
	echo $(($(now_ms) - start))
}

# sees N NAME: the status of the other as N tells it
sees() {
	if [ "${KIND[$1]}" = serf ]; then
		rpc "$1" members -format=json |
			jq -r --arg n "$2" '.members[] | select(.name == $n) | .status'
	else
		ctl "$1" members -n "$2" | cut -f4
	fi
}

# counts STATUS: "N COUNT" for each member that runs
counts() {
	local n
	for n in "${!PID[@]}"; do
		if [ "${KIND[$n]}" = serf ]; then
			echo "$n $(rpc "$n" members -status="$1" | wc -l)"
		else
			echo "$n $(ctl "$n" members -s "$1" | wc -l)"
		fi
	done
}

# pool MIX SIZE: starts all, prints the ms until all see all
pool() {
	local n start end
	start=$(now_ms)
	end=$((start + 60000))
	KIND=() PID=()
	rm -f "$DIR"/*.log
	for n in $(seq "$2"); do member "$n" "$(kind_of "$1" "$n")"; done
	for n in $(seq "$2"); do
		until [ "$(saw join "m$n")" -ge "$2" ]; do
			[ "$(now_ms)" -lt "$end" ] || {
				echo "gossip: not all see m$n" >&2
				return 1
			}
			sleep 0.02
		done
	done
	echo $(($(now_ms) - start)) >"$DIR/joined"
}

pool_end() {
	kill -9 "${PID[@]}" 2>/dev/null || true
	sleep 0.3
	PID=()
	rm -rf "$DIR"/r*
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

pss_kb() { awk '$1 == "Pss:" { print $2 }' "/proc/$1/smaps_rollup"; }
cpu_ms() { awk '{ ns += $1 } END { printf "%d\n", ns / 1e6 }' /proc/"$1"/task/*/schedstat; }

# lose PERCENT: of what arrives, UDP and TCP alike
lose() {
	nft delete table ip gossip 2>/dev/null || true
	[ "$1" -gt 0 ] || return 0
	nft -f - <<-END
		table ip gossip {
			chain in {
				type filter hook input priority 0;
				ip daddr 127.0.7.0/24 meta l4proto { tcp, udp } th dport != 7373 th sport != 7373 numgen random mod 100 < $1 drop
			}
		}
	END
}

# cut_udp N: no datagram comes to N or from it; streams do
cut_udp() {
	nft -f - <<-END
		table ip gossip_cut {
			chain in {
				type filter hook input priority 0;
				ip daddr 127.0.7.$1 meta l4proto udp drop
				ip saddr 127.0.7.$1 meta l4proto udp drop
			}
		}
	END
}
mend_udp() { nft delete table ip gossip_cut; }

# failures LAST: how often one of 1 to LAST, by whomever, was called failed
failures() {
	cat "$DIR"/*.log |
		sed -nE 's/.*(member failed name=|EventMemberFailed: )m([0-9]+).*/\2/p' |
		awk -v last="$1" '$1 <= last' | wc -l
}
