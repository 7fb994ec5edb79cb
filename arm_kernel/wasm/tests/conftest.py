"""The page, and native programs beside it."""

import functools
import http.server
import os
import subprocess
import threading
from pathlib import Path

import pytest
from chromium import Page
from native import SHIPPED, compile_programs


@pytest.fixture(scope="session")
def built_page():
    """The path of the page."""
    if "PAGE" not in os.environ:
        pytest.skip("no page in $PAGE: run arm_kernel/wasm/run.sh --test")
    return Path(os.environ["PAGE"]).resolve()


@pytest.fixture(scope="session")
def open_page(built_page, tmp_path_factory):
    """Opens the page, by default as a file, where browsers allow the least."""
    pages = []

    def opened(*flags, address=None, **options):
        address = address or built_page.as_uri()
        profile = tmp_path_factory.mktemp("profile")
        pages.append(Page(address, profile, *flags, **options))
        return pages[-1]

    yield opened
    for page in pages:
        page.browser.quit()


@pytest.fixture(scope="session")
def page(open_page):
    """A page that is ready; tests share it."""
    opened = open_page()
    opened.wait_for("Ready.")
    return opened


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """The folder of the native programs."""
    folder = tmp_path_factory.mktemp("programs")
    compile_programs(folder)
    return folder


@pytest.fixture(scope="session")
def models(programs):
    """Random models of one and of two planes, and the one that is shipped."""
    subprocess.run([programs / "write_models", programs], check=True)
    return [programs / "1.bifsmn", programs / "2.bifsmn", SHIPPED]


@pytest.fixture(scope="session")
def server(built_page):
    """The address of the page on a server of files."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Keeps the output of the tests to themselves."""

    handler = functools.partial(Handler, directory=built_page.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/{built_page.name}"
        server.shutdown()
