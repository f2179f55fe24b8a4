-- name: try_auditing
SELECT pg_try_advisory_lock(hashtextextended('auditor', 0)) AS locked;

-- name: stop_auditing
SELECT pg_advisory_unlock(hashtextextended('auditor', 0));

-- name: audited_lately
SELECT 1 FROM audits WHERE ran_at > clock_timestamp() - %(every)s::interval;

-- name: suspects
-- Incidents that nothing may come of any more, with what could still happen to each: open ones, and closed ones on
-- whose scene a unit of ours still works.
WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS at),
suspects AS (
    (SELECT i.id FROM incidents i
     WHERE i.phase <> 'closed' AND i.taken_by IS NULL AND i.opened_at < (SELECT at FROM clock) - interval '5 seconds'
       AND NOT EXISTS (SELECT FROM timers t WHERE t.incident_id = i.id)
     LIMIT %(most)s)
    UNION
    (SELECT i.id FROM incidents i
     WHERE i.phase <> 'closed' AND i.opened_at < (SELECT at FROM clock) - interval '5 seconds'
       AND CASE WHEN i.taken_by IS NULL THEN i.state -> 'tasks' <> '[]' ELSE i.state -> 'tasks' ? 'take' END
       AND NOT EXISTS (SELECT FROM timers t WHERE t.incident_id = i.id AND t.name = 'remind')
     LIMIT %(most)s)
    UNION
    (SELECT d.incident_id FROM dispatches d JOIN incidents i ON i.id = d.incident_id
     WHERE d.state IN ('on_scene', 'secured') AND d.unit_id IS NOT NULL
       AND i.phase = 'closed' AND i.closed_at < (SELECT at FROM clock) - interval '5 seconds'
       AND NOT EXISTS (SELECT FROM timers t WHERE t.incident_id = i.id AND t.name LIKE 'safe:%%')
     LIMIT %(most)s)
    UNION
    (SELECT incident_id FROM timers WHERE due_at < (SELECT at FROM clock) - %(stuck)s::interval LIMIT %(most)s)
)
SELECT i.id, i.phase, i.taken_by, i.state -> 'tasks' AS tasks,
       EXISTS (SELECT FROM timers t WHERE t.incident_id = i.id AND t.due_at >= clock.at - %(stuck)s::interval) AS timer,
       EXISTS (SELECT FROM timers t WHERE t.incident_id = i.id AND t.due_at < clock.at - %(stuck)s::interval) AS stuck,
       EXISTS (SELECT FROM timers t WHERE t.incident_id = i.id AND t.name = 'remind'
               AND t.due_at >= clock.at - %(stuck)s::interval) AS reminder,
       EXISTS (SELECT FROM calls c WHERE c.incident_id = i.id AND c.state <> 'ended') AS call,
       i.id IN (SELECT incident_id FROM outbox WHERE state IN ('pending', 'sending', 'unknown')
                AND incident_id IS NOT NULL) AS effect,
       EXISTS (SELECT FROM incident_events e WHERE e.incident_id = i.id AND e.kind = 'auditor_alarm'
               AND e.at > clock.at - interval '10 minutes') AS told
FROM suspects JOIN incidents i USING (id), clock;

-- name: figures
SELECT clock_timestamp() AS at,
       (SELECT count(*) FROM outbox WHERE state IN ('sending', 'unknown')
        AND lease_until < (SELECT clock_timestamp()) - %(stuck)s::interval) AS leases,
       (SELECT count(*) FROM outbox WHERE state = 'pending' AND kind NOT IN ('call', 'command')
        AND due_at < (SELECT clock_timestamp() - interval '2 minutes')) AS effects,
       (SELECT count(*) FROM outbox o JOIN device_presence p ON p.device_id = o.device_id AND p.online
        WHERE o.kind = 'command' AND o.state = 'expired' AND o.attempts >= 3
          AND o.expires_at BETWEEN (SELECT clock_timestamp() - interval '10 minutes') AND (SELECT clock_timestamp())
       ) AS commands;

-- name: plans
SELECT version, toml FROM escalation_plans WHERE version <> ALL (%(read)s::integer[]);

-- name: use_of_plan
SELECT (SELECT count(*) FROM incidents WHERE phase <> 'closed' AND plan_version = %(version)s) AS many,
       (SELECT version FROM escalation_plans ORDER BY activated_at DESC, version DESC LIMIT 1) = %(version)s AS active;

-- name: raise_alarm
INSERT INTO alarms (name, many, words) VALUES (%(name)s, %(many)s, %(words)s)
ON CONFLICT (name) DO UPDATE SET seen_at = clock_timestamp(), many = excluded.many, words = excluded.words
RETURNING xmax = 0 AS new;

-- name: end_alarms
DELETE FROM alarms WHERE seen_at < clock_timestamp() - %(keep)s::interval RETURNING name;

-- name: note_audit
INSERT INTO audits (ran_at, forgotten) VALUES (clock_timestamp(), %(forgotten)s)
ON CONFLICT (only_row) DO UPDATE SET ran_at = excluded.ran_at, forgotten = audits.forgotten + excluded.forgotten;

-- name: timers_late
-- How long the oldest timer is overdue that the auditor has not brought to the operators yet.
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - t.due_at)), 0)::float8 AS seconds FROM (
    SELECT t.due_at FROM timers t
    WHERE t.due_at < (SELECT clock_timestamp()) AND NOT EXISTS (
        SELECT FROM incident_events e WHERE e.incident_id = t.incident_id AND e.kind = 'auditor_alarm'
        AND e.at > (SELECT clock_timestamp() - interval '15 minutes'))
    ORDER BY t.due_at LIMIT 1
) t;

-- name: audit_age
SELECT extract(epoch FROM clock_timestamp() - ran_at)::float8 AS seconds FROM audits;
