ALTER TABLE "auth"."accounts" ADD COLUMN "email_verified_at" timestamp with time zone;
--> statement-breakpoint
ALTER TABLE "auth"."accounts" ADD COLUMN "password_compromised_at" timestamp with time zone;
--> statement-breakpoint
ALTER TABLE "auth"."accounts" ADD COLUMN "password_generation" integer DEFAULT 0 NOT NULL;
--> statement-breakpoint
-- The columns are rate-limiter-flexible's.
CREATE TABLE "auth"."throttle_points" (
	"key" varchar(255) PRIMARY KEY NOT NULL,
	"points" integer DEFAULT 0 NOT NULL,
	"expire" bigint
);
--> statement-breakpoint
CREATE TABLE "auth"."password_failures" (
	"email" text PRIMARY KEY NOT NULL,
	"failures" integer NOT NULL,
	"last_failed_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "auth"."action_tokens" (
	"hash" text PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"email" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone,
	CONSTRAINT "action_tokens_subject_accounts_subject_fk" FOREIGN KEY ("subject") REFERENCES "auth"."accounts"("subject")
);
--> statement-breakpoint
CREATE INDEX "action_tokens_by_subject" ON "auth"."action_tokens" USING btree ("subject");
--> statement-breakpoint
-- All three are forgotten when they no longer guard anything.
GRANT SELECT, INSERT, UPDATE, DELETE ON "auth"."throttle_points", "auth"."password_failures", "auth"."action_tokens" TO "sallyport_auth";
