//! The operations of `operations.graphql`. `schema.graphql` is what the server prints of itself.

use graphql_client::GraphQLQuery;

type BigInt = i64;
type GenericScalar = serde_json::Value;
type JSONString = String;

macro_rules! operations {
    ($variables:tt: $($name:ident)+) => {$(
        #[derive(GraphQLQuery)]
        #[graphql(
            schema_path = "schema.graphql",
            query_path = "src/operations.graphql",
            response_derives = "Clone, Debug, PartialEq",
            variables_derives = $variables
        )]
        pub struct $name;
    )+};
}

operations!("Clone, Debug, Default": LogIn Viewer Account PostCharge);
// Enums have no default.
operations!("Clone, Debug": PostCredit);
