ALTER TABLE "auth"."spent_refresh_tokens" ADD COLUMN "sealed_successor" text;
--> statement-breakpoint
ALTER TABLE "auth"."spent_refresh_tokens" ADD COLUMN "repetitions" integer DEFAULT 0 NOT NULL;
--> statement-breakpoint
CREATE INDEX "spent_refresh_tokens_sealed" ON "auth"."spent_refresh_tokens" USING btree ("spent_at") WHERE "sealed_successor" IS NOT NULL;
--> statement-breakpoint
GRANT UPDATE ("sealed_successor", "repetitions") ON "auth"."spent_refresh_tokens" TO "sallyport_auth";
