#!/bin/bash
# Variables, asked of a follower: written, compared and set, listed, waited
# for, removed, and still there after a snapshot was brought back.
# shellcheck source=tests/sys/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/sys/servers.sh
. "$(dirname "$0")/servers.sh"

# put PATH JSON [QUERY]: the status, then the body
put() { curl -s -m 10 -w '%{http_code} ' -o "$TEST_DIR/out" -X PUT --data "$2" "$(url "$A")/v1/var/$1${3:-}" && cat "$TEST_DIR/out"; }
# field NAME TEXT: of the JSON in it
field() { jq -r ".$1" <<<"${2#* }"; }

for n in 1 2 3; do server "$n" 3; done
eventually 20 agree 1 2 3
read -r A B < <(others "$(leader_by 1)" | xargs)

# A follower has it written, and each server then knows it.
first=$(put app/db '{"Items":{"user":"u","pass":"p"}}')
expect_match "$first" '^200 .*"Items":\{"pass":"p","user":"u"\}.*"Namespace":"default","Path":"app/db"'
index=$(field ModifyIndex "$first")
expect_eq "$(field CreateIndex "$first")" "$index"
expect_eq "$(ask "$B" /v1/var/app/db | jq -r .Items.pass)" p
eventually 5 ask "$B" '/v1/var/app/db?stale'
expect_eq "$(curl -s "$(url "$B")/v1/var/app/none")" "variable not found"
expect_eq "$(http_code "$(url "$B")/v1/var/app/none")" 404

# Only who has seen the last one may write with cas; the other is shown it.
expect_match "$(put app/db '{"Items":{"user":"v"}}' '?cas=0')" "^409 .*\"ModifyIndex\":$index.*"
second=$(put app/db '{"Items":{"user":"v"}}' "?cas=$index")
expect_match "$second" '^200 '
expect_eq "$(field CreateIndex "$second")" "$index"
[ "$(field ModifyIndex "$second")" -gt "$index" ] || fail "the index did not grow"
conflict=$(put app/db '{"Items":{"user":"w"}}' "?cas=$index")
expect_match "$conflict" '^409 '
expect_eq "$(field Items.user "$conflict")" v
expect_match "$(put app/new '{"Items":{"a":"b"}}' '?cas=7')" '^409 .*"ModifyIndex":0'
expect_match "$(put app/new '{"Items":{"a":"b"}}' '?cas=0')" '^200 '
expect_match "$(put app/new '{"Items":{"a":"b"}}' '?cas=x')" '^400 can not parse cas: '

# What may not be written.
expect_eq "$(put app/db '{"Items":{}}')" "400 variable missing required Items object"
expect_eq "$(put app.db '{"Items":{"a":"b"}}')" '500 invalid path "app.db"'
expect_match "$(put nomad '{"Items":{"a":"b"}}')" '^500 "nomad" is a reserved '
expect_match "$(put nomad/jobs/x '{"Items":{"a":"b"}}')" '^200 '
expect_match "$(put app/db '{"Items":{"a":"b"}}' '?namespace=other')" '^500 variable "app/db" is in nonexistent namespace'
expect_match "$(put app/db '{"Items":{"a":"b"}}' '?lock-acquire')" '^501 lock-acquire: '
big=$(head -c 65536 /dev/zero | tr '\0' x)
expect_eq "$(put app/big "{\"Items\":{\"a\":\"$big\"}}")" "500 variables are limited to 64KiB in total size"
expect_match "$(put app/big "{\"Items\":{\"a\":\"${big#x}\"}}")" '^200 '

# Lists, without what is in them.
expect_eq "$(ask "$B" '/v1/vars?prefix=app/' | jq -r '.[].Path' | xargs)" "app/big app/db app/new"
expect_eq "$(ask "$B" '/v1/vars?per_page=2' | jq -r '.[].Path' | xargs)" "app/big app/db"
expect_eq "$(ask "$B" '/v1/vars?namespace=*' | jq '[.[] | .Items] | unique | .[]')" null

expect_eq "$(curl -s --data '{"Prefix":"app/n","Context":"vars"}' "$(url "$B")/v1/search" | jq -c .Matches.vars)" '["app/new"]'

# Who waits hears of it.
index=$(field ModifyIndex "$second")
ask "$B" "/v1/var/app/db?index=$index&wait=8s" >"$TEST_DIR/waited" &
waiter=$!
sleep 0.2
put app/db '{"Items":{"user":"x"}}' >/dev/null
wait "$waiter"
expect_eq "$(jq -r .Items.user "$TEST_DIR/waited")" x

# The command: from arguments, from what it printed, and only over what is seen.
export NOMAD_ADDR
NOMAD_ADDR=$(url "$A")
# shellcheck disable=SC2016 # no expression is meant
pass='a"b${c}'
expect_match "$(rove var put -out none cli/a user=u "pass=$pass")" '^Created variable "cli/a" with modify index [0-9]+$'
rove var put cli/a user=v >/dev/null 2>"$TEST_DIR/err" && fail "written over what was not seen"
expect_match "$(cat "$TEST_DIR/err")" 'Check-and-Set conflict.*check-index=[0-9]+ flag'
for form in hcl json; do
	rove var get -out $form cli/a >"$TEST_DIR/spec.$form"
	rove var put -in $form - "user=$form" note=x note= <"$TEST_DIR/spec.$form" >/dev/null
	expect_eq "$(rove var get -item user cli/a)" "$form"
	expect_eq "$(rove var get -item pass cli/a)" "$pass"
	rove var put "@$TEST_DIR/spec.$form" user=late 2>/dev/null && fail "an old specification was taken"
done
# From what `init` writes: in HCL the items are a block.
for form in hcl json; do
	(cd "$TEST_DIR" && rove var init -out $form)
	(cd "$TEST_DIR" && rove var init -out $form 2>/dev/null) && fail "written over a file"
	rove var put -force cli/b "@$TEST_DIR/spec.nv.$form" >/dev/null
	expect_eq "$(rove var get cli/b | jq -c .Items)" '{"key1":"value 1","key2":"value 2"}'
done
rove var purge cli/b >/dev/null
printf 'long\ntext' >"$TEST_DIR/value"
rove var put -force -out none cli/a "text=@$TEST_DIR/value" user=- <"$TEST_DIR/value" >/dev/null
expect_eq "$(rove var get cli/a | jq -c .Items)" '{"text":"long\ntext","user":"long\ntext"}'
expect_eq "$(rove var list -q cli/)" cli/a
expect_match "$(rove var list cli/)" $'^Namespace  Path   Last Updated\ndefault    cli/a  20'
expect_match "$(rove var get -out table cli/a)" 'Check Index += [0-9]+'
rove var purge -check-index 1 cli/a 2>"$TEST_DIR/err" && fail "another index was purged"
expect_match "$(cat "$TEST_DIR/err")" 'add the[[:space:]]+-check-index=[0-9]+ flag'
expect_eq "$(rove var purge cli/a)" 'Successfully purged variable "cli/a"!'
expect_eq "$(rove var get cli/a 2>&1)" "Variable not found"
expect_eq "$(rove var list cli/)" "No matching variables found"
expect_eq "$(rove var put cli/a 2>&1)" "Must supply data"

# A snapshot has them.
rove operator snapshot save "$TEST_DIR/state.snap" >/dev/null
expect_eq "$(http_code -X DELETE "$(url "$A")/v1/var/app/db?cas=1")" 409
expect_eq "$(http_code -X DELETE "$(url "$A")/v1/var/app/db")" 204
expect_eq "$(http_code "$(url "$B")/v1/var/app/db")" 404
expect_eq "$(http_code -X DELETE "$(url "$A")/v1/var/app/db")" 204
rove operator snapshot restore "$TEST_DIR/state.snap" >/dev/null
expect_eq "$(ask "$B" /v1/var/app/db | jq -r .Items.user)" x
