"""Operators on numbers, statuses, headers, keys and keyword arguments."""

from collections.abc import Iterator

import libcst as cst

from grader.authoring.mutants.operators.registry import Change, Changes, Registry
from grader.authoring.mutants.operators.syntax import code, dotted, with_value, without

operators = Registry()

STATUSES = {
    "200": "201",
    "201": "200",
    "202": "200",
    "204": "200",
    "400": "422",
    "404": "400",
    "409": "400",
    "422": "400",
    "429": "503",
    "500": "502",
    "502": "500",
    "503": "500",
    "504": "502",
}
"""A status and one that is easily taken for it."""

RESPONSES = ("HTTPException", "Response", "JSONResponse", "PlainTextResponse", "StreamingResponse")
CONSTRUCTORS = (
    *RESPONSES,
    "AsyncClient",
    "Client",
    "Limits",
    "Timeout",
    "Semaphore",
    "CapacityLimiter",
    "CancelScope",
    "ThreadPoolExecutor",
)
"""Classes with optional keyword arguments; those of other classes, mostly models, are required."""

SMALL = 20
"""Up to this number one more or less can be told."""

BOUNDARIES: dict[type[cst.BaseCompOp], cst.BaseCompOp] = {
    cst.LessThan: cst.LessThanEqual(),
    cst.LessThanEqual: cst.LessThan(),
    cst.GreaterThan: cst.GreaterThanEqual(),
    cst.GreaterThanEqual: cst.GreaterThan(),
}


# ---- numbers --------------------------------------------------------------------------------------------------------


def _number(node: cst.Integer | cst.Float, factor: float) -> Iterator[Change]:
    """The number times a factor; integers stay integers, and at least 1."""
    if isinstance(node, cst.Float):
        yield Change(cst.Float(repr(node.evaluated_value * factor)))
    elif node.value not in STATUSES and (factor > 1 or node.evaluated_value > 1):
        yield Change(cst.Integer(str(max(1, int(node.evaluated_value * factor)))))


@operators.on("number-tenth", cst.Integer, cst.Float)
def number_tenth(node: cst.Integer | cst.Float) -> Changes:
    """A number or duration, divided by ten."""
    return _number(node, 0.1)


@operators.on("number-tenfold", cst.Integer, cst.Float)
def number_tenfold(node: cst.Integer | cst.Float) -> Changes:
    """A number or duration, times ten."""
    return _number(node, 10) if node.evaluated_value else ()


@operators.on("limit-less", cst.Integer)
def limit_less(node: cst.Integer) -> Changes:
    """A small limit, less one."""
    if 1 < node.evaluated_value <= SMALL:
        yield Change(cst.Integer(str(node.evaluated_value - 1)))


@operators.on("limit-more", cst.Integer)
def limit_more(node: cst.Integer) -> Changes:
    """A small limit, plus one."""
    if 0 < node.evaluated_value <= SMALL:
        yield Change(cst.Integer(str(node.evaluated_value + 1)))


@operators.on("boundary", cst.Comparison)
def boundary(node: cst.Comparison) -> Changes:
    """`<` → `<=`, and so on."""
    for target in node.comparisons:
        if (other := BOUNDARIES.get(type(target.operator))) is not None:
            changed = target.with_changes(operator=other)
            yield Change(
                node.with_changes(
                    comparisons=[changed if each is target else each for each in node.comparisons]
                )
            )


# ---- answers --------------------------------------------------------------------------------------------------------


def _other_status(node: cst.BaseExpression) -> cst.BaseExpression | None:
    if isinstance(node, cst.Integer) and node.value in STATUSES:
        return cst.Integer(STATUSES[node.value])
    return None


@operators.on("status", cst.Call)
def status(node: cst.Call) -> Changes:
    """The status of an answer becomes a similar one."""
    is_response = dotted(node.func).rpartition(".")[2] in RESPONSES
    for place, argument in enumerate(node.args):
        is_status = (
            argument.keyword.value == "status_code" if argument.keyword is not None else is_response
        )
        other = _other_status(argument.value)
        if is_status and other is not None:
            yield Change(node.with_changes(args=with_value(node.args, place, other)), argument)


@operators.on("status-compared", cst.ComparisonTarget)
def status_compared(node: cst.ComparisonTarget) -> Changes:
    """A status that an answer is compared with becomes a similar one."""
    other = _other_status(node.comparator)
    if other is not None:
        yield Change(node.with_changes(comparator=other))


@operators.on("status-name", cst.Attribute)
def status_name(node: cst.Attribute) -> Changes:
    """`status.HTTP_502_…` and `codes.BAD_GATEWAY` → a similar number."""
    parts = node.attr.value.split("_")
    if len(parts) > 2 and parts[0] == "HTTP" and parts[1] in STATUSES:
        yield Change(cst.Integer(STATUSES[parts[1]]))
    elif code(node).startswith("httpx.codes.") and node.attr.value.isupper():
        yield Change(cst.Integer("418"))


@operators.on("drop-entry", cst.Dict)
def drop_entry(node: cst.Dict) -> Changes:
    """A header, or another entry of a dictionary, is left out."""
    for entry in node.elements:
        rest = [other for other in node.elements if other is not entry]
        if rest:
            rest[-1] = rest[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        yield Change(node.with_changes(elements=rest), entry)


# ---- arguments ------------------------------------------------------------------------------------------------------


@operators.on("drop-keyword", cst.Call)
def drop_keyword(node: cst.Call) -> Changes:
    """A keyword argument is left out."""
    name = dotted(node.func).rpartition(".")[2]
    if name[:1].isupper() and name not in CONSTRUCTORS:
        return
    for place, argument in enumerate(node.args):
        if argument.keyword is not None:
            yield Change(node.with_changes(args=without(node.args, place)), argument)


@operators.on("swap-keywords", cst.Call)
def swap_keywords(node: cst.Call) -> Changes:
    """Two neighbouring keyword arguments get each other's values."""
    pairs = zip(range(len(node.args)), range(1, len(node.args)), strict=False)
    for first, second in pairs:
        one, other = node.args[first], node.args[second]
        if one.keyword is not None and other.keyword is not None:
            changed = with_value(node.args, first, other.value)
            yield Change(node.with_changes(args=with_value(changed, second, one.value)), one)
