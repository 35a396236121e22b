"""A person at a browser of their own: what they do, what the network and the console said."""

from playwright.sync_api import Browser, ConsoleMessage, Response

LIVE = "/api/v1/live"
PATIENCE_MS = 30_000


class Visitor:
    """`polls` are the statuses of the page's own live polls; `complaints` should stay empty."""

    def __init__(self, browser: Browser, url: str, language: str = "fr-CA") -> None:
        self.context = browser.new_context(base_url=url, locale=language)
        self.context.set_default_timeout(PATIENCE_MS)
        self.page = self.context.new_page()
        self.polls: list[int] = []
        self.complaints: list[str] = []
        self.page.on("response", self._heard)
        self.page.on("console", self._told)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def sign_in(self, email: str, password: str) -> None:
        self.page.goto("/connexion")
        self.page.fill("#e", email)
        self.page.fill("#p", password)
        with self.page.expect_navigation():
            self.page.click("main button[type=submit], form button.btn--p")
        assert "/connexion" not in self.page.url, self.page.inner_text("body")

    def make_code(self, name: str) -> str:
        """A one-time code for a new collector, as the page shows it."""
        self.page.goto("/collecteurs/ajout")
        self.page.fill("main [name=name]", name)
        self.page.click("main form button.btn--p")
        return self.page.inner_text("#cmd1").split()[4]

    def accept(self, uid: str, name: str) -> str:
        """Wait for a battery nobody knows, accept it, and return the address of its page."""
        self.page.goto("/batteries/a-accepter")
        form = self.page.locator(f"section:has(h2:text-is('{uid}')) form")
        for _ in range(60):
            if form.count():
                break
            self.page.wait_for_timeout(500)
            self.page.reload()
        form.locator("[name=name]").fill(name)
        form.locator("[name=type]").select_option(index=1)
        form.locator("[name=location]").select_option(index=1)
        with self.page.expect_navigation():
            form.locator("button.btn--p").click()
        return self.page.url

    def text(self, selector: str) -> str:
        return self.page.locator(selector).first.text_content().strip()

    def texts(self, selector: str) -> list[str]:
        return [text.strip() for text in self.page.locator(selector).all_text_contents()]

    def status(self, path: str) -> int:
        """What the server answers this person at this address."""
        return self.context.request.get(path).status

    def _heard(self, response: Response) -> None:
        if LIVE in response.url and response.request.resource_type == "fetch":
            self.polls.append(response.status)

    def _told(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)
