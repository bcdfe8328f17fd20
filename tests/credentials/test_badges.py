"""Open Badges 3.0: what a badge says, and that its signature is what the standard asks.

Tokens are checked with PyJWT and jwcrypto; they are signed with another library. By hand, a token was verified by
openbadgeslib 4.6 (PyPI), and a credential expanded in JSON-LD safe mode under the published contexts and parsed by the
types of @learncard/types (npm), whose only complaint was the embedded proof that a token does without.

The JSON schema of 1EdTech is in no package registry and not in this repository, so it has NOT judged a badge here. The
properties below were written down from the standard's own tables. With the file at hand, name it in COURSEWRIGHT_OB3_SCHEMA.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import jwt
import pytest
from conftest import TINY
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from identities import other_certificate
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from lms_courses import course_of

from coursewright.build.badge import check_badge, public_jwk, public_jwks, sign_badge
from coursewright.build.pdf_signature import Identity
from coursewright.model.course import Course
from coursewright.plan.certificate import plan_certificate
from coursewright.plan.open_badge import BadgeAddresses, identity_hash, plan_badge
from coursewright.read.roster import Learner

AT = datetime.datetime(2026, 11, 20, 11, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
WEB = BadgeAddresses("https://ce.example.org/badges/7K2M", "https://ce.example.org/courses/tiny", "https://ce.example.org/issuer")
KEY_URL = "https://ce.example.org/keys/1"
FINAL = {"quizzes/blueprints/final.yaml": "id: final\ntitle: Final test\npool: practice\ncells: [{count: 1}]\ncut: {percent: 80}\n"}
PROVIDER = {"course/course.yaml": f"{TINY['course/course.yaml']}provider: {{name: A Provider, number: P-1, approval_date: 2026-01-01}}\n"}
#: property tables of Open Badges 3.0: what each object may hold, and what it must (in capitals here: with an exclamation mark)
TABLES = {
    "credential": "@context! id! type! name! description image credentialSubject! endorsement endorsementJwt evidence issuer! validFrom! validUntil awardedDate proof credentialSchema credentialStatus refreshService termsOfUse",
    "issuer": "id! type! name url phone description endorsement endorsementJwt image email address otherIdentifier official parentOrg",
    "credentialSubject": "id type! activityEndDate activityStartDate creditsEarned achievement! identifier image licenseNumber narrative result role source term",
    "achievement": "id! type! alignment achievementType creator creditsAvailable criteria! description! endorsement endorsementJwt fieldOfStudy humanCode image inLanguage name! otherIdentifier related resultDescription specialization tag version",
    "criteria": "id narrative",
    "identifier": "type! hashed! identityHash! identityType! salt",
    "result": "type! achievedLevel alignment resultDescription status value",
    "resultDescription": "id! type! alignment allowedValue name! requiredLevel requiredValue resultType! rubricCriterionLevel valueMax valueMin",
}


def badge(course: Course, email: str = "ann@example.org", salt: str = "pepper", **learner: Any) -> dict[str, Any]:
    someone = Learner(2, "Ann", "Lee", datetime.date(2026, 11, 19), **{"learner_id": "L-17", **learner})
    return plan_badge(course, plan_certificate(course, someone, Decimal("1.50")), WEB, salt=salt, issued_at=AT, email=email)


@pytest.fixture(scope="module")
def sample() -> dict[str, Any]:
    return badge(course_of({**TINY, **FINAL}), score_percent=Decimal("92.50"))


@pytest.fixture(scope="module")
def identity() -> Identity:
    key = rsa.generate_private_key(65537, 3072)
    return Identity(other_certificate(key), key)


def objects(name: str, value: Any) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(value, list):
        return [found for each in value for found in objects(name, each)]
    if not isinstance(value, dict):
        return []
    return [(name, value), *(found for key, inner in value.items() for found in objects(key, inner))]


def test_every_object_has_the_properties_that_the_standard_asks_and_no_others(sample: dict[str, Any]) -> None:
    found = objects("credential", sample)
    assert {name for name, _ in found} == set(TABLES), "each table is met"
    for name, value in found:
        words = TABLES[name].split()
        assert {word.rstrip("!") for word in words if word.endswith("!")} <= set(value), name
        assert set(value) <= {word.rstrip("!") for word in words}, name


def test_the_published_schema_accepts_it_where_it_is_at_hand(sample: dict[str, Any]) -> None:
    path = os.environ.get("COURSEWRIGHT_OB3_SCHEMA")
    if not path:
        pytest.skip("COURSEWRIGHT_OB3_SCHEMA names no file: no package registry carries ob_v3p0_achievementcredential_schema.json")
    jsonschema.Draft201909Validator(json.loads(Path(path).read_text("utf-8"))).validate(sample)


def test_it_is_a_credential_of_the_second_data_model(sample: dict[str, Any]) -> None:
    assert sample["@context"][0] == "https://www.w3.org/ns/credentials/v2"
    assert sample["@context"][1].startswith("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0")
    assert sample["type"] == ["VerifiableCredential", "AchievementCredential"] and sample["id"] == WEB.credential
    assert sample["validFrom"] == "2026-11-20T10:30:00Z", "in UTC, whatever zone it was given in"
    assert "issuanceDate" not in sample


def test_the_score_stands_under_a_description_that_says_what_passes(sample: dict[str, Any]) -> None:
    subject = sample["credentialSubject"]
    (description,), (result,) = subject["achievement"]["resultDescription"], subject["result"]
    assert result["resultDescription"] == description["id"] and result["value"] == "92.5"
    assert description["resultType"] == "Percent" and description["requiredValue"] == "80"
    assert "1 of 1 points (80%)" in subject["achievement"]["criteria"]["narrative"] and "Final test" in subject["achievement"]["criteria"]["narrative"]


def test_without_a_score_there_is_no_result_and_without_a_test_it_says_so() -> None:
    subject = badge(course_of(TINY))["credentialSubject"]
    assert "result" not in subject and "resultDescription" not in subject["achievement"]
    assert "There is no test to pass." in subject["achievement"]["criteria"]["narrative"]


def test_a_course_without_provider_says_sample_wherever_a_wallet_looks_and_states_no_hours(sample: dict[str, Any]) -> None:
    achievement = sample["credentialSubject"]["achievement"]
    shown = (sample["name"], sample["description"], sample["issuer"]["name"], achievement["name"], achievement["description"], achievement["criteria"]["narrative"])
    assert all("SAMPLE: NOT VALID FOR CREDIT" in text for text in shown)
    assert "1.50" not in json.dumps(sample) and "contact hours" not in json.dumps(sample)


def test_a_course_with_its_provider_complete_names_it_and_says_no_sample() -> None:
    made = badge(course_of({**TINY, **FINAL, **PROVIDER}))
    assert made["issuer"]["name"] == "A Provider" and made["name"] == "Tiny"
    assert "1.50 contact hours" in made["description"] and "SAMPLE" not in json.dumps(made)


def test_a_provider_that_is_not_yet_approved_is_named_and_marked() -> None:
    made = badge(course_of({**TINY, "course/course.yaml": f"{TINY['course/course.yaml']}provider: {{name: A Provider}}\n"}))
    assert made["issuer"]["name"] == "SAMPLE: NOT VALID FOR CREDIT. A Provider"


def test_who_knows_the_address_can_check_it_and_nobody_reads_it(sample: dict[str, Any]) -> None:
    (entry,) = sample["credentialSubject"]["identifier"]
    assert entry["identityHash"] == "sha256$" + hashlib.sha256(b"ann@example.orgpepper").hexdigest()
    assert entry["identityType"] == "emailAddress" and entry["hashed"] is True and entry["salt"] == "pepper"
    text = json.dumps(sample)
    assert not [word for word in ("Ann", "Lee", "ann@", "L-17") if word in text]
    assert identity_hash(" Ann@Example.ORG ", "s") == identity_hash("ann@example.org", "s")


def test_the_standards_own_example_of_a_hash_comes_out() -> None:
    assert identity_hash("a@example.com", "Kosher") == "sha256$b5809d8a92f8858436d7e6b87c12ebc0ae1eac4baecc2c0b913aee2c922ef399"


def test_without_an_address_the_learners_id_is_hashed_as_it_is() -> None:
    (entry,) = badge(course_of(TINY), email="")["credentialSubject"]["identifier"]
    assert entry["identityHash"] == "sha256$" + hashlib.sha256(b"L-17pepper").hexdigest() and entry["identityType"] == "sourcedId"


def test_a_badge_that_would_be_worth_nothing_is_refused() -> None:
    course = course_of(TINY)
    with pytest.raises(ValueError, match="salt"):
        badge(course, salt="")
    with pytest.raises(ValueError, match="e-mail address or the id"):
        badge(course, email=" ", learner_id="")
    with pytest.raises(ValueError, match="time zone"):
        plan_badge(course, plan_certificate(course, Learner(2, "A", "B"), Decimal(1)), WEB, salt="s", issued_at=datetime.datetime(2026, 1, 1), email="a@b.c")


@pytest.mark.parametrize("key_url", ["", KEY_URL])
@pytest.mark.parametrize("kind", ["RS256", "ES256"])
def test_another_library_verifies_the_token_with_the_published_key(sample: dict[str, Any], identity: Identity, kind: str, key_url: str) -> None:
    if kind == "ES256":
        key = ec.generate_private_key(ec.SECP256R1())
        identity = Identity(other_certificate(key), key)
    token = sign_badge(sample, identity, key_url=key_url)
    (published,) = jwt.PyJWKSet.from_dict(public_jwks(identity, key_url=key_url)).keys
    claims = jwt.decode(token, published, algorithms=[kind], options={"verify_nbf": False})
    again = JWS()
    again.deserialize(token, JWK(**public_jwk(identity, key_url=key_url)))
    assert json.loads(again.payload) == claims
    assert {name: value for name, value in claims.items() if name not in ("iss", "jti", "nbf", "sub")} == sample, "the payload is the credential"
    assert claims["iss"] == sample["issuer"]["id"] and claims["jti"] == sample["id"] and claims["sub"] == sample["credentialSubject"]["id"]
    assert datetime.datetime.fromtimestamp(claims["nbf"], datetime.UTC) == AT and "vc" not in claims
    header = jwt.get_unverified_header(token)
    assert header == {"alg": kind, "typ": "JWT", **({"kid": KEY_URL} if key_url else {"jwk": header.get("jwk")})}, "no other headers are allowed"
    assert check_badge(token, identity) == sample


def test_no_private_part_of_the_key_is_published(sample: dict[str, Any], identity: Identity) -> None:
    (published,) = public_jwks(identity, key_url=KEY_URL)["keys"]
    header = jwt.get_unverified_header(sign_badge(sample, identity))
    assert set(published) == {"kty", "n", "e", "kid", "alg", "use"} and set(header["jwk"]) == {"kty", "n", "e"}
    assert published["kid"] == KEY_URL


def test_an_altered_badge_or_one_of_another_key_is_refused(sample: dict[str, Any], identity: Identity) -> None:
    token = sign_badge(sample, identity)
    head, body, signature = token.split(".")
    for changed in (f"{head}.{body[:-2]}AA.{signature}", f"{head}.{body}.{signature[:40]}A{signature[41:]}", f"{head}.{body}.", f"{head}.{body}", "", "x.y.z"):
        assert changed == token or check_badge(changed, identity) is None
    key = rsa.generate_private_key(65537, 2048)
    stranger = Identity(other_certificate(key), key)
    assert check_badge(sign_badge(sample, stranger), identity) is None, "the key in the token's own header is not believed"
    unsigned = jwt.encode({**sample, "iss": WEB.issuer}, "", algorithm="none")
    assert check_badge(unsigned, identity) is None


@pytest.mark.parametrize("claim", ["iss", "jti", "nbf", "sub"])
def test_a_token_whose_claims_do_not_repeat_the_credential_is_refused(sample: dict[str, Any], identity: Identity, claim: str) -> None:
    claims = {**sample, "iss": WEB.issuer, "jti": WEB.credential, "nbf": int(AT.timestamp()), "sub": f"{WEB.credential}#learner"}
    assert check_badge(jwt.encode(claims, identity.key, "RS256"), identity) == sample
    assert check_badge(jwt.encode({**claims, claim: 7 if claim == "nbf" else "https://elsewhere.example"}, identity.key, "RS256"), identity) is None
    del claims[claim]
    assert check_badge(jwt.encode(claims, identity.key, "RS256"), identity) is None
