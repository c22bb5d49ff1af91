#!/usr/bin/env bash
# The bench's domain, step by step, by every party's own commands; shuyu-bench calls it.
#
#   domain.sh BUILD WORK make             parties' keys and the genesis, below WORK
#   domain.sh BUILD WORK enrol ADDRESS    once the domain is up: pack and parties
#   domain.sh BUILD WORK small            1,000 residents; prints "grant HEX", "model HEX"
#   domain.sh BUILD WORK define           the catalogue entry of the large dataset
#   domain.sh BUILD WORK ingest CSV       its rows
#   domain.sh BUILD WORK large N          prints "grant HEX" and N times "model HEX"
set -euo pipefail

build=$1 work=$2 verb=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)/domain
shuyu=$build/sdk/cli/shuyu
domain=$work/domain

as() { local party=$1; shift; "$shuyu" --home "$work/$party" "$@"; }
json_field() { sed -n "s/^ *\"$1\": \"\([^\"]*\)\".*/\1/p" | head -n 1; }

enrol() { # ID ROLE ADDRESS
    as "$1" party new --party "$1"
    as agency party invite --party "$1" --role "$2" --name "$1" --out "$work/$1.invite"
    as "$1" party enrol --invite "$work/$1.invite" --address "$3"
}

ingest() { # DATASET CSV
    "$shuyu" --home "$work/health" --local "$domain/run/local.sock" dataset ingest "$1" "$2"
}

authorise() { # SCENE: the whole chain; prints the grant
    local grant
    grant=$(as acme --json scene apply "$1" | json_field proposal)
    as operator scene first-review "$grant" --approve --feasibility - --compliance - --risk - \
        --value - >&2
    as health scene consent "$grant" --approve --opinion - >&2
    as agency scene final-review "$grant" --approve --opinion - >&2
    echo "$grant"
}

register() { # MODEL GRANT: prints the model
    local model
    model=$(as acme --json model register "$1" --grant "$2" | json_field model)
    as operator model review "$model" --approve >&2
    echo "$model"
}

verb_make() {
    local party
    for party in agency operator; do
        as $party party new --party $party
        as $party party record --name $party --role $party --out "$work/$party.record"
    done
    "$shuyu" init --domain "$domain" --agency "$work/agency.record" \
        --operator "$work/operator.record" --name bench.shuyu.example/log --purpose test
    as agency sign "$domain/genesis.req"
    as operator sign "$domain/genesis.req"
}

verb_enrol() {
    local party
    for party in agency operator; do
        as $party party pin --genesis "$domain/genesis.req" --address "$1" --role $party
    done
    as agency pack adopt "$here/pack.yaml"
    enrol health department "$1"
    enrol acme developer "$1"
}

verb_small() {
    local grant
    as health dataset define "$here/residents.yaml" >&2
    { echo id,age; seq 1 1000 | awk '{ print "r" $1 "," $1 * 37 % 121 }'; } >"$work/small.csv"
    ingest bench.residents "$work/small.csv" >&2
    grant=$(authorise "$here/small-scene.yaml")
    echo "grant $grant"
    echo "model $(register "$here/small-model.yaml" "$grant")"
}

verb_define() { as health dataset define "$here/visits.yaml"; }

verb_ingest() { ingest bench.visits "$1"; }

verb_large() {
    local grant i
    grant=$(authorise "$here/large-scene.yaml")
    echo "grant $grant"
    for ((i = 0; i < $1; i++)); do
        sed "s/@RHO@/0.$((500 + i))/" "$here/large-model.yaml" >"$work/large-model.yaml"
        echo "model $(register "$work/large-model.yaml" "$grant")"
    done
}

"verb_$verb" "$@"
