// The part of html-to-text's interface that page-worker.ts uses; the package brings no types.
declare module 'html-to-text' {
  export function convert(html: string, options?: Readonly<Record<string, unknown>>): string;
}
