"""A service that is built from sources without any registry: one static program and a page."""

from __future__ import annotations

import shutil
from pathlib import Path

DOCKERFILE = """\
FROM scratch
COPY busybox /bin/busybox
COPY busybox /bin/sh
COPY page serve.sh /app/
ENTRYPOINT ["/bin/busybox", "sh"]
CMD ["/app/serve.sh"]
"""
SERVE = """\
trap 'echo stopping; exit 0' TERM
/bin/busybox mkdir -p /tmp/www
/bin/busybox cp /app/page /tmp/www/index.html
echo serving
/bin/busybox httpd -f -p 8080 -h /tmp/www & wait
"""
CRASH = "echo no configuration; exit 3\n"
DOCUMENT = """\
name: shop
services:
  web:
    build: ./web
    port: 8080
    health_check: {path: /, interval: 5, timeout: 2, grace_period: 5}
    memory: 64
    tasks: {min: 2, max: 3}
    deregistration_delay: 5
compute: {instances: {min: 2, max: 4}}
"""


def write_service(folder: Path, page: str = "v1", *, document: str = DOCUMENT) -> None:
    """Write the file and the sources of one service."""
    (folder / "tstack.yaml").write_text(document)
    sources = folder / "web"
    sources.mkdir(exist_ok=True)
    (sources / "Dockerfile").write_text(DOCKERFILE)
    program = Path(shutil.which("busybox") or "/bin/busybox")
    if not (sources / "busybox").exists():
        shutil.copy(program, sources / "busybox")
    write_version(folder, page)


def write_version(folder: Path, page: str, script: str = SERVE) -> None:
    """Write another version of the sources."""
    (folder / "web" / "page").write_text(f"{page}\n")
    (folder / "web" / "serve.sh").write_text(script)
