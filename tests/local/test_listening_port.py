"""Ports of the local AWS where machines and clients are at their worst."""

import asyncio
import socket
import subprocess
import sys

import pytest

from tinystacks.local.listening_port import ListeningPort

OUT_OF_DESCRIPTORS = """
import asyncio, os, resource, socket
from tinystacks.local.listening_port import ListeningPort

async def serve(connection, client):
    reader, writer = await asyncio.open_connection(sock=connection)
    writer.write(await reader.readline())
    writer.close()

async def main():
    listening = ListeningPort(serve)
    port = listening.open()
    client = socket.socket()
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    taken = []
    try:
        while True:
            taken.append(os.dup(0))
    except OSError:
        pass
    client.setblocking(False)
    try:
        client.connect(("127.0.0.1", port))
    except BlockingIOError:
        pass
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(client, b"hello\\n")
    try:
        await asyncio.wait_for(loop.sock_recv(client, 10), 0.5)
    except TimeoutError:
        print("waits", len(listening))
    for one in taken:
        os.close(one)
    print((await asyncio.wait_for(loop.sock_recv(client, 10), 5)).decode().strip())
    client.close()
    await listening.close()

asyncio.run(main())
"""


async def hang_up(connection, _client):
    connection.close()


def test_a_port_that_is_taken_is_an_error():
    async def meet():
        first, second = ListeningPort(hang_up), ListeningPort(hang_up)
        port = first.open()
        with pytest.raises(OSError, match="in use"):
            second.open(port)
        await second.close()
        await first.close()

    asyncio.run(meet())


def test_a_closed_port_takes_nobody_and_ends_who_is_there():
    async def meet():
        begun, ended = asyncio.Event(), asyncio.Event()

        async def stay(connection, _client):
            begun.set()
            try:
                await asyncio.sleep(60)
            finally:
                connection.close()
                ended.set()

        listening = ListeningPort(stay)
        port = listening.open()
        loop = asyncio.get_running_loop()
        with socket.socket() as client, socket.socket() as late:
            for one in (client, late):
                one.settimeout(0)
            await loop.sock_connect(client, ("127.0.0.1", port))
            await begun.wait()
            assert len(listening) == 1
            await listening.close()
            assert ended.is_set()
            assert len(listening) == 0
            assert await loop.sock_recv(client, 1) == b""
            with pytest.raises(ConnectionRefusedError):
                await loop.sock_connect(late, ("127.0.0.1", port))

    asyncio.run(meet())


def test_connections_wait_while_there_are_no_file_descriptors():
    said = subprocess.run(
        [sys.executable, "-c", OUT_OF_DESCRIPTORS], capture_output=True, text=True, timeout=30, check=True
    )
    assert said.stdout.splitlines() == ["waits 0", "hello"]
    assert said.stderr == ""
