"""The import rule: data flows one way, numerics know no machines, and checks never solve.

Every import statement counts, also one inside a function, but not those under ``if TYPE_CHECKING:``.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(path for package in ("twin", "solvers") for path in (ROOT / package).rglob("*.py"))

ORDER = [
    "units", "model", "catalogue", "layout", "climate", "geometry", "capacity", "scenario", "results", "networks",
    "tabulate", "studies", "coupling", "year", "kpi", "checks", "view", "exchange", "documents", "run", "batch", "live",
    "cli",
]  # fmt: skip
"""Parts of ``twin`` in the direction of the data: each may import those before it."""

EXCEPTIONS = {
    ("twin/layout/load.py", "twin.checks.check_limits"),
    ("twin/layout/load.py", "twin.checks.check_overrides"),
    ("twin/layout/load.py", "twin.checks.RULES"),
}
"""Mistakes in ``limits:`` and ``waive:`` are told when the file is read, but only the checks know the rules."""

HEAVY = {"numpy", "scipy", "numba", "trimesh", "pyvista", "matplotlib"}


def _statements(nodes: Iterable[ast.AST]) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            yield from _statements(node.orelse)
        else:
            yield from _statements(ast.iter_child_nodes(node))


@cache
def imports(path: Path) -> tuple[tuple[str, int], ...]:
    """Full names that a file imports, with their lines; ``from a import b`` counts as ``a.b``."""
    found = []
    for node in _statements([ast.parse(path.read_text(encoding="utf-8"))]):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        else:
            package = path.relative_to(ROOT).parent.parts
            above = ".".join(package[: len(package) + 1 - node.level]) + "." if node.level else ""
            module = (above + (node.module or "")).rstrip(".")
            found += [(f"{module}.{alias.name}", node.lineno) for alias in node.names]
    return tuple(found)


def part(name: str) -> str:
    """``networks`` of ``twin.networks.power``; empty for other programs and for ``twin.__version__``."""
    head, _, rest = name.partition(".")
    rest = rest.split(".")[0]
    return rest if head == "twin" and not rest.startswith("__") else ""


def files(package: str) -> list[Path]:
    """Files of ``solvers`` or of a part of ``twin``."""
    top = ROOT / package.replace(".", "/")
    return [path for path in FILES if top in path.parents or path == top.with_suffix(".py")]


def offences(paths: list[Path], forbidden: set[str]) -> list[str]:
    """Imports of forbidden programs or parts (``twin.checks``), as ``file:line``."""
    assert paths
    return [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in paths
        for name, line in imports(path)
        if any(name == other or name.startswith(other + ".") for other in forbidden)
        and (path.relative_to(ROOT).as_posix(), name) not in EXCEPTIONS
    ]


def test_every_part_of_twin_has_its_place_in_the_order():
    parts = {path.relative_to(ROOT / "twin").parts[0].removesuffix(".py") for path in files("twin")}
    assert parts - {"__init__"} <= set(ORDER), "a new part of twin: say in ORDER what it may import"


@pytest.mark.parametrize("name", ORDER)
def test_data_flows_one_way(name):
    later = {f"twin.{other}" for other in ORDER[ORDER.index(name) + 1 :]}
    paths = files(f"twin.{name}")
    if paths:  # some parts are still to be built
        assert offences(paths, later) == []


def test_exceptions_are_in_use():
    used = {(path.relative_to(ROOT).as_posix(), name) for path in FILES for name, _ in imports(path)}
    assert used >= EXCEPTIONS


def test_solvers_know_arrays_and_nothing_else():
    allowed = set(sys.stdlib_module_names) | {"numpy", "scipy", "numba", "llvmlite", "solvers"}
    found = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in files("solvers")
        for name, line in imports(path)
        if name.split(".")[0] not in allowed
    ]
    assert found == []


def test_only_lowering_and_coupling_see_solvers():
    others = set(files("twin")) - {
        path
        for name in ("networks", "tabulate", "studies", "coupling", "year", "climate")
        for path in files(f"twin.{name}")
    }
    assert offences(sorted(others), {"solvers"}) == []


def test_the_climate_takes_only_moist_air_from_the_solvers():
    found = [
        name for path in files("twin.climate") for name, _ in imports(path) if name.startswith("solvers")
    ]
    assert set(found) == {"solvers.psychrometrics"}


def test_only_the_view_draws_and_nobody_imports_vtk():
    others = set(files("twin")) - set(files("twin.view"))
    assert offences(sorted(others), {"pyvista", "matplotlib"}) == []
    assert offences(files("twin"), {"vtk", "vtkmodules"}) == []


def test_checks_and_key_figures_never_solve():
    forbidden = {"solvers", "scipy", "twin.networks", "twin.tabulate", "twin.coupling"}
    assert offences(files("twin.checks") + files("twin.kpi"), forbidden) == []


def test_the_model_holds_no_numerics():
    assert offences(files("twin.model") + files("twin.units"), HEAVY) == []


def test_reading_a_layout_loads_nothing_heavy():
    program = "import sys, twin.layout, twin.catalogue; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not HEAVY.union({"vtkmodules", "solvers"}) & set(done.stdout.split())


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("twin/kpi.py", "def f():\n    from solvers import air\n", "solvers.air"),
        ("twin/checks/x.py", "from . import engine\n", "twin.checks.engine"),
        ("twin/checks/x.py", "from ..networks import power\n", "twin.networks.power"),
        ("twin/checks/x.py", "if TYPE_CHECKING:\n    import scipy\nelse:\n    import numpy\n", "numpy"),
    ],
)
def test_the_rule_itself_sees_hidden_imports(tmp_path, monkeypatch, path, source, expected):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(source, encoding="utf-8")
    assert [name for name, _ in imports(file)] == [expected]
