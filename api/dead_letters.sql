-- What devices sent and could not be read. Kept for 30 days; beyond a device's allowance of a day only counted.

-- name: dead_letters
SELECT id, received_at, device_id, topic, reason, detail, size_bytes, octet_length(payload) AS kept_bytes
FROM dead_letters
WHERE (%(before)s::bigint IS NULL OR id < %(before)s)
  AND (%(device_id)s::text IS NULL OR device_id = %(device_id)s)
  AND (%(reason)s::text IS NULL OR reason = %(reason)s)
ORDER BY id DESC LIMIT %(limit)s;

-- name: dead_letter
SELECT id, received_at, device_id, topic, reason, detail, size_bytes, octet_length(payload) AS kept_bytes, payload
FROM dead_letters WHERE id = %(id)s;

-- name: count_by_reason
SELECT reason, count(*) AS many, count(DISTINCT device_id) AS devices, max(received_at) AS newest_at
FROM dead_letters GROUP BY reason ORDER BY many DESC, reason;

-- name: count_dropped
SELECT coalesce(sum(dropped), 0)::bigint AS dropped FROM dead_letter_days
WHERE day > (clock_timestamp() AT TIME ZONE 'UTC')::date - 30;
