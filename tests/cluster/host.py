"""One daemon with a state folder, configuration and API socket of its own."""
import ctypes
import json
import os
import pathlib
import signal
import subprocess
import time

from api import Api

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HEARSAY_BUILD", ROOT / "build/dev"))
DAEMON = pathlib.Path(os.environ.get("HEARSAY_DAEMON", BUILD / "daemon/hearsayd"))
COMMAND = pathlib.Path(os.environ.get("HEARSAY_COMMAND", BUILD / "client/hearsay"))
PR_SET_PDEATHSIG = 1


def end_with_parent():
    """A daemon must not outlive the script that started it, however that ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def toml_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(entry) for entry in value) + "]"
    return json.dumps(value)


def toml_text(sections):
    lines = []
    for section, keys in sections.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {toml_value(value)}" for key, value in keys.items()]
    return "\n".join(lines) + "\n"


class Host:
    """`namespace` is None for the one we are in. `sections` overrides the configuration."""

    def __init__(self, name, folder, network, namespace=None, **sections):
        self.name = name
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir(mode=0o700)
        self.socket = self.folder / "api.sock"
        self.namespace = namespace
        self.process = None
        state = self.folder / "state"
        state.mkdir(mode=0o700)
        if network:
            token = state / "network"
            token.touch(mode=0o600)
            token.write_text(network.token() + "\n")
        config = {
            "node": {"name": name, "state_dir": str(state)},
            "api": {"socket": str(self.socket), "group": ""},
        }
        for section, keys in sections.items():
            config.setdefault(section, {}).update(keys)
        (self.folder / "hearsay.toml").write_text(toml_text(config))

    def inside(self, arguments):
        prefix = ["ip", "netns", "exec", self.namespace] if self.namespace else []
        return prefix + [str(argument) for argument in arguments]

    def daemon_arguments(self):
        return self.inside([DAEMON, "--config", self.folder / "hearsay.toml"])

    def start(self):
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            self.daemon_arguments(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            preexec_fn=end_with_parent)
        log.close()

    def wait_ready(self, timeout=10.0):
        """Until the API answers."""
        deadline = time.monotonic() + timeout
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name}: the daemon ended with {self.process.returncode}\n"
                                   + self.log_tail())
            try:
                with Api(self.socket, 0.5) as api:
                    api.ask(op="ping")
                return
            except (OSError, ConnectionError):
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{self.name}: no answer on {self.socket}\n"
                                       + self.log_tail()) from None
                time.sleep(0.02)

    def api(self, timeout=5.0):
        return Api(self.socket, timeout)

    def ask(self, **request):
        with self.api() as api:
            return api.ask(**request)

    def states(self):
        """Member states by name, as this host sees them."""
        return {member["name"]: member["state"] for member in self.ask(op="members")["members"]}

    def command(self, *arguments, timeout=15, **options):
        """Runs the hearsay command against this host; a CompletedProcess with text."""
        return subprocess.run(
            self.inside([COMMAND, "--socket", self.socket, *arguments]),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, **options)

    def kill(self):
        """kill -9."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    def stop(self, timeout=5.0):
        """SIGTERM, and SIGKILL if that is not enough; the exit code."""
        if not self.process:
            return None
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode

    def log_tail(self, lines=20):
        try:
            text = (self.folder / "log").read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(f"    {self.name}| {line}" for line in text[-lines:])
