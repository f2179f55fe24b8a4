-- How old a policyholder is, for the estimate of injuries. Nobody has to say it.

ALTER TABLE policyholders ADD COLUMN birth_year smallint CHECK (birth_year >= 1900);
COMMENT ON COLUMN policyholders.birth_year IS 'null where it was not told';
