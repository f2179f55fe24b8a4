-- name: desk_round
-- Who may be rung now, whoever has been free for longest first. Nobody who is on a call of ours, and in a
-- round for one operator only that one.
SELECT m.name, m.phone, m.language
FROM desk_members m
WHERE m.phone IS NOT NULL
  AND m.role = %(role)s
  AND (m.role <> 'operator' OR (m.signed_in_at IS NOT NULL AND NOT m.paused))
  AND (%(only)s::text IS NULL OR m.name = %(only)s)
  AND NOT EXISTS (SELECT FROM calls c WHERE c.operator = m.name
                  AND c.state IN ('waiting', 'sending', 'unknown', 'placed', 'ringing', 'answered'))
ORDER BY (SELECT max(c.ended_at) FROM calls c WHERE c.operator = m.name) NULLS FIRST, m.signed_in_at, m.name
LIMIT %(limit)s;

-- name: next_attempt
SELECT coalesce(max(attempt), 0) + 1 AS attempt FROM calls
WHERE incident_id = %(incident_id)s AND party = %(party)s;

-- name: insert_desk_call
INSERT INTO calls (id, incident_id, party, attempt, number, language, operator)
VALUES (%(id)s, %(incident_id)s, 'operator', %(attempt)s, %(number)s, %(language)s, %(operator)s);

-- name: live_line
SELECT id FROM calls WHERE incident_id = %(incident_id)s AND party = %(party)s AND state = 'answered'
ORDER BY answered_at DESC LIMIT 1;
