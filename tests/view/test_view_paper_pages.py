"""Basis of design, methods, and the PDF: what they tell, and what is said where no PDF can be made."""

from __future__ import annotations

import os
import re
import stat
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from tests.view.view_paper_samples import run
from tests.view.view_samples import hall, solved
from twin.cli import app, guard
from twin.results.results import SolveReport
from twin.view.paper import basis, methods, pdf

ROOT = Path(__file__).parents[2]
BROWSER = """#!{python}
import sys
from pathlib import Path
out = next(a.partition("=")[2] for a in sys.argv if a.startswith("--print-to-pdf="))
profile = next(a.partition("=")[2] for a in sys.argv if a.startswith("--user-data-dir="))
assert Path(profile).is_dir() and not list(Path(profile).iterdir())
assert any(a.startswith("--host-resolver-rules=MAP *") for a in sys.argv)
assert sys.argv[-1].startswith("file://") and Path(sys.argv[-1][7:]).is_file()
{last}
"""


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("<p>report</p>")
    return path


@pytest.fixture
def no_weasyprint(monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)


def browser(tmp_path, monkeypatch, last):
    program = tmp_path / "chromium"
    program.write_text(BROWSER.format(python=sys.executable, last=last))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(pdf, "BROWSERS", (str(program),))


def test_the_schedule_counts_every_machine_with_its_rating():
    made = run("first_hall").facility
    items = {item.product: item for item in basis.schedule(made)}
    assert sum(item.count for item in items.values()) == len(made.machines)
    assert items["tx_2500kva"].rating == "2.5 MVA"
    assert items["cdu_1300kw"].rating == "1.3 MW at 4.0 K approach"
    assert items["pump_60ls"].rating == "60 L/s at 300 kPa"
    assert items["gb300_nvl72"].rating.endswith("kW")
    assert items["dry_cooler_2mw"].spare == "1"
    assert next(item.kind for item in basis.schedule(made)) == "utility"


def test_every_product_of_the_catalogue_has_a_rating():
    made = run("warm_water_towers").facility
    for item in basis.schedule(made):
        assert item.rating, item.product


def test_the_basis_of_design_tells_site_workload_and_halls():
    told = dict(basis.block(run("first_hall").facility))
    assert told["Outdoor design state"].startswith("dry bulb 32.1 degC")
    assert told["Racks"].startswith("10 in 1 pod")
    assert "slab floor" in told["Halls"]
    assert dict(basis.block(hall(0)))["Racks"] == "none"


def test_residuals_are_told_in_a_sentence():
    text = basis.residuals(solved(hall()))
    assert text.startswith("2 of 3 states have a steady solution")
    assert "imbalance of mass, energy or power 2.0e-09" in text


def test_every_method_names_a_theory_page_that_exists():
    assert all((ROOT / method.page).is_file() for method in methods.EVERY)
    assert len({method.name for method in methods.EVERY}) == len(methods.EVERY)


def test_only_methods_that_were_used_are_told():
    results = solved(hall())
    assert [m.name for m in methods.used(results)] == ["Air, zonal"]
    field = replace(
        results, air=({"hall": "hall"},), reports=(SolveReport("power", "sweep", "converged", (), 1, 0.0),)
    )
    with_studies = replace(field, answers={"faults": {"sentences": ["x"]}, "year": {"sentences": []}})
    assert [m.name for m in methods.used(with_studies)] == [
        "Air, three-dimensional", "Power flow", "Short circuits and arc flash",
    ]  # fmt: skip


def test_a_browser_prints_with_an_empty_profile_and_no_hosts(page, tmp_path, monkeypatch, no_weasyprint):
    browser(tmp_path, monkeypatch, 'Path(out).write_bytes(b"%PDF-1.4")')
    out = tmp_path / "report.pdf"
    assert pdf.write_pdf(page, out) == "chromium"
    assert out.read_bytes() == b"%PDF-1.4"
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ("sys.stderr.write('it broke')", "it broke"),
        ("Path(out).touch()", "made nothing"),
        ("import time; time.sleep(9)", "did not end"),
    ],
)
def test_a_browser_that_fails_leaves_no_file_and_says_so(
    page, tmp_path, monkeypatch, no_weasyprint, last, said
):
    browser(tmp_path, monkeypatch, last)
    monkeypatch.setattr(pdf, "PATIENCE", 0.5 if "sleep" in last else 30.0)
    out = tmp_path / "report.pdf"
    out.write_bytes(b"old")
    with pytest.raises(pdf.NoPdf, match=said):
        pdf.write_pdf(page, out)
    assert out.read_bytes() == b"old"
    assert not list(tmp_path.glob("*.part"))


def test_weasyprint_may_fetch_nothing_but_what_the_page_holds(page, tmp_path, monkeypatch):
    asked = {}

    class Html:
        def __init__(self, *, string, url_fetcher):
            asked.update(string=string, fetcher=url_fetcher)

        def write_pdf(self, path):
            Path(path).write_bytes(b"%PDF-1.7")

    program, urls = ModuleType("weasyprint"), ModuleType("weasyprint.urls")
    program.HTML, urls.URLFetcher = Html, lambda **options: options
    monkeypatch.setitem(sys.modules, "weasyprint", program)
    monkeypatch.setitem(sys.modules, "weasyprint.urls", urls)
    assert pdf.write_pdf(page, tmp_path / "r.pdf") == "WeasyPrint"
    assert asked == {"string": "<p>report</p>", "fetcher": {"allowed_protocols": ("data",)}}


def test_without_any_program_the_message_names_the_remedy(page, tmp_path, monkeypatch, no_weasyprint):
    monkeypatch.setattr(pdf, "BROWSERS", ("no-such-browser-here",))
    with pytest.raises(pdf.NoPdf, match=re.escape('pip install "aifactory-twin[pdf]"')):
        pdf.write_pdf(page, tmp_path / "report.pdf")


def test_the_verb_writes_the_page_and_ends_with_4_without_a_pdf(tmp_path, monkeypatch, no_weasyprint):
    from twin.cli import reporting

    monkeypatch.setattr(pdf, "BROWSERS", ("no-such-browser-here",))
    monkeypatch.setattr(reporting, "opened", lambda *_, **__: run("first_hall"))
    monkeypatch.setattr(reporting, "_draw", lambda *_: [])
    out = tmp_path / "r.pdf"
    done = CliRunner().invoke(app, ["report", "layout.yaml", "-o", str(out)])
    assert done.exit_code == guard.MACHINE_LACKS
    assert "aifactory-twin[pdf]" in done.output
    assert "one-line diagram" in (tmp_path / "r.html").read_text(encoding="utf-8").lower()
    assert not out.exists()


@pytest.mark.skipif(pdf.browser() is None, reason="no Chromium or Chrome here")
@pytest.mark.slow
def test_a_real_browser_prints_the_report(tmp_path, no_weasyprint):
    from twin.view.report import write_report

    made = run("first_hall")
    page = write_report(made.facility, made.results, made.verdict, (), tmp_path / "r.html")
    pdf.write_pdf(page, tmp_path / "r.pdf")
    data = (tmp_path / "r.pdf").read_bytes()
    assert data.startswith(b"%PDF") and os.path.getsize(tmp_path / "r.pdf") > 50_000
    assert data.count(b"/Type /Page\n") + data.count(b"/Type /Page ") > 10 or b"/Count" in data
