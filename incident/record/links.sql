-- name: make_link
-- The link that is there already, unless it was revoked: it may stand in more than one SMS.
INSERT INTO answer_links (token, incident_id, party) VALUES (%(token)s, %(incident_id)s, %(party)s)
ON CONFLICT (incident_id, party) DO UPDATE
SET token = CASE WHEN answer_links.revoked_at IS NULL THEN answer_links.token ELSE excluded.token END,
    revoked_at = NULL
RETURNING token;

-- name: find_link
-- The page speaks as what was written to them did.
SELECT l.token, l.incident_id, l.party, l.used_at,
       coalesce((SELECT m.language FROM messages m WHERE m.incident_id = l.incident_id AND m.party = l.party
                 ORDER BY m.created_at DESC LIMIT 1),
                CASE WHEN l.party = 'contact'
                     THEN (SELECT language FROM emergency_contacts c WHERE c.holder_id = i.holder_id
                           ORDER BY rank, id LIMIT 1)
                     ELSE h.language END, 'ja') AS language
FROM answer_links l
JOIN incidents i ON i.id = l.incident_id
LEFT JOIN policyholders h ON h.id = i.holder_id
WHERE l.token = %(token)s AND l.revoked_at IS NULL
  AND (i.closed_at IS NULL OR i.closed_at > clock_timestamp() - %(afterlife)s::interval);

-- name: take_form
UPDATE answer_links SET last_form = %(form)s, used_at = clock_timestamp()
WHERE token = %(token)s AND last_form IS DISTINCT FROM %(form)s RETURNING token;

-- name: revoke_links
UPDATE answer_links SET revoked_at = coalesce(revoked_at, clock_timestamp())
WHERE incident_id = %(incident_id)s RETURNING token;
