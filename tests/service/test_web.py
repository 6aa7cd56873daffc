"""The service over HTTP: who is let in, what is refused and how, and what a page shows."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings

from campaignkit.service import Home, Outcome, Quota
from campaignkit.service.web import service_app
from campaignkit.store import digest_bytes
from service_server import Visitor, serving, write_inputs

JSON = {"Content-Type": "application/json"}


class Place:
    """A served home with two keys, and the input files of a job."""

    def __init__(self, home: Home, url: str, folder: Path) -> None:
        self.home, self.folder = home, folder
        self.key, secret = home.keys.add("<b>ana</b>", scopes=["all"])
        self.ana = Visitor(url, secret)
        self.ben = Visitor(url, home.keys.add("ben", scopes=["dataset"])[1])
        self.nobody = Visitor(url)
        self.url, self.secret = url, secret

    def uploaded(self, visitor: Visitor) -> dict[str, Any]:
        request = {}
        for field, name in ("graph", "edges.csv"), ("spec", "spec.json"):
            told = visitor.ask("POST", "/v1/artifacts", (self.folder / name).read_bytes())
            assert told.status == 201
            request[field] = {"digest": told.json["digest"], "name": name}
        return request

    def submission(self, visitor: Visitor, number: int, **more: Any) -> dict[str, Any]:
        return {"kind": "dataset", "request": self.uploaded(visitor) | {"seed": number}, **more}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("service")
    write_inputs(folder)
    home = Home(folder / "home")
    with serving(home) as url:
        yield Place(home, url, folder)


def test_a_job_is_planned_submitted_once_listed_and_cancelled(place: Place) -> None:
    asked = place.submission(place.ana, 1)

    plan = place.ana.ask("POST", "/v1/jobs", asked | {"dry_run": True})
    new, known = (place.ana.ask("POST", "/v1/jobs", asked) for _ in range(2))

    path = new.headers["Location"]
    assert (plan.status, plan.json["cost"]["rows"]) == (200, 120)
    assert (new.status, known.status, new.json["id"]) == (202, 200, known.json["id"])
    assert place.ana.ask("GET", path).json["state"] == "queued"
    assert new.json["id"] in {job["id"] for job in place.ana.ask("GET", "/v1/jobs").json["jobs"]}
    assert place.ana.ask("POST", f"{path}/cancel").json["state"] == "cancelled"
    told = place.ana.ask("GET", f"{path}/events", headers={"Last-Event-ID": "1"})
    assert told.kind == "text/event-stream"
    assert b'"cancelled"' in told.body and b'"queued"' not in told.body


def test_the_owner_of_a_job_does_not_see_which_computer_runs_it(place: Place) -> None:
    path = place.ana.ask("POST", "/v1/jobs", place.submission(place.ana, 3)).headers["Location"]
    claim = place.home.queue.claim("office-computer:17:0", 60, path.rpartition("/")[2])
    assert claim is not None and claim.job.worker

    told = (place.ana.ask("GET", path), place.ana.ask("GET", "/v1/jobs"))

    assert all(b"office-computer" not in reply.body for reply in told)


def test_streams_of_events_of_one_key_are_limited_and_end_with_their_readers(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaignkit.service.web._STREAMS", 2)
    path = place.ana.ask("POST", "/v1/jobs", place.submission(place.ana, 4)).headers["Location"]
    talks = [http.client.HTTPConnection(place.ana.netloc, timeout=30) for _ in range(2)]
    for talk in talks:
        talk.request("GET", f"{path}/events", headers=place.ana.headers)
        assert talk.getresponse().readline().startswith(b"id: ")  # the stream is open

    refused = place.ana.ask("GET", f"{path}/events")
    assert (refused.status, refused.json["type"]) == (429, "urn:campaignkit:QuotaExceeded")
    assert place.ana.ask("POST", f"{path}/cancel").status == 200
    for talk in talks:
        talk.close()
    for _ in range(100):
        again = place.ana.ask("GET", f"{path}/events")
        if again.status == 200:
            break
        time.sleep(0.1)
    assert again.status == 200


def test_what_is_another_owners_is_not_there(place: Place) -> None:
    request = place.submission(place.ana, 2)
    path = place.ana.ask("POST", "/v1/jobs", request).headers["Location"]
    digest = request["request"]["graph"]["digest"]

    answers = [
        place.ben.ask("GET", path),
        place.ben.ask("POST", f"{path}/cancel"),
        place.ben.ask("GET", f"{path}/events"),
        place.ben.ask("GET", f"/v1/artifacts/{digest}"),
        place.ben.ask("POST", "/v1/jobs", request),
    ]

    assert {(told.status, told.kind) for told in answers} == {(404, "application/problem+json")}
    assert place.ben.ask("GET", "/v1/jobs").json == {"jobs": [], "next": None}
    assert place.ana.ask("GET", path).json["state"] == "queued"


@pytest.mark.parametrize(
    "path", ["/v1/jobs", "/metrics", "/docs", "/openapi.json", "/no/such/page", "/v1/artifacts"]
)
def test_without_a_key_nothing_is_answered_and_no_body_is_read(place: Place, path: str) -> None:
    for secret in ("", "ck_" + "0" * 64, "é", "Bearer"):
        told = Visitor(place.url).ask(
            "GET",
            path,
            headers={"Authorization": f"Bearer {secret}".encode("latin-1").decode("latin-1")},
        )
        assert (told.status, told.json["type"]) == (401, "urn:campaignkit:UnknownKey")
        assert told.headers["WWW-Authenticate"] == "Bearer"


def test_a_revoked_key_opens_nothing_any_more(place: Place) -> None:
    key, secret = place.home.keys.add("carl", scopes=["all"])
    carl = Visitor(place.url, secret)
    before = carl.ask("GET", "/v1/jobs").status

    place.home.keys.revoke(key.id)

    assert (before, carl.ask("GET", "/v1/jobs").status) == (200, 401)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"kind": "dataset", "kind": "dataset"}', "comes twice"),
        ('{"kind": "dataset", "request": {"seed": NaN}}', "not a finite number"),
        ('{"kind": "dataset", "request": {"seed": 1e400}}', "not a finite number"),
        ('{"kind": "dataset", "request": {"seed": 9007199254740992}}', "2^53"),
        ('{"kind": "dataset", "request": {"seed": "\\u0000"}}', "NUL"),
        ('{"kind": "dataset", "request": {"seed": "\\ud800"}}', "surrogate"),
        ("[" * 100_000, "not JSON"),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}".encode("latin-1"), "not JSON"),
        ('{"kind": "dataset", "request": {"graph": "/etc/passwd", "spec": 1}}', "request.graph"),
        ('{"kind": "dataset", "request": {}, "more": 1}', "more"),
        ('{"kind": "nothing", "request": {}}', "nothing"),
        ("", "required"),
    ],
)
def test_a_body_that_is_no_submission_is_a_problem_with_its_place(
    place: Place, body: str | bytes, said: str
) -> None:
    told = place.ana.ask("POST", "/v1/jobs", body, JSON)

    assert (told.status, told.kind) == (422, "application/problem+json")
    assert said in json.dumps(told.json)


def test_the_library_tells_what_is_wrong_with_a_file_by_its_name(place: Place) -> None:
    asked = place.submission(place.ana, 3)
    asked["request"]["graph"] = asked["request"]["spec"]

    told = place.ana.ask("POST", "/v1/jobs", asked)

    assert (told.status, told.json["type"]) == (422, "urn:campaignkit:GraphError")
    assert told.json["faults"][0]["where"] == "spec.json:1"
    assert str(place.folder) not in told.body.decode()


def test_bodies_that_are_long_or_packed_are_refused_however_they_come(place: Place) -> None:
    def chunks(most: int) -> Iterator[bytes]:
        yield from (b"x" * 2**16 for _ in range(most // 2**16 + 1))

    place.home.artifacts.most_bytes, before = 2**21, place.home.artifacts.most_bytes
    told = [
        place.ana.ask("POST", "/v1/jobs", b"x" * (2**20 + 1), JSON),
        place.ana.ask("POST", "/v1/jobs", chunks(2**20), JSON),
        place.ana.ask("POST", "/v1/artifacts", headers={"Content-Length": str(2**40)}),
        place.ana.ask("POST", "/v1/artifacts", chunks(2**21)),
        place.ana.ask("POST", "/v1/jobs", b"x", JSON | {"Content-Encoding": "gzip"}),
    ]
    place.home.artifacts.most_bytes = before

    assert [reply.status for reply in told] == [413, 413, 413, 413, 415]
    assert {reply.kind for reply in told} == {"application/problem+json"}


def test_an_upload_with_another_digest_is_refused_and_a_quota_of_bytes_holds(place: Place) -> None:
    secret = place.home.keys.add("dan", scopes=["all"], quota=Quota(bytes=5))[1]
    dan = Visitor(place.url, secret)

    wrong = dan.ask("POST", f"/v1/artifacts?digest=sha256:{'0' * 64}", b"abc")
    right, same = (dan.ask("POST", "/v1/artifacts", b"abc") for _ in range(2))
    full = dan.ask("POST", "/v1/artifacts", b"defg")

    assert [told.status for told in (wrong, right, same, full)] == [409, 201, 201, 429]


def test_a_file_comes_in_parts(place: Place) -> None:
    digest = place.ana.ask("POST", "/v1/artifacts", b"0123456789").json["digest"]
    path = f"/v1/artifacts/{digest}"

    def part(text: str) -> tuple[int, bytes]:
        told = place.ana.ask("GET", path, headers={"Range": text})
        return told.status, told.body

    assert digest == digest_bytes(b"0123456789")
    assert part("bytes=7-") == (206, b"789")
    assert part("bytes=2-4") == (206, b"234")
    assert part("bytes=10-")[0] == 416
    assert part("bytes=-3, nonsense") == part("lines=1-2") == (200, b"0123456789")
    assert place.ana.ask("HEAD", path).headers["Content-Length"] == "10"


def test_the_list_goes_on_where_the_page_before_ended(place: Place) -> None:
    key, secret = place.home.keys.add("eve", scopes=["dataset"])
    eve = Visitor(place.url, secret)
    made = [eve.ask("POST", "/v1/jobs", place.submission(eve, n)).json["id"] for n in range(5)]

    seen, after = [], ""
    while after is not None:
        page = eve.ask("GET", f"/v1/jobs?limit=2{after and f'&after={after}'}").json
        seen += [job["id"] for job in page["jobs"]]
        after = page["next"]

    assert seen == made[::-1]
    assert place.home.queue.list(key.id, None, 9)[0].owner == key.id


def test_the_page_is_behind_a_sign_in_and_shows_jobs_escaped(place: Place) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    path = place.ana.ask("POST", "/v1/jobs", place.submission(place.ana, 9)).headers["Location"]
    claim = place.home.queue.claim("w", 60, path.rpartition("/")[2])
    assert claim is not None
    error = {"message": "<script>alert(1)</script>", "hint": "", "faults": []}
    place.home.queue.finish(claim.job.id, claim.fence, Outcome("failed", error=error))

    door = place.nobody.ask("GET", "/")
    wrong = place.nobody.ask("POST", "/sign-in", "key=ck_1", form)
    foreign = place.nobody.ask(
        "POST", "/sign-in", f"key={place.secret}", form | {"Origin": "http://evil.example"}
    )
    right = place.nobody.ask("POST", "/sign-in", f"key={place.secret}", form)
    cookie = {"Cookie": right.headers["Set-Cookie"].partition(";")[0]}
    page = place.nobody.ask("GET", "/", headers=cookie)

    assert (door.status, b'type="password"' in door.body) == (200, True)
    assert (wrong.status, foreign.status, right.status) == (401, 403, 303)
    assert "HttpOnly" in right.headers["Set-Cookie"]
    assert "SameSite=strict" in right.headers["Set-Cookie"]
    assert b"&lt;script&gt;" in page.body and b"<script" not in page.body
    assert b"<b>ana" not in page.body and place.secret.encode() not in page.body
    # A page of somebody else's cannot submit with the cookie.
    assert place.nobody.ask("POST", f"{path}/cancel", headers=cookie).status == 401


def test_monitors_get_health_without_a_key_and_metrics_with_one(place: Place) -> None:
    assert place.nobody.ask("GET", "/healthz").json == {"status": "ok"}

    lines = place.ana.ask("GET", "/metrics").body.decode().splitlines()

    assert any(line.startswith('campaignkit_jobs{state="queued"} ') for line in lines)
    assert any(line.startswith("campaignkit_http_answers_total{") for line in lines)


def test_every_answer_keeps_browsers_from_guessing_framing_and_loading(place: Place) -> None:
    for path in ("/", "/healthz", "/v1/jobs", "/docs", "/nowhere"):
        for visitor in (place.ana, place.nobody):
            headers = visitor.ask("GET", path).headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert headers["Cache-Control"] == "no-store"


def check_conformance(home: Home, secret: str, num: int) -> int:
    """Ask every address of the OpenAPI document in generated ways; the number of requests."""
    headers = {"Authorization": f"Bearer {secret}"}
    schema = schemathesis.openapi.from_asgi("/openapi.json", service_app(home), headers=headers)
    asked = []

    for found in schema.get_all_operations():

        @seed(1)
        @settings(max_examples=num, deadline=None, database=None, phases=[Phase.generate],
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @given(case=found.ok().as_strategy())
        def conforms(case: Any) -> None:
            asked.append(case)
            case.call_and_validate(headers=headers)

        conforms()
    return len(asked)


def test_generated_requests_get_what_the_openapi_document_says(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")

    assert check_conformance(home, home.keys.add("a", scopes=["all"])[1], 6) > 40


@pytest.mark.slow
def test_hundreds_of_generated_requests_do_too(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")

    assert check_conformance(home, home.keys.add("a", scopes=["all"])[1], 80) > 500
