"""The parameters of tests are the same in each process that collects them."""

import ast
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]


def at_import(tree):
    """Yield the nodes of a module that run when it is imported: not the bodies of functions."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += [*getattr(node, "decorator_list", ()), *node.args.defaults]
        else:
            waiting += ast.iter_child_nodes(node)


def with_the_time(source):
    """Return the lines of a test file that put the time of the import into gzip files."""
    calls = (node for node in at_import(ast.parse(source)) if isinstance(node, ast.Call))
    return [
        call.lineno
        for call in calls
        if ast.unparse(call.func) == "gzip.compress" and "mtime" not in {keyword.arg for keyword in call.keywords}
    ]


def test_no_gzip_file_has_the_time_of_the_import():
    tests = [path for folder in ("tests", "tasks") for path in (CHECKOUT / folder).rglob("test_*.py")]
    found = {str(path.relative_to(CHECKOUT)): with_the_time(path.read_text(encoding="utf-8")) for path in tests}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_a_time_in_a_parameter_is_found():
    source = (
        "import gzip\n@mark.parametrize('x', [\n  gzip.compress(b''),\n  gzip.compress(b'', mtime=0),\n])\n"
        "def test(x):\n  gzip.compress(x)\nCASES = {'a': lambda text: gzip.compress(text)}\nFILE = gzip.compress(b'')\n"
    )
    assert sorted(with_the_time(source)) == [3, 9]
