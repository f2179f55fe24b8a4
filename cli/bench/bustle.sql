-- name: spread_timers
-- What is open already stays quiet by itself: the next hours hold it.
UPDATE timers SET due_at = clock_timestamp() + (1 + random()) * interval '1 hour';

-- name: begin_over_the_day
-- As a busy day left them: opened at any moment of the last hours.
UPDATE incidents SET opened_at = opened_at - random() * interval '6 hours';

-- name: let_steps_come_due
UPDATE timers SET due_at = clock_timestamp()
WHERE (incident_id, name) IN (
    SELECT incident_id, name FROM timers WHERE name LIKE 'step:%%' AND due_at > clock_timestamp() + interval '30 minutes'
    ORDER BY random() LIMIT %(many)s);

-- name: open_ids
SELECT id FROM incidents WHERE phase <> 'closed';

-- name: some_call
SELECT id, state FROM calls WHERE state IN ('waiting', 'sending', 'placed', 'ringing', 'answered')
ORDER BY state <> 'waiting' DESC, random() LIMIT 1;

-- name: streamed
SELECT count(*) AS many FROM event_stream;

-- name: somebody_waits
SELECT id FROM incidents WHERE phase <> 'closed' AND state -> 'waiting' <> '[]' ORDER BY opened_at LIMIT 1;
