"""The leaderboard over HTTP: who is let in, what is shown, and what never is; on a real server."""

from __future__ import annotations

import http.client
import json
import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from campaignkit.apps.leaderboard_command import HOST, _is_loopback, _token, listening
from campaignkit.apps.leaderboard_page import LeaderboardPage
from campaignkit.apps.leaderboard_server import LeaderboardServer
from campaignkit.errors import ArtifactError, SettingError
from campaignkit.runs import RunLog
from command_line import run_here
from run_logs import a_run, log_with_predictions

TOKEN = "a-token-of-the-tests_0123456789"
SECRET_ROW = "row 17"  # an id of the prediction files


class Reply:
    """What came back."""

    def __init__(self, reply: http.client.HTTPResponse) -> None:
        self.status, self.headers = reply.status, reply.headers
        self.text = reply.read().decode()


class Visitor:
    """Asks a server as anything may that speaks HTTP."""

    def __init__(self, server: LeaderboardServer) -> None:
        self.port = server.server_address[1]

    def ask(self, path: str, headers: Mapping[str, str] | None = None, how: str = "GET") -> Reply:
        talk = http.client.HTTPConnection(HOST, self.port, timeout=30)
        talk.putrequest(how, path, skip_host=True)
        for name, value in {"Host": f"{HOST}:{self.port}", **(headers or {})}.items():
            talk.putheader(name, value)
        talk.endheaders()
        try:
            return Reply(talk.getresponse())
        finally:
            talk.close()


@contextmanager
def serving(logs: Path, *, token: str | None, shared: bool) -> Iterator[Visitor]:
    page = LeaderboardPage([logs], shared=shared)
    with LeaderboardServer(page, HOST, 0, token) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield Visitor(server)
        server.shutdown()
        thread.join(timeout=30)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("private-folder") / "runs"
    log_with_predictions(folder).append(a_run(1, lineage={"campaigns": "sha256:00"}))
    made = folder.parent / "made"
    made.mkdir()
    held = {"kind": "campaigns", "files": {"campaigns.jsonl": "sha256:00"}, "counts": {"rows": 77}}
    (made / "manifest.json").write_text(json.dumps(held))
    return folder


@pytest.fixture(scope="module")
def shared(logs: Path) -> Iterator[Visitor]:
    with serving(logs, token=TOKEN, shared=True) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def own(logs: Path) -> Iterator[Visitor]:
    with serving(logs, token=None, shared=False) as visitor:
        yield visitor


EVERY_ADDRESS = ("/", "/?view=run", "/version", "/leaderboard.csv", "/style.css", "/script.js")


@pytest.mark.parametrize("path", EVERY_ADDRESS)
def test_without_the_token_nothing_is_shown_and_words_say_what_to_do(
    shared: Visitor, path: str
) -> None:
    for headers in ({}, {"Cookie": f"campaignkit-{shared.port}=wrong"},
                    {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"},
                    {"Authorization": "Bearer \xe9"}, {"Cookie": "a=\x01; ;;=="},
                    {"Cookie": f"campaignkit-1={TOKEN}"}):  # fmt: skip
        refused = shared.ask(path, headers)

        assert refused.status == 403
        assert "asks for its token" in refused.text
        assert "Set-Cookie" not in refused.headers
        assert TOKEN not in refused.text
        assert "good" not in refused.text


def test_a_wrong_token_in_the_address_is_refused(shared: Visitor) -> None:
    for wrong in (TOKEN[:-1], TOKEN + "x", "", TOKEN.upper()):
        assert shared.ask(f"/?token={wrong}").status == 403


def test_the_token_in_the_address_becomes_a_cookie_and_leaves_the_address(shared: Visitor) -> None:
    admitted = shared.ask(f"/?view=cost&token={TOKEN}")

    cookie = admitted.headers["Set-Cookie"]
    assert admitted.status == 200
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert TOKEN not in admitted.text
    assert 'url=/?view=cost"' in admitted.text
    opened = shared.ask("/?view=cost", {"Cookie": cookie.partition(";")[0]})
    assert (opened.status, TOKEN in opened.text) == (200, False)
    assert "Set-Cookie" not in opened.headers


def test_the_token_is_taken_as_a_header(shared: Visitor) -> None:
    csv = shared.ask("/leaderboard.csv", {"Authorization": f"Bearer {TOKEN}"})

    assert csv.status == 200
    assert csv.text.startswith("rank,run_id,model,")


def test_an_address_leads_nowhere_but_into_the_leaderboard(shared: Visitor) -> None:
    for onward in ("https://example.invalid", "//example.invalid", "javascript:alert(1)"):
        admitted = shared.ask(f"{onward}?token={TOKEN}")

        assert 'url=/"' in admitted.text
        assert "example.invalid" not in admitted.text


@pytest.mark.parametrize("header", ["Host", "Origin"])
@pytest.mark.parametrize("who", ["own", "shared"])
def test_a_foreign_host_or_origin_is_refused(
    request: pytest.FixtureRequest, who: str, header: str
) -> None:
    visitor = request.getfixturevalue(who)
    for foreign in ("evil.example", "evil.example:8501", "127.0.0.1.evil.example", "[::1", ""):
        value = foreign if header == "Host" else f"http://{foreign}"
        headers = {header: value, "Authorization": f"Bearer {TOKEN}"}

        refused = visitor.ask("/", headers)

        assert refused.status == 403
        assert "not the leaderboard's" in refused.text


def test_its_own_names_are_known(own: Visitor) -> None:
    for name in ("127.0.0.1", "localhost", f"LOCALHOST:{own.port}", "192.168.1.5:80", "[::1]:80"):
        assert own.ask("/version", {"Host": name}).status == 200
    same = f"{HOST}:{own.port}"
    assert own.ask("/version", {"Host": same, "Origin": f"http://{same}"}).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
        "/runs.jsonl", "/runs-predictions/good.csv", "//etc/passwd", "/style.css/../../page.py",
        "/page.html", "/.", "/\\..\\windows", "/%00",
    ],
)  # fmt: skip
def test_no_address_leads_to_a_file(own: Visitor, path: str) -> None:
    missing = own.ask(path)

    assert missing.status == 404
    assert "no such page" in missing.text


def test_every_answer_has_the_policy(own: Visitor, shared: Visitor) -> None:
    answers = [own.ask(path) for path in (*EVERY_ADDRESS, "/nowhere")]
    answers += [own.ask("/", how="POST"), own.ask("/?" + "a=1&" * 200), shared.ask("/")]
    answers.append(shared.ask(f"/?token={TOKEN}"))

    assert [a.status for a in answers[-5:]] == [404, 501, 400, 403, 200]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Python" not in answer.headers["Server"]
        assert "<script>" not in answer.text


def test_predictions_of_rows_and_folders_are_on_no_page(shared: Visitor, logs: Path) -> None:
    assert SECRET_ROW in (logs / "runs-predictions" / "good.csv").read_text()
    key = {"Authorization": f"Bearer {TOKEN}"}
    pages = [shared.ask(f"/?view={view}&a=good&b=fair&run={run}", key).text
             for view in ("ranking", "compare", "cost", "difficulty", "run")
             for run in ("good", "run-00001")]  # fmt: skip
    pages.append(shared.ask("/leaderboard.csv", key).text)

    assert any("good beats fair" in page for page in pages)
    assert any("77 rows" in page for page in pages)  # of what a run was made from
    for page in pages:
        assert SECRET_ROW not in page
        assert "private-folder" not in page


def test_nothing_is_logged(logs: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with serving(logs, token=TOKEN, shared=True) as visitor:
        for path in (f"/?token={TOKEN}", "/", "/nowhere"):
            visitor.ask(path)
        visitor.ask("/", how="POST")

    assert capfd.readouterr() == ("", "")


def test_the_version_changes_as_a_log_grows(tmp_path: Path) -> None:
    with serving(tmp_path, token=None, shared=False) as visitor:
        first, again = (visitor.ask("/version").text for _ in range(2))
        RunLog(tmp_path).append(a_run(1))
        grown = visitor.ask("/version").text
        page = visitor.ask("/").text

    assert first == again != grown
    assert f'data-version="{grown}"' in page


def test_only_addresses_of_this_machine_go_without_a_token() -> None:
    assert all(map(_is_loopback, ("127.0.0.1", "127.8.8.8", "::1", "localhost")))
    assert not any(map(_is_loopback, ("0.0.0.0", "::", "192.168.1.5", "example.org", "")))


def test_a_token_is_new_each_time_unless_it_is_kept_for_the_owner_alone(tmp_path: Path) -> None:
    kept = tmp_path / "token"

    made = _token(kept)

    assert _token(None) != _token(None)
    assert re.fullmatch(r"[\w-]{43}", made)
    assert _token(kept) == made
    if os.name == "posix":
        assert kept.stat().st_mode & 0o777 == 0o600
        kept.chmod(0o644)
        with pytest.raises(SettingError, match="other users can read the token"):
            _token(kept)


@pytest.mark.parametrize("held", ["", "short", "a token; HttpOnly of sixteen", "\xff" * 20])
def test_a_file_that_contains_no_token_is_refused(tmp_path: Path, held: str) -> None:
    kept = tmp_path / "token"
    kept.write_text(held, encoding="latin-1")
    kept.chmod(0o600)

    with pytest.raises(SettingError, match="contains no token"):
        _token(kept)


def test_a_token_that_cannot_be_kept_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="cannot write"):
        _token(tmp_path / "nowhere" / "token")


def test_sharing_prints_the_token_once_and_what_others_can_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], logs: Path
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(LeaderboardServer, "serve_forever", lambda self: None)
    monkeypatch.setattr("webbrowser.open", opened.append)

    shared = run_here(["leaderboard", logs, "--host", "0.0.0.0"], capsys)
    alone = run_here(["leaderboard", logs, "--no-browser"], capsys)

    token = re.search(r"/\?token=([\w-]{43})\n", shared.out)
    assert token is not None
    assert (shared.out + shared.err).count(token[1]) == 1
    assert "Nobody can read predictions of single rows" in shared.out
    assert "not encrypted" in shared.out
    assert "token" not in alone.out
    assert f"http://{HOST}:" in alone.out
    assert opened == []  # a browser's command line is no place for a token


def test_a_server_holds_its_port_and_the_next_takes_another() -> None:
    with listening([]) as first, listening([]) as second:
        assert first.server_address[1] != second.server_address[1]
        assert first.server_address[0] == second.server_address[0] == HOST
        with pytest.raises(SettingError, match="cannot be used"):
            listening([], port=first.server_address[1])
    with pytest.raises(SettingError, match="cannot be used"):
        listening([], port=70_000)
