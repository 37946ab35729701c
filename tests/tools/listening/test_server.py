"""The server: a class of thirty at once, and messages that cannot be used."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.tools.listening.conftest import record
from workbench.tools.listening.answers import FORMAT, merge
from workbench.tools.listening.server import PageServer, read_page
from workbench.tools.listening.store import Store


@pytest.fixture
def served(ratings, tmp_path):
    server = PageServer(
        ("127.0.0.1", 0), ratings.page, ratings.key, Store(tmp_path / "answers.sqlite")
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


def send(server, path, body, kind="application/json", method="POST"):
    """Status and text of the reply; body: bytes, or anything that JSON knows."""
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=60)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, path, data, {"Content-Type": kind})
    reply = connection.getresponse()
    text = reply.read().decode()
    connection.close()
    return reply.status, text


def test_thirty_raters_at_once(served, ratings):
    """Each opens the page, joins, sends every trial on its own, some of them twice."""
    start = threading.Barrier(30)

    def rater(number):
        start.wait(60)
        page = urllib.request.urlopen(served.addresses()[0], timeout=60).read()
        whole = record(ratings, f"rater {number}", number)
        who = {k: whole[k] for k in ("test", "rater", "token")}
        statuses = [send(served, "/join", who)[0]]
        trials = list(dict.fromkeys(row["trial"] for row in whole["answers"]))
        for trial in [*trials, *trials[:3]]:  # as after a reload
            rows = [row for row in whole["answers"] if row["trial"] == trial]
            part = whole | {"answers": rows, "finished": trial == trials[-1]}
            statuses.append(send(served, "/answers", part)[0])
        return len(page), statuses

    with ThreadPoolExecutor(30) as pool:
        done = list(pool.map(rater, range(30)))
    assert {size for size, _ in done} == {len(served.html)}
    assert {status for _, statuses in done for status in statuses} == {204}
    merged = merge([served.store.path], ratings.key)
    assert len(merged.raters) == 30
    assert len(merged.answers) == 30 * 25
    assert (merged.left_out, merged.conflicts, merged.half_rated) == ([], [], [])


def test_of_thirty_under_one_name_one_gets_it(served, ratings):
    def join(number):
        whole = record(ratings, "Anna" if number % 2 else "anna", number)
        return send(served, "/join", {k: whole[k] for k in ("test", "rater", "token")})

    with ThreadPoolExecutor(30) as pool:
        replies = list(pool.map(join, range(30)))
    assert sorted(status for status, _ in replies) == [204] + 29 * [409]
    assert all("taken" in text for status, text in replies if status == 409)


def test_whoever_has_the_token_may_come_again_and_nobody_else_may_write(served, ratings):
    mine, other = record(ratings, "Ada", 1), record(ratings, "Ada", 2)
    assert send(served, "/answers", mine)[0] == 204
    assert send(served, "/join", mine)[0] == 204
    assert send(served, "/answers", other)[0] == 409
    assert served.store.counts(ratings.key["test"]) == (1, 1, 25)


@pytest.mark.parametrize(
    ("path", "body", "kind", "status"),
    [
        ("/join", {"test": "t00", "rater": "Ada", "token": "0" * 32}, "application/json", 400),
        ("/join", {"rater": "Ada"}, "application/json", 400),
        ("/join", [1], "application/json", 400),
        ("/answers", b"{", "application/json", 400),
        ("/answers", b"[" * 100_000, "application/json", 400),
        ("/answers", b"\xff", "application/json", 400),
        ("/join", b'{"x": ' + b"9" * 6000 + b"}", "application/json", 400),
        ("/join", {"rater": "\ud800", "test": "\udfff"}, "application/json", 400),
        ("/answers", {"format": FORMAT, "test": "\ud800"}, "application/json", 400),
        ("/answers", {}, "application/json", 400),
        ("/answers", {}, "text/plain", 400),  # what another site's page could send
        ("/answers", b"x" * 3_000_000, "application/json", 400),
        ("/elsewhere", {}, "application/json", 404),
    ],
)
def test_messages_that_cannot_be_used(served, ratings, path, body, kind, status):
    try:
        assert send(served, path, body, kind)[0] == status
    except (BrokenPipeError, ConnectionResetError):
        assert len(body) > 2_000_000  # hung up on before all of it was sent
    assert served.store.counts(ratings.key["test"])[2] == 0
    assert send(served, "/", b"", method="GET")[0] == 200


@pytest.mark.parametrize("length", ["\xb2", "9" * 5000, "-1", "+2", "1_0", "0x2", "", "2 2", "1e1"])
def test_a_length_that_is_no_number_is_refused_in_words(served, capsys, length):
    connection = http.client.HTTPConnection(*served.server_address[:2], timeout=60)
    headers = {"Content-Type": "application/json", "Content-Length": length}
    connection.request("POST", "/join", b"{}", headers)
    reply = connection.getresponse()
    assert reply.status == 400
    assert b"long" in reply.read()
    connection.close()
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "change",
    [
        {"started": "\ud800"},
        {"answers": ["\ud800"]},
        {"rater": "Ada \udc80"},
        {"saved": ["\ud800"]},
    ],
)
def test_half_characters_end_in_an_answer(served, ratings, capsys, change):
    whole = record(ratings, "Ada", 1)
    status, _ = send(served, "/answers", whole | change)
    assert status == (400 if "answers" in change else 204)
    assert send(served, "/answers", record(ratings, "Grace", 2))[0] == 204
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("path", ["/key.json", "/answers.sqlite", "/../key.json", "/./"])
def test_nothing_but_the_page_is_served(served, path):
    status, text = send(served, path, b"", method="GET")
    assert status == 404
    assert "human" not in text


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_prints_its_address_and_ends(ratings, tmp_path, ending):
    ratings.write(tmp_path)
    assert read_page(tmp_path / "test.html") == ratings.page
    command = [sys.executable, "-m", "workbench.cli", "listen", "serve", str(tmp_path)]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", "0"],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        said = "".join(process.stdout.readline() for _ in range(3))
        address = re.search(r"http://127\.0\.0\.1:\d+/", said)[0]
        page = urllib.request.urlopen(address, timeout=120).read().decode()
        assert 'data-server="."' in page
        body = json.dumps(record(ratings, "Ada", 1)).encode()
        request = urllib.request.Request(
            address + "answers", body, {"Content-Type": "application/json"}
        )
        assert urllib.request.urlopen(request, timeout=120).status == 204
    finally:
        process.send_signal(ending)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "1 raters, 1 finished, 25 answers" in out + err
    assert merge([tmp_path / "answers.sqlite"], ratings.key).raters == ["Ada"]
