// Names a transaction by what it writes, `inbox accept + outbox new`: the same work has the same name in every run.
// Pure; used by seams.ts.
import type { SqlValue } from '../../src/infra/database.ts';

/** What one statement does; undefined when it writes nothing worth a name. */
export function statementName(text: string, values: readonly SqlValue[]): string | undefined {
  const [, verb = '', table = ''] =
    /^\s*(INSERT|UPDATE|DELETE)\s+(?:OR\s+\w+\s+)?(?:INTO\s+|FROM\s+)?(\w+)/i.exec(text) ?? [];
  if (table === '') return undefined;
  const word = `${table} ${verb.toLowerCase()}`;
  switch (table) {
    case 'keyv':
      // A moment: what has expired by then.
      if (typeof values[0] === 'number') return 'keyv swept';
      // `<namespace>::<key>`
      return `${String(values[0]).split('::')[0]} ${verb === 'DELETE' ? 'removed' : 'kept'}`;
    case 'inbox':
      if (verb === 'INSERT') return 'inbox accepted';
      return verb === 'UPDATE' && text.includes('SET state') ? `inbox ${String(values[0])}` : word;
    case 'outbox':
      if (verb === 'INSERT') return 'outbox new';
      if (text.includes('SET account')) return `outbox ${String(values[2])}`;
      // Rides along with the end of a row.
      return text.includes('SET ended_at = ?') ? undefined : word;
    case 'runs':
      if (verb === 'INSERT') return 'run accepted';
      return text.includes('SET status') ? `run ${String(values[0])}, result ${String(values[1])}` : word;
    default:
      return word;
  }
}

/** @param names of its statements, in order */
export function transactionName(names: readonly string[]): string {
  return [...new Set(names)].join(' + ');
}
