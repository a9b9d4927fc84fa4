"""What the tests of the page compare with is what Python writes."""

import json
from pathlib import Path

from twin.view.web.words import text

CASES = Path(__file__).parents[2] / "twin" / "view" / "web" / "source" / "test" / "quantities.json"


def test_texts_of_quantities_are_those_that_the_page_is_tested_with():
    cases = json.loads(CASES.read_text(encoding="utf-8"))["cases"]
    assert len(cases) > 500
    wrong = [(name, value, told) for name, value, told in cases if text(value, name) != told]
    assert wrong == []
