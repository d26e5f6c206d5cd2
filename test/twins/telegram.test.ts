import fc from 'fast-check';
import { InputFile } from 'grammy';
import { describe, expect, it, test } from 'vitest';
import { virtualClock } from '../fakes/clock.ts';
import { parseHtml } from './telegram/html.ts';
import { messagesIn, probes, verdict } from './telegram/probe.ts';
import { Refusal } from './telegram/refusal.ts';

const start = probes();
const html = { parse_mode: 'HTML' } as const;

describe('a private chat', () => {
  it('carries words both ways', async () => {
    const { twin, api, ann, updates } = await start();
    await ann.says('hello');
    const [message] = messagesIn(await updates());
    expect(message).toMatchObject({
      text: 'hello',
      from: { id: 7, first_name: 'Ann' },
      chat: { id: 7, type: 'private' },
    });
    const sent = await api.sendMessage(7, 'a <b>bold</b> &amp; <i>fine</i> answer', html);
    expect(twin.transcript(ann)).toEqual(['Ann: hello', 'Switchyard: a bold & fine answer']);
    await api.editMessageText(7, sent.message_id, 'another');
    expect(twin.shown(ann)).toEqual(['another']);
    expect(await twin.next(ann, /another/)).toMatchObject({ edits: 1, id: sent.message_id });
    await api.deleteMessage(7, sent.message_id);
    expect(twin.shown(ann)).toEqual([]);
  });

  it('tells of edits, and hands each answer out once', async () => {
    const { twin, api, ann, updates } = await start();
    const id = await ann.says('helo');
    await ann.edits(id, '/hello');
    const [before, after] = await updates();
    expect(before).toMatchObject({ message: { text: 'helo' } });
    expect(after).toMatchObject({ edited_message: { text: '/hello', entities: [{ type: 'bot_command', length: 6 }] } });
    expect(after?.edited_message).toMatchObject({ message_id: id, edit_date: expect.any(Number) });
    for (const text of ['one', 'two']) await api.sendMessage(7, text);
    expect([(await twin.next(ann, /./)).text, (await twin.next(ann, /./)).text]).toEqual(['one', 'two']);
  });

  it('is closed to a bot that was never spoken to, is blocked, or outlived the person', async () => {
    const { twin, api, ann, updates } = await start();
    const bea = twin.person(8, 'Bea');
    const team = twin.group(-100200, { members: [bea] });
    await bea.says('/hi', { in: team });
    expect(await verdict(api.sendMessage(7, 'x'))).toBe('400 Bad Request: chat not found');
    expect(await verdict(api.sendMessage(8, 'x'))).toBe("403 Forbidden: bot can't initiate conversation with a user");
    await ann.says('hello');
    await ann.blocks();
    expect(await verdict(api.sendMessage(7, 'x'))).toBe('403 Forbidden: bot was blocked by the user');
    await ann.unblocks();
    expect(await verdict(api.sendMessage(7, 'x'))).toBe('ok');
    const changes = (await updates()).flatMap(({ my_chat_member }) => my_chat_member?.new_chat_member.status ?? []);
    expect(changes).toEqual(['kicked', 'member']);
    await ann.deletesAccount();
    expect(await verdict(api.sendMessage(7, 'x'))).toBe('403 Forbidden: user is deactivated');
  });

  it('shows what a press is answered with', async () => {
    const { twin, api, ann, updates } = await start();
    await ann.says('/list');
    const inline_keyboard = [[{ text: 'Kill #1', callback_data: 'sw1:abc' }]];
    await api.sendMessage(7, 'runs', { reply_markup: { inline_keyboard } });
    expect(twin.messages(ann).at(-1)?.buttons).toEqual(['Kill #1']);
    const shown = ann.presses('Kill #1');
    const query = (await updates()).at(-1)?.callback_query;
    expect(query).toMatchObject({ data: 'sw1:abc', from: { id: 7 }, message: { text: 'runs' } });
    await api.answerCallbackQuery(query?.id ?? '', { text: 'killed' });
    expect(await shown).toBe('killed');
    const late = '400 Bad Request: query is too old and response timeout expired or query ID is invalid';
    expect(await verdict(api.answerCallbackQuery(query?.id ?? ''))).toBe(late);
    await expect(ann.presses('Log #1')).rejects.toThrow('sees no button');
  });

  it('lets a press go unanswered for 15 seconds only', async () => {
    const clock = virtualClock();
    const { api, ann, updates } = await start({ clock });
    await ann.says('hello');
    await api.sendMessage(7, 'runs');
    const shown = ann.presses({ data: 'forged' }, { message: 'inaccessible' });
    const query = (await updates()).at(-1)?.callback_query;
    expect(query).toMatchObject({ data: 'forged', message: { date: 0 } });
    await clock.advance(15_000);
    expect(await shown).toBeUndefined();
    expect(await verdict(api.answerCallbackQuery(query?.id ?? ''))).toMatch(/^400 Bad Request: query is too old/);
  });
});

describe('a text', () => {
  test.each<[string, string, RegExp]>([
    ['a bare <', 'a < b', /^400 Bad Request: can't parse entities: Unsupported start tag "" at byte offset 2$/],
    ['an unknown tag', 'é <x>y</x>', /Unsupported start tag "x" at byte offset 3$/],
    ['a tag that stays open', '<b>open', /Can't find end tag corresponding to start tag "b"$/],
    ['crossed tags', '<b><i>x</b></i>', /Unmatched end tag at byte offset 7, expected "<\/i>", found "<\/b>"$/],
    ['an end without a start', 'x</b>', /Unexpected end tag at byte offset 1$/],
    ['half a start tag', '<b', /Unclosed start tag at byte offset 0$/],
    ['half an end tag', '<b>x</b', /Unclosed end tag at byte offset 4$/],
    ['a span that is no spoiler', '<span>x</span>', /Tag "span" must have class "tg-spoiler" at byte offset 0$/],
    ['a bare attribute', '<a href=a_b>x</a>', /Unexpected end of name token at byte offset 8$/],
    ['an open quote', '<a href="x>y</a>', /Unclosed start tag "a" at byte offset 0$/],
    ['a line break tag', 'x<br/>', /Unsupported start tag "br\/" at byte offset 1$/],
    ['tags around nothing', '<b></b>', /^400 Bad Request: text must be non-empty$/],
    ['blank space', ' \n ', /text must be non-empty$/],
    ['4,097 units', 'x'.repeat(4097), /^400 Bad Request: message is too long$/],
    ['4,097 escaped units', '&lt;'.repeat(4097), /message is too long$/],
    ['800 entities', '<b>x</b> '.repeat(800), /^400 Bad Request: ENTITIES_TOO_LONG$/],
    ['half an emoji', '\ud83d', /^400 Bad Request: strings must be encoded in UTF-8$/],
  ])('with %s is refused', async (_name, text, why) => {
    const { api, ann } = await start();
    await ann.says('hello');
    expect(await verdict(api.sendMessage(7, text, html))).toMatch(why);
  });

  test.each<[string, string, string, [string, number, number][]]>([
    ['character references', 'a & b &nbsp; &lt;b&gt; &#65;&quot;', 'a & b &nbsp; <b> A"', []],
    ['4,096 units and their tags', `<b>${'x'.repeat(4096)}</b>`, 'x'.repeat(4096), [['bold', 0, 4096]]],
    [
      'tags in tags',
      '<b>1 <i>2</i></b>',
      '1 2',
      [
        ['bold', 0, 3],
        ['italic', 2, 1],
      ],
    ],
    ['an emoji in front', '🙂<code>x</code>', '🙂x', [['code', 2, 1]]],
    ['code of a language', '<pre><code class="language-ts">let a</code></pre>', 'let a', [['pre', 0, 5]]],
    ['a link', '<a href="https://a.test/?b&amp;c">x</a>', 'x', [['text_link', 0, 1]]],
    ['a link to nowhere', '<a href="javascript:x">x</a>', 'x', []],
    ['an expandable quote', '<blockquote expandable>q</blockquote>', 'q', [['blockquote', 0, 1]]],
    ['blank space around', '\n\n a <B>b</B>\n\n', 'a b', [['bold', 2, 1]]],
  ])('with %s is shown', async (_name, text, shown, entities) => {
    const { api, ann, twin } = await start();
    await ann.says('hello');
    const sent = await api.sendMessage(7, text, html);
    expect(twin.shown(ann)).toEqual([shown]);
    expect((sent.entities ?? []).map(({ type, offset, length }) => [type, offset, length])).toEqual(entities);
  });

  it('is taken as it is without a parse mode, and may not be empty', async () => {
    const { api, ann, twin } = await start();
    await ann.says('hello');
    await api.sendMessage(7, 'a < b & <b>');
    expect(twin.shown(ann)).toEqual(['a < b & <b>']);
    expect(await verdict(api.sendMessage(7, ''))).toBe('400 Bad Request: message text is empty');
  });

  it('survives escaping whatever it holds, and nothing makes the parser fail in another way than Telegram does', () => {
    const escaped = (text: string): string =>
      text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => parseHtml(escaped(text)).text === text));
    const pieces = [
      '<b>',
      '</b>',
      '<',
      '>',
      '&',
      '&amp;',
      '/',
      '"',
      "'",
      '=',
      '<a href=',
      '<pre>',
      ' ',
      'x',
      '🙂',
      '</>',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces)), (list) => {
        try {
          const { text, entities } = parseHtml(list.join(''));
          return entities.every(({ offset, length }) => length > 0 && offset + length <= text.length);
        } catch (reason) {
          return reason instanceof Refusal && reason.message.startsWith("Bad Request: can't parse entities: ");
        }
      }),
    );
  });
});

describe('a message of the bot', () => {
  it('is edited only while it is there, is its own and changes', async () => {
    const { api, ann } = await start();
    const hers = await ann.says('hello');
    const { message_id } = await api.sendMessage(7, 'one');
    expect(await verdict(api.editMessageText(7, message_id, 'one'))).toMatch(
      /^400 Bad Request: message is not modified/,
    );
    expect(await verdict(api.editMessageText(7, hers, 'one'))).toBe("400 Bad Request: message can't be edited");
    await api.deleteMessage(7, message_id);
    expect(await verdict(api.editMessageText(7, message_id, 'two'))).toBe('400 Bad Request: message to edit not found');
    expect(await verdict(api.deleteMessage(7, message_id))).toBe('400 Bad Request: message to delete not found');
  });

  it('loses its buttons when it is edited without them', async () => {
    const { api, ann, twin } = await start();
    await ann.says('hello');
    const reply_markup = { inline_keyboard: [[{ text: 'Go', callback_data: 'x' }]] };
    const { message_id } = await api.sendMessage(7, 'one', { reply_markup });
    await api.editMessageText(7, message_id, 'one');
    expect(twin.messages(ann).at(-1)).toMatchObject({ buttons: [], edits: 1 });
    await api.editMessageReplyMarkup(7, message_id, { reply_markup });
    expect(twin.messages(ann).at(-1)?.buttons).toEqual(['Go']);
    expect(await verdict(api.editMessageReplyMarkup(7, message_id, { reply_markup }))).toMatch(/not modified/);
  });

  test.each([
    [64, 'é'.repeat(32), 'ok'],
    [66, 'é'.repeat(33), '400 Bad Request: BUTTON_DATA_INVALID'],
    [0, '', '400 Bad Request: BUTTON_DATA_INVALID'],
  ])('has buttons of 1 to 64 bytes of data: %i', async (_bytes, callback_data, expected) => {
    const { api, ann } = await start();
    await ann.says('hello');
    const reply_markup = { inline_keyboard: [[{ text: 'Go', callback_data }]] };
    expect(await verdict(api.sendMessage(7, 'x', { reply_markup }))).toBe(expected);
  });

  it('answers only what is there, unless it may do without', async () => {
    const { api, ann, twin } = await start();
    const id = await ann.says('hello');
    const sent = await api.sendMessage(7, 'x', { reply_parameters: { message_id: id } });
    expect(sent.reply_to_message).toMatchObject({ message_id: id, text: 'hello' });
    const gone = { message_id: 4711 };
    expect(await verdict(api.sendMessage(7, 'y', { reply_parameters: gone }))).toBe(
      '400 Bad Request: message to be replied not found',
    );
    await api.sendMessage(7, 'z', { reply_parameters: { ...gone, allow_sending_without_reply: true } });
    expect(twin.messages(ann).map(({ replyTo }) => replyTo)).toEqual([undefined, id, undefined]);
  });

  it('reacts with one emoji of the list', async () => {
    const { api, ann, twin } = await start();
    const id = await ann.says('hello');
    const react = (...list: string[]) =>
      verdict(
        api.setMessageReaction(
          7,
          id,
          list.map((emoji) => ({ type: 'emoji', emoji: emoji as '👀' })),
        ),
      );
    expect(await react('👀')).toBe('ok');
    expect(twin.messages(ann)[0]?.reaction).toBe('👀');
    expect(await react('✅')).toBe('400 Bad Request: REACTION_INVALID');
    expect(await react('👀', '👌')).toBe('400 Bad Request: REACTIONS_TOO_MANY');
    expect(await react()).toBe('ok');
    expect(twin.messages(ann)[0]?.reaction).toBeUndefined();
  });
});

describe('files', () => {
  it('go up with a caption and come down again', async () => {
    const { api, ann, twin } = await start();
    await ann.says('hello');
    const data = Buffer.from('# Result\r\n--twin\r\n\u00e9');
    const sent = await api.sendDocument(7, new InputFile(data, 'my result.md'), { caption: '<b>done</b>', ...html });
    expect(sent).toMatchObject({ caption: 'done', document: { file_name: 'my result.md', file_size: data.length } });
    expect(Buffer.from(twin.messages(ann).at(-1)?.file?.data ?? [])).toEqual(data);
    const { file_path } = await api.getFile(sent.document.file_id);
    const download = await fetch(`${twin.url}/file/bot${twin.token}/${file_path}`);
    expect(Buffer.from(await download.arrayBuffer())).toEqual(data);
    expect((await fetch(`${twin.url}/file/bot${twin.token}/none`)).status).toBe(404);
    expect(await verdict(api.sendDocument(7, new InputFile(data, 'a'), { caption: 'x'.repeat(1025) }))).toMatch(
      /caption is too long$/,
    );
  });

  it('of people come as albums, with sizes, and only up to 20 MB', async () => {
    const { api, ann, updates } = await start();
    await ann.says('two pictures', { photo: { data: 'png' }, album: 'a' });
    await ann.says('', { photo: { data: 'png' }, album: 'a' });
    await ann.says('', { document: { name: 'big.zip', type: 'application/zip', size: 21 * 1024 * 1024 } });
    await ann.says('', { sticker: {} });
    await ann.says('', { holds: 'location' });
    const messages = messagesIn(await updates());
    expect(messages.map((message) => message.media_group_id)).toEqual(['a', 'a', undefined, undefined, undefined]);
    expect(messages[0]).toMatchObject({ caption: 'two pictures', photo: [{}, { file_size: 3 }] });
    expect(messages[2]?.document).toMatchObject({ file_name: 'big.zip', mime_type: 'application/zip' });
    expect(messages.slice(3)).toMatchObject([{ sticker: { emoji: '👍' } }, { location: {} }]);
    expect(await verdict(api.getFile(messages[2]?.document?.file_id ?? ''))).toBe('400 Bad Request: file is too big');
  });
});

describe('a group', () => {
  it('lets the bot hear what speaks to it, and all once privacy is off or it is administrator', async () => {
    const { twin, api, ann, updates } = await start({ botName: 'our_bot' });
    const team = twin.group(-100200, { title: 'Team', members: [ann] });
    const { message_id } = await api.sendMessage(team.id, 'here I am');
    await ann.says('nobody hears this', { in: team });
    await ann.says('/list', { in: team });
    await ann.says('/list@Our_Bot', { in: team });
    await ann.says('/list@other_bot', { in: team });
    await ann.says('well @our_bot?', { in: team });
    await ann.says('good', { in: team, mention: true });
    await ann.says('indeed', { in: team, replyTo: message_id });
    const heard = async () => messagesIn(await updates()).map(({ text }) => text);
    expect(await heard()).toEqual(['/list', '/list@Our_Bot', 'well @our_bot?', '@our_bot good', 'indeed']);
    await api.getUpdates({ offset: -1 });
    twin.privacy(false);
    await ann.says('now', { in: team });
    twin.privacy(true);
    team.promotesBot({ can_delete_messages: true });
    await ann.says('and now', { in: team });
    expect(await heard()).toEqual(expect.arrayContaining(['now', 'and now']));
  });

  it('names the senders that are no people', async () => {
    const { twin, ann, updates } = await start({ privacy: false });
    const robot = twin.person(9, 'Robot', { is_bot: true });
    const team = twin.group(-100200, { title: 'Team', members: [ann, robot] });
    const news = twin.group(-100300, { title: 'News', type: 'channel', botRights: { can_post_messages: true } });
    await ann.says('as us all', { in: team, anonymous: true });
    await ann.says('as the news', { in: team, as: news });
    await robot.says('beep', { in: team });
    await ann.says('post', { in: news });
    expect((await updates()).map(({ message, channel_post }) => message ?? channel_post)).toMatchObject([
      { from: { id: 1087968824, is_bot: true }, sender_chat: { id: -100200 } },
      { from: { is_bot: true }, sender_chat: { id: -100300 } },
      { from: { id: 9, is_bot: true } },
      { sender_chat: { id: -100300 }, text: 'post' },
    ]);
  });

  it('throws the bot out, takes it back, and moves', async () => {
    const { twin, api, ann, updates } = await start();
    const team = twin.group(-200, { type: 'group', members: [ann] });
    team.removesBot();
    expect(await verdict(api.sendMessage(-200, 'x'))).toBe('403 Forbidden: bot was kicked from the group chat');
    team.addsBot();
    expect(await verdict(api.sendMessage(-200, 'x'))).toBe('ok');
    const grown = team.upgrades(-100200);
    const moved = await api.sendMessage(-200, 'x').catch((error: unknown) => error);
    expect(moved).toMatchObject({ error_code: 400, parameters: { migrate_to_chat_id: -100200 } });
    await api.sendMessage(-100200, 'y');
    expect(twin.shown(grown)).toEqual(['y']);
    expect(messagesIn(await updates()).slice(-2)).toMatchObject([
      { chat: { id: -200 }, migrate_to_chat_id: -100200 },
      { chat: { id: -100200 }, migrate_from_chat_id: -200 },
    ]);
  });
});

describe('a forum', () => {
  it('refuses threads that are no topics', async () => {
    const { twin, api, ann } = await start({ privacy: false });
    const team = twin.group(-100200, { forum: true, members: [ann] });
    const id = await ann.says('in General', { in: team });
    const send = (message_thread_id?: number) =>
      verdict(api.sendMessage(team.id, 'x', message_thread_id === undefined ? {} : { message_thread_id }));
    const none = '400 Bad Request: message thread not found';
    expect([await send(), await send(1), await send(id), await send(4711)]).toEqual(['ok', none, none, none]);
    expect(await verdict(api.sendChatAction(team.id, 'typing', { message_thread_id: 1 }))).toBe('ok');
    expect(await verdict(api.sendChatAction(team.id, 'typing', { message_thread_id: id }))).toBe(none);
  });

  it('marks topics, and gives reply chains in General an id that is none', async () => {
    const { twin, ann, updates } = await start({ privacy: false });
    const team = twin.group(-100200, { forum: true, members: [ann] });
    const topic = team.topic('Plans');
    await ann.says('plain', { in: team, topic });
    const root = await ann.says('in General', { in: team });
    const answer = await ann.says('an answer', { in: team, replyTo: root });
    await ann.says('and one more', { in: team, replyTo: answer });
    const [made, plain, general, first, second] = messagesIn(await updates());
    expect(made).toMatchObject({ message_id: topic.id, forum_topic_created: { name: 'Plans' } });
    expect(plain).toMatchObject({ is_topic_message: true, message_thread_id: topic.id });
    expect(plain?.reply_to_message).toMatchObject({ message_id: topic.id, forum_topic_created: { name: 'Plans' } });
    expect(general).not.toHaveProperty('message_thread_id');
    for (const chained of [first, second]) {
      expect(chained).toMatchObject({ message_thread_id: root });
      expect(chained).not.toHaveProperty('is_topic_message');
    }
  });

  it('makes all that is said in a topic of the bot look like an answer to the bot', async () => {
    const { twin, api, ann, updates } = await start();
    const team = twin.group(-100200, { forum: true, members: [ann], botRights: { can_manage_topics: true } });
    const { message_thread_id } = await api.createForumTopic(team.id, 'Run');
    await ann.says('plain', { in: team, topic: message_thread_id });
    const [plain] = messagesIn(await updates());
    const made = { message_id: message_thread_id, from: { id: twin.bot.id }, forum_topic_created: { name: 'Run' } };
    expect(plain).toMatchObject({ text: 'plain', message_thread_id, reply_to_message: made });
  });

  it('lets the bot make topics with the right to, and write where they are open', async () => {
    const { twin, api, ann } = await start();
    const team = twin.group(-100200, { forum: true, members: [ann] });
    expect(await verdict(api.createForumTopic(team.id, 'Run'))).toBe(
      '400 Bad Request: not enough rights to create a topic',
    );
    const theirs = team.topic('Theirs');
    team.closesTopic(theirs);
    const send = (message_thread_id: number) => verdict(api.sendMessage(team.id, 'x', { message_thread_id }));
    expect(await send(theirs.id)).toBe('400 Bad Request: TOPIC_CLOSED');
    team.closesGeneral();
    expect(await verdict(api.sendMessage(team.id, 'x'))).toBe('400 Bad Request: TOPIC_CLOSED');
    team.promotesBot({ can_manage_topics: true });
    expect(await verdict(api.sendMessage(team.id, 'x'))).toBe('ok');
    expect(await send(theirs.id)).toBe('ok');
    const { message_thread_id } = await api.createForumTopic(team.id, 'Run');
    await api.editForumTopic(team.id, message_thread_id, { name: 'Run 1' });
    expect(team.topics.map(({ name }) => name)).toEqual(['Theirs', 'Run 1']);
    expect(await send(message_thread_id)).toBe('ok');
    expect(twin.shown(team, message_thread_id)).toEqual(['x']);
    team.deletesTopic(message_thread_id);
    expect(await send(message_thread_id)).toBe('400 Bad Request: TOPIC_DELETED');
    expect(await verdict(api.createForumTopic(team.id, 'x'.repeat(129)))).toMatch(/^400/);
    expect(await verdict(api.createForumTopic(twin.group(-100300).id, 'Run'))).toBe(
      '400 Bad Request: the chat is not a forum',
    );
  });

  it('is also a private chat, where the bot has topics there: what was for a deleted one lands in the chat', async () => {
    const { twin, api, ann } = await start({ topicsInDms: true });
    const topic = ann.topic('Plans');
    const to = { message_thread_id: topic.id };
    expect(await api.sendMessage(7, 'x', to)).toMatchObject({ is_topic_message: true, message_thread_id: topic.id });
    await api.deleteForumTopic(7, topic.id);
    expect(await api.sendMessage(7, 'y', to)).not.toHaveProperty('message_thread_id');
    expect(twin.shown(ann)).toEqual(['y']);
  });
});

describe('menus', () => {
  it('follow the rules for commands and show the narrowest scope', async () => {
    const { twin, api, ann } = await start();
    const team = twin.group(-100200, { members: [ann] });
    const set = (command: string, description = 'd') => verdict(api.setMyCommands([{ command, description }]));
    expect(await set('max-age')).toBe('400 Bad Request: BOT_COMMAND_INVALID');
    expect(await set('Help')).toBe('400 Bad Request: BOT_COMMAND_INVALID');
    expect(await set('help', '')).toMatch(/^400/);
    expect(await set('help', 'x'.repeat(257))).toBe('400 Bad Request: BOT_COMMAND_DESCRIPTION_INVALID');
    const many = Array.from({ length: 101 }, (_, index) => ({ command: `c${index}`, description: 'd' }));
    expect(await verdict(api.setMyCommands(many))).toBe('400 Bad Request: BOT_COMMANDS_TOO_MUCH');
    await api.setMyCommands([{ command: 'help', description: 'd' }]);
    await api.setMyCommands([{ command: 'kill', description: 'd' }], { scope: { type: 'all_group_chats' } });
    const names = (place?: { id: number }) => twin.menu(ann, place).map(({ command }) => command);
    expect([names(), names(team)]).toEqual([['help'], ['kill']]);
    await api.deleteMyCommands({ scope: { type: 'all_group_chats' } });
    expect(names(team)).toEqual(['help']);
    expect(await api.getMyCommands()).toHaveLength(1);
  });
});
