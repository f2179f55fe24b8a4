-- Who looked at what. Of an incident that was looked at, where it was.

-- name: entries
SELECT a.id, a.at, a.actor, a.action, a.object, a.reason, i.id AS incident_id, i.place -> 'words' AS place,
       i.policy_id
FROM access_log a
LEFT JOIN incidents i
    ON i.id = CASE WHEN a.object ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN a.object::uuid END
WHERE a.id < coalesce(%(before)s::bigint, 9223372036854775807)
  AND a.at >= coalesce(%(since)s::timestamptz, '-infinity')
  AND a.at < coalesce(%(until)s::timestamptz, 'infinity')
  AND (%(actors)s::text[] IS NULL OR a.actor = ANY (%(actors)s))
  AND (%(object)s::text IS NULL OR a.object = %(object)s)
  AND (%(action)s::text IS NULL OR a.action = %(action)s)
ORDER BY a.id DESC LIMIT %(limit)s;
