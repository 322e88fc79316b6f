ALTER TABLE inbox
    ADD COLUMN corrects BIGINT,
    ADD COLUMN settled_by TEXT COLLATE "C",
    DROP CONSTRAINT inbox_settled_check,
    ADD CONSTRAINT inbox_settled_check
        CHECK (settled_as IN ('replayed', 'skipped', 'corrected'));
ALTER TABLE outbound_message
    ADD COLUMN confirms BOOLEAN DEFAULT false NOT NULL,
    DROP CONSTRAINT outbound_message_state_check,
    ADD CONSTRAINT outbound_message_state_check CHECK (state IN
        ('queued', 'sent', 'committed', 'accepted', 'rejected', 'dead', 'skipped')),
    DROP CONSTRAINT outbound_message_open_check,
    ADD CONSTRAINT outbound_message_open_check
        CHECK (open = (state IN ('queued', 'sent', 'committed', 'rejected', 'dead')));
