"""What can be asked of the server is what it shows, and nothing else of the disk."""

import json
import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import numpy as np
import pytest
from conftest import ROOT

from mvdream_cli.engine.run import open_run
from mvdream_cli.errors import UsageError
from mvdream_cli.images import save_image
from mvdream_cli.pages.server import Gallery, Server


@pytest.fixture
def root(tmp_path):
    """A finished run with a page, one that goes on, one that is broken, and a secret beside them."""
    folder = tmp_path / "runs"
    (tmp_path / "secret.png").write_bytes(b"secret")
    with open_run(folder / "done", "to3d", {}, identity_keys=[], text="a red dog") as run:
        save_image(run.folder / "turntable.png", np.zeros((8, 16, 3), np.uint8))
        (run.folder / "index.html").write_text("the page")
        run.finish()
    (folder / "broken").mkdir()
    (folder / "broken" / "run.json").write_text("{")
    (folder / "linked").symlink_to(tmp_path)
    with open_run(folder / "goes on", "train", {}, identity_keys=[], text="a <i>cat</i>") as run:
        run.write_stats(step=3, steps=10, loss=0.5, steps_per_second=1.0)
        save_image(run.previews / "step-000003.png", np.zeros((8, 8, 3), np.uint8))
        yield folder


def test_a_gallery_tells_of_each_run(root):
    told = json.loads(Gallery(root).answer("/gallery.json").content)
    done, goes_on = sorted(told["runs"], key=lambda run: run["link"])
    assert (done["link"], done["title"], done["status"], done["cover_kind"]) == ("done/", "a red dog", "finished", "sheet")
    assert (goes_on["link"], goes_on["status"], goes_on["step"], goes_on["steps"]) == ("goes%20on/", "running", 3, 10)
    page = Gallery(root).answer("/")
    assert page.status == 200 and b"goes%20on/" in page.content and b"<i>cat" not in page.content
    for run in told["runs"]:
        assert Gallery(root).answer("/" + run["cover"]).content.startswith(b"\x89PNG")


def test_a_finished_run_has_its_own_page_and_one_that_goes_on_a_live_one(root):
    gallery = Gallery(root)
    assert gallery.answer("/done/").content == b"the page" and gallery.answer("/done").place == "/done/"
    live = gallery.answer("/goes%20on/")
    assert live.status == 200 and b"a \\u003ci>cat" in live.content and b"connect-src 'self'" in live.content
    state = json.loads(gallery.answer("/goes%20on/state.json?1").content)
    assert state["step"] == 3 and state["mesh"] is None and state["pictures"][0][2].startswith("previews/step-000003.png?")
    with open_run(root / "later", "to3d", {}, identity_keys=[]) as run:
        assert json.loads(gallery.answer("/later/state.json").content)["mesh"] is None
        (run.folder / "index.html").write_text("another page")
        run.finish()
    assert json.loads(gallery.answer("/later/state.json").content)["mesh"] is True


@pytest.mark.parametrize(
    "target",
    [
        "/../secret.png", "/%2e%2e/secret.png", "/done/../../secret.png", "/done/..%2f..%2fsecret.png",
        "/done/%2e%2e/%2e%2e/secret.png", "/linked/secret.png", "/linked/", "/broken/", "/done/run.json", "/done/.lock",
        "/done//index.html", "//etc/passwd", "/etc/passwd", "/done/previews/../../../secret.png", "/goes%20on/previews/",
        "/nothing/", "/done/\0", "/C:\\secret.png", "http://x/../secret.png",
    ],
)  # fmt: skip
def test_nothing_else_can_be_had(root, target):
    answer = Gallery(root).answer(target)
    assert answer.status == 404 and b"secret" not in answer.content


def test_one_run_alone_shows_no_other(root):
    gallery = Gallery(root / "goes on", one_run=True)
    assert gallery.answer("/").place == "/goes%20on/" and gallery.answer("/goes%20on/").status == 200
    assert gallery.answer("/done/").status == 404


@pytest.fixture
def server(root):
    with Server(Gallery(root), 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_only_this_machine_by_its_own_name_is_answered(server):
    assert server.server_address[0] == "127.0.0.1"
    opened = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opened.open(server.url + "gallery.json") as answer:
        assert answer.status == 200 and answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Type"] == "application/json"
    request = urllib.request.Request(server.url, headers={"Host": f"elsewhere.example:{server.server_address[1]}"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        opened.open(request)
    with pytest.raises(urllib.error.HTTPError, match="501"):
        opened.open(urllib.request.Request(server.url, method="DELETE"))


def test_a_port_that_is_taken_is_one_sentence(root):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"--port {port}: cannot be had .*; give another, or 0"):
            Server(Gallery(root), port)


def test_the_server_needs_no_torch():
    code = "import sys, mvdream_cli.commands.view, mvdream_cli.commands.runs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}).returncode == 0
