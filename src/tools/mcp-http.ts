// fetch for remote MCP servers, with a bound on what one answer may hold. Called by mcp-server.ts.

const maxBytes = 10_000_000;

/** Event streams live long and are bounded message by message elsewhere; a single JSON answer is bounded here. */
export const boundedFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const isStream = response.headers.get('content-type')?.includes('text/event-stream') ?? false;
  if (response.body === null || isStream) return response;
  let length = 0;
  const counted = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        length += chunk.length;
        if (length > maxBytes) controller.error(new Error('the answer is larger than 10 MB'));
        else controller.enqueue(chunk);
      },
    }),
  );
  const { status, statusText, headers } = response;
  return new Response(counted, { status, statusText, headers });
};
