-- What units in the field, control centres and drivers see, and the administration of units and providers.

-- name: insert_unit
INSERT INTO units (id, skills, name, lat_deg, lon_deg, base_lat_deg, base_lon_deg, provider_id, shift_from, shift_to,
                   language)
VALUES (%(id)s, %(skills)s, %(name)s, %(lat_deg)s, %(lon_deg)s, %(lat_deg)s, %(lon_deg)s, %(provider_id)s,
        %(shift_from)s, %(shift_to)s, %(language)s)
ON CONFLICT (id) DO NOTHING RETURNING id;

-- name: replace_unit
-- Where it is now is its own to say.
UPDATE units SET skills = %(skills)s, name = %(name)s, base_lat_deg = %(lat_deg)s, base_lon_deg = %(lon_deg)s,
       provider_id = %(provider_id)s, shift_from = %(shift_from)s, shift_to = %(shift_to)s, language = %(language)s
WHERE id = %(id)s RETURNING id;

-- name: unit
SELECT u.id, u.skills, u.name, u.provider_id, u.language, u.on_shift,
       to_char(u.shift_from, 'HH24:MI') AS shift_from, to_char(u.shift_to, 'HH24:MI') AS shift_to, u.lat_deg, u.lon_deg,
       u.position_at, u.base_lat_deg, u.base_lon_deg,
       CASE WHEN o.state = 'accepted' THEN 'working' WHEN o.state = 'open' THEN 'asked'
            WHEN s.unit_id IS NOT NULL THEN 'out_of_service'
            WHEN u.on_shift THEN 'free' ELSE 'off_shift' END AS status, d.incident_id, d.state AS dispatch_state,
       CASE WHEN s.unit_id IS NOT NULL THEN to_jsonb(s) - 'unit_id' END AS out_of_service
FROM units u
LEFT JOIN units_out_of_service s ON s.unit_id = u.id AND (s.until IS NULL OR s.until > clock_timestamp())
LEFT JOIN dispatch_offers o ON o.unit_id = u.id AND o.state IN ('open', 'accepted')
LEFT JOIN dispatches d ON d.id = o.dispatch_id
WHERE u.id = %(id)s;

-- name: units
SELECT u.id, u.skills, u.name, u.provider_id, u.language, u.on_shift,
       to_char(u.shift_from, 'HH24:MI') AS shift_from, to_char(u.shift_to, 'HH24:MI') AS shift_to, u.lat_deg, u.lon_deg,
       u.position_at, u.base_lat_deg, u.base_lon_deg,
       CASE WHEN o.state = 'accepted' THEN 'working' WHEN o.state = 'open' THEN 'asked'
            WHEN s.unit_id IS NOT NULL THEN 'out_of_service'
            WHEN u.on_shift THEN 'free' ELSE 'off_shift' END AS status, d.incident_id, d.state AS dispatch_state,
       CASE WHEN s.unit_id IS NOT NULL THEN to_jsonb(s) - 'unit_id' END AS out_of_service
FROM units u
LEFT JOIN units_out_of_service s ON s.unit_id = u.id AND (s.until IS NULL OR s.until > clock_timestamp())
LEFT JOIN dispatch_offers o ON o.unit_id = u.id AND o.state IN ('open', 'accepted')
LEFT JOIN dispatches d ON d.id = o.dispatch_id
WHERE u.id > %(after)s ORDER BY u.id LIMIT %(limit)s;

-- name: place_unit
UPDATE units u SET lat_deg = %(lat_deg)s, lon_deg = %(lon_deg)s, on_shift = %(on_shift)s,
       position_at = clock_timestamp()
FROM (SELECT id, on_shift FROM units WHERE id = %(id)s FOR UPDATE) before
WHERE u.id = before.id RETURNING before.on_shift AS was_on_shift;

-- name: work_of_unit
SELECT o.dispatch_id FROM dispatch_offers o WHERE o.unit_id = %(unit_id)s AND o.state IN ('open', 'accepted');

-- name: work_of_provider
SELECT o.dispatch_id FROM dispatch_offers o WHERE o.provider_id = %(provider_id)s AND o.state IN ('open', 'accepted')
ORDER BY o.offered_at LIMIT 200;

-- name: driver_help
SELECT d.kind, d.state, d.eta_at,
       CASE WHEN d.accepted_at IS NOT NULL THEN coalesce(u.name, d.crew, p.name) END AS unit_name
FROM dispatches d LEFT JOIN units u ON u.id = d.unit_id LEFT JOIN providers p ON p.id = d.provider_id
WHERE d.incident_id IN (SELECT coalesce(merged_into, id) FROM incidents WHERE id = %(id)s)
  AND d.state IN ('requested', 'offered', 'accepted', 'en_route', 'on_scene', 'secured', 'completed')
ORDER BY array_position(ARRAY['secured', 'on_scene', 'en_route', 'accepted', 'offered', 'requested', 'completed'],
                        d.state), d.requested_at DESC
LIMIT 1;

-- name: incident_dispatches
SELECT d.id, d.kind, d.state, d.unit_id, d.provider_id, coalesce(u.name, d.crew, p.name) AS unit_name, d.eta_at,
       d.requested_at, d.offered_at, d.accepted_at, d.en_route_at, d.on_scene_at, d.secured_at, d.ended_at, d.report,
       d.sent_by, d.searches, d.unchecked_reason,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('asked', o.asked, 'state', o.state, 'offered_at', o.offered_at,
                                                     'answered_at', o.answered_at, 'reason', o.reason)
                                  ORDER BY o.offered_at, o.asked), '[]')
        FROM dispatch_offers o WHERE o.dispatch_id = d.id) AS offers
FROM dispatches d LEFT JOIN units u ON u.id = d.unit_id LEFT JOIN providers p ON p.id = d.provider_id
WHERE d.incident_id = %(id)s ORDER BY d.requested_at, d.id;

-- name: provider
SELECT id, name, mode, active, url, skills, lat_deg, lon_deg, radius_km, arrival_s FROM providers WHERE id = %(id)s;

-- name: providers
SELECT id, name, mode, active, url, skills, lat_deg, lon_deg, radius_km, arrival_s FROM providers ORDER BY id;

-- name: insert_provider
INSERT INTO providers (id, name, mode, active, url, secret, skills, lat_deg, lon_deg, radius_km, arrival_s)
VALUES (%(id)s, %(name)s, %(mode)s, %(active)s, %(url)s, %(secret)s, %(skills)s, %(lat_deg)s, %(lon_deg)s,
        %(radius_km)s, %(arrival_s)s)
ON CONFLICT (id) DO NOTHING RETURNING id;

-- name: replace_provider
-- Its mode stays: work that is under way depends on it.
UPDATE providers SET name = %(name)s, active = %(active)s, url = %(url)s, skills = %(skills)s, lat_deg = %(lat_deg)s,
       lon_deg = %(lon_deg)s, radius_km = %(radius_km)s, arrival_s = %(arrival_s)s
WHERE id = %(id)s AND mode = %(mode)s RETURNING id;

-- name: renew_secret
UPDATE providers SET secret = %(secret)s WHERE id = %(id)s RETURNING id;
