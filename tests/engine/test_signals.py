"""What interrupts a use: signal handlers, finalizers, Ctrl-C."""

import sys

import pytest
from processes import check

# Runs an action before any single instruction of the engine's Python code,
# which is more often than Python runs signal handlers.
AT = """
folder = os.path.dirname(bifsmn_engine.__file__)

def run_at(number, work, action):
    left = number

    def trace(frame, event, _):
        nonlocal left
        if not frame.f_code.co_filename.startswith(folder):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left == -1:
                action()
        return trace

    sys._getframe().f_trace_opcodes = True  # 3.12 asks for one beforehand
    sys.settrace(trace)
    try:
        return work(), left < 0
    finally:
        sys.settrace(None)

def everywhere(make, work, action):
    '''Yields what it acted on, and what came of it.'''
    number, reached = 0, True
    while reached:
        session = make()
        try:
            found, reached = run_at(
                number, lambda: work(session), lambda: action(session)
            )
        except ValueError as error:
            assert "has been closed" in str(error)
            found = None
        yield session, found
        number += 1
    assert number > 30

features = model.features(audio)
batch = np.stack([features] * 2)
logits, long = model.logits(batch), np.append(audio, audio[:model.hop])
rows = model.stream().push(long)
USES = (  # what makes a session, a use of it, and the result
    (model.copy, lambda model: model.classify(audio), expected),
    (model.copy, lambda model: model.features(audio), features),
    (model.copy, lambda model: model.logits(features), logits[0]),
    (model.copy, lambda model: model.logits(batch), logits),
    (model.copy, lambda model: model.copy().classify(audio), expected),
    (model.stream, lambda stream: stream.push(long), rows),
)
"""

# Interrupts at random moments.
STORM = """
from concurrent.futures import ThreadPoolExecutor

class Stop(Exception):
    pass

armed = False

def handler(*_):
    global armed
    if armed:
        armed = False
        raise Stop

signal.signal(signal.SIGALRM, handler)
random.seed(0)

def repeat(work):
    while armed:  # Python drops an exception that a finalizer raises
        work()

def interrupt(work, most):
    '''Repeats it until that is stopped, within so many seconds.'''
    global armed
    try:
        armed = True
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, most))
        repeat(work)  # a loop in `try` itself is not all within it in 3.13
    except Stop:
        pass

pool = ThreadPoolExecutor(1)

def in_a_thread(work):
    return pool.submit(work).result(timeout=30)
"""
DONE = "\nprint('done')"

needs_timers = pytest.mark.skipif(
    sys.platform == "win32", reason="no timers there"
)


def test_a_handler_may_close_anywhere(default):
    code = """
library, gone = bifsmn_engine._library.library, set()

def watch(name):
    real = getattr(library, name)

    def watched(state, *arguments):
        if name == "bifsmn_state_new":
            real(state, *arguments)
            gone.discard(arguments[0]._obj.value)
            return
        assert state.value not in gone, "memory is used after it is freed"
        if name == "bifsmn_state_free":
            gone.add(state.value)
        return real(state, *arguments)

    setattr(library, name, watched)

names = "state_new state_free logits push set_thinning get_thinning"
for name in names.split():
    watch(f"bifsmn_{name}")

for make, work, result in USES:
    whole = 0
    for session, found in everywhere(make, work, lambda s: s.close()):
        if found is not None:
            whole += 1
            assert (found == result).all()
        else:
            assert session._pointer.value in gone
        session.close()
        assert session._pointer.value in gone
    assert whole
"""
    check(AT + code + DONE, default.path)


def test_a_handler_is_refused_other_uses(default):
    code = """
refused = 0

def use(session):
    global refused
    uses = [lambda: session.thinning, lambda: setattr(session, "thinning", 1)]
    if isinstance(session, Model):
        uses += [lambda: session.classify(audio[:9]), session.copy]
        uses += [lambda: session.logits(batch), session.stream]
    else:
        uses += [lambda: session.push(audio[:0])]
    for each in uses:
        try:
            each()
        except RuntimeError as error:
            assert "is in use by the call that a signal" in str(error)
            refused += 1

for make, work, result in USES:
    before = refused
    for session, found in everywhere(make, work, use):
        assert (found == result).all()
    assert refused > before + 20
"""
    check(AT + code + DONE, default.path)


def test_a_finalizer_is_a_handler(default):
    code = """
stream, closed = model.stream(), model.stream()
told = []

class Owner:
    def __del__(self):
        closed.close()
        try:
            stream.push(audio[:0])
        except RuntimeError as error:
            told.append("is in use" in str(error))

for session, found in everywhere(
    lambda: stream, lambda stream: stream.push(long), lambda _: Owner()
):
    assert (found == rows).all()
    stream.reset()
    closed = model.stream()
assert len(told) > 50 and all(told)
"""
    check(AT + code + DONE, default.path)


@needs_timers
def test_ctrl_c_leaves_all_usable(default):
    code = """
stream, chunk, lost = model.stream(), audio[:160], 0
batch = np.stack([model.features(audio)] * 9)
logits = model.logits(batch)
uses = (
    (1000, 1e-4, lambda: model.thinning),
    (200, 1e-3, lambda: model.classify(audio)),
    (100, 1e-3, lambda: model.logits(batch)),
    (100, 1e-3, lambda: model.copy().close()),
    (200, 1e-3, lambda: stream.push(chunk)),
    (100, 1e-3, lambda: stream.reset()),
)
for times, most, use in uses:
    for _ in range(times):
        interrupt(use, most)
        in_a_thread(lambda: model.thinning)
        in_a_thread(lambda: stream.thinning)
        try:
            stream.push(chunk)
        except RuntimeError as error:
            assert "an exception" in str(error)
            lost += 1
            stream.reset()
    assert (in_a_thread(lambda: model.classify(audio)) == expected).all()
    assert (in_a_thread(lambda: model.logits(batch)) == logits).all()
    stream.reset()
    assert (in_a_thread(lambda: stream.push(audio)) == expected).all()
assert lost > 9
"""
    check(STORM + code + DONE, default.path)


@needs_timers
def test_what_was_cut_short_is_not_passed_over(default):
    """A stream has the whole of a chunk, or none of it, or says so."""
    code = """
chunk, seen = audio[:1700], set()
for _ in range(300):
    stream, taken = model.stream(), 0

    def push():
        global taken
        stream.push(chunk)
        taken += 1

    interrupt(push, 5e-3)
    try:
        rest = stream.push(np.tile(audio, 2))
    except RuntimeError as error:
        assert "reset() it" in str(error)
        seen.add("torn")
        continue
    finally:
        stream.close()
    # The last push may have ended just before it was interrupted.
    for whole in (taken, taken + 1):
        other = model.stream()
        for _ in range(whole):
            other.push(chunk)
        if np.array_equal(other.push(np.tile(audio, 2)), rest):
            seen.add("whole")
            break
    else:
        raise AssertionError(taken)
assert seen == {"torn", "whole"}
"""
    check(STORM + code + DONE, default.path)


@needs_timers
def test_a_handler_may_close_and_leave(default):
    """As one for SIGTERM does."""
    code = """
for _ in range(300):
    own = model.copy()
    stream = own.stream()

    def handler(*_):
        stream.close()
        own.close()
        raise SystemExit

    signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 2e-3))
        while True:
            stream.push(long)
            own.classify(audio)
    except SystemExit:
        pass
    assert not stream._free.alive and not own._free.alive
"""
    start = "random.seed(0)\nlong = np.tile(audio, 2)\n"
    check(start + code + DONE, default.path)
