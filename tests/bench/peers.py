"""How others keep a customer's tokens: Flask-Dance, python-social-auth and django-allauth, each as it documents.

All of them store plaintext. Each `load` gives one customer's access token, in a database session of its own as a web
request has.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

__all__ = ["PEERS", "Load", "Peer"]

Load = Callable[[int], str]
Peer = Callable[[Path, int], Any]


def _token() -> str:
    return secrets.token_urlsafe(120)


@contextmanager
def flask_dance(folder: Path, customers: int) -> Iterator[Load]:
    """Flask-Dance's SQLAlchemyStorage."""
    from flask_dance.consumer.storage.sqla import OAuthConsumerMixin, SQLAlchemyStorage
    from sqlalchemy import Column, Integer, create_engine
    from sqlalchemy.orm import DeclarativeBase, scoped_session, sessionmaker

    class Base(DeclarativeBase):
        pass

    class OAuth(OAuthConsumerMixin, Base):
        user_id = Column(Integer, index=True)

    engine = create_engine(f"sqlite:///{folder / 'dance.db'}")
    Base.metadata.create_all(engine)
    session = scoped_session(sessionmaker(engine))
    session.add_all(
        OAuth(provider="google", user_id=n, token={"access_token": _token(), "refresh_token": _token()})
        for n in range(customers)
    )
    session.commit()
    session.remove()
    blueprint: Any = SimpleNamespace(name="google", config={})

    def load(customer: int) -> str:
        try:
            return str(SQLAlchemyStorage(OAuth, session, user_id=customer).get(blueprint)["access_token"])
        finally:
            session.remove()

    yield load
    engine.dispose()


@contextmanager
def python_social_auth(folder: Path, customers: int) -> Iterator[Load]:
    """python-social-auth's storage on SQLAlchemy."""
    from social_sqlalchemy.storage import SQLAlchemyUserMixin
    from sqlalchemy import Column, ForeignKey, Integer, String, create_engine
    from sqlalchemy.orm import DeclarativeBase, relationship, scoped_session, sessionmaker

    class Base(DeclarativeBase):
        __allow_unmapped__ = True

    class Person(Base):
        __tablename__ = "person"
        id = Column(Integer, primary_key=True)

    engine = create_engine(f"sqlite:///{folder / 'social.db'}")
    session = scoped_session(sessionmaker(engine))

    class Social(SQLAlchemyUserMixin, Base):  # type: ignore[misc]
        __tablename__ = "social"
        uid = Column(String(255))
        user_id = Column(Integer, ForeignKey("person.id"), index=True)
        user = relationship(Person)

        @classmethod
        def _session(cls) -> Any:
            return session

    Base.metadata.create_all(engine)
    session.add_all(Person(id=n) for n in range(customers))
    session.add_all(
        Social(provider="google-oauth2", uid=str(n), user_id=n, extra_data={"access_token": _token(), "expires": 3600})
        for n in range(customers)
    )
    session.commit()
    session.remove()

    def load(customer: int) -> str:
        try:
            return str(Social.get_social_auth("google-oauth2", str(customer)).access_token)
        finally:
            session.remove()

    yield load
    engine.dispose()


@contextmanager
def django_allauth(folder: Path, customers: int) -> Iterator[Load]:
    """django-allauth's SocialToken."""
    import django
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection, reset_queries

    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "allauth.db")}},
        INSTALLED_APPS=[
            *("django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"),
            *("django.contrib.sites", "allauth", "allauth.account", "allauth.socialaccount"),
        ],
        MIDDLEWARE=["allauth.account.middleware.AccountMiddleware"],
        AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
        SITE_ID=1,
        SECRET_KEY=_token(),
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()
    call_command("migrate", verbosity=0)
    from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
    from django.contrib.auth import get_user_model

    people = get_user_model()
    app = SocialApp.objects.create(provider="google", name="Google", client_id="client", secret="secret")
    people.objects.bulk_create(people(id=n + 1, username=f"u{n}") for n in range(customers))
    SocialAccount.objects.bulk_create(
        SocialAccount(id=n + 1, user_id=n + 1, provider="google", uid=str(n)) for n in range(customers)
    )
    SocialToken.objects.bulk_create(SocialToken(app=app, account_id=n + 1, token=_token()) for n in range(customers))

    def load(customer: int) -> str:
        reset_queries()
        found = SocialToken.objects.get(account__user_id=customer + 1, account__provider="google")
        return str(found.token)

    yield load
    connection.close()


PEERS = {
    "Flask-Dance SQLAlchemyStorage": flask_dance,
    "python-social-auth": python_social_auth,
    "django-allauth SocialToken": django_allauth,
}
