ALTER TABLE inbox
    ADD COLUMN port_sender TEXT COLLATE "C",
    ADD COLUMN attempts INTEGER DEFAULT 0 NOT NULL,
    ADD COLUMN settled_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN settled_as TEXT COLLATE "C",
    ADD COLUMN note TEXT COLLATE "C",
    ADD CONSTRAINT inbox_settled_check CHECK (settled_as IN ('replayed', 'skipped'));
CREATE INDEX inbox_waiting ON inbox (tenant, id) WHERE state = 'error';
