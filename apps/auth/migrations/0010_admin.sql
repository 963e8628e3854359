CREATE TABLE "auth"."restrictions" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"version" integer NOT NULL,
	"tiers" jsonb NOT NULL,
	"access_token_seconds" integer,
	"session_seconds" integer,
	CONSTRAINT "one_set_of_restrictions" CHECK ("auth"."restrictions"."only")
);
--> statement-breakpoint
INSERT INTO "auth"."restrictions" ("version", "tiers") VALUES (0, '{}');
--> statement-breakpoint
-- There is one row: it is changed, never added to or deleted.
GRANT SELECT, UPDATE ON "auth"."restrictions" TO "sallyport_auth";
