-- Tokens of units, control centres and policyholders: which of them counts.

-- name: unit_admitted
-- Of a provider that is not active any more, who has work finishes it.
SELECT FROM units u
WHERE u.id = %(name)s AND u.token_number = %(number)s
  AND (NOT EXISTS (SELECT FROM providers p WHERE p.id = u.provider_id AND NOT p.active)
       OR EXISTS (SELECT FROM dispatch_offers o WHERE o.unit_id = u.id AND o.state IN ('open', 'accepted')));

-- name: provider_admitted
SELECT FROM providers p
WHERE p.id = %(name)s AND p.token_number = %(number)s
  AND (p.active OR EXISTS (SELECT FROM dispatch_offers o WHERE o.provider_id = p.id AND o.state IN ('open', 'accepted')));

-- name: driver_admitted
SELECT FROM policyholders WHERE id = %(name)s::uuid AND token_number = %(number)s;

-- name: renew_unit
UPDATE units SET token_number = token_number + 1 WHERE id = %(name)s RETURNING token_number;

-- name: renew_provider
UPDATE providers SET token_number = token_number + 1 WHERE id = %(name)s RETURNING token_number;

-- name: renew_driver
UPDATE policyholders SET token_number = token_number + 1 WHERE id = %(name)s::uuid RETURNING token_number;

-- name: end_shift
-- Nobody could answer its offers.
UPDATE units SET on_shift = false WHERE id = %(name)s;
