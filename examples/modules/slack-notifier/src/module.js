// Tells a channel of Slack when a product is published.

import config from "czo:module/config@0.1.0";
import http from "czo:module/http@0.1.0";
import log from "czo:module/log@0.1.0";
import secrets from "czo:module/secrets@0.1.0";

import { broken, handler, retry, utf8 } from "./czo.js";
import { messageFor } from "./message.js";

const WEBHOOK = "SLACK_WEBHOOK_URL";

export const eventHandler = {
  handle: handler((event) => {
    const product = JSON.parse(event.data);
    const { storefront } = JSON.parse(config.get());
    const url = secrets.get(WEBHOOK);
    if (!url) {
      throw broken(`the environment variable ${WEBHOOK} is not set`);
    }
    const { status } = http.send({
      method: "POST",
      url,
      headers: [["content-type", "application/json; charset=utf-8"]],
      body: utf8(JSON.stringify(messageFor(product, storefront))),
      timeoutMs: 3000,
    });
    if (status === 429 || status >= 500) {
      throw retry(`Slack answered with ${status}`);
    }
    if (status !== 200) {
      throw broken(`Slack answered with ${status}`);
    }
    log.write("info", "told Slack", [["product", product.handle]]);
  }),
};
