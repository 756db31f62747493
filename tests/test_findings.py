"""Findings as types: complete, frozen, and able to cross between processes."""

import msgspec
import pytest

from grader.findings import Finding
from grader.report import CheckResult, Outcome
from tests.findings import KINDS, circumstances_of, finding_of


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_with_its_finding_crosses_between_processes(kind: type[Finding]) -> None:
    result = CheckResult(
        name="test_a",
        title="A.",
        outcome=Outcome.FAILED,
        finding=finding_of("x", kind),
        circumstances=circumstances_of("x"),
    )
    packed = msgspec.msgpack.encode(result)
    assert msgspec.msgpack.decode(packed, type=CheckResult) == result


@pytest.mark.parametrize("kind", KINDS)
def test_a_finding_cannot_be_changed(kind: type[Finding]) -> None:
    finding = finding_of("x", kind)
    with pytest.raises(AttributeError):
        finding.anything = 1  # type: ignore[union-attr]
    assert hash(finding) == hash(finding_of("x", kind))


def test_each_kind_has_a_tag_of_its_own() -> None:
    tags = {msgspec.inspect.type_info(kind).tag for kind in KINDS}  # type: ignore[attr-defined]
    assert len(tags) == len(KINDS)
