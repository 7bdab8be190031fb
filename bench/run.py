"""Measure against the budgets of docs/budgets.md. Figures are ratios of two commands that ran in turn, in one run.

Machines differ and are noisy: a ratio of medians is what holds. Nothing here is a test; `make bench` runs it.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BENCH = Path(__file__).parent
ROOT = BENCH.parent
PYTHON = sys.executable
TSTACK = str(Path(PYTHON).parent / "tstack")
RUNS = int(os.environ.get("BENCH_RUNS", "7"))


@dataclass(frozen=True)
class Figure:
    name: str
    value: float
    budget: float
    unit: str
    detail: str

    def __str__(self) -> str:
        sign = "ok  " if self.value <= self.budget else "OVER"
        return f"{sign} {self.name}: {self.value:.2f} {self.unit} (budget {self.budget:g})  {self.detail}"


def timed(command: list[str], environment: dict[str, str] | None = None) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment, cwd=ROOT, stdin=subprocess.DEVNULL)
    return time.perf_counter() - start


def paired(
    ours: list[str], theirs: list[str], *, runs: int = RUNS, environment: dict[str, str] | None = None
) -> tuple[float, float]:
    """Run two commands in turn; give the medians of both in seconds, after one run that is not counted."""
    timed(ours, environment), timed(theirs, environment)
    pairs = [(timed(ours, environment), timed(theirs, environment)) for _ in range(runs)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


@contextmanager
def nothing_provider() -> Iterator[str]:
    process = subprocess.Popen(
        [PYTHON, str(BENCH / "nothing_provider.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(10)


def help_figure() -> Figure:
    ours, theirs = paired([TSTACK, "--help"], [PYTHON, str(BENCH / "hello_typer.py"), "--help"], runs=RUNS * 3)
    return Figure("tstack --help / a Typer hello-world", ours / theirs, 1.5, "x", f"{ours:.3f} s / {theirs:.3f} s")


def own_time_figures(engine: Path, folder: Path) -> list[Figure]:
    """Time and memory of our own process until it starts the engine, seen by a stand-in that notes when that is."""
    stand_in = folder / "stand-in" / "pulumi"
    stand_in.parent.mkdir()
    note = folder / "started"
    stand_in.write_text(f'#!/bin/sh\n[ -e {note} ] || date +%s.%N > {note}\nexec {engine} "$@"\n')
    stand_in.chmod(0o755)
    seconds: list[float] = []
    peak = 0.0
    for _ in range(RUNS):
        note.unlink(missing_ok=True)
        environment = {**os.environ, "TINYSTACKS_ENGINE": str(stand_in)}
        start = time.time()
        command = [TSTACK, "preview", "--local", "--file", str(folder / "tstack.yaml")]
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
        )
        while not note.exists() and process.poll() is None:
            time.sleep(0.005)
        status = Path(f"/proc/{process.pid}/status")
        if status.exists():
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            peak = max(peak, float(lines["VmHWM"].split()[0]) / 1024)
        process.wait()
        seconds.append(float(note.read_text()) - start)
    return [
        Figure("own time before the engine starts", statistics.median(seconds), 1.5, "s", f"over {RUNS} runs"),
        Figure("own memory before the engine starts", peak, 120, "MB", "peak of the process"),
    ]


def preview_figure(folder: Path, environment: dict[str, str]) -> Figure:
    stage = [TSTACK, "preview", "--local", "--json", "--file", str(folder / "tstack.yaml")]
    answer = json.loads(subprocess.run(stage, check=True, capture_output=True, cwd=ROOT).stdout)
    count = answer["changes"]["same"]
    assert sum(answer["changes"].values()) == count, "the stage must be unchanged"
    with nothing_provider() as port:
        bare = [PYTHON, str(BENCH / "bare_script.py")]
        rest = [str(folder / "bare"), str(count), port]
        timed([*bare, "up", *rest], environment)
        ours, theirs = paired(stage, [*bare, "preview", *rest], environment=environment)
    detail = f"{ours:.2f} s / {theirs:.2f} s, {count} resources each"
    return Figure("no-change preview --local / a bare script", ours / theirs, 1.5, "x", detail)


def up_figure(folder: Path) -> Figure:
    subprocess.run([TSTACK, "local", "stop"], check=True, capture_output=True)
    seconds = timed([TSTACK, "up", "--local", "--yes", "--runtime", "simulated", "--file", str(folder / "tstack.yaml")])
    return Figure("up --local from nothing to steady", seconds, 30, "s", "local AWS started too")


def deploy_figure(folder: Path) -> Figure:
    """What `up` of a new image takes beyond what ECS itself needs, on a service of its own beside the hello stage."""
    file = folder / "deploy" / "tstack.yaml"
    file.parent.mkdir()
    file.write_text("name: deploy\nservices: {web: {image: 'nginx:0', port: 80}}\n")
    stage = ["--local", "--json", "--file", str(file)]
    timed([TSTACK, "up", *stage])
    outputs = json.loads(subprocess.run([TSTACK, "outputs", *stage], check=True, capture_output=True).stdout)
    status = json.loads(subprocess.run([TSTACK, "local", "status", "--json"], check=True, capture_output=True).stdout)
    place = [status["endpoint_url"], outputs["region"], outputs["cluster_name"]]
    place.append(outputs["services"]["web"]["service_name"])
    plain = [PYTHON, str(BENCH / "plain_deploy.py"), *place]
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(1, RUNS + 1):
        ours.append(timed([TSTACK, "up", *stage, "--image", f"web=nginx:{number}"]))
        done = subprocess.run([*plain, f"nginx:plain-{number}"], check=True, capture_output=True, text=True)
        theirs.append(float(done.stdout))
        # What was deployed behind the engine is the record's again, so that the next round starts from the same.
        subprocess.run([TSTACK, "up", *stage, "--refresh"], check=True, capture_output=True)
    more = statistics.median(ours) - statistics.median(theirs)
    detail = f"{statistics.median(ours):.2f} s - {statistics.median(theirs):.2f} s by boto3 alone"
    return Figure("up of a new image beyond what ECS needs", more, 3, "s", detail)


def processor_time(command: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    timed(command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def status_figure(folder: Path) -> Figure:
    """Processor time of a whole `status` beyond what boto3 alone takes for the same reads."""
    stage = ["--local", "--json", "--file", str(folder / "tstack.yaml")]
    outputs = json.loads(subprocess.run([TSTACK, "outputs", *stage], check=True, capture_output=True).stdout)
    status = json.loads(subprocess.run([TSTACK, "local", "status", "--json"], check=True, capture_output=True).stdout)
    place = [status["endpoint_url"], outputs["region"], outputs["cluster_name"]]
    plain = [PYTHON, str(BENCH / "plain_reads.py"), *place]
    pairs = [(processor_time([TSTACK, "status", *stage]), processor_time(plain)) for _ in range(RUNS)]
    whole, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    detail = f"processor time; {whole:.2f} s in all, boto3 alone takes {theirs:.2f} s for the same reads"
    return Figure("status --local, own time", whole - theirs, 0.5, "s", detail)


def roll_figures() -> list[Figure]:
    """Cost of the control plane for one rolling update, and how the cost per task grows, in work and in time."""
    few, many, turns = (500, 100, 1), (5000, 1000, 1), (500, 100, 10)
    seconds = {rolled: min(_roll(*rolled) for _ in range(3)) for rolled in (few, many, turns)}
    each = {rolled: 1e3 * taken / (rolled[0] * rolled[2]) for rolled, taken in seconds.items()}
    calls = {rolled: _roll(*rolled, "calls") / rolled[0] for rolled in (few, many)}
    work = f"{calls[few]:.0f} / {calls[many]:.0f} calls of functions per task"
    detail = f"{each[few]:.3f} ms / {each[many]:.3f} ms per task"
    beside = f"{each[turns]:.3f} ms / {each[many]:.3f} ms per task, as many objects in memory"
    return [
        Figure("rolling update of 5,000 tasks on 1,000 instances", seconds[many], 10, "s", "best of 3"),
        Figure("work per task at 5,000 / at 500", calls[many] / calls[few], 1.1, "x", work),
        Figure("time per task at 5,000 / at 500", each[many] / each[few], 1.5, "x", detail),
        Figure("time per task at 5,000 / at ten of 500 in turn", each[many] / each[turns], 1.3, "x", beside),
    ]


def _roll(*words: int | str) -> float:
    command = [PYTHON, str(BENCH / "roll.py"), *map(str, words)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    engine = json.loads(subprocess.run([TSTACK, "engine", "show", "--json"], check=True, capture_output=True).stdout)
    program = Path(engine["engine"]["path"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(ROOT / "examples" / "hello" / "tstack.yaml", folder)
        (folder / "bin").mkdir()
        (folder / "bin" / "pulumi").symlink_to(program)
        os.environ["TINYSTACKS_LOCAL_HOME"] = str(folder / "local")
        environment = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
        try:
            print(help_figure(), flush=True)
            for figure in roll_figures():
                print(figure, flush=True)
            print(up_figure(folder), flush=True)
            for figure in own_time_figures(program, folder):
                print(figure, flush=True)
            print(status_figure(folder), flush=True)
            print(preview_figure(folder, environment), flush=True)
            print(deploy_figure(folder), flush=True)
        finally:
            subprocess.run([TSTACK, "local", "stop"], check=False, capture_output=True)


if __name__ == "__main__":
    main()
