// The files the browser gets, as they lie in src/web/page: there is no build. Called by server.ts.
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

export interface Asset {
  readonly type: string;
  readonly body: string;
}

const folder = join(import.meta.dirname, 'page');
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** By path of the request. Nothing is looked up in the file system later: a path cannot lead anywhere else. */
export async function loadAssets(): Promise<ReadonlyMap<string, Asset>> {
  const names = (await readdir(folder)).filter((name) => extname(name) in types);
  const assets = await Promise.all(
    names.map(async (name) => {
      const asset = { type: types[extname(name)] ?? '', body: await readFile(join(folder, name), 'utf8') };
      return [name === 'index.html' ? '/' : `/page/${name}`, asset] as const;
    }),
  );
  return new Map(assets);
}
