/** What the functions are made for: names that stand in SQL as they are. */
export interface SqlNames {
  readonly schema: string;
  readonly channel: string;
  /** Sets the locks of this schema apart from those of others in the database. */
  readonly lockSeed: number;
}

/**
 * Store time. A sequence remembers the latest time handed out, so that it stands still while the server's clock is behind.
 * `setval` is not undone by a rollback and holds no lock until commit; so of two commits at once the earlier may be the one
 * that is remembered, which shows only when the clock is set back in that very millisecond.
 */
const time = ({ schema }: SqlNames): string => `
CREATE OR REPLACE FUNCTION ${schema}.clock_v1() RETURNS bigint LANGUAGE sql VOLATILE AS
$f$ SELECT floor(date_part('epoch', clock_timestamp()) * 1000)::bigint $f$;

CREATE OR REPLACE FUNCTION ${schema}.time_v1(p_floor bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $f$
DECLARE
  v_now bigint := greatest(${schema}.clock_v1(), p_floor);
  v_latest bigint;
BEGIN
  SELECT last_value INTO v_latest FROM ${schema}.latest;
  IF v_now <= v_latest THEN RETURN v_latest; END IF;
  PERFORM setval('${schema}.latest', v_now) FROM ${schema}.latest WHERE last_value < v_now;
  RETURN v_now;
END $f$;

CREATE OR REPLACE FUNCTION ${schema}.read_v1() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $f$
BEGIN
  IF pg_is_in_recovery() THEN RAISE EXCEPTION 'a standby answers with what was' USING ERRCODE = '25006'; END IF;
  RETURN (SELECT greatest(${schema}.clock_v1(), last_value) FROM ${schema}.latest);
END $f$;`;

/** Under any other isolation the read after the lock would see what was there before the flip it waited for. */
const begin = ({ schema }: SqlNames): string => `
CREATE OR REPLACE FUNCTION ${schema}.begin_v1(p_durable boolean) RETURNS void LANGUAGE plpgsql VOLATILE AS $f$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'transactions must be read committed' USING ERRCODE = 'VG001';
  END IF;
  PERFORM set_config('lock_timeout', '1500ms', true);
  IF p_durable AND current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
END $f$;`;

/** The low byte of a revision is the server's timeline: a standby that is promoted never issues one again. */
const revision = ({ schema }: SqlNames): string => `
CREATE OR REPLACE FUNCTION ${schema}.rev_v1() RETURNS bigint LANGUAGE sql VOLATILE AS
$f$ SELECT nextval('${schema}.revision') * 256 + ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 7, 2))::bit(8)::int $f$;
BEGIN
  PERFORM ${schema}.rev_v1();
EXCEPTION WHEN OTHERS THEN
  CREATE OR REPLACE FUNCTION ${schema}.rev_v1() RETURNS bigint LANGUAGE sql VOLATILE AS
  $f$ SELECT nextval('${schema}.revision') * 256 $f$;
END;`;

/** Any commit: locks in byte order of the key, then reads under the locks, then writes. */
const commit = ({ schema, channel, lockSeed }: SqlNames): string => `
CREATE OR REPLACE FUNCTION ${schema}.commit_v1(
  p_kinds text, p_keys text[], p_revs bigint[], p_values text[], p_order int[],
  p_floor bigint, p_notify text, p_durable boolean
) RETURNS text LANGUAGE plpgsql VOLATILE AS $f$
DECLARE
  v_count int := length(p_kinds);
  v_place int;
  v_entry ${schema}.entries%ROWTYPE;
  v_at bigint;
  v_rev bigint;
  v_revs text := '';
BEGIN
  PERFORM ${schema}.begin_v1(p_durable);
  FOREACH v_place IN ARRAY p_order LOOP
    IF substr(p_kinds, v_place, 1) = 'c' THEN
      PERFORM pg_advisory_xact_lock_shared(hashtextextended(p_keys[v_place], ${lockSeed}));
    ELSE
      PERFORM pg_advisory_xact_lock(hashtextextended(p_keys[v_place], ${lockSeed}));
    END IF;
  END LOOP;
  v_at := ${schema}.time_v1(p_floor);
  FOR v_place IN 1..v_count LOOP
    SELECT * INTO v_entry FROM ${schema}.entries e WHERE e.key = p_keys[v_place];
    IF coalesce(v_entry.rev, 0) <> p_revs[v_place] THEN
      IF v_entry.rev IS NULL THEN RETURN '- ' || v_at || ' ' || v_place - 1; END IF;
      RETURN '! ' || v_at || ' ' || v_place - 1 || ' ' || v_entry.rev || ' ' || v_entry.at || ' ' || v_entry.value;
    END IF;
  END LOOP;
  FOR v_place IN 1..v_count LOOP
    v_rev := p_revs[v_place];
    CASE substr(p_kinds, v_place, 1)
      WHEN 'p' THEN
        v_rev := ${schema}.rev_v1();
        IF p_revs[v_place] = 0 THEN
          INSERT INTO ${schema}.entries (key, rev, at, value) VALUES (p_keys[v_place], v_rev, v_at, p_values[v_place]);
        ELSE
          UPDATE ${schema}.entries e SET rev = v_rev, at = v_at, value = p_values[v_place] WHERE e.key = p_keys[v_place];
        END IF;
      WHEN 'd' THEN
        DELETE FROM ${schema}.entries e WHERE e.key = p_keys[v_place];
        v_rev := 0;
      ELSE NULL;
    END CASE;
    v_revs := v_revs || ' ' || v_rev;
  END LOOP;
  IF p_notify IS NOT NULL THEN PERFORM pg_notify('${channel}', p_notify); END IF;
  RETURN '+ ' || v_at || v_revs;
END $f$;`;

/**
 * The commit of a run start: [check, put of a new key], where that key comes first in byte order. A call pays for every
 * expression and statement again, so there are few: the locks are asked for without waiting, which respects those who wait,
 * since a bound on the wait has to be set and reset; and the statement that reads what is checked, with a snapshot taken
 * under the locks, also writes.
 */
const start = ({ schema, lockSeed }: SqlNames): string => `
CREATE OR REPLACE FUNCTION ${schema}.start_v1(
  p_check text, p_rev bigint, p_key text, p_value text, p_floor bigint, p_durable boolean
) RETURNS text LANGUAGE plpgsql VOLATILE AS $f$
DECLARE
  v_latest bigint;
  v_at bigint;
  v_reply text;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed'
    OR (p_durable AND current_setting('synchronous_commit') = 'off')
    OR NOT pg_try_advisory_xact_lock(hashtextextended(p_key, ${lockSeed}))
    OR NOT pg_try_advisory_xact_lock_shared(hashtextextended(p_check, ${lockSeed})) THEN
    PERFORM ${schema}.begin_v1(p_durable);
    PERFORM pg_advisory_xact_lock(hashtextextended(p_key, ${lockSeed}));
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(p_check, ${lockSeed}));
  END IF;
  v_latest := pg_sequence_last_value('${schema}.latest');
  v_at := greatest(${schema}.clock_v1(), p_floor, v_latest);
  IF v_at > v_latest THEN v_at := setval('${schema}.latest', v_at); END IF;
  INSERT INTO ${schema}.entries AS e (key, rev, at, value)
    SELECT p_key, ${schema}.rev_v1(), v_at, p_value FROM ${schema}.entries c WHERE c.key = p_check AND c.rev = p_rev
    ON CONFLICT DO NOTHING RETURNING '+ ' || v_at || ' ' || p_rev || ' ' || e.rev INTO v_reply;
  IF v_reply IS NOT NULL THEN RETURN v_reply; END IF;
  RETURN ${schema}.lost_v1(p_check, p_rev, p_key, v_at);
END $f$;

CREATE OR REPLACE FUNCTION ${schema}.lost_v1(p_check text, p_rev bigint, p_key text, p_at bigint)
RETURNS text LANGUAGE plpgsql VOLATILE AS $f$
DECLARE
  v_entry ${schema}.entries%ROWTYPE;
BEGIN
  SELECT * INTO v_entry FROM ${schema}.entries e WHERE e.key = p_check;
  IF v_entry.rev IS NULL THEN RETURN '- ' || p_at || ' 0'; END IF;
  IF v_entry.rev <> p_rev THEN
    RETURN '! ' || p_at || ' 0 ' || v_entry.rev || ' ' || v_entry.at || ' ' || v_entry.value;
  END IF;
  SELECT * INTO v_entry FROM ${schema}.entries e WHERE e.key = p_key;
  RETURN '! ' || p_at || ' 1 ' || v_entry.rev || ' ' || v_entry.at || ' ' || v_entry.value;
END $f$;`;

/** Everything that may be created again over itself. */
export function functionsSql(names: SqlNames): string {
  return [time, begin, revision, commit, start].map((part) => part(names)).join("\n");
}
