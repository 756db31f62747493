"""A service's fragment: what is read is what the file says, and a wrong file is one sentence."""

from pathlib import Path

import pytest

from grader.errors import HarnessError
from grader.registry import SERVICES
from grader.services.fragment import SHIPPED, Resource, read_fragment, shipped_fragment

SMALLEST = """
who = "the echo server"
what = "its echo"
field = "echo"
example = 7
source = "what comes back."
app = { question = "async def echo_of(item: int) -> int: ..." }
checks = { fixture = "echoes.Echo", gate = "await echo.arrivals(AT_ONCE)" }
"""


def test_a_fragment_needs_no_more_than_what_every_service_has(tmp_path: Path) -> None:
    file = tmp_path / "echo.toml"
    file.write_text(SMALLEST)
    fragment = read_fragment(file)
    assert (
        fragment.who,
        fragment.app.resource,
        fragment.checks.count,
        fragment.run,
        fragment.files,
    ) == (
        "the echo server",
        None,
        None,
        None,
        {},
    )


def test_every_service_has_a_fragment_and_every_fragment_a_service() -> None:
    assert {path.stem for path in SHIPPED.iterdir()} == set(SERVICES)


def test_a_resource_is_opened_as_the_fragment_says() -> None:
    wanted = Resource(
        name="prices", type="httpx.AsyncClient", opened="httpx.AsyncClient(base_url=UPSTREAM_URL)"
    )
    assert shipped_fragment("upstream").app.resource == wanted


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (SMALLEST.replace("who", "whom"), "unknown field `whom`"),
        (
            SMALLEST.replace("example = 7", "example = 'seven'"),
            r"Expected `int`, got `str` - at `\$.example`",
        ),
        (SMALLEST.replace(", gate", ", gates"), r"at `\$.checks`"),
        ("who =", "Invalid value"),
        (f"who = {'[' * 3000}{']' * 3000}", "levels are nested"),
    ],
)
def test_a_wrong_fragment_is_named_with_what_is_wrong_in_it(
    tmp_path: Path, text: str, reason: str
) -> None:
    file = tmp_path / "echo.toml"
    file.write_text(text)
    with pytest.raises(
        HarnessError, match=rf"^The fragment .*echo\.toml cannot be read: .*{reason}"
    ):
        read_fragment(file)


def test_a_fragment_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        HarnessError, match=r"The fragment .*echo\.toml cannot be read: .*No such file"
    ):
        read_fragment(tmp_path / "echo.toml")
