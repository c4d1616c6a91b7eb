#!/bin/bash
# HashiCorp's field workshop "Installing Nomad" asks for a server and three
# clients that run Docker, and has one do three steps, which are done here:
# telemetry, a job for Fabio in its old form and in today's,
# a web job that all three Fabios find, and a Prometheus that scrapes all four.
# Fabio is our own lbd under that name, in an image with nothing else.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/sys/devcluster.sh
. "$(dirname "$0")/devcluster.sh"

declare -A ADDR=([s1]=10.77.0.10 [c1]=10.77.0.11 [c2]=10.77.0.12 [c3]=10.77.0.13)

devcluster -docker up >"$TEST_DIR/up.out" || fail "up: $(cat "$TEST_DIR/up.out")"
members=$(on s1 rove server members | tail -n +2)
expect_match "$members" '^s1\.global +10\.77\.0\.10 +4648 +alive +true '
expect_eq "$(wc -l <<<"$members")" 1
expect_eq "$(on s1 rove node status | grep -c ' ready$')" 3

# --- Step 1: telemetry ---

for m in s1 "${CLIENTS[@]}"; do
	expect_eq "$(sed -n '/^telemetry {/,/^}/p' "$DC_DIR/$m/nomad.d/nomad.hcl")" \
		'telemetry {
  collection_interval = "1s"
  disable_hostname = true
  prometheus_metrics = true
  publish_allocation_metrics = true
  publish_node_metrics = true
}'
done

# --- Steps 2 and 3: Fabio ---

cat >"$TEST_DIR/fabio.nomad" <<'END'
job "fabio" {
  datacenters = ["dc1"]
  type = "system"

  group "fabio" {
    task "fabio" {
      driver = "docker"
      config {
        image = "fabiolb/fabio"
        network_mode = "host"
      }

      resources {
        cpu    = 100
        memory = 64
        network {
          mbits = 20
          port "lb" {
            static = 9999
          }
          port "ui" {
            static = 9998
          }
        }
      }
    }
  }
}
END

cat >"$TEST_DIR/fabio-today.nomad" <<'END'
job "fabio" {
  datacenters = ["dc1"]
  type        = "system"

  group "fabio" {
    network {
      port "lb" {
        static = 9999
      }
      port "ui" {
        static = 9998
      }
    }

    task "fabio" {
      driver = "docker"
      config {
        image        = "fabiolb/fabio"
        network_mode = "host"
        ports        = ["lb", "ui"]
      }

      resources {
        cpu    = 100
        memory = 64
      }
    }
  }
}
END

code() { # CLIENT PORT PATH: what the server's machine hears from there
	on s1 curl -s -o /dev/null -m 5 -w '%{http_code}' "http://${ADDR[$1]}:$2$3" || true
}

all_say() { # CODE PATH: at the balancers' port
	local c
	for c in "${CLIENTS[@]}"; do
		[ "$(code "$c" 9999 "$2")" = "$1" ] || return 1
	done
}

routes() { # CLIENT: how many its Fabio has
	on s1 curl -s "http://${ADDR[$1]}:9998/api/routes" | jq length
}

containers() { # CLIENT: the images of those that run there
	on "$1" docker ps --format '{{.Image}}' | sort | xargs
}

# Runs the job and reads what is printed as the workshop prints it.
run_fabio() { # FILE
	local c out
	out=$(on s1 rove job run "$1") || fail "job run: $out"
	expect_eq "$(sed -E 's/"[0-9a-f]{8}"/"ID"/g' <<<"$out")" \
		'==> Monitoring evaluation "ID"
    Evaluation triggered by job "fabio"
    Allocation "ID" created: node "ID", group "fabio"
    Allocation "ID" created: node "ID", group "fabio"
    Allocation "ID" created: node "ID", group "fabio"
    Evaluation status changed: "pending" -> "complete"
==> Evaluation "ID" finished with status "complete"' "$1"
	expect_eq "$(grep -o 'node "[0-9a-f]*"' <<<"$out" | sort -u | wc -l)" 3
	eventually 30 has_job_allocs fabio '.ClientStatus == "running"' 3
	eventually 10 all_say 404 /
	for c in "${CLIENTS[@]}"; do
		expect_eq "$(containers "$c")" fabiolb/fabio:latest "$c"
		expect_eq "$(code "$c" 9998 /routes)" 200
		expect_eq "$(routes "$c")" 0
	done
}

stop_fabio() {
	on s1 rove job stop -purge -detach fabio >/dev/null
	eventually 15 no_containers
}

no_containers() {
	local c
	for c in "${CLIENTS[@]}"; do
		[ -z "$(containers "$c")" ] || return 1
	done
}

run_fabio "$TEST_DIR/fabio.nomad"
stop_fabio
run_fabio "$TEST_DIR/fabio-today.nomad"

# --- a web job ---

cat >"$TEST_DIR/web.nomad" <<'END'
job "web" {
  datacenters = ["dc1"]

  group "web" {
    count = 2
    network {
      port "http" {}
    }
    update {
      min_healthy_time = "200ms"
    }
    service {
      name = "web"
      port = "http"
      tags = ["urlprefix-/web"]
      check {
        type     = "http"
        path     = "/web"
        interval = "1s"
        timeout  = "1s"
      }
    }

    task "httpd" {
      driver = "docker"
      config {
        image        = "rove/web"
        network_mode = "host"
        args = ["sh", "-c",
          "mkdir /www && echo hello from $NOMAD_ALLOC_ID >/www/web && exec httpd -f -p $NOMAD_PORT_http -h /www"]
      }
      resources {
        cpu    = 50
        memory = 32
      }
    }
  }
}
END

on s1 rove job run "$TEST_DIR/web.nomad" >"$TEST_DIR/run.out" ||
	fail "job run: $(cat "$TEST_DIR/run.out")"
eventually 10 all_say 200 /web
instances() { # CLIENT: how many answer through its Fabio
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		on s1 curl -s -m 5 "http://${ADDR[$1]}:9999/web"
	done | grep '^hello from' | sort -u | wc -l
}
both_answer() { [ "$(instances "$1")" = 2 ]; }
for c in "${CLIENTS[@]}"; do
	eventually 10 both_answer "$c"
	expect_eq "$(routes "$c")" 2
done

# --- the numbers ---

cat >"$TEST_DIR/prometheus.yml" <<END
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: nomad
    metrics_path: /v1/metrics
    params:
      format: [prometheus]
    static_configs:
      - targets: [$(printf '"%s:4646", ' "${ADDR[@]}")]
END
start prometheus on s1 prometheus --config.file="$TEST_DIR/prometheus.yml" \
	--storage.tsdb.path="$TEST_DIR/tsdb" --log.level=warn \
	--web.listen-address=127.0.0.1:9090

# It complains of style, which is Nomad's: exit 3. 1 is text that it cannot read.
for m in "${!ADDR[@]}"; do
	on s1 curl -sf "http://${ADDR[$m]}:4646/v1/metrics?format=prometheus" >"$TEST_DIR/$m.prom" ||
		fail "$m has no metrics"
	rc=0
	promtool check metrics <"$TEST_DIR/$m.prom" >"$TEST_DIR/lint" 2>&1 || rc=$?
	[ $rc -eq 0 ] || [ $rc -eq 3 ] || fail "promtool: $m: $(cat "$TEST_DIR/lint")"
done

asks() { # QUERY VALUE: what Prometheus has for it
	[ "$(on s1 curl -s -G http://127.0.0.1:9090/api/v1/query --data-urlencode "query=$1" |
		jq -r '.data.result[].value[1]')" = "$2" ]
}
eventually 15 asks 'sum(up)' 4
eventually 10 asks 'sum(nomad_nomad_job_summary_running{exported_job="fabio"})' 3
eventually 10 asks 'sum(nomad_nomad_job_summary_running{exported_job="web"})' 2
eventually 10 asks 'count(nomad_client_host_cpu_idle{cpu="cpu0"})' 3
[ "$(on c1 metricsctl get 'nomad_client*' | cut -f1 | sort -u | wc -l)" -gt 20 ] ||
	fail "metricsctl get 'nomad_client*'"

# --- the web job stops: nobody is sent there any more ---

on s1 rove job stop -detach web >/dev/null
eventually 2 all_say 404 /web
expect_eq "$(job_allocs fabio '.ClientStatus == "running"')" 3
stop_fabio
