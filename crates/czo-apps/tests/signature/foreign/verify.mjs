// Reads messages as a JSON array from standard input, and prints for each, by its name, whether
// the npm library `standardwebhooks` believes it, and if not, why.
import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';

const systemClock = Date.now;

function verdict({ secret, headers, bodyBase64, now }) {
  // The messages of the vectors are old by now; the library takes the time from here.
  Date.now = now === null ? systemClock : () => now * 1000;
  try {
    const body = Buffer.from(bodyBase64, 'base64');
    new Webhook(secret).verify(body, headers, { jsonParse: false });
    return 'verified';
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

const messages = JSON.parse(readFileSync(0, 'utf8'));
console.log(JSON.stringify(messages.map((message) => [message.name, verdict(message)])));
