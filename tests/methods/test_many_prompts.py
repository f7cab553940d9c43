"""The table that many prompts leave."""

import csv

import pytest

from mvdream_cli.errors import ObjectError
from mvdream_cli.methods.many_prompts import jobs_of, make_all
from mvdream_cli.prompts import PromptLine
from mvdream_cli.settings.resolve import resolve


def test_no_cell_begins_a_formula(tmp_path):
    prompts = ["=HYPERLINK(0)", "+1", "-1", "@SUM(A1)", "\t=1", "a dog, 1+1=2"]
    jobs = jobs_of([PromptLine(prompt, {}) for prompt in prompts], resolve("cpu"))

    def make(settings, prompt, **_):
        raise ObjectError("=made of nothing")

    with pytest.raises(ObjectError, match="6 of 6"):
        make_all(jobs, make, lambda settings: (), tmp_path)
    rows = list(csv.DictReader((tmp_path / "prompts.csv").open(newline="")))
    assert [row["prompt"] for row in rows] == [f"'{prompt}" for prompt in prompts[:5]] + prompts[5:]
    assert {row["error"] for row in rows} == {"'=made of nothing"}
