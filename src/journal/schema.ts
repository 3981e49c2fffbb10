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
  `
  ALTER TABLE runs ADD COLUMN admitted_at INTEGER;
  ALTER TABLE runs ADD COLUMN origin TEXT NOT NULL DEFAULT 'alert' CHECK (origin IN ('alert', 'person'));
  ALTER TABLE runs ADD COLUMN dry_run INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX runs_admitted ON runs (admitted_at) WHERE admitted_at IS NOT NULL;
  CREATE INDEX runs_created ON runs (created_at);
  CREATE TABLE stops (
    what TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE releases (
    name TEXT PRIMARY KEY,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE tallies (
    family TEXT NOT NULL,
    a TEXT NOT NULL,
    b TEXT NOT NULL,
    c TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (family, a, b, c)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO tallies SELECT 'runs', playbook, outcome, reason, count(*) FROM runs
    WHERE outcome IS NOT NULL AND reason IS NOT NULL GROUP BY 2, 3, 4;
  INSERT INTO tallies SELECT 'actions', action, outcome, '', count(*) FROM steps WHERE outcome IS NOT NULL GROUP BY 2, 3;
  INSERT INTO tallies SELECT 'signals', signal, '', '', count(*) FROM effects
    WHERE signal IS NOT NULL AND result = 'sent' GROUP BY 2;
  CREATE TRIGGER tally_runs AFTER UPDATE OF outcome ON runs WHEN NEW.outcome IS NOT NULL AND OLD.outcome IS NULL BEGIN
    INSERT INTO tallies VALUES ('runs', NEW.playbook, NEW.outcome, NEW.reason, 1)
      ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER tally_actions AFTER UPDATE OF outcome ON steps WHEN OLD.outcome IS NULL BEGIN
    INSERT INTO tallies VALUES ('actions', NEW.action, NEW.outcome, '', 1)
      ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER tally_signals AFTER UPDATE OF result ON effects
    WHEN NEW.signal IS NOT NULL AND NEW.result = 'sent' AND OLD.result IS NULL BEGIN
    INSERT INTO tallies VALUES ('signals', NEW.signal, '', '', 1)
      ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  `,
  `
  CREATE TABLE incidents (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    container_id TEXT NOT NULL,
    alert TEXT NOT NULL,
    resource TEXT NOT NULL,
    tier TEXT NOT NULL,
    labels TEXT NOT NULL,
    level INTEGER NOT NULL,
    peaks TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    acted_at INTEGER,
    manual_at INTEGER,
    manual_reason TEXT,
    recovered_at INTEGER,
    resolution TEXT
  ) STRICT;
  CREATE UNIQUE INDEX incidents_open ON incidents (name) WHERE recovered_at IS NULL;
  CREATE INDEX incidents_opened ON incidents (opened_at);
  CREATE TABLE notices (
    id INTEGER PRIMARY KEY,
    incident_id INTEGER NOT NULL REFERENCES incidents (id),
    level INTEGER NOT NULL,
    acted INTEGER NOT NULL,
    since INTEGER NOT NULL,
    UNIQUE (incident_id, level, acted)
  ) STRICT;
  CREATE TABLE deliveries (
    notice_id INTEGER NOT NULL REFERENCES notices (id),
    url TEXT NOT NULL,
    fired_at INTEGER,
    repeated_at INTEGER,
    resolved_at INTEGER,
    PRIMARY KEY (notice_id, url)
  ) STRICT, WITHOUT ROWID;
  ALTER TABLE runs ADD COLUMN incident_id INTEGER REFERENCES incidents (id);
  ALTER TABLE runs ADD COLUMN aim TEXT;
  ALTER TABLE runs ADD COLUMN escalates TEXT;
  CREATE TABLE effects_of_more_kinds (
    id INTEGER PRIMARY KEY,
    step_id INTEGER NOT NULL REFERENCES steps (id),
    kind TEXT NOT NULL CHECK (kind IN ('signal', 'stop', 'start', 'clamp', 'unclamp')),
    pid INTEGER,
    start_ticks INTEGER,
    command TEXT,
    signal TEXT,
    life TEXT,
    pids_limit INTEGER,
    pids_limit_before INTEGER,
    intent_at INTEGER NOT NULL,
    result_at INTEGER,
    result TEXT
  ) STRICT;
  INSERT INTO effects_of_more_kinds
    SELECT id, step_id, kind, pid, start_ticks, command, signal, life, NULL, NULL, intent_at, result_at, result FROM effects;
  DROP TABLE effects;
  ALTER TABLE effects_of_more_kinds RENAME TO effects;
  CREATE INDEX effects_step ON effects (step_id);
  CREATE INDEX effects_lasting ON effects (kind) WHERE kind IN ('stop', 'clamp');
  CREATE TRIGGER tally_signals AFTER UPDATE OF result ON effects
    WHEN NEW.signal IS NOT NULL AND NEW.result = 'sent' AND OLD.result IS NULL BEGIN
    INSERT INTO tallies VALUES ('signals', NEW.signal, '', '', 1)
      ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE INDEX runs_incident ON runs (incident_id) WHERE incident_id IS NOT NULL;
  CREATE TRIGGER tally_run_seconds AFTER UPDATE OF outcome ON runs
    WHEN NEW.outcome <> 'interrupted' AND OLD.outcome IS NULL AND NEW.started_at IS NOT NULL BEGIN
    INSERT INTO tallies SELECT 'run_seconds', NEW.playbook, le.column1, '', NEW.ended_at - NEW.started_at <= le.column1 * 1000
      FROM (VALUES (1), (2), (5), (10), (20), (30), (60), (120), (300), (600)) AS le WHERE true
      ON CONFLICT DO UPDATE SET count = count + excluded.count;
    INSERT INTO tallies VALUES ('run_milliseconds', NEW.playbook, 'sum', '', max(0, NEW.ended_at - NEW.started_at))
      ON CONFLICT DO UPDATE SET count = count + excluded.count;
    INSERT INTO tallies VALUES ('run_milliseconds', NEW.playbook, 'count', '', 1)
      ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  `,
  `
  CREATE TABLE effects_of_any_kind (
    id INTEGER PRIMARY KEY,
    step_id INTEGER NOT NULL REFERENCES steps (id),
    container_id TEXT,
    kind TEXT NOT NULL,
    pid INTEGER,
    start_ticks INTEGER,
    command TEXT,
    signal TEXT,
    life TEXT,
    object TEXT,
    limits TEXT,
    limits_before TEXT,
    until INTEGER,
    details TEXT,
    intent_at INTEGER NOT NULL,
    result_at INTEGER,
    result TEXT
  ) STRICT;
  INSERT INTO effects_of_any_kind
    SELECT id, step_id, NULL, kind, pid, start_ticks, command, signal, life, NULL,
      CASE WHEN pids_limit IS NULL THEN NULL ELSE json_object('pids', pids_limit) END,
      CASE WHEN pids_limit_before IS NULL THEN NULL ELSE json_object('pids', pids_limit_before) END,
      NULL, NULL, intent_at, result_at, result FROM effects;
  DROP TABLE effects;
  ALTER TABLE effects_of_any_kind RENAME TO effects;
  CREATE INDEX effects_step ON effects (step_id);
  CREATE INDEX effects_lasting ON effects (kind) WHERE kind IN ('stop', 'clamp', 'cap', 'pause');
  CREATE TRIGGER tally_signals AFTER UPDATE OF result ON effects
    WHEN NEW.signal IS NOT NULL AND NEW.result = 'sent' AND OLD.result IS NULL BEGIN
    INSERT INTO tallies VALUES ('signals', NEW.signal, '', '', 1)
      ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE TABLE session_memories (
    container_id TEXT PRIMARY KEY,
    life TEXT NOT NULL,
    memory TEXT NOT NULL,
    written_at INTEGER NOT NULL
  ) STRICT;
  `,
  `
  CREATE INDEX effects_renames ON effects (step_id) WHERE kind = 'rename';
  `,
  `
  CREATE INDEX effects_strays ON effects (id) WHERE kind = 'stray' AND result IS NULL;
  `,
  `
  CREATE TABLE oom_counts (
    name TEXT PRIMARY KEY,
    life TEXT NOT NULL,
    before INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    told INTEGER NOT NULL,
    since INTEGER,
    written_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX oom_counts_written ON oom_counts (written_at);
  `,
]
