"""What a reader of documents might do once a document has taken it over.  Each function is a task for the jail.

Each gives a value when it succeeds, so that a test sees the difference between the inside and the outside.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from detente.ground.errors import Malformed

HERE = Path(__file__).resolve().parent
MEMORY = 300 * 2**20


def count(raw):
    """The honest one."""
    return len(raw)


def eat_memory(_):
    return len(bytearray(MEMORY))


def spin(raw):
    """Uses as many seconds of CPU as it is told."""
    ends = time.process_time() + float(raw)
    while time.process_time() < ends:
        pass
    return "spun"


def spin_deaf(raw):
    """The same, and does not hear the first signal."""
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    return spin(raw)


def wait(raw):
    time.sleep(float(raw))
    return "waited"


def write_a_file(raw):
    Path(raw.decode()).write_text("owned", "utf-8")
    return "written"


def write_what_is_open(_):
    """Makes the null device, which is open, into a file that grows, if it can."""
    return os.open("/tmp", os.O_TMPFILE | os.O_RDWR)  # noqa: S108 - it is to be refused


def read_a_file(raw):
    return Path(raw.decode()).read_text("utf-8")


def fork(_):
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return "forked"


def start_a_program(_):
    return subprocess.run([sys.executable, "-c", "pass"], check=False).returncode


def open_a_socket(_):
    socket.socket().close()
    return "opened"


def connect(raw):
    with socket.create_connection(("127.0.0.1", int(raw)), 2):
        return "connected"


def signal_parent(_):
    os.kill(os.getppid(), 0)
    return "signalled"


def who(_):
    return os.getuid()


def environment(_):
    return dict(os.environ)


def say_too_much(_):
    return "x" * 2**20


def say_something_else(_):
    return {"paragraphs": "not a list"}


def say_no_json(_):
    os.write(1, b'{"walls": ')
    os._exit(0)


def say_it_raw(raw):
    """Whatever the document says, in place of an answer."""
    os.write(1, raw)
    os._exit(0)


def say_and_linger(_):
    """Closes its mouth and stays."""
    os.write(1, b"{}")
    os.close(1)
    while True:
        pass


def die(raw):
    os._exit(int(raw))


def break_down(_):
    raise RuntimeError("no sentence for anybody")


def refuse(raw):
    raise Malformed(raw.decode())


def recurse(_):
    return recurse(_)
