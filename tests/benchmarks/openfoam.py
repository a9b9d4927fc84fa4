"""The same room in OpenFOAM: buoyantBoussinesqSimpleFoam on the cells of our own voxels, upwind, k-epsilon.

Written for OpenFOAM 1912 (Debian's package ``openfoam``).  Two boundary conditions moved rack inlets by up to 4 K
until they were right: air that leaves into a rack takes its tangential momentum along (``fixedNormalSlip``, not
``fixedValue``), and no turbulent diffusion carries heat back through a supply (``alphat`` is zero there).

``python -m tests.benchmarks.openfoam`` runs the reference cases (half an hour) and prints the table recorded in
``openfoam_recorded.csv``.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from solvers.air.field.problem import Patch, Problem
from solvers.air.field.voxels import Voxels, rasterise
from tests.benchmarks.rooms import reference_room

Array = NDArray[np.float64]
Index = NDArray[np.int64]

PROGRAM = "buoyantBoussinesqSimpleFoam"
RECORDED = Path(__file__).with_name("openfoam_recorded.csv")
LARGE_SPACING, LARGE_SECONDS = 0.06, 2.97
"""CPU time of an iteration in the reference room with 1,238,400 cells, recorded over 22 iterations. [m], [s]"""
KELVIN = 273.15
FIRST_TEMPERATURE = 20.0
"""Of the room before the first iteration, assumed. [degC]"""
OUTSIDE_KINETIC, OUTSIDE_DISSIPATION = 0.01, 0.003
"""Of air that an opening lets in, and the first guess everywhere; assumed. [m2/s2], [m2/s3]"""
STILL = 1e-8
"""Turbulence of a supply that stands still: small, not zero, because it divides. [m2/s2], [m2/s3]"""
RESTARTED = ("T", "U", "k", "epsilon", "nut", "alphat", "p_rgh")


@dataclass(frozen=True, eq=False)
class Run:
    """What a run of OpenFOAM left behind."""

    folder: Path
    cells: int
    inlet: Array
    """(iterations, N) inlet temperatures, NaN for streams that take no air. [degC]"""
    seconds: Array
    """(iterations,) CPU time until the end of each, start-up included. [s]"""

    @property
    def iteration_seconds(self) -> float:
        """CPU time of one iteration, without the first (start-up) and the last (writes the fields). [s]"""
        return float((self.seconds[-2] - self.seconds[0]) / (self.seconds.size - 2))


def available() -> bool:
    """Whether OpenFOAM's solver is installed."""
    return shutil.which(PROGRAM) is not None


def settled(inlets: Array, within: float, share: float = 1.0) -> int:
    """Iterations (from 1) until all inlets, or a share of them, stay within a distance of their last values. [K]"""
    away = np.quantile(np.abs(inlets - inlets[-1]), share, axis=1) > within
    late = np.flatnonzero(away)
    return int(late[-1]) + 2 if late.size else 1


def run(problem: Problem, voxels: Voxels, folder: Path, iterations: int, start: Path | None = None) -> Run:
    """Write the case and run it on one core; ``start`` is the folder of an earlier run of the same room."""
    write(problem, voxels, folder, iterations, start)
    # what etc/bashrc sets; Debian's package comes without it
    surroundings = {
        "WM_PROJECT_DIR": "/usr/share/openfoam",
        "WM_PROJECT": "OpenFOAM",
        "WM_OPTIONS": "linux64",
    }
    surroundings |= {"FOAM_ETC": "/usr/share/openfoam/etc", **os.environ, "FOAM_SIGFPE": "false"}
    with (folder / "log").open("w") as log:
        done = subprocess.run([PROGRAM], cwd=folder, env=surroundings, stdout=log, stderr=subprocess.STDOUT)
    if done.returncode:
        raise RuntimeError(f"{PROGRAM} failed; see {folder / 'log'}")
    return read(problem, voxels, folder)


def read(problem: Problem, voxels: Voxels, folder: Path) -> Run:
    """Inlets and times of a finished run."""
    text = (folder / "log").read_text()
    seconds = np.array(re.findall(r"^ExecutionTime = ([\d.]+) s", text, re.MULTILINE), float)
    inlet = np.full((seconds.size, len(problem.room.streams)), np.nan)
    for number, patch in enumerate(problem.room.patches):
        if not patch.supply:
            table = folder / "postProcessing" / f"patch{number}" / "0" / "surfaceFieldValue.dat"
            inlet[:, patch.stream] = np.loadtxt(table)[: seconds.size, 1] - KELVIN
    return Run(folder, voxels.cells, inlet, seconds)


def unsupported(problem: Problem) -> list[str]:
    """What of a problem this writer cannot say in OpenFOAM's words."""
    room = problem.room
    things = {
        "obstacles": room.obstacles, "sources": room.sources, "walls": room.walls, "slides": room.slides,
        "slip": room.slip, "panels with a finite loss": [p for p in room.panels if np.isfinite(p.loss)],
        "flow from a fan curve": np.flatnonzero(np.isfinite(problem.head)),
    }  # fmt: skip
    found = [name for name, some in things.items() if len(some)]
    for number, name in enumerate(room.streams):
        own = [p for p in room.patches if p.stream == number]
        through, held = {p.supply for p in own} == {True, False}, bool(np.isfinite(problem.setpoint)[number])
        if (through and (held or len(own) != 2)) or ({p.supply for p in own} == {True} and not held):
            found.append(f"stream {name}")
    return found


def write(problem: Problem, voxels: Voxels, folder: Path, iterations: int, start: Path | None = None) -> None:
    """Write the case."""
    missing = unsupported(problem)
    if missing or problem.air.turbulence != "k-epsilon":
        raise ValueError(f"not written for OpenFOAM: {', '.join(missing) or problem.air.turbulence}")
    for name in ("0", "system", "constant/polyMesh"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    _write_mesh(voxels, folder / "constant" / "polyMesh")
    _write_fields(problem, voxels, folder, start)
    _write_constants(problem, folder / "constant")
    _write_controls(problem, folder / "system", iterations)


# --- mesh -----------------------------------------------------------------------------------------


def _write_mesh(voxels: Voxels, folder: Path) -> None:
    """Points, faces (those between cells first), owners, neighbours, boundary, and the cells behind every supply."""
    number = np.full(voxels.fluid.size, -1, np.int64)
    number[voxels.fluid.ravel()] = np.arange(voxels.cells)
    owner, neighbour, corners = _inner_faces(voxels, number)
    patches = []
    for name, kind, cell, outer in _boundary(voxels):
        patches.append((name, kind, cell.size, owner.size))
        owner, corners = np.concatenate([owner, number[cell]]), np.concatenate([corners, outer])
    used, corners = np.unique(corners, return_inverse=True)
    corners = corners.reshape(-1, 4)
    _write_list(folder / "points", "vectorField", _points(voxels, used), "(%.9g %.9g %.9g)")
    _write_list(folder / "faces", "faceList", corners, "4(%d %d %d %d)")
    _write_list(folder / "owner", "labelList", owner, "%d")
    _write_list(folder / "neighbour", "labelList", neighbour, "%d")
    entries = [
        f"{n} {{ type {kind}; nFaces {size}; startFace {begin}; }}" for n, kind, size, begin in patches
    ]
    _write_text(
        folder / "boundary", "polyBoundaryMesh", f"{len(entries)}\n(\n" + "\n".join(entries) + "\n)\n"
    )
    zones = []
    for n, patch in enumerate(voxels.room.patches):
        if patch.supply:
            labels = " ".join(map(str, np.unique(number[voxels.patches.cell[voxels.patches.of(n)]])))
            zones.append(
                f"behind{n} {{ type cellZone; cellLabels List<label> {labels.count(' ') + 1} ({labels}); }}"
            )
    _write_text(folder / "cellZones", "regIOobject", f"{len(zones)}\n(\n" + "\n".join(zones) + "\n)\n")


def _strides(voxels: Voxels) -> tuple[int, int, int]:
    _, ny, nx = voxels.shape
    return 1, nx, nx * ny


def _corners(voxels: Voxels, face: Index, axis: int) -> Index:
    """(n, 4) points around faces, the normal along the axis; a point has the number of the cell above it."""
    strides = _strides(voxels)
    right, up = strides[(axis + 1) % 3], strides[(axis + 2) % 3]
    return face[:, None] + np.array([0, right, right + up, up])


def _points(voxels: Voxels, used: Index) -> Array:
    k, j, i = np.unravel_index(used, voxels.shape)
    return np.stack([line[n - 1] for line, n in zip(voxels.grid.lines, (i, j, k), strict=True)], 1)


def _inner_faces(voxels: Voxels, number: Index) -> tuple[Index, Index, Index]:
    """Owner, neighbour and corners, in the order OpenFOAM wants: by owner, then neighbour."""
    faces = [np.flatnonzero(voxels.open[axis]) for axis in range(3)]
    strides = _strides(voxels)
    owner = np.concatenate([number[face - stride] for face, stride in zip(faces, strides, strict=True)])
    neighbour = np.concatenate([number[face] for face in faces])
    corners = np.concatenate([_corners(voxels, face, axis) for axis, face in enumerate(faces)])
    order = np.lexsort((neighbour, owner))
    return owner[order], neighbour[order], corners[order]


def _boundary(voxels: Voxels) -> Iterator[tuple[str, str, Index, Index]]:
    """Name, kind, cells and corners (seen from outside, normal outward) of every patch; the walls last."""
    for stem, items, count in (
        ("patch", voxels.patches, len(voxels.room.patches)),
        ("opening", voxels.openings, len(voxels.room.openings)),
    ):
        for n in range(count):
            of = items.of(n)
            yield f"{stem}{n}", "patch", *_outer(voxels, items.cell[of], items.axis[of], -items.side[of])
    yield "walls", "wall", *_outer(voxels, *voxels.rubs)


def _outer(voxels: Voxels, cell: Index, axis: Index, outward: Index) -> tuple[Index, Index]:
    face = cell + np.where(outward > 0, np.array(_strides(voxels))[axis], 0)
    corners = np.empty((cell.size, 4), np.int64)
    for a in range(3):
        corners[axis == a] = _corners(voxels, face[axis == a], a)
    corners[outward < 0] = corners[outward < 0, ::-1]
    return cell, corners


# --- fields ---------------------------------------------------------------------------------------

FIELDS = {
    "U": ("volVectorField", "[0 1 -1 0 0 0 0]", "(0 0 0)"),
    "T": ("volScalarField", "[0 0 0 1 0 0 0]", f"{KELVIN + FIRST_TEMPERATURE}"),
    "k": ("volScalarField", "[0 2 -2 0 0 0 0]", f"{OUTSIDE_KINETIC}"),
    "epsilon": ("volScalarField", "[0 2 -3 0 0 0 0]", f"{OUTSIDE_DISSIPATION}"),
    "nut": ("volScalarField", "[0 2 -1 0 0 0 0]", "0"),
    "alphat": ("volScalarField", "[0 2 -1 0 0 0 0]", "0"),
    "p_rgh": ("volScalarField", "[0 2 -2 0 0 0 0]", "0"),
    "p": ("volScalarField", "[0 2 -2 0 0 0 0]", "0"),
}
"""Class, dimensions and first guess."""

CALCULATED = "type calculated; value uniform 0;"
NOTHING = "type fixedValue; value uniform 0;"
BALANCED = "type fixedFluxPressure; rho rhok; value uniform 0;"
WALL = {
    "U": "type noSlip;",
    "T": "type zeroGradient;",
    "k": f"type kqRWallFunction; value uniform {OUTSIDE_KINETIC};",
    "epsilon": f"type epsilonWallFunction; value uniform {OUTSIDE_DISSIPATION};",
    "nut": "type nutkWallFunction; value uniform 0;",
    "alphat": CALCULATED,
    "p_rgh": BALANCED,
    "p": CALCULATED,
}


def _write_fields(problem: Problem, voxels: Voxels, folder: Path, start: Path | None) -> None:
    conditions = {
        f"patch{n}": _patch_conditions(problem, voxels, n) for n in range(len(problem.room.patches))
    }
    conditions |= {
        f"opening{n}": _opening_conditions(o.temperature) for n, o in enumerate(problem.room.openings)
    }
    conditions["walls"] = WALL
    earlier = None if start is None else _last_time(start)
    for name, (kind, dimensions, guess) in FIELDS.items():
        inside = f"internalField uniform {guess};"
        if earlier is not None and name in RESTARTED:
            inside = re.search(
                r"internalField.*?;(?=\s*boundaryField)", (earlier / name).read_text(), re.DOTALL
            )[0]  # type: ignore[index]
        edges = "".join(f"    {patch} {{ {of[name]} }}\n" for patch, of in conditions.items())
        text = f"dimensions {dimensions};\n{inside}\nboundaryField\n{{\n{edges}}}\n"
        _write_text(folder / "0" / name, kind, text)
    if earlier is not None:
        shutil.copy(earlier / "phi", folder / "0" / "phi")


def _last_time(folder: Path) -> Path:
    return max((p for p in folder.iterdir() if p.name.isdigit()), key=lambda p: int(p.name))


def _patch_conditions(problem: Problem, voxels: Voxels, number: int) -> dict[str, str]:
    patch = problem.room.patches[number]
    speed = float(np.asarray(problem.flow)[patch.stream]) / _area(problem, voxels, patch)
    axis = int(voxels.patches.axis[voxels.patches.start[number]])
    velocity = np.zeros(3)
    velocity[axis] = speed * patch.side * (1 if patch.supply else -1)
    vector = f"({velocity[0]:.9g} {velocity[1]:.9g} {velocity[2]:.9g})"
    both = {"p_rgh": BALANCED, "p": CALCULATED}
    if not patch.supply:
        zero = dict.fromkeys(("T", "k", "epsilon"), "type zeroGradient;")
        slip = f"type fixedNormalSlip; fixedValue uniform {vector}; value uniform {vector};"
        return both | zero | {"U": slip, "nut": CALCULATED, "alphat": CALCULATED}
    kinetic = max(1.5 * (speed * problem.air.intensity) ** 2, STILL)
    dissipation = max(0.09**0.75 * kinetic**1.5 / problem.air.length, STILL)
    return both | {
        "U": f"type fixedValue; value uniform {vector};",
        "T": _supply_temperature(problem, patch),
        "k": f"type fixedValue; value uniform {kinetic:.9g};",
        "epsilon": f"type fixedValue; value uniform {dissipation:.9g};",
        "nut": NOTHING,
        "alphat": NOTHING,
    }


def _area(problem: Problem, voxels: Voxels, patch: Patch) -> float:
    """Of all patches through which the stream moves the same way."""
    alike = (
        n for n, p in enumerate(problem.room.patches) if (p.stream, p.supply) == (patch.stream, patch.supply)
    )
    return float(sum(voxels.patches.area[voxels.patches.of(n)].sum() for n in alike))


def _supply_temperature(problem: Problem, patch: Patch) -> str:
    for number, other in enumerate(problem.room.patches):
        if other.stream == patch.stream and not other.supply:
            first = KELVIN + FIRST_TEMPERATURE
            return f"type outletMappedUniformInlet; outletPatch patch{number}; value uniform {first};"
    return f"type fixedValue; value uniform {KELVIN + float(np.asarray(problem.setpoint)[patch.stream]):.9g};"


def _opening_conditions(temperature: float) -> dict[str, str]:
    def inward(value: float) -> str:
        return f"type inletOutlet; inletValue uniform {value:.9g}; value uniform {value:.9g};"

    return {
        "U": "type pressureInletOutletVelocity; value uniform (0 0 0);",
        "T": inward(KELVIN + temperature),
        "k": inward(OUTSIDE_KINETIC),
        "epsilon": inward(OUTSIDE_DISSIPATION),
        "nut": CALCULATED,
        "alphat": CALCULATED,
        "p_rgh": NOTHING,
        "p": CALCULATED,
    }


# --- dictionaries ---------------------------------------------------------------------------------


def _write_constants(problem: Problem, folder: Path) -> None:
    air = problem.air
    weight = f"dimensions [0 1 -2 0 0 0 0];\nvalue (0 0 {-air.gravity});\n"
    _write_text(folder / "g", "uniformDimensionedVectorField", weight)
    numbers = (air.viscosity, air.expansion, KELVIN + air.reference, air.prandtl, air.turbulent_prandtl)
    dimensions = ("0 2 -1 0", "0 0 0 -1", "0 0 0 1", "0 0 0 0", "0 0 0 0")
    lines = [
        f"{name} [{unit} 0 0 0] {value:.12g};"
        for name, unit, value in zip(("nu", "beta", "TRef", "Pr", "Prt"), dimensions, numbers, strict=True)
    ]
    _dictionary(folder / "transportProperties", "transportModel Newtonian;", *lines)
    _dictionary(
        folder / "turbulenceProperties",
        "simulationType RAS;", "RAS { RASModel kEpsilon; turbulence on; printCoeffs off; }",
    )  # fmt: skip
    _dictionary(folder / "radiationProperties", "radiation off;", "radiationModel none;")
    heated = []
    for number, patch in enumerate(problem.room.patches):
        heat = float(np.asarray(problem.heat)[patch.stream]) / (air.density * air.heat_capacity)  # K m3/s
        if patch.supply and heat:
            heated.append(
                f"heat{number} {{ type scalarSemiImplicitSource; selectionMode cellZone; cellZone behind{number}; "
                f"volumeMode absolute; injectionRateSuSp {{ T ({heat:.9g} 0); }} }}"
            )
    _dictionary(folder / "fvOptions", *heated)


def _write_controls(problem: Problem, folder: Path, iterations: int) -> None:
    watched = [
        f"patch{n} {{ type surfaceFieldValue; libs (fieldFunctionObjects); writeControl timeStep; writeInterval 1; "
        f"log false; writeFields false; regionType patch; name patch{n}; operation areaAverage; fields (T); }}"
        for n, patch in enumerate(problem.room.patches)
        if not patch.supply
    ]
    _dictionary(
        folder / "controlDict",
        f"application {PROGRAM};", "startFrom startTime;", "startTime 0;", "stopAt endTime;", f"endTime {iterations};",
        "deltaT 1;", "writeControl timeStep;", f"writeInterval {iterations};", "writeFormat ascii;",
        "writePrecision 9;", "functions", "{", *watched, "}",
    )  # fmt: skip
    upwind = " ".join(f"div(phi,{name}) bounded Gauss upwind;" for name in ("U", "T", "k", "epsilon"))
    _dictionary(
        folder / "fvSchemes",
        "ddtSchemes { default steadyState; }", "gradSchemes { default Gauss linear; }",
        f"divSchemes {{ {upwind} div((nuEff*dev2(T(grad(U))))) Gauss linear; }}",
        "laplacianSchemes { default Gauss linear orthogonal; }", "interpolationSchemes { default linear; }",
        "snGradSchemes { default orthogonal; }",
    )  # fmt: skip
    # the fastest of four sets of relaxation factors tried on the reference room at 0.2 m
    _dictionary(
        folder / "fvSolution",
        "solvers", "{", "p_rgh { solver GAMG; smoother GaussSeidel; tolerance 1e-9; relTol 0.1; }",
        '"(U|T|k|epsilon)" { solver smoothSolver; smoother symGaussSeidel; tolerance 1e-10; relTol 0.1; }', "}",
        "SIMPLE { nNonOrthogonalCorrectors 0; pRefCell 0; pRefValue 0; }",
        'relaxationFactors { fields { p_rgh 0.3; } equations { U 0.7; T 0.9; "(k|epsilon)" 0.7; } }',
    )  # fmt: skip


def _header(kind: str, name: str) -> str:
    return f"FoamFile {{ version 2.0; format ascii; class {kind}; object {name}; }}\n"


def _write_text(path: Path, kind: str, text: str) -> None:
    path.write_text(_header(kind, path.name) + text)


def _dictionary(path: Path, *lines: str) -> None:
    _write_text(path, "dictionary", "\n".join(lines) + "\n")


def _write_list(path: Path, kind: str, values: NDArray[np.generic], form: str) -> None:
    with path.open("w") as file:
        file.write(f"{_header(kind, path.name)}{len(values)}\n(\n")
        np.savetxt(file, values, form)
        file.write(")\n")


# --- recorded runs --------------------------------------------------------------------------------

RACKS = tuple(f"{row}{n}" for row in "AB" for n in range(1, 7))
COLUMNS = (
    "spacing_m", "tile_factor", "change", "start", "cells", "iterations", "cpu_s_per_iteration", "cpu_us_per_cell",
    "its_0.5K", "its_0.2K", "its_0.1K", *RACKS,
)  # fmt: skip
COMMENT = """\
# OpenFOAM 1912 (Debian), buoyantBoussinesqSimpleFoam on one core, written by `python -m tests.benchmarks.openfoam`.
# its_x: iterations until all rack inlets stay within x of their last values.  A1 .. B6: last rack inlets in degC.
# warm: started from the unchanged case."""
CHANGES: dict[str, dict[str, float]] = {
    "": {},
    "supply 18 degC": {"setpoint": 18.0},
    "one supply of 6 lost": {"flow": 0.0},
}
"""What the last supply-only streams become: all of them at a new set point, or the first of six still."""

SLOW = ("one supply of 6 lost",)
"""Changes after which the inlets still move at iteration 450."""


@dataclass(frozen=True, eq=False)
class Recorded:
    """One line of the table."""

    spacing: float
    tile_factor: float
    change: str
    """A key of :data:`CHANGES`."""
    start: str
    """``cold``, or ``warm`` from the unchanged case."""
    cells: int
    iterations: int
    iteration_seconds: float
    to_half: int
    to_fifth: int
    to_tenth: int
    inlet: Array
    """(12,) [degC]"""


def recorded() -> tuple[Recorded, ...]:
    """The runs in ``openfoam_recorded.csv``."""
    with RECORDED.open() as file:
        lines = list(csv.DictReader(line for line in file if not line.startswith("#")))
    return tuple(
        Recorded(
            float(line["spacing_m"]), float(line["tile_factor"]), line["change"], line["start"], int(line["cells"]),
            int(line["iterations"]), float(line["cpu_s_per_iteration"]), int(line["its_0.5K"]), int(line["its_0.2K"]),
            int(line["its_0.1K"]), np.array([float(line[name]) for name in RACKS]),
        )
        for line in lines
    )  # fmt: skip


def reference_problem(spacing: float, tile_factor: float, change: str = "") -> Problem:
    """The reference room as it is recorded, with one of the changes; the aisle is fed by six streams."""
    room, state = reference_room(spacing, tile_factor, supplies=6)
    for name, value in CHANGES[change].items():
        state[name] = state[name].copy()
        state[name][len(RACKS) : None if name == "setpoint" else len(RACKS) + 1] = value
    return Problem(room=room, **state)


def main(spacings: Sequence[float] = (0.2, 0.12)) -> None:
    """Run every case and print the table."""
    print(COMMENT)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    with tempfile.TemporaryDirectory() as scratch:
        for spacing in spacings:
            for factor in (1.1, 0.8):
                for change, start in _cases(factor):
                    writer.writerow(_record(Path(scratch), spacing, factor, change, start))
                    sys.stdout.flush()


def _cases(factor: float) -> list[tuple[str, str]]:
    changed = [name for name in CHANGES if name]
    return [("", "cold"), *((name, start) for name in changed for start in ("cold", "warm") if factor > 1.0)]


def _record(scratch: Path, spacing: float, factor: float, change: str, start: str) -> list[object]:
    problem = reference_problem(spacing, factor, change)
    voxels = rasterise(problem.room)
    base = scratch / f"{spacing}-{factor}"
    folder = base if (change, start) == ("", "cold") else scratch / "changed"
    shutil.rmtree(folder, ignore_errors=True)
    iterations = 1000 if change in SLOW else 450
    done = run(problem, voxels, folder, iterations, base if start == "warm" else None)
    inlet = done.inlet[:, : len(RACKS)]
    return [
        spacing, factor, change, start, done.cells, len(inlet), f"{done.iteration_seconds:.4f}",
        f"{done.iteration_seconds / done.cells * 1e6:.3f}", *(settled(inlet, within) for within in (0.5, 0.2, 0.1)),
        *np.round(inlet[-1], 3),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
