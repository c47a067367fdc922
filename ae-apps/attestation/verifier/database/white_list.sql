-- The white list as a database of its own: psql -v ON_ERROR_STOP=1 -d white_list -f white_list.sql
-- Whoever maintains it fills a bundle and its entries, then publishes it; from then on it does not change. The verifier's role
-- sees what is published last, by two views, and may do nothing else.
BEGIN;
CREATE SCHEMA white_list;

CREATE TABLE white_list.bundles (
  number bigint PRIMARY KEY CHECK (number > 0),
  issuer text NOT NULL,
  valid_until timestamptz NOT NULL,
  required text[] NOT NULL DEFAULT '{}',          -- components that must have been measured
  published boolean NOT NULL DEFAULT false);

CREATE TABLE white_list.entries (
  number bigint NOT NULL REFERENCES white_list.bundles,
  component text NOT NULL CHECK (component <> ''), -- 'file:/bin/sh', 'boot:4', 'ecu:brake'
  version text NOT NULL,
  digest text NOT NULL CHECK (digest ~ '^sha(1|256|384|512):[0-9a-f]+$'),
  standing text NOT NULL DEFAULT 'allowed' CHECK (standing IN ('allowed', 'superseded', 'revoked')),
  until timestamptz,                               -- the last moment of a superseded version
  reason text,                                     -- of a revocation
  PRIMARY KEY (number, component, digest),
  CHECK ((standing = 'superseded') = (until IS NOT NULL)));

CREATE FUNCTION white_list.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE touched bigint := CASE WHEN TG_OP = 'INSERT' THEN NEW.number ELSE OLD.number END;
BEGIN
  IF EXISTS (SELECT FROM white_list.bundles WHERE number = touched AND published) THEN
    RAISE EXCEPTION 'bundle % is published: make a new one', touched;
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER published BEFORE UPDATE OR DELETE ON white_list.bundles
  FOR EACH ROW EXECUTE FUNCTION white_list.refuse_change();
CREATE TRIGGER published BEFORE INSERT OR UPDATE OR DELETE ON white_list.entries
  FOR EACH ROW EXECUTE FUNCTION white_list.refuse_change();

CREATE VIEW white_list.current AS
  SELECT number, issuer, valid_until, required FROM white_list.bundles
  WHERE published ORDER BY number DESC LIMIT 1;
CREATE VIEW white_list.current_entries AS
  SELECT component, version, digest, standing, until, reason FROM white_list.entries
  WHERE number = (SELECT number FROM white_list.current);

CREATE ROLE gatehouse_verifier LOGIN;
ALTER ROLE gatehouse_verifier SET default_transaction_read_only = on;
GRANT USAGE ON SCHEMA white_list TO gatehouse_verifier;
GRANT SELECT ON white_list.current, white_list.current_entries TO gatehouse_verifier;
COMMIT;
