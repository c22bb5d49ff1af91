#!/usr/bin/env bash
# Runs a program of this folder on the health catalogue.
#
#   dialect.sh ROOT SHUYU_DEV PROGRAM [dummy SEED | district SCALE SEED | -- ARGUMENT...]
#
# dummy: on dummy tables of the catalogue; district: on a synthetic district (tests/health).
set -euo pipefail

root=$1 dev=$2 program=$3
shift 3
pack=$root/policies/packs/health
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The registries of the namespaces first: the other tables draw their units from them.
catalogue() { printf '%s\n' "$pack"/catalogue/{pop,staff}.yaml "$pack"/catalogue/*.yaml | awk '!seen[$0]++'; }

case ${1:---} in
dummy)
    mapfile -t entries < <(catalogue)
    "$dev" data "${entries[@]}" --out "$work" --seed "$2" >/dev/null
    "$program" "$pack/catalogue" "$pack/pack.yaml" "$work"
    ;;
district)
    python3 "$root/tests/health/district.py" --scale "$2" --seed "$3" --clean "$work" >/dev/null
    "$program" "$pack/catalogue" "$pack/pack.yaml" "$work"
    ;;
--)
    shift
    "$program" "$pack/catalogue" "$pack/pack.yaml" "$@"
    ;;
esac
