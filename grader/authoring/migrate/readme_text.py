"""Rewrites a README for format 2: an id at the end of each bullet, and the sentence that states the default. Pure."""

import re
from collections.abc import Collection

from grader.authoring.lint.promises import BEGINNING, sentence_of
from grader.authoring.lint.readme import HOLD, Block, blocks_of, bullets_of, lines_of

WIDTH = 120
"""An id that does not fit within this width gets a line of its own."""

WORDS_OF_ID = 3
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_INSIGNIFICANT = re.compile(
    r"[a-z]|an|all|also|and|another|any|are|as|at|be|been|but|by|can|do|does|each|every|everybody"
    r"|for|from|get|gets|has|have|he|her|his|how|in|into|is|it|its|many|may|must|no|not|of|on"
    r"|one|only|or|other|others|out|over|own|said|say|says|she|so|still|than|that|the|their"
    r"|them|then|there|these|they|this|those|to|too|until|up|was|were|what|when|which|while|who"
    r"|whoever|will|with|within|without|you|your"
)


def migrated_readme(text: str, default_s: float) -> str:
    """The README with an id on each bullet that has text and no comment, and with the fixed sentence if it is missing.

    Args:
        text: the README; everything else in it stays as it is.
        default_s: what the sentence states.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    lines = lines_of(text)
    bullets = [bullet for bullet in bullets_of(text) if not bullet.is_empty]
    ids = [bullet.id for bullet in bullets]
    for place, bullet in enumerate(bullets):
        if not bullet.comments:
            ids[place] = _new_id(bullet, ids)
    for name, bullet in reversed([*zip(ids, bullets, strict=True)]):
        if not bullet.comments:
            _append_id(lines, bullet, name, end)
    return "".join(_with_sentence(lines, default_s, end))


def _new_id(bullet: Block, taken: Collection[str]) -> str:
    """An id from the first significant words of a bullet."""
    words = [word.partition("'")[0] for word in _WORD.findall(bullet.prose.lower())]
    significant = (
        [word for word in words if not _INSIGNIFICANT.fullmatch(word)] or words or ["requirement"]
    )
    name = "-".join(significant[:WORDS_OF_ID])
    number = 2
    chosen = name
    while chosen in taken:
        chosen, number = f"{name}-{number}", number + 1
    return chosen


def _append_id(lines: list[str], bullet: Block, name: str, end: str) -> None:
    """Write the id behind the last line of a bullet, or below it if there is no room."""
    last = bullet.line + len(bullet.lines) - 2
    comment = f"<!-- {name} -->"
    line = lines[last].rstrip("\r\n")
    own_end = lines[last].removeprefix(line)
    is_code = line.lstrip().startswith(("```", "~~~"))
    if is_code or len(line) + 1 + len(comment) > WIDTH:
        lines[last : last + 1] = [line + (own_end or end), f"  {comment}{own_end}"]
    else:
        lines[last] = f"{line.rstrip()} {comment}{own_end}"


def _with_sentence(lines: list[str], default_s: float, end: str) -> list[str]:
    blocks = [block for block in blocks_of("".join(lines)) if block.heading == HOLD]
    bullets = [block for block in blocks if block.is_bullet]
    if not bullets or any(BEGINNING in block.prose for block in blocks):
        return lines
    place = bullets[-1].line + len(bullets[-1].lines) - 1
    above, below = lines[:place], lines[place:]
    if not above[-1].endswith(("\r", "\n")):
        above[-1] += end
    return [*above, end, sentence_of(default_s) + end, *below]
