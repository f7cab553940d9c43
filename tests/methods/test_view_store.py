import pytest
import torch

from mvdream_cli.engine import distributed
from mvdream_cli.errors import DataError
from mvdream_cli.methods.view_store import ViewStore


def views_of(k):
    return torch.full((4, 8, 8, 3), k / 10)


def test_views_come_back_as_they_were_kept(tmp_path):
    store = ViewStore(tmp_path, 1)
    views = torch.randint(0, 256, (3, 8, 8, 3)).float() / 255
    store.write(0, views)
    torch.testing.assert_close(store.read(0), views)
    (tmp_path / "0001.png").write_bytes(b"no picture")
    for k in (1, 2):
        with pytest.raises(DataError, match=f"000{k}.png: cannot be read"):
            store.read(k)


def test_what_is_there_is_not_made_again(tmp_path):
    store, asked = ViewStore(tmp_path, 5), []

    def make(some):
        if 4 in some and not asked:
            raise KeyboardInterrupt
        asked.append(some)
        return torch.stack([views_of(k) for k in some])

    store.write(2, views_of(2))
    store.fill(make, 2, "making")
    assert asked == [[0, 1], [3, 4]] and store.missing() == [] and len(list(store.all())) == 5
    store.fill(make, 2, "making")
    assert len(asked) == 2
    content = store.path(3).read_bytes()
    store.path(3).write_bytes(content[:45] + bytes([content[45] ^ 1]) + content[46:])  # which decodes, to something else
    store.path(4).write_bytes(content[:50])
    store.fill(make, 1, "making")
    assert asked[2:] == [[3], [4]] and store.path(3).read_bytes() == content


def test_a_stopped_filling_goes_on(tmp_path):
    store = ViewStore(tmp_path, 3)

    def make(some):
        if some == [2]:
            raise KeyboardInterrupt
        return torch.stack([views_of(k) for k in some])

    with pytest.raises(KeyboardInterrupt):
        store.fill(make, 1, "making")
    assert store.missing() == [2]


def test_each_rank_makes_its_share(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    for rank in (0, 1):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        store = ViewStore(tmp_path / str(rank), 5)
        store.fill(lambda some: (made.append(some), torch.stack([views_of(k) for k in some]))[1], 8, "making")
    assert made == [[0, 2, 4], [1, 3]]
