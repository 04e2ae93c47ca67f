"""gql over requests: the blocking way, as in scripts; documents as text and by the DSL."""

import time

import pytest
from demo import ACCOUNT, AS_STAFF, BALANCE, BY_API_KEY, BY_ORGANISATION_KEY, BY_PASSWORD, CUSTOMER, EXPIRED
from demo import LOG_IN, ORGANISATION, SCHEMES, URL, VIEWER
from gql import Client, GraphQLRequest, gql
from gql.dsl import DSLMutation, DSLQuery, DSLSchema, DSLVariableDefinitions, dsl_gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.requests import RequestsHTTPTransport
from graphql import GraphQLError


def connect(authorization=None, **options):
    headers = {"Authorization": authorization} if authorization else {}
    return Client(transport=RequestsHTTPTransport(url=URL, headers=headers, retries=2), **options)


def log_in(credentials):
    request = GraphQLRequest(LOG_IN, variable_values={"input": credentials})
    return connect().execute(request)["obtainKrakenToken"]


@pytest.mark.parametrize(
    ("credentials", "kind"),
    [(BY_PASSWORD, "EMAIL-AND-PASSWORD"), (BY_API_KEY, "API-KEY")],
    ids=["password", "api_key"],
)
def test_a_customer_logs_in_and_reads(credentials, kind):
    session = log_in(credentials)
    assert session["payload"]["gty"] == kind
    assert 0 < session["payload"]["exp"] - time.time() <= 3600
    for scheme in SCHEMES:
        seen = connect(scheme + session["token"]).execute(gql(VIEWER))
        assert seen["viewer"]["email"] == CUSTOMER["email"]


def test_an_organisation_logs_in_and_reads():
    token = log_in(BY_ORGANISATION_KEY)["token"]
    number = ORGANISATION["accountNumbers"][0]
    seen = connect(token).execute(GraphQLRequest(BALANCE, variable_values={"number": number}))
    assert seen["account"]["number"] == number


def test_a_lapsed_session_is_renewed():
    refresh_token = log_in(BY_PASSWORD)["refreshToken"]
    with pytest.raises(TransportQueryError) as refused:
        connect(EXPIRED).execute(gql(VIEWER))
    assert refused.value.errors[0]["extensions"]["errorCode"] == "KT-CT-1124"
    token = log_in({"refreshToken": refresh_token})["token"]
    assert connect(token).execute(gql(VIEWER))["viewer"]["email"] == CUSTOMER["email"]


def test_a_wrong_key_raises_the_query_error_with_its_code():
    with pytest.raises(TransportQueryError) as refused:
        log_in({"APIKey": "sk_live_wrong"})
    assert [e["extensions"]["errorCode"] for e in refused.value.errors] == ["KT-CT-1139"]


def test_the_fetched_schema_validates_what_is_sent():
    with connect(log_in(BY_API_KEY)["token"], fetch_schema_from_transport=True) as session:
        assert session.execute(gql(VIEWER))["viewer"]["email"] == CUSTOMER["email"]
        with pytest.raises(GraphQLError, match="Unknown argument 'nummer'"):
            session.execute(gql('{ account(nummer: "A-1") { number } }'))


def test_the_dsl_builds_queries_and_mutations_from_the_fetched_schema():
    with connect(log_in(AS_STAFF)["token"], fetch_schema_from_transport=True) as session:
        schema = DSLSchema(session.client.schema)
        account = schema.Query.account(accountNumber=ACCOUNT).select(
            schema.AccountType.balance,
            schema.AccountType.ledgers.select(schema.LedgerType.number, schema.LedgerType.balance),
        )
        before = session.execute(dsl_gql(DSLQuery(account)))["account"]["balance"]

        variables = DSLVariableDefinitions()
        charge = DSLMutation(
            schema.Mutation.createAccountCharge(input=variables.input).select(
                schema.CreateAccountCharge.accountCharge.select(schema.AccountChargeType.grossAmount)
            )
        )
        charge.variable_definitions = variables
        given = {"accountNumber": ACCOUNT, "grossAmount": 120, "reason": "ADMIN_FEE"}
        request = dsl_gql(charge)
        request.variable_values = {"input": given}
        posted = session.execute(request)
        assert posted["createAccountCharge"]["accountCharge"]["grossAmount"] == 120

        after = session.execute(dsl_gql(DSLQuery(account)))["account"]["balance"]
        assert after == before - 120
