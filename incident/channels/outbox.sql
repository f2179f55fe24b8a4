-- name: finish_effect
UPDATE outbox SET state = %(state)s, lease_until = NULL, error = %(error)s WHERE id = %(id)s;

-- name: retry_effect
UPDATE outbox SET state = 'pending', due_at = clock_timestamp() + %(wait)s, lease_until = NULL, error = %(error)s
WHERE id = %(id)s;

-- name: lease_again
UPDATE outbox SET state = 'unknown', attempts = attempts + 1, lease_until = clock_timestamp() + %(lease)s,
       error = %(error)s
WHERE id = %(id)s AND state IN ('sending', 'unknown');

-- name: claim_effect
WITH next AS (
    SELECT id FROM outbox
    WHERE kind = ANY (%(kinds)s)
      AND ((state = 'pending' AND due_at <= clock_timestamp())
           OR (state IN ('sending', 'unknown') AND lease_until <= clock_timestamp()))
    ORDER BY priority, due_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE outbox SET state = 'sending', attempts = attempts + 1, lease_until = clock_timestamp() + %(lease)s
FROM next WHERE outbox.id = next.id
RETURNING outbox.id, outbox.incident_id, outbox.kind, outbox.payload, outbox.attempts, outbox.created_at;
