#!/bin/bash
# The daemons as they are installed have users of their own, no capability and
# no way to get one; what they keep is theirs alone; and a job runs through the
# whole of it. See also test_init.sh, whose machine this is.
# shellcheck source=tests/sys/machine.sh
. "$(dirname "$0")/machine.sh"
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../.." || exit 1
scripts/install "$BUILD" "" /usr/local
PATH=/usr/local/bin:/usr/local/sbin:$PATH
export NOMAD_ADDR=http://127.0.0.1:4646

# --- who may what ---

as() { # as USER GROUP COMMAND...: and in no other group
	local user=$1 group=$2
	shift 2
	setpriv --reuid "$user" --regid "$group" --clear-groups "$@"
}

# reaches SOCKET: can whoever runs this connect to it?
reaches() {
	"$@" /usr/bin/python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$SOCKET" 2>/dev/null
}

may() { # may SOCKET COMMAND...
	SOCKET=$1
	shift
	reaches "$@"
}

# all_are PID LINE VALUE: of each thread, in /proc
all_are() {
	local pid=$1 line=$2 value=$3
	expect_eq "$(awk -v l="$line:" '$1 == l { print $2 }' \
		/proc/"$pid"/task/*/status | sort -u)" "$value" "$line of $pid"
}

has_no_rights() { # has_no_rights NAME [BOUND]: it is its user's, and no more
	local name=$1 pid dir line
	pid=$(cat "/run/rove/$name.pid")
	all_are "$pid" Uid "$(id -u "rove-$name")"
	all_are "$pid" Gid "$(getent group rove-daemon | cut -d: -f3)"
	all_are "$pid" NoNewPrivs 1
	for line in CapInh CapPrm CapEff CapAmb; do
		all_are "$pid" $line 0000000000000000
	done
	all_are "$pid" CapBnd "${2:-0000000000000000}"
	dir=/run/rove/$name
	expect_eq "$(stat -c %U "$dir")" "rove-$name" "whose $dir is"
	expect_match "$(stat -c %a "$dir")" '^2?751$'
	expect_eq "$(stat -c %G:%a "$dir/ctl.sock")" rove:660 "$dir/ctl.sock"
	expect_eq "$(stat -c %G:%a "$dir/pub.sock")" rove-daemon:660 "$dir/pub.sock"
	may "$dir/ctl.sock" as nobody rove || fail "group rove cannot steer $name"
	! may "$dir/ctl.sock" as nobody nogroup || fail "anybody may steer $name"
	! may "$dir/ctl.sock" as rove-lbd rove-daemon || [ "$name" = lbd ] ||
		fail "the proxy may steer $name"
	may "$dir/pub.sock" as nobody rove-daemon || fail "daemons cannot hear $name"
	! may "$dir/pub.sock" as nobody nogroup || fail "anybody hears $name"
}

set_conf() { # set_conf NAME KEY LINE
	sed -i "/^#* *$2 *=/d" "/etc/rove/$1.conf"
	echo "$2 = $3;" >>"/etc/rove/$1.conf"
}

# --- by init scripts ---

set_conf lbd proxy_addr '"127.0.0.1:80"'
set_conf gossipd data_dir '"/var/lib/rove/gossipd"'
set_conf gossipd encrypt '"AAECAwQFBgcICQoLDA0ODw=="'
set_conf nodeagent raw_exec true
set_conf nodeagent network_interface '"lo"'
set_conf nodeagent name '"alpha"'
# What nodeagent(8) says that it needs is all that it gets.
caps=$(sed -n 's/^\.It Dv CAP_\([A-Z_]*\).*/+\L\1/p' man/nodeagent.8 | paste -sd,)
expect_match "$caps" '\+setuid'
cat >/usr/local/lib/rove/bounded <<-END
	#!/bin/sh
	exec setpriv --bounding-set "-all,$caps" --inh-caps -all \
		/usr/local/lib/rove/nodeagent "\$@"
END
chmod +x /usr/local/lib/rove/bounded
echo 'DAEMON=/usr/local/lib/rove/bounded' >/etc/default/nodeagent

for name in gossipd metricsd schedd nodeagent lbd; do
	"/etc/init.d/$name" start || fail "$name does not start"
done
for name in gossipd metricsd schedd lbd; do has_no_rights "$name"; done
pid=$(cat /run/rove/nodeagent.pid)
all_are "$pid" Uid 0
[ "$(awk '$1 == "CapEff:" { print $2 }' "/proc/$pid/status")" != \
	"$(awk '$1 == "CapEff:" { print $2 }' /proc/1/status)" ] ||
	fail "nodeagent has all capabilities"

# --- data is its daemon's alone ---

for name in schedd gossipd; do
	dir=/var/lib/rove/$name
	expect_eq "$(stat -c %U:%a "$dir")" "rove-$name:700" "$dir"
	expect_eq "$(find "$dir" ! -user "rove-$name")" "" "others' files in $dir"
	! as rove-lbd rove-daemon ls "$dir" 2>/dev/null || fail "the proxy lists $dir"
done
log=$(find /var/lib/rove/schedd -type f | head -n 1)
! as rove-lbd rove-daemon cat "$log" 2>/dev/null || fail "the proxy reads $log"
[ -n "$log" ] || fail "schedd keeps nothing"

# --- a job, through all of them ---

eventually 15 node_is_ready
cat >"$TEST_DIR/web.nomad" <<-END
	job "web" {
	  group "web" {
	    network {
	      port "http" {}
	    }
	    service {
	      name     = "web"
	      port     = "http"
	      tags     = ["urlprefix-/web"]
	      provider = "nomad"
	    }
	    task "server" {
	      driver = "raw_exec"
	      user   = "nobody"
	      config {
	        command = "/usr/bin/python3"
	        args    = ["/usr/local/web.py", "\${NOMAD_PORT_http}"]
	      }
	      resources {
	        cpu    = 20
	        memory = 32
	      }
	    }
	  }
	}
END
install -m 0644 tests/sys/web.py /usr/local/web.py
chmod 755 "$TEST_DIR"
# Reading and submitting are HTTP's, where anybody may do it.
as nobody nogroup env HOME=/ rove job run -detach - <"$TEST_DIR/web.nomad" >/dev/null ||
	fail "nobody may submit a job"
eventually 15 has_allocs web running 1
web_answers() {
	[ "$(http_code http://127.0.0.1:80/web)" = 200 ]
}
eventually 10 web_answers
expect_eq "$(ps -o user= -p "$(pgrep -f '^/usr/bin/python3 /usr/local/web.py')")" nobody "who the task is"
alloc=$(curl -s "$NOMAD_ADDR/v1/job/web/allocations" | jq -r '.[0].ID')
as nobody nogroup rove alloc logs "$alloc" >/dev/null || fail "its logs cannot be read"
as nobody nogroup env HOME=/ rove job stop -detach -purge web >/dev/null || fail "it is not stopped"
task_is_gone() {
	! pgrep -f '^/usr/bin/python3 /usr/local/web.py'
}
eventually 10 task_is_gone

# --- what is wrong is refused by name ---

/etc/init.d/schedd stop >/dev/null
mkdir /var/lib/other
chown nobody /var/lib/other
set_conf schedd data_dir '"/var/lib/other"'
! out=$(/etc/init.d/schedd start 2>&1) || fail "schedd takes what is another's"
expect_match "$out" 'data_dir /var/lib/other belongs to nobody, not to rove-schedd'
set_conf schedd data_dir '"/var/lib/rove/schedd"'
chmod 755 /var/lib/rove/schedd
/etc/init.d/schedd start >/dev/null || fail "schedd does not start"
expect_eq "$(stat -c %a /var/lib/rove/schedd)" 700
grep -q 'data_dir was open to others.*mode=755' /var/log/rove/schedd.log ||
	fail "that it was open was not told"

# --- by units: no step is root's but what makes the directory ---

# unit NAME: does what its unit says, as far as rights go
unit() {
	local name=$1 file=/lib/systemd/system/$1.service user group ambient
	user=$(sed -n 's/^User=//p' "$file")
	group=$(sed -n 's/^Group=//p' "$file")
	ambient=$(sed -n 's/^AmbientCapabilities=CAP_\(.*\)/+\L\1/p' "$file")
	sed -n 's/^ExecStartPre=+//p' "$file" | sh -e
	# shellcheck disable=SC2046 # a command and its options
	start "$name" setpriv --reuid "$user" --regid "$group" --clear-groups \
		--bounding-set "-all${ambient:+,$ambient}" \
		--inh-caps "-all${ambient:+,$ambient}" \
		--ambient-caps "-all${ambient:+,$ambient}" --no-new-privs \
		$(sed -n 's/^ExecStart=//p' "$file")
	echo "$LAST_PID" >"/run/rove/$name.pid"
	eventually 5 test -S "/run/rove/$name/ctl.sock"
	eventually 5 grep -q 'ready pid=' "$TEST_DIR/$name.log"
}

for name in gossipd lbd schedd; do
	"/etc/init.d/$name" stop >/dev/null
	unit "$name"
done
has_no_rights gossipd
has_no_rights schedd
expect_eq "$(http_code http://127.0.0.1:80/none)" 404
eventually 10 node_is_ready
if command -v systemd-analyze >/dev/null; then
	for name in gossipd metricsd lbd schedd; do
		systemd-analyze security --offline=true --threshold=20 \
			"/lib/systemd/system/$name.service" >"$TEST_DIR/exposed" 2>&1 ||
			fail "$name.service: $(tail -n 1 "$TEST_DIR/exposed")"
	done
fi
echo ok
