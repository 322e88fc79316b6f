CREATE TABLE scheduling_day (
    tenant INTEGER NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    service TEXT COLLATE "C" NOT NULL,
    offered_slots BIGINT NOT NULL,
    offered_seconds BIGINT NOT NULL,
    booked_slots BIGINT NOT NULL,
    booked_seconds BIGINT NOT NULL,
    appointments BIGINT NOT NULL,
    booked BIGINT NOT NULL,
    completed BIGINT NOT NULL,
    no_shows BIGINT NOT NULL,
    cancellations BIGINT NOT NULL,
    visits_timed BIGINT NOT NULL,
    visit_seconds BIGINT NOT NULL,
    waits_timed BIGINT NOT NULL,
    wait_seconds BIGINT NOT NULL,
    overtime_seconds BIGINT NOT NULL,
    CONSTRAINT scheduling_day_pkey PRIMARY KEY (tenant, subject, day, service),
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX scheduling_day_by_day ON scheduling_day (tenant, day);
GRANT SELECT, INSERT, UPDATE, DELETE ON scheduling_day TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE scheduling_day ENABLE ROW LEVEL SECURITY;
ALTER TABLE scheduling_day FORCE ROW LEVEL SECURITY;
CREATE POLICY scheduling_day_tenant ON scheduling_day USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);

CREATE TABLE scheduling_change (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    tenant INTEGER NOT NULL,
    at TIMESTAMP WITH TIME ZONE,
    subject TEXT COLLATE "C",
    CONSTRAINT scheduling_change_pkey PRIMARY KEY (id)
);
CREATE INDEX scheduling_change_by_time ON scheduling_change (tenant, at);
-- What was stored before there were triggers has still to be counted.
INSERT INTO scheduling_change (tenant, subject) SELECT id, '' FROM tenant;
GRANT SELECT, INSERT, UPDATE, DELETE ON scheduling_change TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE scheduling_change ENABLE ROW LEVEL SECURITY;
ALTER TABLE scheduling_change FORCE ROW LEVEL SECURITY;
CREATE POLICY scheduling_change_tenant ON scheduling_change USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);

-- The day that something leaves counts as well as the day that it comes to.
CREATE FUNCTION appointment_is_to_be_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.p_date IS NOT NULL THEN
        INSERT INTO scheduling_change (tenant, at) VALUES (NEW.tenant, NEW.p_date);
    END IF;
    IF OLD.p_date IS NOT NULL AND OLD.p_date IS DISTINCT FROM NEW.p_date THEN
        INSERT INTO scheduling_change (tenant, at) VALUES (OLD.tenant, OLD.p_date);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER appointment_counted AFTER INSERT OR UPDATE OR DELETE ON appointment
    FOR EACH ROW EXECUTE FUNCTION appointment_is_to_be_counted();

CREATE FUNCTION slot_is_to_be_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.p_start IS NOT NULL THEN
        INSERT INTO scheduling_change (tenant, at) VALUES (NEW.tenant, NEW.p_start);
    END IF;
    IF OLD.p_start IS NOT NULL AND OLD.p_start IS DISTINCT FROM NEW.p_start THEN
        INSERT INTO scheduling_change (tenant, at) VALUES (OLD.tenant, OLD.p_start);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER slot_counted AFTER INSERT OR UPDATE OR DELETE ON slot
    FOR EACH ROW EXECUTE FUNCTION slot_is_to_be_counted();

-- The Appointment may be moved meanwhile: its day is looked up when it is counted, not here.
CREATE FUNCTION encounter_is_to_be_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO scheduling_change (tenant, subject)
    SELECT DISTINCT coalesce(NEW.tenant, OLD.tenant), split_part(each, '|', 3)
    FROM unnest(OLD.tokens || NEW.tokens) AS each
    WHERE split_part(each, '|', 2) = 'appointment' AND starts_with(split_part(each, '|', 3), 'Appointment/');
    RETURN NULL;
END
$$;
CREATE TRIGGER encounter_counted AFTER INSERT OR UPDATE OR DELETE ON encounter
    FOR EACH ROW EXECUTE FUNCTION encounter_is_to_be_counted();

-- Whose a Slot is, in which zone and for which services: rarely changed, and then for many days.
CREATE FUNCTION all_is_to_be_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO scheduling_change (tenant, subject) VALUES (NEW.tenant, '');
    RETURN NULL;
END
$$;
CREATE TRIGGER role_counted AFTER UPDATE ON practitioner_role FOR EACH ROW
    WHEN (OLD.p_practitioner IS DISTINCT FROM NEW.p_practitioner)
    EXECUTE FUNCTION all_is_to_be_counted();

-- Arguments: the type whose own days alone are concerned, empty for all days; elements that count.
CREATE FUNCTION counted_content_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    former json := convert_from(OLD.content, 'UTF8')::json;
    present json := convert_from(NEW.content, 'UTF8')::json;
    subject text := CASE TG_ARGV[0] WHEN '' THEN '' ELSE TG_ARGV[0] || '/' || coalesce(NEW.id, OLD.id) END;
BEGIN
    FOR place IN 1 .. TG_NARGS - 1 LOOP
        IF (former -> TG_ARGV[place])::text IS DISTINCT FROM (present -> TG_ARGV[place])::text THEN
            INSERT INTO scheduling_change (tenant, subject)
            VALUES (coalesce(NEW.tenant, OLD.tenant), subject);
            EXIT;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
CREATE TRIGGER schedule_counted AFTER UPDATE ON schedule_content FOR EACH ROW
    EXECUTE FUNCTION counted_content_changes('Schedule', 'actor', 'extension', 'serviceType');
CREATE TRIGGER location_counted AFTER UPDATE ON location_content FOR EACH ROW
    EXECUTE FUNCTION counted_content_changes('', 'extension');
CREATE TRIGGER healthcare_service_counted AFTER INSERT OR UPDATE OR DELETE
    ON healthcare_service_content FOR EACH ROW
    EXECUTE FUNCTION counted_content_changes('', 'type');

-- The owner changes a tenant's zone; the mark is a row of that tenant.
CREATE FUNCTION zone_of_tenant_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := current_setting('app.tenant', true);
BEGIN
    PERFORM set_config('app.tenant', NEW.id::text, true);
    INSERT INTO scheduling_change (tenant, subject) VALUES (NEW.id, '');
    PERFORM set_config('app.tenant', coalesce(before, ''), true);
    RETURN NULL;
END
$$;
CREATE TRIGGER tenant_counted AFTER UPDATE ON tenant FOR EACH ROW
    WHEN (OLD.zone IS DISTINCT FROM NEW.zone)
    EXECUTE FUNCTION zone_of_tenant_changes();
