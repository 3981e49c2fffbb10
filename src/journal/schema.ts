/**
 * The journal's tables, one entry a version: PRAGMA user_version counts how many were applied. An entry that was
 * released is never edited; a change is a new entry.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE episodes (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    starts_at TEXT NOT NULL,
    alert TEXT NOT NULL,
    container_id TEXT NOT NULL,
    name TEXT NOT NULL,
    playbook TEXT NOT NULL,
    tier TEXT NOT NULL,
    resource TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    deliveries INTEGER NOT NULL DEFAULT 1,
    resolved_at INTEGER,
    UNIQUE (fingerprint, starts_at)
  ) STRICT;
  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    episode_id INTEGER NOT NULL REFERENCES episodes (id),
    container_id TEXT NOT NULL,
    name TEXT NOT NULL,
    playbook TEXT NOT NULL,
    tier TEXT NOT NULL,
    resource TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done')),
    outcome TEXT,
    reason TEXT,
    detail TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    before TEXT,
    after TEXT
  ) STRICT;
  CREATE INDEX runs_episode ON runs (episode_id);
  CREATE INDEX runs_state ON runs (state) WHERE state <> 'done';
  CREATE INDEX runs_name ON runs (name, created_at);
  CREATE TABLE steps (
    id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES runs (id),
    action TEXT NOT NULL,
    outcome TEXT,
    reason TEXT,
    detail TEXT,
    plan TEXT,
    before TEXT,
    after TEXT,
    started_at INTEGER NOT NULL,
    ended_at INTEGER
  ) STRICT;
  CREATE INDEX steps_run ON steps (run_id);
  CREATE TABLE effects (
    id INTEGER PRIMARY KEY,
    step_id INTEGER NOT NULL REFERENCES steps (id),
    kind TEXT NOT NULL CHECK (kind IN ('signal', 'stop', 'start')),
    pid INTEGER,
    start_ticks INTEGER,
    command TEXT,
    signal TEXT,
    life TEXT,
    intent_at INTEGER NOT NULL,
    result_at INTEGER,
    result TEXT
  ) STRICT;
  CREATE INDEX effects_step ON effects (step_id);
  `,
]
