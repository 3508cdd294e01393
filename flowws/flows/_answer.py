"""Whether calling a function gives its result now, or a coroutine: told once per function, not once per value."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from inspect import CO_COROUTINE, iscoroutinefunction
from types import BuiltinMethodType, CodeType, FunctionType, MethodDescriptorType, NoneType
from typing import Final


class Answer(StrEnum):  # of which a hash is quickly made
    """What a call gives."""

    NOW = "the result"
    LATER = "a coroutine"
    EITHER = "to be seen each time"


def answer_of(function: object) -> Answer:
    """What calling `function` gives, as far as that can be told without calling it."""
    if type(function) is FunctionType and not function.__dict__:  # a mark or a wrapper would stand there
        return _answer_of_code(function.__code__)
    if type(function) in _NEVER_ASYNC:
        return Answer.EITHER
    return Answer.LATER if iscoroutinefunction(function) else Answer.EITHER


# What arguments mostly are, beside functions written in Python: they need not be examined for an `async def` inside.
_NEVER_ASYNC: Final = frozenset({BuiltinMethodType, MethodDescriptorType, NoneType, float, int, str, type})


# To ask each result for its type costs as much as a third of calling such a function (benchmarks/bench_operators.py).
_NO_COROUTINE: Final = frozenset({
    "BINARY_OP", "BUILD_LIST", "BUILD_MAP", "BUILD_SET", "BUILD_STRING", "BUILD_TUPLE", "COMPARE_OP", "CONTAINS_OP",
    "FORMAT_SIMPLE", "FORMAT_VALUE", "IS_OP", "LOAD_CONST", "LOAD_SMALL_INT", "UNARY_INVERT", "UNARY_NEGATIVE",
    "UNARY_NOT",
})  # fmt: skip  # a list of words


@lru_cache(maxsize=1024)
def _answer_of_code(code: CodeType) -> Answer:
    """A function that ends in arithmetic, a comparison or a literal (``lambda n: n + 1``) answers now.

    One that ends in a call may give a coroutine, as may an attribute or an item; whatever is not known here may, too.
    That a ``+`` or an ``==`` gives one (``async def __eq__``) is not thought of: it would be no value, nor any truth.
    """
    if code.co_flags & CO_COROUTINE:
        return Answer.LATER
    from dis import get_instructions

    last = None
    for instruction in get_instructions(code):
        if instruction.opname == "RETURN_VALUE" and (
            instruction.is_jump_target
            or last is None
            or last.opname not in _NO_COROUTINE
            or last.argrepr == "[]"  # an item, from Python 3.14 on
        ):
            return Answer.EITHER
        last = instruction
    return Answer.NOW
