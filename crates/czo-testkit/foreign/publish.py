"""Publishes what it reads.

    publish.py <url> <exchange> <routing key>

Each line of standard input is JSON, and the body of one message as it stands. Says `confirmed` when the broker
has taken it; one that reaches no queue is a failure.
"""

import sys

import pika


def main(url, exchange, routing_key):
    properties = pika.BasicProperties(
        content_type="application/json",
        delivery_mode=pika.DeliveryMode.Persistent,
    )
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        for line in sys.stdin:
            body = line.strip().encode()
            channel.basic_publish(exchange, routing_key, body, properties, mandatory=True)
            print("confirmed", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except pika.exceptions.UnroutableError:
        sys.exit("no queue takes the message")
