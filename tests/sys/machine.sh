# A machine to install to: sourced before lib.sh by a test that needs one. The
# test goes on in namespaces of its own, where /etc, /usr/local, /run, /var/lib,
# /var/log and the units' place are fresh and lo is up; outside nothing is
# changed, and what is left running ends with it.
# shellcheck shell=bash
if [ "${1:-}" != inside ]; then
	if ! unshare -mnpf --propagation private true 2>/dev/null; then
		echo "skipped: needs root and namespaces"
		exit 77
	fi
	exec unshare -mnpf --propagation private --mount-proc --kill-child \
		bash "$0" inside
fi
ip link set lo up
mkdir "$TEST_DIR/etc" "$TEST_DIR/local"
cp -a /etc/. "$TEST_DIR/etc"
mount --bind "$TEST_DIR/etc" /etc
mount --bind "$TEST_DIR/local" /usr/local
for dir in /run /var/lib /var/log /lib/systemd/system; do
	mount -t tmpfs -o mode=755 none "$dir"
done
