"""From the journal to a crew and back: rules, cases, dispatching, escalation, the outbox."""
