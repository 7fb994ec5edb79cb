"""An upload ends, and says what is where."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from speechbrain_bifsmn.files.owned import owned_folder
from speechbrain_bifsmn.publishing import push as pushing
from speechbrain_bifsmn.publishing.push import push


class Hub(BaseHTTPRequestHandler):
    """Of the hub's interface, what an upload needs.

    ``answers`` are the statuses of the next requests, "hang" or "drip"; after
    them all goes well.
    """

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append((self.path, body))
        status = self.server.answers.pop(0) if self.server.answers else 200
        place = f"http://127.0.0.1:{self.server.server_port}/me/model"
        answer = {"url": place}
        if "preupload" in self.path:
            names = [file["path"] for file in json.loads(body)["files"]]
            mode = {"uploadMode": "regular", "shouldIgnore": False}
            answer = {"files": [{"path": name, **mode} for name in names]}
        elif "commit" in self.path:
            answer = {"commitUrl": f"{place}/commit/0", "commitOid": "0"}
        if status == "hang":
            self.server.over.wait(20)
        elif status == "drip":
            while not self.server.over.wait(0.05):
                self.wfile.write(b"H")
        else:
            self.answer(status, answer)

    def do_GET(self):
        self.answer(404, {})  # whether a repository is there

    def answer(self, status, content):
        content = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


hub_api = pushing.HfApi


@pytest.fixture
def use_hub(monkeypatch):
    """Makes an address the hub; nobody waits long."""

    def use(endpoint):
        api = hub_api(endpoint, token="hf_secret")
        monkeypatch.setattr(pushing, "HfApi", lambda: api)
        monkeypatch.setattr(pushing, "SILENCE_S", 0.2)
        monkeypatch.setattr(pushing, "PAUSE_S", 0.01)

    return use


@pytest.fixture
def server(use_hub):
    """A hub on this machine, which keeps what it is sent."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.calls, server.answers, server.over = [], [], threading.Event()
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    use_hub(f"http://127.0.0.1:{server.server_port}")
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def folder(tmp_path):
    """As ``publish`` leaves one, but small."""
    with owned_folder(tmp_path / "my_model", "publish") as folder:
        (folder / "README.md").write_text("card")
        (folder / "samples").mkdir()
        (folder / "samples" / "yes.wav").write_bytes(b"RIFF")
    return tmp_path / "my_model"


def sent(server):
    """Returns the paths of the files of the last commit."""
    lines = map(json.loads, server.calls[-1][1].decode().splitlines())
    return {line["value"]["path"] for line in lines if line["key"] == "file"}


def test_all_files_but_the_marker_go_up(server, folder):
    assert push(folder, "me/model").endswith("/me/model")
    paths = [path for path, _ in server.calls]
    assert paths[0] == "/api/repos/create"
    assert paths[-1] == "/api/models/me/model/commit/main"
    assert sent(server) == {"README.md", "samples/yes.wav"}


@pytest.mark.parametrize("answer", [500, 503, 429, "hang", "drip"])
@pytest.mark.parametrize("step", [0, 2])
def test_what_does_not_pass_is_tried_again(server, folder, answer, step):
    server.answers += [200] * step + [answer]
    push(folder, "me/model")
    assert sent(server) == {"README.md", "samples/yes.wav"}


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        (401, "log in with `hf auth login`"),
        (403, "log in with `hf auth login`"),
        (500, "give the same command again later"),
        ("hang", "give the same command again later"),
        ("drip", "give the same command again later"),
        (413, "see what the hub says"),
    ],
)
def test_a_failure_says_what_is_where(server, folder, answer, remedy):
    server.answers += [answer] * 20
    start = time.monotonic()
    with pytest.raises(
        OSError, match="expected to upload to http.*/me/model"
    ) as e:
        push(folder, "me/model")
    text = str(e.value)
    assert remedy in text and "\n" not in text
    assert f"The folder {folder} is whole; the repository" in text
    assert time.monotonic() - start < 10
    if answer == 401:  # is no matter of time
        assert len(server.calls) == 1


def test_a_hub_that_is_not_there(use_hub, folder):
    use_hub("http://127.0.0.1:1")
    with pytest.raises(
        OSError, match="expected to upload to .*, found .*later"
    ):
        push(folder, "me/model")


def test_only_what_was_checked_goes_up(server, folder, tmp_path):
    (tmp_path / "secret").write_text("key")
    for change in (
        lambda: (folder / "README.md").write_text("other"),
        lambda: (folder / "more.txt").symlink_to(tmp_path / "secret"),
    ):
        change()
        with pytest.raises(FileExistsError, match="README.md|more.txt"):
            push(folder, "me/model")
    assert server.calls == []
