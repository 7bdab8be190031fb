"""Operations run beside the caller, who gets events and signals (traps A4, A18)."""

from __future__ import annotations

import contextvars
import os
import signal
import subprocess
import sys
import threading

import pytest

from tinystacks.deployment.engine_process import EngineProcess
from tinystacks.deployment.events import Notice, Warned
from tinystacks.deployment.interrupt import Interrupt, run_in_worker
from tinystacks.errors import InterruptedByUserError


def run(work, on_event=lambda _event: None, interrupt=None):
    return run_in_worker(work, on_event=on_event, interrupt=interrupt or Interrupt())


def test_events_arrive_in_order_in_the_callers_thread():
    seen = []

    def work(emit):
        for number in range(50):
            emit(Notice(message=str(number)))
        return threading.current_thread()

    worker = run(work, lambda event: seen.append((event.message, threading.current_thread())))
    assert [message for message, _thread in seen] == [str(number) for number in range(50)]
    assert {thread for _message, thread in seen} == {threading.current_thread()}
    assert worker is not threading.current_thread()


def test_the_work_s_error_is_the_caller_s():
    def work(_emit):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        run(work)


def test_a18_a_failing_callback_lets_the_work_end_and_is_then_raised():
    done = threading.Event()
    calls = []

    def work(emit):
        emit(Notice(message="1"))
        emit(Notice(message="2"))
        done.set()

    def callback(event):
        calls.append(event)
        raise ValueError("broken screen")

    with pytest.raises(ValueError, match="broken screen"):
        run(work, callback)
    assert done.is_set()
    assert len(calls) == 1


def test_a15_the_work_sees_a_copy_of_the_callers_context():
    variable = contextvars.ContextVar("v", default="none")
    variable.set("mine")

    def work(_emit):
        seen = variable.get()
        variable.set("its own")
        return seen

    assert run(work) == "mine"
    assert variable.get() == "mine"


def test_a4_signals_count_and_are_said_and_the_handlers_come_back():
    interrupt = Interrupt()
    seen = []
    before = signal.getsignal(signal.SIGINT)

    def work(emit):
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt.requested.wait(10)
        with pytest.raises(InterruptedByUserError):
            interrupt.check()
        interrupt.request()
        return "ended in order"

    with interrupt.on_signals():
        assert run(work, seen.append, interrupt) == "ended in order"
    assert signal.getsignal(signal.SIGINT) is before
    assert interrupt.count == 2
    warnings = [event for event in seen if isinstance(event, Warned)]
    assert "brought to its end" in warnings[0].message
    assert "without anyone keeping track" in warnings[1].message


def test_a4_a_ctrl_c_in_a_program_without_handlers_counts_too():
    interrupt = Interrupt()

    def work(emit):
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt.requested.wait(10)

    run(work, interrupt=interrupt)
    assert interrupt.count == 1


def test_an_action_that_comes_after_the_request_is_called_at_once():
    interrupt = Interrupt()
    interrupt.request()
    calls = []
    with interrupt.calling(calls.append):
        interrupt.request()
    interrupt.request()
    assert calls == [1, 2]


PROGRAM = """
import os, signal, sys
def stop(*_):
    print("told once", flush=True)
    sys.exit(7)
signal.signal(signal.SIGINT, stop)
print("group", os.getpgid(0) == os.getpid(), flush=True)
print("to stderr", file=sys.stderr, flush=True)
print("up" if os.environ.get("GIVEN") == "1" and "TAKEN" not in os.environ else "wrong", flush=True)
signal.pause()
"""


def test_a4_the_engine_has_a_process_group_of_its_own_and_is_told_by_us(monkeypatch):
    monkeypatch.setenv("TAKEN", "x")
    started, lines = [], []
    process = EngineProcess(sys.executable, started.append)

    def on_output(line):
        lines.append(line)
        if line == "up":
            assert process.interrupt()

    finished = process.run(["-c", PROGRAM], folder=".", environment={"GIVEN": "1", "TAKEN": None}, on_output=on_output)
    assert lines == ["group True", "up", "told once"]
    assert (finished.code, finished.stderr, len(started)) == (7, "to stderr", 1)
    assert not process.interrupt()


SIGNALLED_AGAIN = """
import os, signal, sys, threading, time
from tinystacks.deployment.engine_process import EngineProcess

began = threading.Event()
engine = EngineProcess("/bin/sh", lambda _pid: began.set())
sys.setswitchinterval(1e-6)
SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
for one in SIGNALS:
    signal.signal(one, lambda _number, _frame: engine.interrupt())
script = "trap '' INT; while :; do sleep 0.1; done"
work = threading.Thread(target=engine.run, args=(["-c", script],), kwargs={"folder": "/", "environment": {}})
work.start()
began.wait()

def insist():
    for _ in range(1000):
        for one in SIGNALS:
            os.kill(os.getpid(), one)
    engine.kill()

threading.Thread(target=insist).start()
work.join()
print("ended")
"""


def test_a4_signals_that_arrive_while_one_is_passed_on_do_not_stop_everything():
    done = subprocess.run(
        [sys.executable, "-c", SIGNALLED_AGAIN], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.returncode) == ("ended\n", 0)
