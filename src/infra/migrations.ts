// The schema of the SQLite file, one entry per version, never edited once released. Run by database.ts.

export const migrations: readonly string[] = [
  `
  CREATE TABLE keyv (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    expires INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX keyv_expiry ON keyv (expires) WHERE expires IS NOT NULL;

  -- Every accepted message, before anything acts on it. The row number is the ticket that orders a session.
  CREATE TABLE inbox (
    ticket INTEGER PRIMARY KEY AUTOINCREMENT,
    dedupe TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,            -- accepted | done | dropped
    reason TEXT,                    -- why dropped, or how it ended
    session TEXT,                   -- set once routed
    message TEXT NOT NULL,          -- JSON: a channel's message, or one put in by a command or agent
    at INTEGER NOT NULL,
    done_at INTEGER
  );
  CREATE INDEX inbox_open ON inbox (ticket) WHERE state = 'accepted';
  CREATE INDEX inbox_done ON inbox (done_at) WHERE done_at IS NOT NULL;

  CREATE TABLE runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    spawn_key TEXT NOT NULL UNIQUE, -- requester turn + tool-call id: the same call is the same run
    tree TEXT NOT NULL,
    turn TEXT NOT NULL,             -- requester turn that asked
    requester TEXT NOT NULL,
    scope TEXT NOT NULL,            -- session at the top: the requester, or that of the run the requester belongs to
    child TEXT NOT NULL,
    parent TEXT,
    label TEXT NOT NULL,            -- in lower case
    status TEXT NOT NULL,
    delivery TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    ended_at INTEGER,
    archive_at INTEGER,
    archived_at INTEGER,
    data TEXT NOT NULL              -- JSON, the whole Run
  );
  CREATE INDEX runs_requester ON runs (requester, seq);
  CREATE INDEX runs_scope ON runs (scope, seq);
  CREATE INDEX runs_label ON runs (scope, label) WHERE archived_at IS NULL;
  CREATE INDEX runs_turn ON runs (turn);
  CREATE INDEX runs_child ON runs (child);
  CREATE INDEX runs_tree ON runs (tree);
  CREATE INDEX runs_parent ON runs (parent) WHERE parent IS NOT NULL;
  CREATE INDEX runs_active ON runs (requester, seq) WHERE status IN ('queued', 'running', 'waiting');
  CREATE INDEX runs_owed ON runs (requester, seq) WHERE delivery IN ('pending', 'handed', 'sending');
  CREATE INDEX runs_undelivered ON runs (seq) WHERE delivery IN ('undelivered', 'ambiguous') AND archived_at IS NULL;
  CREATE INDEX runs_ended ON runs (ended_at) WHERE ended_at IS NOT NULL;
  CREATE INDEX runs_archive ON runs (archive_at) WHERE archive_at IS NOT NULL AND archived_at IS NULL;

  CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,       -- logical key; chunks add :<n>
    account TEXT NOT NULL,          -- channel:account
    place TEXT NOT NULL,            -- route key; order is kept per place
    priority INTEGER NOT NULL,
    state TEXT NOT NULL,            -- pending | sending | delivered | ambiguous | undelivered | skipped
    route TEXT NOT NULL,            -- JSON
    message TEXT NOT NULL,          -- JSON
    chunk INTEGER NOT NULL DEFAULT 0,  -- first chunk not yet delivered
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL,
    message_ids TEXT NOT NULL DEFAULT '[]',
    reason TEXT,
    doubt TEXT,                     -- why it is unknown whether an earlier chunk arrived
    gone TEXT NOT NULL DEFAULT '[]',   -- route keys that refused it
    runs TEXT NOT NULL DEFAULT '[]',   -- run ids whose delivery this is
    session TEXT,
    at INTEGER NOT NULL,
    since INTEGER NOT NULL,         -- start of the time in which it is retried
    ended_at INTEGER
  );
  CREATE INDEX outbox_open ON outbox (place, id) WHERE state IN ('pending', 'sending');
  CREATE INDEX outbox_failed ON outbox (id) WHERE state IN ('ambiguous', 'undelivered');
  CREATE INDEX outbox_runs ON outbox (id) WHERE runs <> '[]';
  CREATE INDEX outbox_ended ON outbox (ended_at) WHERE ended_at IS NOT NULL;

  -- Spending: one row per tree, one per day and agent.
  CREATE TABLE trees (
    id TEXT PRIMARY KEY,
    session TEXT NOT NULL,
    origin TEXT,                    -- JSON route
    started_at INTEGER NOT NULL,
    input INTEGER NOT NULL DEFAULT 0,
    output INTEGER NOT NULL DEFAULT 0,
    cost REAL NOT NULL DEFAULT 0,
    unpriced INTEGER NOT NULL DEFAULT 0,
    seconds REAL NOT NULL DEFAULT 0,
    warned INTEGER NOT NULL DEFAULT 0,
    ended TEXT,                     -- the budget that stopped it
    failures TEXT NOT NULL DEFAULT '{}'
  ) WITHOUT ROWID;
  CREATE INDEX trees_session ON trees (session, started_at);
  CREATE TABLE spending (
    day TEXT NOT NULL,
    agent TEXT NOT NULL,
    input INTEGER NOT NULL,
    output INTEGER NOT NULL,
    cost REAL NOT NULL,
    unpriced INTEGER NOT NULL,
    PRIMARY KEY (day, agent)
  ) WITHOUT ROWID;
  `,
  `
  -- Buttons: what pressing one types. Removed when they expire.
  CREATE TABLE choices (
    id TEXT PRIMARY KEY,            -- unguessable; all that the platform knows
    grp TEXT NOT NULL,              -- the choices of one reply
    place TEXT NOT NULL,            -- route key of the chat it was offered in
    person TEXT,                    -- <channel>:<id> it was offered to; null: the owner alone
    name TEXT,                      -- of that person, for sentences
    command TEXT NOT NULL,
    once INTEGER NOT NULL,
    used_by TEXT,                   -- <channel>:<id> who decided, where one press decides
    at INTEGER NOT NULL,
    expires INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX choices_group ON choices (grp);
  CREATE INDEX choices_expiry ON choices (expires);

  -- Messages spoken by runs, so that quoting one reaches its session.
  CREATE TABLE sent_messages (
    place TEXT NOT NULL,            -- route key of the chat; message ids are unique there
    message_id TEXT NOT NULL,
    session TEXT NOT NULL,
    scope TEXT NOT NULL,            -- session at the top of the run's tree
    at INTEGER NOT NULL,
    PRIMARY KEY (place, message_id)
  ) WITHOUT ROWID;
  CREATE INDEX sent_messages_at ON sent_messages (at);
  `,
  `
  -- A press of it comes with a text, which is typed behind the command.
  ALTER TABLE choices ADD COLUMN asks INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- Choices as a numbered menu, where there are no buttons.
  ALTER TABLE choices ADD COLUMN number INTEGER;       -- picks it; null: a button
  ALTER TABLE choices ADD COLUMN thumb TEXT;           -- yes | no: the reaction that picks it
  ALTER TABLE choices ADD COLUMN alone_until INTEGER;  -- until when a number that quotes nothing picks it
  CREATE INDEX choices_menus ON choices (place, alone_until) WHERE number IS NOT NULL;

  -- Messages that show a menu. Kept longer than what it offers, so that a late answer is explained.
  CREATE TABLE menu_messages (
    place TEXT NOT NULL,            -- route key of the chat
    message_id TEXT NOT NULL,
    grp TEXT NOT NULL,              -- see choices
    key TEXT NOT NULL,              -- of the outgoing message
    part INTEGER NOT NULL,          -- which of its messages
    at INTEGER NOT NULL,
    PRIMARY KEY (place, message_id)
  ) WITHOUT ROWID;
  CREATE INDEX menu_messages_group ON menu_messages (grp, part);
  CREATE INDEX menu_messages_at ON menu_messages (at);
  `,
  `
  -- Credentials and Signal keys of linked devices: whoever has them is the account.
  CREATE TABLE whatsapp_auth (
    account TEXT NOT NULL,          -- name in the config
    key TEXT NOT NULL,              -- creds, creds-before, or <type>:<id>
    value TEXT NOT NULL,
    PRIMARY KEY (account, key)
  ) WITHOUT ROWID;
  `,
  `
  -- Questions of agents whether they may do something. The first end stays; kept for a week after it.
  CREATE TABLE approvals (
    id TEXT NOT NULL UNIQUE,        -- uuid; its message is outgoing message approval:<id>
    code TEXT NOT NULL,             -- what people type
    session TEXT NOT NULL,          -- that asks
    turn TEXT,
    run TEXT,
    asker TEXT NOT NULL,            -- for people
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    preview TEXT NOT NULL,          -- as it was shown
    hash TEXT NOT NULL,             -- of the exact request
    session_offered INTEGER NOT NULL,
    person TEXT,                    -- <channel>:<id> who may answer beside the owner
    name TEXT,                      -- of that person
    route TEXT NOT NULL,            -- JSON: where it was asked
    at INTEGER NOT NULL,
    expires INTEGER,                -- null: never
    how TEXT,                       -- null: open; once | session | deny, or how it ended without an answer
    ended_at INTEGER,
    by_id TEXT,                     -- <channel>:<id> who decided
    by_name TEXT,
    command TEXT                    -- that decided
  );
  CREATE INDEX approvals_open ON approvals (at) WHERE how IS NULL;
  CREATE INDEX approvals_code ON approvals (code);
  CREATE INDEX approvals_request ON approvals (session, hash);
  CREATE INDEX approvals_ended ON approvals (ended_at) WHERE ended_at IS NOT NULL;
  `,
  `
  -- What was sent beside the outbox, and may count against the limits of a platform for two more minutes.
  CREATE TABLE brief_sends (
    route TEXT NOT NULL,            -- JSON
    at INTEGER NOT NULL
  );
  `,
  `
  -- The turn under way in each session. What is here when the process starts was cut off by the end of the last one.
  CREATE TABLE open_turns (
    session TEXT PRIMARY KEY,
    turn TEXT NOT NULL,
    since TEXT NOT NULL,            -- the first of the turns cut off one after another that this one goes on with, or itself
    tries INTEGER NOT NULL,         -- how many turns that makes
    generation INTEGER NOT NULL,    -- start of the process it began in
    tree TEXT NOT NULL,
    items TEXT NOT NULL,            -- JSON: ids of what it began with
    at INTEGER NOT NULL
  ) WITHOUT ROWID;

  -- Sessions that have yielded, until their next turn begins.
  CREATE TABLE sleeps (
    session TEXT PRIMARY KEY,
    sleep TEXT NOT NULL             -- JSON: what for, and until when
  ) WITHOUT ROWID;
  `,
  `
  -- Records that could not be read, whole, until a person has them removed. See set-aside.ts.
  CREATE TABLE set_aside (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,             -- <table> <key>
    reason TEXT NOT NULL,
    record TEXT NOT NULL,           -- JSON: the row, by column
    at INTEGER NOT NULL,
    told INTEGER NOT NULL DEFAULT 0 -- 1: the owner knows
  );
  CREATE INDEX set_aside_name ON set_aside (name);
  CREATE INDEX set_aside_untold ON set_aside (seq) WHERE told = 0;
  `,
];
