#!/usr/bin/env bash
# Runs a command in a world of its own: its own processes, mounts, network and, where the kernel
# lets it, control groups. Whatever it starts ends with it; nothing outside sees its network.
# Usage: world.sh COMMAND...
set -euo pipefail

# Second stage: in fresh mount and network namespaces, not yet in the others.
if [ "${1:-}" = --inside ]; then
    group=$2
    shift 2
    # systemd-nspawn clears what it mounts below /run and refuses when that is a disk.
    mount -t tmpfs tmpfs /run
    mkdir /run/cgroup
    if mount -t cgroup2 cgroup2 /run/cgroup 2>/dev/null &&
        mkdir "/run/cgroup/$group" 2>/dev/null; then
        echo $$ >"/run/cgroup/$group/cgroup.procs"
        umount /run/cgroup
        # A new control group namespace begins at the group just entered.
        # shellcheck disable=SC2016
        exec unshare --pid --fork --kill-child --mount-proc --cgroup \
            bash -c 'umount -R /sys/fs/cgroup 2>/dev/null
                mount -t cgroup2 cgroup2 /sys/fs/cgroup || true
                exec "$@"' world "$@"
    fi
    exec unshare --pid --fork --kill-child --mount-proc "$@"
fi

group=hearsay-check-$$
result=0
unshare --mount --net "$0" --inside "$group" "$@" || result=$?

# Control groups outlive their processes.
# shellcheck disable=SC2016
unshare --mount bash -c 'mount -t cgroup2 cgroup2 /mnt 2>/dev/null || exit 0
    [ ! -d "/mnt/$1" ] || find "/mnt/$1" -depth -type d -exec rmdir {} +' cleanup "$group" || true
exit "$result"
