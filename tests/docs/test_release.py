"""The how-to "Make a release" agrees with the workflow, the README and the changelog."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "release.md").read_text(encoding="utf-8")
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())


def test_pypi_trusts_the_workflow_and_the_environment_that_publish() -> None:
    fields = dict(re.findall(r"^\| ([\w ]+) \| `([\w.]+)` \|$", PAGE, re.MULTILINE))
    assert fields == {"Workflow name": "release.yml", "Environment name": "pypi"}
    publish = WORKFLOW["jobs"]["publish"]
    assert publish["environment"] == "pypi"
    assert publish["permissions"] == {"id-token": "write"}


def test_the_tag_on_the_page_starts_the_workflow() -> None:
    (tag,) = re.findall(r"^git push origin (\S+)$", PAGE, re.MULTILINE)
    # YAML reads the key `on` as true.
    assert WORKFLOW[True]["push"]["tags"] == [f"{tag[0]}*"]


def test_the_wheel_is_tried_with_the_commands_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (commands,) = re.findall(r"^pip install \. && (.+)$", readme, re.MULTILINE)
    assert commands in PAGE.splitlines()


def test_the_changelog_has_the_section_that_a_release_renames() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert changelog.count("## [Unreleased]") == 1
