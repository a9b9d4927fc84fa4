"""The server of the live page: what it hands out, and everybody that it turns away."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from tests.live.conftest import PAGE, POLICY, ask, request
from twin.live import server as serving
from twin.live.gate import Gate, is_loopback
from twin.live.news import News
from twin.live.server import Server, policy


def test_the_page_comes_sealed(server):
    answer = ask(server.gate.port, request(server))
    assert (answer.status, answer.body.decode()) == (200, PAGE)
    assert answer.headers["Content-Security-Policy"] == f"{POLICY}; frame-ancestors 'none'"
    expected = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    assert expected.items() <= answer.headers.items()
    assert answer.headers["Server"].strip() == "twin"  # and no version of anything


def test_the_scene_is_bytes_once_there_is_one(server, news):
    assert ask(server.gate.port, request(server, "/scene")).status == 503
    news.show(b"\x1f\x8b a scene")
    answer = ask(server.gate.port, request(server, "/scene?version=1", Sec_Fetch_Site="same-origin"))
    assert (answer.status, answer.body) == (200, b"\x1f\x8b a scene")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    head = ask(server.gate.port, request(server, "/scene", "HEAD"))
    assert (head.status, head.headers["Content-Length"], head.body) == (200, "10", b"")


@pytest.mark.parametrize("name", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
def test_every_name_of_this_machine_is_let_in(shared, name):
    host = name.format(port=shared.gate.port)
    headers = {"Host": host, "Origin": f"http://{host}", "Sec_Fetch_Site": "same-origin"}
    assert ask(shared.gate.port, request(shared, **headers)).status == 200


REFUSED = {
    "no token": ("!/", {}),
    "another token": ("!/AAAA/", {}),
    "the token with something behind": ("!/{token}x/", {}),
    "a part of the token": ("!/{part}/", {}),
    "the token further in": ("!/x/{token}/", {}),
    "the token in the query": ("!/?{token}", {}),
    "the token escaped": ("!/%{escaped}/", {}),
    "a token of other letters": ("!/\xfc\xfd/", {}),
    "an absolute address": ("!http://127.0.0.1:{port}/{token}/", {}),
    "everything": ("!*", {}),
    "no host": ("/", {"Host": ""}),
    "another host": ("/", {"Host": "evil.example:{port}"}),
    "a host that is rebound": ("/", {"Host": "evil.example"}),
    "a host without port": ("/", {"Host": "127.0.0.1"}),
    "another port": ("/", {"Host": "127.0.0.1:1"}),
    "another address": ("/", {"Host": "192.168.0.1:{port}"}),
    "a host that begins alike": ("/", {"Host": "localhost.evil.example:{port}"}),
    "another origin": ("/scene", {"Origin": "http://evil.example"}),
    "an origin without name": ("/events", {"Origin": "null"}),
    "an origin of another port": ("/scene", {"Origin": "http://127.0.0.1:1"}),
    "an origin by another protocol": ("/scene", {"Origin": "https://127.0.0.1:{port}"}),
    "a page elsewhere": ("/", {"Sec_Fetch_Site": "cross-site"}),
    "a page of another server here": ("/scene", {"Sec_Fetch_Site": "same-site"}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_stranger_is_refused_and_told_nothing(shared, name):
    what, headers = REFUSED[name]
    token = shared.gate.token
    words = {
        "token": token,
        "part": token[:-1],
        "port": shared.gate.port,
        "escaped": f"{ord(token[0]):x}{token[1:]}",
    }
    headers = {key: value.format(**words) for key, value in headers.items()}
    for method in ("GET", "HEAD", "POST"):
        answer = ask(shared.gate.port, request(shared, what.format(**words), method, **headers))
        assert (answer.status, answer.body) == (403, b"")
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_two_hosts_are_one_too_many(shared):
    text = request(shared).replace("\r\n\r\n", f"\r\nHost: 127.0.0.1:{shared.gate.port}\r\n\r\n")
    assert ask(shared.gate.port, text).status == 403


@pytest.mark.parametrize(
    "what",
    [
        "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/scene/", "/scene/x", "/viewer.html", "/.",
        "/scene%00", "/favicon.ico", "/SCENE",
    ],
)  # fmt: skip
def test_there_are_no_other_paths(shared, what):
    answer = ask(shared.gate.port, request(shared, what))
    assert (answer.status, answer.body) == (404, b"")


def test_an_address_without_its_last_stroke_is_led_on(shared):
    answer = ask(shared.gate.port, request(shared, ""))
    assert (answer.status, answer.headers["Location"]) == (308, f"/{shared.gate.token}/")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get", "BREW"])
def test_there_are_no_other_methods(shared, method):
    answer = ask(shared.gate.port, request(shared, "/", method))
    assert (answer.status, answer.body, answer.headers["Allow"]) == (405, b"", "GET, HEAD")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("GET /" + "a" * 20_000 + " HTTP/1.1\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\nX: " + "a" * 20_000 + "\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\n" + "X: y\r\n" * 2_000 + "\r\n", 431),
        ("GET / HTTP/1.1\r\n" + "X: y\r\n" * 200 + "\r\n", 431),
        ("GET / HTTP/9.9\r\n\r\n", 505),
        ("GET / nonsense\r\n\r\n", 400),
        ("\x16\x03\x01\x02\x00 a greeting by TLS \r\n\r\n", 400),
        ("GET <script>alert(1)</script>\r\n\r\n", 403),
    ],
    ids=["long line", "long header", "many bytes", "many headers", "version", "nonsense", "TLS", "old"],
)  # fmt: skip
def test_what_is_no_request_is_answered_without_repeating_it(shared, text, status):
    try:
        answer = ask(shared.gate.port, text)
    except ConnectionError:  # closed while more of it was on its way
        assert status == 431
        return
    assert answer is None or (answer.status, answer.body) == (status, b"")


def test_a_request_that_dawdles_is_dropped(server, monkeypatch):
    monkeypatch.setattr(serving, "PATIENCE", 0.2)
    with socket.create_connection(("127.0.0.1", server.gate.port), 5) as slow:
        slow.sendall(b"GET / HT")
        begun = time.monotonic()
        assert slow.recv(100) == b""
        assert time.monotonic() - begun < 2


def test_there_are_only_so_many_connections(server, monkeypatch):
    monkeypatch.setattr(serving, "CONNECTIONS", 2)
    many = [socket.create_connection(("127.0.0.1", server.gate.port), 5) for _ in range(3)]
    try:
        assert many[2].recv(100) == b""
        many[0].sendall(request(server).encode())
        assert many[0].recv(100).startswith(b"HTTP/1.1 200")
    finally:
        for connection in many:
            connection.close()


def events(server, count):
    """The first ``count`` events of a new stream."""
    with socket.create_connection(("127.0.0.1", server.gate.port), 5) as stream:
        stream.sendall(request(server, "/events").encode())
        read = b""
        while read.count(b"event: ") < count or not read.endswith(b"\n\n"):
            read += stream.recv(65536)
    return read.partition(b"\r\n\r\n")[2].decode()


def test_events_tell_what_holds_now_and_what_comes(server, news):
    news.show(b"one")
    news.tell("mistakes", {"mistakes": [{"text": "</script>\n機房 \u2028"}]})
    threading.Timer(0.1, news.show, [b"two"]).start()
    told = events(server, 3)
    first = 'event: scene\ndata: {"version": 1}\n\n'
    second = 'event: mistakes\ndata: {"mistakes": [{"text": "</script>\\n\\u6a5f\\u623f \\u2028"}]}\n\n'
    third = 'event: scene\ndata: {"version": 2}\n\n'
    assert told == f"retry: 1000\n\n{first}{second}{third}"
    assert events(server, 1) == f"retry: 1000\n\n{third}"  # what is mended is not told to who comes late


def test_there_are_only_so_many_streams_and_those_that_end_make_room(server, news, monkeypatch):
    monkeypatch.setattr(serving, "LOOK", 0.05)
    news.tell("progress", {"stage": "normal state", "done": 0, "total": 2})
    server.streams = threading.BoundedSemaphore(1)
    with socket.create_connection(("127.0.0.1", server.gate.port), 5) as stream:
        stream.sendall(request(server, "/events").encode())
        assert stream.recv(100).startswith(b"HTTP/1.1 200")
        assert ask(server.gate.port, request(server, "/events")).status == 503
    for _ in range(100):  # long before the next beat it is seen that the other end has gone
        if server.streams.acquire(blocking=False):
            break
        time.sleep(0.02)
    else:
        pytest.fail("a stream that has gone still takes a place")


def test_a_page_that_is_loaded_anew_again_and_again_is_served(server, news, monkeypatch):
    monkeypatch.setattr(serving, "LOOK", 0.05)
    server.streams = threading.BoundedSemaphore(1)
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", server.gate.port), 5) as stream:
            stream.sendall(request(server, "/events").encode())
            assert stream.recv(100).startswith(b"HTTP/1.1 200")


def test_a_silent_stream_shows_that_it_lives(server, news, monkeypatch):
    monkeypatch.setattr(serving, "LOOK", 0.01)
    monkeypatch.setattr(serving, "BEAT", 0.05)
    with socket.create_connection(("127.0.0.1", server.gate.port), 5) as stream:
        stream.sendall(request(server, "/events").encode())
        read = b""
        while not read.endswith(b"\n\n:\n\n:\n\n"):
            read += stream.recv(65536)


def test_open_streams_and_idle_connections_do_not_hold_up_the_end(news):
    before = set(threading.enumerate())
    with Server(PAGE, news) as server:
        port = server.gate.port
        stream, idle = (socket.create_connection(("127.0.0.1", port), 5) for _ in range(2))
        stream.sendall(request(server, "/events").encode())
        assert stream.recv(100).startswith(b"HTTP/1.1 200")
        begun = time.monotonic()
    assert time.monotonic() - begun < 2
    assert set(threading.enumerate()) <= before
    with pytest.raises(ConnectionError):
        socket.create_connection(("127.0.0.1", port), 1)
    for connection in (stream, idle):
        connection.close()


def test_refusals_are_logged_once_and_without_the_token(news):
    told = []
    with Server(PAGE, news, log=told.append) as server:
        for _ in range(3):
            ask(server.gate.port, request(server, Host="evil.example"))
        ask(server.gate.port, request(server, "!/x"))
        ask(server.gate.port, request(server))
        token = server.gate.token
    assert told == [
        "refused a request: its Host is not this server",
        "refused a request: its token is wrong or missing",
    ]
    assert token not in repr(server.gate)


def test_a_server_that_is_opened_to_others_still_knows_its_names():
    gate = Gate(8000, "0.0.0.0", "t")
    assert gate._mine("192.168.0.7:8000")
    assert gate._mine(f"{socket.gethostname()}:8000")
    assert not gate._mine("evil.example:8000")
    assert not Gate(8000, "127.0.0.1", "t")._mine("192.168.0.7:8000")
    assert [is_loopback(host) for host in ("127.0.0.2", "::1", "localhost", "0.0.0.0", "a.name")] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_tokens_are_long_and_never_the_same(news):
    with Server(PAGE, news) as one, Server(PAGE, News()) as other:
        assert one.gate.token != other.gate.token
        assert len(one.gate.token) >= 43
        assert ask(one.gate.port, request(one, f"!/{other.gate.token}/")).status == 403


def test_a_page_without_a_policy_is_not_served():
    with pytest.raises(ValueError, match="content-security policy"):
        policy("<!doctype html>")


def test_the_built_page_may_ask_its_own_server_and_nobody_else():
    from twin.view.web.page import page

    stated = policy(page(None, live=True))
    assert "default-src 'none'" in stated
    assert "connect-src 'self'" in stated
    assert "unsafe" not in stated.replace("wasm-unsafe-eval", "")
