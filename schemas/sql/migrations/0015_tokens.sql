-- Which token counts: making another, or revoking it, makes those before void. A token from before has number 0.

ALTER TABLE units ADD COLUMN token_number integer NOT NULL DEFAULT 0;
ALTER TABLE providers ADD COLUMN token_number integer NOT NULL DEFAULT 0;
ALTER TABLE policyholders ADD COLUMN token_number integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN units.token_number IS 'carried by the token that counts';
COMMENT ON COLUMN providers.token_number IS 'carried by the token that counts';
COMMENT ON COLUMN policyholders.token_number IS 'carried by the token that counts';
