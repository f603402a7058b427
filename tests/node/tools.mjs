// Packages are looked for where `make node-tools` puts them, .venv/node, which is the working directory.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cwd } from 'node:process';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(cwd(), 'package.json'));

/** The module of an installed package. */
export const tool = (name) => import(pathToFileURL(require.resolve(name)));
