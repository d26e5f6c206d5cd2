// What a person has to know about a config file that is not in use. Used by the status, the doctor and app.ts.

/** What a person has to know about a file that is not in use; undefined: it is. */
export function configError({
  error,
  channelsOff,
}: {
  readonly error: string | undefined;
  readonly channelsOff?: boolean;
}): string | undefined {
  return error === undefined ? undefined : `${error}\n${unusedConfig(channelsOff === true)}`;
}

/** @param channelsOff no config was ever good. */
export function unusedConfig(channelsOff: boolean): string {
  return channelsOff
    ? 'Until it is mended the defaults are in use, and only the console is on.'
    : 'Until it is mended the settings loaded before stay in use.';
}
