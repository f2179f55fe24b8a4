-- name: watched_incidents
-- Open ones after a shock, and what has been heard of their cars since: a handful at any time.
SELECT i.id, i.device_id, i.occurred_at, i.lat_deg, i.lon_deg,
       (i.state ->> 'silent')::boolean IS TRUE AS silent, (i.state ->> 'drove_on')::boolean IS TRUE AS drove_on,
       p.online, p.heard_at AS presence_at,
       (SELECT max(f.at) FROM gps_fixes f
        WHERE f.device_id = i.device_id AND f.at BETWEEN i.occurred_at - interval '1 minute' AND clock_timestamp()) AS fix_at,
       (SELECT max(a.received_at) FROM accel_frames a
        WHERE a.device_id = i.device_id AND a.at > i.occurred_at - interval '1 minute') AS frame_at,
       drive.fixes, drive.slowest_mps, drive.lat_deg AS drive_lat_deg, drive.lon_deg AS drive_lon_deg,
       clock_timestamp() AS now
FROM incidents i
LEFT JOIN device_presence p ON p.device_id = i.device_id
LEFT JOIN LATERAL (
    SELECT count(*) AS fixes, min(speed_mps) AS slowest_mps,
           (array_agg(lat_deg ORDER BY at DESC))[1] AS lat_deg, (array_agg(lon_deg ORDER BY at DESC))[1] AS lon_deg
    FROM (SELECT at, speed_mps, lat_deg, lon_deg FROM gps_fixes
          WHERE device_id = i.device_id AND at > i.occurred_at + %(settle)s::interval
          ORDER BY at DESC LIMIT %(fixes)s) AS latest
) drive ON true
WHERE i.phase IN ('reaching', 'helping') AND i.trigger IN ('impact', 'phone_crash') AND i.device_id IS NOT NULL
  AND i.opened_at > clock_timestamp() - %(watch)s::interval AND NOT i.flags @> '{late}';

-- name: others_heard
-- Whether another car was heard just now. Where all are silent it is the broker, or ourselves.
SELECT EXISTS (SELECT FROM accel_frames
               WHERE at > clock_timestamp() - 2 * %(within)s::interval
                 AND received_at > clock_timestamp() - %(within)s::interval AND device_id <> %(device_id)s) AS heard;
