"""`kata verify --mutants` on a small real kata."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.authoring.small_katas import TWICE
from tests.conftest import RunKata

MakeKata = Callable[..., Path]

pytestmark = pytest.mark.slow

REFERENCE = """
import asyncio

from fastapi import FastAPI

app = FastAPI()
FACTOR = 2


async def double(n: int) -> int:
    return FACTOR * n


@app.get("/twice/{n}")
async def twice(n: int) -> int:
    await asyncio.sleep(0.001)
    return await double(n)
"""


def document(kata: RunKata, katas: Path, *options: str) -> tuple[int, dict[str, Any]]:
    ran = kata("verify", "tiny", "--mutants", "--json", *options, "--katas", katas)
    assert ran.err == ""
    (only,) = json.loads(ran.out)["katas"]
    return ran.code, only


def test_mutants_that_a_check_notices_are_killed_and_others_survive_until_they_are_declared(
    kata: RunKata, make_kata: MakeKata
) -> None:
    files = {**TWICE, "accepted/reference.py": REFERENCE}
    code, found = document(kata, make_kata(files=files), "--jobs", "2")
    mutants = {each["key"]: each for each in found["mutants"]}
    assert mutants["limit-more:7"]["fate"] == "killed"
    assert mutants["limit-more:7"]["why"] == "test_it_answers"
    assert mutants["number-tenth:16"]["fate"] == "survived"
    assert (code, found["verdict"]) == (1, "wrong")
    survivors = [key for key, each in mutants.items() if each["fate"] == "survived"]
    declared = "".join(f'["{key}"]\nreason = "No check can see it."\n' for key in survivors)
    code, found = document(kata, make_kata(files={**files, "mutants.toml": declared}))
    assert (code, found["verdict"], found["score"]) == (0, "proved", 1.0)
    assert found["equivalent"] == len(survivors)


def test_a_reference_that_fails_stops_the_kata(kata: RunKata, make_kata: MakeKata) -> None:
    wrong = REFERENCE.replace("FACTOR = 2", "FACTOR = 3")
    code, found = document(kata, make_kata(files={**TWICE, "accepted/reference.py": wrong}))
    assert (code, found["verdict"], found["mutants"]) == (1, "wrong", [])
    (problem,) = found["problems"]
    assert "nothing follows from its mutants" in problem["message"]
