"""What the template makes of a text, and what the page's own style and scripts may contain."""

import re

import pytest
from hypothesis import given
from jinja2 import UndefinedError

from grader.render.html.template import ASSETS, environment, policy
from tests.render.hostile import assert_acts_on_nothing, hostile_text


def rendered(template: str, text: str) -> str:
    return environment().from_string(template).render(text=text)


def test_a_text_is_escaped_between_tags_and_in_attributes() -> None:
    assert rendered('<p title="{{ text }}">{{ text }}</p>', "<b \"'>&lt;") == (
        '<p title="&lt;b &#34;&#39;&gt;&amp;lt;">&lt;b &#34;&#39;&gt;&amp;lt;</p>'
    )


def test_a_text_is_one_bounded_line() -> None:
    assert rendered("{{ text }}", "a\n\x1b[2Jb") == "a \\u001b[2Jb"
    assert len(rendered("{{ text }}", "x" * 1000)) == 300


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("no code", "no code"),
        ("`a` and `<b>`", "<code>a</code> and <code>&lt;b&gt;</code>"),
        ("an odd ` one", "an odd ` one"),
    ],
)
def test_code_between_backticks_is_marked_up_in_prose(text: str, markup: str) -> None:
    assert rendered("{{ text|prose }}", text) == markup


def test_a_line_of_a_log_keeps_its_spaces() -> None:
    assert rendered("{{ text|line }}", "  a  <b>") == "  a  &lt;b&gt;"


@given(hostile_text)
def test_no_filter_lets_markup_or_control_characters_through(text: str) -> None:
    for template in ("{{ text }}", "{{ text|prose }}", "{{ text|line }}", "{{ text|limited(40) }}"):
        markup = rendered(template, text)
        assert_acts_on_nothing(markup)
        assert re.findall("<[^>]*>", markup) == re.findall("</?code>", markup)


def test_a_name_without_a_value_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        rendered("{{ txet }}", "x")


def test_the_policy_allows_nothing_but_the_style_and_the_scripts_by_their_hashes() -> None:
    allowed = policy("", ["a", "b"])
    assert allowed.startswith("default-src 'none'; ")
    assert "style-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';" in allowed
    assert len(re.findall("'sha256-[^']+'", allowed)) == 3
    assert "unsafe" not in allowed


def test_style_and_scripts_cannot_end_their_own_element() -> None:
    for name in ("page.js", "d3/d3.min.js"):
        text = (ASSETS / name).read_text()
        assert not re.search(r"</script|<!--", text, re.IGNORECASE)
        assert "\r" not in text
    assert "</style" not in (ASSETS / "page.css").read_text()


def test_the_script_of_the_page_makes_no_markup_and_no_code_of_a_text() -> None:
    own = (ASSETS / "page.js").read_text()
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|\.html\(|document\.write|eval|Function\(", own
    )
