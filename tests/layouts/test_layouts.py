"""Every layout that ships passes its own verdict; every broken one fails for the reason its header names."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Set
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.studied import studied
from twin.checks import RULES, judge
from twin.coupling import evaluate
from twin.layout import LayoutError, load
from twin.model.facility import Facility
from twin.results.results import Finding, Results, Verdict
from twin.studies import STUDIES

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LARGE = {"campus"}
"""Layouts whose failures take longer than the default tests may."""
EVERY, NONE = frozenset(STUDIES), frozenset[str]()
SECONDS = {"cooling": ("RTC",)}
"""Studies that take seconds: broken layouts are asked for them only if they should break rules of these letters; the slow
tests ask them all."""


def _case(path: Path) -> object:
    return pytest.param(path, id=path.stem, marks=[pytest.mark.slow] if path.stem in LARGE else [])


SHIPPED = sorted((ROOT / "layouts").glob("*.yaml"))
BROKEN = sorted((HERE / "broken").glob("*.yaml"))
BROKEN_FILES = sorted((HERE / "broken_files").glob("*.yaml"))
shipped = pytest.mark.parametrize("path", [_case(path) for path in SHIPPED])
broken = pytest.mark.parametrize("path", [_case(path) for path in BROKEN])
broken_files = pytest.mark.parametrize("path", [_case(path) for path in BROKEN_FILES])


def layout(name: str) -> Path:
    return ROOT / "layouts" / f"{name}.yaml"


def header(path: Path, word: str) -> list[str]:
    """What stands behind ``# word:`` in the comments at the head of a file."""
    mark = f"# {word}: "
    return [line.removeprefix(mark) for line in path.read_text().splitlines() if line.startswith(mark)]


def solved(
    path: Path, *sets: str, failures: bool = True, studies: frozenset[str] = EVERY
) -> tuple[Facility, Results, Verdict]:
    """A layout with some of the studies, solved once by each test process."""
    return _solved(path, sets, failures, studies)


@cache
def _solved(path: Path, sets: tuple[str, ...], failures: bool, studies: frozenset[str]):
    facility = load(path, sets)
    results = studied(facility, *studies, failures=failures)
    return facility, results, judge(facility, results)


def complaints(verdict: Verdict) -> list[str]:
    return [f"{f.code} {f.subject}: {f.message}" for f in verdict.findings if f.broken]


def test_there_are_layouts_of_every_sort():
    names = {path.stem for path in SHIPPED}
    assert names >= {"first_hall", "enterprise_hall", "gb300_hall", "vera_rubin_800vdc", "dsx_pod", "campus"}
    assert len(BROKEN) >= 30
    assert len(BROKEN_FILES) >= 30


# -- what ships ------------------------------------------------------------------------------------------


@shipped
def test_a_layout_passes_its_own_checks_in_every_single_failure(path):
    facility, results, verdict = solved(path)
    assert complaints(verdict) == []
    assert (verdict.verdict, verdict.status) == ("pass", "solved")
    assert len(results.scenarios) > sum(m.product.role in ("power", "cooling") for m in facility.machines)


@shipped
def test_mass_energy_and_power_balance_in_every_state(path):
    _, results, _ = solved(path)
    assert set(results.conservation) == {"mass", "energy", "power"}
    for name, error in results.conservation.items():
        assert error.shape == (len(results.scenarios),)
        assert np.abs(error).max() <= 1e-6, name


@shipped
def test_no_waiver_is_left_over(path):
    facility, _, verdict = solved(path)
    assert verdict.unused_waivers == ()
    assert all(len(waiver.reason.split()) >= 4 for waiver, _ in facility.waivers)


@shipped
def test_power_at_the_meter_is_the_sum_of_its_parts(path):
    """IT, cooling and losses; the losses are those of the machines and cables, none of which makes power."""
    _, results, _ = solved(path)
    site = results["site"].values
    parts = site["it_power"] + site["cooling_power"] + site["loss_power"]
    np.testing.assert_allclose(parts, site["facility_power"], rtol=1e-12)
    assert (site["loss_power"] > 0).all()
    assert (results["power"]["loss"] >= 0).all()


@shipped
def test_a_header_tells_what_a_layout_shows_and_where_its_numbers_come_from(path):
    comments = [line for line in path.read_text().splitlines() if line.startswith("#")]
    head = " ".join(comments).lower()
    assert len(comments) >= 5
    assert "first hall" in head or ("what it shows" in head and "numbers come from" in head)


def test_a_layout_gives_the_same_numbers_whatever_the_process():
    """Another process has another hash seed: nothing may depend on the order of sets."""
    code = (
        "import sys, hashlib; from twin.layout import load; from twin.coupling import evaluate;"
        "r = evaluate(load(sys.argv[1])); h = hashlib.sha256();"
        "[h.update(t[q].tobytes()) for t in r.tables.values() for q in sorted(t.values)];"
        "print(h.hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(layout("dsx_pod"))],
        cwd=ROOT,
        env={"PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1", "PATH": "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == _digest(solved(layout("dsx_pod"))[1])


@shipped
def test_a_second_evaluation_gives_the_same_bits(path):
    first, second = (_digest(evaluate(load(path), failures=False)) for _ in range(2))
    assert first == second


def _digest(results: Results) -> str:
    digest = hashlib.sha256()
    for table in results.tables.values():
        for quantity in sorted(table.values):
            digest.update(table[quantity].tobytes())
    return digest.hexdigest()


# -- what the headers claim --------------------------------------------------------------------------------


def _panels(results: Results, scenario: str) -> np.ndarray:
    """Power of the live RPPs in one state. [kW]"""
    table, row = results["power"], results.scenario_index(scenario)
    columns = [table.index(f"rpp.{side}") for side in "ABCD"]
    live = table["live"][row, columns] > 0.5
    return np.asarray(table["power"][row, columns][live] / 1e3)


def test_the_dsx_pod_draws_1316_kw_and_loses_one_panel_at_439_kw_each():
    _, results, verdict = solved(layout("dsx_pod"))
    assert round(results.site("it_power") / 1e3) == 1316
    np.testing.assert_allclose(_panels(results, "normal"), 1315.8528 / 4, rtol=1e-9)
    for side in "ABCD":
        left = _panels(results, f"lose:rpp.{side}")
        assert len(left) == 3
        assert np.round(left).tolist() == [439.0] * 3
        np.testing.assert_allclose(left, 1315.8528 / 3, rtol=1e-9)
        assert np.round(left / 500 * 100).tolist() == [88.0] * 3
    assert verdict.verdict == "pass"


def test_the_dsx_pod_at_a_peak_factor_of_one_and_a_half_fails_at_its_panels():
    _, results, verdict = solved(layout("dsx_pod"), "params.peak_factor=1.5")
    assert round(results.site("it_power") / 1e3) == 1531
    for side in "ABCD":
        left = _panels(results, f"lose:rpp.{side}")
        assert np.round(left).tolist() == [510.0] * 3
        assert np.round(left / 500 * 100).tolist() == [102.0] * 3
    assert verdict.verdict == "fail"
    failing = [finding for finding in verdict.findings if finding.broken]
    assert {finding.code for finding in failing} == {"PWR-006"}  # the panels, and nothing else
    assert {finding.subject for finding in failing} == {"rpp.A", "rpp.B", "rpp.C", "rpp.D"}
    assert "102" in failing[0].message
    assert failing[0].file.endswith("dsx_pod.yaml")
    assert "type: rpp_500kw" in layout("dsx_pod").read_text().splitlines()[failing[0].line - 1]


def test_the_header_of_the_dsx_pod_is_true_at_a_peak_factor_of_one():
    _, results, _ = solved(layout("dsx_pod"), "params.peak_factor=1.0", studies=NONE)
    assert round(results.site("it_power") / 1e3) == 1173
    assert round(_panels(results, "normal")[0]) == 293
    assert round(_panels(results, "lose:rpp.A")[0]) == 391


def test_the_dsx_pod_carries_a_peak_factor_up_to_that_of_its_description():
    quick = EVERY - set(SECONDS)  # a loss of cooling breaks no rule at 1.5 either, as is tested above
    assert solved(layout("dsx_pod"), "params.peak_factor=1.45", studies=quick)[2].verdict == "pass"
    assert solved(layout("dsx_pod"), "params.peak_factor=1.46", studies=NONE)[2].verdict == "fail"


def test_the_enterprise_hall_is_air_alone_and_its_towers_drink():
    facility, results, _ = solved(layout("enterprise_hall"))
    assert len(facility.racks) == 60
    assert 0.5e6 < results.site("it_power") < 0.7e6
    assert (results["rack"]["liquid_heat"] == 0).all()
    assert results.site("water") > 0


def test_the_gb300_hall_holds_128_racks_that_never_slow_down():
    facility, results, _ = solved(layout("gb300_hall"))
    assert sum(rack.type == "gb300_nvl72" for rack in facility.racks) == 128
    assert len(facility.zones) == 4
    assert results["rack"]["throttle"].min() == 1.0
    assert results["plant"].values["free"][0, results["plant"].index("dry1")] == 1.0


def test_vera_rubin_racks_take_direct_current_from_two_sidecars_each():
    facility, results, _ = solved(layout("vera_rubin_800vdc"))
    racks = [rack for rack in facility.racks if rack.type == "vr_nvl72"]
    assert len(racks) == 40
    for rack in racks:
        sources = {s for feed in facility.feeds if feed.to == rack.id for s in feed.sources}
        assert len(sources) == 2
        assert {facility.by_id[s].kind for s in sources} == {"rectifier"}
        assert {facility.by_id[s].row for s in sources} == {rack.row}
    loops = results["loop"]
    assert loops["setpoint"][0, loops.index("tcs.p1")] == 45.0


def test_no_plant_is_twice_as_large_as_its_worst_hour_needs():
    """Machines that idle at a third of their rating, spares apart, are money in the yard."""
    for name in ("enterprise_hall", "gb300_hall", "vera_rubin_800vdc"):
        facility, results, _ = solved(layout(name))
        table = results["plant"]
        for machine in facility.of_kind("dry_cooler", "cooling_tower", "chiller"):
            assert table["loading"][:, table.index(machine.id)].max() > 0.5, (name, machine.id)


# -- broken designs ----------------------------------------------------------------------------------------


def test_the_hall_from_which_the_broken_layouts_depart_is_sound():
    _, _, verdict = solved(HERE / "sound.yaml")
    assert complaints(verdict) == []
    assert (verdict.verdict, verdict.status) == ("pass", "solved")


@broken
def test_a_broken_layout_fails_for_the_reason_in_its_header(path):
    """``# expect:`` names rule and subject; ``# follows:`` further rules that the fault may break too."""
    expected = {tuple(line.split()) for line in header(path, "expect")}
    assert expected, "the header expects nothing"
    placement = all(RULES[code].stage == "placement" for code, _ in expected)
    follows = {code for line in header(path, "follows") for code in line.split()}
    assert follows <= set(RULES)
    studies = _asked(follows.union(code for code, _ in expected))
    _, _, verdict = solved(path, failures=not placement, studies=studies)
    assert verdict.verdict == "fail"
    found = {(f.code, f.subject): f for f in verdict.findings if f.broken}
    assert expected <= set(found), complaints(verdict)
    assert {code for code, _ in found} <= {code for code, _ in expected} | follows, complaints(verdict)
    for key in expected:
        assert _tells_where_and_how_much(found[key])


def _asked(codes: Set[str]) -> frozenset[str]:
    """The studies that a layout should be asked for which ought to break some rules."""
    if not any(RULES[code].stage == "study" for code in codes):
        return NONE
    return EVERY - {
        name for name, letters in SECONDS.items() if not any(c.startswith(letters) for c in codes)
    }


@pytest.mark.slow
@broken
def test_a_broken_layout_breaks_no_rule_of_the_studies_besides(path):
    known = {code for word in ("expect", "follows") for line in header(path, word) for code in line.split()}
    _, _, verdict = solved(path)
    broken_too = {f.code for f in verdict.findings if f.broken and RULES[f.code].stage == "study"}
    assert broken_too <= known, complaints(verdict)


def _tells_where_and_how_much(finding: Finding) -> bool:
    placed = finding.subject == "site" or (finding.file.endswith(".yaml") and finding.line > 0)
    return placed and finding.margin < 0 and len(finding.message) > 10


@pytest.mark.parametrize("name", ["no_spare_cooler", "small_chiller", "too_few_crahs"])
def test_an_overloaded_plant_settles_with_throttled_racks(name):
    """Racks that slow down shed heat, so a state exists; it is no thermal runaway."""
    _, _, verdict = solved(HERE / "broken" / f"{name}.yaml", studies=NONE)
    assert verdict.status == "solved"


# -- broken files ------------------------------------------------------------------------------------------


@broken_files
def test_a_broken_file_is_answered_with_line_column_and_a_sentence(path):
    with pytest.raises(LayoutError) as caught:
        load(path)
    mistakes = caught.value.mistakes
    lines = header(path, "expect")
    assert len(mistakes) == len(lines) > 0
    for mistake, line in zip(mistakes, lines, strict=True):
        place, _, text = line.partition(" ")
        assert f"{mistake.line}:{mistake.column}" == place
        assert text in mistake.message.replace(f"{path.parent}/", "")
        assert Path(mistake.file) == path


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "empty"),
        (b"\x00\x01\x02\xff\xfe" * 100, ""),
        (b"- just\n- a list\n", "found a list"),
        (b"twin: 1\nname: " + b"[" * 5000, ""),
        (b"a: &a [x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: [*c, *c]\n" * 1, ""),
    ],
    ids=["empty", "binary", "list", "deep", "aliases"],
)
def test_what_is_no_layout_at_all_is_a_mistake_too(tmp_path, content, text):
    path = tmp_path / "hall.yaml"
    path.write_bytes(content)
    with pytest.raises(LayoutError) as caught:
        load(path)
    assert text in str(caught.value)
    assert str(path) in str(caught.value)
