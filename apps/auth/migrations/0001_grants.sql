INSERT INTO "auth"."revocation_counter" ("last_position") VALUES (0);
--> statement-breakpoint
-- What the service may do at run time. It never deletes an account, a session or a revocation, and never changes a revocation.
GRANT SELECT, INSERT, UPDATE ON "auth"."accounts", "auth"."sessions", "auth"."totp_factors", "auth"."cut_offs" TO "sallyport_auth";
--> statement-breakpoint
GRANT USAGE, SELECT ON SEQUENCE "auth"."session_serials" TO "sallyport_auth";
--> statement-breakpoint
GRANT SELECT ON "auth"."clients" TO "sallyport_auth";
--> statement-breakpoint
GRANT SELECT, INSERT ON "auth"."revocations" TO "sallyport_auth";
--> statement-breakpoint
GRANT SELECT, UPDATE ON "auth"."revocation_counter" TO "sallyport_auth";
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE ON "auth"."signing_keys" TO "sallyport_auth";
--> statement-breakpoint
-- Rows that only guard against replay are deleted when what they guard against has expired.
GRANT SELECT, INSERT, DELETE ON "auth"."spent_refresh_tokens", "auth"."revoked_tokens", "auth"."used_assertions" TO "sallyport_auth";
