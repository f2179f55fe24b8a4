-- name: begin_session
INSERT INTO staff_sessions (id_sha256, name, csrf_token) VALUES (%(id)s, %(name)s, %(csrf_token)s);

-- name: end_old_sessions
DELETE FROM staff_sessions
WHERE began_at <= clock_timestamp() - %(longest)s::interval OR seen_at <= clock_timestamp() - %(idle)s::interval;

-- name: session
SELECT s.id_sha256, s.name, s.csrf_token, s.began_at, s.began_at + %(longest)s::interval AS ends_at,
       f.role, f.language, f.totp_confirmed_at IS NOT NULL AS second_factor,
       s.locked_at IS NOT NULL OR s.seen_at <= clock_timestamp() - %(lock)s::interval AS locked,
       s.seen_at <= clock_timestamp() - interval '20 seconds' AS fading,
       (SELECT count(*) FROM staff_recovery_codes c WHERE c.name = s.name AND c.used_at IS NULL)
           AS recovery_codes_left
FROM staff_sessions s JOIN staff f ON f.name = s.name
WHERE s.id_sha256 = %(id)s AND f.disabled_at IS NULL
  AND s.began_at > clock_timestamp() - %(longest)s::interval AND s.seen_at > clock_timestamp() - %(idle)s::interval;

-- name: session_seen
-- Whoever was away for long enough finds it locked.
UPDATE staff_sessions
SET locked_at = CASE WHEN seen_at <= clock_timestamp() - %(lock)s::interval
                     THEN coalesce(locked_at, clock_timestamp()) ELSE locked_at END,
    seen_at = clock_timestamp()
WHERE id_sha256 = %(id)s;

-- name: lock_session
UPDATE staff_sessions SET locked_at = coalesce(locked_at, clock_timestamp()) WHERE id_sha256 = %(id)s;

-- name: unlock_session
UPDATE staff_sessions SET locked_at = NULL, seen_at = clock_timestamp() WHERE id_sha256 = %(id)s;

-- name: end_session
DELETE FROM staff_sessions WHERE id_sha256 = %(id)s;

-- name: end_sessions
-- All of somebody's but one; all where that is null.
DELETE FROM staff_sessions WHERE name = %(name)s AND id_sha256 IS DISTINCT FROM %(but)s;

-- name: look
UPDATE staff_sessions SET looking_at = %(incident_id)s, looked_at = clock_timestamp() WHERE id_sha256 = %(id)s;

-- name: lookers
SELECT DISTINCT name FROM staff_sessions
WHERE looking_at = %(incident_id)s AND looked_at > clock_timestamp() - %(within)s::interval AND name <> %(name)s
ORDER BY name;
