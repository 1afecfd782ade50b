"""Names that break pages which do not escape them."""

HOSTILE = "<script>alert('1')</script>"
CLASSES = ("four", "nine\"'>", "<script>boom()</script>")
RUN = "<script>alert(1)<'&%23?\">"  # a folder's name can hold any sign but a slash
