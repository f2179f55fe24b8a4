-- name: limit_statement
SELECT set_config('statement_timeout', %(limit)s, true);

-- name: one_moment
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;

-- name: newest_incidents
SELECT id FROM incidents
WHERE (opened_at, id) < (coalesce(%(before_at)s::timestamptz, 'infinity'), %(before_id)s::uuid)
ORDER BY opened_at DESC, id DESC LIMIT %(limit)s;

-- name: open_incidents
SELECT id FROM incidents
WHERE phase <> 'closed' AND (%(phase)s::text IS NULL OR phase = %(phase)s)
  AND (opened_at, id) < (coalesce(%(before_at)s::timestamptz, 'infinity'), %(before_id)s::uuid)
ORDER BY opened_at DESC, id DESC LIMIT %(limit)s;

-- name: closed_incidents
SELECT id FROM incidents
WHERE phase = 'closed'
  AND (opened_at, id) < (coalesce(%(before_at)s::timestamptz, 'infinity'), %(before_id)s::uuid)
ORDER BY opened_at DESC, id DESC LIMIT %(limit)s;

-- name: opened_at
SELECT opened_at FROM incidents WHERE id = %(id)s;

-- name: incidents
SELECT i.id, i.trigger, i.severity, i.phase, i.answer, i.outcome, i.taken_by, i.device_id, i.policy_id,
       i.occurred_at, i.opened_at, i.closed_at, i.lat_deg, i.lon_deg, i.flags, i.state::text AS state,
       i.plan_version, i.vehicle_id, i.holder_id, i.merged_into, i.road, i.place -> 'words' AS place,
       i.place -> 'hint' AS place_hint,
       CASE WHEN i.state -> 'pause' <> 'null' THEN jsonb_build_object(
           'since', i.state #> '{pause,since}', 'until', i.state #> '{pause,until}',
           'operator', i.state #> '{pause,operator}',
           'reason', coalesce((SELECT text FROM incident_notes n WHERE n.incident_id = i.id
                               AND n.id::text = i.state #>> '{pause,note_id}'), '')) END AS pause,
       impact.delta_v_kmh, impact.pdof_deg,
       coalesce(help.dispatches, '[]') AS dispatches, coalesce(waking.timers, '[]')::text AS timers
FROM incidents i
LEFT JOIN LATERAL (
    SELECT delta_v_kmh, pdof_deg FROM impacts WHERE incident_id = i.id ORDER BY delta_v_kmh DESC LIMIT 1
) impact ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(latest ORDER BY kind) AS dispatches FROM (
        SELECT DISTINCT ON (kind) kind, state, unit_id, eta_at FROM dispatches
        WHERE incident_id = i.id ORDER BY kind, requested_at DESC
    ) latest
) help ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('name', name, 'due_at', due_at)) AS timers FROM timers WHERE incident_id = i.id
) waking ON true
WHERE i.id = ANY (%(ids)s)
ORDER BY i.opened_at DESC, i.id DESC;

-- name: incident_events
-- A reason is read from the note it was written in: the record itself holds no words of people.
SELECT s.position, e.at, e.actor, e.kind, e.data,
       (SELECT text FROM incident_notes n
        WHERE n.incident_id = e.incident_id AND n.id::text = e.data ->> 'note_id') AS why
FROM incident_events e LEFT JOIN event_stream s ON s.event_id = e.id
WHERE e.incident_id = %(id)s AND (s.position > %(after)s OR s.position IS NULL)
ORDER BY e.id LIMIT %(limit)s;

-- name: newest_events
SELECT s.position, e.at, e.actor, e.kind, e.data,
       (SELECT text FROM incident_notes n
        WHERE n.incident_id = e.incident_id AND n.id::text = e.data ->> 'note_id') AS why
FROM (SELECT * FROM incident_events WHERE incident_id = %(id)s ORDER BY id DESC LIMIT %(newest)s) e
LEFT JOIN event_stream s ON s.event_id = e.id
ORDER BY e.id;

-- name: incident_calls
SELECT id, party, attempt, number, language, state, end_status, pressed, possible_duplicate,
       created_at, sent_at, answered_at, ended_at
FROM calls WHERE incident_id = %(id)s ORDER BY created_at, id;

-- name: incident_messages
SELECT id, party, channel, template, language, number, email, subject, body, state, code, created_at, sent_at,
       delivered_at
FROM (SELECT * FROM messages WHERE incident_id = %(id)s ORDER BY created_at DESC, id DESC LIMIT %(newest)s) newest
ORDER BY created_at, id;

-- name: incident_presses
SELECT id, at, received_at, kind, held_ms, late, defects, lat_deg, lon_deg
FROM (SELECT * FROM presses WHERE incident_id = %(id)s ORDER BY at DESC, id DESC LIMIT %(newest)s) newest
ORDER BY at, id;

-- name: incident_notes
SELECT id, at, author, text
FROM (SELECT * FROM incident_notes WHERE incident_id = %(id)s ORDER BY at DESC, id DESC LIMIT %(newest)s) newest
ORDER BY at, id;

-- name: insert_note
INSERT INTO incident_notes (id, incident_id, at, author, text)
VALUES (%(id)s, %(incident_id)s, %(at)s, %(author)s, %(text)s)
ON CONFLICT (id) DO NOTHING RETURNING id;

-- name: note_reason
INSERT INTO incident_notes (id, incident_id, at, author, text)
SELECT %(id)s, id, clock_timestamp(), %(author)s, %(text)s FROM incidents WHERE id = %(incident_id)s
RETURNING id;

-- name: log_access
INSERT INTO access_log (actor, action, object, reason) VALUES (%(actor)s, %(action)s, %(object)s, %(reason)s);

-- name: log_access_once
INSERT INTO access_log (actor, action, object, reason)
SELECT %(actor)s, %(action)s, %(object)s, %(reason)s
WHERE NOT EXISTS (
    SELECT FROM access_log WHERE at > now() - interval '5 minutes' AND actor = %(actor)s
        AND object = %(object)s AND action = %(action)s AND reason = %(reason)s
);

-- name: lock_policy
SELECT pg_advisory_xact_lock(hashtextextended('policy:' || %(id)s, 0));

-- name: policy
SELECT p.id, p.valid_from, p.valid_to, p.holder_id, h.name, h.language, h.birth_year, h.email, h.email_agreed_on,
       h.reach, h.reach_consent_at
FROM policies p JOIN policyholders h ON h.id = p.holder_id WHERE p.id = %(id)s;

-- name: policy_vehicles
SELECT id, plate, model, colour, fuel FROM vehicles
WHERE policy_id = %(id)s AND retired_at IS NULL ORDER BY plate;

-- name: vehicle
SELECT id, plate, model, colour, fuel FROM vehicles WHERE id = %(id)s;

-- name: holder_phones
SELECT number FROM phones WHERE holder_id = %(holder_id)s ORDER BY rank;

-- name: holder_contacts
SELECT name, relation, number, language FROM emergency_contacts WHERE holder_id = %(holder_id)s ORDER BY rank;

-- name: insert_holder
INSERT INTO policyholders (name, language, birth_year, email, email_agreed_on, reach, reach_consent_at)
VALUES (%(name)s, %(language)s, %(birth_year)s, %(email)s, %(email_agreed_on)s, %(reach)s, %(reach_consent_at)s)
RETURNING id;

-- name: update_holder
UPDATE policyholders SET name = %(name)s, language = %(language)s, birth_year = %(birth_year)s,
       email = %(email)s, email_agreed_on = %(email_agreed_on)s,
       reach = %(reach)s, reach_consent_at = %(reach_consent_at)s
WHERE id = %(holder_id)s;

-- name: insert_policy
INSERT INTO policies (id, holder_id, valid_from, valid_to)
VALUES (%(id)s, %(holder_id)s, %(valid_from)s, %(valid_to)s);

-- name: update_policy
UPDATE policies SET valid_from = %(valid_from)s, valid_to = %(valid_to)s WHERE id = %(id)s;

-- name: delete_phones
DELETE FROM phones WHERE holder_id = %(holder_id)s;

-- name: insert_phone
INSERT INTO phones (holder_id, number, rank) VALUES (%(holder_id)s, %(number)s, %(rank)s);

-- name: delete_contacts
DELETE FROM emergency_contacts WHERE holder_id = %(holder_id)s;

-- name: insert_contact
INSERT INTO emergency_contacts (holder_id, name, relation, number, language, rank)
VALUES (%(holder_id)s, %(name)s, %(relation)s, %(number)s, %(language)s, %(rank)s);

-- name: known_vehicles
SELECT id, plate FROM vehicles WHERE policy_id = %(id)s ORDER BY retired_at DESC NULLS LAST FOR UPDATE;

-- name: insert_vehicle
INSERT INTO vehicles (policy_id, plate, model, colour, fuel)
VALUES (%(policy_id)s, %(plate)s, %(model)s, %(colour)s, %(fuel)s);

-- name: update_vehicle
UPDATE vehicles SET model = %(model)s, colour = %(colour)s, fuel = %(fuel)s, retired_at = NULL WHERE id = %(id)s;

-- name: retire_vehicles
UPDATE vehicles SET retired_at = clock_timestamp()
WHERE policy_id = %(policy_id)s AND retired_at IS NULL AND plate <> ALL (%(plates)s::text[]);

-- name: devices_in_retired_vehicles
SELECT d.id, v.plate FROM devices d JOIN vehicles v ON v.id = d.vehicle_id
WHERE v.policy_id = %(policy_id)s AND v.retired_at IS NOT NULL AND d.revoked_at IS NULL ORDER BY d.id;

-- name: hold_vehicle
SELECT retired_at FROM vehicles WHERE id = %(id)s FOR SHARE;

-- name: insert_device
INSERT INTO devices (id, shard, vehicle_id) VALUES (%(id)s, %(shard)s, %(vehicle_id)s)
ON CONFLICT (id) DO NOTHING RETURNING id;

-- name: device
SELECT d.id, d.shard, d.vehicle_id, d.provisioned_at, d.revoked_at, p.online, p.heard_at, p.firmware
FROM devices d LEFT JOIN device_presence p ON p.device_id = d.id WHERE d.id = %(id)s;

-- name: devices
SELECT d.id, d.shard, d.vehicle_id, d.provisioned_at, d.revoked_at, p.online, p.heard_at, p.firmware
FROM devices d LEFT JOIN device_presence p ON p.device_id = d.id
WHERE d.id > %(after)s ORDER BY d.id LIMIT %(limit)s;

-- name: revoke_device
UPDATE devices SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE id = %(id)s RETURNING id;

-- name: holder
SELECT id FROM policyholders WHERE id = %(id)s;

-- name: driver_incident
-- To the driver, one that was merged into another stands as that one does.
SELECT i.id, coalesce(m.phase, i.phase) AS phase, i.trigger, i.severity, i.occurred_at, i.answer
FROM incidents i LEFT JOIN incidents m ON m.id = i.merged_into
WHERE i.holder_id = %(holder_id)s AND coalesce(m.phase, i.phase) <> 'closed'
ORDER BY i.merged_into IS NULL DESC, i.opened_at DESC LIMIT 1;

-- name: one_driver_incident
SELECT i.id, coalesce(m.phase, i.phase) AS phase, i.trigger, i.severity, i.occurred_at, i.answer
FROM incidents i LEFT JOIN incidents m ON m.id = i.merged_into
WHERE i.holder_id = %(holder_id)s AND i.id = %(id)s;

-- name: driver_messages
SELECT at, template, body
FROM (SELECT created_at AS at, id, template, body FROM messages WHERE incident_id = %(id)s AND channel = 'push'
      ORDER BY created_at DESC, id DESC LIMIT 100) newest
ORDER BY at, id;

-- name: message_incident
SELECT incident_id FROM messages WHERE id = %(id)s AND channel = 'sms';

-- name: message_progress
UPDATE messages SET state = %(state)s, sid = coalesce(sid, %(sid)s), code = %(code)s,
       sent_at = coalesce(sent_at, clock_timestamp()),
       delivered_at = CASE WHEN %(state)s IN ('delivered', 'read') THEN coalesce(delivered_at, clock_timestamp()) END
WHERE id = %(id)s
  AND array_position(ARRAY['waiting', 'unknown', 'sent', 'delivered', 'read'], replace(state, 'failed', 'delivered'))
    < array_position(ARRAY['waiting', 'unknown', 'sent', 'delivered', 'read'],
                     replace(%(state)s, 'failed', 'delivered'))
  AND NOT (state = 'failed' AND %(state)s = 'read')
RETURNING id;

-- name: stream_page
SELECT s.position, e.incident_id, e.at, e.actor, e.kind, e.data
FROM event_stream s JOIN incident_events e ON e.id = s.event_id
WHERE s.position > %(after)s ORDER BY s.position LIMIT %(limit)s;

-- name: stream_end
SELECT coalesce(max(position), 0) AS position, clock_timestamp() AS at FROM event_stream;

-- name: try_sequencing
SELECT pg_try_advisory_lock(hashtextextended('sequencer', 0)) AS mine;

-- name: sequence_events
WITH moved AS (
    DELETE FROM event_queue
    WHERE event_id IN (SELECT event_id FROM event_queue ORDER BY event_id LIMIT %(limit)s)
    RETURNING event_id
)
INSERT INTO event_stream (position, event_id)
SELECT (SELECT coalesce(max(position), 0) FROM event_stream) + row_number() OVER (ORDER BY event_id), event_id
FROM moved;

-- name: announce_stream
SELECT pg_notify('cbutton_stream', '');

-- name: count_open_incidents
SELECT phase, count(*) AS many FROM incidents WHERE phase <> 'closed' GROUP BY phase;

-- name: count_waiting
SELECT (SELECT count(*) FROM timers WHERE due_at <= (SELECT clock_timestamp() - interval '1 second')) AS timers_overdue,
       (SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending', 'unknown')) AS outbox_waiting,
       (SELECT count(*) FROM event_queue) AS event_queue,
       (SELECT coalesce(sum(kept + dropped), 0) FROM dead_letter_days
        WHERE day = (clock_timestamp() AT TIME ZONE 'UTC')::date) AS dead_letters,
       (SELECT extract(epoch FROM clock_timestamp() - ran_at) FROM audits) AS audit_age_seconds,
       (SELECT forgotten FROM audits) AS incidents_forgotten;

-- name: standing_alarms
SELECT name, many FROM alarms ORDER BY name;
