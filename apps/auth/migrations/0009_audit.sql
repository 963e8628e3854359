CREATE TABLE "auth"."audit_log" (
	"position" bigint PRIMARY KEY NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"entry" text NOT NULL,
	"hash" "bytea" NOT NULL,
	"action" text GENERATED ALWAYS AS ("entry"::jsonb ->> 'action') STORED NOT NULL,
	"actor" text GENERATED ALWAYS AS ("entry"::jsonb ->> 'actor') STORED NOT NULL,
	"subject" text GENERATED ALWAYS AS ("entry"::jsonb ->> 'subject') STORED,
	"session" text GENERATED ALWAYS AS ("entry"::jsonb ->> 'session') STORED
);
--> statement-breakpoint
CREATE TABLE "auth"."audit_tip" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"last_position" bigint NOT NULL,
	"last_hash" "bytea" NOT NULL,
	CONSTRAINT "one_tip" CHECK ("auth"."audit_tip"."only")
);
--> statement-breakpoint
CREATE INDEX "audit_log_by_subject" ON "auth"."audit_log" USING btree ("subject","position");
--> statement-breakpoint
INSERT INTO "auth"."audit_tip" ("last_position", "last_hash") VALUES (0, decode(repeat('00', 32), 'hex'));
--> statement-breakpoint
-- The only way into the log: it appends, in the order of commits, and chains. Its owner's rights, so that the service needs none on the tables.
-- Each hash is SHA-256 over: hash of the row before, position (8 bytes), milliseconds since 1970 (8 bytes), entry (UTF-8).
CREATE FUNCTION "auth"."record_audit"("entries" text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	tip auth.audit_tip%ROWTYPE;
	one text;
	at timestamptz;
BEGIN
	-- Held until commit: the next row is chained to this one only when this one is there to stay.
	SELECT * INTO STRICT tip FROM auth.audit_tip FOR UPDATE;
	FOREACH one IN ARRAY entries LOOP
		at := date_trunc('milliseconds', clock_timestamp());
		tip.last_position := tip.last_position + 1;
		tip.last_hash := sha256(tip.last_hash || int8send(tip.last_position)
			|| int8send((extract(epoch FROM at) * 1000)::bigint) || convert_to(one, 'UTF8'));
		INSERT INTO auth.audit_log ("position", recorded_at, entry, hash) VALUES (tip.last_position, at, one, tip.last_hash);
	END LOOP;
	UPDATE auth.audit_tip SET last_position = tip.last_position, last_hash = tip.last_hash;
	RETURN tip.last_position;
END
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "auth"."record_audit"(text[]) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION "auth"."record_audit"(text[]) TO "sallyport_auth";
--> statement-breakpoint
GRANT SELECT ON "auth"."audit_log", "auth"."audit_tip" TO "sallyport_auth";
