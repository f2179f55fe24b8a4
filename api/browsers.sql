-- name: known
SELECT FROM staff_browsers
WHERE id_sha256 = %(id)s AND name = %(name)s AND signed_in_at > clock_timestamp() - %(known_for)s::interval;

-- name: known_to_anybody
SELECT FROM staff_browsers WHERE id_sha256 = %(id)s AND signed_in_at > clock_timestamp() - %(known_for)s::interval
LIMIT 1;

-- name: remember
INSERT INTO staff_browsers (id_sha256, name) VALUES (%(id)s, %(name)s)
ON CONFLICT (id_sha256, name) DO UPDATE SET signed_in_at = clock_timestamp();

-- name: forget_old
DELETE FROM staff_browsers WHERE signed_in_at <= clock_timestamp() - %(known_for)s::interval;

-- name: forget_beyond
DELETE FROM staff_browsers
WHERE name = %(name)s AND id_sha256 IN (SELECT id_sha256 FROM staff_browsers WHERE name = %(name)s
                                        ORDER BY signed_in_at DESC, id_sha256 OFFSET %(most)s);

-- name: forget
-- All of somebody's but one; all where that is null.
DELETE FROM staff_browsers WHERE name = %(name)s AND id_sha256 IS DISTINCT FROM %(but)s;

-- name: of
SELECT id_sha256 FROM staff_browsers WHERE name = %(name)s;
