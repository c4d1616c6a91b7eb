#!/bin/bash
# The HTTP API as Nomad's users know it: status codes, error texts, headers,
# parameters, pages, blocking queries.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"

NONE=11111111-2222-3333-4444-555555555555 # of nothing

# answers CODE PATTERN PATH [METHOD [BODY]]; the body is then in $BODY
answers() {
	local code=$1 pattern=$2 path=$3 method=${4:-GET} data=${5-} got
	BODY=$(curl -sS -m 30 -X "$method" ${5+--data-binary "$data"} \
		-w '\n%{http_code}' "$NOMAD_ADDR$path" 2>&1) ||
		fail "$method $path: curl ends with $?: $BODY"
	got=${BODY##*$'\n'}
	BODY=${BODY%$'\n'*}
	expect_eq "$got" "$code" "$method $path: $BODY"
	[[ "$BODY" =~ $pattern ]] ||
		fail "$method $path: no '$pattern' in '${BODY:0:500}'"
}

header() { # NAME PATH: the header's value
	curl -sS -m 30 -o /dev/null -D - "$NOMAD_ADDR$2" | tr -d '\r' |
		sed -n "s/^$1: //Ip"
}

get() { # PATH [JQ]: one line
	curl -sSf -m 30 "$NOMAD_ADDR$1" | jq -cr "${2:-.}"
}

# becomes EXPECTED PATH [JQ]: soon, for what others bring about
becomes() {
	is_now() { GOT=$(get "$2" "${3:-.}") && [ "$GOT" = "$1" ]; }
	local end=$((SECONDS + 20))
	until is_now "$@"; do
		[ $SECONDS -lt $end ] || expect_eq "$GOT" "$1" "$2 in 20 s"
		sleep 0.05
	done
}

sleep_job() { # ID COUNT [TYPE]: a registration
	cat <<-END
		{"Job": {"ID": "$1", "Name": "$1", "Type": "${3:-service}", "TaskGroups": [
		  {"Name": "g", "Count": $2,
		   "Services": [{"Name": "s-${1/\//-}", "Provider": "nomad", "Tags": ["t"]}],
		   "Tasks": [{"Name": "main", "Driver": "mock_driver",
		              "Config": {"run_for": "600s"},
		              "Resources": {"CPU": 20, "MemoryMB": 16}}]}]}}
	END
}

register() { # ID COUNT [TYPE]
	answers 200 '"EvalID":"[0-9a-f-]{36}"' /v1/jobs PUT "$(sleep_job "$@")"
}

cluster_up

# --- what does not exist, and what is wrong ---

answers 404 '^$' /v1/nothing
answers 307 '^$' /
answers 400 'escape' /v1/allocation/a%00b
answers 400 'escape' /v1/allocation/%zz
answers 500 '^No path to region$' '/v1/jobs?region=other'
answers 200 '^\[\]$' '/v1/jobs?region=global'
answers 200 'Missing job task groups' /v1/validate/job PUT '{"Job":{"ID":"x"}}'
answers 405 '^Invalid method$' /v1/jobs DELETE
answers 405 '^Invalid method$' /v1/system/gc POST
answers 400 '^Invalid index$' '/v1/jobs?index=x'
answers 400 '^Invalid wait time$' '/v1/jobs?index=1&wait=x'
answers 400 'stale' '/v1/jobs?stale=perhaps'
answers 400 'per_page' '/v1/jobs?per_page=x'
answers 400 'failed to create result paginator' '/v1/jobs?filter=a'
answers 500 '^No path to region$' '/v1/jobs?region=nope'
answers 200 '' '/v1/jobs?region=global'
answers 200 '' '/v1/agent/self?region=nope'
periodic=$(sleep_job night 1 batch)
periodic=${periodic/\"Type\"/\"Periodic\": {\"Spec\": \"0 3 * * *\", \"SpecType\": \"cron\"\}, \"Type\"}
answers 500 'periodic jobs are not launched' /v1/jobs PUT "$periodic"
answers 500 'periodic jobs are not launched' /v1/job/night/plan PUT "$periodic"
answers 200 '"ValidationErrors":(null|\[\])' /v1/validate/job PUT "$periodic"
answers 404 '^job not found$' /v1/job/none
answers 404 '^job not found$' /v1/job/none/summary
answers 404 '^job not found$' /v1/job/none/scale
answers 404 '^job versions not found$' /v1/job/none/versions
answers 404 '^job source not found$' /v1/job/none/submission
answers 200 '^\[\]$' /v1/job/none/allocations
answers 200 '^\[\]$' /v1/job/none/evaluations
answers 200 '^\[\]$' /v1/job/none/deployments
answers 200 '^null$' /v1/job/none/deployment
answers 404 '^alloc not found$' "/v1/allocation/$NONE"
answers 404 '^eval not found$' "/v1/evaluation/$NONE"
answers 404 '^node not found$' "/v1/node/$NONE"
answers 404 '^deployment not found$' "/v1/deployment/$NONE"
answers 404 '^deployment not found$' "/v1/deployment/fail/$NONE" PUT
answers 500 '^alloc lookup failed: .*36 characters$' /v1/allocation/x
answers 500 '^eval lookup failed: .*36 characters$' /v1/evaluation/x
answers 500 '^node lookup failed: .*36 characters$' /v1/node/x
answers 500 '^deployment lookup failed: .*36 characters$' /v1/deployment/x
answers 500 '^alloc lookup failed: .*even length' '/v1/allocations?prefix=abc'
answers 500 '^node lookup failed: ' '/v1/nodes?prefix=zz'
answers 404 "^Unknown allocation \"$NONE\"\$" "/v1/client/fs/logs/$NONE"
answers 404 '^Unknown node "x"$' '/v1/client/stats?node_id=x'
answers 400 '^Request body is empty$' /v1/jobs POST
answers 400 'parse error' /v1/jobs POST '{'
answers 400 '^Job must be specified$' /v1/jobs POST '{}'
answers 400 'does not match' /v1/job/other POST "$(sleep_job one 1)"
answers 500 $'^1 error occurred:\n\t\\* Missing job task groups' /v1/jobs POST '{"Job":{"ID":"x"}}'
answers 400 '^Failed to parse job: ' /v1/jobs/parse POST '{"JobHCL":"job {"}'
answers 400 '^ACL support disabled$' /v1/acl/tokens
answers 501 '^Nomad Enterprise only endpoint$' /v1/quotas

# --- headers ---

expect_match "$(header X-Nomad-Index /v1/jobs)" '^[1-9][0-9]*$'
expect_match "$(header X-Nomad-Index /v1/job/none)" '^[1-9][0-9]*$'
expect_eq "$(header X-Nomad-KnownLeader /v1/jobs)" true
expect_eq "$(header X-Nomad-LastContact /v1/jobs)" 0
expect_eq "$(header Content-Type /v1/jobs)" application/json
expect_eq "$(header Content-Type /v1/job/none)" 'text/plain; charset=utf-8'
expect_eq "$(header Location /)" /ui/
expect_eq "$(header Access-Control-Allow-Origin /v1/client/stats)" '*'

# --- jobs; ids may hold slashes ---

for id in one two 'three/four'; do register "$id" 1; done
register two 2
eventually 20 has_allocs one running 1
eventually 20 has_allocs two running 2
eventually 20 has_allocs three/four running 1
answers 200 '"ID":"three/four"' /v1/job/three%2Ffour
answers 200 '"ID":"three/four"' /v1/job/three/four
expect_eq "$(get /v1/job/three%2Ffour/allocations 'length')" 1
answers 200 '"Error":""' /v1/validate/job PUT "$(sleep_job one 1)"
answers 200 '"Diff":' /v1/job/one/plan PUT "$(sleep_job one 3)"
answers 200 '"EvalID"' /v1/job/one/evaluate PUT '{"JobID":"one"}'
answers 200 '"Name":"p"' /v1/jobs/parse PUT '{"JobHCL":"job \"p\" {\n group \"g\" {\n task \"t\" {\n driver = \"mock_driver\"\n }\n }\n }"}'
expect_eq "$(get '/v1/job/two/versions?diffs=true' '[.Versions, .Diffs | length]')" '[2,1]'
expect_eq "$(get '/v1/job/two/versions' '.Diffs')" null
expect_eq "$(get '/v1/jobs?prefix=t' '[.[].ID]')" '["three/four","two"]'
expect_eq "$(get '/v1/jobs?prefix=none')" '[]'
expect_eq "$(get '/v1/jobs?namespace=*' length)" 3
expect_eq "$(get '/v1/jobs?namespace=other')" '[]'
answers 404 'job not found' '/v1/job/one?namespace=other'
answers 200 $'^\\[\n    \\{\n        "' '/v1/jobs?pretty'
answers 200 '^\[\{"' '/v1/jobs?pretty=0'
answers 404 '' '/v1/job/one/none'

# --- pages ---

expect_eq "$(get '/v1/jobs?per_page=2' '[.[].ID]')" '["one","three/four"]'
token=$(header X-Nomad-NextToken '/v1/jobs?per_page=2')
expect_eq "$(get "/v1/jobs?per_page=2&next_token=$token" '[.[].ID]')" '["two"]'
expect_eq "$(header X-Nomad-NextToken "/v1/jobs?per_page=2&next_token=$token")" ''
expect_eq "$(get '/v1/jobs?reverse=true' '[.[].ID]')" '["two","three/four","one"]'
# The pages hold what the list holds, if that is the same before and after.
in_pages() {
	local all walked='[]' token='' page
	all=$(get "/v1/$1" '[.[].ID]')
	while :; do
		page="/v1/$1?per_page=1&next_token=$token"
		walked=$(jq -c ". + $(get "$page" '[.[].ID]')" <<<"$walked")
		token=$(header X-Nomad-NextToken "$page")
		[ -n "$token" ] || break
		[ ${#walked} -lt 10000 ] || fail "$1 grow without end: $walked"
	done
	[ "$(get "/v1/$1?reverse=true" '[.[].ID] | reverse')" = "$all" ] &&
		[ "$(get "/v1/$1" '[.[].ID]')" = "$all" ] && [ "$walked" = "$all" ]
}
for list in allocations evaluations deployments; do
	eventually 30 in_pages $list
	expect_eq "$(get "/v1/$list" '[.[].CreateIndex] == ([.[].CreateIndex] | sort)')" true
done

# --- allocations, evaluations, nodes ---

alloc=$(get /v1/job/one/allocations '.[0].ID')
expect_eq "$(get "/v1/allocations?prefix=${alloc:0:8}" '[.[].ID]')" "[\"$alloc\"]"
expect_eq "$(get "/v1/allocations?prefix=${alloc:0:8}" '.[0].TaskStates.main.State')" running
expect_eq "$(get "/v1/allocations?task_states=false" '[.[].TaskStates] | unique')" '[null]'
expect_eq "$(get "/v1/allocations" '[.[].AllocatedResources] | unique')" '[null]'
expect_eq "$(get "/v1/allocations?prefix=${alloc:0:8}&resources=true" '.[0].AllocatedResources.Tasks.main.Cpu.CpuShares')" 20
expect_eq "$(get "/v1/allocation/$alloc" '[.Job.ID, .Name]')" '["one","one.g[0]"]'
becomes '["s-one"]' "/v1/allocation/$alloc/services" '[.[].ServiceName]'
eval=$(get "/v1/allocation/$alloc" .EvalID)
expect_eq "$(get "/v1/evaluation/$eval" '[.JobID, .Status, .RelatedEvals]')" '["one","complete",null]'
expect_eq "$(get "/v1/evaluation/$eval/allocations" '[.[].ID]')" "[\"$alloc\"]"
expect_eq "$(get '/v1/evaluations?job=two' '[.[].JobID] | unique')" '["two"]'
expect_eq "$(get '/v1/evaluations?status=failed')" '[]'
counts_agree() { [ "$(get /v1/evaluations/count .Count)" = "$(get /v1/evaluations length)" ]; }
eventually 20 counts_agree
node=$(get /v1/nodes '.[0].ID')
expect_eq "$(get "/v1/nodes?prefix=${node:0:6}&os=true" '.[0].Attributes | keys')" '["os.name"]'
expect_eq "$(get /v1/nodes '.[0] | [.Attributes, .NodeResources]')" '[null,null]'
expect_eq "$(get '/v1/nodes?resources=true' '.[0].NodeResources.Memory.MemoryMB > 0')" true
expect_eq "$(get "/v1/node/$node" '[.ID, .SecretID]')" "[\"$node\",null]"
expect_eq "$(get "/v1/node/$node/allocations" length)" 4
expect_eq "$(get /v1/node/pools '[.[].Name]')" '["all","default"]'
expect_eq "$(get /v1/node/pool/all .Name)" all
expect_eq "$(get /v1/node/pool/all/nodes '[.[].ID]')" "[\"$node\"]"
expect_eq "$(get /v1/node/pool/default/jobs length)" 3
answers 404 'node pool not found' /v1/node/pool/none
answers 400 'prefix' '/v1/node/pool/all/nodes?prefix=a'
answers 200 '^$' /v1/node/pools PUT '{"Name": "gpu", "Description": "fast ones",
	"SchedulerConfiguration": {"SchedulerAlgorithm": "spread"}}'
expect_eq "$(get /v1/node/pools '[.[].Name]')" '["all","default","gpu"]'
expect_eq "$(get /v1/node/pool/gpu '[.Description, .Meta, .SchedulerConfiguration]')" \
	'["fast ones",null,{"MemoryOversubscriptionEnabled":null,"SchedulerAlgorithm":"spread"}]'
answers 200 '^$' /v1/node/pool/gpu PUT '{"Name": "gpu"}'
expect_eq "$(get /v1/node/pool/gpu .SchedulerConfiguration)" null
answers 400 'name does not match' /v1/node/pool/cpu PUT '{"Name": "gpu"}'
answers 400 'modifying node pool "all" is not allowed' /v1/node/pools PUT '{"Name": "all"}'
answers 400 'invalid name "a b"' /v1/node/pools PUT '{"Name": "a b"}'
answers 400 'deleting node pool "default" is not allowed' /v1/node/pool/default DELETE
in_pool() { echo "{\"Job\": {\"ID\": \"pooled\", \"NodePool\": \"$1\", \"TaskGroups\": [{\"Name\": \"g\", \"Tasks\": [{\"Name\": \"t\", \"Driver\": \"mock_driver\"}]}]}}"; }
for what in s /pooled/plan; do
	answers 500 'job "pooled" is in nonexistent node pool "cpu"' "/v1/job$what" PUT "$(in_pool cpu)"
done
answers 200 'EvalID' /v1/jobs PUT "$(in_pool gpu)"
answers 400 'has non-terminal jobs' /v1/node/pool/gpu DELETE
answers 200 'EvalID' '/v1/job/pooled?purge=true' DELETE
answers 200 '^$' /v1/node/pool/gpu DELETE
answers 404 'node pool gpu not found' /v1/node/pool/gpu DELETE
expect_eq "$(get /v1/namespaces '[.[].Name]')" '["default"]'
answers 404 'Namespace not found' /v1/namespace/none
becomes '["s-one","s-three-four","s-two"]' /v1/services '.[0].Services | map(.ServiceName) | sort'
becomes 2 /v1/service/s-two length
expect_eq "$(get /v1/service/none)" '[]'

# --- agent and operator ---

becomes "127.0.0.1:$RPC_PORT" /v1/status/leader
expect_eq "$(get /v1/status/peers)" "[\"127.0.0.1:$RPC_PORT\"]"
expect_eq "$(get /v1/regions)" '["global"]'
becomes alpha.global /v1/agent/members '.Members[0].Name'
becomes "$SERF_PORT" /v1/agent/members '.Members[0].Port'
# Its node's part comes from nodeagent, which has half a second for it.
becomes '["config","member","stats"]' /v1/agent/self keys
becomes "$node" /v1/agent/self .stats.client.node_id
becomes '[true,true]' /v1/agent/health '[.client.ok, .server.ok]'
becomes '["client"]' '/v1/agent/health?type=client' keys
expect_eq "$(get '/v1/agent/health?type=server' keys)" '["server"]'
expect_eq "$(get /v1/operator/raft/configuration '.Servers[0].Leader')" true
config=/v1/operator/scheduler/configuration
answers 200 '"Updated":true' $config PUT '{"SchedulerAlgorithm":"spread"}'
expect_eq "$(get $config .SchedulerConfig.SchedulerAlgorithm)" spread
answers 200 '"Updated":false' "$config?cas=1" PUT '{"SchedulerAlgorithm":"binpack"}'
at=$(get $config .SchedulerConfig.ModifyIndex)
answers 200 '"Updated":true' "$config?cas=$at" PUT '{"SchedulerAlgorithm":"binpack"}'
answers 500 'scheduler algorithm' $config PUT '{"SchedulerAlgorithm":"x"}'
answers 200 '^$' /v1/system/gc PUT
answers 200 '^$' /v1/system/reconcile/summaries PUT

# --- search ---

answers 200 '"jobs":\["two"\]' /v1/search POST '{"Prefix":"tw","Context":"all"}'
answers 200 "\"allocs\":\\[\"$alloc\"\\]" /v1/search PUT "{\"Prefix\":\"${alloc:0:7}\",\"Context\":\"allocs\"}"
expect_eq "$(jq -c '.Matches | keys' <<<"$BODY")" '["allocs"]'
answers 500 'unknown context' /v1/search POST '{"Prefix":"tw","Context":"none"}'
answers 200 '"tasks":\[\{"ID":"main","Scope":\["default","one","g"\]}' /v1/search/fuzzy POST '{"Text":"AIN"}'
answers 500 'at least 2' /v1/search/fuzzy POST '{"Text":"a"}'

# --- blocking queries ---

# in_background PATH: its answer lands in $TEST_DIR/held; WAITER is its pid
in_background() {
	curl -s -m 20 -o "$TEST_DIR/held" -D "$TEST_DIR/held.head" "$NOMAD_ADDR$1" &
	WAITER=$!
	sleep 0.3
	kill -0 $WAITER || fail "$1 does not wait"
}

# A batch job: no deployment ends and changes it meanwhile.
register calm 1 batch
eventually 20 has_allocs calm running 1

# It is over after `wait`, and not much later than a sixteenth of it.
at=$(header X-Nomad-Index /v1/job/calm)
in_time() { # INDEX
	local begin took
	begin=$(now_ms)
	answers 200 '"ID":"calm"' "/v1/job/calm?index=$1&wait=400ms"
	took=$(($(now_ms) - begin))
	[ $took -ge 400 ] || fail "waited $took ms for 400"
	[ $took -lt 1500 ]
}
for index in "$at" 99999999; do eventually 20 in_time "$index"; done
# Index 0 does not wait, nor one that has passed.
answers 200 '"ID":"calm"' '/v1/job/calm?index=0&wait=20s'
answers 200 '"ID":"calm"' "/v1/job/calm?index=$((at - 1))&wait=20s"
# A change wakes it, with an index that is later; one of another job does not.
in_background "/v1/job/calm?index=$at&wait=20s"
register two 1
sleep 0.3
kill -0 $WAITER || fail 'another job woke it'
register calm 2 batch
wait $WAITER
expect_eq "$(jq .TaskGroups[0].Count "$TEST_DIR/held")" 2
[ "$(tr -d '\r' <"$TEST_DIR/held.head" | sed -n 's/^X-Nomad-Index: //p')" -gt "$at" ] ||
	fail 'the index did not grow'
# So does what begins to exist, and what goes.
in_background "/v1/job/new?index=$(header X-Nomad-Index /v1/job/new)&wait=20s"
register new 1
wait $WAITER
expect_eq "$(jq -r .ID "$TEST_DIR/held")" new
in_background "/v1/job/new?index=$(header X-Nomad-Index /v1/job/new)&wait=20s"
for p in 0 101 50x -1 ''; do
	answers 400 'eval priority must be between 1 and 100' "/v1/job/new?eval_priority=$p" DELETE
done
answers 200 '"EvalID"' '/v1/job/new?purge=true' DELETE
wait $WAITER
expect_eq "$(cat "$TEST_DIR/held")" 'job not found'
# What ran for a job that was purged is not of the one that has its name now.
for n in 1 2; do
	register anew 1
	eventually 20 has_allocs anew running 1
	expect_eq "$(get /v1/job/anew/allocations length)" 1
	expect_eq "$(get '/v1/job/anew/allocations?all=true' length)" "$n"
	answers 200 '"EvalID"' '/v1/job/anew?purge=true' DELETE
done
# One that was woken for nothing still ends in time.
in_background "/v1/job/calm?index=99999999&wait=900ms"
register calm 1 batch
wait $WAITER
expect_eq "$(jq .TaskGroups[0].Count "$TEST_DIR/held")" 1
# A client that leaves is forgotten.
in_background "/v1/jobs?index=99999999&wait=20s"
kill $WAITER
register one 3
eventually 20 has_allocs one running 3

# --- deployments ---

d=$(get /v1/job/one/deployment .ID)
answers 400 'does not match' "/v1/deployment/pause/$d" PUT "{\"DeploymentID\":\"$NONE\",\"Pause\":true}"
answers 400 'All must be true' "/v1/deployment/promote/$d" PUT "{\"DeploymentID\":\"$d\"}"
answers 200 '"DeploymentModifyIndex":[1-9]' "/v1/deployment/pause/$d" PUT "{\"DeploymentID\":\"$d\",\"Pause\":true}"
expect_eq "$(get "/v1/deployment/$d" .Status)" paused
answers 200 '"EvalID":"[0-9a-f-]{36}"' "/v1/deployment/pause/$d" PUT "{\"DeploymentID\":\"$d\",\"Pause\":false}"
answers 500 'no canaries' "/v1/deployment/promote/$d" PUT "{\"DeploymentID\":\"$d\",\"All\":true}"
answers 200 '"EvalID":"[0-9a-f-]{36}"' "/v1/deployment/fail/$d" PUT
expect_eq "$(get "/v1/deployment/$d" .Status)" failed
expect_eq "$(get "/v1/deployment/allocations/$d" 'length > 0')" true

# --- a node's own paths, by way of the server and straight to the node ---

cat >"$TEST_DIR/files.sh" <<'END'
trap exit USR1
cd local || exit
echo 0123456789 >ten
printf 'a\0b' >bin
[ -e link ] || ln -s ten link
[ -e pipe ] || mkfifo pipe
truncate -s 70000000 big
chmod 640 ten
echo out
echo err >&2
while :; do sleep 0.1; done
END
cat >"$TEST_DIR/files.json" <<END
{"Job": {"ID": "files", "Name": "files", "Type": "service", "TaskGroups": [{"Name": "g", "Tasks": [
  {"Name": "sh", "Driver": "raw_exec", "Resources": {"CPU": 20, "MemoryMB": 16},
   "Config": {"command": "/bin/sh", "args": ["$TEST_DIR/files.sh"]}},
  {"Name": "later", "Driver": "mock_driver", "Config": {"start_block_for": "600s"},
   "Resources": {"CPU": 20, "MemoryMB": 16}}]}]}}
END
answers 200 EvalID /v1/jobs PUT "$(cat "$TEST_DIR/files.json")"
alloc=
files_alloc() { alloc=$(get /v1/job/files/allocations '.[0].ID') && [ ${#alloc} = 36 ]; }
has_said() { # STREAM TEXT
	[ "$(curl -sf -m 5 "$NOMAD_ADDR/v1/client/fs/logs/$alloc?task=sh&type=$1&plain=true")" = "$2" ]
}
eventually 20 files_alloc
eventually 20 has_said stdout out
eventually 20 has_said stderr err
server=$NOMAD_ADDR
for NOMAD_ADDR in "$server" "http://127.0.0.1:$NODE_PORT"; do
	fs=/v1/client/fs
	expect_eq "$(get "$fs/ls/$alloc?path=/" '[.[] | [.Name, .IsDir]]')" '[["alloc",true],["later",true],["sh",true]]'
	expect_eq "$(get "$fs/ls/$alloc?path=sh/local" '[.[] | [.Name, .FileMode[0:4], .Size, .ContentType]]')" \
		'[["big","-rw-",70000000,"application/octet-stream"],["bin","-rw-",3,"application/octet-stream"],["link","Lrwx",3,"application/octet-stream"],["pipe","prw-",0,"application/octet-stream"],["ten","-rw-",11,"text/plain; charset=utf-8"]]'
	expect_eq "$(get "$fs/stat/$alloc?path=sh/local/ten" '[.Name, .FileMode, .Size, .IsDir]')" '["ten","-rw-r-----",11,false]'
	expect_eq "$(get "$fs/stat/$alloc?path=alloc/tmp/" '[.Name, .FileMode, .IsDir]')" '["tmp","dtrwxrwxrwx",true]'
	answers 404 'no such file or directory' "$fs/stat/$alloc?path=sh/none"
	answers 404 'no such file or directory' "$fs/ls/$alloc?path=none"
	answers 403 'prohibited' "$fs/ls/$alloc?path=sh/secrets"
	answers 200 '^0123456789' "$fs/cat/$alloc?path=sh/local/ten"
	answers 200 '^0123456789' "$fs/cat/$alloc?path=sh/local/link"
	answers 200 '^345$' "$fs/readat/$alloc?path=sh/local/ten&offset=3&limit=3"
	answers 200 '^$' "$fs/readat/$alloc?path=sh/local/ten&offset=30&limit=3"
	answers 400 'error parsing offset' "$fs/readat/$alloc?path=sh/local/ten"
	answers 400 'error parsing limit' "$fs/readat/$alloc?path=sh/local/ten&offset=1&limit=-1"
	answers 400 'not a regular file' "$fs/cat/$alloc?path=sh/local"
	answers 400 'not a regular file' "$fs/cat/$alloc?path=sh/local/pipe"
	answers 400 'must provide a file name' "$fs/cat/$alloc"
	answers 400 'must provide a file name' "$fs/stream/$alloc"
	answers 404 'no such file' "$fs/stream/$alloc?path=none"
	expect_eq "$(curl -s -m 20 "$NOMAD_ADDR$fs/cat/$alloc?path=sh/local/big" | wc -c)" 70000000
	expect_eq "$(get "$fs/stream/$alloc?path=sh/local/ten&follow=false&origin=end&offset=4" '[(.Data | @base64d), .File, .Offset]')" \
		'["789\n","sh/local/ten",11]'
	answers 400 'must provide task name' "$fs/logs/$alloc"
	answers 400 'must provide log type' "$fs/logs/$alloc?task=sh"
	answers 400 'unknown task name "x"' "$fs/logs/$alloc?task=x&type=stdout"
	answers 404 'not started yet' "$fs/logs/$alloc?task=later&type=stdout"
	answers 400 'error parsing follow' "$fs/logs/$alloc?task=sh&type=stdout&follow=x"
	answers 400 'error parsing offset' "$fs/logs/$alloc?task=sh&type=stdout&offset=x"
	answers 400 'origin must be start or end' "$fs/logs/$alloc?task=sh&type=stdout&origin=x"
	expect_eq "$(get "$fs/logs/$alloc?task=sh&type=stderr" '[(.Data | @base64d), .File, .Offset]')" \
		'["err\n","alloc/logs/sh.stderr.0",4]'
	expect_eq "$(header Access-Control-Allow-Origin "$fs/ls/$alloc?path=/")" '*'
	expect_eq "$(header Content-Type "$fs/logs/$alloc?task=sh&type=stdout")" application/json
	a=/v1/client/allocation/$alloc
	becomes '[["later","sh"]]' "$a/stats" '[.Tasks | keys]'
	becomes '["sh"]' "$a/stats?task=sh" '.Tasks | keys'
	expect_eq "$(get "$a/checks")" '{}'
	expect_eq "$(get "/v1/allocation/$alloc/checks")" '{}'
	answers 400 'escape' "$fs/ls/%zz"
	answers 500 'unknown signal' "$a/signal" PUT '{"Signal":"SIGNONE","Task":"sh"}'
	answers 500 'Task not running' "$a/signal" PUT '{"Signal":"SIGHUP","Task":"none"}'
	answers 500 'Task not running' "$a/restart" PUT '{"TaskName":"none"}'
	answers 405 'Invalid method' "$a/restart" GET
	answers 500 'unable to collect' "$a/gc"
	expect_eq "$(get "/v1/client/stats?node_id=$node" '.Memory.Total > 0')" true
	answers 404 'Unknown node' "/v1/client/stats?node_id=$NONE"
	answers 404 "^Unknown allocation \"$NONE\"\$" "$fs/ls/$NONE"
	answers 200 '"ID":"one"' /v1/job/one
done
answers 200 '^\{\}$' "$a/restart" PUT '{"TaskName":"sh"}'
eventually 20 has_said stdout $'out\nout'
answers 200 '^\{\}$' "$a/signal" PUT '{"Signal":"SIGUSR1","Task":"sh"}'
was_signalled() { get "/v1/allocation/$alloc" '.TaskStates.sh.Events[].Type' | grep -q Signaling; }
eventually 20 was_signalled

down TERM "${ALL[@]}"
