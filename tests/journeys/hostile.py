"""Hostile answers "from Google", by kind: what somebody may put into a callback's request instead of the honest one.

A kind is a function of what the attacker holds and of a chance; it answers the request as bytes on the wire. The same
seed and number make the same request again, but for the ids and secrets of the run.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from urllib.parse import quote, quote_plus, urlencode

__all__ = ["KINDS", "Held", "Kind", "Sent"]

CALLBACK = "/connect/google-plus/callback"
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Held:
    """What an attacker may hold: queries of answers (all live, unless named otherwise) and cookies of browsers."""

    honest: Pairs  # of a member; `member` is the browser that asked
    second: Pairs  # the same member's, asked for in `window`
    colleague: Pairs  # of another member of that customer
    stranger: Pairs  # of another customer's member
    expired: Pairs
    taken: Pairs  # came back before, and counted
    declined: Pairs  # came back before with an error
    removed: Pairs  # its person was switched off since
    moved: Pairs  # its person belongs to another customer since
    open_requests: list[str]  # states of the member whose consent is still open; each may be spent
    cookies: dict[str, str]  # member, window, stranger, staff, removed, moved, signed-out


@dataclass(frozen=True)
class Sent:
    """A request. `query` is what stands behind the question mark; `cookie` is the whole header, None for no header."""

    query: bytes
    cookie: str | None = "session={member}"
    method: bytes = b"GET"
    path: bytes = CALLBACK.encode()
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def on_the_wire(self, host: str, cookies: dict[str, str]) -> bytes:
        """The bytes of the request."""
        given = dict(self.headers)
        lines = [f"Host: {given.pop('Host', host)}", "Connection: close"]
        if self.cookie is not None:
            lines.append("Cookie: " + self.cookie.format(**cookies))
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        lines += [f"{name}: {value}" for name, value in given.items()]
        asks = b"?" if self.query else b""
        start = self.method + b" " + self.path + asks + self.query + b" HTTP/1.1\r\n"
        return start + "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


@dataclass(frozen=True)
class Kind:
    """`ends` is how it may end: the reason on the ledger, or the status of an answer that left no entry."""

    fault: str  # of the fault matrix: F4 to F7, F42; R15 and R50 where it has none
    make: Callable[[Held, Random], Sent]
    ends: frozenset[str]


KINDS: dict[str, Kind] = {}


def kind(
    name: str, fault: str, *ends: str
) -> Callable[[Callable[[Held, Random], Sent]], Callable[[Held, Random], Sent]]:
    def keep(make: Callable[[Held, Random], Sent]) -> Callable[[Held, Random], Sent]:
        assert name not in KINDS
        KINDS[name] = Kind(fault, make, frozenset(ends))
        return make

    return keep


def written(pairs: Pairs) -> Sent:
    return Sent(urlencode(pairs).encode())


def having(pairs: Pairs, **other: str | None) -> Pairs:
    """The query with other values; None leaves a parameter out."""
    changed = [(name, other.get(name, value)) for name, value in pairs]
    return [(name, value) for name, value in changed if value is not None]


def raw(pairs: Pairs, name: str, value: bytes) -> Sent:
    """The query with one value in bytes of its own, written as they are."""
    parts = [f"{n}=".encode() + (value if n == name else quote_plus(v).encode()) for n, v in pairs]
    return Sent(b"&".join(parts))


def of(pairs: Pairs, name: str) -> str:
    return dict(pairs)[name]


def shuffled(pairs: Pairs, chance: Random) -> Pairs:
    return chance.sample(pairs, len(pairs))


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
UNKNOWN = "unknown-state"


# The state is not the one of a request of this browser, person and customer (F4, F5).


@kind("a state with one character changed", "F5", UNKNOWN)
def _(held: Held, chance: Random) -> Sent:
    state = of(held.honest, "state")
    at = chance.randrange(len(state))
    other = chance.choice([letter for letter in LETTERS if letter != state[at]])
    return written(having(held.honest, state=state[:at] + other + state[at + 1 :]))


@kind("a state turned around at a place", "F5", UNKNOWN)
def _(held: Held, chance: Random) -> Sent:
    state = of(held.honest, "state")
    at = chance.randrange(1, len(state))
    return written(having(held.honest, state=state[at:] + state[:at]))


@kind("a state cut short", "F5", UNKNOWN)
def _(held: Held, chance: Random) -> Sent:
    state = of(held.honest, "state")
    return written(having(held.honest, state=state[: chance.randrange(1, len(state))]))


@kind("a state with something after or before it", "F5", UNKNOWN)
def _(held: Held, chance: Random) -> Sent:
    state, more = of(held.honest, "state"), chance.choice(["A", "=", " ", "/", "%", ".", "\u200b", "'", "\x00"])
    return written(having(held.honest, state=chance.choice([state + more, more + state])))


@kind("a state in another case", "F5", UNKNOWN)
def _(held: Held, chance: Random) -> Sent:
    state = of(held.honest, "state")
    other = chance.choice([state.upper(), state.lower(), state.swapcase()])
    return written(having(held.honest, state=other))


@kind("a state in letters that look the same", "F5", UNKNOWN)
def _(held: Held, chance: Random) -> Sent:
    wide = {letter: chr(ord(letter) + 0xFEE0) for letter in LETTERS}
    state = of(held.honest, "state")
    at = chance.randrange(len(state))
    return written(having(held.honest, state=state[:at] + wide[state[at]] + state[at + 1 :]))


@kind("a state escaped twice", "F5", UNKNOWN)
def _(held: Held, chance: Random) -> Sent:
    state = of(held.honest, "state")
    at = chance.randrange(len(state))
    return written(having(held.honest, state=f"{state[:at]}%{ord(state[at]):02X}{state[at + 1 :]}"))


@kind("a state with a control character in it", "F5", UNKNOWN)
def _(held: Held, chance: Random) -> Sent:
    state, at = of(held.honest, "state"), chance.randrange(44)
    return written(having(held.honest, state=state[:at] + chance.choice("\x00\r\n\t\x7f\x1b\u2028") + state[at:]))


@kind("a state nobody made", "F5", UNKNOWN)
def _(held: Held, chance: Random) -> Sent:
    return written(having(held.honest, state="".join(chance.choices(LETTERS, k=chance.choice([1, 43, 43, 256])))))


@kind("the state's hash, as the database has it", "F5", UNKNOWN)
def _(held: Held, chance: Random) -> Sent:
    return written(having(held.honest, state=hashlib.sha256(of(held.honest, "state").encode()).hexdigest()))


@kind("no state, or an empty one", "F5", "incomplete")
def _(held: Held, chance: Random) -> Sent:
    return written(having(held.honest, state=chance.choice([None, ""])))


@kind("the state of a colleague", "F5", "session")
def _(held: Held, chance: Random) -> Sent:
    return written(chance.choice([held.colleague, having(held.honest, state=of(held.colleague, "state"))]))


@kind("the state of another customer", "F5", "session")
def _(held: Held, chance: Random) -> Sent:
    return written(chance.choice([held.stranger, having(held.honest, state=of(held.stranger, "state"))]))


@kind("the state of one's own other browser", "F5", "session")
def _(held: Held, chance: Random) -> Sent:
    return written(chance.choice([held.second, having(held.honest, state=of(held.second, "state"))]))


@kind("an honest answer in somebody else's browser", "F4", "session")
def _(held: Held, chance: Random) -> Sent:
    cookie = chance.choice(["session={stranger}", "session={staff}", "session={window}"])
    return replace(written(shuffled(held.honest, chance)), cookie=cookie)


@kind("an honest answer in a browser without a session", "F4", "session")
def _(held: Held, chance: Random) -> Sent:
    cookie = chance.choice([None, "session=", "session", "other=x", "session={signed-out}"])
    return replace(written(held.honest), cookie=cookie)


@kind("an honest answer with a cookie that was tampered with", "R50", "session")
def _(held: Held, chance: Random) -> Sent:
    cookie = held.cookies["member"]
    at = chance.randrange(len(cookie))
    forms = [cookie[:at], cookie[:at] + "~" + cookie[at + 1 :], cookie + "A", cookie.swapcase(), f'"{cookie}A"', "\xff"]
    return replace(written(held.honest), cookie=f"session={chance.choice(forms)}")


@kind("an honest answer with a stranger's cookie tossed before its own", "R50", "session")
def _(held: Held, chance: Random) -> Sent:
    first = chance.choice(["session={stranger}", "session=x", "session={signed-out}", "session={staff}"])
    return replace(written(held.honest), cookie=f"{first}; session={{member}}")


@kind("an answer after more than ten minutes", "F5", "expired")
def _(held: Held, chance: Random) -> Sent:
    return written(shuffled(held.expired, chance))


@kind("an answer that came before", "F5", "already-done")
def _(held: Held, chance: Random) -> Sent:
    again = having(held.taken, code=chance.choice([of(held.taken, "code"), of(held.honest, "code"), "4/0new"]))
    return written(shuffled(again, chance))


@kind("a code for a request that was declined before", "F5", "already-done")
def _(held: Held, chance: Random) -> Sent:
    return written(having(held.honest, state=of(held.declined, "state")))


@kind("an answer whose person was removed since", "F5", "session")
def _(held: Held, chance: Random) -> Sent:
    return replace(written(held.removed), cookie=chance.choice(["session={removed}", "session={member}"]))


@kind("an answer whose person moved to another customer since", "F5", "person")
def _(held: Held, chance: Random) -> Sent:
    return replace(written(held.moved), cookie="session={moved}")


@kind("an answer brought to another provider's address", "F5", "session", "404")
def _(held: Held, chance: Random) -> Sent:
    provider = chance.choice(["other-network", "youtube", "google", "Google-Plus", "google-plus%00"])
    return replace(written(held.honest), path=f"/connect/{provider}/callback".encode())


# The answer is not one answer (F6).


@kind("a code and an error", "F6", "code-and-error")
def _(held: Held, chance: Random) -> Sent:
    return written(shuffled([*held.honest, ("error", chance.choice(["access_denied", "x", "0"]))], chance))


@kind("a parameter twice", "F6", "repeated-parameter")
def _(held: Held, chance: Random) -> Sent:
    name = chance.choice(["state", "code", "iss", "scope"])
    other = {"state": of(held.second, "state"), "code": "4/0x", "iss": "https://evil.example", "scope": ""}[name]
    twice = (name, chance.choice([dict(held.honest).get(name, "x"), other]))
    return written(shuffled([*having(held.honest, scope=None), ("scope", "x"), twice], chance))


@kind("a parameter twice, once in another spelling", "F6", "repeated-parameter")
def _(held: Held, chance: Random) -> Sent:
    name = chance.choice(["state", "code", "iss"])
    at = chance.randrange(len(name))
    spelled = f"{name[:at]}%{ord(name[at]):02x}{name[at + 1 :]}={quote(of(held.second, name), safe='')}".encode()
    parts = [urlencode(held.honest).encode(), spelled]
    return Sent(b"&".join(chance.sample(parts, 2)))


@kind("no code, or an empty one", "F6", "incomplete")
def _(held: Held, chance: Random) -> Sent:
    return written(having(held.honest, code=chance.choice([None, ""])))


@kind("a code that is too long", "F6", "too-long")
def _(held: Held, chance: Random) -> Sent:
    return written(having(held.honest, code="4/" + "a" * chance.randrange(255, 7000)))


@kind("a code with characters that no code has", "F6", "incomplete")
def _(held: Held, chance: Random) -> Sent:
    code, odd = (
        of(held.honest, "code"),
        chance.choice(["\x00", "\r\nSet-Cookie: a=b", "é", "\u202e", "\n", "\x7f", "𝟒"]),
    )
    return written(having(held.honest, code=chance.choice([code + odd, odd + code])))


@kind("names that are nearly right", "F6", "incomplete", "no-issuer")
def _(held: Held, chance: Random) -> Sent:
    name = chance.choice(["state", "code", "iss"])
    odd = chance.choice(
        [name.upper(), f" {name}", f"{name} ", f"{name}[]", f"{name}[0]", f"{name}\x00", f"\ufeff{name}"]
    )
    return written([(odd if n == name else n, v) for n, v in held.honest])


@kind("semicolons between the parameters", "F6", "no-issuer")
def _(held: Held, chance: Random) -> Sent:
    return Sent(";".join(urlencode([pair]) for pair in held.honest).encode())


@kind("the whole query escaped once more", "F6", "no-issuer")
def _(held: Held, chance: Random) -> Sent:
    return Sent(quote(urlencode(held.honest), safe="").encode())


@kind("the parameters behind an escaped fragment sign or question mark", "F6", "incomplete", "404")
def _(held: Held, chance: Random) -> Sent:
    sign, query = chance.choice(["%23", "%3F", "%26"]), urlencode(held.honest)
    if chance.random() < 0.5:
        return Sent(f"{sign}{query}".encode())
    return Sent(b"", path=f"{CALLBACK}{sign}{query}".encode())


@kind("bytes that are not UTF-8", "F6", "not-utf-8", "400")
def _(held: Held, chance: Random) -> Sent:
    name = chance.choice(["state", "code", "iss", "scope"])
    odd = chance.choice([b"%ff", b"%c0%af", b"%ed%a0%80", b"\xff\xfe", b"%80"])
    return raw(held.honest, name, quote(of(held.honest, name), safe="").encode() + odd)


@kind("escapes that are none", "F6", UNKNOWN, "wrong-issuer")
def _(held: Held, chance: Random) -> Sent:
    name = chance.choice(["state", "iss"])
    odd = chance.choice([b"%", b"%z9", b"%u0041", b"%4", b"%%41"])
    return raw(held.honest, name, quote(of(held.honest, name), safe="").encode() + odd)


@kind("a query of some 100 kilobytes", "F6", "too-long")
def _(held: Held, chance: Random) -> Sent:
    size, name = chance.randrange(8_193, 200_000), chance.choice(["pad", "state", "iss", "error_description"])
    return written([*(pair for pair in held.honest if pair[0] != name), (name, "a" * size)])


@kind("a query of a megabyte", "F6", "431")
def _(held: Held, chance: Random) -> Sent:
    return written([*held.honest, (chance.choice(["pad", "x" * 100_000]), "a" * (1 << 20))])


@kind("thousands of parameters", "F6", "too-long")
def _(held: Held, chance: Random) -> Sent:
    return written([*held.honest, *((f"p{number}", "v") for number in range(chance.randrange(3_000, 20_000)))])


@kind("an error that nobody documented, in an open request", "F6", "unknown")
def _(held: Held, chance: Random) -> Sent:
    word = chance.choice(
        ["<script>alert(1)</script>", "ACCESS_DENIED", "x" * 5000, "=HYPERLINK(1)", "\u202egnp.exe", "0"]
    )
    query = having(held.honest, state=held.open_requests.pop(), code=None)
    return written([*query, ("error", word), ("error_description", "<b>Your account is locked</b>, call us")])


@kind("an error for a request that nobody made", "F6", UNKNOWN)
def _(held: Held, chance: Random) -> Sent:
    word = chance.choice(["access_denied", "<img src=x>", "x" * 4000])
    return written([*having(held.honest, state="A" * 43, code=None), ("error", word), ("error_uri", "//evil.example")])


# The answer is not from the authorization server (F7).


@kind("no issuer, or an empty one", "F7", "no-issuer")
def _(held: Held, chance: Random) -> Sent:
    return written(having(held.honest, iss=chance.choice([None, ""])))


@kind("another issuer", "F7", "wrong-issuer")
def _(held: Held, chance: Random) -> Sent:
    others = ["https://accounts.google.com", "https://evil.example", "null", "accounts.google.com", "*", "javascript:0"]
    return written(having(held.honest, iss=chance.choice(others)))


@kind("the issuer and something more", "F7", "wrong-issuer")
def _(held: Held, chance: Random) -> Sent:
    more = chance.choice(["/", "//", " ", "?", "#", "/x", ".evil.example", "\x00", "@evil.example", "\u200b", "0"])
    return written(having(held.honest, iss=of(held.honest, "iss") + more))


@kind("the issuer in another case", "F7", "wrong-issuer")
def _(held: Held, chance: Random) -> Sent:
    issuer = of(held.honest, "iss")
    return written(having(held.honest, iss=chance.choice([issuer.upper(), issuer.replace("h", "H", 1)])))


@kind("the issuer with another scheme, host or name before it", "F7", "wrong-issuer")
def _(held: Held, chance: Random) -> Sent:
    scheme, _, place = of(held.honest, "iss").partition("://")
    other = {"http": "https", "https": "http"}[scheme]
    forms = [
        f"{other}://{place}",
        f"//{place}",
        place,
        f"{scheme}:/{place}",
        f"{scheme}://me@{place}",
        f" {scheme}://{place}",
    ]
    return written(having(held.honest, iss=chance.choice(forms)))


@kind("the issuer escaped twice", "F7", "wrong-issuer")
def _(held: Held, chance: Random) -> Sent:
    return written(having(held.honest, iss=quote(of(held.honest, "iss"), safe="")))


# The request itself is not one of a browser that comes back (F6, F42).


@kind("an honest answer asked for with HEAD", "F6", "405")
def _(held: Held, chance: Random) -> Sent:
    return replace(written(shuffled(held.honest, chance)), method=b"HEAD")


@kind("an honest answer with another verb", "F6", "400", "403", "405")
def _(held: Held, chance: Random) -> Sent:
    verb = chance.choice([b"POST", b"PUT", b"DELETE", b"PATCH", b"TRACE", b"PROPFIND", b"get"])
    return replace(written(held.honest), method=verb)


@kind("an honest answer in a form that is posted", "F6", "403", "405")
def _(held: Held, chance: Random) -> Sent:
    kinds = (("Content-Type", "application/x-www-form-urlencoded"),)
    site = chance.choice([(), (("Sec-Fetch-Site", "same-origin"),), (("Origin", "https://evil.example"),)])
    return Sent(b"", method=b"POST", headers=kinds + site, body=urlencode(held.honest).encode())


@kind("an honest answer in the body of a GET", "F6", "no-issuer")
def _(held: Held, chance: Random) -> Sent:
    kinds = (("Content-Type", chance.choice(["application/x-www-form-urlencoded", "application/json"])),)
    return Sent(b"", headers=kinds, body=urlencode(held.honest).encode())


@kind("a verb changed by a header", "F6", "403", "405")
def _(held: Held, chance: Random) -> Sent:
    name = chance.choice(["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
    return replace(written(held.honest), method=b"POST", headers=((name, "GET"),))


@kind("an address that is nearly the callback's", "F6", "404")
def _(held: Held, chance: Random) -> Sent:
    forms = ["/", "//", "/x", "/%2e", "%00", ";a=b", "%2f", ".json", "/../callback/x"]
    path = chance.choice(
        [f"{CALLBACK}{chance.choice(forms)}", CALLBACK.upper(), CALLBACK.replace("/callback", "%252fcallback")]
    )
    return replace(written(held.honest), path=path.encode())


@kind("another host", "F42", "400")
def _(held: Held, chance: Random) -> Sent:
    host = chance.choice(
        ["evil.example", "127.0.0.1.evil.example", "evil.example:8080", "127.0.0.1@evil.example", "", "."]
    )
    also = chance.choice([(), (("X-Forwarded-Host", "127.0.0.1:8080"),), (("X-Forwarded-Proto", "https"),)])
    return replace(written(held.honest), headers=(("Host", host), *also))


@kind("another host claimed by a proxy that is not ours, in a stranger's browser", "F42", "session")
def _(held: Held, chance: Random) -> Sent:
    name = chance.choice(["X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-Host", "X-Forwarded-Server"])
    value = "host=evil.example" if name == "Forwarded" else "evil.example"
    return replace(written(held.honest), cookie="session={stranger}", headers=((name, value),))


@kind("control characters in the request line", "F6", "400", UNKNOWN)
def _(held: Held, chance: Random) -> Sent:
    query = urlencode(held.honest).encode()
    at = query.index(b"state=") + 6 + chance.randrange(40)
    # NOTE: no tab. The server leaves it out of the address, as the URL standard says, and then the answer is honest.
    odd = chance.choice([b"\x00", b"\r", b"\n", b" ", b"\r\nX: y\r\n", b"\x0b"])
    return Sent(query[:at] + odd + query[at:])
