// What is wrong with the HTML in some files, by html-validate's recommended rules.
//
//   node validate.mjs mail cards.html compact.html
//   node validate.mjs page issue.html
//
// prints ["cards.html:12:3 rule: message"].

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { argv } from 'node:process';

import { tool } from './tools.mjs';

const { HtmlValidate, StaticConfigLoader } = await tool('html-validate');

const allowed = (...names) => ({ attributes: Object.fromEntries(names.map((name) => [name, { deprecated: false }])) });

const page = { root: true, extends: ['html-validate:recommended'], elements: ['html5'] };
const mail = {
  ...page,
  // Outlook for Windows lays tables out by these attributes and not by their styles.
  elements: [
    'html5',
    {
      div: allowed('align'),
      table: allowed('width', 'cellpadding', 'cellspacing', 'border'),
      td: allowed('width', 'align', 'valign'),
    },
  ],
  rules: {
    'no-inline-style': 'off', // many mail programs read no style block
    'no-conditional-comment': 'off', // what only Outlook for Windows has to see
    'prefer-native-element': ['error', { exclude: ['article'] }], // Outlook and Yahoo take <article> away, its role stays
  },
};

const validator = new HtmlValidate(new StaticConfigLoader(argv[2] === 'mail' ? mail : page));
const wrong = [];
for (const file of argv.slice(3)) {
  const { results } = await validator.validateString(readFileSync(file, 'utf8'), file);
  for (const { messages } of results) {
    for (const { line, column, ruleId, message } of messages) {
      wrong.push(`${basename(file)}:${line}:${column} ${ruleId}: ${message}`);
    }
  }
}
console.log(JSON.stringify(wrong));
