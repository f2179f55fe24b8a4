-- name: lock_arrival
-- The carrier may bring the same call or text twice at the same moment.
SELECT pg_advisory_xact_lock(hashtextextended('arrival:' || %(sid)s, 0));

-- name: arrived
SELECT id, incident_id FROM calls WHERE sid = %(sid)s;

-- name: holder_of_number
-- Several people may share a number: who has an incident open comes first, then whose policy is in force. Nobody
-- where nothing of theirs is open and something of somebody is whose contact they are: it is about that.
SELECT h.id AS holder_id, h.language
FROM phones f JOIN policyholders h ON h.id = f.holder_id,
     LATERAL (SELECT EXISTS (SELECT FROM incidents i WHERE i.holder_id = h.id AND i.phase <> 'closed') AS own) has
WHERE f.number = %(number)s
  AND (has.own OR NOT EXISTS (SELECT FROM emergency_contacts e
                              JOIN incidents i ON i.holder_id = e.holder_id AND i.phase <> 'closed'
                              WHERE e.number = f.number))
ORDER BY has.own DESC,
         EXISTS (SELECT FROM policies p WHERE p.holder_id = h.id
                 AND %(on)s::date BETWEEN p.valid_from AND p.valid_to) DESC,
         h.id
LIMIT 1;

-- name: contact_of_number
SELECT e.holder_id, e.language, i.id AS incident_id
FROM emergency_contacts e LEFT JOIN incidents i ON i.holder_id = e.holder_id AND i.phase <> 'closed'
WHERE e.number = %(number)s
ORDER BY i.opened_at DESC NULLS LAST, e.holder_id LIMIT 1;

-- name: incident_of_caller
-- A stranger who rang before about something that is still open.
SELECT i.id AS incident_id, c.language FROM calls c JOIN incidents i ON i.id = c.incident_id
WHERE c.number = %(number)s AND i.phase <> 'closed'
ORDER BY c.created_at DESC LIMIT 1;

-- name: written
SELECT FROM chat_messages WHERE id = %(message_id)s;

-- name: writer
-- The open incident of whoever writes: the driver's own first, then that of somebody they are a contact of.
SELECT i.id AS incident_id, who.language, who.party
FROM (SELECT f.holder_id, h.language, 'driver' AS party
      FROM phones f JOIN policyholders h ON h.id = f.holder_id WHERE f.number = %(number)s
      UNION ALL
      SELECT e.holder_id, e.language, 'contact' FROM emergency_contacts e WHERE e.number = %(number)s) AS who
JOIN incidents i ON i.holder_id = who.holder_id
     AND (i.phase <> 'closed' OR EXISTS (SELECT FROM incidents m WHERE m.id = i.merged_into AND m.phase <> 'closed'))
ORDER BY who.party DESC, i.merged_into IS NULL DESC, i.opened_at DESC LIMIT 1;

-- name: insert_arrival
INSERT INTO calls (id, incident_id, party, attempt, number, language, direction, state, sid, answered_at)
SELECT %(id)s, %(incident_id)s, 'caller', coalesce(max(attempt), 0) + 1, %(number)s, %(language)s, 'inbound',
       'answered', %(sid)s, %(at)s
FROM calls WHERE incident_id = %(incident_id)s AND party = 'caller';

-- name: rung_meanwhile
-- Whose part in the incident somebody has who just rang: the driver's, also from another of their telephones, and
-- that of a contact whom we ring ourselves just now.
SELECT 'driver' AS party, attempt FROM calls WHERE id = %(id)s AND %(driver_rings)s
UNION
SELECT ours.party, mine.attempt
FROM calls mine JOIN calls ours ON ours.incident_id = mine.incident_id AND ours.number = mine.number
WHERE mine.id = %(id)s AND ours.party IN ('driver', 'contact')
  AND ours.state IN ('waiting', 'sending', 'unknown', 'placed', 'ringing');
