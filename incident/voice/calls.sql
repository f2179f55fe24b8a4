-- name: call
SELECT id, incident_id, party, attempt, language, state, sid, operator, connected_at FROM calls WHERE id = %(id)s;

-- name: call_progress
-- Who picks up a twin may bring back a call that had ended, and is then the one it is about.
UPDATE calls SET state = %(state)s, sid = coalesce(%(sid)s, sid),
       answered_at = CASE WHEN %(state)s = 'answered' THEN coalesce(answered_at, %(at)s) ELSE answered_at END,
       ended_at = CASE WHEN %(state)s = 'ended' THEN coalesce(ended_at, %(at)s) END,
       end_status = %(end_status)s
WHERE id = %(id)s;

-- name: call_doubled
UPDATE calls SET possible_duplicate = true WHERE id = %(id)s;

-- name: call_pressed
UPDATE calls SET pressed = %(digit)s WHERE id = %(id)s;

-- name: call_spoken
UPDATE calls SET spoken = %(spoken)s WHERE id = %(id)s;

-- name: call_machine
UPDATE calls SET machine = %(machine)s WHERE id = %(id)s AND machine IS DISTINCT FROM %(machine)s RETURNING id;

-- name: call_connected
UPDATE calls SET connected_at = clock_timestamp() WHERE id = %(id)s;

-- name: talked
-- Whether an operator who had taken the incident was still on the line after this call was brought to them.
SELECT 1 FROM calls mine JOIN calls theirs ON theirs.incident_id = mine.incident_id
WHERE mine.id = %(id)s AND theirs.party = 'operator' AND theirs.connected_at IS NOT NULL
  AND (theirs.ended_at IS NULL OR theirs.ended_at > mine.connected_at)
LIMIT 1;

-- name: live_driver
-- What the driver did on the line so far, for the operator who is asked to take it.
SELECT machine, spoken IS NOT NULL AS spoke FROM calls
WHERE incident_id = %(incident_id)s AND party IN ('driver', 'caller') AND state = 'answered'
ORDER BY answered_at DESC LIMIT 1;

-- name: place_words
SELECT place -> 'words' ->> %(language)s AS words FROM incidents WHERE id = %(incident_id)s;

-- name: connected_since
SELECT 1 FROM calls c JOIN outbox o ON o.id = %(effect_id)s WHERE c.id = %(id)s AND c.connected_at >= o.created_at;

-- name: recorded
SELECT 1 FROM incident_events WHERE incident_id = %(incident_id)s AND kind = 'recorded'
AND data ->> 'recording' = %(sid)s;
