#!/bin/bash
# lbd in Fabio's place: started as "fabio", it finds its routes in the catalog
# that nodeagent answers as a Consul agent does.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

catalog=http://127.0.0.1:$CATALOG_PORT
ui=http://127.0.0.1:$LB_UI_PORT
ALL=(metricsd gossipd schedd nodeagent)
cluster_up
ln -s "$BIN/lbd" "$TEST_DIR/fabio"
fabio=$TEST_DIR/fabio

# --- its command line ---

expect_match "$("$fabio" -v)" '^[0-9]+\.[0-9]+'
refused() { # SENTENCE ARG...
	local want=$1 out
	shift
	out=$("$fabio" "$@" 2>&1) && fail "$* is taken"
	expect_match "$out" "$want"
}
refused 'flag provided but not defined: -foo' -foo
refused "proto 'https' requires cert source" -proxy.addr ':1;proto=https'
refused 'noroutestatus must be between 100 and 999' -proxy.noroutestatus 10
refused '^\[FATAL\] .*invalid proxy.strategy: best$' -proxy.strategy best
refused '^\[FATAL\] .*invalid proxy.matcher: exact$' -proxy.matcher exact
refused '^\[FATAL\] .*proxy.maxconn must be at least 1, not 0$' -proxy.maxconn 0
refused '^\[FATAL\] .*proxy.shutdownwait must not be negative: -1s$' \
	-proxy.shutdownwait -1s
refused 'custom is not supported' -registry.backend custom
refused 'invalid or missing path to config file' -cfg

# --- the four reads, with nothing running but what keeps them apart ---

for path in agent/self 'health/state/any?consistent=' \
	'catalog/service/web?consistent='; do
	expect_eq "$(http_code "$catalog/v1/$path")" 200 "$path"
done
expect_eq "$(http_code "$catalog/v1/kv/fabio/config?consistent=&recurse=")" 404
expect_eq "$(curl -s "$catalog/v1/agent/self" | jq -r .Config.Datacenter)" dc1
index() { # CATALOG PATH: its index now
	curl -s -o /dev/null -D - "$1/v1/$2" | tr -d '\r' |
		sed -n 's/^X-Consul-Index: //p'
}
[ "$(index "$catalog" health/state/any)" -ge 1 ] || fail "no index"

# --- catalogs that are not as they should be: asked now and then, no more ---

fake=$((BASE + 21))
start fake python3 "$(dirname "$0")/lbd/catalog.py" "$fake"
eventually 5 curl -s "http://127.0.0.1:$fake/count"
for how in noindex constant noself; do
	curl -s "http://127.0.0.1:$fake/be/$how" >/dev/null
	start "fabio-$how" "$fabio" -registry.consul.addr "127.0.0.1:$fake" \
		-proxy.addr "127.0.0.1:$LB_PORT" -ui.addr "127.0.0.1:$LB_UI_PORT"
	eventually 5 curl -sf "$ui/health"
	[ $how = noself ] || eventually 3 lb_says /s 502
	sleep 1
	n=$(curl -s "http://127.0.0.1:$fake/count")
	[ "$n" -le 25 ] || fail "$how: $n requests"
	kill "$LAST_PID"
	wait "$LAST_PID" || true
done

# --- a second node, whose catalog it is that is asked ---

catalog2=http://127.0.0.1:$((BASE + 7))
mkdir -p "$TEST_DIR/run2" "$DATA/node2"
node2() {
	start node2 nodeagent -f "$TEST_DIR/nodeagent.conf" -r "$TEST_DIR/run2" \
		-o "data_dir=$DATA/node2" -o name=beta \
		-o "http=127.0.0.1:$((BASE + 11))" \
		-o "catalog_http=127.0.0.1:$((BASE + 7))"
	DAEMON[node2]=$LAST_PID
}
node2
eventually 10 curl -sf "$catalog2/v1/agent/self"
# Tasks run on the first one, so that news goes all the way.
beta() { curl -s "$NOMAD_ADDR/v1/nodes" | jq -er '.[] | select(.Name == "beta") | .ID'; }
eventually 10 beta
rove node eligibility -disable "$(beta)" >/dev/null

# --- started with nothing but ports: the command line, then environment,
# then file say what ---

cat >"$TEST_DIR/fabio.properties" <<EOF
# what the environment and the command line leave
registry.consul.addr = http://127.0.0.1:$((BASE + 7))/
ui.addr = 127.0.0.1:1
proxy.addr = 127.0.0.1:1
EOF
VERSION=7 FABIO_ui_addr=127.0.0.1:$LB_UI_PORT proxy_addr=127.0.0.1:2 \
	start fabio "$fabio" -cfg "http://127.0.0.1:$fake/file$TEST_DIR/fabio.properties" \
	-proxy.addr "127.0.0.1:$LB_PORT"
pid=$LAST_PID
eventually 5 curl -sf "$ui/health"
eventually 5 lb_says /web 404
expect_match "$(curl -s "$ui/routes")" 'Routing Table'
registered() { [ "$(curl -s "$catalog2/v1/health/service/fabio?passing" | jq length)" = 1 ]; }
eventually 5 registered

# --- a service with a tag ---

took() { # COMMAND...: how long until it succeeds, in ms, at most 2000
	local t0
	t0=$(date +%s%N)
	eventually 2 "$@"
	echo $((($(date +%s%N) - t0) / 1000000))
}
web_job web 1 >"$TEST_DIR/web.nomad"
rove job run -detach "$TEST_DIR/web.nomad" >"$TEST_DIR/run.out"
eventually 10 lb_says /web 200
expect_match "$(curl -s "$ui/api/routes")" '"/web"'
expect_match "$(curl -s "$ui/routes")" '<td>/web</td>'
expect_eq "$(curl -s "$catalog/v1/catalog/service/web" | jq -r '.[0].ServiceTags[0]')" 'urlprefix-/web'
curl -s "$catalog/v1/catalog/services" | jq -e '.web' >/dev/null || fail "no web"
rove job stop -detach web >"$TEST_DIR/stop.out"
echo "stopped: 404 after $(took lb_says /web 404) ms"

# --- one whose job asks for a check: a file that is there or not ---

mkdir "$TEST_DIR/www"
echo fine >"$TEST_DIR/www/ok"
cat >"$TEST_DIR/checked.nomad" <<EOF
job "checked" {
  group "g" {
    network {
      port "http" {}
    }
    update {
      health_check     = "checks"
      min_healthy_time = "100ms"
    }
    service {
      name     = "checked"
      port     = "http"
      provider = "nomad"
      tags     = ["urlprefix-/checked strip=/checked"]
      check {
        type     = "http"
        path     = "/ok"
        interval = "1s"
        timeout  = "1s"
      }
    }
    task "server" {
      driver = "raw_exec"
      config {
        command = "python3"
        args    = ["-m", "http.server", "-d", "$TEST_DIR/www", "\${NOMAD_PORT_http}"]
      }
      resources {
        cpu    = 20
        memory = 32
      }
    }
  }
}
EOF
rove job run -detach "$TEST_DIR/checked.nomad" >"$TEST_DIR/run.out"
eventually 10 lb_says /checked/ok 200
expect_eq "$(curl -s "$catalog2/v1/health/checks/checked" | jq -r '.[0].Status')" passing
mv "$TEST_DIR/www/ok" "$TEST_DIR/www/not"
eventually 5 lb_says /checked/not 404
expect_eq "$(curl -s "$catalog2/v1/health/checks/checked" | jq -r '.[0].Status')" critical
expect_eq "$(curl -s "$catalog2/v1/health/service/checked?passing")" '[]'
mv "$TEST_DIR/www/not" "$TEST_DIR/www/ok"
eventually 5 lb_says /checked/ok 200
rove job stop -detach checked >"$TEST_DIR/stop.out"
eventually 2 lb_says /checked/ok 404

# --- one that registers itself, with a check of its own ---

python3 tests/sys/web.py $((BASE + 20)) >"$TEST_DIR/own.log" 2>&1 &
PIDS+=($!)
put() { # PATH [BODY]
	curl -sf -X PUT ${2:+-d "$2"} "$catalog2/v1/$1" >/dev/null || fail "PUT $1"
}
put agent/service/register '{"ID":"own-1","Name":"own","Address":"127.0.0.1",
	"Port":'$((BASE + 20))',"Tags":["urlprefix-/own"],
	"Check":{"CheckID":"own-ttl","TTL":"1h"}}'
sleep 0.3
expect_eq "$(lb_code /own)" 404 "its check has not passed yet"
put agent/check/pass/own-ttl
echo "passing: 200 after $(took lb_says /own 200) ms"
put agent/check/fail/own-ttl
echo "critical: 404 after $(took lb_says /own 404) ms"
put agent/check/update/own-ttl '{"Status":"passing","Output":"again"}'
eventually 2 lb_says /own 200
put agent/service/register '{"ID":"own-1","Name":"own","Address":"127.0.0.1",
	"Port":'$((BASE + 20))',"Tags":["urlprefix-/other"]}'
eventually 2 lb_says /other 200
expect_eq "$(lb_code /own)" 404 "its tag is another now"
put agent/service/deregister/own-1
eventually 2 lb_says /other 404
eventually 2 lb_says /own 404

# --- the operator's keys ---

put 'kv/fabio/config?cas=0' "route add hand /hand http://127.0.0.1:$((BASE + 20))/"
eventually 2 lb_says /hand 200
expect_eq "$(curl -s -X PUT -d x "$catalog2/v1/kv/fabio/config?cas=1")" false
put kv/fabio/noroute.html '<p>nothing here</p>'
no_route_page() { [ "$(curl -s "http://127.0.0.1:$LB_PORT/none")" = '<p>nothing here</p>' ]; }
eventually 2 no_route_page
put kv/fabio/config 'route nonsense'
sleep 0.3
expect_eq "$(lb_code /hand)" 200 "what is no route command changes nothing"
curl -sf -X DELETE "$catalog2/v1/kv/fabio/config" >/dev/null
eventually 2 lb_says /hand 404

# --- a held request costs nothing and is answered by the change alone ---

at=$(index "$catalog2" health/service/quiet)
curl -s -m 10 -o /dev/null -w '%{time_total}' \
	"$catalog2/v1/health/service/quiet?index=$at&wait=8s" >"$TEST_DIR/held" &
held=$!
sleep 0.5
[ ! -s "$TEST_DIR/held" ] || fail "not held"
put agent/service/register '{"Name":"quiet"}'
wait $held
expect_match "$(cat "$TEST_DIR/held")" '^(0\.[3-9]|[1-4]\.)'

# --- the catalog goes away and comes back; the registration with it ---

down TERM node2
sleep 0.2
expect_eq "$(http_code "$ui/health")" 200
node2
eventually 20 registered # it looks every ten seconds, and after what failed

# --- what a stranger sends ---

expect_eq "$(http_code "$catalog/v1/health/service/web?index=x")" 400
expect_eq "$(http_code "$catalog/v1/kv/a%00b")" 404
expect_eq "$(http_code -X PUT -d '{' "$catalog/v1/agent/service/register")" 400
expect_eq "$(http_code "$catalog/v1/nope")" 404
expect_eq "$(head -c 2000000 /dev/zero | http_code -X PUT --data-binary @- "$catalog/v1/kv/big")" 413

# --- the end: out of the catalog, then gone ---

kill -TERM "$pid"
eventually 5 eval '! kill -0 '"$pid"
expect_eq "$(curl -s "$catalog2/v1/health/service/fabio" | jq length)" 0
down TERM node2 "${ALL[@]}"
