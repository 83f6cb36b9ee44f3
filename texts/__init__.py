"""Message catalogues in zh-CN and English, and formatting for people."""
