export { databaseFailure, type DatabaseFailure } from './database-failure.ts';
export { migrate, type MigrationOptions } from './migrate.ts';
export { explainDatabaseFailure } from './start-failure.ts';
export { createPool, isReachable, runtimeRole, type PoolOptions } from './pool.ts';
export { inTransaction, openDatabase, type Database, type Queries, type TransactionLimits } from './transaction.ts';
