-- name: lock_shard
SELECT pg_try_advisory_lock(hashtextextended('ingest:' || %(lane)s || ':' || %(shard)s, 0)) AS locked;

-- name: devices
SELECT id, shard, revoked_at IS NOT NULL AS revoked FROM devices WHERE id = ANY (%(ids)s);

-- name: anchors
SELECT device_id, boot_id, anchor_at FROM device_boots
WHERE (device_id, boot_id) IN (SELECT unnest(%(devices)s::text[]), unnest(%(boots)s::bigint[]));

-- name: keep_anchor
INSERT INTO device_boots (device_id, boot_id, anchor_at) VALUES (%(device_id)s, %(boot_id)s, %(anchor_at)s)
ON CONFLICT (device_id, boot_id) DO UPDATE SET anchor_at = device_boots.anchor_at
RETURNING anchor_at;

-- name: hear_device
INSERT INTO device_presence (device_id, online, boot_id, sequence, uptime_ms, heard_at, firmware)
VALUES (%(device_id)s, %(online)s, %(boot_id)s, %(sequence)s, %(uptime_ms)s, %(heard_at)s, %(firmware)s)
ON CONFLICT (device_id) DO UPDATE SET online = excluded.online, boot_id = excluded.boot_id,
    sequence = excluded.sequence, uptime_ms = excluded.uptime_ms, heard_at = excluded.heard_at,
    firmware = CASE WHEN excluded.firmware = '' THEN device_presence.firmware ELSE excluded.firmware END
WHERE device_presence.heard_at <= excluded.heard_at;

-- name: presence
SELECT online, boot_id FROM device_presence WHERE device_id = %(device_id)s;

-- name: lose_device
UPDATE device_presence SET online = false WHERE device_id = %(device_id)s AND heard_at <= %(at)s;

-- name: store_status
INSERT INTO device_status (device_id, boot_id, sequence, at, received_at, late, online, firmware, hardware,
                           battery_mv, signal_dbm, buffered_messages)
VALUES (%(device_id)s, %(boot_id)s, %(sequence)s, %(at)s, %(received_at)s, %(late)s, %(online)s, %(firmware)s,
        %(hardware)s, %(battery_mv)s, %(signal_dbm)s, %(buffered_messages)s)
ON CONFLICT (device_id, boot_id, sequence, at) DO NOTHING RETURNING device_id;

-- name: store_press
INSERT INTO presses (device_id, boot_id, sequence, at, received_at, kind, held_ms, late, defects, lat_deg, lon_deg)
VALUES (%(device_id)s, %(boot_id)s, %(sequence)s, %(at)s, %(received_at)s, %(kind)s, %(held_ms)s, %(late)s,
        %(defects)s, %(lat_deg)s, %(lon_deg)s)
ON CONFLICT (device_id, boot_id, sequence) DO NOTHING RETURNING id;

-- name: press_belongs_to
UPDATE presses SET incident_id = %(incident_id)s WHERE id = %(id)s;

-- name: press_repeated
SELECT incident_id FROM presses
WHERE device_id = %(device_id)s AND boot_id = %(boot_id)s AND sequence = %(sequence)s;

-- name: store_part
INSERT INTO impact_parts (device_id, boot_id, sequence, trigger_no, part, last, at, uptime_ms, trigger_uptime_ms,
                          received_at, late, rate_hz, samples, scale_mps2, full_scale_g, lowpass_hz, counts, fixes)
VALUES (%(device_id)s, %(boot_id)s, %(sequence)s, %(trigger_no)s, %(part)s, %(last)s, %(at)s, %(uptime_ms)s,
        %(trigger_uptime_ms)s, %(received_at)s, %(late)s, %(rate_hz)s, %(samples)s, %(scale_mps2)s,
        %(full_scale_g)s, %(lowpass_hz)s, %(counts)s, %(fixes)s)
ON CONFLICT (device_id, boot_id, sequence) DO NOTHING RETURNING device_id;

-- name: open_candidate
INSERT INTO candidates (device_id, boot_id, uptime_ms, lane, shard, at, late, due_at)
VALUES (%(device_id)s, %(boot_id)s, %(uptime_ms)s, %(lane)s, %(shard)s, %(at)s, %(late)s,
        clock_timestamp() + %(wait)s)
ON CONFLICT (device_id, boot_id, lane, uptime_ms) DO UPDATE SET due_at = least(candidates.due_at, excluded.due_at);

-- name: due_candidates
SELECT device_id, boot_id, uptime_ms, lane, at, late, clock_timestamp() - opened_at AS waited
FROM candidates
WHERE lane = %(lane)s AND shard = ANY (%(shards)s) AND due_at <= clock_timestamp()
ORDER BY due_at LIMIT %(most)s;

-- name: postpone_candidate
UPDATE candidates SET due_at = clock_timestamp() + %(wait)s
WHERE device_id = %(device_id)s AND boot_id = %(boot_id)s AND lane = %(lane)s AND uptime_ms = %(uptime_ms)s;

-- name: close_candidate
DELETE FROM candidates
WHERE device_id = %(device_id)s AND boot_id = %(boot_id)s AND lane = %(lane)s AND uptime_ms = %(uptime_ms)s;

-- name: motion
SELECT uptime_ms, rate_hz, samples, scale_mps2, full_scale_g, lowpass_hz, counts FROM accel_frames
WHERE device_id = %(device_id)s AND boot_id = %(boot_id)s
  AND at BETWEEN %(from_at)s AND %(to_at)s
  AND uptime_ms + 1000 * samples / rate_hz >= %(from_ms)s AND uptime_ms <= %(to_ms)s
UNION ALL
SELECT uptime_ms, rate_hz, samples, scale_mps2, full_scale_g, lowpass_hz, counts FROM impact_parts
WHERE device_id = %(device_id)s AND boot_id = %(boot_id)s
  AND uptime_ms + 1000 * samples / rate_hz >= %(from_ms)s AND uptime_ms <= %(to_ms)s;

-- name: fixes
SELECT DISTINCT ON (uptime_ms) uptime_ms, lat_deg, lon_deg, speed_mps, heading_deg
FROM (
    SELECT uptime_ms, lat_deg, lon_deg, speed_mps, heading_deg, 1 AS rank FROM gps_fixes
    WHERE device_id = %(device_id)s AND boot_id = %(boot_id)s AND at BETWEEN %(from_at)s AND %(to_at)s
    UNION ALL
    SELECT fix.uptime_ms, fix.lat_deg, fix.lon_deg, coalesce(fix.speed_mps, 'NaN'), fix.heading_deg, 2
    FROM impact_parts part CROSS JOIN jsonb_to_recordset(part.fixes) AS fix (
        uptime_ms bigint, lat_deg double precision, lon_deg double precision, speed_mps real, heading_deg real)
    WHERE part.device_id = %(device_id)s AND part.boot_id = %(boot_id)s
      AND part.uptime_ms BETWEEN %(from_ms)s AND %(to_ms)s
) found
WHERE uptime_ms BETWEEN %(from_ms)s AND %(to_ms)s
ORDER BY uptime_ms, rank;

-- name: keep_frames
INSERT INTO impact_frames (impact_id, sequence, uptime_ms, rate_hz, samples, scale_mps2, full_scale_g,
                           lowpass_hz, counts)
SELECT %(impact_id)s, sequence, uptime_ms, rate_hz, samples, scale_mps2, full_scale_g, lowpass_hz, counts
FROM accel_frames
WHERE device_id = %(device_id)s AND boot_id = %(boot_id)s
  AND at BETWEEN %(from_at)s AND %(to_at)s
  AND uptime_ms + 1000 * samples / rate_hz >= %(from_ms)s AND uptime_ms <= %(to_ms)s
UNION ALL
SELECT %(impact_id)s, sequence, uptime_ms, rate_hz, samples, scale_mps2, full_scale_g, lowpass_hz, counts
FROM impact_parts
WHERE device_id = %(device_id)s AND boot_id = %(boot_id)s
  AND uptime_ms + 1000 * samples / rate_hz >= %(from_ms)s AND uptime_ms <= %(to_ms)s
ON CONFLICT DO NOTHING;

-- name: keep_fixes
INSERT INTO impact_fixes (impact_id, uptime_ms, lat_deg, lon_deg, speed_mps, heading_deg)
SELECT %(impact_id)s, uptime_ms, lat_deg, lon_deg, speed_mps, heading_deg FROM gps_fixes
WHERE device_id = %(device_id)s AND boot_id = %(boot_id)s
  AND at BETWEEN %(from_at)s AND %(to_at)s AND uptime_ms BETWEEN %(from_ms)s AND %(to_ms)s
UNION ALL
SELECT %(impact_id)s, fix.uptime_ms, fix.lat_deg, fix.lon_deg, coalesce(fix.speed_mps, 'NaN'), fix.heading_deg
FROM impact_parts part CROSS JOIN jsonb_to_recordset(part.fixes) AS fix (
    uptime_ms bigint, lat_deg double precision, lon_deg double precision, speed_mps real, heading_deg real)
WHERE part.device_id = %(device_id)s AND part.boot_id = %(boot_id)s
  AND part.uptime_ms BETWEEN %(from_ms)s AND %(to_ms)s
  AND fix.uptime_ms BETWEEN %(from_ms)s AND %(to_ms)s
ON CONFLICT DO NOTHING;

-- name: look_again
INSERT INTO evidence_due (impact_id, shard, due_at)
SELECT %(impact_id)s, shard, clock_timestamp() + %(wait)s FROM devices WHERE id = %(device_id)s
ON CONFLICT (impact_id) DO NOTHING;

-- name: due_looks
SELECT due.impact_id, due.looks, i.device_id, i.boot_id, i.uptime_ms, i.at, i.late
FROM evidence_due due JOIN impacts i ON i.id = due.impact_id
WHERE due.shard = ANY (%(shards)s) AND due.due_at <= clock_timestamp()
ORDER BY due.due_at LIMIT %(most)s;

-- name: next_look
UPDATE evidence_due SET looks = looks + 1, due_at = clock_timestamp() + %(wait)s WHERE impact_id = %(impact_id)s;

-- name: last_look
DELETE FROM evidence_due WHERE impact_id = %(impact_id)s;

-- name: mount
SELECT rotation, quality, moving_s FROM device_mounts WHERE device_id = %(device_id)s AND learnt_at <= %(at)s;

-- name: drop_mount
DELETE FROM device_mounts WHERE device_id = %(device_id)s;

-- name: keep_mount
INSERT INTO device_mounts (device_id, rotation, quality, moving_s)
VALUES (%(device_id)s, %(rotation)s, %(quality)s, %(moving_s)s)
ON CONFLICT (device_id) DO UPDATE SET rotation = excluded.rotation, quality = excluded.quality,
    moving_s = excluded.moving_s, learnt_at = excluded.learnt_at
WHERE excluded.quality >= device_mounts.quality
   OR device_mounts.learnt_at < clock_timestamp() - %(old)s;

-- name: mounts_wanted
SELECT wanted.*, drove.boot_id, drove.uptime_ms, drove.at, drove.moving
FROM (
    SELECT d.id AS device_id, m.rotation, m.quality, m.moving_s
    FROM devices d LEFT JOIN device_mounts m ON m.device_id = d.id
    WHERE d.shard = ANY (%(shards)s) AND d.id > %(after)s
      AND (m.device_id IS NULL
           OR m.learnt_at < now() - CASE WHEN m.quality < %(good)s THEN %(poor_for)s ELSE %(old)s END)
    ORDER BY d.id LIMIT %(most)s
) wanted
LEFT JOIN LATERAL (
    SELECT boot_id, max(uptime_ms) AS uptime_ms, max(at) AS at,
           count(*) FILTER (WHERE speed_mps >= %(moving_mps)s AND speed_mps <> 'NaN') AS moving
    FROM gps_fixes f
    WHERE f.device_id = wanted.device_id AND f.at > now() - %(back)s AND f.at <= now()
    GROUP BY boot_id ORDER BY max(at) DESC LIMIT 1
) drove ON true
ORDER BY wanted.device_id;

-- name: lock_device
SELECT pg_advisory_xact_lock(hashtextextended('device:' || %(device_id)s, 0));

-- name: same_impact
SELECT id, severity, incident_id, coalesce((analysis ->> 'final')::boolean, false) AS final FROM impacts
WHERE device_id = %(device_id)s AND boot_id = %(boot_id)s
  AND uptime_ms BETWEEN %(uptime_ms)s - %(within_ms)s AND %(uptime_ms)s + %(within_ms)s
ORDER BY abs(uptime_ms - %(uptime_ms)s) LIMIT 1 FOR UPDATE;

-- name: birth_year
SELECT h.birth_year
FROM devices d
JOIN vehicles v ON v.id = d.vehicle_id
JOIN policies p ON p.id = v.policy_id
JOIN policyholders h ON h.id = p.holder_id
WHERE d.id = %(device_id)s;

-- name: store_impact
INSERT INTO impacts (device_id, boot_id, uptime_ms, at, severity, delta_v_kmh, delta_v_is_lower_bound, pdof_deg,
                     peak_g, duration_ms, rollover, multiple, parked, reasons, lat_deg, lon_deg, speed_before_kmh,
                     late, detector, analysis)
VALUES (%(device_id)s, %(boot_id)s, %(uptime_ms)s, %(at)s, %(severity)s, %(delta_v_kmh)s,
        %(delta_v_is_lower_bound)s, %(pdof_deg)s, %(peak_g)s, %(duration_ms)s, %(rollover)s, %(multiple)s,
        %(parked)s, %(reasons)s, %(lat_deg)s, %(lon_deg)s, %(speed_before_kmh)s, %(late)s, %(detector)s,
        %(analysis)s)
RETURNING id;

-- name: revise_impact
UPDATE impacts SET severity = %(severity)s, delta_v_kmh = %(delta_v_kmh)s,
       delta_v_is_lower_bound = %(delta_v_is_lower_bound)s, pdof_deg = coalesce(%(pdof_deg)s, pdof_deg),
       peak_g = %(peak_g)s, duration_ms = %(duration_ms)s, rollover = %(rollover)s, multiple = %(multiple)s,
       parked = %(parked)s, reasons = %(reasons)s, lat_deg = coalesce(lat_deg, %(lat_deg)s),
       lon_deg = coalesce(lon_deg, %(lon_deg)s), speed_before_kmh = coalesce(%(speed_before_kmh)s, speed_before_kmh),
       detector = %(detector)s, analysis = %(analysis)s, revision = revision + 1
WHERE id = %(id)s AND (analysis IS DISTINCT FROM %(analysis)s OR severity <> %(severity)s);

-- name: impact_belongs_to
UPDATE impacts SET incident_id = %(incident_id)s WHERE id = %(id)s;

-- name: dead_letter_known
SELECT id FROM dead_letters
WHERE received_at > now() - interval '1 hour' AND topic = %(topic)s AND size_bytes = %(size_bytes)s
  AND payload = %(payload)s
LIMIT 1;

-- name: dead_letter_room
INSERT INTO dead_letter_days AS days (device_id, day, kept, kept_bytes)
VALUES (%(device_id)s, %(day)s, 1, %(bytes)s)
ON CONFLICT (device_id, day) DO UPDATE SET kept = days.kept + 1, kept_bytes = days.kept_bytes + excluded.kept_bytes
WHERE days.kept_bytes + excluded.kept_bytes <= %(cap)s
RETURNING kept;

-- name: dead_letter_dropped
UPDATE dead_letter_days SET dropped = dropped + 1 WHERE device_id = %(device_id)s AND day = %(day)s;

-- name: store_dead_letter
INSERT INTO dead_letters (received_at, topic, device_id, reason, detail, size_bytes, payload)
VALUES (%(received_at)s, %(topic)s, %(device_id)s, %(reason)s, %(detail)s, %(size_bytes)s, %(payload)s);

-- name: prepare_series
SELECT series_prepare(now(), %(ahead)s);

-- name: drop_series
SELECT series_drop(%(name)s, now() - %(keep)s::interval) AS dropped;

-- name: drop_dead_letters
DELETE FROM dead_letters WHERE received_at < now() - interval '30 days';
