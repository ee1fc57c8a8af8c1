"""Messages: an outbox that is written in the same transaction as what it tells, and emptied by a job."""
