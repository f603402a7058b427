// What mail programs do not know of the HTML in some files, as caniemail.com tells.
//
//   node caniemail.mjs gmail.ios,outlook.windows cards.html compact.html
//
// prints {"unsupported": {feature: {program: [notes]}}, "partial": {…}}, of all files together.

import { readFileSync } from 'node:fs';
import { argv } from 'node:process';

import { tool } from './tools.mjs';

const { caniemail, rawData } = await tool('caniemail');
const clients = argv[2].split(',');

// Where nobody has tried a feature caniemail gives up; here it counts as not supported.
for (const { stats } of rawData.data) {
  for (const client of clients) {
    const [family, platform] = client.split('.');
    stats[family] ??= {};
    stats[family][platform] ??= { untried: 'n' };
  }
}

const found = { unsupported: {}, partial: {} };
for (const file of argv.slice(3)) {
  const { issues } = caniemail({ clients, html: readFileSync(file, 'utf8') });
  for (const [kind, each] of [['unsupported', issues.errors], ['partial', issues.warnings]]) {
    for (const [client, features] of each) {
      for (const { title, notes } of features) {
        (found[kind][title] ??= {})[client] = notes;
      }
    }
  }
}
console.log(JSON.stringify(found));
