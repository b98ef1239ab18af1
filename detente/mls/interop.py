"""`python -m detente.mls.interop --port N`: the client of the official interoperation harness, on this machine alone.

A program for tests, not a part of the library: it needs `grpcio` (the extra `interop`), draws its chance
from the system, and answers whoever asks on the loopback address.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from concurrent import futures
from functools import partial
from os import urandom
from typing import Any

from detente.ground.errors import DetenteError
from detente.mls.interop_client import Client
from detente.mls.interop_wire import RPCS, decode, encode

_SERVICE = "mls_client.MLSClient"


def _handle(client: Client, rpc: str, grpc: Any, ask: Any, context: Any) -> Any:
    try:
        return client.call(rpc, ask)
    except DetenteError as error:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, error.sentence)


def serve(port: int, workers: int = 1) -> Any:
    """A started server; one worker, because the client's memory is nobody else's."""
    grpc = importlib.import_module("grpc")
    client = Client(urandom)
    handlers = {
        rpc: grpc.unary_unary_rpc_method_handler(
            partial(_handle, client, rpc, grpc),
            request_deserializer=partial(decode, asked),
            response_serializer=partial(encode, answered),
        )
        for rpc, (asked, answered) in RPCS.items()
    }
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=workers))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server


def main() -> int:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    try:
        server = serve(parser.parse_args().port)
    except ModuleNotFoundError:
        sys.stderr.write("The interoperation client needs grpcio: install the extra 'interop'.\n")
        return 1
    server.wait_for_termination()
    return 0


if __name__ == "__main__":
    sys.exit(main())
