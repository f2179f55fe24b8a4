-- name: plan_by_version
SELECT version, toml, activated_at FROM escalation_plans WHERE version = %(version)s;

-- name: active_plan
SELECT version, toml, activated_at FROM escalation_plans ORDER BY activated_at DESC, version DESC LIMIT 1;

-- name: activate_plan
INSERT INTO escalation_plans (sha256, toml) VALUES (%(sha256)s, %(toml)s)
ON CONFLICT (sha256) DO UPDATE SET activated_at = clock_timestamp()
RETURNING version;

-- name: keep_plan
-- Known by its text, without becoming the one that new incidents open with.
INSERT INTO escalation_plans (sha256, toml, activated_at) VALUES (%(sha256)s, %(toml)s, 'epoch')
ON CONFLICT (sha256) DO UPDATE SET sha256 = excluded.sha256 RETURNING version;

-- name: note_activation
INSERT INTO access_log (actor, action, object, reason)
VALUES (%(actor)s, 'activate plan', %(object)s, %(reason)s);

-- name: plan_versions
-- Those that were ever active, with who made them so the last time.
SELECT p.version, p.activated_at, a.actor, a.reason
FROM escalation_plans p
LEFT JOIN LATERAL (
    SELECT actor, reason FROM access_log
    WHERE object = 'plan ' || p.version AND action = 'activate plan' ORDER BY id DESC LIMIT 1
) a ON true
WHERE p.activated_at > 'epoch'
ORDER BY p.activated_at DESC, p.version DESC;
