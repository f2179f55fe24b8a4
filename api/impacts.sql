-- name: impacts
SELECT id, device_id, incident_id, at, severity, delta_v_kmh, delta_v_is_lower_bound, pdof_deg, peak_g, duration_ms,
       rollover, multiple, parked, reasons, lat_deg, lon_deg, speed_before_kmh, late, revision, decided_at, detector,
       uptime_ms, analysis
FROM impacts
WHERE (%(device_id)s::text IS NULL OR device_id = %(device_id)s)
  AND (at, id) < (coalesce(%(before_at)s::timestamptz, 'infinity'), %(before_id)s::uuid)
ORDER BY at DESC, id DESC LIMIT %(limit)s;

-- name: impact
SELECT id, device_id, incident_id, at, severity, delta_v_kmh, delta_v_is_lower_bound, pdof_deg, peak_g, duration_ms,
       rollover, multiple, parked, reasons, lat_deg, lon_deg, speed_before_kmh, late, revision, decided_at, detector,
       uptime_ms, analysis
FROM impacts WHERE id = %(id)s;

-- name: incident_impacts
SELECT id, at, severity, delta_v_kmh, delta_v_is_lower_bound, pdof_deg, peak_g, duration_ms, rollover, multiple,
       parked, reasons, lat_deg, lon_deg, speed_before_kmh, late, revision, decided_at, detector, analysis
FROM (SELECT * FROM impacts WHERE incident_id = %(id)s ORDER BY at DESC, id DESC LIMIT %(newest)s) newest
ORDER BY at, id;

-- name: evidence
SELECT (SELECT min(uptime_ms) FROM impact_frames WHERE impact_id = %(id)s) AS motion_from_ms,
       (SELECT max(uptime_ms + 1000 * samples / rate_hz) FROM impact_frames WHERE impact_id = %(id)s) AS motion_to_ms,
       (SELECT count(*) FROM impact_fixes WHERE impact_id = %(id)s) AS fixes,
       EXISTS (SELECT FROM evidence_due WHERE impact_id = %(id)s) AS may_grow;

-- name: frames
SELECT uptime_ms, rate_hz, samples, scale_mps2, full_scale_g, lowpass_hz, counts FROM impact_frames
WHERE impact_id = %(id)s ORDER BY uptime_ms;

-- name: fixes
SELECT uptime_ms, speed_mps, heading_deg FROM impact_fixes WHERE impact_id = %(id)s ORDER BY uptime_ms;
