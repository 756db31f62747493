"""Claims as they are saved: each kind says which it is."""

import msgspec
import pytest

from grader.evidence.claims import (
    Claim,
    ClockClaim,
    CountClaim,
    GateClaim,
    Relation,
    StatusClaim,
    ValueClaim,
)
from grader.evidence.machine import Watch

WATCH = Watch(started_s=0.0, ended_s=1.0)
CLAIMS: dict[str, Claim] = {
    "status": StatusClaim(exchanges=(1, 2), allowed=(200,), watch=WATCH, late=(504,)),
    "value": ValueClaim(what="the body", wanted="1", seen="2", exchange=1),
    "count": CountClaim(what="calls", measured=3.0, relation=Relation.AT_MOST, limit=2.0),
    "clock": ClockClaim(
        what="GET /", exchanges=(1,), relation=Relation.AT_LEAST, limit_s=0.5, watch=WATCH
    ),
    "gate": GateClaim(what="calls", wanted=2, seen=1, deadline_s=3.0, own_limit_s=0.5, watch=WATCH),
}


@pytest.mark.parametrize("tag", CLAIMS)
def test_a_saved_claim_is_loaded_as_the_kind_it_was(tag: str) -> None:
    saved = msgspec.json.encode(CLAIMS[tag])
    assert msgspec.json.decode(saved)["type"] == tag
    assert msgspec.json.decode(saved, type=Claim) == CLAIMS[tag]


def test_a_claim_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="type"):
        msgspec.json.decode(b'{"type": "hunch"}', type=Claim)
