-- name: changed_since
-- What others have decided since: not what the machine does, nor what they wrote.
SELECT at, kind, data FROM incident_events
WHERE incident_id = %(id)s AND at > %(seen_at)s AND actor <> %(actor)s
  AND ((actor LIKE 'operator:%%' AND kind <> ALL (%(words)s)) OR kind IN ('answered', 'closed'))
ORDER BY at, id LIMIT 5;
