"""A client by hand on aiohttp, of the kind that home automation integrations bring along.

It keeps its session until shortly before the token lapses, renews by refresh token, and when a token is
refused all the same, logs in afresh and tries once more.
"""

import asyncio
import time

import aiohttp
import pytest
from demo import BY_API_KEY, BY_PASSWORD, CUSTOMER, EXPIRED, LOG_IN, URL, VIEWER

RENEWABLE = {"KT-CT-1111", "KT-CT-1124", "KT-CT-1139", "KT-CT-1143"}
MARGIN = 300


class Refused(Exception):
    def __init__(self, errors):
        super().__init__(errors[0]["message"])
        self.codes = {error["extensions"]["errorCode"] for error in errors}


class Integration:
    def __init__(self, http, credentials):
        self.http = http
        self.credentials = credentials
        self.token = self.refresh_token = None
        self.expires = self.refresh_expires = 0
        self.log_ins = []

    async def post(self, query, variables=None, token=None):
        headers = {"Authorization": token} if token else None
        body = {"query": query, "variables": variables or {}}
        async with self.http.post(URL, json=body, headers=headers) as response:
            response.raise_for_status()
            answer = await response.json()
        if answer.get("errors"):
            raise Refused(answer["errors"])
        return answer["data"]

    async def log_in(self, credentials):
        given = (await self.post(LOG_IN, {"input": credentials}))["obtainKrakenToken"]
        self.token, self.refresh_token = given["token"], given["refreshToken"]
        self.expires, self.refresh_expires = given["payload"]["exp"], given["refreshExpiresIn"]
        self.log_ins.append(next(iter(credentials)))

    async def ensure_token(self):
        if time.time() < self.expires - MARGIN:
            return
        if self.refresh_token and time.time() < self.refresh_expires:
            try:
                return await self.log_in({"refreshToken": self.refresh_token})
            except Refused:
                pass
        await self.log_in(self.credentials)

    async def ask(self, query):
        await self.ensure_token()
        try:
            return await self.post(query, token=self.token)
        except Refused as refused:
            if not refused.codes & RENEWABLE:
                raise
        self.expires = 0
        await self.ensure_token()
        return await self.post(query, token=self.token)


def run(credentials, scenario):
    async def inside():
        async with aiohttp.ClientSession() as http:
            return await scenario(Integration(http, credentials))

    return asyncio.run(inside())


def test_it_logs_in_once_and_keeps_its_token():
    async def scenario(client):
        for _ in range(3):
            assert (await client.ask(VIEWER))["viewer"]["email"] == CUSTOMER["email"]
        assert client.log_ins == ["APIKey"]

    run(BY_API_KEY, scenario)


def test_it_renews_shortly_before_the_token_lapses():
    async def scenario(client):
        await client.ask(VIEWER)
        client.expires = time.time() + MARGIN - 1
        assert (await client.ask(VIEWER))["viewer"]["email"] == CUSTOMER["email"]
        assert client.log_ins == ["email", "refreshToken"]

    run(BY_PASSWORD, scenario)


@pytest.mark.parametrize("token", [EXPIRED, "a.b.c"], ids=["expired", "nonsense"])
def test_it_recovers_when_its_token_is_refused(token):
    async def scenario(client):
        await client.ask(VIEWER)
        client.token = token
        assert (await client.ask(VIEWER))["viewer"]["email"] == CUSTOMER["email"]
        assert client.log_ins == ["email", "refreshToken"]

    run(BY_PASSWORD, scenario)


def test_a_worthless_refresh_token_falls_back_to_the_credentials():
    async def scenario(client):
        await client.ask(VIEWER)
        client.token, client.refresh_token = EXPIRED, "0" * 64
        assert (await client.ask(VIEWER))["viewer"]["email"] == CUSTOMER["email"]
        assert client.log_ins == ["APIKey", "APIKey"]

    run(BY_API_KEY, scenario)


def test_a_wrong_password_is_told_apart_from_a_lapsed_session():
    async def scenario(client):
        with pytest.raises(Refused) as refused:
            await client.ask(VIEWER)
        assert refused.value.codes == {"KT-CT-1138"}

    run({"email": CUSTOMER["email"], "password": "wrong"}, scenario)
