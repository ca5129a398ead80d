"""Real daemons on loopback, driven through their local API; the standard library only.

Every daemon listens on 127.0.0.1 at a port of its own choice and sends no beacons, so nothing
leaves this machine. Every wait is bounded.
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

HEARSAYD = os.environ.get("HEARSAYD", "hearsayd")
HEARSAY = os.environ.get("HEARSAY", "hearsay")
PATIENCE = float(os.environ.get("HEARSAY_E2E_PATIENCE", "20"))  # seconds, for any one wait


class Refused(Exception):
    """A reply with ok = false."""

    def __init__(self, error):
        super().__init__(f"{error['code']}: {error['message']}")
        self.code = error["code"]
        self.message = error["message"]


class Api:
    """One connection to a daemon's socket (docs/API.md)."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        try:
            self.socket.connect(str(path))
        except OSError:
            self.socket.close()
            raise
        self.buffer = b""
        self.events = []
        self.last_id = 0

    def close(self):
        self.socket.close()

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError("the daemon closed the connection")
        self.buffer += data

    def _read(self):
        """The next line as (object, payload)."""
        while b"\n" not in self.buffer:
            self._more()
        line, self.buffer = self.buffer.split(b"\n", 1)
        head = json.loads(line)
        size = head.get("size", 0)
        while len(self.buffer) < size:
            self._more()
        payload, self.buffer = self.buffer[:size], self.buffer[size:]
        return head, payload

    def call(self, op, payload=None, **keys):
        self.last_id += 1
        request = {"op": op, "id": self.last_id, **keys}
        if payload is not None:
            request["size"] = len(payload)
        self.socket.sendall(json.dumps(request).encode() + b"\n" + (payload or b""))
        while True:
            head, data = self._read()
            if "event" in head:
                self.events.append((head, data))
            elif head.get("id") == self.last_id:
                if not head["ok"]:
                    raise Refused(head["error"])
                return head

    def next_event(self, kind):
        """The next event of that kind; others before it are dropped."""
        while True:
            head, data = self.events.pop(0) if self.events else self._read()
            if head.get("event") == kind:
                return head, data

    def is_silent(self, seconds):
        """Whether nothing at all comes for so long."""
        if self.events or self.buffer:
            return False
        self.socket.settimeout(seconds)
        try:
            self._more()
            return False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(PATIENCE)


class Daemon:
    """hearsayd in a folder of its own, which outlives stop() and start()."""

    def __init__(self, folder, name, config=""):
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir()
        self.name = name
        self.process = None
        self.environment = {}
        self.write_config(config)

    @property
    def state(self):
        return self.folder / "state"

    @property
    def config_file(self):
        return self.folder / "hearsay.toml"

    @property
    def log(self):
        return (self.folder / "log").read_text() if (self.folder / "log").exists() else ""

    def write_config(self, more="", listen='addresses = ["127.0.0.1"]\nport = 0\n'):
        self.config_file.write_text(
            f'[node]\nname = "{self.name}"\nstate_dir = "{self.state}"\n'
            f"[listen]\n{listen}receive_buffer = \"128KiB\"\nsend_buffer = \"128KiB\"\n"
            f'[api]\nsocket = "{self.folder}/api"\ngroup = ""\n' + (
                more if "[discovery]" in more else "[discovery]\nbeacon = false\n" + more))

    def start(self, wait=True):
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [HEARSAYD, "--config", str(self.config_file)], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env={**os.environ, **self.environment})
        if wait:
            eventually(lambda: self.process.poll() is not None or self.answers(),
                       f"{self.name} to answer")
            assert self.process.poll() is None, f"{self.name} ended at once:\n{self.log}"
        return self

    def answers(self):
        try:
            with Session(self) as api:
                return api.call("ping")["ok"]
        except (FileNotFoundError, ConnectionError, EOFError):
            return False

    def run_to_end(self):
        """Exit code and lines of a daemon that is expected not to stay."""
        result = subprocess.run([HEARSAYD, "--config", str(self.config_file)], text=True,
                                stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
                                check=False)
        return result.returncode, result.stderr.splitlines()

    def api(self):
        return Session(self)

    def call(self, op, payload=None, **keys):
        with Session(self) as api:
            return api.call(op, payload, **keys)

    def command_line(self, *words):
        return [HEARSAY, "--socket", f"{self.folder}/api", *words]

    def command(self, *words, text=True):
        """What `hearsay WORDS` at this daemon does: exit code, output, errors."""
        return subprocess.run(self.command_line(*words), stdin=subprocess.DEVNULL, text=text,
                              capture_output=True, timeout=PATIENCE, check=False)

    def port(self):
        return int(self.call("status")["self"]["addresses"][0].rsplit(":", 1)[1])

    def address(self):
        return f"127.0.0.1:{self.port()}"

    def members(self):
        return {m["name"]: m for m in self.call("members")["members"]}

    def stop(self, number=signal.SIGTERM):
        """The exit code."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self.process = None
        return code


class Session(Api):
    def __init__(self, daemon):
        super().__init__(daemon.folder / "api")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def eventually(claim, what, seconds=PATIENCE):
    """Waits until the claim holds, looking often."""
    deadline = time.monotonic() + seconds
    while True:
        result = claim()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


class Case(unittest.TestCase):
    """A test with a folder; its daemons are ended whatever happens, their logs shown if it fails."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hearsay-e2e-")
        self.daemons = []

    def tearDown(self):
        for daemon in self.daemons:
            daemon.stop(signal.SIGKILL)
        result = self._outcome.result
        failed = any(test is self for test, _ in result.errors + result.failures)
        if failed:
            for daemon in self.daemons:
                print(f"---- log of {daemon.name}\n{daemon.log}", flush=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def daemon(self, name, config=""):
        daemon = Daemon(self.folder, name, config)
        self.daemons.append(daemon)
        return daemon

    def network_of(self, *names, config=""):
        """Started daemons in one network, each given the first one as seed, all linked up."""
        first, *others = [self.daemon(name, config).start() for name in names]
        token = first.call("network.create", name="office")["token"]
        for other in others:
            other.call("network.join", token=token, seeds=[first.address()])
        everybody = [first, *others]
        for daemon in everybody:
            eventually(lambda d=daemon: alive(d) == set(names), f"all members alive on {daemon.name}")
        return everybody


def alive(daemon):
    return {name for name, m in daemon.members().items() if m["state"] == "alive"}
