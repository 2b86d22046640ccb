import assert from "node:assert/strict";
import { test } from "node:test";

import { messageFor } from "../src/message.js";

const product = { handle: "a-b", title: "A <b> & c" };

test("marks of Slack in a title are shown as they are", () => {
  const expected = { text: "New in the shop: *A &lt;b&gt; &amp; c*" };
  assert.deepEqual(messageFor(product), expected);
});

test("a shop that has said where it is gets a link", () => {
  const { text } = messageFor(product, "https://shop.example.com/");
  assert.equal(text, "New in the shop: <https://shop.example.com/products/a-b|A &lt;b&gt; &amp; c>");
});
