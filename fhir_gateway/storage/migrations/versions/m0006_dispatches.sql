CREATE TABLE outbound_message (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    tenant INTEGER NOT NULL,
    destination TEXT COLLATE "C" NOT NULL,
    appointment TEXT COLLATE "C" NOT NULL,
    control_id TEXT COLLATE "C" NOT NULL,
    event TEXT COLLATE "C" NOT NULL,
    says TEXT COLLATE "C" NOT NULL,
    raw BYTEA NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    open BOOLEAN NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    not_before TIMESTAMP WITH TIME ZONE NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE,
    answered_at TIMESTAMP WITH TIME ZONE,
    ack BYTEA,
    ack_code TEXT COLLATE "C",
    ack_time TIMESTAMP WITH TIME ZONE,
    error TEXT COLLATE "C",
    deviations TEXT COLLATE "C",
    CONSTRAINT outbound_message_pkey PRIMARY KEY (id),
    FOREIGN KEY(tenant) REFERENCES tenant (id),
    CONSTRAINT outbound_message_state_check CHECK (state IN ('queued', 'sent', 'accepted', 'rejected', 'dead', 'skipped')),
    CONSTRAINT outbound_message_open_check CHECK (open = (state IN ('queued', 'sent', 'rejected', 'dead')))
);
CREATE UNIQUE INDEX outbound_message_by_control_id ON outbound_message (tenant, destination, control_id);
CREATE INDEX outbound_message_by_appointment ON outbound_message (tenant, appointment, destination, id);
CREATE INDEX outbound_message_open ON outbound_message (tenant, destination, id) WHERE open;
CREATE INDEX outbound_message_lane ON outbound_message (tenant, destination, appointment, id) WHERE open;
CREATE INDEX outbound_message_unjudged ON outbound_message (tenant, id) WHERE deviations IS NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON outbound_message TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE outbound_message ENABLE ROW LEVEL SECURITY;
ALTER TABLE outbound_message FORCE ROW LEVEL SECURITY;
CREATE POLICY outbound_message_tenant ON outbound_message USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
