"""The list of all members of the check API, read from its docstrings and signatures."""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType

from grader.checks import answers, api, expect, values
from grader.load.answers import Lingering
from grader.services.connections import Connections
from grader.services.postgresql.database import Held

MADE = "<!-- Made by `python -m docs.site` from the docstrings; edit those instead. -->"

OF_THE_GRADER = {
    "Answer": {"watch", "attempt"},
    "Call": {"record"},
    "Crowd": {"answers", "burst", "attempt", "count", "index"},
    "Hold": {"covers", "waiting", "released"},
    "Pending": {"run"},
    "Schedule": {"is_burst", "numbers"},
    "Server": {"addresses", "explain", "attempt"},
    "Postgres": {"take_stock"},
    "Upstream": {"take_stock"},
    "Connections": {"add", "is_flooded", "remove"},
    "Fifo": {"close", "let_in"},
    "Files": {"close"},
}
"""Members for the grader's own use; checks do not need them."""

Function = ast.FunctionDef | ast.AsyncFunctionDef

LINE = 100
"""Longer signatures have a line for each argument."""

SECTIONS = ("Args", "Attributes", "Raises", "Returns")
FURTHER = (
    Connections,
    Held,
    Lingering,
    answers.AnswerExpectation,
    answers.CrowdExpectation,
    values.NumberExpectation,
    values.ValueExpectation,
)
"""Types that checks get from members of the API, but do not import."""


@dataclass
class Doc:
    """A parsed docstring: its text, and the entries of its sections."""

    text: str
    sections: dict[str, dict[str, str]] = field(default_factory=dict)


def read_doc(docstring: str | None) -> Doc:
    """Parse a docstring."""
    text: list[str] = []
    doc, section, name = Doc(""), "", ""
    for line in inspect.cleandoc(docstring or "").splitlines():
        if line.rstrip(":") in SECTIONS and line.endswith(":"):
            section = line.rstrip(":")
            doc.sections[section] = {}
        elif not section:
            text.append(line)
        elif line.startswith("        ") and name:
            doc.sections[section][name] += " " + line.strip()
        elif line.strip():
            name, _, said = line.strip().partition(": ")
            doc.sections[section][name] = said
    doc.text = "\n".join(text).strip()
    return doc


def api_classes() -> list[type]:
    """The classes of the API: those that checks import, by name, then those that they only get."""
    exported = [getattr(api, name) for name in api.__all__]
    return sorted(
        (one for one in exported if inspect.isclass(one)), key=lambda one: one.__name__
    ) + list(FURTHER)


def page() -> str:
    """The page of all members."""
    lines = [MADE, "", "# Members of the check API", ""]
    lines += [
        "Every class and method with its arguments, from their docstrings. [The check API](check-api.md)"
    ]
    lines += ["explains them, with examples. Names that end in `_s` are times in seconds."]
    lines += ["", *_expect()]
    for one in api_classes():
        lines += ["", *_class(one)]
    return "\n".join(lines) + "\n"


def _expect() -> Iterator[str]:
    """`expect`, with its return type for each kind of value."""
    nodes = [
        node
        for node in ast.parse(inspect.getsource(expect)).body
        if isinstance(node, Function) and node.name == "expect"
    ]
    doc = read_doc(ast.get_docstring(nodes[-1]))
    yield from (
        "## expect",
        "",
        "```py",
        *(_signature(node, expect) for node in nodes[:-1]),
        "```",
        "",
        doc.text,
        "",
    )
    yield from (f"- `{name}`: {text}" for name, text in doc.sections["Args"].items())


def _class(one: type) -> Iterator[str]:
    yield from (f"## {one.__name__}", "", read_doc(one.__doc__).text)
    fields = dict(_fields(one))
    if fields:
        yield ""
        yield from (f"- `{name}`{said}" for name, said in fields.items())
    for base in _line(one):
        for node in _class_tree(base).body:
            if isinstance(node, Function) and not _is_hidden(one, node.name):
                yield from (
                    "",
                    *_function(
                        f"{one.__name__}.{node.name}", node, "###", sys.modules[base.__module__]
                    ),
                )


def _fields(one: type) -> Iterator[tuple[str, str]]:
    """Name and description of each field and attribute."""
    said: dict[str, str] = {}
    types: dict[str, str] = {}
    for base in reversed(_line(one)):
        said |= read_doc(base.__doc__).sections.get("Attributes", {})
        declared = [
            node
            for node in _class_tree(base).body
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        ]
        types |= {ast.unparse(node.target): ast.unparse(node.annotation) for node in declared}
    for name in {**types, **said}:
        if not _is_hidden(one, name):
            yield (
                name,
                (f" (`{types[name]}`)" if name in types else "")
                + (f": {said[name]}" if name in said else ""),
            )


def _is_hidden(one: type, name: str) -> bool:
    return name.startswith("_") or name in OF_THE_GRADER.get(one.__name__, ())


def _line(one: type) -> list[type]:
    """The class, and its bases in the grader."""
    return [one, *(base for base in one.__bases__ if base.__module__.startswith("grader."))]


def _class_tree(one: type) -> ast.ClassDef:
    node = ast.parse(textwrap.dedent(inspect.getsource(one))).body[0]
    assert isinstance(node, ast.ClassDef)
    return node


def _function(name: str, node: Function, level: str, module: ModuleType) -> Iterator[str]:
    doc = read_doc(ast.get_docstring(node))
    yield from (f"{level} {name}", "", "```py", _signature(node, module), "```", "", doc.text)
    for section, entries in doc.sections.items():
        yield from ("", f"{section}:", "")
        yield from (f"- `{name}`: {text}" for name, text in entries.items())


def _signature(node: Function, module: ModuleType) -> str:
    decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
    returns = _annotation(node.returns)
    if "property" in decorators:
        return f"{node.name}: {returns}"
    kind = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    if any(decorator.endswith("contextmanager") for decorator in decorators):
        kind, returns = "async with", returns.removeprefix("AsyncIterator[").removesuffix("]")
    arguments = [argument for argument in _arguments(node.args, module) if argument != "self"]
    line = f"{kind} {node.name}({', '.join(arguments)}) -> {returns}"
    if len(line) <= LINE:
        return line
    return "\n".join(
        [f"{kind} {node.name}(", *(f"    {argument}," for argument in arguments), f") -> {returns}"]
    )


def _arguments(arguments: ast.arguments, module: ModuleType) -> Iterator[str]:
    defaults = [None] * (len(arguments.args) - len(arguments.defaults)) + list(arguments.defaults)
    yield from (
        _argument(one, default, module)
        for one, default in zip(arguments.args, defaults, strict=True)
    )
    if arguments.vararg:
        yield f"*{_argument(arguments.vararg, None, module)}"
    elif arguments.kwonlyargs:
        yield "*"
    yield from (
        _argument(one, default, module)
        for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    )
    if arguments.kwarg:
        yield f"**{_argument(arguments.kwarg, None, module)}"


def _argument(one: ast.arg, default: ast.expr | None, module: ModuleType) -> str:
    said = f"{one.arg}: {_annotation(one.annotation)}" if one.annotation else one.arg
    if default is None:
        return said
    value = (
        getattr(module, default.id) if isinstance(default, ast.Name) else ast.literal_eval(default)
    )
    return f"{said} = {value!r}"


def _annotation(node: ast.expr | None) -> str:
    return "None" if node is None else ast.unparse(node).strip("'")
