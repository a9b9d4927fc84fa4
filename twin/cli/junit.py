"""JUnit XML, which every CI server shows: one suite for each layout, one case for each rule."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from twin.batch import Row

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""


def report(rows: Iterable[Row]) -> str:
    """The XML text."""
    root = ElementTree.Element("testsuites", name="twin validate")
    for row in rows:
        root.append(_suite(row))
    total = {
        key: str(sum(int(suite.get(key, "0")) for suite in root)) for key in ("tests", "failures", "errors")
    }
    root.attrib.update(total)
    ElementTree.indent(root)
    return "<?xml version='1.0' encoding='utf-8'?>\n" + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(row: Row) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=_legal(row.layout), time=f"{row.seconds:.3f}")
    if row.document:
        cases = [_case(row, code, title, broken) for (code, title), broken in _rules(row).items()]
    else:
        cases = [_lost(row)]
    suite.extend(cases)
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    suite.set("errors", str(sum(case.find("error") is not None for case in cases)))
    return suite


def _rules(row: Row) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The findings that break each rule that was checked."""
    rules: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for finding in (*row.document["findings"], *row.document["margins"]):
        broken = rules.setdefault((finding["code"], finding["title"]), [])
        if finding["severity"] == "error" and not finding["waived"]:
            broken.append(finding)
    return dict(sorted(rules.items()))


def _case(row: Row, code: str, title: str, broken: list[dict[str, Any]]) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase", classname=_legal(row.layout), name=_legal(f"{code} {title}"), time="0"
    )
    if broken:
        first = broken[0]
        message = f"{first['subject']}: {first['message']}" + (
            f" (and {len(broken) - 1} more)" if broken[1:] else ""
        )
        failure = ElementTree.SubElement(case, "failure", type=code, message=_legal(message))
        failure.text = _legal(
            "\n".join(f"{f['file']}:{f['line']}: {f['subject']}: {f['message']}" for f in broken[:100])
        )
    return case


def _lost(row: Row) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase", classname=_legal(row.layout), name="evaluate", time=f"{row.seconds:.3f}"
    )
    error = ElementTree.SubElement(case, "error", type=row.status, message=_legal(row.message))
    error.text = _legal(
        "\n".join(f"{m['file']}:{m['line']}:{m['column']}: {m['message']}" for m in row.mistakes)
    )
    return case


def _legal(text: str) -> str:
    return _ILLEGAL.sub("?", text)
