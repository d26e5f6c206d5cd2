import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Net } from '../../../src/cli/setup/probe.ts';
import { discordServers, probeDiscord, probeTelegram } from '../../../src/cli/setup/probe-channels.ts';
import { probeModel, serverModels } from '../../../src/cli/setup/probe-model.ts';
import { systemClock } from '../../../src/infra/clock.ts';
import { configSchema } from '../../../src/infra/config.ts';
import { systemIds } from '../../../src/infra/ids.ts';
import { virtualClock } from '../../fakes/clock.ts';
import { until } from '../../fakes/wait.ts';
import { discordTwin } from '../../twins/discord/twin.ts';
import { openAiTwin, status } from '../../twins/openai.ts';
import { telegramTwin } from '../../twins/telegram/twin.ts';

const net: Net = { fetch, clock: systemClock, signal: new AbortController().signal };

/** Something on loopback that answers as told. */
async function server(
  answer: Parameters<typeof createServer>[1],
): Promise<{ readonly url: string; readonly http: Server }> {
  const http = createServer(answer);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    http.close();
    http.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, http };
}

describe('a Telegram token', () => {
  it('works, is not known, or cannot be asked about', async () => {
    const twin = await telegramTwin();
    onTestFinished(() => twin.close());
    const works = { kind: 'works', value: { name: 'switchyard_bot', hints: [] } };
    expect(await probeTelegram(net, twin.token, `${twin.url}/`)).toEqual(works);
    expect(await probeTelegram(net, '1:wrong', twin.url)).toMatchObject({ kind: 'refused' });
    await twin.down();
    const gone = await probeTelegram(net, twin.token, twin.url);
    expect(gone).toEqual({
      kind: 'unreachable',
      what: expect.stringMatching(/^Telegram could not be reached \(\w+\)\.$/),
    });
  });

  it('is no part of what is said, whatever stands in between', async () => {
    const proxy = await server((_, response) => response.writeHead(302, { location: '/elsewhere' }).end());
    const moved = await probeTelegram(net, '42:secret', proxy.url);
    expect(moved).toMatchObject({ kind: 'unreachable' });
    const page = await server((_, response) => response.writeHead(502).end('<html>42:secret</html>'));
    const broken = await probeTelegram(net, '42:secret', page.url);
    expect(broken).toMatchObject({ kind: 'unreachable', what: expect.stringContaining('502') });
    expect(JSON.stringify([moved, broken])).not.toContain('secret');
  });

  it('is asked about for ten seconds at most, and less where the person wants out', async () => {
    let asked = 0;
    const silent = await server(() => {
      asked += 1;
    });
    const clock = virtualClock();
    const late = probeTelegram({ ...net, clock }, '1:a', silent.url);
    await until(() => asked === 1, 'the question');
    await clock.advance(10_000);
    expect(await late).toMatchObject({ what: 'Telegram could not be reached (no answer within 10 s).' });
    const out = new AbortController();
    const ended = probeTelegram({ ...net, signal: out.signal }, '1:a', silent.url);
    await until(() => asked === 2, 'the question');
    out.abort();
    expect(await ended).toMatchObject({ kind: 'unreachable' });
  });
});

describe('a Discord token', () => {
  it('works, with the invitation and the servers it is in', async () => {
    const twin = await discordTwin();
    onTestFinished(() => twin.close());
    const asked = { token: twin.token, apiUrl: `${twin.url}/v10/`, personas: false };
    expect(await probeDiscord(net, asked)).toMatchObject({
      kind: 'works',
      value: { name: 'switchyard', hints: [], invite: expect.stringContaining(`client_id=${twin.bot.id}`) },
    });
    expect(await discordServers(net, asked)).toEqual({ kind: 'works', value: [] });
    const guild = twin.guild({ name: 'Lab' });
    expect(await discordServers(net, asked)).toEqual({ kind: 'works', value: [{ id: guild.id, name: 'Lab' }] });
    expect(twin.violations).toEqual([]);
  });

  it('comes with the hint about message content where that is switched off', async () => {
    const twin = await discordTwin({ privileged: { messageContent: false } });
    onTestFinished(() => twin.close());
    twin.messageContent(false);
    const tried = await probeDiscord(net, { token: twin.token, apiUrl: twin.url, personas: false });
    expect(tried).toMatchObject({ value: { hints: [expect.stringContaining('Message Content Intent')] } });
  });

  it('is not known, or cannot be asked about', async () => {
    const twin = await discordTwin();
    onTestFinished(() => twin.close());
    const asked = { token: 'wrong', apiUrl: twin.url, personas: false };
    expect(await probeDiscord(net, asked)).toMatchObject({ kind: 'refused' });
    await twin.down();
    expect(await probeDiscord(net, asked)).toMatchObject({ kind: 'unreachable' });
  });
});

describe('a model', () => {
  const ask = (baseUrl: string) => ({
    ref: 'twin/one',
    config: configSchema.parse({ models: { providers: { twin: { baseUrl, apiKey: 'sk-secret' } } } }),
    ...{ env: { providerKeys: {}, ollamaUrl: 'http://127.0.0.1:1' }, agentId: 'main', ids: systemIds },
  });

  it('answers one short question with the key that was given', async () => {
    const twin = await openAiTwin();
    onTestFinished(() => twin.close());
    expect(await probeModel(net, ask(twin.url))).toEqual({ kind: 'works', value: null });
    expect(twin.requests).toHaveLength(1);
    expect(twin.requests[0]?.headers.authorization).toBe('Bearer sk-secret');
  });

  it('does not take the key, is not there, or needs one that nobody set', async () => {
    const twin = await openAiTwin();
    onTestFinished(() => twin.close());
    twin.always(() => status(401));
    const refused = await probeModel(net, ask(twin.url));
    expect(refused).toMatchObject({ kind: 'refused', what: expect.stringContaining('refused the credential') });
    twin.always(() => status(500));
    expect(await probeModel(net, ask(twin.url))).toMatchObject({ kind: 'unreachable' });
    // Not tried again and again: the person waits.
    expect(twin.requests).toHaveLength(2);
    expect(await probeModel(net, { ...ask(twin.url), ref: 'openai/x' })).toMatchObject({
      ...{ kind: 'refused', what: expect.stringContaining('OPENAI_API_KEY') },
    });
    expect(JSON.stringify(refused)).not.toContain('sk-secret');
  });

  it('is one of those a server lists, if it lists any', async () => {
    const listing = await server((request, response) =>
      response.end(request.url === '/v1/models' ? '{"data":[{"id":"a"},{"id":"b"}]}' : 'x'),
    );
    expect(await serverModels(net, `${listing.url}/v1/`, 'k')).toEqual(['a', 'b']);
    expect(await serverModels(net, listing.url, undefined)).toEqual([]);
  });
});
