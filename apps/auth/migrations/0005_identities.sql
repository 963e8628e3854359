-- Somebody who signs in elsewhere has no password here, and no address that we know of.
ALTER TABLE "auth"."accounts" ALTER COLUMN "email" DROP NOT NULL;
--> statement-breakpoint
ALTER TABLE "auth"."accounts" ALTER COLUMN "password_hash" DROP NOT NULL;
--> statement-breakpoint
ALTER TABLE "auth"."clients" ADD COLUMN "return_addresses" text[] DEFAULT '{}' NOT NULL;
--> statement-breakpoint
CREATE TABLE "auth"."identities" (
	"issuer" text NOT NULL,
	"external_subject" text NOT NULL,
	"subject" text NOT NULL,
	"linked_at" timestamp with time zone NOT NULL,
	CONSTRAINT "identities_issuer_external_subject_pk" PRIMARY KEY("issuer","external_subject"),
	CONSTRAINT "identities_subject_accounts_subject_fk" FOREIGN KEY ("subject") REFERENCES "auth"."accounts"("subject")
);
--> statement-breakpoint
CREATE INDEX "identities_by_subject" ON "auth"."identities" USING btree ("subject");
--> statement-breakpoint
CREATE TABLE "auth"."provider_attempts" (
	"state_hash" text PRIMARY KEY NOT NULL,
	"provider" text NOT NULL,
	"client_id" text NOT NULL,
	"return_to" text NOT NULL,
	"challenge" text NOT NULL,
	"nonce" text NOT NULL,
	"sealed_verifier" text NOT NULL,
	"wanted_acr" text,
	"max_age_seconds" integer,
	"linking_session" text,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "provider_attempts_client_id_clients_client_id_fk" FOREIGN KEY ("client_id") REFERENCES "auth"."clients"("client_id")
);
--> statement-breakpoint
CREATE TABLE "auth"."provider_results" (
	"code_hash" text PRIMARY KEY NOT NULL,
	"provider" text NOT NULL,
	"client_id" text NOT NULL,
	"challenge" text NOT NULL,
	"issuer" text NOT NULL,
	"external_subject" text NOT NULL,
	"acr" text NOT NULL,
	"auth_time" timestamp with time zone NOT NULL,
	"linking_session" text,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "provider_results_client_id_clients_client_id_fk" FOREIGN KEY ("client_id") REFERENCES "auth"."clients"("client_id")
);
--> statement-breakpoint
CREATE TABLE "auth"."exchanged_tokens" (
	"token_hash" text PRIMARY KEY NOT NULL,
	"serial" bigint NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "exchanged_tokens_serial_sessions_serial_fk" FOREIGN KEY ("serial") REFERENCES "auth"."sessions"("serial")
);
--> statement-breakpoint
-- A link is made and taken away, never changed: nobody's account moves to somebody else's sign-in.
GRANT SELECT, INSERT, DELETE ON "auth"."identities", "auth"."provider_attempts", "auth"."provider_results", "auth"."exchanged_tokens" TO "sallyport_auth";
