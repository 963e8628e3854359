CREATE TABLE "auth"."policy_rule_sets" (
	"version" integer PRIMARY KEY NOT NULL,
	"rule_set" jsonb NOT NULL,
	"published_at" timestamp with time zone NOT NULL,
	"because" text NOT NULL,
	CONSTRAINT "policy_version" CHECK ("auth"."policy_rule_sets"."version" > 0)
);
--> statement-breakpoint
ALTER TABLE "auth"."accounts" ADD COLUMN "roles" jsonb DEFAULT '{}'::jsonb NOT NULL;
--> statement-breakpoint
-- A rule set is added, never changed or deleted: what was in force can always be looked up.
GRANT SELECT, INSERT ON "auth"."policy_rule_sets" TO "sallyport_auth";
