CREATE TABLE queue (
    tenant INTEGER NOT NULL,
    reference TEXT COLLATE "C" NOT NULL,
    configuration JSONB NOT NULL,
    overflow_to TEXT COLLATE "C",
    zone TEXT COLLATE "C" NOT NULL,
    sequence BIGINT DEFAULT 0 NOT NULL,
    ticket INTEGER DEFAULT 0 NOT NULL,
    ticket_day DATE,
    size INTEGER DEFAULT 0 NOT NULL,
    size_since TIMESTAMP WITH TIME ZONE NOT NULL,
    last_called TIMESTAMP WITH TIME ZONE,
    learnt JSONB DEFAULT '{}' NOT NULL,
    CONSTRAINT queue_pkey PRIMARY KEY (tenant, reference),
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON queue TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE queue ENABLE ROW LEVEL SECURITY;
ALTER TABLE queue FORCE ROW LEVEL SECURITY;
CREATE POLICY queue_tenant ON queue USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
CREATE TABLE queue_entry (
    tenant INTEGER NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    queue TEXT COLLATE "C" NOT NULL,
    ticket INTEGER NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    joined TIMESTAMP WITH TIME ZONE NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    class INTEGER NOT NULL,
    priority NUMERIC NOT NULL,
    appointment TEXT COLLATE "C",
    appointment_start TIMESTAMP WITH TIME ZONE,
    called TIMESTAMP WITH TIME ZONE,
    started TIMESTAMP WITH TIME ZONE,
    desk TEXT COLLATE "C",
    shown JSONB,
    ended TIMESTAMP WITH TIME ZONE,
    CONSTRAINT queue_entry_pkey PRIMARY KEY (tenant, id),
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE UNIQUE INDEX queue_entry_appointment ON queue_entry (tenant, appointment) WHERE ended IS NULL AND appointment IS NOT NULL;
CREATE INDEX queue_entry_live ON queue_entry (tenant, queue) WHERE ended IS NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON queue_entry TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE queue_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE queue_entry FORCE ROW LEVEL SECURITY;
CREATE POLICY queue_entry_tenant ON queue_entry USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
CREATE TABLE queue_hour (
    tenant INTEGER NOT NULL,
    queue TEXT COLLATE "C" NOT NULL,
    day DATE NOT NULL,
    hour INTEGER NOT NULL,
    entries BIGINT DEFAULT 0 NOT NULL,
    completed BIGINT DEFAULT 0 NOT NULL,
    no_shows BIGINT DEFAULT 0 NOT NULL,
    waits BIGINT DEFAULT 0 NOT NULL,
    wait_seconds BIGINT DEFAULT 0 NOT NULL,
    longest_wait BIGINT DEFAULT 0 NOT NULL,
    service_seconds BIGINT DEFAULT 0 NOT NULL,
    peak BIGINT DEFAULT 0 NOT NULL,
    size_seconds BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT queue_hour_pkey PRIMARY KEY (tenant, queue, day, hour),
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON queue_hour TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE queue_hour ENABLE ROW LEVEL SECURITY;
ALTER TABLE queue_hour FORCE ROW LEVEL SECURITY;
CREATE POLICY queue_hour_tenant ON queue_hour USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
