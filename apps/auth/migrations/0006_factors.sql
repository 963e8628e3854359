ALTER TABLE "auth"."sessions" ADD COLUMN "factor_times" jsonb DEFAULT '{}'::jsonb NOT NULL;
--> statement-breakpoint
ALTER TABLE "auth"."sessions" ADD COLUMN "network" text DEFAULT 'unknown' NOT NULL;
--> statement-breakpoint
ALTER TABLE "auth"."sessions" ADD COLUMN "user_agent" text;
--> statement-breakpoint
ALTER TABLE "auth"."sessions" ADD COLUMN "key_thumbprint" text;
--> statement-breakpoint
ALTER TABLE "auth"."sessions" ADD COLUMN "tried_codes" integer DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "auth"."totp_factors" ADD COLUMN "failures" integer DEFAULT 0 NOT NULL;
--> statement-breakpoint
CREATE TABLE "auth"."passkeys" (
	"credential_id" text PRIMARY KEY NOT NULL,
	"subject" text NOT NULL REFERENCES "auth"."accounts"("subject"),
	"public_key" text NOT NULL,
	"sign_count" bigint NOT NULL,
	"is_synced" boolean NOT NULL,
	"transports" text[] DEFAULT '{}' NOT NULL,
	"label" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"last_used_at" timestamp with time zone
);
--> statement-breakpoint
CREATE INDEX "passkeys_by_subject" ON "auth"."passkeys" USING btree ("subject");
--> statement-breakpoint
CREATE TABLE "auth"."passkey_challenges" (
	"challenge" text PRIMARY KEY NOT NULL,
	"purpose" text NOT NULL,
	"bound_to" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "passkey_challenges_by_time" ON "auth"."passkey_challenges" USING btree ("expires_at");
--> statement-breakpoint
CREATE TABLE "auth"."recovery_codes" (
	"hash" text PRIMARY KEY NOT NULL,
	"subject" text NOT NULL REFERENCES "auth"."accounts"("subject"),
	"created_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone
);
--> statement-breakpoint
CREATE INDEX "recovery_codes_by_subject" ON "auth"."recovery_codes" USING btree ("subject");
--> statement-breakpoint
-- Factors are taken away by their owners; a challenge goes with its first answer.
GRANT SELECT, INSERT, UPDATE, DELETE ON "auth"."passkeys", "auth"."recovery_codes" TO "sallyport_auth";
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE ON "auth"."passkey_challenges" TO "sallyport_auth";
--> statement-breakpoint
GRANT DELETE ON "auth"."totp_factors" TO "sallyport_auth";
--> statement-breakpoint
ALTER TABLE "auth"."sessions" ADD COLUMN "device" text DEFAULT 'unknown' NOT NULL;
--> statement-breakpoint
ALTER TABLE "auth"."sessions" ADD COLUMN "risk_level" text DEFAULT 'low' NOT NULL;
--> statement-breakpoint
ALTER TABLE "auth"."sessions" ADD COLUMN "risk_signals" text[] DEFAULT '{}' NOT NULL;
