"""nats-server with its defaults on 127.0.0.1 to 127.0.0.N, a full mesh of routes, for comparison."""
import shutil
import socket
import subprocess
import time

from host import end_with_parent

FORM_SECONDS = 60
PAYLOAD_MAX = 8 << 20  # the default is 1 MiB with its headers


class NatsMesh:
    name = "nats"

    def __init__(self, lab, namespace, nodes):
        self.lab = lab
        self.namespace = namespace
        self.nodes = nodes
        self.processes = []

    @staticmethod
    def is_installed():
        return shutil.which("nats-server") is not None

    def start(self):
        prefix = ["ip", "netns", "exec", self.namespace] if self.namespace else []
        # All are named: what servers tell each other of routes has the wrong addresses on loopback,
        # where every connection comes from 127.0.0.1.
        routes = ", ".join(f'"nats://127.0.0.{number + 1}:6222"' for number in range(self.nodes))
        for number in range(self.nodes):
            ip = f"127.0.0.{number + 1}"
            config = self.lab.folder / f"nats{number}.conf"
            config.write_text(
                f'listen: "{ip}:4222"\nserver_name: "n{number}"\nmax_payload: {PAYLOAD_MAX}\n'
                f'cluster {{ name: "bench", listen: "{ip}:6222", advertise: "{ip}:6222"\n'
                f'    no_advertise: true, routes: [{routes}] }}\n')
            with open(self.lab.folder / f"nats{number}.log", "wb") as log:
                self.processes.append(subprocess.Popen(
                    prefix + ["nats-server", "--config", str(config)], stdin=subprocess.DEVNULL,
                    stdout=log, stderr=log, preexec_fn=end_with_parent))
        deadline = time.monotonic() + FORM_SECONDS
        for number in range(self.nodes):
            self.wait_for(number, deadline)

    def wait_for(self, number, deadline):
        while True:
            try:
                with self.lab.inside(self.namespace):
                    socket.create_connection((f"127.0.0.{number + 1}", 4222), 5).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"nats-server {number} does not listen") from None
                time.sleep(0.05)

    def endpoints(self):
        return [f"127.0.0.{number + 1}:4222" for number in range(self.nodes)]

    def pids(self):
        return [process.pid for process in self.processes]

    def close(self):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait(10)


def version():
    done = subprocess.run(["nats-server", "--version"], capture_output=True, text=True, timeout=10)
    return done.stdout.strip().removeprefix("nats-server: ")
