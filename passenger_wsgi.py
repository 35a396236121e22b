"""What the web host starts: Phusion Passenger imports this file and serves `application`."""

import gc
import os

os.umask(0o077)  # databases, cache and logs are nobody else's, even inside the document root
gc.disable()  # nothing that is made here is ever garbage

from app import create_app  # noqa: E402
from app.core.journal import configure_logging  # noqa: E402
from app.settings import Settings  # noqa: E402

settings = Settings.from_env()
configure_logging(settings)
application = create_app(settings)

gc.freeze()  # nor looked through again with each hundred requests
gc.enable()
