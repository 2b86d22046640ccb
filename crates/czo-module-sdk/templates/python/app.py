"""Counts the products that were published."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.endpoint_handler import Request, Response
from wit_world.exports.event_handler import Event
from wit_world.imports import kv, log
from wit_world.imports.types import Failure_NotFound

from czo import handler


class EventHandler(exports.EventHandler):
    @handler
    def handle(self, event: Event) -> None:
        title = json.loads(event.data)["title"]
        # An event may arrive more than once, always with the same id.
        if kv.compare_and_set(f"seen/{event.id}", None, b""):
            published = kv.increment("published", 1)
            log.write(log.Level.INFO, title, [("published", str(published))])


class EndpointHandler(exports.EndpointHandler):
    @handler
    def handle(self, request: Request) -> Response:
        if request.endpoint != "count":
            raise Err(Failure_NotFound(f"there is no endpoint {request.endpoint}"))
        # A number is kept as its digits.
        published = int(kv.get("published") or 0)
        body = json.dumps({"published": published}).encode()
        return Response(200, [("content-type", "application/json")], body)
