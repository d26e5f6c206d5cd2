// Writes the parts of docs/ that are made from the code. Run: npm run docs
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, made, madePages } from './pages.ts';

for (const page of madePages) writeFileSync(join(folder, page), made(page));
