"""A real relay process for tests: started, waited for by its own word, ended by its id."""

import contextlib
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


class RelayProcess:
    """`detente-relay` on a free port of loopback."""

    def __init__(self, data, *more, port=0):
        self.data = Path(data)
        self._port = port
        self._more = more
        self.process = None
        self.url = ""
        self.ready = ""

    def start(self):
        self.process = subprocess.Popen(
            [
                sys.executable,
                *("-m", "detente.relay.main", "--data", str(self.data)),
                *("--listen", f"127.0.0.1:{self._port}", *self._more),
            ],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.ready = self.process.stdout.readline()
        if not self.ready.startswith("ready "):
            raise RuntimeError(self.wait()[1])
        self.url = self.ready.split()[1]
        self._port = int(self.url.rsplit(":", 1)[1])
        return self

    def kill(self):
        self.process.kill()
        return self.wait()

    def stop(self):
        self.process.terminate()
        return self.wait()

    def wait(self):
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, err, out


@contextlib.contextmanager
def running(data, *more):
    relay = RelayProcess(data, *more).start()
    try:
        yield relay
    finally:
        if relay.process.poll() is None:
            relay.kill()
