"""A loopback HTTP server that serves one archive, well or badly."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Archive:
    """What the server does. faults: one per request, taken from the front; none left: honest.

    etag: the mark of the content's version, "" for a server that gives none.
    """

    def __init__(self, content):
        self.content = content
        self.faults = []
        self.requests = []  # the Range header of each request
        self.url = ""
        self.etag = ""


def handler_of(archive):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def do_GET(self):
            asked = self.headers.get("Range")
            archive.requests.append(asked)
            fault = archive.faults.pop(0) if archive.faults else None
            if fault in (404, 503):
                self.send_error(fault)
                return
            body, start = archive.content, 0
            if fault == "corrupt":
                body = body[:1000] + bytes([body[1000] ^ 1]) + body[1001:]
            newer = self.headers.get("If-Range", archive.etag) != archive.etag
            if asked and fault != "no ranges" and not newer:
                start = int(asked.removeprefix("bytes=").rstrip("-"))
                if start >= len(body):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(body)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            else:
                self.send_response(200)
            rest = body[start:]
            announced = len(rest)
            if fault == "says more":
                announced += 5000
            if fault == "says less":
                announced -= 5000
            if archive.etag:
                self.send_header("ETag", archive.etag)
            if fault == "cut chunks":
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"1000\r\n" + rest[:4096] + b"\r\n20000\r\n" + rest[4096:9000])
                self.close_connection = True
                return
            if fault != "says nothing":
                self.send_header("Content-Length", str(announced))
            self.end_headers()
            sent = rest[: len(rest) // 3] if fault == "cut" else rest
            self.wfile.write(sent)
            self.close_connection = True

    return Handler


@pytest.fixture
def serve():
    """serve(bytes) -> Archive with its url, on a free port of 127.0.0.1."""
    servers = []

    def start(content):
        archive = Archive(content)
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(archive))
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        archive.url = f"http://127.0.0.1:{server.server_address[1]}/groove.zip"
        return archive

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
