"""Pictures in terminals: only where one is known to show them, and what is sent says what the picture says."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from mvdream_cli.engine import terminal


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, None),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-ghostty", "TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM_PROGRAM": "WezTerm"}, "iterm2"),
        ({"TERM_PROGRAM": "vscode"}, None),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"}, None),
        ({"TERM": "dumb", "TERM_PROGRAM": "iTerm.app"}, None),
    ],
)
def test_a_terminal_is_known_by_what_it_sets(environ, found):
    assert terminal.protocol(environ) == found


@pytest.fixture
def picture(tmp_path):
    image = np.zeros((13, 20, 3), np.uint8)
    image[:6, :, 0], image[6:, 10:, 1], image[12, 3] = 255, 255, (0, 0, 255)
    Image.fromarray(image).save(tmp_path / "p.png")
    return tmp_path / "p.png"


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content)))


def test_kitty_and_iterm2_get_the_png(picture, tmp_path):
    wanted = np.asarray(Image.open(picture))
    parts = re.findall(r"\033_G([^;]*);([^\033]*)\033\\", terminal.ENCODERS["kitty"](picture))
    assert parts[0][0] == "a=T,f=100,m=0" and (pixels(base64.b64decode(parts[0][1])) == wanted).all()
    found = re.fullmatch(r"\033]1337;File=inline=1;size=(\d+):(.*)\a", terminal.ENCODERS["iterm2"](picture))
    content = base64.b64decode(found[2])
    assert len(content) == int(found[1]) and (pixels(content) == wanted).all()
    noise = np.random.default_rng(0).integers(0, 256, (700, 700, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    parts = re.findall(r"\033_G([^;]*);([^\033]*)\033\\", terminal.ENCODERS["kitty"](tmp_path / "noise.png"))
    assert len(parts) > 2 and {head for head, _ in parts[1:-1]} == {"m=1"} and parts[-1][0] == "m=0"
    assert pixels(base64.b64decode("".join(part for _, part in parts))).shape == (640, 640, 3)  # made smaller


def test_sixel_draws_the_picture(picture):
    """Read back by the rules of the format."""
    text = terminal.ENCODERS["sixel"](picture)
    assert text.startswith('\033Pq"1;1;20;13') and text.endswith("\033\\")
    drawn, palette, row, column, color = np.zeros((18, 20, 3)), {}, 0, 0, 0
    for token in re.finditer(r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)(.)|([$-])", text[len('\033Pq"1;1;20;13') :]):
        if token[1]:
            palette[int(token[1])] = [int(token[k]) * 2.55 for k in (2, 3, 4)]
        elif token[5]:
            color = int(token[5])
        elif token[6]:
            bits = ord(token[7]) - 63
            for bit in range(6):
                if bits >> bit & 1:
                    drawn[row + bit, column : column + int(token[6])] = palette[color]
            column += int(token[6])
        else:
            column, row = 0, row + 6 * (token[8] == "-")
    assert abs(drawn[:13] - np.asarray(Image.open(picture))).max() < 3 and not drawn[13:].any()


def test_a_picture_goes_to_a_terminal_only_and_only_where_it_is_allowed(picture, monkeypatch, capsys):
    monkeypatch.setenv("TERM", "xterm-kitty")
    monkeypatch.delenv("TMUX", raising=False)
    terminal.allow(True)
    try:
        terminal.show_picture(picture)
        assert capsys.readouterr().out == ""  # a file or a pipe
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        terminal.show_picture(picture)
        assert capsys.readouterr().out.startswith("\033_G")
        terminal.allow(False)
        terminal.show_picture(picture)
        assert capsys.readouterr().out == ""
    finally:
        terminal.allow(False)
