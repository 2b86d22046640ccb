// What modules need of czo: failures, and bytes.

import log from "czo:module/log@0.1.0";

/** Why a call did not succeed, as the WIT package has it. */
class Failure {
  constructor(tag, val) {
    this.tag = tag;
    this.val = val;
  }
}

/** What was given is wrong; shown to the caller. */
export const invalid = (message) => new Failure("invalid", message);
/** There is no such thing; shown to the caller. */
export const notFound = (message) => new Failure("not-found", message);
/** It may succeed later: an event or a job is tried again. */
export const retry = (message) => new Failure("retry", message);
/** The module can't do it; the message stays in the log. */
export const broken = (message) => new Failure("broken", message);

/**
 * A handler whose errors become failures. Without it, an error that nobody catches ends the call,
 * and not even its message is left.
 */
export function handler(handle) {
  return (argument) => {
    try {
      return handle(argument);
    } catch (error) {
      throw failureOf(error);
    }
  };
}

function failureOf(error) {
  if (error instanceof Failure) {
    return error;
  }
  if (error instanceof Error) {
    log.write("error", String(error), [["stack", String(error.stack).trim()]]);
    return broken(String(error));
  }
  // What the server did not do, such as `{ tag: "denied", val: "..." }`.
  const message = String(error?.val ?? error);
  return error?.tag === "unavailable" ? retry(message) : broken(message);
}

/** The bytes of a text; QuickJS has no TextEncoder. */
export function utf8(text) {
  const bytes = unescape(encodeURIComponent(text.toWellFormed()));
  return Uint8Array.from(bytes, (byte) => byte.charCodeAt(0));
}
