"""A real server on a real socket, in a thread."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from service.api.connections import BoundedProtocol
from tests.service.caller import without_upkeep


@contextmanager
def serve(app: FastAPI) -> Iterator[str]:
    """Serve the application at a free port; its address. Its upkeep rests."""
    with without_upkeep(), socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", http=BoundedProtocol))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
