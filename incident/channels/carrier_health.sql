-- name: carrier_health
SELECT succeeded_at, failing_since, failures, retry_at, down_since, error, clock_timestamp() AS now
FROM carrier_health;

-- name: carrier_is_well
SELECT failing_since IS NULL AS well FROM carrier_health;

-- name: calls_wait
SELECT FROM outbox WHERE kind = 'call' AND state IN ('pending', 'sending', 'unknown') LIMIT 1;

-- name: take_turn
UPDATE carrier_health SET retry_at = clock_timestamp() + %(lease)s
WHERE failing_since IS NOT NULL AND (retry_at IS NULL OR retry_at <= clock_timestamp()) RETURNING one;

-- name: give_turn_back
UPDATE carrier_health SET retry_at = NULL WHERE failing_since IS NOT NULL;

-- name: carrier_succeeded
-- Noted at most four times a second: under load every request would wait for this one row.
WITH before AS (
    SELECT one, down_since FROM carrier_health
    WHERE failing_since IS NOT NULL OR succeeded_at IS NULL
       OR succeeded_at < clock_timestamp() - interval '0.25 seconds'
    FOR UPDATE
)
UPDATE carrier_health SET succeeded_at = clock_timestamp(), failing_since = NULL, failures = 0, retry_at = NULL,
       down_since = NULL, error = NULL
FROM before WHERE carrier_health.one = before.one RETURNING before.down_since;

-- name: carrier_failed
UPDATE carrier_health SET failing_since = coalesce(failing_since, clock_timestamp()), failures = failures + 1,
       retry_at = clock_timestamp() + least(%(first)s * power(2, least(failures, 10)), %(longest)s), error = %(error)s;

-- name: carrier_goes_down
UPDATE carrier_health SET down_since = failing_since
WHERE down_since IS NULL AND failing_since <= clock_timestamp() - %(patience)s
  AND EXISTS (SELECT FROM outbox WHERE kind = 'call' AND state IN ('pending', 'sending', 'unknown'))
RETURNING down_since;

-- name: cut_off_incidents
-- Severe ones whose calls cannot leave, and whose record does not say so since this outage began.
SELECT DISTINCT o.incident_id
FROM carrier_health h, outbox o JOIN incidents i ON i.id = o.incident_id AND i.phase <> 'closed'
WHERE h.down_since IS NOT NULL AND o.kind = 'call' AND o.state IN ('pending', 'sending', 'unknown')
  AND o.priority <= %(least)s
  AND NOT EXISTS (SELECT FROM incident_events e WHERE e.incident_id = o.incident_id AND e.kind = 'carrier_down'
                  AND e.at >= h.down_since)
LIMIT 100;

-- name: is_cut_off
SELECT h.down_since FROM carrier_health h
WHERE h.down_since IS NOT NULL
  AND NOT EXISTS (SELECT FROM incident_events e WHERE e.incident_id = %(incident_id)s AND e.kind = 'carrier_down'
                  AND e.at >= h.down_since);
