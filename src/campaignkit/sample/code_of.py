"""What a function does, as text that two functions share only if they do the same."""

from __future__ import annotations

from types import CodeType


def code_of(function: object) -> str:
    """A function's bytecode, constants and closed-over values; a compiled one's source function's.

    What cannot be told, such as a callable object, is described by its address in memory, which
    another process does not share: it counts as another function, never as the same.

    Examples
    --------
    >>> code_of(lambda x: x + 1) == code_of(lambda y: y + 1)
    False
    >>> code_of(code_of) == code_of(code_of)
    True
    """
    plain = getattr(function, "py_func", function)
    code = getattr(plain, "__code__", None)
    if not isinstance(code, CodeType):
        return repr(function)
    held = [_value(cell.cell_contents) for cell in getattr(plain, "__closure__", None) or ()]
    return f"{code.co_qualname}({_code(code)};{held})"


def _code(code: CodeType) -> str:
    constants = [_code(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    names = code.co_names, code.co_varnames, code.co_freevars
    return f"{code.co_code.hex()}{constants}{names}"


def _value(value: object) -> str:
    return code_of(value) if callable(value) else repr(value)
