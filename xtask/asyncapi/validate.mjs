// Reads an AsyncAPI document from standard input and says what is wrong with it.
import { readFileSync } from 'node:fs';
import { DiagnosticSeverity, Parser } from '@asyncapi/parser';

const { document, diagnostics } = await new Parser().parse(readFileSync(0, 'utf8'));
const errors = diagnostics.filter(({ severity }) => severity === DiagnosticSeverity.Error);
for (const { path, message } of errors) {
  console.error(`  ${path.join('/')}: ${message}`);
}
if (errors.length > 0 || !document) {
  process.exit(1);
}
const { length: channels } = document.channels().all();
const { length: operations } = document.operations().all();
console.error(`  AsyncAPI ${document.version()}: ${channels} channels, ${operations} operations`);
if (channels === 0) {
  console.error('  a document without channels proves nothing');
  process.exit(1);
}
