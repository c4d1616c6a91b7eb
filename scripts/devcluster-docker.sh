# The part of devcluster that -docker asks for, sourced by it: an engine and a
# registry for each client, and the two images that the registries have.
# shellcheck shell=bash
# shellcheck disable=SC2154 # DIR, BUILD and CLIENTS are devcluster's

REGISTRY=127.0.0.1:5000 # of each machine

check_engine_tools() {
	local tool
	for tool in dockerd docker-registry busybox; do
		command -v "$tool" >/dev/null || die "-docker needs $tool (scripts/deps test)"
	done
}

copy_in() { # ROOT FILE...: under the same names, links followed
	local root=$1 f
	shift
	for f; do
		install -D "$f" "$root$f"
	done
}

make_images() {
	local root=$DIR/images
	mkdir -p "$root"/{fabio,web}/tmp
	install "$BUILD/bin/lbd" "$root/fabio/fabio"
	# shellcheck disable=SC2046 # a list of libraries
	copy_in "$root/fabio" $(ldd "$BUILD/bin/lbd" | grep -o '/[^ ]*')
	add_image fabiolb/fabio "$root/fabio" /fabio
	install -D "$(command -v busybox)" "$root/web/bin/busybox"
	ln -s busybox "$root/web/bin/sh"
	add_image rove/web "$root/web" /bin/busybox
	rm -r "$root"
}

add_image() { # NAME ROOT ENTRYPOINT
	"$(dirname "$0")/mkimage" "$DIR/registry" "$@"
}

# One storage for all, so the registries only read it.
write_registry_conf() {
	cat >"$DIR/registry.yml" <<-END
		version: 0.1
		storage:
		  filesystem:
		    rootdirectory: $DIR/registry
		  maintenance:
		    readonly:
		      enabled: true
		http:
		  addr: $REGISTRY
	END
}

# Its socket is at the usual place, for /run is the machine's own.
start_engine() { # MACHINE
	local dir=$DIR/$1
	echo "{\"deprecated-key-path\": \"$dir/dockerd.key\"}" >"$dir/dockerd.json"
	daemonize "$1" registry docker-registry serve "$DIR/registry.yml"
	daemonize "$1" dockerd dockerd --config-file "$dir/dockerd.json" \
		--data-root "$dir/docker" --cgroup-parent "/$(ns "$1")" \
		--registry-mirror "http://$REGISTRY"
}

engine_answers() { # MACHINE
	on "$1" curl -sf --unix-socket /run/docker.sock http://localhost/_ping &&
		on "$1" curl -sf "http://$REGISTRY/v2/"
}

start_engines() {
	local m
	make_images
	write_registry_conf
	for m in "${CLIENTS[@]}"; do
		start_engine "$m"
	done
	for m in "${CLIENTS[@]}"; do
		within "$READY_S" engine_answers "$m" ||
			die "no engine on $m: $(tail -n 5 "$DIR/$m"/{registry,dockerd}.log)"
	done
}
