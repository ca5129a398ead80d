#!/usr/bin/env bash
# The simulator for people: ./dev sim [--seed S] [--seeds COUNT] [--long] [--scale N] [CATCH OPTION...]
#   --seed S    everything from this seed: what a failure prints
#   --seeds N   so many random fault plans instead of 200; with --seed S: S and the following
#   --long      2,000 random fault plans and 20,000 node-hours; about an hour of two cores
#   --scale N   one network of N nodes; prints how well it does
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

program=${SIM_TESTS:-build/dev/tests/sim/sim_tests}
arguments=()
is_long=
while [ $# -gt 0 ]; do
    case $1 in
        --seed)
            export HEARSAY_SIM_SEED=${2:?--seed needs a number}
            export HEARSAY_SIM_SEEDS=${HEARSAY_SIM_SEEDS:-1}
            shift ;;
        --seeds) export HEARSAY_SIM_SEEDS=${2:?--seeds needs a number}; shift ;;
        --long) is_long=yes ;;
        --scale)
            export HEARSAY_SIM_SCALE=${2:?--scale needs a number of nodes}
            arguments+=("[.scale]")
            shift ;;
        *) arguments+=("$1") ;;
    esac
    shift
done
if [ -n "$is_long" ]; then
    export HEARSAY_SIM_SEEDS=2000 HEARSAY_SIM_HOURS=20000
    "$program" "[chaos][even],[hours][even]" &
    first=$!
    result=0
    "$program" "[chaos][odd],[hours][odd]" || result=$?
    wait "$first" || result=$?
    exit "$result"
fi
exec "$program" "${arguments[@]}"
