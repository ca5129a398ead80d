"""Networks of namespaces for tests: hosts on bridges, routers between them.

Everything is made under a prefix of its own and removed at the end, also after a failure, SIGINT or
SIGTERM. Nothing is added to the namespace the script runs in. Use as `with Lab() as lab:`.
"""
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from host import COMMAND, DAEMON, Host
from network_token import Network

CLONE_NEWNET = 0x40000000
SKIPPED = 77


class Skip(Exception):
    """This machine cannot run the test; says why."""


def run(*arguments, timeout=20):
    done = subprocess.run([str(argument) for argument in arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return done.stdout


def wait_until(is_true, timeout, what):
    """Returns the seconds it took."""
    started = time.monotonic()
    while not is_true():
        assert time.monotonic() - started < timeout, f"not within {timeout} s: {what}"
        time.sleep(0.05)
    return time.monotonic() - started


def end_on_signals():
    """SIGTERM and SIGHUP end the script as SIGINT does, so that cleanup runs."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))


class Lab:
    """`has_namespaces=False`: only the folder and the daemons, on loopback addresses."""

    def __init__(self, has_namespaces=True):
        self.prefix = f"hs{os.getpid()}"
        self.has_namespaces = has_namespaces
        self.namespaces = []
        self.hosts = {}
        self.network = Network("lab")
        self.folder = None
        self.switch = None

    def __enter__(self):
        end_on_signals()
        for program in (DAEMON, COMMAND):
            if not program.exists():
                raise RuntimeError(f"{program} is not built; run ./dev test or ./dev demo")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hearsay-lab."))
        if self.has_namespaces:
            try:
                self.switch = self.add_namespace("sw")
                run("ip", "netns", "exec", self.switch, "true")
            except (RuntimeError, OSError) as error:
                self.close()
                raise Skip(f"network namespaces cannot be made here ({error})") from None
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends every daemon, removes every namespace and file. A second signal waits for it."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for host in self.hosts.values():
            host.kill()
        for namespace in reversed(self.namespaces):
            with contextlib.suppress(RuntimeError, subprocess.TimeoutExpired):
                run("ip", "netns", "del", namespace)
        self.namespaces = []
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    # ---- networks

    def add_namespace(self, name):
        namespace = f"{self.prefix}-{name}"
        run("ip", "netns", "add", namespace)
        self.namespaces.append(namespace)
        run("ip", "-n", namespace, "link", "set", "lo", "up")
        return namespace

    def remove_namespace(self, namespace):
        run("ip", "netns", "del", namespace)
        self.namespaces.remove(namespace)

    def add_bridge(self, bridge):
        run("ip", "-n", self.switch, "link", "add", "name", bridge, "type", "bridge",
            "mcast_snooping", "0")
        run("ip", "-n", self.switch, "link", "set", "dev", bridge, "up")

    def plug(self, namespace, device, bridge, port, address):
        """A wire from `device` in the namespace to `bridge`, whose end there is called `port`."""
        run("ip", "link", "add", "name", device, "netns", namespace, "type", "veth",
            "peer", "name", port, "netns", self.switch)
        run("ip", "-n", self.switch, "link", "set", port, "master", bridge)
        run("ip", "-n", self.switch, "link", "set", port, "up")
        run("ip", "-n", namespace, "addr", "add", address, "dev", device)
        run("ip", "-n", namespace, "link", "set", device, "up")

    def add_place(self, name, bridge, address, gateway=None):
        """A namespace with eth0 on the bridge; its name."""
        namespace = self.add_namespace(name)
        self.plug(namespace, "eth0", bridge, f"p-{name}", address)
        if gateway:
            run("ip", "-n", namespace, "route", "add", "default", "via", gateway)
        return namespace

    def add_router(self, name, ports):
        """`ports`: bridge -> address."""
        namespace = self.add_namespace(name)
        for number, (bridge, address) in enumerate(ports.items()):
            self.plug(namespace, f"eth{number}", bridge, f"p-{name}{number}", address)
        run("ip", "netns", "exec", namespace, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
        return namespace

    def unplug(self, name):
        """The host keeps its interface up, but nothing passes."""
        run("ip", "-n", self.switch, "link", "set", f"p-{name}", "nomaster")

    def replug(self, name, bridge):
        run("ip", "-n", self.switch, "link", "set", f"p-{name}", "master", bridge)

    @contextlib.contextmanager
    def inside(self, namespace):
        """What is opened within, such as a socket, belongs to the namespace for ever. None is the
        one we are in."""
        if namespace is None:
            yield
            return
        libc = ctypes.CDLL(None, use_errno=True)
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
        try:
            if libc.setns(there, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            yield
        finally:
            libc.setns(home, CLONE_NEWNET)
            os.close(there)
            os.close(home)

    # ---- daemons

    def add_host(self, name, namespace=None, **sections):
        host = Host(name, self.folder, self.network, namespace, **sections)
        self.hosts[name] = host
        return host

    def remove_host(self, host):
        host.kill()
        del self.hosts[host.name]
        shutil.rmtree(host.folder)

    def start_all(self):
        for host in self.hosts.values():
            host.start()
        for host in self.hosts.values():
            host.wait_ready()

    def logs(self):
        return "\n".join(host.log_tail() for host in self.hosts.values())


def three_subnets(lab):
    """9 hosts, a1 to c3, in 3 subnets behind a router. Beacons do not cross it: b1 and c1 have
    a1 as their seed."""
    ports = {}
    for number, subnet in enumerate("abc", 1):
        lab.add_bridge(f"br-{subnet}")
        ports[f"br-{subnet}"] = f"10.77.{number}.254/24"
    lab.add_router("r", ports)
    for number, subnet in enumerate("abc", 1):
        for index in (1, 2, 3):
            name = f"{subnet}{index}"
            namespace = lab.add_place(name, f"br-{subnet}", f"10.77.{number}.{index}/24",
                                      gateway=f"10.77.{number}.254")
            seeds = ["10.77.1.1"] if name in ("b1", "c1") else []
            lab.add_host(name, namespace, discovery={"seeds": seeds})


def main_of(test):
    """Runs test(); exit 77 where it cannot run, 1 with a reason where it fails."""
    try:
        test()
    except Skip as skip:
        print(f"skipped: {skip}")
        sys.exit(SKIPPED)
    except (AssertionError, RuntimeError, OSError, subprocess.SubprocessError) as failure:
        print(f"FAILED: {failure}", flush=True)
        sys.exit(1)
