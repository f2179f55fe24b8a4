-- name: message
-- That somebody comes is told however late, while they are still on their way.
SELECT m.id, m.incident_id, m.channel, m.template, m.language, m.number, m.email, m.subject, m.body, m.state,
       m.created_at, i.holder_id,
       (m.created_at < clock_timestamp() - %(lifetime)s::interval
        AND NOT (m.template = 'help_accepted'
                 AND EXISTS (SELECT FROM dispatches d WHERE d.incident_id = m.incident_id
                             AND d.state IN ('accepted', 'en_route'))))
       OR (m.template IN ('help_accepted', 'help_late')
           AND NOT EXISTS (SELECT FROM dispatches d WHERE d.incident_id = m.incident_id
                           AND d.state IN ('accepted', 'en_route', 'on_scene', 'secured'))) AS outdated
FROM messages m JOIN incidents i ON i.id = m.incident_id WHERE m.id = %(id)s;

-- name: message_sent
UPDATE messages SET state = CASE WHEN state = 'waiting' THEN 'sent' ELSE state END,
       sid = coalesce(sid, %(sid)s), sent_at = coalesce(sent_at, clock_timestamp())
WHERE id = %(id)s;

-- name: message_failed
UPDATE messages SET state = 'failed', code = %(code)s WHERE id = %(id)s;

-- name: known_messages
SELECT sid FROM messages WHERE sid = ANY (%(sids)s);

-- name: subscriptions
SELECT id, endpoint, p256dh, auth FROM push_subscriptions WHERE holder_id = %(holder_id)s ORDER BY created_at;

-- name: drop_subscription
DELETE FROM push_subscriptions WHERE id = %(id)s;
