"""The cookie that holds a browser's token."""

COOKIE = "vethboard"
