"""What no schema can say of this server: how to make sound requests, and which findings are none."""

import base64
import hashlib
import json

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData, UseAfterFree

# Half of them of two letters, so that requests meet what others stored; none is near the limits,
# which count bytes.
names = st.one_of(
    st.text("ab", min_size=1, max_size=2),
    st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/\\"), min_size=1, max_size=20),
)
segments = names.filter(lambda name: not name.startswith(".") and name[1:2] != ":")

schemathesis.openapi.format("project-id", names.filter(lambda name: name not in (".", "..")))
schemathesis.openapi.format("file-path", st.lists(segments, min_size=1, max_size=3).map("/".join))


def number(text):
    """A schema takes 5.0 for an integer; no program writes one so."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < 2**63 else value


@schemathesis.hook
def before_call(context, case, kwargs):
    """Nothing here packs a body, and a sound push has the checksums of its contents."""
    if not case.meta.generation.mode.is_positive:
        return
    if case.headers:
        case.headers.pop("Content-Encoding", None)
    if not isinstance(case.body, dict):
        return
    case.body = json.loads(json.dumps(case.body), parse_float=number)
    if case.path.endswith("/sync"):
        for file in case.body["files"]:
            content = file["content"].rstrip("=")
            content = base64.b64decode(content + "=" * (-len(content) % 4))
            file["checksum"] = hashlib.sha256(content).hexdigest()


# What is no number there is read as the original server reads it, and not refused.
LENIENT = {"limit", "content", "deep"}


def is_lenient(case, response):
    """Only parameters that are read leniently were wrong, or only a `format`, which is but a hint."""
    data = case.meta.phase.data
    wrong = {change.parameter for change in data.mutations if set(change.keywords) != {"format"}}
    if not data.mutations:
        wrong = {data.parameter}
    return wrong <= (LENIENT | {"since"} if case.operation.path.endswith("/files") else LENIENT)


def is_beyond_schemas(case, response):
    """Rules about several entries, about what is stored, or about now: a file below another, a path twice, a
    cursor that the server never gave out, a key that would expire in the past."""
    answer = response.json()
    is_over = answer["error"] == "expires_at: must be in the future."
    return is_over or answer["code"] in ("bad_path", "duplicate_path", "resync_required")


def is_empty_project(case, response):
    """A project that is gone is an empty one, as with the original server."""
    return True


NO_FINDINGS = {
    AcceptedNegativeData: is_lenient,
    RejectedPositiveData: is_beyond_schemas,
    UseAfterFree: is_empty_project,
}


@schemathesis.hook
def filter_failure(context, failure, case, response):
    excuse = NO_FINDINGS.get(type(failure))
    return excuse is None or not excuse(case, response)
