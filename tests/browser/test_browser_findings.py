"""From a finding to the thing and back: list, keys, search, and tables for those who do not see the picture."""

from __future__ import annotations

import pytest

from tests.browser.viewer import DOWN, ENTER, TAB

pytestmark = pytest.mark.slow


def centred(viewer, thing):
    """A thing lies near the middle of the part of the picture that no panel covers."""
    viewer.rest()
    x, y = viewer.place(thing)
    box = viewer.one(".stage").rect
    across, down = (x - box["x"]) / box["width"], (y - box["y"]) / box["height"]
    return 0.2 < across < 0.8 and 0.2 < down < 0.8


def test_a_click_on_a_finding_goes_to_the_thing_and_its_state(viewer, sample_page):
    viewer.open(sample_page)
    rows = viewer.all(".finding")
    assert "Racks have power" in rows[0].text and "p.n.04" in rows[0].text
    assert "\u221220 %" in rows[1].text
    rows[0].click()
    state = viewer.state
    assert state["sel"] == "p.n.04" and state["state"] == "lose:ups.A1"
    assert centred(viewer, "p.n.04")
    assert "ups.A1 lost" in viewer.text(".banner")
    assert "has no power on any feed" in viewer.text(".selection")
    viewer.all(".finding")[1].click()
    assert viewer.state["sel"] == "p.s.01" and viewer.state["state"] == ""


def test_a_design_that_fails_opens_with_what_shows_why(viewer, sample, sample_page):
    document = sample.composed().document
    worst = document.findings[0]
    viewer.open(sample_page, "")
    assert viewer.state["state"] == document.states[worst.state].name == "lose:ups.A1"
    assert viewer.state["quantity"] == document.quantities[worst.quantity].name
    assert viewer.state["sel"] == ""
    assert viewer.all(".finding")[0].get_attribute("aria-selected") == "true"


def test_findings_can_be_walked_through_by_keys_alone(viewer, sample_page):
    viewer.open(sample_page)
    viewer.key("n")
    assert viewer.state["sel"] == "p.n.04"
    viewer.key("n")
    assert viewer.state["sel"] == "p.s.01" and centred(viewer, "p.s.01")
    viewer.key("p")
    assert viewer.state["sel"] == "p.n.04"


def test_the_list_of_findings_is_reached_by_tab_and_read_by_arrows(viewer, sample_page):
    viewer.open(sample_page)
    for _ in range(40):
        viewer.key(TAB)
        if viewer.run("return document.activeElement.getAttribute('aria-label')") == "Findings, worst first":
            break
    assert viewer.run("return document.activeElement.getAttribute('role')") == "tree"
    viewer.key(DOWN, DOWN, ENTER)
    assert viewer.state["sel"] == "p.s.01"
    row = viewer.run(
        "return document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))"
    )
    assert row.get_attribute("aria-selected") == "true" and "p.s.01" in row.text
    assert viewer.run("return getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_the_skip_link_leaves_the_picture_out(viewer, sample_page):
    viewer.open(sample_page)
    viewer.key(TAB, ENTER)
    assert viewer.run("return document.activeElement.id") == "tab-findings"


def test_findings_are_filtered_by_words_and_severity(viewer, sample_page):
    viewer.open(sample_page)
    assert len(viewer.all(".finding")) == 2  # one for every rule
    viewer.one(".finding-more").click()
    assert len(viewer.all(".finding")) == 5
    viewer.one(".finding-more").click()
    viewer.named("button", "Broken 1").click()
    assert len(viewer.all(".finding")) == 1
    viewer.named("button", "Broken 1").click()
    field = viewer.named("searchbox", "Filter findings")
    field.send_keys("p.s.02")
    assert [row.text.split("\n")[0] for row in viewer.all(".finding")] == ["Inlet air is within its class"]
    field.send_keys("zzz")
    assert "No finding matches" in viewer.text("#panel-findings")


def test_search_finds_a_thing_and_flies_there(viewer, sample_page):
    viewer.open(sample_page)
    viewer.key("/")
    viewer.key("n.02")
    assert "p.n.02" in viewer.text("#hits")
    viewer.key(ENTER)
    assert viewer.state["sel"] == "p.n.02" and centred(viewer, "p.n.02")
    assert not viewer.one_or_none("#hits")


def test_search_knows_rows_states_and_quantities(viewer, sample_page):
    viewer.open(sample_page)
    for words, key, value in (
        ("row p.n", "isolate", "row:p.n"),
        ("lose:ups", "state", "lose:ups.A1"),
        ("electrical power", "quantity", "rack.power"),
    ):
        viewer.key("/")
        viewer.run("document.getElementById('search').value = ''")
        viewer.key(words)
        hits = [hit.text for hit in viewer.all("#hits .hit")]
        assert hits, words
        viewer.key(ENTER)
        assert viewer.state[key] == value, hits
        viewer.rest()
    viewer.key("/")
    viewer.run("document.getElementById('search').value = ''")
    viewer.key("nothing of that name")
    assert "Nothing is called that" in viewer.text("#hits")


def test_the_table_holds_every_finding_and_goes_to_things(viewer, sample, sample_page):
    viewer.open(sample_page)
    viewer.key("v")
    document = sample.composed().document
    table = viewer.one("dialog table")
    assert (
        table.aria_role == "table"
        and table.accessible_name == f"{len(document.findings)} findings, worst first"
    )
    heads = [head.text for head in viewer.all("dialog thead th")]
    rows = [[cell.text for cell in row.find_elements("xpath", "*")] for row in viewer.all("dialog tbody tr")]
    assert len(rows) == len(document.findings)
    for cells, finding in zip(rows, document.findings, strict=True):
        row = dict(zip(heads, cells, strict=True))
        told = (row["Code"], row["Rule"], row["Subject"], row["Value"], row["Limit"], row["Finding"])
        assert told == (
            finding.code, finding.title, finding.subject, finding.value, finding.limit, finding.message
        )  # fmt: skip
    assert [row[0] for row in rows] == ["broken", "warning", "warning", "warning"]
    viewer.all("dialog tbody tr button")[2].click()
    assert not viewer.one_or_none("dialog") and viewer.state["sel"] == "p.s.02"


def test_the_table_of_painted_things_has_their_values(viewer, sample, sample_page):
    viewer.open(sample_page)
    viewer.key("v")
    viewer.named("radio", "Painted things").find_element("xpath", "..").click()
    rows = {
        row.find_elements("xpath", "*")[0].text: row.find_elements("xpath", "*")[-1].text
        for row in viewer.all("dialog tbody tr")
    }
    inlets = sample.results["rack"]
    for name in inlets.ids:
        assert rows[name] == f"{inlets.at(name, 'inlet_temperature'):.1f} \u00b0C"


def test_everything_that_can_be_pressed_has_a_name(viewer, sample_page):
    roles = {
        "button",
        "checkbox",
        "combobox",
        "listbox",
        "option",
        "radio",
        "searchbox",
        "slider",
        "switch",
        "tab",
        "img",
    }
    viewer.open(sample_page, "sel=p.s.01&state=lose:ups.A1&air=slice&time=loss:cooling,5")
    for tab in ("findings", "layers", "states", "figures"):
        viewer.run("twinViewer.set({tab: arguments[0]})", tab)
        nodes = viewer.command("Accessibility.getFullAXTree")["nodes"]
        found = [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes
            if not node["ignored"] and node["role"]["value"] in roles
        ]
        assert len(found) > 25, tab
        assert not [role for role, name in found if not name.strip()]
    names = {name for _, name in found}
    assert {"Search", "Time of Loss of cooling", "Save the picture (s)"} <= names


def test_what_happens_is_said_aloud(viewer, sample_page):
    viewer.open(sample_page)
    viewer.key("n")
    spoken = viewer.run(
        "return [...document.querySelectorAll('[role=status]')].map(part => part.textContent).join(' ')"
    )
    assert "p.n.04" in spoken or "Racks have power" in spoken
