"""The report: complete, self-contained, and harmless whatever the names."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from tests.geometry.small_facilities import facility
from tests.view.view_samples import HOSTILE, finding, hall, solved, verdict
from twin.results.results import Kpi, Results
from twin.view import facts, report

VOID = {"meta", "link", "img", "br"}
DRAWN = {"path", "rect", "circle"}


class Page(HTMLParser):
    """Tags, attributes and text of a page; complains about tags that are not closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words, self.open = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_startendtag(self, tag, attrs):
        assert tag in DRAWN
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def made():
    return hall()


@pytest.fixture(scope="module")
def page(made):
    waived = finding(code="AIR-002", subject="p.s.01", waived="accepted by the client", margin=-0.1)
    warning = finding(code="LIQ-003", severity="warning", message="flow is low", margin=0.01)
    more = tuple(finding(subject=f"p.n.0{k}") for k in (2, 3))
    judged = verdict(finding(), *more, warning, waived)
    return Page(report.html(made, solved(made), judged))


def test_it_says_verdict_counts_and_every_finding_with_its_line(page):
    assert "FAIL" in page.text
    assert (
        "1 of 4 rules broken (3 findings), 1 warn (1 finding), 1 waived (1 finding); 3 states evaluated"
        in page.text
    )
    assert "hall.yaml:12" in page.text
    assert "accepted by the client" in page.text
    assert "p.n.04" in page.text
    assert "p.n.02, p.n.03" in page.text


def test_a_figure_reads_the_same_wherever_it_stands(made):
    """Cover, key figures with their parts, tables and drawings."""
    pue = 1.0768
    margin = finding(severity="info", code="LIM-001", margin=0.1, value=pue, limit=1.3, dimension="ratio")
    told = {"label": "Figure", "definition": "All."}
    figures = (
        Kpi(name="pue", value=pue, dimension="ratio", parts={"racks": 1.0}, **told),
        Kpi(name="facility_power", value=1.1952e6, dimension="power", parts={"racks": 1.1142e6}, **told),
    )
    text = Page(report.html(made, solved(made), verdict(kpis=figures, margins=(margin,)))).text
    assert text.count("1.077") == 4  # cover, table of figures, bars, rules that hold
    assert "1.08" not in text
    assert text.count("1.195 MW") == 2
    assert "1.2 MW" not in text
    assert "racks 1.114 MW" in text
    assert facts.figure(1.1952e6, "power") == "1.195 MW"


def test_temperatures_are_written_for_people_and_limits_of_the_designer_name_their_quantity(made):
    said = "air temperature at the inlet (rack.inlet_temperature) is 24.1 degC, 2.9 K below the 27.0 degC allowed"
    own = finding(
        severity="info",
        code="LIM-001",
        margin=0.3,
        value=24.1,
        limit=27.0,
        dimension="temperature",
        message=said,
    )
    warm = finding(severity="warning", code="AIR-008", message="it is 31.5 degC")
    text = Page(report.html(made, solved(made), verdict(warm, margins=(own,)))).text
    assert "degC" not in text
    assert "it is 31.5 °C" in text
    assert text.count("The designer's own limit on rack.inlet_temperature") == 2  # bars, rules that hold


def test_a_rule_is_counted_once_and_everywhere_alike():
    """A rule with a finding does not hold, however many of its cases do; the designer's limits are one rule."""
    codes = ("AIR-001", "LIQ-009", "AIR-008", "LIM-001", "LIM-001")
    margins = tuple(
        finding(severity="info", code=code, margin=0.1 * k, line=k) for k, code in enumerate(codes)
    )
    found = (
        *(finding(code="LIQ-009", severity="warning", subject=f"r{k}") for k in range(3)),
        finding(code="AIR-008", severity="warning", waived="known"),
    )
    judged = verdict(*found, margins=margins)
    assert facts.tally(judged) == "2 rules hold, 1 warn, 1 waived"
    assert facts.tally(judged, findings=True) == "2 rules hold, 1 warn (3 findings), 1 waived (1 finding)"
    assert [case.code for case in facts.holding(judged)] == ["AIR-001", "LIM-001", "LIM-001"]
    assert facts.tally(verdict(finding(code="AIR-001"))) == "1 of 1 rule broken"


@pytest.mark.parametrize(
    "words",
    [
        "PUE 1.2",
        "lose:ups.A1 1",  # racks without power
        "no steady state",
        "losses leave with their own ventilation (assumed)",
        "ups.A2",
        "85.0 %",
        "tcs",
        "air zonal converged 2 of 3",
        "2.0e-09",
        "hall.yaml",
    ],
)
def test_it_holds_what_was_computed(page, words):
    assert words in page.text


def test_it_asks_nobody_and_runs_nothing(page):
    assert "script" not in page.tags
    policy = next(
        value for tag, name, value in page.attributes if name == "content" and "default-src" in value
    )
    assert "default-src 'none'" in policy
    for _, name, value in page.attributes:
        assert not name.startswith("on")
        if name in ("src", "href"):
            assert value.startswith(("data:", "#"))


def test_hostile_names_stay_text(tmp_path):
    made = hall(2, HOSTILE)
    bad = made.machines[0].replace(id=HOSTILE, type=HOSTILE, group=HOSTILE)
    made = made.replace(
        description=HOSTILE,
        machines=(bad, *made.machines[1:]),
        feeds=(),
        circuits=(),
        params={"a": HOSTILE},
        file=HOSTILE,
    )
    judged = verdict(
        finding(
            subject=HOSTILE, message=HOSTILE, place=HOSTILE, file=HOSTILE, standard=HOSTILE, title=HOSTILE
        ),
        finding(waived=HOSTILE),
        unused_waivers=(HOSTILE,),
    )
    results = solved(made)
    path = report.write_report(made, results, judged, [], tmp_path / "report.html")
    page = Page(path.read_text(encoding="utf-8"))
    assert "img" not in page.tags
    assert "script" not in page.tags
    assert page.text.count(HOSTILE) >= 5


def test_hostile_names_end_no_style_sheet(made):
    hostile = 'x"; } body { display: none } </style><script>alert(1)</script>\\ \n 機房'
    text = report.html(made.replace(name=hostile), solved(made), verdict())
    sheet = text[text.index("<style>") + 7 : text.index("</style>")]
    assert "display: none }" not in sheet.split("@top-left")[1].splitlines()[0]
    head = next(line for line in sheet.splitlines() if "@top-left" in line and "content" in line)
    quoted = re.search(r'content: "([^"]*)"', head)[1]
    assert re.fullmatch(r"(?:[A-Za-z0-9]|\\[0-9a-f]{6})+", quoted)
    told = re.sub(r"\\([0-9a-f]{6})", lambda sign: chr(int(sign[1], 16)), quoted)
    assert told == 'x"; } body { display: none } </style><script>alert(1)</script>\\ 機房'


def test_pictures_are_embedded_and_missing_ones_left_out(made, tmp_path):
    picture = tmp_path / "heat_plan_2d.png"
    picture.write_bytes(b"\x89PNG" + bytes(40))
    other = tmp_path / "notes.txt"
    other.write_text("no picture")
    page = Page(report.html(made, solved(made), verdict(), [picture, tmp_path / "gone.png", other]))
    images = [value for tag, name, value in page.attributes if (tag, name) == ("img", "src")]
    assert len(images) == 1
    assert images[0].startswith("data:image/png;base64,iVBORw")
    assert "Inlet air (plan)" in page.text


@pytest.mark.parametrize(
    "empty", [facility([], halls=()), facility([]), hall(0), hall(1)], ids=["nothing", "bare", "none", "one"]
)
def test_empty_halls_have_a_report(empty):
    Page(report.html(empty, solved(empty), verdict()))


def test_results_with_empty_tables_have_a_report(made):
    results = solved(made)
    bare = Results(
        facility="t", digest="", scenarios=results.scenarios[2:], tables=results.tables, reports=(),
        conservation={}, settled=(False,),
    )  # fmt: skip
    page = Page(report.html(made, bare, verdict(kpis=(), margins=(), status="failed")))
    assert "the normal state has no steady solution" in page.text


def test_energy_shares_add_up_to_the_meter(made):
    shares = facts.energy(solved(made))
    total = next(share.value for share in shares if share.depth == 0)
    parts = sum(share.value for share in shares if share.depth == 1)
    racks = next(share.value for share in shares if share.name.startswith("Racks"))
    assert parts == pytest.approx(total, rel=1e-12)
    assert sum(share.value for share in shares if share.depth == 2) == pytest.approx(racks, rel=1e-12)


def test_the_worst_state_of_a_machine_is_the_one_with_its_highest_load(made):
    tree = {m.id: m for m in facts.power_tree(made, solved(made))}
    assert tree["ups.A2"].worst.text == "85.0 %"
    assert tree["ups.A2"].state == "lose:ups.A1"
    assert tree["ups.A1"].normal.text == "40.0 %"
    assert next(iter(tree)) == "grid"


def test_states_that_cost_racks_come_first_after_the_normal_one(made):
    states = facts.states(solved(made), verdict(finding()))
    assert [state.name for state in states] == ["normal", "lose:dry1", "lose:ups.A1"]
    assert states[2].lost.text == "1"
    assert "PWR-001" in states[2].finding


def test_assumed_sources_are_listed_and_others_are_sources(made):
    listed = facts.assumptions(made, solved(made))
    assert ("t", "all values without a source of their own", "assumed") in listed
    assert not facts.sources(made)


def test_a_broken_write_leaves_the_old_report(made, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")
    monkeypatch.setattr(report.os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        report.write_report(made, solved(made), verdict(), [], path)
    assert path.read_text() == "old"


def test_the_best_picture_stands_on_the_first_page_and_nowhere_else(made, tmp_path):
    for name in ("load.png", "heat.png", "heat_plan_2d.png"):
        (tmp_path / name).write_bytes(b"\x89PNG" + name.encode())
    text = report.html(made, solved(made), verdict(), sorted(tmp_path.iterdir()))
    cover = report.embedded(tmp_path / "heat.png")
    assert text.count(cover) == 1
    assert text.index(cover) < text.index('id="findings"')
    assert text.index(report.embedded(tmp_path / "load.png")) > text.index('id="maps"')


def test_a_report_without_pictures_has_no_empty_chapter_of_maps(made):
    text = report.html(made, solved(made), verdict())
    assert "Maps" not in text and 'id="maps"' not in text and 'href="#maps"' not in text


def test_quiet_states_are_counted_and_the_normal_one_is_always_told():
    quiet = [
        facts.State(name, True, facts.Cell("0"), facts.Cell("0"), "-", facts.Cell(f"{load} %"), "")
        for name, load in (("normal", 40), ("lose:a", 50), ("lose:b", 71))
    ]
    told, sentence = facts.worth_telling(quiet)
    assert [state.name for state in told] == ["normal"]
    assert sentence.startswith("2 further states lose no rack")
    assert sentence.endswith("is 71 %.")
    assert facts.worth_telling(quiet[:1])[1] == ""


def test_machines_and_loops_with_the_same_numbers_are_one_line(made):
    tree = facts.alike(facts.power_tree(made, solved(made)))
    assert [m.alike for m in tree if m.id == "grid"] == [()]
    assert sum(1 + len(m.alike) for m in tree) == 4
    rows = [("a", "water", ["1"]), ("b", "water", ["1"]), ("c", "pg25", ["1"])]
    assert facts.alike_loops(rows) == [("a", ("b",), "water", ["1"]), ("c", (), "pg25", ["1"])]


def test_values_of_one_product_with_one_basis_are_one_row():
    rows = [("ups", "price", "assumed"), ("ups", "mass_of", "assumed"), ("ups", "size", "sheet")]
    assert facts.gathered(rows) == [("ups", "price; mass of", "assumed"), ("ups", "size", "sheet")]


def test_long_tables_say_how_much_is_left_out(made, monkeypatch):
    monkeypatch.setattr(report, "ROWS", 2)
    text = report.html(made, solved(made), verdict())
    assert re.search(r"1 further rows", text)
