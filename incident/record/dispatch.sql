-- name: open_dispatch
SELECT id, kind, state, unit_id, provider_id, sent_by FROM dispatches
WHERE incident_id = %(incident_id)s AND kind = %(kind)s
  AND state IN ('requested', 'offered', 'accepted', 'en_route', 'on_scene', 'secured')
FOR UPDATE;

-- name: insert_dispatch
INSERT INTO dispatches (incident_id, kind, state, requested_at, sent_by)
VALUES (%(incident_id)s, %(kind)s, 'requested', %(at)s, %(operator)s)
RETURNING id, kind, state, unit_id, provider_id, sent_by;

-- name: failed_dispatch
-- The latest of its kind, if it found nobody.
SELECT id, kind, state, unit_id, provider_id, sent_by FROM dispatches
WHERE incident_id = %(incident_id)s AND kind = %(kind)s ORDER BY requested_at DESC, id LIMIT 1 FOR UPDATE;

-- name: take_up_again
UPDATE dispatches SET state = 'requested', ended_at = NULL WHERE id = %(id)s;

-- name: end_dispatch
UPDATE dispatches SET state = %(state)s, ended_at = %(at)s, reminder = NULL WHERE id = %(id)s;

-- name: add_search
-- Of a long search the last ones are kept.
UPDATE dispatches SET searches = CASE WHEN jsonb_array_length(searches) < 20 THEN searches ELSE searches - 0 END
                                 || jsonb_build_array(%(search)s::jsonb)
WHERE id = %(id)s;

-- name: settle_offered
-- Without anybody who accepted it is offered as long as somebody may still answer.
UPDATE dispatches d SET state = CASE WHEN o.asked IS NULL THEN 'requested' ELSE 'offered' END,
       unit_id = o.unit_id, provider_id = o.provider_id, crew = NULL, offered_at = coalesce(o.offered_at, d.offered_at),
       accepted_at = NULL, eta_at = NULL, en_route_at = NULL, reminder = NULL
FROM (SELECT 1) one LEFT JOIN LATERAL (
    SELECT asked, unit_id, provider_id, offered_at FROM dispatch_offers
    WHERE dispatch_id = %(id)s AND state = 'open' ORDER BY offered_at, arrival_s, asked LIMIT 1
) o ON true
WHERE d.id = %(id)s;

-- name: accept_dispatch
UPDATE dispatches SET state = 'accepted', unit_id = %(unit_id)s, provider_id = %(provider_id)s, crew = %(crew)s,
       accepted_at = %(at)s, eta_at = %(eta_at)s, en_route_at = NULL, reminder = NULL
WHERE id = %(id)s;

-- name: move_dispatch
UPDATE dispatches SET state = %(state)s, reminder = NULL,
       en_route_at = CASE WHEN %(state)s = 'en_route' THEN %(at)s ELSE en_route_at END,
       eta_at = coalesce(%(eta_at)s, eta_at), crew = coalesce(%(crew)s, crew),
       on_scene_at = CASE WHEN %(state)s = 'on_scene' THEN %(at)s ELSE on_scene_at END,
       secured_at = CASE WHEN %(state)s = 'secured' THEN %(at)s ELSE secured_at END,
       ended_at = CASE WHEN %(state)s = 'completed' THEN %(at)s ELSE ended_at END,
       report = coalesce(%(report)s, report), unchecked_reason = coalesce(%(unchecked_reason)s, unchecked_reason)
WHERE id = %(id)s;

-- name: expect_dispatch
UPDATE dispatches SET eta_at = %(eta_at)s WHERE id = %(id)s;

-- name: remind_dispatch
UPDATE dispatches SET reminder = %(about)s, reminder_at = %(at)s WHERE id = %(id)s;

-- name: dispatch_is_safe
UPDATE dispatches SET safe_at = %(at)s, reminder = CASE WHEN reminder = 'confirm_safe' THEN NULL ELSE reminder END
WHERE id = %(id)s;

-- name: incident_of_offer
SELECT d.incident_id FROM dispatch_offers o JOIN dispatches d ON d.id = o.dispatch_id
WHERE o.dispatch_id = %(id)s AND o.asked = %(asked)s;

-- name: lock_dispatch
SELECT id, incident_id, kind, state FROM dispatches WHERE id = %(id)s FOR UPDATE;

-- name: offer
SELECT id, asked, unit_id, provider_id, state, arrival_s FROM dispatch_offers
WHERE dispatch_id = %(id)s AND asked = %(asked)s FOR UPDATE;

-- name: offers
SELECT id, asked, unit_id, provider_id, state FROM dispatch_offers
WHERE dispatch_id = %(id)s ORDER BY offered_at, arrival_s, asked;

-- name: insert_offer
INSERT INTO dispatch_offers (dispatch_id, unit_id, provider_id, state, arrival_s, distance_km, offered_at, expires_at)
VALUES (%(id)s, %(unit_id)s, %(provider_id)s, 'open', %(arrival_s)s, %(distance_km)s, %(at)s, %(expires_at)s)
ON CONFLICT (dispatch_id, asked) DO UPDATE
SET id = gen_random_uuid(), state = 'open', arrival_s = excluded.arrival_s, distance_km = excluded.distance_km,
    offered_at = excluded.offered_at, expires_at = excluded.expires_at, answered_at = NULL, reason = ''
RETURNING id;

-- name: answer_offer
UPDATE dispatch_offers SET state = %(state)s, answered_at = %(at)s, reason = %(reason)s WHERE id = %(id)s;

-- name: end_offers
-- Of those beside `asked`; the others' fate.
UPDATE dispatch_offers SET state = CASE WHEN state = 'open' THEN %(open_becomes)s ELSE %(accepted_becomes)s END,
       answered_at = coalesce(answered_at, %(at)s)
WHERE dispatch_id = %(id)s AND state IN ('open', 'accepted') AND asked <> %(but)s
RETURNING id, asked, provider_id, state;

-- name: candidate_units
-- Around the place, whether they may be asked or not: the reasons are kept. Who may be comes first.
SELECT u.id, u.skills, u.lat_deg, u.lon_deg, u.base_lat_deg, u.base_lon_deg,
       extract(epoch FROM %(at)s - u.position_at)::float8 AS age_s, shift.on_shift, service.out_of_service, busy.busy, r.drive_s
FROM units u
LEFT JOIN routes r ON r.incident_id = %(incident_id)s AND r.unit_id = u.id
                  AND r.asked_at > %(at)s - interval '3 minutes'
CROSS JOIN LATERAL (
    SELECT u.on_shift AND (u.shift_from IS NULL
        OR CASE WHEN u.shift_from < u.shift_to THEN %(here)s::time >= u.shift_from AND %(here)s::time < u.shift_to
                ELSE %(here)s::time >= u.shift_from OR %(here)s::time < u.shift_to END) AS on_shift
) shift
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM units_out_of_service s
                   WHERE s.unit_id = u.id AND (s.until IS NULL OR s.until > %(at)s)) AS out_of_service
) service
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM dispatch_offers o WHERE o.unit_id = u.id AND o.state IN ('open', 'accepted')) AS busy
) busy
WHERE (u.lat_deg BETWEEN %(south)s AND %(north)s AND u.lon_deg BETWEEN %(west)s AND %(east)s
       OR u.base_lat_deg BETWEEN %(south)s AND %(north)s AND u.base_lon_deg BETWEEN %(west)s AND %(east)s)
  AND NOT EXISTS (SELECT FROM providers p WHERE p.id = u.provider_id AND (NOT p.active OR p.mode = 'centre'))
ORDER BY (u.skills && %(skills)s::text[] AND shift.on_shift AND NOT service.out_of_service AND NOT busy.busy) DESC,
         power(u.lat_deg - %(lat_deg)s, 2) + power((u.lon_deg - %(lon_deg)s) * %(narrowing)s, 2), u.id
LIMIT %(limit)s;

-- name: candidate_centres
SELECT id, skills, lat_deg, lon_deg, radius_km, arrival_s FROM providers
WHERE mode = 'centre' AND active ORDER BY id;

-- name: hurry_searches
-- Somebody is free: incidents that found nobody look at once. One that is being worked on looks by itself.
UPDATE timers t SET due_at = %(at)s
FROM (SELECT incident_id, name FROM timers WHERE name LIKE 'search:%%' AND due_at > %(at)s FOR UPDATE SKIP LOCKED) found
WHERE t.incident_id = found.incident_id AND t.name = found.name;

-- name: hurry_searches_now
UPDATE timers t SET due_at = clock_timestamp()
FROM (SELECT incident_id, name FROM timers WHERE name LIKE 'search:%%' AND due_at > clock_timestamp()
      FOR UPDATE SKIP LOCKED) found
WHERE t.incident_id = found.incident_id AND t.name = found.name;

-- name: tell_centre
INSERT INTO outbox (id, incident_id, kind, payload, priority, due_at, expires_at)
SELECT gen_random_uuid(), d.incident_id, 'provider',
       jsonb_build_object('offer_id', o.id, 'event', %(event)s::text), 2, %(at)s, %(expires_at)s
FROM dispatch_offers o JOIN dispatches d ON d.id = o.dispatch_id WHERE o.id = %(offer_id)s;

-- name: brief
-- What whoever was asked may know of the incident. The heading is the car's last one while it drove.
SELECT d.id AS dispatch_id, o.id AS offer_id, d.kind, d.state, o.state AS offer, o.offered_at, o.expires_at, o.arrival_s,
       d.eta_at, d.reminder, d.reminder_at, d.sent_by, i.id AS incident_id, i.severity, i.trigger, i.occurred_at,
       i.lat_deg, i.lon_deg, i.road, i.place -> 'words' ->> 'ja' AS place_ja, i.place -> 'words' ->> 'en' AS place_en,
       v.plate, v.model, v.colour, v.fuel, fix.heading_deg
FROM dispatch_offers o
JOIN dispatches d ON d.id = o.dispatch_id
JOIN incidents i ON i.id = d.incident_id
LEFT JOIN vehicles v ON v.id = i.vehicle_id
LEFT JOIN LATERAL (
    SELECT f.heading_deg FROM gps_fixes f
    WHERE f.device_id = i.device_id AND f.speed_mps > 2 AND f.speed_mps <> 'NaN' AND f.heading_deg <> 'NaN'
      AND f.at BETWEEN i.occurred_at - interval '2 minutes' AND i.occurred_at + interval '1 second'
    ORDER BY f.at DESC LIMIT 1
) fix ON true
WHERE o.dispatch_id = %(id)s AND o.asked = %(asked)s;

-- name: checks
SELECT item, state, note, at, by FROM dispatch_checks WHERE dispatch_id = %(id)s;

-- name: write_check
INSERT INTO dispatch_checks (dispatch_id, item, state, note, at, by)
VALUES (%(id)s, %(item)s, %(state)s, %(note)s, %(at)s, %(by)s)
ON CONFLICT (dispatch_id, item) DO UPDATE
SET state = excluded.state, note = excluded.note, at = excluded.at, by = excluded.by;

-- name: photos
SELECT id, at, by, octet_length(jpeg) AS bytes FROM dispatch_photos WHERE dispatch_id = %(id)s ORDER BY at, id;

-- name: insert_photo
INSERT INTO dispatch_photos (id, dispatch_id, at, by, jpeg)
VALUES (%(photo_id)s, %(id)s, %(at)s, %(by)s, %(jpeg)s) ON CONFLICT (id) DO NOTHING;

-- name: photo
SELECT p.jpeg, p.dispatch_id, d.incident_id FROM dispatch_photos p JOIN dispatches d ON d.id = p.dispatch_id
WHERE p.id = %(photo_id)s;

-- name: claim_news
-- One at a time for each provider's offer: news of it must not overtake the offer itself.
WITH next AS (
    SELECT o.id FROM outbox o
    WHERE o.kind = 'provider' AND o.due_at <= clock_timestamp()
      AND (o.state = 'pending' OR o.state = 'sending' AND o.lease_until <= clock_timestamp())
      AND NOT EXISTS (SELECT FROM outbox earlier WHERE earlier.kind = 'provider'
                      AND earlier.state IN ('pending', 'sending') AND earlier.created_at < o.created_at
                      AND earlier.payload ->> 'offer_id' = o.payload ->> 'offer_id')
    ORDER BY o.due_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE outbox SET state = 'sending', attempts = attempts + 1, lease_until = clock_timestamp() + %(lease)s
FROM next WHERE outbox.id = next.id
RETURNING outbox.id, outbox.incident_id, outbox.payload, outbox.attempts, outbox.created_at,
          outbox.expires_at <= clock_timestamp() AS is_over;

-- name: news_of_offer
SELECT o.id, o.dispatch_id, o.asked, o.state, p.id AS provider_id, p.url, p.secret
FROM dispatch_offers o JOIN providers p ON p.id = o.provider_id WHERE o.id = %(offer_id)s;

-- name: finish_news
UPDATE outbox SET state = %(state)s, lease_until = NULL, error = %(error)s WHERE id = %(id)s AND state = 'sending';

-- name: send_news_again
UPDATE outbox SET state = 'pending', lease_until = NULL, error = %(error)s, due_at = clock_timestamp() + %(wait)s
WHERE id = %(id)s AND state = 'sending';

-- name: claim_routes
-- Placed, and somebody may still be asked; whoever opens a dispatch meanwhile is not waited for.
WITH next AS (
    SELECT i.id, i.lat_deg, i.lon_deg FROM incidents i LEFT JOIN route_requests r ON r.incident_id = i.id
    WHERE i.phase <> 'closed' AND i.lat_deg IS NOT NULL
      AND (r.asked_at IS NULL OR r.asked_at < clock_timestamp() - %(again)s::interval)
      AND (i.phase = 'reaching' OR EXISTS (SELECT FROM dispatches d WHERE d.incident_id = i.id
                                           AND d.state IN ('requested', 'offered', 'failed')))
    ORDER BY r.asked_at NULLS FIRST, i.opened_at DESC LIMIT 1
), claimed AS (
    INSERT INTO route_requests (incident_id, asked_at) SELECT id, clock_timestamp() FROM next
    ON CONFLICT (incident_id) DO UPDATE SET asked_at = excluded.asked_at
)
SELECT id, lat_deg, lon_deg FROM next;

-- name: units_near
SELECT id, lat_deg, lon_deg FROM units
WHERE on_shift AND NOT EXISTS (SELECT FROM units_out_of_service s
                               WHERE s.unit_id = units.id AND (s.until IS NULL OR s.until > clock_timestamp()))
  AND lat_deg BETWEEN %(lat_deg)s - 1.5 AND %(lat_deg)s + 1.5
  AND lon_deg BETWEEN %(lon_deg)s - 2 AND %(lon_deg)s + 2
ORDER BY power(lat_deg - %(lat_deg)s, 2) + power((lon_deg - %(lon_deg)s) * 0.8, 2), id LIMIT %(limit)s;

-- name: keep_route
INSERT INTO routes (incident_id, unit_id, drive_s, asked_at)
VALUES (%(incident_id)s, %(unit_id)s, %(drive_s)s, clock_timestamp())
ON CONFLICT (incident_id, unit_id) DO UPDATE SET drive_s = excluded.drive_s, asked_at = excluded.asked_at;

-- name: ambulance_facts
-- `heard`: somebody is or was on the line, or wrote; a call that only was picked up may have been voicemail.
SELECT i.state ->> 'ambulance' AS ambulance, i.lat_deg, i.lon_deg, i.occurred_at, i.trigger, i.severity, i.answer,
       i.trigger = 'call'
       OR EXISTS (SELECT FROM calls c WHERE c.incident_id = i.id AND c.party IN ('driver', 'caller')
                  AND (c.state = 'answered' OR c.spoken IS NOT NULL))
       OR EXISTS (SELECT FROM chat_messages m WHERE m.incident_id = i.id AND m.party = 'driver'
                  AND m.operator IS NULL) AS heard,
       v.plate, v.model, v.colour, v.fuel, hardest.delta_v_kmh, hardest.delta_v_is_lower_bound, hardest.pdof_deg,
       hardest.rollover, fix.heading_deg
FROM incidents i
LEFT JOIN vehicles v ON v.id = i.vehicle_id
LEFT JOIN LATERAL (
    SELECT delta_v_kmh, delta_v_is_lower_bound, pdof_deg,
           (SELECT bool_or(rollover) FROM impacts WHERE incident_id = i.id) AS rollover
    FROM impacts WHERE incident_id = i.id ORDER BY delta_v_kmh DESC LIMIT 1
) hardest ON true
LEFT JOIN LATERAL (
    SELECT f.heading_deg FROM gps_fixes f
    WHERE f.device_id = i.device_id AND f.speed_mps > 2 AND f.speed_mps <> 'NaN' AND f.heading_deg <> 'NaN'
      AND f.at BETWEEN i.occurred_at - interval '2 minutes' AND i.occurred_at + interval '1 second'
    ORDER BY f.at DESC LIMIT 1
) fix ON true
WHERE i.id = %(id)s;
