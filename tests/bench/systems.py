"""The systems that are compared, all behind the same few calls:

  start()            brings up `nodes` of them on loopback addresses and waits until all know all
  subscribe(topic)   one connection per node that reads messages; see Subscriber
  publisher(number)  a function that publishes one payload through that node, without waiting
  bodies(subscriber) the payloads a subscriber got, each with the moment its bytes were read
  watch_failures(number)  a connection to that node that hears of failed members; see Watcher
  revive(number)     starts a killed node again and waits until it is back; False where it is not done
  pids(), close()
"""
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cluster"))
from api import Api, connect  # noqa: E402
from host import end_with_parent  # noqa: E402
from msgpack_lite import Incomplete, Unpacker, pack  # noqa: E402

FORM_SECONDS = 60


class Subscriber:
    """Reads what comes and notes when; taking it apart waits until the measuring is over, so that
    it costs nobody else time."""

    def __init__(self, number, sock, begun=b""):
        self.number = number
        self.sock = sock
        self.sock.setblocking(False)
        self.parts = [(0, begun)] if begun else []

    def fileno(self):
        return self.sock.fileno()

    def read(self):
        try:
            part = self.sock.recv(1 << 20)
        except BlockingIOError:
            return
        self.parts.append((time.monotonic_ns(), part))

    def parsed(self, take_one):
        """(moment, value) for each value: the moment the last byte of it was read."""
        buffer, values = b"", []
        for moment, part in self.parts:
            buffer += part
            while (taken := take_one(buffer)) is not None:
                value, buffer = taken
                values.append((moment, value))
        return values

    def close(self):
        self.sock.close()


class Watcher:
    """Tells which nodes are said to have failed; `take_one` cuts one event off the bytes."""

    def __init__(self, number, sock, take_one, number_failed):
        self.number = number
        self.sock = sock
        self.sock.setblocking(False)
        self.buffer = b""
        self.take_one = take_one
        self.number_failed = number_failed

    def fileno(self):
        return self.sock.fileno()

    def failed(self):
        """The numbers in what has come since the last call."""
        try:
            self.buffer += self.sock.recv(1 << 16)
        except BlockingIOError:
            return []
        numbers = []
        while (taken := self.take_one(self.buffer)) is not None:
            event, self.buffer = taken
            numbers += self.number_failed(event)
        return numbers

    def close(self):
        self.sock.close()


def wait_until(is_true, seconds, what):
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(0.1)


class Hearsay:
    """hearsayd on 127.0.0.1 to 127.0.0.N of the lab's namespace."""

    name = "hearsay"

    def __init__(self, lab, namespace, nodes, **sections):
        self.lab = lab
        self.nodes = nodes
        for number in range(nodes):
            lab.add_host(f"n{number}", namespace,
                         listen={"addresses": [f"127.0.0.{number + 1}"]},
                         discovery={"beacon": False, "seeds": ["127.0.0.1"] if number else []},
                         **sections, **self.sections_of(number))
        self.hosts = list(lab.hosts.values())

    def sections_of(self, _number):
        """What the configuration of one node has beside that of all."""
        return {}

    def start(self):
        self.lab.start_all()
        wait_until(lambda: all(h.ask(op="status")["members"]["alive"] == len(self.hosts)
                               for h in self.hosts), FORM_SECONDS, "all members known to all")

    def endpoints(self):
        """For hearsay_load."""
        return [host.socket for host in self.hosts]

    def subscribe(self, topic):
        subscribers = []
        for number, host in enumerate(self.hosts):
            sock = connect(host.socket, 5)
            sock.sendall(json.dumps({"op": "subscribe", "topics": [topic]}).encode() + b"\n")
            subscribers.append(Subscriber(number, sock, sock.recv(1 << 16)))
        return subscribers

    def publisher(self, number):
        sock = connect(self.hosts[number].socket, 5)

        def publish(payload):
            sock.sendall(b'{"op":"publish","topic":"bench","size":%d}\n' % len(payload) + payload)
            sock.setblocking(False)  # replies pile up unread only if nobody takes them
            try:
                sock.recv(1 << 16)
            except BlockingIOError:
                pass
            sock.setblocking(True)

        return publish

    def bodies(self, subscriber):
        def take_one(buffer):
            end = buffer.find(b"\n")
            if end < 0:
                return None
            line = json.loads(buffer[:end])
            size = line.get("size", 0)
            if len(buffer) < end + 1 + size:
                return None
            return (line, buffer[end + 1:end + 1 + size]), buffer[end + 1 + size:]

        return [(moment, payload) for moment, (line, payload) in subscriber.parsed(take_one)
                if line.get("event") == "message"]

    def watch_failures(self, number):
        sock = connect(self.hosts[number].socket, 5)
        sock.sendall(b'{"op":"events"}\n')
        sock.recv(1 << 16)

        def take_one(buffer):
            line, newline, rest = buffer.partition(b"\n")
            return (json.loads(line), rest) if newline else None

        def number_failed(event):
            is_failure = event.get("event") == "member_failed"
            return [int(event["name"][1:])] if is_failure and event["name"] else []

        return Watcher(number, sock, take_one, number_failed)

    def revive(self, number):
        self.hosts[number].process.wait(10)
        self.hosts[number].start()
        wait_until(lambda: all(host.ask(op="status")["members"]["alive"] == self.nodes
                               for host in self.hosts), FORM_SECONDS, "the killed node is back")
        return True

    def pids(self):
        return [host.process.pid for host in self.hosts]

    def close(self):
        """Their folders go too: the next system of the lab has the same names."""
        for host in self.hosts:
            host.stop(2)
            self.lab.remove_host(host)


class Serf:
    """serf agents with their defaults for a LAN on 127.0.0.1 to 127.0.0.N, used by RPC
    (protocol: https://github.com/hashicorp/serf/blob/master/docs/agent/rpc.html.markdown)."""

    name = "serf"
    PAYLOAD_MAX = 400  # a user event holds at most 512 bytes with its name and framing

    def __init__(self, lab, namespace, nodes):
        self.lab = lab
        self.namespace = namespace
        self.nodes = nodes
        self.processes = []

    @staticmethod
    def is_installed():
        return shutil.which("serf") is not None

    def start(self):
        prefix = ["ip", "netns", "exec", self.namespace] if self.namespace else []
        for number in range(self.nodes):
            ip = f"127.0.0.{number + 1}"
            arguments = ["serf", "agent", f"-node=n{number}", f"-bind={ip}:7946",
                         f"-rpc-addr={ip}:7373", "-profile=lan", "-log-level=err"]
            if number:
                arguments.append("-retry-join=127.0.0.1:7946")
                arguments.append("-retry-interval=1s")
            with open(self.lab.folder / f"serf{number}.log", "wb") as log:
                self.processes.append(subprocess.Popen(
                    prefix + arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    preexec_fn=end_with_parent))
        wait_until(lambda: all(self.alive_count(i) == self.nodes for i in range(self.nodes)),
                   FORM_SECONDS, "all serf members known to all")

    def alive_count(self, number):
        try:
            sock = self.session(number)
        except OSError:
            return 0
        with sock:
            sock.sendall(pack({"Command": "members", "Seq": 1}))
            members = self.reply(sock, 2)[1][b"Members"]
        return sum(member[b"Status"] == b"alive" for member in members)

    def session(self, number):
        address = (f"127.0.0.{number + 1}", 7373)
        with self.lab.inside(self.namespace):
            sock = socket.create_connection(address, 5)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(pack({"Command": "handshake", "Seq": 0}) + pack({"Version": 1}))
        self.reply(sock, 1)
        return sock

    @staticmethod
    def reply(sock, values):
        """The next so many values; the first is a header, whose error is raised."""
        buffer, taken = b"", []
        while len(taken) < values:
            try:
                unpacker = Unpacker(buffer)
                taken = [unpacker.value() for _ in range(values)]
            except Incomplete:
                taken = []
                part = sock.recv(1 << 16)
                if not part:
                    raise ConnectionError("serf closed the connection") from None
                buffer += part
        if taken[0][b"Error"]:
            raise RuntimeError(f"serf: {taken[0][b'Error'].decode()}")
        return taken

    def subscribe(self, _topic):
        subscribers = []
        for number in range(self.nodes):
            sock = self.session(number)
            sock.sendall(pack({"Command": "stream", "Seq": 1}) + pack({"Type": "user"}))
            self.reply(sock, 1)
            subscribers.append(Subscriber(number, sock))
        return subscribers

    def publisher(self, number):
        sock = self.session(number)

        def publish(payload):
            body = {"Name": "b", "Payload": payload, "Coalesce": False}
            sock.sendall(pack({"Command": "event", "Seq": 2}) + pack(body))
            sock.setblocking(False)
            try:
                sock.recv(1 << 16)
            except BlockingIOError:
                pass
            sock.setblocking(True)

        return publish

    def bodies(self, subscriber):
        def take_one(buffer):
            unpacker = Unpacker(buffer)
            try:
                unpacker.value()
                event = unpacker.value()
            except Incomplete:
                return None
            return event, buffer[unpacker.at:]

        return [(moment, event[b"Payload"]) for moment, event in subscriber.parsed(take_one)]

    def watch_failures(self, number):
        sock = self.session(number)
        sock.sendall(pack({"Command": "stream", "Seq": 1}) + pack({"Type": "member-failed"}))
        self.reply(sock, 1)

        def take_one(buffer):
            unpacker = Unpacker(buffer)
            try:
                unpacker.value()
                return unpacker.value(), buffer[unpacker.at:]
            except Incomplete:
                return None

        def number_failed(event):
            return [int(member[b"Name"][1:]) for member in event[b"Members"]]

        return Watcher(number, sock, take_one, number_failed)

    def revive(self, _number):
        return False

    def pids(self):
        return [process.pid for process in self.processes]

    def close(self):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait(10)


def version_of(system):
    if system == "serf":
        text = subprocess.run(["serf", "version"], capture_output=True, text=True, timeout=10)
        return re.split(r"\s", text.stdout.strip() + " ")[0]
    return None
