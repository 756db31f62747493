"""The evidence that a page carries."""

import base64
import gzip
import hashlib

import msgspec
import pytest
from msgspec.structs import replace

from grader.evidence.run import Run
from grader.render.html.download import Download, download_of
from tests.render.runs import blocking_run, life, run_of


def test_the_download_is_the_whole_run() -> None:
    packed = base64.b64decode(download_of(blocking_run()).data)
    assert msgspec.json.decode(gzip.decompress(packed), type=Run) == blocking_run()


def test_the_same_run_gives_the_same_bytes() -> None:
    assert download_of(blocking_run()) == download_of(blocking_run())


def test_its_name_is_that_of_the_file_in_the_workspace() -> None:
    assert download_of(blocking_run()).name == "sleepy-handler-20261123T081500"


def test_a_foreign_name_leads_nowhere() -> None:
    name = download_of(run_of(kata="../../Ab.c", began_at="<2026>.x")).name
    assert name == "------ab-c-2026"


def test_evidence_that_is_too_large_has_a_size_and_no_data() -> None:
    noise = hashlib.shake_256(b"noise").hexdigest(400_000)
    check = blocking_run().checks[0]
    loud = replace(check.attempts[0], life=life(0.1, log=noise))
    download = download_of(run_of(replace(check, attempts=(loud,))))
    assert download.data == ""
    assert download.size_bytes > len(noise)


@pytest.mark.parametrize(
    ("size_bytes", "words"), [(499, "0 kB"), (38_700, "39 kB"), (1_250_000, "1.2 MB")]
)
def test_a_size_is_in_the_unit_that_people_use(size_bytes: int, words: str) -> None:
    assert Download("x", "", size_bytes).size == words
