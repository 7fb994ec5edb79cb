"""A server of files that misbehaves when it is told to."""

import hashlib
import http.server
import threading
from contextlib import contextmanager

from speechbrain_bifsmn.files.download import Archive

BODY = bytes(range(256)) * 400  # 100 kB


class Server(http.server.ThreadingHTTPServer):
    """Serves one body; ``faults`` holds one for each request to come."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.faults, self.requests = {"/x.tar.gz": BODY}, [], []
        self.ended, self.sent = threading.Event(), 0

    def handle_error(self, *_):
        """Says nothing of who hangs up: that is what is tried."""

    def archive(self, name="x.tar.gz", **known):
        body = self.files[f"/{name}"]
        url = f"http://127.0.0.1:{self.server_port}/{name}"
        known.setdefault("sha256", hashlib.sha256(body).hexdigest())
        known.setdefault("bytes", len(body))
        return Archive(url, **{"unpacked_bytes": 0, **known})


class Handler(http.server.BaseHTTPRequestHandler):
    """Each fault is a method, or a status to answer with."""

    def log_message(self, *_):
        pass

    def do_GET(self):  # noqa: N802
        server, asked = self.server, self.headers.get("Range")
        server.requests.append(asked)
        fault = server.faults.pop(0) if server.faults else "none"
        body = server.files.get(self.path)
        if fault.startswith("to "):
            self.send_response(302)
            self.send_header("Location", fault[3:])
            self.end_headers()
            return
        if body is None or fault.isdigit():
            self.send_error(int(fault) if fault.isdigit() else 404)
            return
        start = int(asked[6:-1]) if asked and fault != "no ranges" else 0
        if start >= len(body):
            self.send_error(416)
            return
        self.answer(fault, body, start)

    def answer(self, fault, body, start):
        part, places = body[start:], f"bytes {start}-{len(body) - 1}"
        if fault == "drips heads":
            self.drip(b"HTTP/1.1 200 OK\r\nX: ")
            return
        self.send_response(206 if start or fault == "another range" else 200)
        if fault == "another range":
            places = f"bytes {start + 7}-{len(body) - 1}"
        if fault != "no range":
            self.send_header("Content-Range", f"{places}/{len(body)}")
        if fault == "chunks":
            self.send_header("Transfer-Encoding", "chunked")
        elif fault != "no length":
            sizes = {"says more": 10**12, "says less": 10, "says odd": "x"}
            self.send_header("Content-Length", sizes.get(fault, len(part)))
        self.end_headers()
        getattr(self, fault.replace(" ", "_"), self.wfile.write)(part)

    def corrupt(self, part):
        self.wfile.write(b"?" + part[1:])

    def nothing(self, part):
        pass

    def breaks(self, part):
        self.wfile.write(part[:30_000])

    def stalls(self, part):
        self.breaks(part)
        self.wfile.flush()
        self.server.ended.wait(5)

    def one(self, part):
        self.wfile.write(part[:1])

    def drip(self, part):
        for at in range(200):
            if self.server.ended.wait(0.05):
                return
            self.wfile.write(part[at % len(part) :][:1])
            self.wfile.flush()

    def no_length(self, part):
        self.wfile.write(part)
        while not self.server.ended.is_set():  # and for ever
            self.wfile.write(bytes(1 << 16))
            self.server.sent += 1 << 16

    says_more = no_length


@contextmanager
def serving():
    """Yields a ``Server`` at work."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
