"""The findings of a session as text, JSON, JUnit, SARIF, Markdown and HTML. Headless."""
