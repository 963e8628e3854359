ALTER TABLE "auth"."sessions" ADD COLUMN "factor_times" jsonb DEFAULT '{}'::jsonb NOT NULL;
--> statement-breakpoint
ALTER TABLE "auth"."sessions" ADD COLUMN "network" text DEFAULT 'unknown' NOT NULL;
--> statement-breakpoint
ALTER TABLE "auth"."sessions" ADD COLUMN "user_agent" text;
--> statement-breakpoint
ALTER TABLE "auth"."sessions" ADD COLUMN "key_thumbprint" text;
