CREATE TABLE freed_time (
    tenant INTEGER NOT NULL,
    task TEXT COLLATE "C" NOT NULL,
    service TEXT COLLATE "C" NOT NULL,
    freed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    starts TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT freed_time_pkey PRIMARY KEY (tenant, task),
    FOREIGN KEY(tenant) REFERENCES tenant (id),
    CONSTRAINT freed_time_state_check CHECK (state IN ('open', 'filled', 'unfilled', 'taken'))
);
CREATE INDEX freed_time_by_time ON freed_time (tenant, freed_at);
CREATE TABLE offer (
    tenant INTEGER NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    task TEXT COLLATE "C" NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    messages INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    offered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT offer_pkey PRIMARY KEY (tenant, id),
    FOREIGN KEY(tenant) REFERENCES tenant (id),
    CONSTRAINT offer_outcome_check CHECK (outcome IN ('open', 'accepted', 'declined', 'expired', 'superseded', 'withdrawn'))
);
CREATE INDEX offer_by_task ON offer (tenant, task);
CREATE INDEX offer_by_likeness ON offer (tenant, bucket, channel, offered_at);
CREATE TABLE offer_link (
    tenant INTEGER NOT NULL,
    hash BYTEA NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL,
    purpose TEXT COLLATE "C" NOT NULL,
    offer TEXT COLLATE "C" NOT NULL,
    recipient TEXT COLLATE "C" NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT offer_link_pkey PRIMARY KEY (tenant, hash),
    FOREIGN KEY(tenant) REFERENCES tenant (id),
    CONSTRAINT offer_link_purpose_check CHECK (purpose IN ('answer'))
);
CREATE INDEX offer_link_by_offer ON offer_link (tenant, offer);
CREATE TABLE message (
    tenant INTEGER NOT NULL,
    communication TEXT COLLATE "C" NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    offer TEXT COLLATE "C" NOT NULL,
    asks BOOLEAN NOT NULL,
    due TIMESTAMP WITH TIME ZONE NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    leased_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT message_pkey PRIMARY KEY (tenant, communication),
    FOREIGN KEY(tenant) REFERENCES tenant (id)
);
CREATE INDEX message_by_due ON message (tenant, due);
CREATE INDEX message_by_offer ON message (tenant, offer);
GRANT SELECT, INSERT, UPDATE, DELETE ON freed_time, offer, offer_link, message TO fhir_gateway_app, fhir_gateway_worker;
ALTER TABLE freed_time ENABLE ROW LEVEL SECURITY;
ALTER TABLE freed_time FORCE ROW LEVEL SECURITY;
CREATE POLICY freed_time_tenant ON freed_time USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
ALTER TABLE offer ENABLE ROW LEVEL SECURITY;
ALTER TABLE offer FORCE ROW LEVEL SECURITY;
CREATE POLICY offer_tenant ON offer USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
ALTER TABLE offer_link ENABLE ROW LEVEL SECURITY;
ALTER TABLE offer_link FORCE ROW LEVEL SECURITY;
CREATE POLICY offer_link_tenant ON offer_link USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
ALTER TABLE message ENABLE ROW LEVEL SECURITY;
ALTER TABLE message FORCE ROW LEVEL SECURITY;
CREATE POLICY message_tenant ON message USING (tenant = nullif(current_setting('app.tenant', true), '')::integer);
