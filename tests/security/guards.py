"""Every guard of the portal: where it stands, what it is without it, and the tests that notice.

`was` occurs once in the file, so that a guard that moved is noticed, too.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard. `tests` must fail once `was` is replaced by `removed`."""

    name: str
    file: str
    was: str
    removed: str
    tests: str


GUARDS = (
    Guard(
        "an unmarked view is refused",
        "app/gateway/identify.py",
        "    if needed is UNMARKED:\n",
        "    if False:\n",
        "tests/gateway/test_door.py -k unmarked or without_a_mark",
    ),
    Guard(
        "the permission gate",
        "app/gateway/identify.py",
        "if needed is not None and not current_principal().may(needed):",
        "if needed is not None and current_principal() is None:",
        "tests/gateway/test_door.py -k matrix",
    ),
    Guard(
        "the second factor of administrators",
        "app/gateway/identify.py",
        "    if settings().second_factor_required:\n",
        "    if False:\n",
        "tests/web/test_account.py -k demanded",
    ),
    Guard(
        "dangerous acts ask again",
        "app/gateway/identify.py",
        "    if not is_fresh(current_user.session):\n",
        "    if False:\n",
        "tests/web/test_account.py -k dangerous",
    ),
    Guard(
        "tokens are for the API alone",
        "app/gateway/identify.py",
        ' or not request.path.startswith("/api/")',
        "",
        "tests/gateway/test_tokens.py -k not_for_pages",
    ),
    Guard(
        "writes of other sites",
        "app/gateway/csrf.py",
        "if site not in OWN_SITES if site else not _own_origin(",
        "if False and not _own_origin(",
        "tests/gateway/test_cross_site.py -k cookie",
    ),
    Guard(
        "the token in forms",
        "app/gateway/csrf.py",
        "    if not hmac.compare_digest(given.encode(), csrf_token().encode()):\n",
        "    if False:\n",
        "tests/gateway/test_cross_site.py -k forms",
    ),
    Guard(
        "a client is opened with its reference only",
        "app/database/sessions.py",
        "    if not isinstance(tenant, TenantRef):\n",
        "    if False:\n",
        "tests/database/test_isolation.py -k only_key",
    ),
    Guard(
        "the scope hook",
        "app/database/sessions.py",
        "    if scope is EVERY_ASSET or state.is_insert:\n",
        "    if True:\n",
        "tests/database/test_isolation.py -k narrowed",
    ),
    Guard(
        "textual SQL is out of reach",
        "app/database/sessions.py",
        "        if _is_text(element):\n",
        "        if False:\n",
        "tests/database/test_isolation.py -k cannot_be_narrowed",
    ),
    Guard(
        "people of another client",
        "app/clients/membership.py",
        "    statement = select(User).where(User.tenant_id == tenant_id)\n",
        "    statement = select(User)\n",
        "tests/rules/test_routes.py -k another_client",
    ),
    Guard(
        "the signature of a batch",
        "app/connector/signature.py",
        "    if collector is None or not signed:\n",
        "    if collector is None:\n",
        "tests/connector/test_who_may_push.py -k signed or altered",
    ),
    Guard(
        "a revoked collector",
        "app/connector/signature.py",
        '    if collector.status != "active":\n',
        "    if False:\n",
        "tests/connector/test_who_may_push.py -k revoked",
    ),
    Guard(
        "the clock of a batch",
        "app/connector/signature.py",
        "    if abs(stamp.timestamp * 1000 - now) > envelope.CLOCK_WINDOW * 1000:\n",
        "    if False:\n",
        "tests/connector/test_who_may_push.py -k clock",
    ),
    Guard(
        "a sequence used twice",
        "app/connector/storing.py",
        "    if digest != origin.digest:\n",
        "    if False:\n",
        "tests/connector/test_receipts.py -k used_sequence",
    ),
    Guard(
        "what a batch inflates to",
        "collector/wire/envelope.py",
        "        plain = stream.decompress(data, MAX_INFLATED + 1)\n",
        "        plain = stream.decompress(data)\n",
        "tests/wire/test_hostile_bytes.py -k bomb",
    ),
    Guard(
        "the size of a batch",
        "app/connector/ingest.py",
        "    if len(body) > envelope.MAX_COMPRESSED:\n",
        "    if False:\n",
        "tests/connector/test_hostile_batches.py -k before_anything",
    ),
    Guard(
        "the state an edit was decided on",
        "app/gateway/etags.py",
        "    if not request.if_match.contains(entity_tag(document)):\n",
        "    if False:\n",
        "tests/gateway/test_editing.py -k counts_once",
    ),
    Guard(
        "an edit says what it changes",
        "app/gateway/etags.py",
        '    if "If-Match" not in request.headers:\n',
        "    if False:\n",
        "tests/gateway/test_editing.py -k without_a_state",
    ),
    Guard(
        "a key of another request",
        "app/gateway/idempotency.py",
        "        if row.request_hash != attempt.request_hash:\n",
        "        if False:\n",
        "tests/gateway/test_idempotency.py -k belongs",
    ),
    Guard(
        "how often something may be tried",
        "app/gateway/counters.py",
        '            " WHERE n + ?2 <= ?4 RETURNING n",\n',
        '            " RETURNING n",\n',
        "tests/gateway/test_limits.py -k exactly or run_out",
    ),
    Guard(
        "how often links are mailed",
        "app/web/forgotten.py",
        "@limited(RESET)\n",
        "",
        "tests/web/test_forgotten_password.py -k run_out",
    ),
    Guard(
        "a link is used once",
        "app/core/links.py",
        "    if user is None or user.link_ver != ver or not may_sign_in(user):\n",
        "    if user is None or not may_sign_in(user):\n",
        "tests/web/test_forgotten_password.py -k once",
    ),
    Guard(
        "a link is over in time",
        "app/core/links.py",
        ".loads(token, max_age=seconds)",
        ".loads(token)",
        "tests/web/test_forgotten_password.py -k half_an_hour",
    ),
    Guard(
        "mail leaves after the answer",
        "app/web/forgotten.py",
        "    response.call_on_close(hand_over)\n",
        "    hand_over()\n",
        "tests/web/test_forgotten_password.py -k before_the_mail",
    ),
    Guard(
        "idle and old sessions",
        "app/core/auth.py",
        '        UserSession.seen_at > bindparam("idle"),\n',
        '        UserSession.seen_at > bindparam("idle") * 0,\n',
        "tests/core/test_sessions.py -k idle",
    ),
    Guard(
        "disabled people",
        "app/core/auth.py",
        "    return found if found and may_sign_in(found.user) else None\n",
        "    return found\n",
        "tests/core/test_sessions.py -k disabled",
    ),
    Guard(
        "the algorithm of a token",
        "app/core/tokens.py",
        "            algorithms=[ALGORITHM],\n",
        '            algorithms=[ALGORITHM, "HS512", "HS384"],\n',
        "tests/gateway/test_tokens.py -k forgery",
    ),
    Guard(
        "the audience of a token",
        "app/core/tokens.py",
        "            audience=AUDIENCE,\n",
        "",
        "tests/gateway/test_tokens.py -k opens or forgery",
    ),
    Guard(
        "a refresh token is used once",
        "app/core/tokens.py",
        "        RefreshToken.token_hash == row.token_hash, RefreshToken.used_at.is_(None)\n",
        "        RefreshToken.token_hash == row.token_hash\n",
        "tests/gateway/test_tokens.py -k used_once",
    ),
    Guard(
        "a code is taken once",
        "app/core/totp.py",
        "    later = or_(User.totp_step.is_(None), User.totp_step < step)\n",
        "    later = or_(User.totp_step.is_(None), User.totp_step <= step)\n",
        "tests/core/test_second_factor.py -k taken_once",
    ),
    Guard(
        "a key's scopes",
        "app/core/keys.py",
        "        permissions=permissions & scopes & KEY_SCOPES,\n",
        "        permissions=permissions,\n",
        "tests/gateway/test_keys.py -k no_more",
    ),
    Guard(
        "where a field is sealed",
        "app/core/crypto.py",
        '        return f"f1|{version}|{self.scope}|{self.table}|{self.column}|{self.row}".encode()\n',
        '        return f"f1|{version}".encode()\n',
        "tests/core/test_sealing_fields.py",
    ),
    Guard(
        "the chain of the journal",
        "app/core/audit.py",
        "        if problem := _fault(key, n, mac, entry):\n",
        "        if problem := None:\n",
        "tests/core/test_audit_chain.py -k rewriting and sqlite",
    ),
    Guard(
        "nothing changes unrecorded",
        "app/gateway/audited.py",
        "    if request.method not in SAFE and not recorded.get():\n",
        "    if False:\n",
        "tests/gateway/test_nothing_unrecorded.py -k silent",
    ),
    Guard(
        "nonces are new",
        "app/gateway/http.py",
        "        g.csp_nonce = secrets.token_urlsafe(16)\n",
        '        g.csp_nonce = "always-the-same-nonce"\n',
        "tests/gateway/test_answers.py -k nonces",
    ),
    Guard(
        "the content policy of pages",
        "app/gateway/http.py",
        "\"default-src 'none'; script-src 'self'{nonce}; ",
        "\"default-src *; script-src 'self' 'unsafe-inline'; ",
        "tests/web/test_pages.py -k content_policy",
    ),
    Guard(
        "no cell is a formula",
        "app/processor/formats/cells.py",
        """    return f"'{text}" if text.startswith(ACTIVE) or text.lstrip().startswith(ACTIVE) else text\n""",
        "    return text\n",
        "tests/web/test_journal_page.py tests/processor/formats/test_formats.py -k formula",
    ),
    Guard(
        "secrets in logs",
        "app/core/journal.py",
        '    return SECRET.sub(lambda m: (m["name"] or m["label"] or m["login"] or "") + HIDDEN, text)\n',
        "    return text\n",
        "tests/security/test_secrets_in_logs.py -k secrets",
    ),
    Guard(
        "texts with control characters",
        "app/gateway/schema.py",
        "            return clean(text, self.lines)\n",
        "            return text\n",
        "tests/gateway/test_what_is_sent.py",
    ),
    Guard(
        "fields nobody knows",
        "app/gateway/schema.py",
        "        unknown = marshmallow.RAISE\n",
        "        unknown = marshmallow.EXCLUDE\n",
        "tests/gateway/test_what_is_sent.py",
    ),
    Guard(
        "where signing in leads",
        "app/web/session.py",
        '        path and path.startswith("/") and not path.startswith(("//", "/\\\\"))',
        "        path",
        "tests/web/test_sessions.py tests/gateway/test_signing_in.py",
    ),
    Guard(
        "cookies only over HTTPS, for this host",
        "app/gateway/identify.py",
        'return "__Host-sid" if settings().secure else "sid"',
        'return "sid"',
        "tests/gateway/test_signing_in.py -k session_cookie",
    ),
    Guard(
        "a password is no second factor",
        "app/web/session.py",
        "    token = start_session(core, user, address, request.user_agent.string, factor)\n",
        "    token = start_session(core, user, address, request.user_agent.string, True)\n",
        "tests/web/test_account.py tests/web/test_forgotten_password.py",
    ),
)
