"""The words of the catalogue, as frozen values: privileges, purposes, operations, and the answers of the one rule."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from scopes.errors import UnknownPrivilege, UnknownPurpose
from scopes.fields import Fields

__all__ = [
    "ABSENT",
    "ANY",
    "PAGE",
    "Catalogue",
    "Need",
    "Operation",
    "Parameter",
    "Privilege",
    "Purpose",
    "Refusal",
    "RoutedCall",
    "Rule",
    "Unroutable",
]

PAGE = "$page"  # in a rule: the provider id of any page the customer chose
ANY = "$any"  # in a rule's body: whatever the caller writes there
ABSENT = "$absent"  # in a rule: the parameter may be left out; alone: it must be


@dataclass(frozen=True, slots=True)
class Privilege:
    """One permission, as the policy and the consent screen name it, and the scope behind it."""

    scope: str  # full URL
    label: str  # the consent screen's words
    reason: str  # why it is asked for, in our words
    policy_section: str
    source: str  # where the pairing of label and scope was read
    read_on: date
    confidence: str

    @property
    def short(self) -> str:
        """The scope's last part, for example `plus.stream.read`."""
        return self.scope.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Rule:
    """One operation a purpose covers, and the values its parameters may have.

    A parameter named here must have one of its values; `$page` and `$absent` (see above) are the two that stand for
    something. `operation` is a full discovery id such as `plusPages.comments.insert`.
    """

    operation: str
    parameters: Mapping[str, tuple[str, ...]]
    # What a request's JSON may hold, by path through objects and lists. Anything else is refused; a path with fixed
    # words must be there, in every element it passes through.
    body: Mapping[tuple[str, ...], tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    fields: Fields | None = None  # what is read of the answer; None when it has none
    # The parameter that names what the call is about; it must be done for that thing, or for a part of it.
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """Why something is done: what a customer agrees to, and the most that may be done for it."""

    id: str
    title: str
    sentence: str
    example: str
    scopes: frozenset[str]
    rules: tuple[Rule, ...]
    data_read: tuple[str, ...]
    retention: str
    implied: bool = False  # comes with other purposes and is not switched alone
    includes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation. `location` is path or query; `kind` is string, integer, number or boolean."""

    name: str
    location: str
    required: bool = False
    repeated: bool = False
    enum: tuple[str, ...] = ()
    kind: str = "string"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One API method. `path` is the template from the host's root, such as `plusPages/v2/comments/{commentId}`."""

    id: str
    verb: str
    path: str
    parameters: Mapping[str, Parameter]
    scopes: frozenset[str]  # any one of these authorises it
    writes: bool
    answer: str = ""  # the schema of what it answers; empty when it answers nothing
    upload: bool = False
    upload_paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RoutedCall:
    """A verb and URL understood: which operation it is, with its parameters decoded once.

    The values of a repeated query parameter are joined by commas. `body` is the request's JSON object, if it has one;
    whoever reads the request adds it.
    """

    operation: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    upload: bool = False
    body: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Unroutable:
    """A verb and URL that are no operation, or not surely one. `reason` is a short code such as `other-host`."""

    reason: str


@dataclass(frozen=True, slots=True)
class Need:
    """What one call needs before it may go on: all of the scopes, and each of the pages chosen."""

    purpose: str
    operation: str
    scopes: frozenset[str]
    pages: frozenset[str]  # provider ids
    policy_version: str
    fields: Fields | None = None  # all that may be read of the answer


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: a stable code, a sentence for a person, and the scopes that are missing if that is the reason."""

    reason: str
    sentence: str
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Catalogue:
    """Everything that is documented for one provider. `load` makes it; what it holds adds up."""

    provider: str  # "google-plus"
    title: str  # "Google+"
    account_word: str  # "Google account"
    discovery: str
    policy_version: str
    policy_section: str
    root_url: str
    acts_for: str  # the parameter that names the page a call acts for
    own_id: str  # the word that stands for the account itself, where a page's id could stand
    part_mark: str  # what stands between a thing's id and the rest of the id of a part of it
    free: frozenset[str]  # parameters no rule has to mention
    we_never: tuple[str, ...]
    privileges: tuple[Privilege, ...]
    purposes: tuple[Purpose, ...]
    operations: Mapping[str, Operation]
    global_parameters: Mapping[str, Parameter]
    refused: Mapping[str, str]  # operation id -> why it is in no purpose
    titles: Mapping[str, str]  # operation id -> what it does, to be read after "to"
    aliases: Mapping[str, str]  # another name a provider uses for a scope -> the scope
    _purposes: Mapping[str, Purpose] = field(init=False, repr=False)
    _rules: Mapping[tuple[str, str], Rule] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_id = {purpose.id: purpose for purpose in self.purposes}
        rules = {
            (purpose.id, rule.operation): rule
            for purpose in self.purposes
            for source in (purpose, *(by_id[part] for part in purpose.includes if part in by_id))
            for rule in source.rules
        }
        object.__setattr__(self, "_purposes", MappingProxyType(by_id))
        object.__setattr__(self, "_rules", MappingProxyType(rules))

    def purpose(self, id: str) -> Purpose:
        """The purpose of that id. Raises: UnknownPurpose."""
        try:
            return self._purposes[id]
        except KeyError:
            raise UnknownPurpose(id) from None

    def privilege(self, scope: str) -> Privilege:
        """The privilege with that scope (full URL). Raises: UnknownPrivilege."""
        for privilege in self.privileges:
            if privilege.scope == scope:
                return privilege
        raise UnknownPrivilege(scope)

    def rule(self, purpose: str, operation: str) -> Rule | None:
        """What a purpose, with those it includes, says of an operation; nothing said means no."""
        return self._rules.get((purpose, operation))

    def choosable(self) -> tuple[Purpose, ...]:
        """The purposes a customer switches on and off, in the order they are shown."""
        return tuple(purpose for purpose in self.purposes if not purpose.implied)

    def writing(self) -> tuple[Purpose, ...]:
        """The purposes a customer switches that change something at the provider, in the order they are shown."""
        return tuple(
            purpose
            for purpose in self.choosable()
            if any(self.operations[rule.operation].writes for rule in purpose.rules)
        )

    def enabled_by(self, id: str) -> frozenset[str]:
        """The purposes any one of which, when on, makes this one on. Raises: UnknownPurpose."""
        if not self.purpose(id).implied:
            return frozenset({id})
        return frozenset(purpose.id for purpose in self.purposes if id in purpose.includes)

    def scopes_for(self, purpose_ids: Iterable[str]) -> tuple[str, ...]:
        """Exactly the scopes these purposes need together, in the catalogue's order. Raises: UnknownPurpose."""
        wanted: set[str] = set()
        for each in purpose_ids:
            purpose = self.purpose(each)
            wanted.update(purpose.scopes, *(self.purpose(part).scopes for part in purpose.includes))
        return tuple(privilege.scope for privilege in self.privileges if privilege.scope in wanted)

    def covered(self, granted: Collection[str]) -> tuple[str, ...]:
        """The purposes that need no scope beyond these, in the catalogue's order."""
        held = frozenset(granted)
        return tuple(purpose.id for purpose in self.purposes if held.issuperset(self.scopes_for([purpose.id])))

    def canonical(self, scopes: Iterable[str]) -> tuple[str, ...]:
        """The same scopes under the names this catalogue uses, each once; unknown ones stay as they are."""
        return tuple(dict.fromkeys(self.aliases.get(scope, scope) for scope in scopes))
