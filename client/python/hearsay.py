"""Publish and subscribe through the hearsay daemon of this host; the standard library only.

    import hearsay

    with hearsay.Client() as client:
        client.publish("deploy", "v2 is out")
        for member in client.members():
            print(member["label"], member["state"])

    with hearsay.subscribe("deploy", "ci.*") as messages:
        for message in messages:
            print(message.name, message.topic, message.payload)

Every call may raise an Error: Refused when the daemon says no, NotRunning when there is none,
Closed when it went away, NoAnswer when it took too long. Nothing here is safe to use from several
threads at once, but each thread may have a Client of its own.
"""
from __future__ import annotations

import dataclasses
import datetime
import json
import os
import socket
import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, TypeVar

__all__ = ["Client", "Closed", "Error", "Event", "Events", "Message", "NoAnswer", "NotRunning",
           "Refused", "SOCKET", "Subscription", "events", "subscribe"]

SOCKET = "/run/hearsay/hearsay.sock"
"""Where the daemon listens unless `[api] socket` says otherwise; $HEARSAY_SOCKET goes before it."""

ANSWER_TIMEOUT = 30.0  # seconds; a publish may wait 10 for room
PUBLISH_MAX = 1024     # messages in one request

_Self = TypeVar("_Self", bound="_Stream")


class Error(Exception):
    """What every exception of this module is; its text is a sentence for people."""


class Refused(Error):
    """The daemon said no. `code` is a stable word for programs (docs/API.md, Errors)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotRunning(Error):
    """Nobody listens on the socket, or this user may not connect."""


class Closed(Error):
    """The daemon has closed the connection, or this end has."""


class NoAnswer(Error):
    """The daemon has not answered in time; the connection is closed."""


@dataclasses.dataclass(frozen=True)
class Message:
    """A message that came. `publisher` is the id of the node that signed it."""

    id: str
    topic: str
    payload: bytes
    publisher: str
    name: str      # what the publisher calls itself; "" when not known
    label: str     # the name, made unique; for people
    created: datetime.datetime
    lifetime: float  # seconds
    epoch: int
    seq: int
    hops: int      # links it crossed; a hint
    repeat: bool   # this host may have delivered it before; only after a crash

    def text(self) -> str:
        """The payload as UTF-8, bytes that are none replaced."""
        return self.payload.decode("utf-8", "replace")


@dataclasses.dataclass(frozen=True)
class Event:
    """Something that happened in the network. Ignore kinds you do not know."""

    kind: str      # member_joined, member_failed, link_up, ...
    at: datetime.datetime
    member: str | None
    label: str
    by: str | None
    address: str | None
    text: str
    fields: dict[str, Any]  # the whole line, with keys of later versions


class _Connection:
    """Lines and payloads over the socket. What has come in part waits in `_buffer`."""

    def __init__(self, path: str, timeout: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._buffer = bytearray()
        self._is_open = True
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(path)
        except OSError as error:
            self.close()
            raise NotRunning(f"cannot reach the daemon at {path}: {error.strerror or error}; "
                             "`hearsay status` says more") from None

    def close(self) -> None:
        self._is_open = False
        self._socket.close()

    def send(self, request: dict[str, Any], payload: bytes, timeout: float) -> None:
        self._demand_open()
        self._socket.settimeout(timeout)
        line = json.dumps(request, ensure_ascii=False, separators=(",", ":"))
        try:
            self._socket.sendall(line.encode() + b"\n" + payload)
        except TimeoutError:
            self.close()  # half a request is under way
            raise NoAnswer(f"the daemon has read nothing for {timeout:g} s") from None
        except OSError as error:
            # It may have said why before it closed: receive() finds that.
            if not isinstance(error, (BrokenPipeError, ConnectionResetError)):
                self.close()
                raise Closed(f"the connection to the daemon broke: {error}") from None

    def receive(self, timeout: float | None) -> tuple[dict[str, Any], list[bytes]] | None:
        """The next line and its payloads; None when it is not whole in so many seconds."""
        self._demand_open()
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            whole = self._take()
            if whole is not None:
                return whole
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left < 0:
                left = 0.0
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(1 << 18)
            except (TimeoutError, BlockingIOError):
                return None
            except OSError as error:
                self.close()
                raise Closed(f"the connection to the daemon broke: {error}") from None
            if not data:
                self.close()
                raise Closed("the daemon has closed the connection")
            self._buffer += data

    def _take(self) -> tuple[dict[str, Any], list[bytes]] | None:
        end = self._buffer.find(b"\n")
        if end < 0:
            return None
        head: dict[str, Any] = json.loads(self._buffer[:end])
        sizes: list[int] = [head["size"]] if "size" in head else head.get("sizes", [])
        if len(self._buffer) < end + 1 + sum(sizes):
            return None
        payloads, at = [], end + 1
        for size in sizes:
            payloads.append(bytes(self._buffer[at:at + size]))
            at += size
        del self._buffer[:at]
        return head, payloads

    def _demand_open(self) -> None:
        if not self._is_open:
            raise Closed("this connection has been closed")


class _Stream:
    """A connection that is closed when its block ends."""

    def __init__(self, path: str | None, timeout: float) -> None:
        self._timeout = timeout
        self._connection = _Connection(path or os.environ.get("HEARSAY_SOCKET") or SOCKET, timeout)

    def close(self) -> None:
        """Ends the connection; harmless when it has ended."""
        self._connection.close()

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def _ask(self, request: dict[str, Any], payload: bytes = b"") -> dict[str, Any]:
        """Sends a request and returns its reply, whether ok or not."""
        self._connection.send(request, payload, self._timeout)
        came = self._connection.receive(self._timeout)
        if came is None:
            self.close()
            raise NoAnswer(f"the daemon has not answered `{request['op']}` "
                           f"in {self._timeout:g} s")
        return came[0]


class Client(_Stream):
    """One connection for requests, answered one after the other.

    `path` is the daemon's socket (None: $HEARSAY_SOCKET or SOCKET), `timeout` how many seconds an
    answer may take.
    """

    def __init__(self, path: str | None = None, timeout: float = ANSWER_TIMEOUT) -> None:
        super().__init__(path, timeout)

    def ask(self, op: str, payload: bytes = b"", **keys: Any) -> dict[str, Any]:
        """Any operation of docs/API.md, with its keys; returns the reply.

        Keys that are None are left out. With a payload give its `size` or `sizes`.
        """
        request = {"op": op, **{name: value for name, value in keys.items() if value is not None}}
        return _checked(self._ask(request, payload))

    def publish(self, topic: str, payload: bytes | str, *, lifetime: float | None = None,
                wait: bool = True) -> str:
        """Publishes a message and returns its id once the daemon has accepted it.

        `lifetime` is in seconds, 1 to 3600; the daemon's default is 60. When there is no room,
        waits for up to 10 seconds, or not at all without `wait`, and raises Refused (`busy`).
        """
        data = _bytes_of(payload)
        reply = self.ask("publish", data, topic=topic, size=len(data), lifetime=lifetime,
                         wait=None if wait else False)
        return str(reply["message"])

    def publish_many(self, topic: str, payloads: Iterable[bytes | str], *,
                     lifetime: float | None = None, wait: bool = True) -> list[str | None]:
        """Publishes many messages of one topic at little cost.

        Returns one id for each, None where it was refused; raises Refused when all were.
        """
        ids: list[str | None] = []
        refusal: dict[str, Any] | None = None
        everything = [_bytes_of(payload) for payload in payloads]
        for begin in range(0, len(everything), PUBLISH_MAX):
            part = everything[begin:begin + PUBLISH_MAX]
            request: dict[str, Any] = {"op": "publish", "topic": topic,
                                       "sizes": [len(data) for data in part]}
            if lifetime is not None:
                request["lifetime"] = lifetime
            if not wait:
                request["wait"] = False
            reply = self._ask(request, b"".join(part))
            ids += reply.get("messages", [None] * len(part))
            refusal = refusal or (None if reply["ok"] else reply)
        if refusal and not any(ids):
            _checked(refusal)
        return ids

    def members(self) -> list[dict[str, Any]]:
        """Every known member, this host first, then by name (docs/API.md, members and links)."""
        members: list[dict[str, Any]] = self.ask("members")["members"]
        return members

    def links(self) -> list[dict[str, Any]]:
        """The neighbours this host talks to directly."""
        links: list[dict[str, Any]] = self.ask("links")["links"]
        return links

    def status(self) -> dict[str, Any]:
        """This host, its network, rates, counters and health (docs/API.md, status)."""
        return self.ask("status")


class Subscription(_Stream, Iterator[Message]):
    """The messages of some topics, as they come. Iterating ends when the connection does.

    `lagged` counts the messages that were lost because this program read too slowly.
    """

    def __init__(self, topics: Iterable[str], path: str | None = None,
                 timeout: float = ANSWER_TIMEOUT) -> None:
        super().__init__(path, timeout)
        self.lagged = 0
        self._ready: list[Message] = []
        _checked_or_closed(self, {"op": "subscribe", "topics": list(topics), "batch": True})

    def receive(self, timeout: float | None = None) -> Message | None:
        """The next message; None when none comes in `timeout` seconds (None: waits for ever)."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._ready:
            came = self._connection.receive(_left(deadline))
            if came is None:
                return None
            self._handle(*came)
        return self._ready.pop(0)

    def __next__(self) -> Message:
        message = _next_or_stop(self)
        assert isinstance(message, Message)
        return message

    def _handle(self, line: dict[str, Any], payloads: list[bytes]) -> None:
        if line.get("event") == "message":
            self._ready.append(_message_of(line, payloads[0]))
        elif line.get("event") == "messages":
            self._ready += map(_message_of, line["messages"], payloads)
        elif line.get("event") == "lagged":
            self.lagged += line["messages"]


class Events(_Stream, Iterator[Event]):
    """What happens in the network: members that come and go, links. Ends like a Subscription.

    `lagged` counts the events that were lost because this program read too slowly.
    """

    def __init__(self, path: str | None = None, timeout: float = ANSWER_TIMEOUT) -> None:
        super().__init__(path, timeout)
        self.lagged = 0
        _checked_or_closed(self, {"op": "events"})

    def receive(self, timeout: float | None = None) -> Event | None:
        """The next event; None when none comes in `timeout` seconds (None: waits for ever)."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            came = self._connection.receive(_left(deadline))
            if came is None:
                return None
            line = came[0]
            if line.get("event") == "lagged":
                self.lagged += line["events"]
            elif "event" in line:
                return _event_of(line)

    def __next__(self) -> Event:
        event = _next_or_stop(self)
        assert isinstance(event, Event)
        return event


def subscribe(*topics: str, path: str | None = None,
              timeout: float = ANSWER_TIMEOUT) -> Subscription:
    """Subscribes on a connection of its own.

    In a topic `*` stands for any run of characters and `?` for one. From the return on, nothing
    that arrives is missed.
    """
    return Subscription(topics, path, timeout)


def events(path: str | None = None, timeout: float = ANSWER_TIMEOUT) -> Events:
    """Listens to events on a connection of its own."""
    return Events(path, timeout)


def _checked(reply: dict[str, Any]) -> dict[str, Any]:
    if not reply.get("ok"):
        error = reply.get("error", {})
        raise Refused(error.get("code", ""), error.get("message", "the daemon refused"))
    return reply


def _checked_or_closed(stream: Subscription | Events, request: dict[str, Any]) -> None:
    try:
        _checked(stream._ask(request))
    except Error:
        stream.close()
        raise


def _next_or_stop(stream: Subscription | Events) -> Message | Event:
    try:
        came = stream.receive()
    except Closed:
        raise StopIteration from None
    assert came is not None  # without a timeout it waits for ever
    return came


def _bytes_of(payload: bytes | str) -> bytes:
    return payload.encode("utf-8") if isinstance(payload, str) else bytes(payload)


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def _time_of(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def _message_of(line: dict[str, Any], payload: bytes) -> Message:
    return Message(line["id"], line["topic"], payload, line["publisher"], line["name"],
                   line["label"], _time_of(line["created"]), line["lifetime"], line["epoch"],
                   line["seq"], line["hops"], line["repeat"])


def _event_of(line: dict[str, Any]) -> Event:
    return Event(line["event"], _time_of(line["at"]), line.get("member"), line.get("label", ""),
                 line.get("by"), line.get("address"), line.get("text", ""), line)
