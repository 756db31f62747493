"""The site can be built and read without a network."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.waiting import HANG_S

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "docs" / "site" / "mkdocs.yml"

pytestmark = pytest.mark.slow


class Loads(HTMLParser):
    """Collects the addresses that a page loads: scripts, styles, pictures, frames."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in ("script", "img", "iframe", "source", "video", "audio") or (
            tag == "link" and values.get("rel") != "canonical"
        ):
            self.addresses += [
                address for name in ("src", "href", "srcset") if (address := values.get(name))
            ]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        "-f",
        str(CONFIG),
        "-d",
        str(folder),
    ]
    built = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_every_page_is_built(site: Path) -> None:
    pages = [
        path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")
    ]
    missing = [
        str(page)
        for page in pages
        if not (
            site / page.parent / ("" if page.name == "index" else page.name) / "index.html"
        ).is_file()
    ]
    assert missing == []


def test_no_page_loads_anything_from_another_site(site: Path) -> None:
    for page in site.rglob("*.html"):
        loads = Loads()
        loads.feed(page.read_text(encoding="utf-8"))
        assert [
            address for address in loads.addresses if re.match(r"(https?:)?//", address)
        ] == [], page.name
    for style in site.rglob("*.css"):
        assert (
            re.findall(r"url\([\"']?(?:https?:)?//[^)]+|@import", style.read_text(encoding="utf-8"))
            == []
        ), style.name


def test_the_site_has_no_sources_or_runs(site: Path) -> None:
    assert [path.name for path in site.rglob("*") if path.suffix in (".py", ".yml", ".pyc")] == []
    assert not (site / "pictures" / "loop.json").exists()
    assert (site / "reference" / "report.schema.json").is_file()


def test_hints_are_folded_and_rendered_as_markdown(site: Path) -> None:
    page = (site / "katas" / "sleepy-handler" / "index.html").read_text(encoding="utf-8")
    hints = re.findall(r"<details>(.*?)</details>", page, re.DOTALL)
    assert len([hint for hint in hints if "<summary>" in hint]) == 3
    assert any("<code>await asyncio.sleep(RENDER_S)</code>" in hint for hint in hints)


def test_pages_link_only_to_pages_of_the_site() -> None:
    docs = ROOT / "docs"
    for page in docs.rglob("*.md"):
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).resolve().is_relative_to(docs), f"{page.name}: {target}"
