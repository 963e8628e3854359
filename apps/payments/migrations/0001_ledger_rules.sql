-- What holds whatever the service's code does. The functions name every table with its schema and fix their search_path
-- with pg_temp last: otherwise a temporary table of the same name would be looked at first.

-- Balances follow postings, and nothing else does: the run-time role has no UPDATE on accounts, this function has.
--
-- It runs once per statement and locks the accounts in the order of their ids. A transfer's postings are one statement, so
-- transfers that meet wait for each other and never deadlock.
CREATE FUNCTION payments.apply_postings() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = payments, pg_temp AS $$
BEGIN
  -- A transfer is written whole, by one transaction: nothing is added to one that is already in the books. (xmin is the
  -- transaction that wrote the row, or a savepoint of it: inside one, the transfer and its postings belong together.)
  IF EXISTS (
    SELECT 1 FROM added
    JOIN payments.transfers ON transfers.id = added.transfer
    WHERE transfers.xmin <> pg_current_xact_id()::xid
  ) THEN
    RAISE EXCEPTION 'a posting was added to a finished transfer' USING ERRCODE = 'integrity_constraint_violation';
  END IF;

  PERFORM 1 FROM payments.accounts
  WHERE accounts.id IN (SELECT added.account FROM added)
  ORDER BY accounts.id FOR NO KEY UPDATE;

  UPDATE payments.accounts SET balance = accounts.balance + sums.amount
  FROM (SELECT added.account, sum(added.amount)::bigint AS amount FROM added GROUP BY added.account) AS sums
  WHERE accounts.id = sums.account;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER postings_move_balances AFTER INSERT ON payments.postings
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION payments.apply_postings();
--> statement-breakpoint
-- Looked at when the transaction commits: a transfer has at least two postings, and they sum to zero in each currency.
-- Asked for by the transfer (which may have none) and by each posting (which may come after SET CONSTRAINTS … IMMEDIATE).
CREATE FUNCTION payments.assert_balanced() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = payments, pg_temp AS $$
DECLARE
  checked uuid;
BEGIN
  IF TG_TABLE_NAME = 'transfers' THEN checked := NEW.id; ELSE checked := NEW.transfer; END IF;
  IF (SELECT count(*) FROM payments.postings WHERE postings.transfer = checked) < 2 OR EXISTS (
    SELECT 1 FROM payments.postings
    JOIN payments.accounts ON accounts.id = postings.account
    WHERE postings.transfer = checked
    GROUP BY accounts.currency HAVING sum(postings.amount) <> 0
  ) THEN
    RAISE EXCEPTION 'transfer % does not sum to zero', checked
    USING ERRCODE = 'check_violation', CONSTRAINT = 'transfers_sum_to_zero', SCHEMA = 'payments', TABLE = 'transfers';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER transfers_sum_to_zero AFTER INSERT ON payments.transfers
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments.assert_balanced();
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER postings_sum_to_zero AFTER INSERT ON payments.postings
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments.assert_balanced();
--> statement-breakpoint
-- The books are written once: no UPDATE, DELETE or TRUNCATE for the run-time role, and no way to choose a balance, an
-- account's id, or the time of a transfer.
GRANT SELECT ON payments.accounts, payments.transfers, payments.postings, payments.answers TO sallyport_payments;
--> statement-breakpoint
GRANT INSERT (kind, owner, currency) ON payments.accounts TO sallyport_payments;
--> statement-breakpoint
GRANT INSERT (id, kind, subject, reference, product, refunds) ON payments.transfers TO sallyport_payments;
--> statement-breakpoint
GRANT INSERT (transfer, account, amount) ON payments.postings TO sallyport_payments;
--> statement-breakpoint
GRANT INSERT (subject, client, key, question, answer) ON payments.answers TO sallyport_payments;
--> statement-breakpoint
REVOKE ALL ON FUNCTION payments.apply_postings(), payments.assert_balanced() FROM PUBLIC;
