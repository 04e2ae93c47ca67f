"""gql over aiohttp: the asynchronous way, as in home automation."""

import asyncio
import time

import pytest
from demo import ACCOUNT, BALANCE, BY_API_KEY, BY_ORGANISATION_KEY, BY_PASSWORD, CUSTOMER, EXPIRED, LOG_IN
from demo import ORGANISATION, SCHEMES, URL, VIEWER
from gql import Client, GraphQLRequest, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError


def connect(authorization=None, **options):
    headers = {"Authorization": authorization} if authorization else {}
    return Client(transport=AIOHTTPTransport(url=URL, headers=headers), **options)


async def log_in(credentials):
    async with connect() as session:
        given = await session.execute(GraphQLRequest(LOG_IN, variable_values={"input": credentials}))
    return given["obtainKrakenToken"]


async def ask(token, document, variables=None):
    async with connect(token) as session:
        return await session.execute(GraphQLRequest(document, variable_values=variables))


@pytest.mark.parametrize(
    ("credentials", "kind"),
    [(BY_PASSWORD, "EMAIL-AND-PASSWORD"), (BY_API_KEY, "API-KEY")],
    ids=["password", "api_key"],
)
def test_a_customer_logs_in_and_reads(credentials, kind):
    async def scenario():
        session = await log_in(credentials)
        assert session["payload"]["gty"] == kind
        assert 0 < session["payload"]["exp"] - time.time() <= 3600
        assert session["refreshExpiresIn"] > session["payload"]["exp"]
        for scheme in SCHEMES:
            seen = await ask(scheme + session["token"], VIEWER)
            assert seen["viewer"]["email"] == CUSTOMER["email"]
            assert {a["number"] for a in seen["viewer"]["accounts"]} == set(CUSTOMER["accountNumbers"])

    asyncio.run(scenario())


def test_an_organisation_logs_in_and_reads():
    async def scenario():
        session = await log_in(BY_ORGANISATION_KEY)
        number = ORGANISATION["accountNumbers"][0]
        seen = await ask(session["token"], BALANCE, {"number": number})
        assert seen["account"]["number"] == number

    asyncio.run(scenario())


def test_a_lapsed_session_is_renewed_and_the_query_sent_again():
    async def scenario():
        refresh_token = (await log_in(BY_PASSWORD))["refreshToken"]
        with pytest.raises(TransportQueryError) as refused:
            await ask(EXPIRED, VIEWER)
        assert refused.value.errors[0]["extensions"]["errorCode"] == "KT-CT-1124"
        assert refused.value.data == {"viewer": None}
        renewed = await log_in({"refreshToken": refresh_token})
        assert renewed["refreshToken"] == refresh_token
        seen = await ask(renewed["token"], VIEWER)
        assert seen["viewer"]["email"] == CUSTOMER["email"]

    asyncio.run(scenario())


def test_a_wrong_key_raises_the_query_error_with_its_code():
    with pytest.raises(TransportQueryError) as refused:
        asyncio.run(log_in({"APIKey": "sk_live_wrong"}))
    [error] = refused.value.errors
    assert error["message"] == "Invalid data."
    assert error["path"] == ["obtainKrakenToken"]
    assert error["extensions"]["errorCode"] == "KT-CT-1139"
    assert error["extensions"]["validationErrors"][0]["inputPath"] == ["input", "apiKey"]


def test_the_fetched_schema_validates_what_is_sent():
    async def scenario():
        token = (await log_in(BY_API_KEY))["token"]
        async with connect(token, fetch_schema_from_transport=True, parse_results=True) as session:
            assert session.client.schema.query_type.fields["account"].args["accountNumber"]
            seen = await session.execute(GraphQLRequest(BALANCE, variable_values={"number": ACCOUNT}))
            assert isinstance(seen["account"]["balance"], int)
            with pytest.raises(Exception, match="Cannot query field 'ballance'"):
                await session.execute(gql("{ viewer { ballance } }"))

    asyncio.run(scenario())


def test_one_session_takes_many_queries_at_once():
    async def scenario():
        token = (await log_in(BY_PASSWORD))["token"]
        async with connect(token) as session:
            seen = await asyncio.gather(*(session.execute(gql(VIEWER)) for _ in range(8)))
        assert {answer["viewer"]["email"] for answer in seen} == {CUSTOMER["email"]}

    asyncio.run(scenario())
