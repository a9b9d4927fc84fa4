"""What the README promises exists: commands, verbs, exit codes, files, pictures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEST_COMMAND = "bash .ci/setup test && .venv/bin/pytest -n auto"
PAGES = sorted(ROOT.glob("*.md"))


def test_there_are_exactly_two_set_up_commands():
    main_job = "bash .ci/setup && .venv/bin/twin solve layouts/gb300_hall.yaml"
    assert re.findall(r"```bash\n(.*?)\n```", README, re.DOTALL) == [main_job, TEST_COMMAND]


def test_ci_runs_the_test_command_of_the_readme():
    assert f"command='{TEST_COMMAND}'\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["setup", "run"])
def test_ci_scripts_are_executable(name):
    assert (ROOT / ".ci" / name).stat().st_mode & 0o111


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    missing = [t for t in targets if t and "://" not in t and not (ROOT / t).exists()]
    assert missing == []


def test_every_layout_is_introduced_and_every_test_named_exists():
    layouts = {path.name for path in (ROOT / "layouts").glob("*.yaml")}
    assert layouts
    assert layouts <= set(re.findall(r"layouts/(\w+\.yaml)", README))
    named = set(re.findall(r"`(tests/[\w/.]+)`", README))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_pictures_are_small():
    pictures = list((ROOT / ".github" / "pictures").glob("*.png"))
    assert {f".github/pictures/{path.name}" for path in pictures} == set(
        re.findall(r"!\[.*?\]\((.*?)\)", README)
    )
    assert max(path.stat().st_size for path in pictures) < 400_000


def test_the_table_of_commands_is_that_of_the_program():
    from twin.cli import app

    verbs = [
        command.name or command.callback.__name__.replace("_", "-") for command in app.registered_commands
    ]
    assert verbs
    assert set(re.findall(r"^\| `twin (\w+)", README, re.MULTILINE)) == set(verbs)


def test_the_check_in_the_readme_is_a_real_one():
    from twin.checks import RULES

    code, title = re.findall(r'@check\("(\w+-\d+)", "([^"]+)"', README)[0]
    assert RULES[code].title == title


def test_the_product_in_the_readme_is_a_real_one():
    import yaml

    from twin.catalogue import Catalogue

    text = re.findall(r"```yaml\n(catalogue:.*?)```", README, re.DOTALL)[0]
    entries = yaml.safe_load(text)["catalogue"]
    (name,) = entries
    assert Catalogue.builtin().extended(entries).product(name).power.maximum == 120e3
