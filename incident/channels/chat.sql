-- name: insert_chat
INSERT INTO chat_messages (id, incident_id, party, at, operator, text)
VALUES (%(id)s, %(incident_id)s, %(party)s, %(at)s, %(operator)s, %(text)s)
ON CONFLICT (id) DO NOTHING RETURNING id;

-- name: conversation
SELECT id, at, operator, text
FROM (SELECT * FROM chat_messages WHERE incident_id = %(incident_id)s AND party = %(party)s
      ORDER BY at DESC, id DESC LIMIT %(newest)s) newest
ORDER BY at, id;

-- name: is_attentive
-- Whether the person was heard on a page or in the app just now, or was told by SMS already.
SELECT FROM chat_messages WHERE incident_id = %(incident_id)s AND party = %(party)s AND operator IS NULL
                            AND at > clock_timestamp() - %(while)s::interval
UNION ALL
SELECT FROM answer_links WHERE incident_id = %(incident_id)s AND party = %(party)s
                           AND used_at > clock_timestamp() - %(while)s::interval
UNION ALL
SELECT FROM messages WHERE incident_id = %(incident_id)s AND party = %(party)s AND channel = 'sms'
                       AND template = 'operator_wrote' AND created_at > clock_timestamp() - %(while)s::interval
LIMIT 1;

-- name: phase
SELECT phase FROM incidents WHERE id = %(id)s;

-- name: conversation_of_all
-- With what was written in incidents that were merged into this one.
SELECT id, at, operator, text
FROM (SELECT * FROM chat_messages
      WHERE incident_id IN (SELECT %(incident_id)s::uuid
                            UNION SELECT id FROM incidents WHERE merged_into = %(incident_id)s) AND party = %(party)s
      ORDER BY at DESC, id DESC LIMIT %(newest)s) newest
ORDER BY at, id;
