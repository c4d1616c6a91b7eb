#!/bin/bash
# Installs to the real places and starts the daemons by their init scripts,
# in namespaces of its own: outside of them nothing is changed, and what is
# left running in them ends with them.
# shellcheck source=tests/sys/machine.sh
. "$(dirname "$0")/machine.sh"
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$(dirname "$0")/../.." || exit 1

# --- installing ---

everything() {
	find "$@" -type f -exec cksum {} + | sort
	find "$@" -printf '%M %u:%g %p %l\n' | sort
}

scripts/install "$BUILD" "$TEST_DIR/dest" /usr
[ -x "$TEST_DIR/dest/usr/lib/rove/lbd" ] || fail "DESTDIR is not honoured"
[ ! -e /etc/rove ] || fail "an install to DESTDIR touched /etc"
! getent passwd rove-lbd || fail "an install to DESTDIR made users"
! grep -rIl "$TEST_DIR" "$TEST_DIR/dest" || fail "DESTDIR stands in a file"

scripts/install "$BUILD" "" /usr/local
echo '# mine' >>/etc/rove/lbd.conf
everything /usr/local /etc/rove /etc/init.d /lib/systemd/system >"$TEST_DIR/once"
scripts/install "$BUILD" "" /usr/local
everything /usr/local /etc/rove /etc/init.d /lib/systemd/system >"$TEST_DIR/twice"
diff "$TEST_DIR/once" "$TEST_DIR/twice" || fail "installing again changes something"
expect_match "$(id rove-lbd)" 'gid=[0-9]+\(rove-daemon\)'
if command -v systemd-analyze >/dev/null; then
	units=()
	for unit in /lib/systemd/system/*.service; do
		name=$(basename "$unit" .service)
		# A part that is not built yet cannot be started by its unit.
		[ ! -e "$BUILD/bin/$name" ] || units+=("$unit")
	done
	out=$(systemd-analyze verify --man=no "${units[@]}" 2>&1 | grep -F rove || true)
	expect_eq "$out" ""
fi

# --- a life by init scripts ---

as_nobody() {
	setpriv --reuid nobody --regid nogroup "$@"
}

live() {
	local name=$1 ctl=$2 user=$3 script=/etc/init.d/$1 pid

	"$script" status && fail "$name runs before it is started"
	"$script" start || fail "$name does not start"
	"$script" status || fail "$name does not run"
	pid=$(cat "/run/rove/$name.pid")
	expect_eq "$(stat -c %U "/proc/$pid")" "$user" "who $name is"
	expect_eq "$(stat -c %U "/run/rove/$name")" "$user" "whose its directory is"
	expect_eq "$(stat -c %G:%a "/run/rove/$name/ctl.sock")" rove:660
	expect_eq "$(stat -c %G:%a "/run/rove/$name/pub.sock")" rove-daemon:660
	as_nobody --groups "$(getent group rove | cut -d: -f3)" \
		"$ctl" ping >/dev/null || fail "the group rove may not steer $name"
	! as_nobody --clear-groups "$ctl" -t 1s ping 2>/dev/null ||
		fail "anybody may steer $name"

	expect_match "$("$script" start)" 'running already'
	sed -i '/^#*log_level = /d' "/etc/rove/$name.conf"
	echo 'log_level = "DEBUG";' >>"/etc/rove/$name.conf"
	"$script" reload || fail "$name does not reload"
	eventually 5 sh -c "$ctl log-level | grep -qx DEBUG"
	expect_eq "$(cat "/run/rove/$name.pid")" "$pid"

	# A config that is wrong costs nothing.
	cp "/etc/rove/$name.conf" "$TEST_DIR/kept"
	echo 'colour = "red";' >>"/etc/rove/$name.conf"
	! "$script" restart || fail "$name takes a wrong config"
	! "$script" reload || fail "$name takes a wrong config"
	"$script" status || fail "$name has ended over a wrong config"
	cp "$TEST_DIR/kept" "/etc/rove/$name.conf"

	"$script" restart || fail "$name does not restart"
	[ "$(cat "/run/rove/$name.pid")" != "$pid" ] || fail "$name is the same"
	"$script" stop || fail "$name does not stop"
	expect_eq "$("$script" status >/dev/null; echo $?)" 3 "status of $name"
	"$script" stop || fail "$name: stopping twice is an error"
}

export PATH=/usr/local/bin:$PATH
live gossipd gossipctl rove-gossipd
live metricsd metricsctl rove-metricsd
live lbd lbctl rove-lbd
[ ! -e "$BUILD/bin/nodeagent" ] || live nodeagent nodectl root
[ ! -e "$BUILD/bin/schedd" ] || live schedd schedctl rove-schedd

# Who breaks into the proxy reads nobody else's data.
for dir in /var/lib/rove/*/; do
	# Tasks of other users pass through nodeagent's.
	case $dir in */nodeagent/) mode=711 ;; *) mode=700 ;; esac
	expect_eq "$(stat -c %a "$dir")" "$mode" "$dir"
done

# --- the daemons hear each other although each has a user of its own ---

/etc/init.d/gossipd start
/etc/init.d/metricsd start
eventually 10 sh -c 'metricsctl get "*" | grep -q gossipd'
if [ -e "$BUILD/bin/nodeagent" ]; then
	/etc/init.d/nodeagent start
	/etc/init.d/lbd start
	eventually 10 sh -c 'lbctl info | grep -q "^nodeagent.up"'
fi
# Another one on the same sockets is told who is first.
expect_match "$(/usr/local/sbin/gossipd -f /etc/rove/gossipd.conf 2>&1)" \
	'in use by process'
echo ok
