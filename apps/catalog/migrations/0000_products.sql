CREATE SCHEMA IF NOT EXISTS "catalog";
--> statement-breakpoint
CREATE TYPE "catalog"."visibility" AS ENUM('public', 'authenticated', 'owner');--> statement-breakpoint
CREATE TABLE "catalog"."categories" (
	"slug" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	CONSTRAINT "categories_slug" CHECK ("catalog"."categories"."slug" ~ '^[a-z][a-z-]{0,39}$')
);
--> statement-breakpoint
CREATE TABLE "catalog"."products" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"description" text NOT NULL,
	"category" text NOT NULL,
	"price_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"visibility" "catalog"."visibility" NOT NULL,
	"owner_subject" text NOT NULL,
	"archived_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"search" "tsvector" GENERATED ALWAYS AS (setweight(to_tsvector('english', "catalog"."products"."name"), 'A') || setweight(to_tsvector('english', "catalog"."products"."description"), 'B')) STORED NOT NULL,
	CONSTRAINT "products_price" CHECK ("catalog"."products"."price_minor" > 0),
	CONSTRAINT "products_currency" CHECK ("catalog"."products"."currency" ~ '^[A-Z]{3}$')
);
--> statement-breakpoint
ALTER TABLE "catalog"."products" ADD CONSTRAINT "products_category_categories_slug_fk" FOREIGN KEY ("category") REFERENCES "catalog"."categories"("slug") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "products_in_category" ON "catalog"."products" USING btree ("category","id");--> statement-breakpoint
CREATE INDEX "products_of_owner" ON "catalog"."products" USING btree ("owner_subject","id");--> statement-breakpoint
CREATE INDEX "products_search" ON "catalog"."products" USING gin ("search");