CREATE SCHEMA IF NOT EXISTS "payments";
--> statement-breakpoint
CREATE TABLE "payments"."accounts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "payments"."accounts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"owner" text NOT NULL,
	"currency" text NOT NULL,
	"balance" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "accounts_one_of_a_kind" UNIQUE("owner","kind","currency"),
	CONSTRAINT "accounts_kind" CHECK ("payments"."accounts"."kind" IN ('wallet', 'merchant', 'funding')),
	CONSTRAINT "accounts_currency" CHECK ("payments"."accounts"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "accounts_cover" CHECK (CASE "payments"."accounts"."kind" WHEN 'funding' THEN "payments"."accounts"."balance" <= 0 ELSE "payments"."accounts"."balance" >= 0 END)
);
--> statement-breakpoint
CREATE TABLE "payments"."answers" (
	"subject" text NOT NULL,
	"client" text NOT NULL,
	"key" text NOT NULL,
	"question" text NOT NULL,
	"answer" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "answers_pkey" PRIMARY KEY("subject","client","key")
);
--> statement-breakpoint
CREATE TABLE "payments"."postings" (
	"transfer" uuid NOT NULL,
	"account" bigint NOT NULL,
	"amount" bigint NOT NULL,
	CONSTRAINT "postings_pkey" PRIMARY KEY("transfer","account"),
	CONSTRAINT "postings_amount" CHECK ("payments"."postings"."amount" <> 0)
);
--> statement-breakpoint
CREATE TABLE "payments"."transfers" (
	"id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"reference" text NOT NULL,
	"product" text,
	"refunds" uuid,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "transfers_one_per_reference" UNIQUE("subject","reference"),
	CONSTRAINT "transfers_refunded_once" UNIQUE("refunds"),
	CONSTRAINT "transfers_kind" CHECK ("payments"."transfers"."kind" IN ('top_up', 'payment', 'refund')),
	CONSTRAINT "transfers_product" CHECK (("payments"."transfers"."kind" = 'top_up') = ("payments"."transfers"."product" IS NULL)),
	CONSTRAINT "transfers_refunds" CHECK (("payments"."transfers"."kind" = 'refund') = ("payments"."transfers"."refunds" IS NOT NULL))
);
--> statement-breakpoint
ALTER TABLE "payments"."postings" ADD CONSTRAINT "postings_transfer_transfers_id_fk" FOREIGN KEY ("transfer") REFERENCES "payments"."transfers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments"."postings" ADD CONSTRAINT "postings_account_accounts_id_fk" FOREIGN KEY ("account") REFERENCES "payments"."accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments"."transfers" ADD CONSTRAINT "transfers_refunds_transfers_id_fk" FOREIGN KEY ("refunds") REFERENCES "payments"."transfers"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "postings_of_account" ON "payments"."postings" USING btree ("account","transfer");