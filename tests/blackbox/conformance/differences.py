"""Where Mote and nginx answer differently, and why: the source of the table in docs/http.md."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """Cases that differ in the same way for the same reason."""

    what: str
    ours: str
    theirs: str
    reason: str
    named: str  # the cases' ids

    @property
    def cases(self) -> list[str]:
        return self.named.split()


GROUPS = [
    Group("bare LF or CR for a line's end", "400, close", "served",
          "RFC 9112, 2.2 lets a recipient accept a lone LF; two readers of one stream then "
          "disagree, so it is refused. A lone CR is invalid", """
          framing-bare-lf-request-line framing-bare-lf-field framing-bare-lf-empty-line
          framing-bare-lf-everywhere framing-lf-first framing-cr-first framing-cr-cr-lf-first
          framing-bare-cr-ends-value"""),
    Group("malformed field lines", "400, close", "line ignored, served",
          "RFC 9112, 5: a field line is a token, a colon and a value", """
          field-no-colon field-bracket-in-name field-slash-in-name field-quote-in-name
          field-bytes-over-127-in-name"""),
    Group("control characters in a value", "400, close", "served",
          "RFC 9110, 5.5: such values are invalid; of the choices, refusing them is the safe one",
          "field-control-in-value field-vertical-tab-in-value field-delete-in-value"),
    Group("extra spaces in the request line", "400, close", "served",
          "RFC 9112, 3: single spaces; smuggling lives on lenient parsing",
          "line-two-spaces-before-target line-two-spaces-before-version line-space-last"),
    Group("a request line without a version", "400, close", "HTTP/0.9's answer, a bare body",
          "RFC 9112, 2.3: HTTP/0.9 is gone, and its answer looks like content", """
          line-no-version line-no-version-but-space line-simple-request
          redirect-splits-no-response"""),
    Group("versions of two digits", "400, close", "`1.10` served, `11.1` 505",
          "RFC 9112, 2.3: one digit, a dot, one digit",
          "line-version-two-digits line-version-major-two-digits"),
    Group("HTTP/2's preface", "505, close", "400, close",
          "RFC 9110, 15.6.6: a version that is not supported", "method-http-2-preface"),
    Group("405 without Allow", "Allow: GET, HEAD, OPTIONS", "no Allow",
          "RFC 9110, 15.5.6: the server must send Allow", """
          length-zero length-five length-leading-zeros length-content-like-a-request
          length-none-at-all length-1000 chunked-empty chunked-one chunked-several
          chunked-extension chunked-trailers chunked-leading-zeros chunked-any-case
          chunked-content-like-a-request chunked-blanks-in-extension
          chunked-trailers-about-framing length-1-mib length-with-delete
          method-post method-put method-delete method-patch
          method-post-folder host-post-to-other-site condition-not-for-other-methods
          range-of-post close-not-allowed origin-not-allowed"""),
    Group("content that is not read to its end", "405 with Allow, close", "413, or 405 and "
          "waits", "RFC 9110, 15.5.6: the method is wrong; RFC 9110, 10.1.1: content that was held "
          "back may never come",
          "length-with-a-great-content length-more-than-1-mib expect-refused-before-content"),
    Group("a GET with more content than is read", "served, close", "413, close",
          "RFC 9110, 9.3.1: a GET's content has no meaning", "length-with-get-more-than-1-mib"),
    Group("TRACE", "405 with Allow, stays open", "405 without Allow, close",
          "RFC 9110, 15.5.6; no reason to close the connection",
          "method-trace method-trace-echoes-nothing length-with-trace"),
    Group("CONNECT", "405 with Allow, close", "400, close",
          "RFC 9110, 15.5.6: a known method that isn't allowed", "method-connect"),
    Group("POST to an unknown path", "405", "404", "RFC 9110, 9.1: the method is not allowed for "
          "any path, so the path is not looked up", "method-post-nowhere"),
    Group("OPTIONS", "204 with Allow", "405, or 400 for `*`", "RFC 9110, 9.3.7", """
          method-options method-options-asterisk method-options-root method-options-with-content
          method-options-absolute-form method-options-absolute-form-no-path
          method-options-nowhere condition-ignored-by-options"""),
    Group("a browser's preflight", "204 with the fields a script may send, if a rule lets other "
          "origins in", "405, 404, or 400 for `*`",
          "Fetch, 3.3.3: without it no script can send fields of its own, nor a suffix range", """
          preflight-custom-field preflight-range-and-condition preflight-nothing-there
          preflight-method-alone preflight-no-names preflight-very-many-fields
          preflight-not-let-in preflight-of-the-server"""),
    Group("unknown methods", "501, close", "405 and open, or 400", "RFC 9110, 9.1: 501 for a "
          "method that is not recognized; its content is unknown, too, so the connection ends", """
          method-unknown method-lower-case method-mixed-case method-begins-like-get
          method-cut-off method-long method-propfind"""),
    Group("transfer codings without a known end", "400, close", "501, close",
          "RFC 9112, 6.3: 400 if the end of the content can't be determined", """
          transfer-twice-chunked transfer-chunked-not-last transfer-identity transfer-unknown
          transfer-empty transfer-empty-members transfer-with-vertical-tab
          transfer-in-quotes"""),
    Group("malformed chunks and trailers", "400, close", "405; many pass",
          "RFC 9112, 7.1: the grammar; a lone LF doesn't end a line in it", """
          chunk-size-no-number chunk-size-empty chunk-size-negative chunk-size-0x
          chunk-size-too-great chunk-size-space-first chunk-size-bare-lf chunk-data-too-long
          chunk-data-bare-lf chunk-extension-bare-lf chunk-extension-bare-cr chunk-extension-nul
          chunk-extension-no-name chunk-extension-quote-open chunk-extension-too-long
          chunk-size-space-last trailer-space-before-colon trailer-fold trailer-bare-lf
          trailer-bare-cr trailer-no-colon trailer-nul trailer-end-bare-lf"""),
    Group("dot segments above the root", "as if there were none", "400",
          "RFC 3986, 5.2.4: segments that lead above the root are removed", """
          target-dots-beyond-the-root target-out-of-the-site target-out-of-the-site-escaped"""),
    Group("a folder without an index", "404", "403", "RFC 9110, 15.5.5: there is nothing there; "
          "403 would reveal that there is a folder", "target-folder-without-index"),
    Group("an escaped slash", "404", "taken for a slash",
          "RFC 3986, 2.2: an escaped delimiter doesn't delimit", "target-escaped-slash"),
    Group("a fragment in the target, other schemes", "400, close", "served",
          "RFC 9112, 3.2: neither form has a fragment; only http and https are served",
          "target-fragment target-other-scheme"),
    Group("Host without a valid host and port", "400, close", "served", "RFC 9112, 3.2: 400 for an "
          "invalid value", """
          host-with-userinfo host-with-bad-port host-with-two-ports host-with-open-bracket"""),
    Group("empty Host", "served", "400", "RFC 9112, 3.2: empty when the target has no authority",
          "host-empty"),
    Group("a condition's list on two lines", "joined", "400",
          "RFC 9110, 5.3: a list may be spread over several lines",
          "condition-none-match-two-lines condition-match-two-lines"),
    Group("412", "stays open", "closes without saying so",
          "RFC 9112, 9.6: a server that closes should say so",
          """condition-unmodified-earlier condition-unmodified-rfc-850 condition-match-other
          condition-match-weak condition-match-list-of-others condition-match-head
          condition-match-fails-before-unmodified condition-match-before-none-match
          condition-unmodified-before-none-match condition-fails-before-range
          coding-match-other-variant
          origin-condition-failed"""),
    Group("conditions on both tag and date", "only the tag counts", "both must hold",
          "RFC 9110, 13.2.2: the date is evaluated only without the tag", """
          condition-match-before-unmodified condition-none-match-matches-before-modified
          condition-order-of-lines-is-no-matter"""),
    Group("invalid dates", "condition ignored", "taken for a date, or 412",
          "RFC 9110, 13.1.3 and 13.1.4: an invalid date must be ignored; 5.6.7: dates are GMT", """
          condition-modified-other-zone condition-modified-list condition-unmodified-no-date"""),
    Group("a file of 1970", "no Last-Modified, dates' conditions ignored",
          "the date sent, 304 and 412",
          "RFC 9110, 8.8.2.1: a placeholder written by tools is no time of modification; "
          "13.1.3 and 13.1.4", """
          condition-modified-without-a-date condition-unmodified-without-a-date"""),
    Group("ranges beyond 64 bits, lists with blanks and empty members", "206", "416",
          "RFC 9110, 14.1.2: the end is lowered to the content's; 5.6.1: lists allow both",
          "range-end-beyond-64-bits range-empty-members range-blanks-in-the-list"),
    Group("ranges that touch or overlap", "one range", "several parts",
          "RFC 9110, 15.3.7.2: they may be coalesced, also across a gap smaller than a part's "
          "head", """
          range-overlapping range-adjacent range-same-twice range-one-within-another
          range-small-gap range-suffix-joins range-many-joined range-many-overlapping"""),
    Group("more than 200 ranges, or more than 16 that don't ascend", "200, all of it",
          "206 with as many parts", "RFC 9110, 14.2 and 17.15: they may be ignored, which "
          "costs least", "range-too-many range-many-backwards"),
    Group("a range of an empty file", "416", "200", "RFC 9110, 14.1.2: there is no byte 0, so it "
          "can't be satisfied", "range-of-an-empty-file"),
    Group("malformed Range", "ignored, 200", "416, or accepted",
          "RFC 9110, 14.2: an invalid one may be ignored; 14.1.1: the grammar", """
          range-backwards range-no-numbers range-dash-alone range-two-dashes
          range-blanks-in-a-range range-one-bad-among-good"""),
    Group("Range on two lines", "200", "206 of the first",
          "RFC 9110, 5.3: Range is not a list, so a "
          "second line makes it invalid; 14.2: then it may be ignored", "range-two-lines"),
    Group("Range with HEAD", "ignored, 200", "206, 416",
          "RFC 9110, 14.2: Range is for GET; it must be ignored elsewhere",
          "range-of-head range-of-head-unsatisfiable"),
    Group("Brotli and Zstandard", "the smallest acceptable", "gzip or identity",
          "RFC 9110, 12.5.3; Debian's nginx knows only gzip", """
          coding-brotli coding-zstd coding-q-prefers-brotli coding-q-prefers-zstd
          coding-q-zero-of-one coding-browser coding-html-index coding-svg coding-wasm
          clean-url-variant"""),
    Group("`*` for a coding", "any variant", "identity",
          "RFC 9110, 12.5.3: it matches all codings that are not named", """
          coding-any-but coding-all coding-all-but-brotli-and-zstd"""),
    Group("a preference for identity", "identity", "gzip", "RFC 9110, 12.4.2: the greater weight "
          "wins", "coding-q-prefers-identity"),
    Group("x-gzip, tabs around `;`, several lines", "gzip", "identity",
          "RFC 9110, 8.4.1.3; 12.4.2; 5.3", "coding-x-gzip coding-blanks coding-two-lines"),
    Group("weights above 1, a coding named twice", "the member ignored; the last one counts",
          "identity", "RFC 9110, 12.4.2: such a weight is invalid; the rest is still good",
          "coding-q-too-great coding-same-twice"),
    Group("ranges when a coding is accepted", "206 of the file's own bytes, or of the variant "
          "whose tag is named", "200 of the variant",
          "RFC 9110, 14.2: a range is of the selected representation, and clients that decode "
          "count in the file's own bytes", """
          coding-range-of-identity coding-range-without-identity coding-match-range-of-a-variant
          coding-if-range-of-a-variant coding-if-range-of-identity"""),
    Group("failed If-Range when a coding is accepted", "200 of the file's own bytes",
          "200 of the variant", "RFC 9110, 12.5.3: identity is always acceptable; a client that "
          "asks for ranges counts in it", "coding-if-range-of-other-variant "
          "coding-if-range-date-of-a-variant"),
    Group("a folder's redirect and the query", "query left out", "query kept",
          "RFC 9110, 15.4.2 doesn't say; the redirect is made when the site is packed",
          "redirect-folder-query"),
    Group("an escaped line end below a prefix", "redirected, still escaped", "404",
          "RFC 9110, 17.5: it can't split a response; the other server's pattern stops at it",
          "redirect-escaped-line-end-stays-escaped"),
    Group("a redirect that could leave the server", "leading slashes and backslashes are "
          "removed; with an escaped slash 404", "`//host` or `/\\host` in Location",
          "RFC 3986, 4.2: two slashes begin another server's name, and browsers take backslashes "
          "for slashes", """
          redirect-to-no-other-server-backslash redirect-to-no-other-server-both
          redirect-to-no-other-server-escaped"""),
    Group("a page's long name with clean URLs", "301 to the clean one", "served",
          "RFC 9110, 15.4.2: one address for one page",
          "clean-url-long-form clean-url-index"),
    Group("`close` within other words", "stays open", "close",
          "RFC 9110, 7.6.1: options are whole tokens", "close-is-a-whole-word"),
    Group("Expect: 100-continue without content", "no interim response", "100 first",
          "RFC 9110, 10.1.1: 100 may be left out if there is no content to wait for",
          "expect-without-content expect-any-case"),
    Group("unknown expectations", "417, close", "served", "RFC 9110, 10.1.1: 417 may be sent; the "
          "client said that it needs this", "expect-unknown"),
    Group("the limits of a header section", "16 KiB and 100 fields, 431, close",
          "8 KiB a line, 32 KiB, any number of fields, 400", "RFC 6585, 5: 431 names the reason",
          """limit-section-longest limit-section-too-long limit-section-without-end
          limit-fields-too-many"""),
]


def table() -> str:
    """The table in Markdown, one line per group."""
    lines = ["| What | Mote | nginx | Why | Cases |", "|---|---|---|---|---|"]
    for group in GROUPS:
        cases = ", ".join(f"`{id}`" for id in group.cases)
        lines.append(f"| {group.what} | {group.ours} | {group.theirs} | {group.reason} "
                     f"| {cases} |")
    return "\n".join(lines) + "\n"
