#!/usr/bin/env bash
# Programs and codecs from outside, built from the installed packages alone: the example codec
# passes its check, two daemons speak it to each other, and a C program publishes through the
# library. Runs inside world.sh.
# Usage: codec.sh CLEAN_ROOT DEB...
set -euo pipefail
cd "$(dirname "$0")/../.."
clean=$1
shift
# shellcheck source=tests/package/results.sh
. tests/package/results.sh

# In memory, and gone with this world's mounts.
place=$PWD/build/package-codec
mkdir -p "$place"
mount -t tmpfs -o mode=0755 tmpfs "$place"
root=$place/root
mkdir -p "$root" "$place/upper" "$place/work"
mount -t overlay overlay "$root" -o "lowerdir=$clean,upperdir=$place/upper,workdir=$place/work"
mount -t proc proc "$root/proc"
ip link set lo up
mkdir "$root/debs" "$root/try"
cp "$@" "$root/debs"
cp tests/package/codec_example.c "$root/try/publish.c"

# step WHAT <COMMANDS: one check, typed in the root; ends the script when it fails.
step() {
    local what=$1 said
    if said=$(timeout 120 chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        HOME=/root DEBIAN_FRONTEND=noninteractive bash -euo pipefail -s 2>&1); then
        pass "$what"
    else
        fail "$what"
        printf '%s\n' "$said" | tail -n 20 | sed 's/^/         /'
        exit 1
    fi
}

step "the packages install" <<'END'
dpkg -i /debs/*.deb
END

step "the example codec builds from them and conforms" <<'END'
cd /try
cp -r /usr/share/doc/libhearsay-dev/examples/codec .
cd codec
make check
END

step "the Protocol Buffers codec conforms where it is installed" <<'END'
hearsay-codec-check --seeds 1 /usr/lib/*/hearsay/codec-protobuf.so
! ldd /usr/sbin/hearsayd | grep -q protobuf
END

step "two daemons are linked in the example codec" <<'END'
cd /try
for name in a b; do
    mkdir -m 0700 "$name"
    printf '%s\n' '[node]' "name = \"$name\"" "state_dir = \"/try/$name/state\"" \
        '[api]' "socket = \"/try/$name/socket\"" 'group = ""' \
        '[listen]' 'addresses = ["127.0.0.1"]' "port = 432$([ $name = a ] && echo 7 || echo 8)" \
        '[discovery]' 'beacon = false' \
        '[wire]' 'plugins = ["/try/codec/plain.so"]' 'codecs = ["plain"]' >"$name/hearsay.toml"
    mkdir -m 0700 "$name/state"
    setsid hearsayd --config "/try/$name/hearsay.toml" </dev/null >"$name/log" 2>&1 &
done
for name in a b; do
    for _ in $(seq 100); do [ -S "$name/socket" ] && break; sleep 0.1; done
    [ -S "$name/socket" ] || { cat "$name/log"; exit 1; }
done
hearsay --socket a/socket network create office
hearsay --socket a/socket network token | grep -oE 'hearsay1-[a-z0-9]+' | head -n 1 >token
hearsay --socket b/socket network join <token
hearsay --socket b/socket connect 127.0.0.1:4327
for _ in $(seq 100); do
    hearsay --socket b/socket links | grep -qw plain && exit 0
    sleep 0.1
done
hearsay --socket b/socket links
cat a/log b/log
exit 1
END

step "a C program built with the library publishes, and the other host prints it" <<'END'
cd /try
gcc -Wall -Wextra -Werror publish.c $(pkg-config --cflags --libs hearsay) -o publish
timeout 20 hearsay --socket b/socket subscribe greetings </dev/null >heard 2>&1 &
sleep 1
./publish a/socket
for _ in $(seq 50); do grep -q 'hello from C' heard && exit 0; sleep 0.1; done
cat heard
exit 1
END
