-- name: lock_calling
SELECT pg_advisory_xact_lock(hashtextextended('calling', 0));

-- name: claim_call
-- The most urgent call that has been due for longest. One person is rung once at a time, whatever it is about;
-- a call of which no end was heard holds a number back only for as long as it can last. Who may not be rung is
-- gathered once and not for each call that waits: thousands wait after an earthquake.
WITH held_back AS MATERIALIZED (
    SELECT number FROM calls
    WHERE state IN ('sending', 'unknown')
       OR state IN ('placed', 'ringing') AND sent_at > clock_timestamp() - %(longest_ring)s::interval
       OR state = 'answered' AND direction = 'outbound'
          AND answered_at > clock_timestamp() - %(longest_talk)s::interval
       -- Who rings us just now is on the line already.
       OR state = 'answered' AND direction = 'inbound' AND answered_at > clock_timestamp() - interval '3 minutes'
), called_off AS MATERIALIZED (
    SELECT payload ->> 'call_id' AS id FROM outbox
    WHERE kind = 'cancel_call' AND state IN ('pending', 'sending', 'unknown') AND payload ->> 'call_id' IS NOT NULL
), next AS (
    SELECT o.id FROM outbox o JOIN calls c ON c.id = o.id
    WHERE o.kind = 'call' AND o.state = 'pending' AND o.due_at <= (SELECT clock_timestamp())
      AND coalesce((SELECT max(sent_at) FROM calls) <= (SELECT clock_timestamp()) - %(gap)s::interval, true)
      AND c.number NOT IN (SELECT number FROM held_back) AND o.id::text NOT IN (SELECT id FROM called_off)
    ORDER BY o.priority, o.due_at LIMIT 1 FOR UPDATE OF o SKIP LOCKED
), claimed AS (
    UPDATE outbox SET state = 'sending', attempts = attempts + 1, lease_until = clock_timestamp() + %(lease)s
    FROM next WHERE outbox.id = next.id RETURNING outbox.id, outbox.payload
)
UPDATE calls SET state = 'sending', sent_at = clock_timestamp()
FROM claimed WHERE calls.id = claimed.id
RETURNING calls.id, calls.incident_id, calls.party, calls.number, calls.sent_at, claimed.payload;

-- name: claim_unanswered_call
WITH next AS (
    SELECT o.id FROM outbox o
    WHERE o.kind = 'call' AND o.state IN ('sending', 'unknown') AND o.lease_until <= clock_timestamp()
    ORDER BY o.lease_until LIMIT 1 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE outbox SET state = 'unknown', lease_until = clock_timestamp() + %(lease)s
    FROM next WHERE outbox.id = next.id RETURNING outbox.id, outbox.payload
)
UPDATE calls SET state = CASE WHEN calls.state = 'sending' THEN 'unknown' ELSE calls.state END
FROM claimed WHERE calls.id = claimed.id
RETURNING calls.id, calls.incident_id, calls.party, calls.number, calls.sent_at, calls.sid, claimed.payload;

-- name: call_is_unwanted
SELECT 1 FROM outbox WHERE kind = 'cancel_call' AND state IN ('pending', 'sending', 'unknown')
AND payload ->> 'call_id' = %(id)s::text;

-- name: repeat_call
WITH again AS (
    UPDATE outbox SET state = 'sending', attempts = attempts + 1, lease_until = clock_timestamp() + %(lease)s,
           error = 'sent again'
    WHERE id = %(id)s AND state = 'unknown' RETURNING id
)
UPDATE calls SET state = 'sending', possible_duplicate = true, sent_at = clock_timestamp()
FROM again WHERE calls.id = again.id AND calls.state = 'unknown' RETURNING calls.id;

-- name: unsend_call
-- Its place in the queue stays; when the carrier may be tried again is known to all.
WITH put_back AS (
    UPDATE outbox SET state = 'pending', lease_until = NULL, error = %(error)s
    WHERE id = %(id)s AND state = 'sending' RETURNING id
)
UPDATE calls SET state = 'waiting', sent_at = NULL FROM put_back WHERE calls.id = put_back.id;

-- name: known_calls
SELECT sid FROM calls WHERE sid = ANY (%(sids)s);

-- name: talk_to_ask_about
-- One of the calls that were picked up a while ago, first of all one that holds another one back.
SELECT talk.id, talk.sid FROM calls talk CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM calls c JOIN outbox o ON o.id = c.id
                   WHERE c.number = talk.number AND c.state = 'waiting' AND o.state = 'pending'
                     AND o.due_at <= clock_timestamp()) AS in_the_way
) held
WHERE talk.state = 'answered' AND talk.sid IS NOT NULL
  AND talk.answered_at < clock_timestamp() - CASE WHEN in_the_way THEN %(waited_for)s::interval ELSE %(unheard)s END
ORDER BY in_the_way DESC, random() LIMIT 1;
