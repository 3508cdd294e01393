"""What the diagrams show, theme by theme, in the order of the page."""

from __future__ import annotations

from .timeline import Marble

_AB = {"a": "a--b--|", "b": "1-2---3|"}

_TWICE = """
async def twice(value):
    yield value
    yield value
"""
_UP_TO_C = """
async def up_to_c(letter):
    yield letter
    if letter == "c":
        raise StopFlow
"""
_SLOWLY = """
async def slowly(value):
    await delay(2)
    return value
"""
_BOTH = """
async def both(letter, n):
    yield letter * n
"""
_SPELL = """
async def spell(value):
    yield f"{value}?"
    await delay(2)
    yield f"{value}!"
"""

EXAMPLES: dict[str, list[Marble]] = {
    "Each value": [
        Marble("map", "numbers.map(lambda n: n * 10)", {"numbers": "1-2--3|"}),
        Marble("map_not_none", "letters.map_not_none({'a': 1, 'c': 3}.get)", {"letters": "a-b-c|"}),
        Marble("filter", "numbers.filter(lambda n: n % 2 == 1)", {"numbers": "1-2-3|"}),
        Marble("filter_not", "numbers.filter_not(lambda n: n == 2)", {"numbers": "1-2-3|"}),
        Marble("filter_not_none", "letters.map({'a': 1}.get).filter_not_none()", {"letters": "a-b-a|"}),
        Marble("filter_is_instance", "mixed.filter_is_instance(int)", {"mixed": "1-a-2|"}),
        Marble("with_index", "letters.with_index().map(tuple)", {"letters": "a--b-|"}),
        Marble("transform", "letters.transform(twice)", {"letters": "a-b|"}, _TWICE),
        Marble("on_each", "letters.on_each(lambda letter: delay(1))", {"letters": "ab-c|"}),
        Marble("scan", "numbers.scan(0, lambda total, n: total + n)", {"numbers": "-1-2-3|"}),
        Marble("running_fold", "letters.running_fold('', lambda word, letter: word + letter)", {"letters": "-a-b|"}),
        Marble("running_reduce", "numbers.running_reduce(lambda total, n: total + n)", {"numbers": "1-2-3|"}),
        Marble("distinct_until_changed", "letters.distinct_until_changed()", {"letters": "aa-b-ba|"}),
        Marble("distinct_until_changed_by", "letters.distinct_until_changed_by(str.lower)", {"letters": "aA-b-Ba|"}),
        Marble("chunked", "letters.chunked(2)", {"letters": "a-bc-d-e|"}),
        Marble("windowed", "numbers.windowed(2)", {"numbers": "1-2-3|"}),
        Marble("materialize", "letters.materialize().map(lambda event: type(event).__name__)", {"letters": "a--#"}),
        Marble("dematerialize", "letters.materialize().take(2).dematerialize()", {"letters": "a-b-c|"}),
    ],
    "How many": [
        Marble("take", "letters.take(2)", {"letters": "a-b-c-d|"}),
        Marble("take_while", "numbers.take_while(lambda n: n < 3)", {"numbers": "1-2-3-1|"}),
        Marble("transform_while", "letters.transform_while(up_to_c)", {"letters": "a-b-c-d|"}, _UP_TO_C),
        Marble("take_until", "letters.take_until(stop)", {"letters": "a-b-c-d|", "stop": "---x|"}),
        Marble("drop", "letters.drop(2)", {"letters": "a-b-c-d|"}),
        Marble("drop_while", "numbers.drop_while(lambda n: n < 3)", {"numbers": "1-3-2|"}),
    ],
    "Beginning, end and failure": [
        Marble("on_start", "letters.on_start(lambda: delay(2))", {"letters": "a-b|"}),
        Marble("on_empty", "letters.on_empty(lambda: flow_of('none'))", {"letters": "--|"}),
        Marble("on_completion", "letters.on_completion(lambda cause: delay(1))", {"letters": "a-b|"}),
        Marble("catch", "letters.catch(lambda failure: flow_of('oh'))", {"letters": "a-b-#"}),
        Marble("retry", "letters.retry(1)", {"letters": "a-#"}),
        Marble("retry_when", "letters.retry_when(lambda failure, attempt: attempt < 2)", {"letters": "a-#"}),
        Marble("cancellable", "letters.cancellable()", {"letters": "a-b|"}),
    ],
    "When": [
        Marble("debounce", "letters.debounce(2)", {"letters": "ab---c-d---|"}),
        Marble("sample", "letters.sample(2)", {"letters": "abc-d-----|"}),
        Marble("throttle_first", "letters.throttle_first(3)", {"letters": "ab-c-de|"}),
        Marble("throttle_latest", "letters.throttle_latest(3)", {"letters": "ab-c-de-|"}),
        Marble("timeout", "letters.timeout(2)", {"letters": "a-b---c|"}),
        Marble(
            "pausable",
            "letters.pausable(gate.map(bool).state_in(scope, SharingStarted.EAGERLY, True))",
            {"letters": "abc-d|", "gate": "-0--1-|"},
        ),
        Marble("interval", "interval(2).take(3)", {}),
    ],
    "Flows of flows": [
        Marble("flat_map_concat", "numbers.flat_map_concat(lambda n: text(f'{n}-{n + 1}-|'))", {"numbers": "1--5|"}),
        Marble("flatten_concat", "numbers.map(lambda n: text(f'{n}-{n}-|')).flatten_concat()", {"numbers": "1--5|"}),
        Marble("flat_map_merge", "numbers.flat_map_merge(lambda n: text(f'{n}-{n + 1}--{n}|'))", {"numbers": "1--5|"}),
        Marble("flatten_merge", "numbers.map(lambda n: text(f'{n}-{n + 1}-|')).flatten_merge()", {"numbers": "1-5|"}),
        Marble(
            "flat_map_latest",
            "numbers.flat_map_latest(lambda n: text(f'{n}-{n + 1}--{n}|'))",
            {"numbers": "1---5-|"},
        ),
        Marble("map_latest", "letters.map_latest(slowly)", {"letters": "ab---c|"}, _SLOWLY),
        Marble("transform_latest", "letters.transform_latest(spell)", {"letters": "ab---c|"}, _SPELL),
        Marble("map_concurrent", "letters.map_concurrent(slowly, 2)", {"letters": "abc|"}, _SLOWLY),
        Marble(
            "group_by_key",
            "letters.group_by_key(str.lower).flat_map_merge(lambda group: group.map(lambda x: group.key + x))",
            {"letters": "a-B-A-b|"},
        ),
    ],
    "Several flows": [
        Marble("zip", "a.zip(b)", _AB),
        Marble("combine", "a.combine(b)", _AB),
        Marble(
            "combine_transform",
            "a.combine_transform(b, both)",
            _AB,
            _BOTH,
        ),
        Marble("with_latest_from", "a.with_latest_from(b)", _AB),
        Marble("merge", "merge(a, b)", _AB),
        Marble("race", "race(a, b)", {"a": "--x-y|", "b": "-1--2|"}),
    ],
    "A channel in between": [
        Marble("buffer", "letters.buffer(1).on_each(lambda letter: delay(2))", {"letters": "abcd|"}),
        Marble("conflate", "letters.conflate().on_each(lambda letter: delay(3))", {"letters": "abcdef|"}),
        Marble("conflate_by", "letters.conflate_by(str.lower).on_each(lambda letter: delay(3))", {"letters": "aAbBa|"}),
        Marble("flow_on", "letters.flow_on(CoroutineContext(name='feed'))", {"letters": "a-b|"}),
    ],
    "Hot flows": [
        Marble("share_in", "letters.share_in(scope, SharingStarted.LAZILY).take(3)", {"letters": "a-b-c|"}),
        Marble("state_in", "letters.state_in(scope, SharingStarted.EAGERLY, '-').take(3)", {"letters": "-a-b|"}),
        Marble("await_state_in", "letters.await_state_in(scope)", {"letters": "--a-b|"}),
    ],
    "To one result": [
        Marble("first", "numbers.first(lambda n: n > 1)", {"numbers": "1-2-3|"}),
        Marble("first_or_none", "numbers.first_or_none(lambda n: n > 5)", {"numbers": "1-2|"}),
        Marble("last", "letters.last()", {"letters": "a-b|"}),
        Marble("last_or_none", "letters.last_or_none()", {"letters": "--|"}),
        Marble("single", "letters.single()", {"letters": "-a-|"}),
        Marble("single_or_none", "letters.single_or_none()", {"letters": "a-b-c|"}),
        Marble("count", "letters.count()", {"letters": "a-b|"}),
        Marble("fold", "numbers.fold(10, lambda total, n: total + n)", {"numbers": "1-2|"}),
        Marble("reduce", "numbers.reduce(lambda total, n: total * n)", {"numbers": "2-3-4|"}),
        Marble("any", "numbers.any(lambda n: n == 2)", {"numbers": "1-2-3|"}),
        Marble("all", "numbers.all(lambda n: n < 3)", {"numbers": "1-2-3|"}),
        Marble("none", "numbers.none(lambda n: n == 2)", {"numbers": "1-2-3|"}),
        Marble("to_list", "letters.to_list()", {"letters": "a-b|"}),
        Marble("to_set", "letters.to_set()", {"letters": "a-a|"}),
        Marble("to_collection", "letters.to_collection(['z'])", {"letters": "a-b|"}),
        Marble("associate", "letters.associate(lambda letter: (letter, ord(letter)))", {"letters": "a-b|"}),
        Marble("associate_by", "letters.associate_by(ord)", {"letters": "a-b|"}),
        Marble("associate_with", "letters.associate_with(str.upper)", {"letters": "a-b|"}),
        Marble("group_by", "letters.group_by(str.lower)", {"letters": "a-b-A|"}),
    ],
}
