"""The reader of docstrings."""

from docs.site.members import read_doc


def test_a_docstring_is_split_into_sections() -> None:
    doc = read_doc(
        """What it does.

        More of it.

        Args:
            one: a thing
                on two lines.
            two: another.

        Raises:
            Oops: it fell.
        """
    )
    assert doc.text == "What it does.\n\nMore of it."
    assert doc.sections == {
        "Args": {"one": "a thing on two lines.", "two": "another."},
        "Raises": {"Oops": "it fell."},
    }
