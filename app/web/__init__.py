"""MODULE WEB INTERFACE: the pages."""
