"""Two servers that others wrote, in one Django process on loopback: django-oauth-toolkit as an authorization server with an
API behind it, and SimpleJWT as a JSON sign-in and refresh API. For the providers test.

    python server.py      prints one JSON line { issuer, api, jwt } and ends when its standard input does.

Everything about tokens is the libraries'; this file configures them, makes a user and some clients, and protects one resource.
"""

import json
import sys
import tempfile
import threading
from datetime import timedelta
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings

ACCESS_TOKEN_S = 3
# What `browser.rs` types into every field.
USER = "ada"


class Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


folder = Path(tempfile.mkdtemp(prefix="sandglass-django-"))
server = make_server("127.0.0.1", 0, None, Threads, Quiet)
origin = f"http://127.0.0.1:{server.server_port}"
key = rsa.generate_private_key(65537, 2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
LOGIN = '<form method="post">{% csrf_token %}{{ form.as_p }}<input type="hidden" name="next" value="{{ next }}"></form>'

settings.configure(
    SECRET_KEY="for-one-test-on-loopback-and-nothing-else",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    LOGIN_URL="/login/",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(folder / "db.sqlite3"),
            "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL;"},
        }
    },
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "oauth2_provider",
        "rest_framework",
        "rest_framework_simplejwt",
        "rest_framework_simplejwt.token_blacklist",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ],
                "loaders": [
                    ("django.template.loaders.locmem.Loader", {"login.html": LOGIN}),
                    "django.template.loaders.app_directories.Loader",
                ],
            },
        }
    ],
    OAUTH2_PROVIDER={
        "ACCESS_TOKEN_EXPIRE_SECONDS": ACCESS_TOKEN_S,
        "REFRESH_TOKEN_EXPIRE_SECONDS": 3600,
        "ROTATE_REFRESH_TOKEN": True,
        "REFRESH_TOKEN_REUSE_PROTECTION": True,
        "PKCE_REQUIRED": True,
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": key.decode(),
        "OIDC_ISS_ENDPOINT": f"{origin}/o",
        "OAUTH_DEVICE_VERIFICATION_URI": f"{origin}/o/device/",
        "OAUTH_DEVICE_VERIFICATION_URI_COMPLETE": lambda code: f"{origin}/o/device/?user_code={code}",
        "DEVICE_FLOW_INTERVAL": 1,
        "SCOPES": {"openid": "who you are", "orders": "your orders"},
        "DEFAULT_SCOPES": ["orders"],
    },
    SIMPLE_JWT={
        "ACCESS_TOKEN_LIFETIME": timedelta(seconds=ACCESS_TOKEN_S),
        "REFRESH_TOKEN_LIFETIME": timedelta(hours=1),
        "ROTATE_REFRESH_TOKENS": True,
        "BLACKLIST_AFTER_ROTATION": True,
        "SIGNING_KEY": "for-one-test-on-loopback-and-nothing-else",
    },
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.contrib.auth.views import LoginView  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path  # noqa: E402
from oauth2_provider.contrib.rest_framework import OAuth2Authentication  # noqa: E402
from oauth2_provider.models import Application  # noqa: E402
from rest_framework.permissions import BasePermission  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402
from rest_framework_simplejwt.authentication import JWTAuthentication  # noqa: E402
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView  # noqa: E402


class HasToken(BasePermission):
    """A client that acts for itself has a token and no user."""

    def has_permission(self, request, view):
        return request.auth is not None


class Orders(APIView):
    authentication_classes = [OAuth2Authentication]
    permission_classes = [HasToken]

    def get(self, request):
        return Response({"message": "Welcome", "user": str(request.user or "")})


class JwtOrders(Orders):
    authentication_classes = [JWTAuthentication]


urlpatterns = [
    path("login/", LoginView.as_view(template_name="login.html")),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("orders", Orders.as_view()),
    path("jwt/token/", TokenObtainPairView.as_view()),
    path("jwt/token/refresh/", TokenRefreshView.as_view()),
    path("jwt/orders", JwtOrders.as_view()),
]

call_command("migrate", verbosity=0)
user = User.objects.create_user(USER, password=USER)
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
for client_id, client_type, grant in [
    ("desktop", "public", "authorization-code"),
    ("web", "confidential", "authorization-code"),
    ("tv", "public", DEVICE),
    ("service", "confidential", "client-credentials"),
    ("legacy", "confidential", "password"),
]:
    Application.objects.create(
        client_id=client_id,
        client_secret=f"{client_id}-secret" if client_type == "confidential" else "",
        client_type=client_type,
        authorization_grant_type=grant,
        name=client_id,
        redirect_uris="http://127.0.0.1/callback" if grant == "authorization-code" else "",
        algorithm="RS256",
        user=user,
    )

server.set_app(get_wsgi_application())
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"issuer": f"{origin}/o", "api": f"{origin}/orders", "jwt": f"{origin}/jwt"}), flush=True)
# The test holds the other end: however it ends, so does this.
sys.stdin.read()
