"""Stub."""


def put(state, request):
    raise NotImplementedError


def delete(state, *a):
    raise NotImplementedError


def metric(state, *a): ...
def alarm(state, name, word, *a):
    state.alarm_states[name] = word
