"""How well vision does on pictures with known truth; what `huanwei vision evaluate` prints."""
