-- name: lock_phone_crash
SELECT pg_advisory_xact_lock(hashtextextended(%(holder_id)s::text || %(event_id)s::text, 0));

-- name: phone_crash
SELECT incident_id FROM phone_crashes WHERE holder_id = %(holder_id)s AND event_id = %(event_id)s;

-- name: insert_phone_crash
INSERT INTO phone_crashes (holder_id, event_id, at, source, late, lat_deg, lon_deg, incident_id)
VALUES (%(holder_id)s, %(event_id)s, %(at)s, %(source)s, %(late)s, %(lat_deg)s, %(lon_deg)s, %(incident_id)s);
