// The table of docs/configuration.md, made from the config schema. Used by pages.ts.
import { type KeyInfo, listKeys } from '../../src/infra/config-keys.ts';

/** One row per key; the three channels share their rows, and accounts repeat the keys of their channel. */
export function settingsTable(): readonly string[] {
  const rows = new Map<string, KeyInfo[]>();
  for (const key of listKeys()) {
    if (/^channels\.\w+\.accounts\.<name>\./.test(key.path)) continue;
    const path = key.path.replace(/^channels\.\w+\./, 'channels.<channel>.');
    rows.set(path, [...(rows.get(path) ?? []), key]);
  }
  return [
    '| Key | Values | Default | Meaning |',
    '|---|---|---|---|',
    ...[...rows].map(([path, keys]) => row(path, keys)),
  ];
}

function row(path: string, keys: readonly KeyInfo[]): string {
  const first = keys[0];
  const cells = [`\`${path}\``, first?.type ?? '', defaults(keys), first?.description ?? ''];
  return `| ${cells.join(' | ')} |`;
}

function defaults(keys: readonly KeyInfo[]): string {
  const values = new Set(keys.map((key) => key.default));
  return [...values].flatMap((value) => (value === undefined ? [] : [value.replaceAll('"', '')])).join(' or ');
}
