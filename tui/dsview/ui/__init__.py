"""The screen, built with Textual: draws rows and sends intents. It never reads the cluster itself."""
