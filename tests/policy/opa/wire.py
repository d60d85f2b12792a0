"""What stands on loopback in place of OPA, or between it and us."""

from __future__ import annotations

import re
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_REQUEST = re.compile(rb"(?:GET|PUT|POST|PATCH|DELETE) \S+ HTTP/1\.1\r\n")
WAIT = b"wait"


class _Answering(socketserver.StreamRequestHandler):
    answer = b""
    pause_s = 0.0

    def handle(self) -> None:
        self.request.recv(65536)
        try:
            if self.answer == WAIT:
                self.request.recv(1)  # until the other side gives up
            elif self.pause_s:
                for at in range(len(self.answer)):
                    self.request.sendall(self.answer[at : at + 1])
                    time.sleep(self.pause_s)
            else:
                self.request.sendall(self.answer)
        except OSError:
            return


@contextmanager
def answering(answer: bytes, pause_s: float = 0.0) -> Iterator[str]:
    """A server that says the same to everything, byte by byte where there is a pause."""
    with serving(type("Handler", (_Answering,), {"answer": answer, "pause_s": pause_s})) as url:
        yield url


def http(status: str, body: str = "", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return ("\r\n".join(lines) + f"\r\n\r\n{body}").encode()


@dataclass
class Traffic:
    """What went through. *cut_at* n: the connection ends with the n-th request, and so does each one after it.

    *stalls*: it does not end, and nothing is answered.
    """

    url: str = ""
    cut_at: int = 0
    stalls: bool = False
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)


@contextmanager
def between(url: str) -> Iterator[Traffic]:
    """A server that hands everything on to the one at *url*."""
    traffic = Traffic()
    target = urlsplit(url)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            traffic.connections += 1
            with socket.create_connection((target.hostname or "", target.port or 0)) as server:
                threading.Thread(target=_pipe, args=(server, self.request), daemon=True).start()
                try:
                    while piece := self.request.recv(1 << 20):
                        traffic.requests += [found.split()[0] for found in _REQUEST.findall(piece)]
                        if traffic.cut_at and len(traffic.requests) >= traffic.cut_at:
                            if not traffic.stalls:
                                return
                            continue
                        server.sendall(piece)
                except OSError:
                    return

    with serving(Handler) as own:
        traffic.url = own
        yield traffic


def _pipe(one: socket.socket, other: socket.socket) -> None:
    try:
        while piece := one.recv(1 << 20):
            other.sendall(piece)
    except OSError:
        return


@contextmanager
def serving(handler: type[socketserver.BaseRequestHandler]) -> Iterator[str]:
    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
