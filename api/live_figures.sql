-- How all stands at this moment. What is open, waits or is late is little, and has indexes of its own.

-- name: open_by_severity
-- Without a severity it was a button, a telephone or a call.
SELECT coalesce(severity, 'trouble') AS severity, count(*) AS open,
       count(*) FILTER (WHERE taken_by IS NULL AND state -> 'tasks' <> '[]') AS untaken,
       min(opened_at) FILTER (WHERE taken_by IS NULL AND state -> 'tasks' <> '[]') AS oldest_untaken_at,
       count(*) FILTER (WHERE state -> 'waiting' <> '[]') AS waiting
FROM incidents WHERE phase <> 'closed' GROUP BY 1;

-- name: oldest_untaken
SELECT id FROM incidents
WHERE phase <> 'closed' AND taken_by IS NULL AND state -> 'tasks' <> '[]' ORDER BY opened_at LIMIT 1;

-- name: standing_alarms
SELECT name, since, many, words FROM alarms ORDER BY since;

-- name: signs_of_life
SELECT (SELECT ran_at FROM audits) AS audited_at,
       (SELECT count(*) FROM timers WHERE due_at <= (SELECT clock_timestamp() - interval '1 second')) AS timers_overdue,
       (SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending', 'unknown')) AS outbox_waiting,
       (SELECT count(*) FROM event_queue) AS events_waiting;

-- name: connected
-- A program whose database connections are gone is gone itself, or cut off.
SELECT application_name AS name, count(*) AS connections FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'cbutton%%' GROUP BY 1 ORDER BY 1;
