"""How a command ends: its exit code, and the message when it failed."""

from __future__ import annotations

import _thread
import os
import re
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TextIO

import typer

from campaignkit.errors import CampaignkitError, SamplingFailed

OK, FAILED, WRONG_INPUT, INTERRUPTED, CLOSED_PIPE, TERMINATED = 0, 1, 2, 130, 141, 143
TRACEBACK = "--traceback"
_STOPPED = "stopped; nothing was left half-written"

# What click raises at arguments it cannot read. Newer typers carry a click of their own, so the
# class is reached through one that typer has always exported.
_ClickError = typer.BadParameter.__mro__[2]
# A faulty file may hold escape sequences; an error message must not pass them to the terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def run_to_exit_code(app: Callable[..., object], arguments: Sequence[str]) -> int:
    """Run a typer app on some arguments; errors go to stderr, never a traceback unless asked.

    Examples
    --------
    >>> app = typer.Typer()
    >>> @app.command()
    ... def greet() -> None:
    ...     print("hello")
    >>> run_to_exit_code(app, [])
    hello
    0
    """
    wants_trace, rest = _without_flag(arguments)
    _let_any_name_print(sys.stdout, sys.stderr)
    try:
        with _cleaning_up_when_terminated(), _warnings_as_notes():
            code = app(args=rest, prog_name="campaignkit", standalone_mode=False)
            sys.stdout.flush()
        if code == INTERRUPTED:  # newer typers take Ctrl-C themselves and return its code
            _say(_STOPPED)
        return code if isinstance(code, int) else OK
    except BaseException as err:
        # Typer turns a broken pipe into SystemExit(1): its cause tells it from a failed check.
        if isinstance(err, BrokenPipeError) or isinstance(err.__context__, BrokenPipeError):
            return _leave_closed_pipe()
        if wants_trace and not isinstance(err, typer.Exit | SystemExit):
            traceback.print_exc()
        return _report(err)


def _leave_closed_pipe() -> int:
    """The reader went away (| head). What is left in the buffer would fail again at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return CLOSED_PIPE


def _report(err: BaseException) -> int:
    """Say what went wrong, in one line and a hint, and give the exit code."""
    code, text = WRONG_INPUT, ""
    if isinstance(err, typer.Exit):
        code = int(err.exit_code)
    elif isinstance(err, SystemExit):
        code = err.code if isinstance(err.code, int) else FAILED
    elif isinstance(err, typer.Abort | KeyboardInterrupt):
        code, text = INTERRUPTED, _STOPPED
    elif isinstance(err, CampaignkitError):
        code = FAILED if isinstance(err, SamplingFailed) else WRONG_INPUT
        text = f"error: {err}"
    elif isinstance(err, _ClickError):
        text = _about_arguments(err)
    elif isinstance(err, OSError):
        text = f"error: {err.filename or 'the system'}: {err.strerror or err}"
    elif isinstance(err, MemoryError):
        code, text = FAILED, "error: out of memory\n  hint: ask for fewer campaigns at a time"
    else:  # not the reader's fault, so it must not look like it
        code = FAILED
        text = (
            f"internal error: {type(err).__name__}: {err}\n"
            f"  hint: run it again with {TRACEBACK} and report what it prints"
        )
    if text:
        _say(text)
    return code


def _about_arguments(err: BaseException) -> str:
    message = err.format_message() if hasattr(err, "format_message") else str(err)
    if not message:  # no command was given: the help has been printed
        return ""
    context = getattr(err, "ctx", None)
    path = context.command_path if context is not None else "campaignkit"
    return f"error: {message}\n  hint: {path} --help"


def _say(text: str) -> None:
    with suppress(OSError, ValueError):
        print(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", text), file=sys.stderr, flush=True)


def _without_flag(arguments: Sequence[str]) -> tuple[bool, list[str]]:
    """Whether the traceback flag is there, and the other arguments; what follows -- is theirs."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    ours, theirs = arguments[:end], arguments[end:]
    return TRACEBACK in ours, [*(a for a in ours if a != TRACEBACK), *theirs]


def _let_any_name_print(*streams: TextIO) -> None:
    # Consoles of other encodings cannot show every brand's name; that is no reason to stop.
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


@contextmanager
def _cleaning_up_when_terminated() -> Iterator[None]:
    """Let a polite kill unwind the stack, so that partial folders are removed."""
    try:
        before = signal.signal(signal.SIGTERM, _terminate)
    except ValueError:  # not the main thread: somebody else minds the signals
        yield
        return
    told, sys.unraisablehook = sys.unraisablehook, _again_if_a_stop
    try:
        yield
    finally:
        sys.unraisablehook = told
        signal.signal(signal.SIGTERM, before)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise SystemExit(TERMINATED)


def _again_if_a_stop(lost: sys.UnraisableHookArgs) -> None:
    """Python drops what is raised in a finalizer; a stop that arrived in one is sent again."""
    for stop, number in (SystemExit, signal.SIGTERM), (KeyboardInterrupt, signal.SIGINT):
        if lost.exc_type is stop:
            again = threading.Timer(0.05, _send_to_main_thread, (number,))
            again.daemon = True
            again.start()
            return
    sys.__unraisablehook__(lost)


def _send_to_main_thread(number: int) -> None:
    if sys.platform == "win32":
        _thread.interrupt_main(number)
    else:  # wakes a thread that waits for the system, too
        signal.pthread_kill(threading.main_thread().ident or 0, number)


@contextmanager
def _warnings_as_notes() -> Iterator[None]:
    """Print our warnings as notes, and keep those of other libraries to themselves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("always", category=UserWarning, module="campaignkit")
        warnings.showwarning = _note
        yield


def _note(  # noqa: PLR0917 - the signature of warnings.showwarning
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    _say(f"note: {message}")
