"""Whatever stands in a file, its loader gives an answer or one of our errors, in one sentence.

The examples and the ways to break them are those of benchmarks/fuzz.py, which tries many more.
"""

import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.doors import LOADERS
from benchmarks.fuzz import CHANGING, broken
from mvdream_cli.errors import MVDreamError

EXAMPLES = {"model folder": 4, "run": 8, "checkpoint": 8}  # slow ones
few = settings(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The whole example of a loader, made once: (folder, its files with their contents)."""
    made = {}

    def of(name: str):
        if name not in made:
            folder = tmp_path_factory.mktemp("whole") / "here"
            folder.mkdir()
            files = [path.relative_to(folder) for path in LOADERS[name].make(folder)]
            for file in files:
                LOADERS[name].load(folder, folder / file)
            made[name] = folder, [(file, (folder / file).read_bytes()) for file in files]
        return made[name]

    return of


def answers(name: str, folder, file, content: bytes) -> None:
    """Put a file into the example, have it read, and put the example right again."""
    place = folder
    if name in CHANGING:
        place = folder.with_name("changed")
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(folder, place)
    before = (place / file).read_bytes()
    (place / file).write_bytes(content)
    try:
        LOADERS[name].load(place, place / file)
    except MVDreamError as error:
        assert 10 < len(str(error)) < 1000
        assert name == "settings" or "\n" not in str(error)  # several mistakes, a line each
    finally:
        (place / file).parent.mkdir(exist_ok=True)
        (place / file).write_bytes(before)


@pytest.mark.parametrize("name", LOADERS)
def test_a_broken_file_is_an_answer_or_our_error(name, example):
    folder, files = example(name)

    @settings(few, max_examples=EXAMPLES.get(name, 20))
    @given(st.data())
    def check(data):
        def pick(count: int) -> int:
            return data.draw(st.integers(0, count - 1)) if count > 1 else 0

        file, content = files[pick(len(files))]
        answers(name, folder, file, broken(content, files[pick(len(files))][1], pick))

    check()


@pytest.mark.parametrize("name", LOADERS)
def test_any_bytes_are_an_answer_or_our_error(name, example):
    folder, files = example(name)

    @settings(few, max_examples=EXAMPLES.get(name, 20) // 2)
    @given(st.integers(0, len(files) - 1), st.binary(max_size=200))
    def check(k, content):
        answers(name, folder, files[k][0], content)

    check()
