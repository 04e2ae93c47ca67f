"""The running server's address and credentials, and the documents that several tests send."""

import json
import os
from pathlib import Path

DEMO = json.loads(Path(os.environ["CLIENTS_DEMO_FILE"]).read_text())
EXPIRED = os.environ["CLIENTS_EXPIRED_TOKEN"]

URL = DEMO["url"]
CUSTOMER = DEMO["customer"]
ORGANISATION = DEMO["organisation"]
ACCOUNT = CUSTOMER["accountNumbers"][0]

BY_PASSWORD = {"email": CUSTOMER["email"], "password": CUSTOMER["password"]}
BY_API_KEY = {"APIKey": CUSTOMER["apiKey"]}
BY_ORGANISATION_KEY = {"organizationSecretKey": ORGANISATION["secretKey"]}
AS_STAFF = {"email": DEMO["staff"]["email"], "password": DEMO["staff"]["password"]}

LOG_IN = """
    mutation LogIn($input: ObtainJSONWebTokenInput!) {
      obtainKrakenToken(input: $input) { token payload refreshToken refreshExpiresIn }
    }
"""
VIEWER = "query Viewer { viewer { email accounts { number } } }"
BALANCE = "query Balance($number: String!) { account(accountNumber: $number) { number balance } }"

# The header's value: the token by itself or after a scheme.
SCHEMES = ("", "JWT ", "Bearer ")
