-- name: lock_device
SELECT pg_advisory_xact_lock(hashtextextended('device:' || %(device_id)s, 0));

-- name: contract_of_device
SELECT d.id AS device_id, v.id AS vehicle_id, p.id AS policy_id, p.holder_id, h.reach,
       (p.valid_from <= %(on)s::date AND %(on)s::date <= p.valid_to) AS policy_valid
FROM devices d
LEFT JOIN vehicles v ON v.id = d.vehicle_id
LEFT JOIN policies p ON p.id = v.policy_id
LEFT JOIN policyholders h ON h.id = p.holder_id
WHERE d.id = %(device_id)s;

-- name: lock_holder
SELECT id FROM policyholders WHERE id = %(holder_id)s FOR NO KEY UPDATE;

-- name: lock_holder_of_device
SELECT h.id FROM policyholders h JOIN policies p ON p.holder_id = h.id JOIN vehicles v ON v.policy_id = p.id
JOIN devices d ON d.vehicle_id = v.id WHERE d.id = %(device_id)s FOR NO KEY UPDATE OF h;

-- name: open_incident_of_holder
-- Their own, or the one that theirs was merged into.
SELECT id FROM incidents
WHERE phase <> 'closed' AND (holder_id = %(holder_id)s OR id IN (
    SELECT merged_into FROM incidents WHERE holder_id = %(holder_id)s AND merged_into IS NOT NULL))
ORDER BY holder_id = %(holder_id)s DESC NULLS LAST, opened_at DESC LIMIT 1 FOR NO KEY UPDATE;

-- name: give_device
-- The policyholder's latest open incident of which nobody could say which car it is about is about this one.
UPDATE incidents i SET device_id = d.id, vehicle_id = v.id, policy_id = p.id,
       firmware = (SELECT nullif(firmware, '') FROM device_presence WHERE device_id = d.id)
FROM devices d JOIN vehicles v ON v.id = d.vehicle_id JOIN policies p ON p.id = v.policy_id
WHERE d.id = %(device_id)s AND i.id = (
    SELECT o.id FROM incidents o WHERE o.holder_id = p.holder_id AND o.device_id IS NULL AND o.phase <> 'closed'
    ORDER BY o.opened_at DESC LIMIT 1 FOR NO KEY UPDATE)
RETURNING i.id, i.state;

-- name: contract_of_holder
-- The policy in force, and its car if it is the only one.
SELECT (SELECT min(v.id::text)::uuid FROM vehicles v WHERE v.policy_id = p.id HAVING count(*) = 1) AS vehicle_id,
       p.id AS policy_id, h.id AS holder_id, h.reach,
       (p.valid_from <= %(on)s::date AND %(on)s::date <= p.valid_to) AS policy_valid
FROM policyholders h LEFT JOIN policies p ON p.holder_id = h.id
WHERE h.id = %(holder_id)s
ORDER BY (p.valid_from <= %(on)s::date AND %(on)s::date <= p.valid_to) DESC NULLS LAST, p.valid_to DESC LIMIT 1;

-- name: device_of_holder
-- Where the holder has one device in all: what they say about their car is then about that one.
SELECT min(d.id) AS device_id FROM devices d JOIN vehicles v ON v.id = d.vehicle_id
JOIN policies p ON p.id = v.policy_id
WHERE p.holder_id = %(holder_id)s AND d.revoked_at IS NULL HAVING count(*) = 1;

-- name: last_position
SELECT lat_deg, lon_deg, at FROM gps_fixes
WHERE device_id = %(device_id)s AND at BETWEEN %(at)s - interval '1 hour' AND %(at)s + interval '1 minute'
ORDER BY at DESC LIMIT 1;

-- name: drive_before
-- The direction of the last fix at which the car truly moved, and the highest speed of the seconds before.
SELECT (array_agg(heading_deg ORDER BY at DESC) FILTER (WHERE speed_mps > 3))[1] AS heading_deg,
       max(speed_mps) * 3.6 AS speed_kmh
FROM gps_fixes WHERE device_id = %(device_id)s AND at BETWEEN %(at)s - interval '20 seconds' AND %(at)s;

-- name: open_incident_of_device
-- Locked here, so that a report never joins an incident that is being closed at this moment.
-- Its own, or the one that its latest was merged into.
SELECT id FROM incidents
WHERE phase <> 'closed' AND (device_id = %(device_id)s OR id = (
    SELECT merged_into FROM incidents WHERE device_id = %(device_id)s AND merged_into IS NOT NULL
    ORDER BY closed_at DESC LIMIT 1))
ORDER BY device_id = %(device_id)s DESC NULLS LAST LIMIT 1 FOR NO KEY UPDATE;

-- name: lock_incident
-- Not FOR UPDATE: that would make whoever only adds a row of the incident's wait, in the wrong order.
SELECT id, device_id, vehicle_id, holder_id, plan_version, trigger, occurred_at, phase, state,
       lat_deg, lon_deg, merged_into
FROM incidents WHERE id = %(id)s FOR NO KEY UPDATE;

-- name: now
SELECT clock_timestamp() AS now;

-- name: insert_incident
INSERT INTO incidents (id, device_id, vehicle_id, policy_id, holder_id, plan_version, trigger, severity, phase,
                       occurred_at, opened_at, lat_deg, lon_deg, position_at, place, flags, state,
                       firmware)
VALUES (%(id)s, %(device_id)s, %(vehicle_id)s, %(policy_id)s, %(holder_id)s, %(plan_version)s, %(trigger)s,
        %(severity)s, %(phase)s, %(occurred_at)s, %(opened_at)s, %(lat_deg)s, %(lon_deg)s, %(at)s,
        %(place)s, %(flags)s, %(state)s,
        (SELECT nullif(firmware, '') FROM device_presence WHERE device_id = %(device_id)s));

-- name: place_incident
UPDATE incidents SET lat_deg = %(lat_deg)s, lon_deg = %(lon_deg)s, position_at = %(at)s, place = %(place)s,
       flags = array_remove(flags, 'no_position')
WHERE id = %(id)s;

-- name: move_incident
UPDATE incidents SET lat_deg = %(lat_deg)s, lon_deg = %(lon_deg)s, position_at = %(at)s, place = %(place)s
WHERE id = %(id)s AND position_at < %(at)s RETURNING id;

-- name: unplaced_incidents
SELECT id FROM incidents WHERE device_id = ANY (%(devices)s) AND phase <> 'closed' AND lat_deg IS NULL;

-- name: add_flags
UPDATE incidents SET flags = ARRAY(SELECT DISTINCT unnest(flags || %(flags)s::text[]) ORDER BY 1)
WHERE id = %(id)s AND NOT flags @> %(flags)s::text[];

-- name: insert_event
INSERT INTO incident_events (incident_id, at, actor, kind, data)
VALUES (%(incident_id)s, %(at)s, %(actor)s, %(kind)s, %(data)s);

-- name: driver_phone
SELECT f.number, h.language FROM phones f JOIN policyholders h ON h.id = f.holder_id
WHERE f.holder_id = %(holder_id)s ORDER BY f.rank LIMIT 1;

-- name: holder_address
SELECT language, CASE WHEN email_agreed_on IS NOT NULL THEN email END AS email
FROM policyholders WHERE id = %(holder_id)s;

-- name: contact_phone
SELECT number, language FROM emergency_contacts WHERE holder_id = %(holder_id)s ORDER BY rank, id
OFFSET %(rank)s::integer - 1 LIMIT 1;

-- name: facts_of_incident
SELECT h.name, h.language, v.plate, v.model, v.colour, i.occurred_at, i.trigger,
       i.state ->> 'reach' AS reach
FROM incidents i
LEFT JOIN policyholders h ON h.id = i.holder_id
LEFT JOIN vehicles v ON v.id = i.vehicle_id
WHERE i.id = %(incident_id)s;

-- name: coming_unit
SELECT coalesce(u.name, d.crew, p.name) AS unit, d.eta_at
FROM dispatches d LEFT JOIN units u ON u.id = d.unit_id LEFT JOIN providers p ON p.id = d.provider_id
WHERE d.incident_id = %(incident_id)s AND d.state IN ('accepted', 'en_route', 'on_scene', 'secured')
  AND (%(kind)s::text IS NULL OR d.kind = %(kind)s)
ORDER BY d.accepted_at DESC LIMIT 1;

-- name: rank_call
UPDATE outbox SET priority = %(priority)s
WHERE state = 'pending' AND id = (SELECT id FROM calls WHERE incident_id = %(incident_id)s AND party = %(party)s
                                  AND attempt = %(attempt)s);

-- name: supersede_lights
UPDATE outbox SET state = 'expired' WHERE device_id = %(device_id)s AND kind = 'command' AND state = 'pending'
AND payload ? 'signal';

-- name: withdraw_waiting_calls
WITH withdrawn AS (
    UPDATE outbox SET state = 'expired', error = 'withdrawn'
    WHERE incident_id = %(incident_id)s AND kind = 'call' AND state = 'pending'
      AND (%(party)s::text IS NULL OR id IN (SELECT c.id FROM calls c WHERE c.incident_id = %(incident_id)s
                                             AND c.party = %(party)s))
    RETURNING id
)
UPDATE calls SET state = 'ended', end_status = 'withdrawn', ended_at = %(at)s
FROM withdrawn WHERE calls.id = withdrawn.id AND calls.state = 'waiting'
RETURNING calls.party, calls.attempt;

-- name: calls_to_cancel
SELECT id FROM calls WHERE incident_id = %(incident_id)s AND state IN ('sending', 'unknown', 'placed', 'ringing')
AND (%(party)s::text IS NULL OR party = %(party)s);

-- name: taker_of_incident
SELECT state ->> 'taken_by' AS taken_by FROM incidents WHERE id = %(id)s;

-- name: call_by_attempt
SELECT id, state, answered_at FROM calls
WHERE incident_id = %(incident_id)s AND party = %(party)s AND attempt = %(attempt)s;

-- name: lock_dispatching
SELECT pg_advisory_xact_lock(hashtextextended('dispatching', 0));

-- name: settle_outbox
UPDATE outbox SET state = 'done', lease_until = NULL WHERE id = %(id)s AND state IN ('sending', 'unknown');

-- name: finish_command
UPDATE outbox SET state = CASE WHEN %(done)s THEN 'done' ELSE 'failed' END, error = %(error)s
WHERE id = %(id)s AND device_id = %(device_id)s AND kind = 'command' AND state IN ('pending', 'sending')
RETURNING incident_id, payload;

-- name: wake_commands
UPDATE outbox SET due_at = %(at)s WHERE device_id = %(device_id)s AND kind = 'command' AND state = 'pending';

-- name: queue_receipt
INSERT INTO outbox (id, incident_id, kind, device_id, payload, priority, due_at, expires_at)
VALUES (%(id)s, %(incident_id)s, 'command', %(device_id)s, %(payload)s, 0, clock_timestamp(),
        clock_timestamp() + %(lifetime)s);

-- name: hint
SELECT pg_notify('cbutton', '');

-- name: withdraw_call
WITH withdrawn AS (
    UPDATE outbox SET state = 'expired', lease_until = NULL, error = 'withdrawn'
    WHERE id = %(id)s AND state = %(outbox_state)s RETURNING id
)
UPDATE calls SET state = 'ended', end_status = 'withdrawn', ended_at = %(at)s
FROM withdrawn WHERE calls.id = withdrawn.id RETURNING calls.id;

-- name: due_commands
SELECT o.id, o.incident_id, o.device_id, o.payload, o.expires_at, o.attempts, d.shard,
       p.online, p.boot_id, p.uptime_ms, p.heard_at, clock_timestamp() AS now
FROM outbox o JOIN devices d ON d.id = o.device_id LEFT JOIN device_presence p ON p.device_id = o.device_id
WHERE o.kind = 'command' AND o.state = 'pending' AND o.due_at <= clock_timestamp()
ORDER BY o.priority, o.due_at LIMIT 100 FOR UPDATE OF o SKIP LOCKED;

-- name: postpone_command
UPDATE outbox SET due_at = clock_timestamp() + %(wait)s, attempts = attempts + 1 WHERE id = %(id)s;

-- name: expire_commands
UPDATE outbox SET state = 'expired' WHERE id IN (
    SELECT id FROM outbox WHERE kind = 'command' AND state = 'pending' AND expires_at <= clock_timestamp()
    FOR UPDATE SKIP LOCKED
);
