"""``twin view LAYOUT --watch``: what it prints, how it ends, and what it does not start for."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from twin.cli import live as following
from twin.cli import viewing

ROOT = Path(__file__).parents[2]


@pytest.fixture
def session(monkeypatch):
    """A live view that ends at once; gives what it was made with."""
    import twin.live

    made = []

    class Session:
        address = "http://127.0.0.1:8000/token/"

        def __init__(self, asked, page, **options):
            made.append((asked, page, options))

        def __enter__(self):
            return self

        def __exit__(self, *error):
            made.append("closed")

        def run(self):
            raise KeyboardInterrupt

    monkeypatch.setattr(twin.live, "Session", Session)
    handler = signal.getsignal(signal.SIGTERM)
    yield made
    signal.signal(signal.SIGTERM, handler)


def test_watch_prints_the_address_and_ends_cleanly(twin, session, monkeypatch):
    opened = []
    monkeypatch.setattr(following.web, "show", lambda address, wanted: opened.append((address, wanted)))
    answer = twin(
        "view", "hall.yaml", "--watch", "--field", "rack.power", "--set", "params.racks=2", "--no-open"
    )
    assert answer.exit_code == 0, answer.output
    address = "http://127.0.0.1:8000/token/#paint=rack.power"
    assert answer.stdout == f"{address}\n"
    assert "watching hall.yaml; Ctrl-C ends\nended" in answer.stderr
    assert opened == [(address, False)]
    (asked, page, options), closed = session
    assert closed == "closed"
    assert (asked.layout, asked.sets, asked.failures, asked.air) == (
        "hall.yaml",
        ("params.racks=2",),
        True,
        "auto",
    )
    assert (options["host"], options["port"]) == ("127.0.0.1", 0)
    assert "connect-src 'self'" in page


def test_watch_compares_with_a_run(twin, solved, session):
    answer = twin("view", "hall.yaml", "--watch", "--against", solved, "--no-failures", "--no-open")
    assert answer.exit_code == 0, answer.output
    asked, page, _ = session[0]
    assert not asked.failures
    assert 'id="compare"' in page
    assert answer.stdout.endswith("/#compare=both\n")


def test_a_port_in_use_is_told(twin):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = twin("view", "hall.yaml", "--watch", "--no-open", "--port", port)
    assert answer.exit_code == 2
    assert f"port {port} is in use" in answer.stderr


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_of_another_machine_is_told(twin, host):
    answer = twin("view", "hall.yaml", "--watch", "--no-open", "--host", host)
    assert answer.exit_code == 2
    assert answer.stderr == f"twin: --host {host}: no address of this machine\n"


def test_who_listens_to_others_is_warned(twin, session):
    answer = twin("view", "hall.yaml", "--watch", "--no-open", "--host", "0.0.0.0")
    assert answer.exit_code == 0, answer.output
    assert "whoever learns the address below sees the design" in answer.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--desktop"], "does not go with --desktop"), (["--out", "page.html"], "does not go with --out")],
)
def test_what_does_not_go_with_watch_is_told(twin, options, message):
    answer = twin("view", "hall.yaml", "--watch", *options)
    assert answer.exit_code == 2
    assert message in answer.stderr


def test_a_layout_that_is_not_there_is_told_at_once(twin):
    answer = twin("view", "hull.yaml", "--watch")
    assert (answer.exit_code, answer.stderr) == (2, "twin: hull.yaml: no such file\n")


def test_what_came_of_a_save_is_a_line(capsys):
    following._tell("scene", {"step": "normal state", "states": 1, "verdict": "fail", "seconds": 0.41})
    following._tell("scene", {"step": "single failures", "states": 9, "verdict": "pass", "seconds": 2.0})
    mistake = {"file": "hall.yaml", "line": 3, "column": 5, "message": "\x1b[31mwrong", "text": ""}
    following._tell("mistakes", {"mistakes": [mistake], "more": 2})
    following._tell("failed", {"message": "the solver ended"})
    following._tell("progress", {"stage": "normal state", "done": 0, "total": 1})
    lines = [line.split("  ", 1)[1] for line in capsys.readouterr().err.splitlines()]
    assert lines == [
        "normal state: rules are broken, solved in 0.4 s",
        "single failures: all rules hold in 9 states, solved in 2.0 s",
        "hall.yaml:3:5: \\x1b[31mwrong",
        "and 2 more",
        "the solver ended",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_with_its_solver(twin, tmp_path, number):
    program = [sys.executable, "-c", "from twin.cli import main; main()"]
    options = ["view", str(tmp_path / "hall.yaml"), "--watch", "--no-open", "--air", "zonal"]
    with subprocess.Popen(
        [*program, *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as command:
        address = command.stdout.readline().strip()
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert b"<!doctype html>" in answer.read(100)
        with urllib.request.urlopen(address + "events", timeout=60) as stream:
            assert any(b"event: scene" in stream.readline() for _ in range(400))
        children = Path(f"/proc/{command.pid}/task/{command.pid}/children")
        solvers = children.read_text().split() if children.exists() else []
        command.send_signal(number)
        assert command.wait(20) == 0
        assert "ended" in command.stderr.read()
    for solver in solvers:
        with pytest.raises(ProcessLookupError):
            os.kill(int(solver), 0)


def test_the_desktop_has_no_part_in_watching(twin, session, monkeypatch):
    monkeypatch.setattr(viewing, "_window_is_possible", lambda: pytest.fail("asked for a window"))
    assert twin("view", "hall.yaml", "--watch", "--no-open").exit_code == 0
