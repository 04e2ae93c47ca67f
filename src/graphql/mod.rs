//! The engine: SDL to schema, documents to plans, plans to bytes. Knows no business.
