CREATE TABLE no_show_model (
    tenant INTEGER NOT NULL,
    version INTEGER NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    model JSONB NOT NULL,
    card JSONB NOT NULL,
    CONSTRAINT no_show_model_pkey PRIMARY KEY (tenant, version),
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE TABLE patient_counter (
    tenant INTEGER NOT NULL,
    patient TEXT COLLATE "C" NOT NULL,
    total BIGINT NOT NULL,
    completed BIGINT NOT NULL,
    no_shows BIGINT NOT NULL,
    arrivals BIGINT NOT NULL,
    late_minutes BIGINT NOT NULL,
    CONSTRAINT patient_counter_pkey PRIMARY KEY (tenant, patient),
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON no_show_model TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE no_show_model ENABLE ROW LEVEL SECURITY;
ALTER TABLE no_show_model FORCE ROW LEVEL SECURITY;
CREATE POLICY no_show_model_tenant ON no_show_model USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON patient_counter TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE patient_counter ENABLE ROW LEVEL SECURITY;
ALTER TABLE patient_counter FORCE ROW LEVEL SECURITY;
CREATE POLICY patient_counter_tenant ON patient_counter USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
-- What has happened so far is counted, clinic by clinic: row security binds the owner as well.
DO $$
DECLARE
  clinic integer;
  before text := current_setting('app.tenant', true);
BEGIN
  FOR clinic IN SELECT id FROM tenant LOOP
    PERFORM set_config('app.tenant', clinic::text, true);
    WITH version AS (
      SELECT h.id, h.version, h.last_updated, v.tree ->> 'start' AS start,
        v.tree ->> 'status' IN ('arrived', 'checked-in', 'fulfilled') AS here,
        v.tree ->> 'status' IN ('arrived', 'checked-in') AS received
      FROM history h
      CROSS JOIN LATERAL (SELECT convert_from(h.content, 'UTF8')::jsonb AS tree) v
      WHERE h.tenant = clinic AND h.type = 'Appointment' AND h.content IS NOT NULL
        AND h.version > coalesce((
          SELECT max(d.version) FROM history d WHERE d.tenant = h.tenant AND d.type = h.type
            AND d.id = h.id AND d.content IS NULL), 0)),
    turn AS (
      SELECT id, last_updated, start, received AND NOT coalesce(
        lag(here) OVER (PARTITION BY id ORDER BY version), false) AS arrives FROM version),
    arrival AS (
      SELECT id, count(*) AS arrivals, sum(least(1440, greatest(0, floor(
        extract(epoch FROM last_updated - start::timestamptz) / 60)))) AS late_minutes
      FROM turn WHERE arrives AND start IS NOT NULL GROUP BY id),
    appointed AS (
      SELECT a.id, split_part(t.token, '|Patient/', 2) AS patient, a.p_status AS status,
        a.p_date IS NOT NULL AND a.p_status NOT IN ('proposed', 'waitlist', 'entered-in-error')
          AND NOT EXISTS (SELECT FROM jsonb_array_elements(j.tree -> 'cancelationReason' -> 'coding') r WHERE r ->> 'system' = 'https://fhir-gateway.example/fhir/CodeSystem/reason' AND r ->> 'code' IN ('declined', 'offer-expired', 'superseded', 'waitlist-filled')) AS counts
      FROM appointment a
      JOIN appointment_content c ON c.tenant = a.tenant AND c.id = a.id
      CROSS JOIN LATERAL (SELECT convert_from(c.content, 'UTF8')::jsonb AS tree) j
      CROSS JOIN LATERAL (
        SELECT each AS token FROM unnest(a.tokens) each WHERE starts_with(each, clinic || '|patient|Patient/')) t
      WHERE a.tenant = clinic)
    INSERT INTO patient_counter (tenant, patient, total, completed, no_shows, arrivals, late_minutes)
    SELECT clinic, patient, count(*) FILTER (WHERE counts),
      count(*) FILTER (WHERE counts AND status = 'fulfilled'),
      count(*) FILTER (WHERE counts AND status = 'noshow'),
      coalesce(sum(arrivals), 0), coalesce(sum(late_minutes), 0)
    FROM appointed LEFT JOIN arrival USING (id) GROUP BY patient;
  END LOOP;
  PERFORM set_config('app.tenant', coalesce(before, ''), true);
END $$;
