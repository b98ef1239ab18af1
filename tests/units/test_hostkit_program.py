"""Programs on this machine's own address: which names are its own, and how they end from another thread."""

import asyncio
import socket
import threading

import pytest

from detente.hostkit.program import Program, Words, is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1:80", "127.0.0.1", "localhost:8700", "[::1]:80", "127.9.9.9:1"])
def test_a_name_of_this_machine(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "", "relay.example", "127.0.0.1.example:80", "0.0.0.0:80", "[::ffff:127.0.0.1]:80", "[", "[::1", "a@127.1:80",
        "0x7f.0.0.1", "2130706433", "127.1", "[::]:80", "localhost.example", "127.0.0.1:80:80]",
    ],
)  # fmt: skip
def test_a_name_of_somewhere_else(host):
    assert not is_loopback(host)


def test_it_ends_in_its_own_loop_whoever_says_that_it_is_unfit(capsys):
    where = []

    async def app(_scope, receive, send):
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})

    def ready():
        threading.Thread(target=program.stop_unfit, args=("The store is damaged.",)).start()

    def ended():
        where.append((threading.current_thread(), asyncio.get_running_loop()))

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        program = Program(app, listener, requests=10, words=Words(on_ready=ready, on_end=ended))
        assert program.serve_to_the_end() == 3
    assert where[0][0] is threading.current_thread()
    assert capsys.readouterr().err == "The store is damaged.\n"
