-- name: staff
SELECT f.name, f.role, f.language, f.totp_confirmed_at IS NOT NULL AS second_factor, f.made_at, f.signed_in_at,
       f.disabled_at, (SELECT count(*) FROM staff_sessions s WHERE s.name = f.name) AS sessions
FROM staff f ORDER BY f.name;

-- name: account
SELECT f.name, f.role, f.language, f.password_hash, f.totp_secret, f.totp_confirmed_at, f.totp_step,
       f.made_at, f.signed_in_at, f.disabled_at
FROM staff f WHERE f.name = %(name)s;

-- name: hold_account
SELECT 1 FROM staff WHERE name = %(name)s FOR UPDATE;

-- name: put_account
INSERT INTO staff (name, role, language) VALUES (%(name)s, %(role)s, %(language)s)
ON CONFLICT (name) DO UPDATE SET role = excluded.role, language = excluded.language
RETURNING xmax = 0 AS made;

-- name: set_password
UPDATE staff SET password_hash = %(password_hash)s WHERE name = %(name)s RETURNING name;

-- name: rehash_password
-- Unless it was changed meanwhile.
UPDATE staff SET password_hash = %(password_hash)s WHERE name = %(name)s AND password_hash = %(before)s;

-- name: disable_account
UPDATE staff SET disabled_at = coalesce(disabled_at, clock_timestamp()) WHERE name = %(name)s RETURNING name;

-- name: enable_account
UPDATE staff SET disabled_at = NULL WHERE name = %(name)s RETURNING name;

-- name: signed_in
UPDATE staff SET signed_in_at = clock_timestamp() WHERE name = %(name)s;

-- name: begin_second_factor
UPDATE staff SET totp_secret = %(secret)s, totp_step = NULL
WHERE name = %(name)s AND totp_confirmed_at IS NULL RETURNING name;

-- name: confirm_second_factor
UPDATE staff SET totp_confirmed_at = clock_timestamp(), totp_step = %(step)s
WHERE name = %(name)s AND totp_secret = %(secret)s AND totp_confirmed_at IS NULL RETURNING name;

-- name: reset_second_factor
UPDATE staff SET totp_secret = NULL, totp_confirmed_at = NULL, totp_step = NULL WHERE name = %(name)s RETURNING name;

-- name: use_step
UPDATE staff SET totp_step = %(step)s
WHERE name = %(name)s AND totp_secret = %(secret)s AND coalesce(totp_step, 0) < %(step)s RETURNING name;

-- name: use_recovery_code
UPDATE staff_recovery_codes SET used_at = clock_timestamp()
WHERE name = %(name)s AND code_sha256 = %(code)s AND used_at IS NULL RETURNING name;

-- name: drop_recovery_codes
DELETE FROM staff_recovery_codes WHERE name = %(name)s;

-- name: insert_recovery_code
INSERT INTO staff_recovery_codes (name, code_sha256) VALUES (%(name)s, %(code)s);

-- name: take_try
-- Counted as failed until it is known better, so that many at once are no way round; none while the wait lasts.
INSERT INTO sign_in_tries AS t (name_sha256, failed, tried_at) VALUES (%(key)s, 1, clock_timestamp())
ON CONFLICT (name_sha256) DO UPDATE
SET failed = t.failed + 1, tried_at = clock_timestamp(),
    waits_until = CASE WHEN t.failed + 1 >= %(free)s
                       THEN clock_timestamp() + make_interval(secs => least(
                           %(longest_s)s::float8, %(first_s)s::float8 * 2 ^ least(t.failed + 1 - %(free)s, 20))) END
WHERE t.waits_until IS NULL OR t.waits_until <= clock_timestamp()
RETURNING failed, waits_until IS NOT NULL AS now_waits;

-- name: wait_left
SELECT greatest(extract(epoch FROM waits_until - clock_timestamp()), 0)::float8 AS wait_s
FROM sign_in_tries WHERE name_sha256 = %(key)s;

-- name: give_try_back
UPDATE sign_in_tries SET failed = greatest(failed - 1, 0), waits_until = NULL WHERE name_sha256 = %(key)s;

-- name: forget_tries
DELETE FROM sign_in_tries WHERE name_sha256 = %(key)s;

-- name: forget_old_tries
DELETE FROM sign_in_tries WHERE tried_at < clock_timestamp() - interval '1 day';
