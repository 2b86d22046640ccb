// Counts the products that were published.

import kv from "czo:module/kv@0.1.0";
import log from "czo:module/log@0.1.0";

import { handler, notFound, utf8 } from "./czo.js";

export const eventHandler = {
  handle: handler((event) => {
    const { title } = JSON.parse(event.data);
    // An event may arrive more than once, always with the same id.
    if (kv.compareAndSet(`seen/${event.id}`, null, new Uint8Array())) {
      const published = kv.increment("published", 1);
      log.write("info", title, [["published", String(published)]]);
    }
  }),
};

export const endpointHandler = {
  handle: handler((request) => {
    if (request.endpoint !== "count") {
      throw notFound(`there is no endpoint ${request.endpoint}`);
    }
    // A number is kept as its digits.
    const published = Number(String.fromCharCode(...(kv.get("published") ?? [])));
    return {
      status: 200,
      headers: [["content-type", "application/json"]],
      body: utf8(JSON.stringify({ published })),
    };
  }),
};
