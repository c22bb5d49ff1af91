#!/usr/bin/env bash
# The demo: a whole domain from nothing, on real records, with every party's own commands.
#
#   demo.sh BUILD [--serve] [--keep DIR] [--quiet]
#
# BUILD is the meson build folder. --serve leaves the domain up until Ctrl-C. --keep uses DIR and
# leaves it; otherwise a temporary folder is removed at the end. Called by ./run demo and ./run serve.
set -euo pipefail

build=$(cd "$1" && pwd)
shift
root=$(cd "$(dirname "$0")/../.." && pwd)
serve=no keep='' listen=127.0.0.1:0
while [ $# -gt 0 ]; do
    case $1 in
    --serve) serve=yes listen=127.0.0.1:7443 ;;
    --keep) keep=$2; shift ;;
    --listen) listen=$2; shift ;;
    *) echo "demo.sh: $1?" >&2; exit 2 ;;
    esac
    shift
done

shuyu=$build/sdk/cli/shuyu
audit=$build/policies/audit/shuyu-audit
example=$build/sdk/client/example-burden
packs=$root/policies/packs/demo
work=${keep:-$(mktemp -d)}
mkdir -p "$work"
chmod 700 "$work"
domain=$work/domain
supervisor=0

finish() {
    if [ "$supervisor" -ne 0 ]; then
        kill "$supervisor" 2>/dev/null || true
        wait "$supervisor" 2>/dev/null || true
    fi
    [ -n "$keep" ] || rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
as() { local party=$1; shift; "$shuyu" --home "$work/$party" "$@"; }
local_as() { local party=$1; shift; "$shuyu" --home "$work/$party" --local "$domain/run/local.sock" "$@"; }

# A command that the domain must refuse; its words are the demo.
refused() {
    if "$@"; then
        echo "demo: this should have been refused: $*" >&2
        exit 1
    fi
}

json_field() { sed -n "s/^ *\"$1\": \"\([^\"]*\)\".*/\1/p" | head -n 1; }

new_party() { # ID ROLE NAME
    as "$1" party new --party "$1" >/dev/null
}

enrol() { # ID ROLE NAME
    new_party "$1"
    as agency party invite --party "$1" --role "$2" --name "$3" --out "$work/$1.invite"
    as "$1" party enrol --invite "$work/$1.invite" --address "$address"
}

make_domain() {
    say '1. 建域 A domain: agency and operator bring their own keys and both sign its genesis'
    new_party agency
    new_party operator
    as agency party record --name '区大数据局' --role agency --out "$work/agency.record"
    as operator party record --name '区数据运营公司' --role operator --out "$work/operator.record"
    "$shuyu" init --domain "$domain" --agency "$work/agency.record" --operator "$work/operator.record" \
        --name demo.shuyu.example/log --purpose test >/dev/null
    as agency sign "$domain/genesis.req"
    as operator sign "$domain/genesis.req"
}

start_domain() {
    coproc SERVE { exec "$build/enclave/supervisor/shuyu-supervisor" --domain "$domain" --listen "$listen" \
        2>"$work/domain.log"; }
    supervisor=$SERVE_PID
    local word
    if ! read -r -t 20 word address <&"${SERVE[0]}" || [ "$word" != ready ]; then
        cat "$work/domain.log" >&2
        echo 'demo: the domain did not start' >&2
        exit 1
    fi
    echo "up at $address"
}

enrol_parties() {
    as agency party pin --genesis "$domain/genesis.req" --address "$address" --role agency
    as operator party pin --genesis "$domain/genesis.req" --address "$address" --role operator
    say '2. 入驻 Policy pack and parties, by signed invitation'
    as agency pack adopt "$packs/pack.yaml"
    enrol health department '区卫生健康局'
    enrol statistics department '区统计局'
    enrol acme developer '某健康科技公司'
    enrol auditor auditor '审计局'
}

ingest() {
    say '3. 汇集 Catalogue and data: files go by descriptor to a sealed worker'
    local name table
    for name in persons measurements events; do
        as health dataset define "$packs/$name.yaml"
    done
    as statistics dataset define "$packs/streets.yaml"
    for table in persons:nafld1_persons measurements:nafld2_measurements events:nafld3_events; do
        zstd -dcq "$root/tests/data/${table#*:}.csv.zst" >"$work/raw.csv"
        echo "nafld.${table%:*}:"
        local_as health dataset ingest "nafld.${table%:*}" "$work/raw.csv"
        rm "$work/raw.csv"
    done
    zstd -dcq "$root/tests/data/china_streets.csv.zst" >"$work/raw.csv"
    echo 'nbs.streets:'
    local_as statistics dataset ingest nbs.streets "$work/raw.csv"
    rm "$work/raw.csv"
}

authorise() {
    say '4. 授权 One scene, one grant: application, first review, consent, final review with key shares'
    grant=$(as acme --json scene apply "$packs/scene.yaml" | json_field proposal)
    echo "application $grant"
    as operator scene first-review "$grant" --approve --feasibility 可行 --compliance 合规 --risk 低 --value 公益
    as health scene consent "$grant" --approve --opinion 同意
    as agency scene final-review "$grant" --approve --opinion 同意授权
}

register() {
    say '5. 模型 Two models: lowered to plans by a worker without data, reviewed as the plan reads'
    burden=$(as acme --json model register "$packs/models/burden.yaml" --grant "$grant" | json_field model)
    pressure=$(as acme --json model register "$packs/models/pressure.yaml" --grant "$grant" | json_field model)
    as operator model review "$burden" --approve
    as operator model review "$pressure" --approve
    as acme model list
}

answers() {
    say '6. 出域 Answers: bounded, noised, charged before the run, proven by the log'
    "$example" "$work/acme" "$grant" "$burden" min_age=18
    echo
    as acme run "$pressure" --receipt "$work/answer.tlog-proof"
    echo
    as agency budget
}

refusals() {
    say '7. 拒绝 Three refusals'
    refused as acme model register "$root/tests/demo/outside.yaml" --grant "$grant"
    refused as acme model register "$root/tests/demo/rows.yaml" --grant "$grant"
    as agency scene suspend "$grant" --ground incident --text '演示：暂停'
    refused as acme run "$burden" min_age=60
}

audit_log() {
    say '8. 审计 The auditor verifies and replays the whole log with a tool of their own'
    as auditor log export --out "$work/export"
    "$audit" verify "$work/export"
    "$audit" replay "$work/export"
    "$audit" show --type refuse "$work/export"
}

started=$(date +%s)
make_domain
start_domain
enrol_parties
ingest
authorise
register
answers
if [ "$serve" = yes ]; then
    say "The domain stays up at $address. Profiles: $work. Try, in another terminal:"
    echo "  $shuyu --home $work/acme run $burden min_age=40"
    echo "  Ctrl-C ends it."
    wait "$supervisor"
    exit 0
fi
refusals
audit_log
say "Done in $(($(date +%s) - started)) s."
cat <<TXT
17,549 real persons stayed in the domain; what left were tables with intervals and receipts, and every
decision, the refusals included, is in a log that the auditor has just decided again.
Go on: README.md; docs/internals.md follows one request; ./run serve keeps a domain up to play with.
TXT
