#!/usr/bin/env bash
# The life of the package on two clean hosts: the README's first five minutes word for word, then
# reload, remove, reinstall and purge. Runs inside world.sh.
# Usage: life.sh plain|booted DEB CLEAN_ROOT
set -euo pipefail
cd "$(dirname "$0")/../.."
mode=$1 deb=$2 clean=$3
# shellcheck source=tests/package/results.sh
. tests/package/results.sh
# shellcheck source=tests/package/hosts.sh
. tests/package/hosts.sh

# In memory, and gone with this world's mounts.
place=$PWD/build/package-hosts
mkdir -p "$place"
mount -t tmpfs -o mode=0755 tmpfs "$place"
trap end_hosts EXIT

# typed HOST LINE [INPUT]: a line of the README, typed on a host; prints what it printed.
typed() {
    local line=$2
    in_readme "$line" || return 1
    on "$1" "$line" <<<"${3:-}"
}

in_readme() { grep -qF -- "$1" README.md || { echo "README.md does not say: $1"; return 1; }; }

# expect WHAT COMMAND...: one check.
expect() {
    local what=$1 output
    shift
    if output=$("$@" 2>&1); then
        pass "$what"
        return 0
    fi
    fail "$what"
    printf '%s\n' "$output" | tail -n 15 | sed 's/^/         /'
    return 1
}

# ---- what differs between a booted host and a plain one ---------------------------------------

service_starts() {
    if [ "$mode" = booted ]; then
        wait_for 10 on_root "$1" 'systemctl is-active hearsay' ||
            { on_root "$1" 'systemctl status hearsay; journalctl -u hearsay -n 20'; return 1; }
        return
    fi
    # No init here: what the unit says, by hand.
    on_root "$1" 'install -d -o _hearsay -g hearsay -m 0750 /run/hearsay
        install -d -o _hearsay -g hearsay -m 0700 /var/lib/hearsay
        umask 0077
        setsid setpriv --reuid=_hearsay --regid=hearsay --clear-groups --bounding-set=-all \
            --no-new-privs /usr/sbin/hearsayd --config /etc/hearsay/hearsay.toml \
            </dev/null >>/run/hearsayd.log 2>&1 &
        echo $! >/run/hearsayd.pid'
    wait_for 10 on_root "$1" 'test -S /run/hearsay/hearsay.sock' ||
        { on_root "$1" 'cat /run/hearsayd.log'; return 1; }
}

service_stops() {
    [ "$mode" = plain ] || return 0
    # shellcheck disable=SC2016
    on_root "$1" 'kill "$(cat /run/hearsayd.pid)"'
    # shellcheck disable=SC2016
    wait_for 10 on_root "$1" '! kill -0 "$(cat /run/hearsayd.pid)"'
    on_root "$1" 'rm -rf /run/hearsay /run/hearsayd.*'
}

service_is_gone() {
    on_root "$1" '! pgrep -x hearsayd && ! test -e /run/hearsay/hearsay.sock'
}

reloads() {
    if [ "$mode" = booted ]; then
        # shellcheck disable=SC2016
        on_root "$1" 'systemctl reload hearsay && sleep 1 && systemctl is-active hearsay &&
            test "$(systemctl show -P NRestarts hearsay)" = 0 &&
            test "$(systemctl show -P StatusText hearsay)" != ""'
    else
        on "$1" 'sudo hearsay reload'
    fi
}

refuses_bad_configuration() {
    local said is_refused=yes
    on_root "$1" 'mkdir -p /etc/hearsay/conf.d &&
        printf "[limits]\nlinks = 0\n" >/etc/hearsay/conf.d/bad.toml'
    if [ "$mode" = booted ]; then
        on_root "$1" 'systemctl reload hearsay' && is_refused=
        said=$(on_root "$1" 'journalctl -u hearsay -n 20')
    else
        said=$(on "$1" 'sudo hearsay reload 2>&1') && is_refused=
    fi
    on_root "$1" 'rm /etc/hearsay/conf.d/bad.toml && hearsay status'
    if [ -z "$is_refused" ] || ! grep -q 'bad.toml:2:9: limits.links' <<<"$said"; then
        printf '%s\n' "$said"
        return 1
    fi
}

# ---- the steps ----------------------------------------------------------------------------------

hosts_are_up() {
    make_bridge
    local name
    for name in a b; do
        lay_disk "$name" "$clean" "$place" || return 1
        if ! "${mode/booted/boot}_host" "$name"; then
            tail -n 5 "${disk[$name]}.console" 2>/dev/null || true
            return 1
        fi
    done
    give_address a 10.43.27.1/24
    give_address b 10.43.27.2/24
    for name in a b; do
        cp "$deb" "${disk[$name]}/home/$operator/"
        files_of "$name" >"$place/$name.before"
    done
}

installs() { typed "$1" 'sudo apt install ./hearsay_*.deb' && service_starts "$1"; }
is_alone() { on "$1" 'sudo hearsay status' | tee /dev/stderr | grep -q 'network create'; }
sees_both_alive() { test "$(on "$1" 'sudo hearsay members' | grep -cw alive)" -eq 2; }
prints_it() { grep -qF 'v2 is out' "$place/heard"; }
key_of() { on "$1" 'sudo hearsay key show'; }
is_same_host() { test -n "$2" && test "$2" = "$(key_of "$1")"; }

joins() {
    local token
    token=$(on a 'sudo hearsay network token' | grep -oE 'hearsay1-[a-z0-9]+' | head -n 1)
    typed b 'sudo hearsay network join' "$token"
}

# b subscribes, a publishes, b prints. As root, or as members of the group without sudo.
message_arrives() {
    local sudo=$1 subscriber
    : >"$place/heard"
    on b "${sudo}hearsay subscribe deploy" >"$place/heard" 2>&1 </dev/null &
    subscriber=$!
    sleep 1
    on a "${sudo}hearsay publish deploy 'v2 is out'"
    wait_for 5 prints_it || { cat "$place/heard"; kill "$subscriber"; return 1; }
    kill "$subscriber"
}

# Every file that is no log, cache or register of the system's own.
files_of() {
    (cd "${disk[$1]}" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./run -o -path ./dev \
        -o -path ./tmp -o -path ./var/tmp -o -path ./home -o -path ./var/log -o -path ./var/cache \
        -o -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/lib/systemd \
        -o -path ./var/lib/sudo -o -path ./var/lib/dbus \) -prune \
        -o ! -path './etc/*-' ! -path ./etc/machine-id ! -path './etc/.*' -print | sort)
}

keeps_identity_and_configuration() {
    on_root "$1" 'test -s /var/lib/hearsay/identity && test -f /etc/hearsay/hearsay.toml'
}

leaves_nothing() {
    files_of "$1" | diff "$place/$1.before" - &&
        on_root "$1" '! dpkg-query -W hearsay 2>/dev/null'
}

first_five_minutes() {
    local name line
    for line in 'sudo hearsay members' 'sudo hearsay subscribe deploy' \
        "sudo hearsay publish deploy 'v2 is out'"; do
        expect "README.md: $line" in_readme "$line" || true
    done
    for name in a b; do
        expect "$name: installs, and the service runs" installs "$name" || return 1
        expect "$name: says that it is alone and what to do" is_alone "$name" || true
    done
    expect "a: creates a network" typed a 'sudo hearsay network create office' || return 1
    expect "b: joins by the token alone" joins || return 1
    for name in a b; do
        expect "$name: lists both hosts, alive" wait_for 20 sees_both_alive "$name" || return 1
    done
    expect "b prints what a publishes" message_arrives 'sudo ' || return 1
    for name in a b; do
        # shellcheck disable=SC2016
        expect "$name: a person enters the group" typed "$name" 'sudo adduser $USER hearsay' || return 1
    done
    expect "and no longer needs sudo" message_arrives '' || return 1
}

rest_of_life() {
    local key
    key=$(key_of a)
    expect "a: reloads its configuration" reloads a || true
    expect "a: names what is wrong with a bad one, and keeps its own" refuses_bad_configuration a ||
        true
    service_stops a
    expect "a: is removed" on a 'sudo apt remove -y hearsay' || return 1
    expect "a: nothing runs any more" service_is_gone a || true
    expect "a: identity and configuration are kept" keeps_identity_and_configuration a || true
    expect "a: comes back" installs a || return 1
    expect "a: is the same host" is_same_host a "$key" || true
    expect "a: is in its network again" wait_for 20 sees_both_alive a || true
    expect "and is heard" message_arrives '' || true
    service_stops a
    expect "a: is purged" on a 'sudo apt purge -y hearsay' || true
    expect "a: nothing is left" leaves_nothing a || true
}

if ! hosts_are_up; then
    if [ "$mode" = plain ]; then
        fail "no namespaces with a Debian root in them on this machine"
    else
        skip "systemd-nspawn -b cannot boot a host on this machine (its last words above)"
    fi
    exit 0
fi
# A check that failed has been told and counted; what needs it is left out.
if first_five_minutes; then
    rest_of_life || true
fi
