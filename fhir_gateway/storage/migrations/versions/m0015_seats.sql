-- Rows of one share do not exclude each other; every ordinary row has a share of its own.
ALTER TABLE busy ADD COLUMN seats_of INET;
ALTER TABLE busy ADD COLUMN share INET GENERATED ALWAYS AS (coalesce(seats_of, '::'::inet + id)) STORED NOT NULL;
ALTER TABLE busy ADD COLUMN seats INTEGER DEFAULT 1 NOT NULL;
ALTER TABLE busy ADD COLUMN seat INTEGER DEFAULT 0 NOT NULL;
ALTER TABLE busy ADD CONSTRAINT busy_seat_check CHECK (seat >= 0 AND seat < seats);
ALTER TABLE busy DROP CONSTRAINT busy_guard;
ALTER TABLE busy ADD CONSTRAINT busy_guard EXCLUDE USING gist (int8range(actor_key, actor_key, '[]') WITH &&, during WITH &&, share inet_ops WITH <>) WHERE (active AND exclusive);
CREATE UNIQUE INDEX busy_seat ON busy (actor_key, seats_of, seat) WHERE active AND exclusive AND seats_of IS NOT NULL;
