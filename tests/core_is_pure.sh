#!/usr/bin/env bash
# Proves that the protocol core reaches no clock, file, socket, thread or entropy: every
# undefined C symbol of libhearsay_gossip.a must be on a short list. A planted canary that reads
# a clock must be refused, so that a broken check cannot pass.
# Usage: core_is_pure.sh LIBRARY CXX
set -euo pipefail
library=$1
cxx=$2

# Memory, string, abort and the count of a shared record, what INSIST prints with, and what the compiler itself emits.
allowed='^(mem(chr|cmp|cpy|move|set)|strlen|strcmp|__libc_single_threaded|abort|fprintf|__fprintf_chk|fwrite|stderr|__stack_chk_fail'
allowed+='|__mem(cpy|move|set)_chk|_Unwind_Resume|__gxx_personality_v0|__cxa_.*|__dso_handle'
allowed+='|_GLOBAL_OFFSET_TABLE_|__tls_get_addr|__popcountdi2|log2?|sqrt|ceil|pow|__asan_.*|__ubsan_.*|__tsan_.*|__sanitizer_.*)$'

impure() {
    local symbols
    symbols=$(nm -u "$1") || { echo "nm failed on $1" >&2; exit 2; }
    awk '/^ +U /{print $2} /^ +w /{print $2}' <<<"$symbols" | grep -v '^_Z' | sort -u | grep -Ev "$allowed" || true
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo '#include <time.h>
long canary() { timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_nsec; }' >"$scratch/canary.cc"
"$cxx" -c "$scratch/canary.cc" -o "$scratch/canary.o"
if [ -z "$(impure "$scratch/canary.o")" ]; then
    echo "the canary that reads a clock was not noticed" >&2
    exit 1
fi

found=$(impure "$library")
# C++ symbols of the standard library that read the world.
cpp=$(nm -uC "$library" | grep -E 'std::(chrono.*::now|random_device|thread|mutex|basic_(i|o)?fstream)' || true)
if [ -n "$found$cpp" ]; then
    printf 'the core reaches outside:\n%s\n%s\n' "$found" "$cpp" >&2
    exit 1
fi
echo "pure: $(nm -u "$library" | grep -c ' U ') references, none of them to the outside"
