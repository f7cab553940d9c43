"""The queue of prompts with workers that stand in for a cluster: they finish, die and vanish as a random number says."""

import csv
import random

import pytest

from mvdream_cli.errors import ObjectError
from mvdream_cli.methods.many_prompts import BUSY, gather, part_of
from mvdream_cli.methods.prompt_queue import AHEAD, Event, spread


class StandIns:
    """Workers on a clock of their own: a prompt begins, and a second later it ends in one of the ways of `fates`."""

    def __init__(self, fate, places=4):
        self.fate, self.count, self.clock = fate, places, 0.0
        self.given, self.most, self.starts = {}, 0, []

    def places(self):
        return self.count

    def start(self, number, again):
        self.given[number] = "waits"
        self.starts.append((number, again))
        self.most = max(self.most, len(self.given))

    def wait(self, seconds):
        self.clock += seconds
        events = []
        for number in list(self.given)[: self.count]:
            if self.given[number] == "waits":
                self.given[number] = "begun"
                events.append(Event(number, "begun", "here 1"))
            else:
                kind = self.fate(number)
                row = {"prompt": str(number), "status": BUSY if kind == BUSY else "finished"}
                events.append(Event(number, "row" if kind == BUSY else kind, row))
                del self.given[number]
        return events


def failed_row(number, reason):
    return {"prompt": str(number), "status": "failed", "error": reason}


def spread_over(workers, count, deaths=3):
    return list(spread(count, workers, deaths, failed_row, now=lambda: workers.clock))


def test_each_prompt_ends_once_whatever_dies():
    rng = random.Random(0)
    fates = ["row", "row", "row", "lost", "died", BUSY]
    workers = StandIns(lambda number: rng.choice(fates))
    ended = spread_over(workers, 500, deaths=1000)
    assert sorted(number for number, _ in ended) == list(range(500))
    assert all(row["status"] == "finished" for _, row in ended)
    assert len(workers.starts) > 700 and workers.most <= 4 * AHEAD  # many were tried again, few were given away at a time


def test_what_was_begun_is_started_as_such_and_nothing_else():
    workers = StandIns(lambda number: "row" if workers.starts.count((number, True)) else "lost")
    assert len(spread_over(workers, 6)) == 6
    assert workers.starts.count((3, False)) == 1 and workers.starts.count((3, True)) == 1


def test_a_prompt_that_kills_its_workers_fails_and_the_others_do_not():
    workers = StandIns(lambda number: "died" if number == 2 else "row")
    ended = dict(spread_over(workers, 5))
    assert "died 3 times" in ended.pop(2)["error"] and all(row["status"] == "finished" for row in ended.values())
    assert sum(number == 2 for number, _ in workers.starts) == 3


def test_a_lost_machine_is_not_the_fault_of_the_prompt():
    left = {7: 20}

    def fate(number):
        left[number] = left.get(number, 0) - 1
        return "row" if left[number] < 0 else "lost"

    assert dict(spread_over(StandIns(fate), 9))[7]["status"] == "finished"


def test_a_million_prompts_are_given_away_a_few_at_a_time():
    workers, rows = StandIns(lambda number: "row"), 0
    for _ in spread(1_000_000, workers, 3, failed_row, now=lambda: workers.clock):
        if (rows := rows + 1) == 50:
            break
    assert workers.most <= 4 * AHEAD and len(workers.starts) <= 50 + 4 * AHEAD


def test_a_cluster_that_grows_gets_more():
    workers = StandIns(lambda number: "row", places=0)  # nothing has joined yet: one waits
    queue = spread(50, workers, 3, failed_row, look=lambda given: setattr(workers, "count", 5), now=lambda: workers.clock)
    assert len(list(queue)) == 50 and workers.most == 5 * AHEAD


def test_the_table_counts_failures_and_is_no_formula(tmp_path):
    row = {"prompt": "=1+1", "seed": 0, "status": "failed", "folder": "", "mesh": "", "error": "-broken"}
    with pytest.raises(ObjectError, match="1 of 2 prompts failed"):
        gather(iter([(1, row), (0, row | {"prompt": "a cat", "status": "finished", "error": ""})]), 2, tmp_path)
    rows = list(csv.DictReader((tmp_path / "prompts.csv").open()))
    assert [row["prompt"] for row in rows] == ["a cat", "'=1+1"] and rows[1]["error"] == "'-broken"


def test_parts_are_the_whole():
    jobs = list(range(10))
    parts = [part_of(jobs, k, 3) for k in (1, 2, 3)]
    assert sorted(sum((list(part) for part, _ in parts), [])) == jobs
    assert len({name for _, name in parts}) == 3 and part_of(jobs[:1], 2, 3)[0] == []
