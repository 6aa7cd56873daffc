"""A tuning service on this computer: jobs, batches, a bucket, and a model that remembers rows."""

from __future__ import annotations

import base64
import json
import math
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

TOKEN = "token-of-the-tests"
BATCH_SIZE = 16
LONGEST = 1000  # letters of a row that is learned; longer ones are dropped, as the service does


class TuningServer:
    """Speaks what google-genai and the storage interface expect, and keeps what it was told.

    A job is PENDING when it is made, RUNNING at the first look, and ended at the second. The tuned
    model knows its training rows by heart and says "1" to others.
    """

    def __init__(self, *, fails_with: str = "", refuses: list[int] | None = None) -> None:
        self.objects: dict[str, bytes] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, str, Any]] = []
        self.headers: set[str] = set()
        self.memory: dict[str, str] = {}
        self.fails_with = fails_with
        self.refuses = refuses or []  # statuses that the next tuning requests are answered with
        self.starts_before_refusing = False
        self.gives_logprobs = True
        self.lock = threading.Lock()

    def __enter__(self) -> TuningServer:
        server = self

        class Asked(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _do(self) -> None:
                size = int(self.headers.get("content-length", 0))
                data = self.rfile.read(size)
                server.headers |= {name.lower() for name in self.headers}
                if self.headers.get("authorization") != f"Bearer {TOKEN}":
                    self._send(401, {"error": {"code": 401, "message": "unknown token"}})
                    return
                with server.lock:
                    status, content = server.answer(self.command, self.path, data)
                self._send(status, content)

            do_GET = do_POST = do_PUT = _do

            def _send(self, status: int, content: Any) -> None:
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                if isinstance(content, dict) and "session" in content:
                    self.send_header("location", server.url + content["session"])
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, at: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(timeout=10)

    def sent_to(self, what: str) -> Any:
        """The body of the first request that was posted there."""
        return next(
            told for how, path, told in self.requests if how == "POST" and path.endswith(what)
        )

    def answer(self, method: str, target: str, data: bytes) -> tuple[int, Any]:
        parts = urlsplit(target)
        path, asked = unquote(parts.path), parse_qs(parts.query)
        if path.startswith("/upload/storage/v1/b/"):
            return self._upload(method, path.split("/")[5], asked, data)
        if path.startswith(("/storage/v1/b/", "/download/storage/v1/b/")):
            path = path.removeprefix("/download")
            return self._storage(path, asked)
        told = json.loads(data) if data else {}
        self.requests.append((method, path, told))
        what = path.rsplit("/", maxsplit=1)[-1]
        if what == "tuningJobs" and method == "POST":
            return self._start(told)
        if what == "tuningJobs":
            return 200, {"tuningJobs": list(self.jobs.values())}
        if what.endswith(":cancel"):
            self.jobs[path.removeprefix("/v1beta1/").removesuffix(":cancel")]["state"] = (
                "JOB_STATE_CANCELLED"
            )
            return 200, {}
        if "/tuningJobs/" in path:
            return 200, self._look(path.removeprefix("/v1beta1/"))
        if what == "batchPredictionJobs" and method == "GET":
            return 200, {"batchPredictionJobs": list(self.batches.values())}
        if what == "batchPredictionJobs":
            return self._start_batch(told)
        if "/batchPredictionJobs/" in path:
            return 200, self.batches[what]
        if what.endswith(":generateContent"):
            return 200, self.say(told)
        return 404, {"error": {"code": 404, "message": f"no {path}"}}

    def say(self, request: dict[str, Any]) -> dict[str, Any]:
        text = request["contents"][0]["parts"][0]["text"]
        word = self.memory.get(text, "1")
        candidate: dict[str, Any] = {
            "content": {"role": "model", "parts": [{"text": word}]}, "finishReason": "STOP",
        }  # fmt: skip
        if request.get("generationConfig", {}).get("responseLogprobs") and self.gives_logprobs:
            shares = {word: 0.7, ("0" if word != "0" else "2"): 0.2, "the": 0.05}
            candidate["logprobsResult"] = {
                "topCandidates": [
                    {
                        "candidates": [
                            {"token": token, "logProbability": math.log(share)}
                            for token, share in shares.items()
                        ]
                    }
                ]
            }
        return {"candidates": [candidate]}

    def _upload(
        self, method: str, bucket: str, asked: dict[str, list[str]], data: bytes
    ) -> tuple[int, Any]:
        """Small files come as one request of two parts, large ones through a session."""
        kind = asked["uploadType"][0]
        if kind == "resumable" and method == "POST":
            name = quote(json.loads(data)["name"], safe="")
            return 200, {
                "session": f"/upload/storage/v1/b/{bucket}/o?uploadType=session&name={name}"
            }
        if kind == "multipart":
            mark = data.split(b"\r\n", 1)[0]
            told, content = (part.partition(b"\r\n\r\n")[2][:-2] for part in data.split(mark)[1:3])
            name = json.loads(told)["name"]
        else:
            name, content = asked["name"][0], data
        self.objects[f"gs://{bucket}/{name}"] = content
        import google_crc32c

        checksum = google_crc32c.Checksum(content).digest()
        return 200, {"name": name, "crc32c": base64.b64encode(checksum).decode()}

    def _storage(self, path: str, asked: dict[str, list[str]]) -> tuple[int, Any]:
        bucket = path.split("/")[4]
        if path.endswith(f"/b/{bucket}"):
            return 200, {"name": bucket}
        if path.endswith("/o"):
            start = f"gs://{bucket}/"
            names = sorted(n for n in self.objects if n.startswith(start + asked["prefix"][0]))
            first = int(asked.get("pageToken", ["0"])[0])
            more = {"nextPageToken": str(first + 2)} if len(names) > first + 2 else {}
            items = [{"name": n.removeprefix(start)} for n in names[first : first + 2]]
            return 200, {"items": items, **more}
        name = f"gs://{bucket}/{path.split('/o/', maxsplit=1)[1]}"
        if name not in self.objects:
            return 404, {"error": "no such object"}
        return 200, self.objects[name]

    def _start(self, told: dict[str, Any]) -> tuple[int, Any]:
        status = self.refuses.pop(0) if self.refuses else 0
        if status and not self.starts_before_refusing:
            return status, {"error": {"code": status, "message": "not now"}}
        spec = told["supervisedTuningSpec"]
        rows = [json.loads(x) for x in self.objects[spec["trainingDatasetUri"]].splitlines()]
        texts = [(r["contents"][0]["parts"][0]["text"], r["contents"][1]["parts"][0]["text"])
                 for r in rows]  # fmt: skip
        assert all([turn["role"] for turn in r["contents"]] == ["user", "model"] for r in rows)
        self.memory |= {text: word for text, word in texts if len(text) <= LONGEST}
        epochs = spec["hyperParameters"]["epochCount"]
        steps = math.ceil(len(rows) / BATCH_SIZE)
        number = len(self.jobs) + 1
        place = "projects/proj/locations/us-central1"
        name = f"{place}/tuningJobs/{number}"
        points = [
            {"checkpointId": str(e), "epoch": str(e), "step": str(e * steps),
             "endpoint": f"{place}/endpoints/{number}-{e}"}
            for e in range(1, epochs + 1)
        ]  # fmt: skip
        self.jobs[name] = {
            "name": name, "state": "JOB_STATE_PENDING", **told,
            "tuningDataStats": {"supervisedTuningDataStats": {
                "tuningDatasetExampleCount": str(len(rows)),
                "tuningStepCount": str(epochs * steps),
                "totalTruncatedExampleCount": str(sum(len(t) > LONGEST for t, _ in texts)),
                "totalBillableTokenCount": str(sum(len(t) for t, _ in texts) // 4),
            }},
            "tunedModel": {"model": f"{place}/models/{number}@1",
                           "endpoint": f"{place}/endpoints/{number}", "checkpoints": points},
        }  # fmt: skip
        if status:
            return status, {"error": {"code": status, "message": "the answer was lost"}}
        return 200, {"name": name, "state": "JOB_STATE_PENDING"}

    def _look(self, name: str) -> dict[str, Any]:
        job = self.jobs[name]
        if job["state"] == "JOB_STATE_RUNNING":
            job["state"] = "JOB_STATE_FAILED" if self.fails_with else "JOB_STATE_SUCCEEDED"
            if self.fails_with:
                job["error"] = {"code": 3, "message": self.fails_with}
        elif job["state"] == "JOB_STATE_PENDING":
            job["state"] = "JOB_STATE_RUNNING"
        hidden = {"tunedModel"} if job["state"] != "JOB_STATE_SUCCEEDED" else set()
        return {key: value for key, value in job.items() if key not in hidden}

    def _start_batch(self, told: dict[str, Any]) -> tuple[int, Any]:
        rows = [
            json.loads(line)
            for uri in told["inputConfig"]["gcsSource"]["uris"]
            for line in self.objects[uri].splitlines()
        ]
        lines = []
        for row in reversed(rows):  # the service promises no order
            if "fail" in row["request"]["contents"][0]["parts"][0]["text"]:
                lines.append({**row, "status": "Bad Request: too long", "response": {}})
            else:
                lines.append({**row, "status": "", "response": self.say(row["request"])})
        target = told["outputConfig"]["gcsDestination"]["outputUriPrefix"]
        half = len(lines) // 2
        for i, part in enumerate((lines[:half], lines[half:])):
            data = "".join(json.dumps(line) + "\n" for line in part).encode()
            self.objects[f"{target}/prediction-model-1/predictions_{i}.jsonl"] = data
        self.objects[f"{target}/prediction-model-1/notes.txt"] = b"done"
        number = str(len(self.batches) + 1)
        name = f"projects/proj/locations/us-central1/batchPredictionJobs/{number}"
        self.batches[number] = {
            "name": name, "displayName": told["displayName"], "state": "JOB_STATE_SUCCEEDED",
        }  # fmt: skip
        return 200, {"name": name, "state": "JOB_STATE_PENDING"}
