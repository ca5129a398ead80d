# shellcheck shell=bash
# Sourced inside a world of its own (world.sh): makes hosts from a Debian root and runs commands
# on them. A host is `booted` (systemd-nspawn, its own init) or `plain` (namespaces, no init).

declare -A leader=()  # of each host: the process whose namespaces are the host's
declare -A disk=()    # of each host: its root folder, seen from here
operator=pat          # the person who types: not root, may use sudo

# make_bridge: the wire that joins the hosts.
make_bridge() {
    ip link set lo up
    ip link add hearsay-lan type bridge
    ip link set hearsay-lan up
}

# lay_disk NAME CLEAN WHERE: a root folder of its own, laid over the clean one, with a name and a
# person in it.
lay_disk() {
    local name=$1 clean=$2 layers=$3/$1.layers root=$3/$1
    mkdir -p "$root" "$layers/upper" "$layers/work"
    mount -t overlay overlay "$root" \
        -o "lowerdir=$clean,upperdir=$layers/upper,workdir=$layers/work" || return 1
    disk[$name]=$root
    echo "$name" >"$root/etc/hostname"
    printf '127.0.0.1 localhost\n127.0.1.1 %s\n::1 localhost\n' "$name" >"$root/etc/hosts"
    chroot "$root" adduser --quiet --disabled-password --gecos '' "$operator" >/dev/null
    echo "$operator ALL=(ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/$operator"
    # Core dumps are not sudo's to forbid in a container.
    echo 'Set disable_coredump false' >"$root/etc/sudo.conf"
}

# boot_host NAME: false when no init came up within a minute; the console is in NAME.console.
boot_host() {
    local name=$1 root=${disk[$1]} nspawn
    mkdir -p "/sys/fs/cgroup/$name"
    (
        echo "$BASHPID" >"/sys/fs/cgroup/$name/cgroup.procs"
        exec systemd-nspawn --boot --directory="$root" --machine="$name" --settings=no \
            --register=no --keep-unit --link-journal=no --resolv-conf=off --timezone=off \
            --network-bridge=hearsay-lan --console=pipe </dev/null
    ) >"$root.console" 2>&1 &
    nspawn=$!
    wait_for 20 booted_leader "$name" "$nspawn" || return 1
    wait_for 40 on_root "$name" 'systemctl is-system-running | grep -Eq "running|degraded"'
}

booted_leader() {
    local found
    found=$(pgrep --parent "$2" | head -n 1)
    [ -n "$found" ] && leader[$1]=$found
}

# plain_host NAME: namespaces with the root in them, and a shell that adopts orphans.
plain_host() {
    local name=$1 root=${disk[$1]} started
    # shellcheck disable=SC2016
    unshare --mount --net --pid --uts --ipc --fork --kill-child bash -c '
        root=$1
        hostname "$2"
        mount --bind "$root" "$root"
        mount -t proc proc "$root/proc"
        mount -t sysfs -o ro sysfs "$root/sys"
        mount --rbind /dev "$root/dev"
        mount -t tmpfs tmpfs "$root/run"
        exec chroot "$root" bash -c "sleep infinity & while :; do wait; sleep 1; done"
    ' plain-host "$root" "$name" </dev/null >/dev/null 2>&1 &
    started=$!
    wait_for 10 booted_leader "$name" "$started" || return 1
    wait_for 10 on_root "$name" 'test -d /proc/self' || return 1
    ip link add "vb-$name" type veth peer name host0 netns "${leader[$name]}"
    ip link set "vb-$name" master hearsay-lan up
}

# Killing the first process of a host ends all others of it.
end_hosts() {
    [ ${#leader[@]} -eq 0 ] || kill -KILL "${leader[@]}" 2>/dev/null || true
    wait
}

# give_address NAME ADDRESS/BITS
give_address() {
    on_root "$1" "ip link set lo up; ip address add $2 dev host0; ip link set host0 up"
}

# on NAME LINE: the operator, freshly logged in, types a line. on_root: so does root.
on() { enter "$1" runuser --login "$operator" --command "$2"; }
on_root() { enter "$1" bash -c "$2"; }
enter() {
    local name=$1
    shift
    timeout --kill-after=5 120 nsenter --target "${leader[$name]}" --all --root --wd \
        env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.2
    done
}
