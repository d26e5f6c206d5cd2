// Remembers what texts were parsed to, for stored records that are read far more often than they change. Used by runs/registry.ts.

/** Longer ones would fill the memory. In characters. */
const longest = 8_192;

/**
 * `parse`, but the latest texts are parsed once: their value is shared by all who ask, so it must not be changed.
 * @param size how many are remembered; the one asked for longest ago is forgotten first
 */
export function memo<T>(parse: (text: string) => T, size: number): (text: string) => T {
  const known = new Map<string, { readonly value: T }>();
  return (text) => {
    if (text.length > longest) return parse(text);
    const found = known.get(text) ?? { value: parse(text) };
    known.delete(text);
    known.set(text, found);
    const [oldest] = known.size > size ? known.keys() : [];
    if (oldest !== undefined) known.delete(oldest);
    return found.value;
  };
}
