#!/usr/bin/env bash
# The 2020 column of the district's health plan from a synthetic district at true scale: one report.
#
#   demo.sh BUILD [--scale S] [--seed N] [--keep DIR] [--json]
#
# Everybody in the data is made up (unit ids begin with SYN-). A domain is made from nothing with the
# pack policies/packs/health: every table is ingested, every scene granted, every model registered,
# reviewed and asked for 2020 by four clients at a time, and the auditor replays the log.
# --scale 0.01 to 1; --keep uses DIR and leaves it; --json prints the report as JSON, all else going to
# stderr. Generated tables are kept in BUILD, one folder a seed and scale. Called by ./run demo health.
set -euo pipefail

build=$(cd "$1" && pwd)
shift
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
scale=1 seed=2020 keep='' json=no
while [ $# -gt 0 ]; do
    case $1 in
    --scale) scale=$2; shift ;;
    --seed) seed=$2; shift ;;
    --keep) keep=$2; shift ;;
    --json) json=yes ;;
    *) echo "demo.sh: $1?" >&2; exit 2 ;;
    esac
    shift
done
exec 3>&1
[ "$json" = no ] || exec 1>&2

python=/usr/bin/python3 # apt's, which has apt's python3-yaml
shuyu=$build/sdk/cli/shuyu
audit=$build/policies/audit/shuyu-audit
pack=$root/policies/packs/health
work=${keep:-$(mktemp -d)}
mkdir -p "$work/answers" "$work/grants" "$work/models"
chmod 700 "$work"
domain=$work/domain
times=$work/times
: >"$times"
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
as() { local party=$1; shift; timeout 120 "$shuyu" --home "$work/$party" "$@"; }
local_as() { local party=$1; shift; as "$party" --local "$domain/run/local.sock" "$@"; }
json_field() { sed -n "s/^ *\"$1\": \"\([^\"]*\)\".*/\1/p" | head -n 1; }
yaml_field() { sed -n "s/^$1: *//p" "$2" | head -n 1; }

# phase NAME COMMAND...: runs it and notes how long it took.
phase() {
    local name=$1 from=$EPOCHREALTIME
    shift
    say "$name"
    "$@"
    printf '%s\t%s\n' "$name" "$(awk -v a="$from" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')" |
        tee -a "$times" | awk -F'\t' '{ printf "%s s\n", $2 }'
}

# four_at_a_time FUNCTION: calls it with each word of stdin, four processes at a time; fails if one does.
four_at_a_time() {
    # shellcheck disable=SC2016 # $1 and $2 are the inner shell's
    xargs -r -P 4 -I{} bash -c 'set -euo pipefail; "$1" "$2"' - "$1" {}
}

generate() {
    local stamp
    stamp=$(cat "$here"/*.py "$pack"/public/*.csv | sha256sum | cut -c 1-12)
    data=$build/tests/health/district-$seed-$scale-$stamp
    if [ -f "$data/truth.json" ]; then
        echo 'made before'
        return
    fi
    rm -rf "$build/tests/health/district-$seed-$scale-"*
    "$python" -B "$here/district.py" "$data" --seed "$seed" --scale "$scale" --public "$pack/public"
}

new_party() { as "$1" party new --party "$1" >/dev/null; }

enrol() { # ID ROLE NAME
    new_party "$1"
    as agency party invite --party "$1" --role "$2" --name "$3" --out "$work/$1.invite"
    as "$1" --quiet party enrol --invite "$work/$1.invite" --address "$address"
}

start_domain() {
    coproc SERVE { exec "$build/enclave/supervisor/shuyu-supervisor" --domain "$domain" --listen 127.0.0.1:0 \
        2>"$work/domain.log"; }
    supervisor=$SERVE_PID
    local word
    if ! read -r -t 20 word address <&"${SERVE[0]}" || [ "$word" != ready ]; then
        cat "$work/domain.log" >&2
        echo 'demo: the domain did not start' >&2
        exit 1
    fi
}

make_domain() {
    local party
    for party in agency operator; do
        new_party "$party"
        as "$party" party record --name "$party" --role "$party" --out "$work/$party.record"
    done
    "$shuyu" init --domain "$domain" --agency "$work/agency.record" --operator "$work/operator.record" \
        --name health.shuyu.example/log --purpose test >/dev/null
    as agency sign "$domain/genesis.req"
    as operator sign "$domain/genesis.req"
    start_domain
    as agency party pin --genesis "$domain/genesis.req" --address "$address" --role agency
    as operator party pin --genesis "$domain/genesis.req" --address "$address" --role operator
    as agency pack adopt "$pack/pack.yaml"
    while read -r party; do
        enrol "$party" department "$party"
    done < <(sed -n 's/^department: *//p' "$pack"/catalogue/*.yaml | sort -u)
    enrol acme developer '某健康科技公司'
    enrol auditor auditor '审计局'
}

ingest_one() { # CATALOGUE-FILE
    local dataset department from=$EPOCHREALTIME
    dataset=$(yaml_field id "$1") department=$(yaml_field department "$1")
    as "$department" --quiet dataset define "$1"
    local_as "$department" --json dataset ingest "$dataset" "$data/$dataset.csv" >"$work/ingest/$dataset.json"
    awk -v a="$from" -v b="$EPOCHREALTIME" -v d="$dataset" '
        /"rows_in"/ { gsub(/[^0-9]/, "", $2); all = $2 } /"rows_kept"/ { gsub(/[^0-9]/, "", $2); kept = $2 }
        END { printf "%-24s %8d rows, %3d rejected, %5.1f s\n", d, kept, all - kept, b - a }' \
        "$work/ingest/$dataset.json"
}

ingest() {
    local file
    mkdir -p "$work/ingest"
    for file in "$pack"/catalogue/*.yaml; do
        ingest_one "$file"
    done
}

authorise_one() { # SCENE-FILE
    local name proposal department
    name=$(basename "$1" .yaml)
    proposal=$(as acme --json scene apply "$1" | json_field proposal)
    as operator --quiet scene first-review "$proposal" --approve --feasibility 可行 --compliance 合规 --risk 低 --value 公益
    for department in $(sed -n 's/^ *- dataset: *health\.//p' "$1" | sort -u |
        while read -r table; do yaml_field department "$pack/catalogue/$table.yaml"; done | sort -u); do
        as "$department" --quiet scene consent "$proposal" --approve --opinion 同意
    done
    as agency --quiet scene final-review "$proposal" --approve --opinion 同意授权
    echo "$proposal" >"$work/grants/$name"
    echo "$name: granted"
}

authorise() { for file in "$pack"/scenes/*.yaml; do authorise_one "$file"; done; }

register_one() { # MODEL-FILE
    local name scene
    name=$(basename "$1" .yaml)
    scene=$(sed -n '1s/^# scene: *//p' "$1")
    as acme --json model register "$1" --grant "$(cat "$work/grants/$scene")" | json_field model >"$work/models/$name"
    as operator --quiet model review "$(cat "$work/models/$name")" --approve
}

register() {
    printf '%s\n' "$pack"/models/*.yaml | four_at_a_time register_one
    echo "$(find "$work/models" -type f | wc -l) models"
}

ask_one() { # MODEL: an answer, or the refusal in a file of its own for the report
    if as acme --json run "$(cat "$work/models/$1")" year=2020 >"$work/$1.part" 2>"$work/answers/$1.refused"; then
        mv "$work/$1.part" "$work/answers/$1.json"
        rm "$work/answers/$1.refused"
    else
        echo "$1: $(cat "$work/answers/$1.refused")"
    fi
}

ask() {
    find "$work/models" -type f -printf '%f\n' | sort | four_at_a_time ask_one
    echo "$(find "$work/answers" -name '*.json' | wc -l) answers, $(find "$work/answers" -name '*.refused' | wc -l) refused"
}

report() {
    local options=()
    [ "$json" = no ] || options=(--json)
    "$python" -B "$here/report.py" --pack "$pack" --answers "$work/answers" --truth "$data/truth.json" \
        --ingest "$work/ingest" --times "$times" "${options[@]}" >&3
}

audit_log() {
    as auditor log export --out "$work/export"
    "$audit" verify "$work/export"
    "$audit" replay "$work/export"
}

export work shuyu
export -f as json_field register_one ask_one

phase '1. 生成 The synthetic district' generate
phase '2. 建域 A domain and its parties' make_domain
phase '3. 汇集 Catalogue and data' ingest
phase '4. 授权 One grant a scene' authorise
phase '5. 模型 Register and review every model' register
phase '6. 出域 Ask every model for 2020, four clients at a time' ask
phase '7. 报告 The report' report
phase '8. 审计 The auditor verifies and replays the log' audit_log
[ -z "$(find "$work/answers" -name '*.refused')" ] || exit 1
