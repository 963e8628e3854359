ALTER TABLE "auth"."clients" ADD COLUMN "grants" text[] DEFAULT '{}' NOT NULL;
--> statement-breakpoint
ALTER TABLE "auth"."clients" ADD COLUMN "exchange_targets" jsonb DEFAULT '{}'::jsonb NOT NULL;
--> statement-breakpoint
-- What the clients that are there could do so far, in the new words.
UPDATE "auth"."clients" SET
	"grants" = CASE
		WHEN "kind" = 'public' THEN ARRAY['refresh_token']
		WHEN "exchange_scopes" = '{}' THEN ARRAY['client_credentials']
		ELSE ARRAY['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange'] END,
	"exchange_targets" = CASE
		WHEN "exchange_scopes" = '{}' THEN '{}'::jsonb
		ELSE jsonb_build_object('sallyport', to_jsonb("exchange_scopes")) END;
--> statement-breakpoint
ALTER TABLE "auth"."clients" DROP COLUMN "exchange_scopes";
--> statement-breakpoint
-- The authority registers and changes clients, by its admin procedures. It never deletes one: sessions refer to it.
GRANT INSERT, UPDATE ON "auth"."clients" TO "sallyport_auth";
