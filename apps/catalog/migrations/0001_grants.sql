-- The run-time role never deletes: what is over is archived. It cannot give a product to somebody else, nor move it in time.
GRANT SELECT ON catalog.categories, catalog.products TO sallyport_catalog;
--> statement-breakpoint
GRANT INSERT ON catalog.products TO sallyport_catalog;
--> statement-breakpoint
GRANT UPDATE (name, description, category, price_minor, currency, visibility, archived_at, updated_at) ON catalog.products TO sallyport_catalog;
