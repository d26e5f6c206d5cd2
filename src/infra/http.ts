// Node's HTTP modules without what they drag in: an `import` of node:http reads every export, and those for WebSocket load
// undici, 13 MB and a twentieth of a second of each start. Used wherever a plain request or server is enough.

export const http = process.getBuiltinModule('node:http');

/** TLS is loaded by the first request that needs it. */
export const https = (): typeof import('node:https') => process.getBuiltinModule('node:https');
