"""The findings of a session as text, JSON, JUnit, SARIF and Markdown. Headless."""
