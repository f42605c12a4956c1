"""The screen, on Textual: draws rows and sends intents. It reads no cluster and knows no client."""
