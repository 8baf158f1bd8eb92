"""The daemon's HTTP server: API, metrics page, health, and the status page."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web

from leakdog.errors import LeakdogError, StoreCorrupted, StoreError
from leakdog.export.prometheus import Page
from leakdog.pipeline.state import Fleet
from leakdog.store.contract import Store
from leakdog.web.acknowledge import Acknowledgements
from leakdog.web.answers import JSON, problem
from leakdog.web.api import Api
from leakdog.web.document import message_page
from leakdog.web.evidence import Ask, Compare, Evidence
from leakdog.web.functions import Functions
from leakdog.web.pages import Pages

log = logging.getLogger("leakdog.web")

# All that is ever posted is an acknowledgement, of a leak or of functions.
MAX_BODY_BYTES = 4096
# A reader that takes its time over a profile does not hold up the stop for longer.
SHUTDOWN_SECONDS = 3.0
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
API = "/api/"
NOT_FOUND = 404
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
HeapProfile = Callable[[bool], bytes]


class Server:
    """Listens on one address.

    `heap_profile` is given where the daemon serves its own heap, `ask` asks a target, `compare` compares profiles.
    """

    def __init__(
        self,
        fleet: Fleet,
        store: Store,
        heap_profile: HeapProfile | None = None,
        ask: Ask | None = None,
        compare: Compare | None = None,
    ) -> None:
        self._fleet = fleet
        self._store = store
        self._page = Page(fleet)
        self._heap_profile = heap_profile
        self._ask = ask
        self._compare = compare
        self._runner = web.AppRunner(
            self._app(), access_log=None, handler_cancellation=True, shutdown_timeout=SHUTDOWN_SECONDS
        )
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Listen; `self.port` is the port that was taken where `port` is 0.

        Raises:
            LeakdogError: the address cannot be used.

        """
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        try:
            await site.start()
        except (OSError, UnicodeError) as error:  # the latter for what cannot be a host name
            await self._runner.cleanup()
            message = f"listening on {host}:{port}: {_why(error)}; choose another with --web.listen-address"
            raise LeakdogError(message) from error
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Answer what is under way and close."""
        await self._runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_harden])
        app.add_routes(Api(self._fleet, self._store).routes())
        app.add_routes(Acknowledgements(self._fleet, self._store).routes())
        app.add_routes(Functions(self._fleet, self._store).routes())
        app.add_routes(Evidence(self._fleet, self._store, self._ask, self._compare).routes())
        app.add_routes(Pages(self._fleet, self._store).routes())
        app.add_routes(
            [
                web.get("/metrics", self.metrics),
                web.get("/-/healthy", self.healthy),
                web.get("/-/ready", self.ready),
            ]
        )
        if self._heap_profile is not None:
            app.add_routes([web.get("/debug/pprof/heap", self.heap)])
        return app

    async def metrics(self, request: web.Request) -> web.Response:
        """What Prometheus scrapes."""
        try:
            stats = await self._store.stats()
        except StoreError:
            log.warning("the metrics page leaves out the store: it did not answer", exc_info=True)
            stats = None
        body, content_type = await self._page.render(request.headers.get(hdrs.ACCEPT, ""), stats)
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type})

    async def healthy(self, request: web.Request) -> web.Response:
        """200 as long as the event loop answers."""
        return web.Response(text="leakdog is healthy.\n")

    async def ready(self, request: web.Request) -> web.Response:
        """200 once configuration, store and first discovery are done; 503 before and while stopping."""
        if self._fleet.ready:
            return web.Response(text="leakdog is ready.\n")
        return web.Response(status=503, text="leakdog is starting or stopping.\n")

    async def heap(self, request: web.Request) -> web.Response:
        """The daemon's own heap, so that it can be watched as any other program."""
        assert self._heap_profile is not None
        try:
            body = await asyncio.to_thread(self._heap_profile, request.query.get("gc") == "1")
        except LeakdogError as error:
            return web.Response(status=503, text=f"{error}\n")
        return web.Response(body=body, content_type="application/octet-stream")


@web.middleware
async def _harden(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Headers that keep a browser from doing more with a page than show it; what fails is said to."""
    try:
        response = await handler(request)
    except web.HTTPException as error:
        _explain(request, error)
        error.headers.update(SECURITY_HEADERS)
        raise
    except StoreCorrupted as error:
        log.warning("%s was not answered: %s", request.path, error)
        response = _failure(request, 500, str(error))
    except StoreError as error:
        log.warning("%s was not answered: %s", request.path, error)
        response = _failure(request, 503, f"the store does not answer: {error}")
    except Exception as error:
        log.exception("%s was not answered", request.path)
        response = _failure(request, 500, f"leakdog itself failed, see its log: {error!r}")
    response.headers.update(SECURITY_HEADERS)
    return response


def _failure(request: web.Request, status: int, message: str) -> web.Response:
    """Why there is no answer: in the API as JSON, else as a page."""
    if request.path.startswith(API):
        return web.Response(text=problem(message), content_type=JSON, status=status)
    return web.Response(text=message_page("no answer", message), content_type="text/html", status=status)


def _explain(request: web.Request, error: web.HTTPException) -> None:
    """Have what the server refuses by itself say what there is instead, in the API as JSON, else as a page."""
    if error.content_type == JSON:
        return
    message = f"{request.method} {request.path}: {error.reason}"
    if isinstance(error, web.HTTPMethodNotAllowed):
        message = (
            f"{request.method} {request.path} is not possible; it takes {', '.join(sorted(error.allowed_methods))}"
        )
    if request.path.startswith(API):
        if error.status == NOT_FOUND:
            paths = {route.resource.canonical for route in request.app.router.routes() if route.resource}
            listed = ", ".join(sorted(path for path in paths if path.startswith(API)))
            message = f"nothing is at {request.path}; there are {listed}"
        error.text, error.content_type = problem(message), JSON
    elif error.status == NOT_FOUND:
        message = f"Nothing is at {request.path}. The overview lists all leaks and targets, each with its page."
        error.text, error.content_type = message_page("not found", message), "text/html"


def _why(error: OSError | UnicodeError) -> str:
    """Why an address cannot be used; asyncio says around the system's words which it was."""
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    if error.errno == errno.EADDRINUSE:
        return "another program listens there, another leakdog perhaps"
    return os.strerror(error.errno) if error.errno > 0 else str(error.strerror)  # below 0: of the look-up of a name
