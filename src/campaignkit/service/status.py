"""What people and monitors see of a service: pages in the look of the leaderboard, and metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from campaignkit.service.jobs import Cost, Job, State
from campaignkit.service.keys import Key
from campaignkit.show.escape import escape
from campaignkit.show.page import Markup, Section, facts, page, paragraph, table, verdict

SHOWN = 50  # jobs of the page
_STYLE = """
form { display: flex; flex-wrap: wrap; gap: 8px; margin: 16px 0; }
input { font: inherit; padding: 8px 12px; min-width: min(100%, 44ch); color: var(--ink);
  background: var(--paper); border: 1px solid var(--muted); border-radius: 8px; }
button { font: inherit; padding: 8px 16px; color: var(--ink); background: var(--soft);
  border: 1px solid var(--muted); border-radius: 8px; cursor: pointer; }
progress { width: 8em; accent-color: var(--link); vertical-align: middle; }
"""
_LOOK = {"queued": "info", "running": "info", "done": "good", "failed": "error",
         "cancelled": "warning"}  # fmt: skip
_LINKED = 5  # files of a job


def sign_in_page(refused: str = "") -> str:
    """A form that asks for a key, with the reason where one was refused.

    Examples
    --------
    >>> 'type="password"' in sign_in_page()
    True
    """
    told = verdict("Not signed in.", refused, state="error") if refused else ""
    form = (
        '<form action="/sign-in" method="post"><label class="unseen" for="key">Key</label>'
        '<input id="key" name="key" type="password" placeholder="ck_..." required>'
        "<button>Sign in</button></form>"
    )
    asked = paragraph("The operator of this service makes keys with: campaignkit keys add")
    return page("Jobs", [Section("Sign in", told + asked + form)], style=_STYLE)


def status_page(key: Key, jobs: Sequence[Job]) -> str:
    """The newest jobs of a key with progress and cost, and what is used of the key's quota."""
    head = ["asked for", "kind", "state", "progress", "cost", "result", "job"]
    rows = [
        [
            datetime.fromtimestamp(job.created, UTC).strftime("%Y-%m-%d %H:%M:%S"), job.kind,
            Markup(f'<span class="label {_LOOK[job.state]}">{escape(job.state)}</span>'),
            _progress(job), _amounts(job.used or job.cost), _outcome(job),
            Markup(f'<a href="/v1/jobs/{escape(job.id)}">{escape(job.id[:12])}</a>'),
        ]
        for job in jobs
    ]  # fmt: skip
    body = table(head, rows) if rows else paragraph("This key has no jobs yet.")
    if len(jobs) == SHOWN:
        body += paragraph(f"These are the newest {SHOWN}; GET /v1/jobs lists all.")
    used = {
        name: f"{taken} of {limit}"
        for (name, taken), limit in zip(
            _named(key.used).items(), _named(key.quota).values(), strict=True
        )
    }
    leave = '<form action="/sign-out" method="post"><button>Sign out</button></form>'
    return page(
        "Jobs",
        [
            Section("Newest first, times in UTC", body),
            Section("Used by this key", facts(used) + leave),
        ],
        lead=f"{key.name}: a key for {', '.join(key.scopes)}",
        style=_STYLE,
    )  # fmt: skip


def guide_page(document: Mapping[str, Any]) -> str:
    """The addresses of an OpenAPI document, each with what it does."""
    rows = [
        [f"{method.upper()} {path}", operation.get("description") or operation["summary"]]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    link = '<p>For programs: <a href="/openapi.json">/openapi.json</a>, of OpenAPI 3.1.</p>'
    asked = paragraph("Every request has the header Authorization: Bearer ck_... with a key.")
    return page(
        "Addresses",
        [Section("What can be asked", asked + table(["address", "what it does"], rows) + link)],
    )


def metrics_text(jobs: Mapping[State, int], answers: Mapping[int, int]) -> str:
    """Jobs by state and answers by status, as Prometheus reads them.

    Examples
    --------
    >>> print(metrics_text({"queued": 2}, {200: 7}), end="")
    # TYPE campaignkit_jobs gauge
    campaignkit_jobs{state="queued"} 2
    # TYPE campaignkit_http_answers_total counter
    campaignkit_http_answers_total{status="200"} 7
    """
    return "".join(
        [
            "# TYPE campaignkit_jobs gauge\n",
            *(f'campaignkit_jobs{{state="{state}"}} {num}\n' for state, num in jobs.items()),
            "# TYPE campaignkit_http_answers_total counter\n",
            *(f'campaignkit_http_answers_total{{status="{status}"}} {num}\n'
              for status, num in sorted(answers.items())),
        ]
    )  # fmt: skip


def _progress(job: Job) -> str:
    if not job.all:
        return ""
    told = f"{job.done:,} of {job.all:,} {job.unit}"
    if job.state != "running":
        return told
    bar = f'<progress value="{job.done}" max="{job.all}">{job.done / job.all:.0%}</progress> '
    return Markup(bar + escape(told))


def _outcome(job: Job) -> str:
    """What went wrong, or the files of the result."""
    if job.error:
        return str(job.error.get("message", ""))
    files = (job.result or {}).get("files", [])
    links = [
        f'<a href="/v1/artifacts/{escape(file["digest"])}" download="{escape(file["name"])}">'
        f"{escape(file['name'])}</a>"
        for file in files[:_LINKED]
    ]
    more = [f"and {len(files) - _LINKED:,} more"] if len(files) > _LINKED else []
    return Markup(", ".join(links + more))


def _amounts(cost: Cost) -> str:
    told = [f"{amount} {name}" for name, amount in _named(cost).items() if amount != "0"]
    return ", ".join(told)


def _named(amounts: object) -> dict[str, str]:
    """Rows, calls, money and bytes of a cost or a quota, as people read them."""
    told = {}
    for field in Cost.__slots__:
        amount: int | None = getattr(amounts, field)
        name = "money" if field == "micros" else field
        if amount is None:
            told[name] = "any number"
        else:
            told[name] = f"{amount / 1e6:,.2f}" if name == "money" and amount else f"{amount:,}"
    return told
