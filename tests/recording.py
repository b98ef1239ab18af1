"""A proxy on loopback that hands every byte on and keeps a copy, as whoever sits on the wire can."""

import contextlib
import socket
import threading


class Recorder:
    """Listens on a free port and connects to `target`; `streams` holds what went each way."""

    def __init__(self, target):
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._sockets = []
        self._streams = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def streams(self):
        """A copy of what every connection carried, one way each."""
        with self._lock:
            return [bytes(stream) for stream in self._streams]

    def close(self):
        with self._lock:
            for each in [self._listener, *self._sockets]:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join()
        for each in [self._listener, *self._sockets]:
            each.close()

    def _accept(self):
        while True:
            try:
                ours, _ = self._listener.accept()
            except OSError:
                return
            try:
                theirs = socket.create_connection(self._target)
            except OSError:
                ours.close()
                continue
            with self._lock:
                self._sockets += [ours, theirs]
            for source, sink in ((ours, theirs), (theirs, ours)):
                thread = threading.Thread(target=self._pump, args=(source, sink), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _pump(self, source, sink):
        stream = bytearray()
        with self._lock:
            self._streams.append(stream)
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                with self._lock:
                    stream += piece
                sink.sendall(piece)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
