// What stands on the command line of the programs that kill. Used by all.ts and restarts.ts.

/** `--name=<n>` */
export function number(name: string, otherwise: number): number {
  return Number(text(name) ?? otherwise);
}

/** `--name=<text>` */
export function text(name: string): string | undefined {
  return process.argv.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
}

/** `--name` */
export function isSet(name: string): boolean {
  return process.argv.includes(`--${name}`);
}

/** Everything else. */
export function words(): readonly string[] {
  return process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
}
