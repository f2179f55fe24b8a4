-- name: keep_subscription
-- The same endpoint again is the same phone, perhaps with another holder's app by now.
INSERT INTO push_subscriptions (holder_id, endpoint, p256dh, auth)
VALUES (%(holder_id)s, %(endpoint)s, %(p256dh)s, %(auth)s)
ON CONFLICT (endpoint) DO UPDATE SET holder_id = excluded.holder_id, p256dh = excluded.p256dh, auth = excluded.auth,
                                     created_at = clock_timestamp()
RETURNING id;

-- name: drop_oldest_subscriptions
DELETE FROM push_subscriptions WHERE holder_id = %(holder_id)s AND id NOT IN (
    SELECT id FROM push_subscriptions WHERE holder_id = %(holder_id)s ORDER BY created_at DESC, id LIMIT %(most)s
);

-- name: drop_own_subscription
DELETE FROM push_subscriptions WHERE id = %(id)s AND holder_id = %(holder_id)s RETURNING id;
