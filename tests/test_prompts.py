import pytest

from mvdream_cli.errors import UsageError
from mvdream_cli.prompts import check_prompt, prompt_set_names, read_prompt_set, read_prompts


def test_prompts_are_put_on_one_line_and_bad_ones_refused():
    assert check_prompt("  a dog\n with\ta hat ") == "a dog with a hat"
    for bad in ("", " \n", "x" * 10_000):
        with pytest.raises(UsageError):
            check_prompt(bad)


def test_a_file_of_prompts(tmp_path):
    path = tmp_path / "prompts.txt"
    path.write_text('a red car\n\n# a comment\n{"prompt": "a cat", "seed": 3, "to3d.views.steps": 5}\n  a  dog \n')
    assert read_prompts(path) == [
        ("a red car", {}, ""), ("a cat", {"engine.seed": 3, "to3d.views.steps": 5}, ""), ("a dog", {}, ""),
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_prompts_in_the_encodings_of_editors(tmp_path, encoding):
    path = tmp_path / "prompts.txt"
    path.write_bytes('# comment\r\nun café\u2028rouge\r\n{"prompt": "a cat", "seed": 3}\r\n'.encode(encoding))
    assert read_prompts(path) == [("un café rouge", {}, ""), ("a cat", {"engine.seed": 3}, "")]
    path.write_bytes('{"prompt": "a red car"}\n'.encode(encoding))
    assert read_prompts(path) == [("a red car", {}, "")]
    jsonl = path.rename(tmp_path / "prompts.jsonl")
    assert read_prompts(jsonl) == [("a red car", {}, "")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\n# nothing\n", "holds no prompt"), (b"{bad\n", "line 1: cannot be read"), (b'{"seed": 1}', "prompt is missing"),
        (b"caf\xe9", "cannot be read .*utf-8"), (b"\xff\xfe", "holds no prompt"), (b"\xff\xfea", "cannot be read .*utf-16"),
        (b"x\n" * 1_000_001, "more than 1000000"), (b"y" * 2000, "line 1: the prompt has 2000"),
    ],
)  # fmt: skip
def test_a_bad_file_is_one_sentence(tmp_path, content, says):
    path = tmp_path / "prompts.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=says) as raised:
        read_prompts(path)
    assert "\n" not in str(raised.value) and str(path) in str(raised.value)
    with pytest.raises(UsageError, match="No such file"):
        read_prompts(tmp_path / "none.txt")


@pytest.mark.parametrize("line", ["a cat", '["a cat"]', '{"prompt": 3}'])
def test_each_line_of_a_jsonl_file_is_an_object(tmp_path, line):
    path = tmp_path / "prompts.jsonl"
    path.write_text('{"prompt": "a red car"}\n' + line + "\n")
    first, second = read_prompts(path)
    assert first == ("a red car", {}, "") and f"{path}, line 2: cannot be read" in second.problem


def test_an_impossible_line_says_its_problem_and_the_others_are_read(tmp_path):
    path = tmp_path / "prompts.txt"
    bad = ['{"prompt": "a \\ud800 dog"}', '{"seed": 1}', '{"prompt": "", "a": 1}', '{"prompt":' + "[" * 5000, "x" * 2000]
    path.write_text("a red car\n" + "\n".join(bad) + "\n" + "a dog\n" * 9000)
    lines = read_prompts(path)
    assert len(lines) == 9006 and [k for k, line in enumerate(lines) if line.problem] == [1, 2, 3, 4, 5]
    for k, line in enumerate(lines[1:6], 2):
        assert line.problem.startswith(f"{path}, line {k}: ") and "\n" not in line.problem and len(line.problem) < 400
    with pytest.raises(UsageError, match="line 2: "):
        read_prompt_set(str(path))  # figures are of all prompts or of none


def test_shipped_sets_and_sets_of_files(tmp_path):
    assert {"gallery", "panel", "faces"} <= set(prompt_set_names())
    assert [len(read_prompt_set(name)) for name in ("gallery", "panel", "faces")] == [12, 48, 20]
    path = tmp_path / "library.json"
    path.write_text('{"dreamfusion": ["a corgi", "a  crab"], "other": ["x"]}')
    assert read_prompt_set(f"{path}:dreamfusion") == ["a corgi", "a crab"]
    path.write_text('["a corgi"]')
    assert read_prompt_set(str(path)) == ["a corgi"]
    with pytest.raises(
        UsageError, match="panell is neither a file nor a set of prompts; the sets are toybox, dreamfusion, faces"
    ):
        read_prompt_set("panell")


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        ('{"a": ["x"], "b": ["y"]}', ":c", "name one: .*of a, b"), ("[1]", "", "not a list"), ("[", "", "cannot be read"),
        ('["a dog", "a cat", "A  Dog"]', "", "prompts 1 and 3 are the same"),
    ],
)  # fmt: skip
def test_a_bad_set_is_one_sentence(tmp_path, content, name, says):
    (tmp_path / "set.json").write_text(content)
    with pytest.raises(UsageError, match=says):
        read_prompt_set(f"{tmp_path / 'set.json'}{name}")
