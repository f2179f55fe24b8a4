-- What a transaction leaves behind, many rows in one statement; all rows come as one JSON array.

-- name: clear_timers
DELETE FROM timers t USING json_to_recordset(%(rows)s::json) AS r (incident_id uuid, prefix text)
WHERE t.incident_id = r.incident_id AND starts_with(t.name, r.prefix);

-- name: set_timers
INSERT INTO timers (incident_id, name, generation, due_at)
SELECT incident_id, name, generation, due_at
FROM json_to_recordset(%(rows)s::json) AS r (incident_id uuid, name text, generation integer, due_at timestamptz)
ON CONFLICT (incident_id, name) DO UPDATE SET generation = excluded.generation, due_at = excluded.due_at;

-- name: save_states
UPDATE incidents i
SET phase = r.phase, road = r.road, severity = r.severity, answer = r.answer, outcome = r.outcome,
    taken_by = r.taken_by, generation = r.generation, state = r.state, merged_into = r.merged_into,
    closed_at = CASE WHEN r.phase = 'closed' THEN coalesce(i.closed_at, r.at) END
FROM json_to_recordset(%(rows)s::json) AS r (id uuid, at timestamptz, phase text, road text, severity text, answer text,
                                             outcome text, taken_by text, generation integer, state jsonb,
                                             merged_into uuid)
WHERE i.id = r.id;

-- name: insert_calls
INSERT INTO calls (id, incident_id, party, attempt, number, language)
SELECT id, incident_id, party, attempt, number, language
FROM json_to_recordset(%(rows)s::json) AS r (id uuid, incident_id uuid, party text, attempt integer, number text,
                                             language text);

-- name: insert_messages
INSERT INTO messages (id, incident_id, party, channel, template, language, number, email, subject, body)
SELECT id, incident_id, party, channel, template, language, number, email, subject, body
FROM json_to_recordset(%(rows)s::json) AS r (id uuid, incident_id uuid, party text, channel text, template text,
                                             language text, number text, email text, subject text, body text);

-- name: insert_effects
INSERT INTO outbox (id, incident_id, kind, device_id, payload, priority, due_at, expires_at)
SELECT id, incident_id, kind, device_id, payload, priority, due_at, expires_at
FROM json_to_recordset(%(rows)s::json) AS r (id uuid, incident_id uuid, kind text, device_id text, payload jsonb,
                                             priority smallint, due_at timestamptz, expires_at timestamptz)
ON CONFLICT (id) DO NOTHING;

-- name: insert_events
-- In the order in which it happened: the record is read by its ids.
INSERT INTO incident_events (incident_id, at, actor, kind, data)
SELECT incident_id, at, actor, kind, data
FROM ROWS FROM (json_to_recordset(%(rows)s::json) AS (incident_id uuid, at timestamptz, actor text, kind text, data jsonb))
     WITH ORDINALITY AS r (incident_id, at, actor, kind, data, place)
ORDER BY place;
