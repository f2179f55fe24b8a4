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

-- name: doubtful_desk_calls
-- Operators' calls of which nothing was heard for longer than they ring or than people usually speak, and which
-- nobody asks about yet: their end may have been lost, and it must not keep an operator from being rung.
SELECT c.id FROM calls c
WHERE c.party = 'operator'
  AND ((c.state IN ('placed', 'ringing') AND c.sent_at < clock_timestamp() - interval '2 minutes')
       OR (c.state = 'answered' AND c.answered_at < clock_timestamp() - interval '5 minutes')
       OR (c.state = 'answered' AND c.incident_id = %(incident_id)s AND c.attempt = %(attempt)s))
  AND NOT EXISTS (SELECT FROM outbox o WHERE o.kind = 'check_call' AND o.payload ->> 'call_id' = c.id::text
                  AND (o.state IN ('pending', 'sending', 'unknown')
                       OR o.created_at > clock_timestamp() - interval '10 seconds'));

-- name: live_line
SELECT id FROM calls WHERE incident_id = %(incident_id)s AND party = %(party)s AND state = 'answered'
ORDER BY answered_at DESC LIMIT 1;

-- name: members
SELECT m.name, m.role, m.phone, m.language, m.signed_in_at, m.paused,
       EXISTS (SELECT FROM calls c WHERE c.operator = m.name
               AND c.state IN ('waiting', 'sending', 'unknown', 'placed', 'ringing', 'answered')) AS on_call
FROM desk_members m ORDER BY m.role, m.name;

-- name: put_member
INSERT INTO desk_members (name, role, phone, language)
VALUES (%(name)s, %(role)s, %(phone)s, %(language)s)
ON CONFLICT (name) DO UPDATE SET role = excluded.role, phone = excluded.phone, language = excluded.language
RETURNING xmax = 0 AS made;

-- name: remove_member
DELETE FROM desk_members WHERE name = %(name)s RETURNING name;

-- name: sign_in
-- What is not said now stays as it was.
INSERT INTO desk_members (name, role, phone, language, signed_in_at, heard_at)
VALUES (%(name)s, 'operator', %(phone)s, coalesce(%(language)s, 'ja'), clock_timestamp(), clock_timestamp())
ON CONFLICT (name) DO UPDATE
SET phone = coalesce(excluded.phone, desk_members.phone), language = coalesce(%(language)s, desk_members.language),
    signed_in_at = coalesce(desk_members.signed_in_at, clock_timestamp()), paused = false,
    heard_at = clock_timestamp();

-- name: sign_out
UPDATE desk_members SET signed_in_at = NULL, paused = false, heard_at = clock_timestamp() WHERE name = %(name)s;

-- name: pause
UPDATE desk_members SET paused = true, heard_at = clock_timestamp()
WHERE name = %(name)s AND signed_in_at IS NOT NULL RETURNING name;

-- name: can_be_rung
SELECT 1 FROM desk_members WHERE name = %(name)s AND phone IS NOT NULL AND signed_in_at IS NOT NULL AND NOT paused;

-- name: count_ready
SELECT count(*) AS ready FROM desk_members
WHERE role = 'operator' AND phone IS NOT NULL AND signed_in_at IS NOT NULL AND NOT paused;
