"""Talks to a daemon as docs/API.md says, with the standard library alone."""
import json
import selectors
import socket
import time


class ApiError(Exception):
    """The daemon refused; `code` is the stable word for it."""

    def __init__(self, error):
        super().__init__(error.get("message", ""))
        self.code = error.get("code", "")


def connect(path, timeout):
    """A connection to the daemon's socket, which may take up to `timeout` seconds to be there."""
    deadline = time.monotonic() + timeout
    while True:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(max(0.1, deadline - time.monotonic()))
        try:
            sock.connect(str(path))
            return sock
        except OSError:
            sock.close()
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.005)


class Api:
    """Requests and their replies, one at a time."""

    def __init__(self, path, timeout=5.0):
        self.sock = connect(path, timeout)
        self.sock.settimeout(timeout)
        self.file = self.sock.makefile("rb")

    def ask(self, payload=b"", **request):
        self.sock.sendall(json.dumps(request).encode() + b"\n" + payload)
        line = self.file.readline()
        if not line:
            raise ConnectionError("the daemon closed the connection")
        reply = json.loads(line)
        if not reply["ok"]:
            raise ApiError(reply["error"])
        return reply

    def publish(self, topic, payload, **options):
        reply = self.ask(payload, op="publish", topic=topic, size=len(payload), **options)
        return reply["message"]

    def close(self):
        self.file.close()
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Listener:
    """Subscribes and reads without blocking; `pump` feeds many of them."""

    def __init__(self, name, path, topics, timeout=5.0, events=False):
        self.name = name
        self.buffer = bytearray()
        self.messages = []   # (event, payload)
        self.events = []
        self.lagged = 0
        self.is_open = True
        self.sock = connect(path, timeout)
        self.sock.settimeout(timeout)
        requests = [{"op": "subscribe", "topics": topics}] if topics else []
        if events:
            requests.append({"op": "events"})
        for request in requests:
            self.sock.sendall(json.dumps(request).encode() + b"\n")
        self.awaited = len(requests)
        deadline = time.monotonic() + timeout
        while self.awaited:  # from the replies on, nothing is missed
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name}: no reply to subscribe")
            self.receive()
        self.sock.setblocking(False)

    def fileno(self):
        return self.sock.fileno()

    def receive(self):
        try:
            part = self.sock.recv(1 << 18)
        except BlockingIOError:
            return
        except ConnectionError:
            part = b""
        if not part:
            self.is_open = False
            if self.awaited:
                raise ConnectionError(f"{self.name}: closed before it subscribed")
            return
        self.buffer += part
        while self.take_line():
            pass

    def take_line(self):
        end = self.buffer.find(b"\n")
        if end < 0:
            return False
        line = json.loads(self.buffer[:end])
        size = line.get("size", 0)
        if len(self.buffer) < end + 1 + size:
            return False
        payload = bytes(self.buffer[end + 1:end + 1 + size])
        del self.buffer[:end + 1 + size]
        kind = line.get("event")
        if kind is None:
            if not line["ok"]:
                raise ApiError(line["error"])
            self.awaited -= 1
        elif kind == "message":
            self.messages.append((line, payload))
        elif kind == "lagged":
            self.lagged += line["messages"]
        else:
            self.events.append(line)
        return True

    def close(self):
        self.sock.close()


def pump(listeners, is_done, timeout):
    """Reads from all listeners until is_done(): true. False after `timeout` seconds without."""
    with selectors.DefaultSelector() as selector:
        for listener in listeners:
            if listener.is_open:
                selector.register(listener, selectors.EVENT_READ)
        deadline = time.monotonic() + timeout
        while not is_done():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            for key, _ in selector.select(min(left, 0.1)):
                key.fileobj.receive()
                if not key.fileobj.is_open:
                    selector.unregister(key.fileobj)
    return True
