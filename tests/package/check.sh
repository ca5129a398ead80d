#!/usr/bin/env bash
# Everything a package must prove before anybody installs it: lintian, the sandbox of its service,
# and its whole life on two clean Debian hosts that talk to each other.
# Usage: check.sh [codec] (as root; the packages are taken from build/deb; codec: only what is
# built from them)
set -euo pipefail
cd "$(dirname "$0")/../.."
here=tests/package
export RESULTS=$PWD/build/package-check.results
# shellcheck source=tests/package/results.sh
. "$here/results.sh"
: >"$RESULTS"

exposure_max=1.5  # of 10, by systemd's reckoning
suite=bookworm

deb=$(find build/deb -name 'hearsay_*.deb' | head -n 1)
[ -n "$deb" ] || { echo "check: no package in build/deb; ./dev deb makes it" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || { echo "check: making hosts to install on needs root" >&2; exit 1; }

check_lintian() {
    heading "lintian"
    local said
    if said=$(lintian --allow-root --fail-on error,warning build/deb/*.changes 2>&1); then
        pass "no errors, no warnings"
    else
        fail "$said"
    fi
}

check_sandbox() {
    heading "sandbox of the service"
    local unit exposure
    unit=$(mktemp -d)/hearsay.service
    dpkg-deb --fsys-tarfile "$deb" | tar -xO ./lib/systemd/system/hearsay.service >"$unit"
    exposure=$(systemd-analyze security --offline=true --no-pager "$unit" |
        sed -nE 's/.*Overall exposure level.*: ([0-9.]+) .*/\1/p')
    if awk -v is="$exposure" -v max="$exposure_max" 'BEGIN { exit !(is != "" && is <= max) }'; then
        pass "exposure $exposure, at most $exposure_max"
    else
        fail "exposure ${exposure:-unknown}, more than $exposure_max"
    fi
    rm -r "$(dirname "$unit")"
}

# A clean Debian with an init, sudo, and what the package depends on: the hosts have no way out to
# fetch anything. Kept in build/, named after the list of its packages.
clean_root() {
    local depends include root
    depends=$(dpkg-deb --field "$deb" Depends | tr ',' '\n' | sed -E 's/[|(].*//; s/ //g')
    include=$(printf '%s\n' systemd systemd-sysv dbus sudo adduser iproute2 "$depends" |
        sort -u | paste -sd,)
    root=$PWD/build/package-root-$(sha256sum <<<"$suite $include" | head -c 12)
    if [ ! -d "$root" ]; then
        rm -rf build/package-root-*
        mmdebstrap --quiet --format=directory --variant=minbase --include="$include" \
            "$suite" "$root.part" >&2 || return 1
        mv "$root.part" "$root"
    fi
    echo "$root"
}

# The same with a compiler, and what all packages depend on beside each other.
build_root() {
    local depends include root
    depends=$(for each in "${debs[@]}"; do dpkg-deb --field "$each" Depends; done | tr ',' '\n' |
        sed -E 's/[|(].*//; s/ //g' | grep -vE '^(lib)?hearsay')
    include=$(printf '%s\n' g++ make pkg-config iproute2 adduser systemd "$depends" | sort -u |
        paste -sd,)
    root=$PWD/build/package-build-root-$(sha256sum <<<"$suite $include" | head -c 12)
    if [ ! -d "$root" ]; then
        rm -rf build/package-build-root-*
        mmdebstrap --quiet --format=directory --variant=minbase --include="$include" \
            "$suite" "$root.part" >&2 || return 1
        mv "$root.part" "$root"
    fi
    echo "$root"
}

check_codec() {
    local root
    heading "programs and codecs built from the installed packages"
    mapfile -t debs < <(find build/deb -name '*.deb' ! -name '*-dbgsym_*' | sort)
    if ! root=$(build_root); then
        fail "mmdebstrap could not make a root with a compiler"
    elif ! "$here/world.sh" "$here/codec.sh" "$root" "${debs[@]}"; then
        echo "(the rest needs what failed)"
    fi
}

check_life() {
    local root=$1
    heading "install, talk, remove, purge: two Debian roots in two namespaces"
    "$here/world.sh" "$here/life.sh" plain "$deb" "$root" || fail "the hosts could not be made"
    heading "the same on two booted hosts"
    "$here/world.sh" "$here/life.sh" booted "$deb" "$root" || fail "the hosts could not be made"
}

if [ "${1:-}" = codec ]; then
    check_codec
    closing_line
    exit
fi
check_lintian
check_sandbox
check_codec
heading "a clean Debian root"
if root=$(clean_root); then
    pass "$suite, $(du -sh "$root" | cut -f1)"
    check_life "$root"
else
    fail "mmdebstrap could not make one"
fi
closing_line
