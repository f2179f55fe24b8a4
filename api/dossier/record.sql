-- name: incident
-- Whole rows, so that columns of later versions need no change here.
SELECT to_jsonb(i) AS incident FROM incidents i WHERE id = %(id)s;

-- name: events
SELECT at, actor, kind, data FROM incident_events WHERE incident_id = %(id)s ORDER BY id LIMIT %(limit)s;

-- name: presses
SELECT id, at, received_at, kind, held_ms, late, defects, lat_deg, lon_deg
FROM presses WHERE incident_id = %(id)s ORDER BY at, id LIMIT %(limit)s;

-- name: calls
SELECT id, party, attempt, direction, operator, number, language, state, end_status, pressed, spoken, machine,
       possible_duplicate, created_at, sent_at, answered_at, ended_at,
       (SELECT min(at) FROM incident_events e
        WHERE e.incident_id = c.incident_id AND e.kind = 'call_ringing' AND e.data ->> 'party' = c.party
          AND e.data ->> 'attempt' = c.attempt::text) AS ringing_at
FROM calls c WHERE incident_id = %(id)s ORDER BY created_at, id LIMIT %(limit)s;

-- name: messages
SELECT id, channel, party, template, language, number, email, subject, body, state, code, created_at, sent_at,
       delivered_at
FROM messages WHERE incident_id = %(id)s ORDER BY created_at, id LIMIT %(limit)s;

-- name: chat
SELECT id, party, operator, at, text FROM chat_messages WHERE incident_id = %(id)s ORDER BY at, id LIMIT %(limit)s;

-- name: dispatches
SELECT d.id, d.kind, d.state, d.unit_id, u.name AS unit_name, d.provider_id, d.crew, d.sent_by, d.eta_at,
       d.requested_at, d.offered_at, d.accepted_at, d.en_route_at, d.on_scene_at, d.secured_at, d.ended_at, d.report,
       d.unchecked_reason, d.searches, coalesce(asked.offers, '[]') AS offers, coalesce(scene.checks, '[]') AS checks,
       coalesce(pictures.photos, '[]') AS photos
FROM dispatches d
LEFT JOIN units u ON u.id = d.unit_id
LEFT JOIN LATERAL (
    SELECT jsonb_agg(to_jsonb(o) ORDER BY offered_at, asked) AS offers
    FROM dispatch_offers o WHERE dispatch_id = d.id
) asked ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(to_jsonb(c) ORDER BY at, item) AS checks FROM dispatch_checks c WHERE dispatch_id = d.id
) scene ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('id', id, 'at', at, 'by', by, 'sha256', encode(sha256(jpeg), 'hex'))
                     ORDER BY at, id) AS photos
    FROM dispatch_photos WHERE dispatch_id = d.id
) pictures ON true
WHERE d.incident_id = %(id)s ORDER BY d.requested_at, d.id LIMIT %(limit)s;

-- name: notes
SELECT id, at, author, text FROM incident_notes WHERE incident_id = %(id)s ORDER BY at, id LIMIT %(limit)s;

-- name: counts
SELECT (SELECT count(*) FROM incident_events WHERE incident_id = %(id)s) AS events,
       (SELECT count(*) FROM presses WHERE incident_id = %(id)s) AS presses,
       (SELECT count(*) FROM calls WHERE incident_id = %(id)s) AS calls,
       (SELECT count(*) FROM messages WHERE incident_id = %(id)s) AS messages,
       (SELECT count(*) FROM chat_messages WHERE incident_id = %(id)s) AS chat,
       (SELECT count(*) FROM dispatches WHERE incident_id = %(id)s) AS dispatches,
       (SELECT count(*) FROM incident_notes WHERE incident_id = %(id)s) AS notes,
       (SELECT count(*) FROM impacts WHERE incident_id = %(id)s) AS impacts;

-- name: hardest_impacts
SELECT id, uptime_ms FROM (
    SELECT id, uptime_ms, at FROM impacts WHERE incident_id = %(id)s ORDER BY delta_v_kmh DESC, id LIMIT %(limit)s
) hardest ORDER BY at, id;

-- name: motion
SELECT uptime_ms, rate_hz, samples, scale_mps2, full_scale_g, lowpass_hz,
       translate(encode(counts, 'base64'), E'\n', '') AS counts_base64
FROM impact_frames WHERE impact_id = %(id)s ORDER BY uptime_ms, sequence;

-- name: fixes
SELECT uptime_ms, lat_deg, lon_deg, speed_mps, heading_deg
FROM impact_fixes WHERE impact_id = %(id)s ORDER BY uptime_ms;

-- name: plan
SELECT version, sha256, activated_at FROM escalation_plans WHERE version = %(version)s;

-- name: look_ups
SELECT at, actor, action, object, reason FROM access_log
WHERE object = %(id)s::text OR object IN (SELECT id::text FROM impacts WHERE incident_id = %(id)s::uuid)
ORDER BY id LIMIT %(limit)s;
