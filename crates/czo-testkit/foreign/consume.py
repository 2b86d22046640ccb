"""Prints messages as they come.

    consume.py <url> <exchange> <pattern> <count>

Says `ready` once its queue is bound, prints each message as one line of JSON, and ends after
<count> of them. The queue is its own and goes with it.
"""

import json
import sys
from itertools import islice

import pika

PROPERTIES = (
    "message_id", "correlation_id", "content_type", "type", "delivery_mode", "timestamp",
)


def main(url, exchange, pattern, count):
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, exchange, pattern)
        say("ready")
        for delivery, properties, body in islice(channel.consume(queue), int(count)):
            say(json.dumps(message(delivery, properties, body), default=str))
            channel.basic_ack(delivery.delivery_tag)
        channel.cancel()


def message(delivery, properties, body):
    return {
        "body": json.loads(body),
        "properties": {name: getattr(properties, name) for name in PROPERTIES},
        "headers": properties.headers or {},
        "routing_key": delivery.routing_key,
    }


def say(line):
    print(line, flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
