"""Reads messages as a JSON array from standard input, and prints for each, by its name, whether
the PyPI library `standardwebhooks` believes it, and if not, why."""

import base64
import json
import sys
from datetime import datetime

from standardwebhooks import webhooks


def clock(now):
    """The messages of the vectors are old by now; the library takes the time from here."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.fromtimestamp(now, tz)

    return datetime if now is None else Clock


def verdict(message):
    webhooks.datetime = clock(message["now"])
    try:
        body = base64.b64decode(message["bodyBase64"])
        webhook = webhooks.Webhook(message["secret"])
        webhook.verify(body, message["headers"], json_parse=False)
        return "verified"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


messages = json.load(sys.stdin)
json.dump([[message["name"], verdict(message)] for message in messages], sys.stdout)
