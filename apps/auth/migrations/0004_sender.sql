ALTER TABLE "auth"."clients" ADD COLUMN "sender_constraint" text DEFAULT 'none' NOT NULL;
--> statement-breakpoint
CREATE TABLE "auth"."used_proofs" (
	"proof_id" text PRIMARY KEY NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
-- Only guards against replay: deleted when what it guards against has expired.
GRANT SELECT, INSERT, DELETE ON "auth"."used_proofs" TO "sallyport_auth";
