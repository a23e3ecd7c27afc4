"""A mirror on loopback that serves a folder's files, well or badly."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATIENCE = 0.8  # seconds


class Mirror(BaseHTTPRequestHandler):
    """Serves ``/MOOD/FILE``: whole, half, 503, wrong, or nothing for as long as the test lasts.

    ``pauses`` and ``breaks`` begin at once, rest before the end of the very first file, and then
    send the rest, or nothing.
    """

    root = None
    release = threading.Event()
    seen: list

    def do_GET(self):
        _, mood, name = self.path.split("/")
        type(self).seen.append((mood, name))
        content = (self.root / name).read_bytes()
        if mood == "busy":
            self.send_error(503)
            return
        if mood == "hangs":
            self.release.wait()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if mood == "stalls":
            self.wfile.write(content[:1000])
            self.release.wait()
        elif mood in ("pauses", "breaks"):
            self.wfile.write(content[:1000])
            if len(self.seen) == 1:
                time.sleep(2 * PATIENCE)
            if mood == "pauses":
                self.wfile.write(content[1000:])
        elif mood == "half":
            self.wfile.write(content[: len(content) // 2])
        elif mood == "wrong":
            self.wfile.write(bytes(len(content)))
        else:
            self.wfile.write(content)

    def log_message(self, *words):
        pass


@contextmanager
def serving(folder):
    """Yield a handler whose ``url(mood)`` is the address of the folder, served in that mood."""
    handler = type("Handler", (Mirror,), {
        "root": folder, "release": threading.Event(), "seen": [],
    })  # fmt: skip
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        http.daemon_threads = True
        http.block_on_close = False
        threading.Thread(target=http.serve_forever, daemon=True).start()
        handler.url = lambda mood: f"http://127.0.0.1:{http.server_port}/{mood}/"
        yield handler
        handler.release.set()
        http.shutdown()
