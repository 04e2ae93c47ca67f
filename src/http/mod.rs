//! The HTTP face: endpoint, GraphiQL, health, metrics.
