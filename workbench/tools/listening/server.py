"""A listening test for a class: one page and two messages, by Python's own HTTP server.

    GET  /         the page
    POST /join     {test, rater, token}: 204, or 409 if another rater has the name
    POST /answers  a record as the page saves it: 204, or 409, or 400 with the reason

Nothing else is served: no key, no answers, no folder. The content type of messages must be JSON,
which pages of other sites cannot send.
"""

from __future__ import annotations

import json
import re
import signal
import socket
import sqlite3
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from workbench.errors import BrokenFileError, WorkbenchError
from workbench.files import UNREADABLE
from workbench.tools.listening.answers import MOST_BYTES, clean_name, read_sheet
from workbench.tools.listening.design import read_key
from workbench.tools.listening.page import page_html
from workbench.tools.listening.records import TOKEN
from workbench.tools.listening.store import NameTaken, Store

POLICY = (  # allows only the page's own parts
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "media-src blob:; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)


class PageServer(ThreadingHTTPServer):
    """Serves one test. page: data for the browser; key: to check answers; store: for answers."""

    daemon_threads = True
    request_queue_size = 128  # a class opens the page at once

    def __init__(
        self, address: tuple[str, int], page: dict[str, Any], key: dict[str, Any], store: Store
    ) -> None:
        if page["test"] != key["test"]:
            raise WorkbenchError("page and key belong to different tests; give both of one folder")
        super().__init__(address, Handler)
        self.html = page_html(page, server=".").encode()
        self.key, self.store = key, store

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: a closed connection is not an error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def addresses(self) -> list[str]:
        """URLs of the page, on this machine and on its network."""
        host, port = self.server_address[:2]
        hosts = ["127.0.0.1", *network_addresses()] if host in ("0.0.0.0", "::") else [str(host)]
        return [f"http://{name}:{port}/" for name in hosts]


class Handler(BaseHTTPRequestHandler):
    """One request. A message that cannot be used gets its reason as plain text."""

    server: PageServer
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds that an idle connection is kept

    def do_GET(self) -> None:
        if self.path.split("?")[0] not in ("/", "/index.html"):
            return self._reply(404, "There is only the page itself, at /.")
        self._reply(200, self.server.html, "text/html; charset=utf-8")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        try:
            message = self._message()
            if self.path == "/join":
                self._join(message)
            elif self.path == "/answers":
                sheet = read_sheet(message, self.server.key, "This message")
                self.server.store.save(self.server.key["test"], sheet)
            else:
                return self._reply(404, "Messages go to /join and /answers.")
        except NameTaken as error:
            self._reply(409, str(error))
        except WorkbenchError as error:
            self._reply(400, str(error))
        except sqlite3.Error as error:  # such as a full disk; the page keeps answers and retries
            print(f"{self.server.store.path}: {error}", file=sys.stderr)
            self._reply(503, "The server cannot write just now; your answers wait here.")
        else:
            self._reply(204, "")

    def _join(self, message: Any) -> None:
        fields = message if isinstance(message, dict) else {}
        name, token = clean_name(fields.get("rater")), fields.get("token")
        if fields.get("test") != self.server.key["test"]:
            raise WorkbenchError("This page belongs to another test. Reload it.")
        if not name or not isinstance(token, str) or not TOKEN.fullmatch(token):
            raise WorkbenchError("Give a name with at least one letter.")
        self.server.store.join(self.server.key["test"], name, token)

    def _message(self) -> Any:
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch("[0-9]{1,9}", length) or int(length) > MOST_BYTES:
            self.close_connection = True  # its body is not read, so nothing more can follow
            raise WorkbenchError("The message is too long, or does not say how long it is.")
        body = self.rfile.read(int(length))
        if self.headers.get_content_type() != "application/json":
            raise WorkbenchError("Send JSON.")
        try:
            return json.loads(body)
        except UNREADABLE as error:
            raise WorkbenchError(f"The message is not valid JSON ({error}).") from error

    def _reply(
        self, status: int, body: str | bytes, kind: str = "text/plain; charset=utf-8"
    ) -> None:
        data = body.encode(errors="replace") if isinstance(body, str) else body
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
        for name, value in (
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", POLICY),
            ("Referrer-Policy", "no-referrer"),
        ):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Print no line per request, because a class sends hundreds."""


def network_addresses() -> list[str]:
    """Addresses of this machine on its network; empty if it has none."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # a documentation address: nothing is sent
        address = probe.getsockname()[0]
        return [] if address.startswith("127.") else [address]
    return []


def serve(folder: str | Path, host: str, port: int) -> int:
    """Serve the test.html of a folder until Ctrl-C or SIGTERM, and store answers in its
    answers.sqlite. Returns the exit status."""
    folder = Path(folder)
    key, page = read_key(folder / "key.json"), read_page(folder / "test.html")
    store = Store(folder / "answers.sqlite")
    try:
        server = PageServer((host, port), page, key, store)
    except OSError as error:
        raise WorkbenchError(
            f"{host}:{port} cannot be opened ({error.strerror}); choose another --port"
        ) from error
    with server:
        for ending in (signal.SIGINT, signal.SIGTERM):  # a shell's background ignores the first
            signal.signal(ending, signal.default_int_handler)
        print(f"{page['title']}: open one of", *server.addresses(), sep="\n  ")
        print(f"Answers go to {store.path}. End with Ctrl-C.", flush=True)
        with suppress(KeyboardInterrupt):
            server.serve_forever()
    raters, finished, answers = store.counts(key["test"])
    print(f"\n{raters} raters, {finished} finished, {answers} answers.", file=sys.stderr)
    return 0


def read_page(path: str | Path) -> dict[str, Any]:
    """The data of a test from its page. Raises BrokenFileError if the page contains none."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        part = text.split('<script id="test" type="application/json">', 1)[1]
        return json.loads(part.split("</script>", 1)[0])
    except (OSError, IndexError, *UNREADABLE) as error:
        raise BrokenFileError(
            f"{path} cannot be read as a listening test; make it with `workbench listen make`"
        ) from error
