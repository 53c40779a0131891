using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace FopWatch.Providers;

/// <summary>
/// Redacts secrets in commands, and in texts that repeat commands, before they are stored, logged and published: AES keys (<c>hlsKey/…</c>) and
/// their initialization vectors (<c>hlsIV/…</c>), passwords of archives (<c>unzip/…/password/…</c>), URLs to notify (<c>notify-filter/…</c>), credentials
/// in other URLs, Base64-encoded or not, and the tokens of notify and upload URLs (providers.md, section 1).
/// </summary>
/// <remarks>The surrounding text keeps its encoding: a Base64-encoded URL stays Base64-encoded.</remarks>
public static partial class CommandRedaction
{
    /// <summary>The replacement of a secret.</summary>
    public const string Mask = "***";

    /// <summary>The version of these rules. Text that an earlier version redacted is redacted again when it is read.</summary>
    public const int Version = 6;

    /// <summary>Redacts all secrets in a text. Returns the same text if there are none.</summary>
    /// <remarks>
    /// The text may be a command, prose that repeats commands (Wangsu <c>desc</c>), percent-encoded text, or JSON: providers nest commands in all of
    /// these. JSON, and JSON after one word as in the commands of workflow V2, is redacted by the rules of <see cref="RedactJson"/>. The method is
    /// idempotent, with one exception: if the padding of a Base64 text is directly followed by further Base64 digits, and the redacted text needs less
    /// padding, the second call reads both as one text. The time is linear in the length of the text.
    /// </remarks>
    public static string Redact(string text)
    {
        if (WithRedactedJson(text) is { } json)
            return json;

        // The redaction may have turned the text into valid JSON.
        var redacted = RedactText(text);
        return redacted == text ? text : WithRedactedJson(redacted) ?? redacted;
    }

    /// <summary>Redacts a name or address if it is a URL. Other texts stay unchanged, because a part of an object key that looks like a secret is not one.</summary>
    public static string? RedactUrl(string? text) => text is not null && MayBeUrl(text) ? Redact(text) : text;

    /// <summary>Whether the value of a property with this name is a secret.</summary>
    public static bool IsSecretName(string name) => MayHave(SecretWords, name) && SecretMember().IsMatch(name);

    /// <summary>
    /// Redacts the secrets in a JSON document. Everything else stays unchanged, including whitespace, except that duplicate names become distinct and
    /// lone surrogates become U+FFFD, because many readers refuse both.
    /// </summary>
    /// <param name="json">Valid JSON of at most <see cref="JsonBody.MaxDepth"/> levels.</param>
    /// <remarks>
    /// Strings are judged by their unescaped value: <c>hlsKey\/</c> and <c>hlsKey\u002f</c> are the same to a reader.
    /// </remarks>
    internal static string RedactJson(ReadOnlySpan<byte> json) => JsonText.Rewrite(json, Redact, IsSecretName);

    /// <summary>Like <see cref="RedactJson"/>, for a document without duplicate names. Most documents have no secrets and are read only once.</summary>
    internal static string RedactDistinctJson(ReadOnlySpan<byte> json) =>
        json.Length <= LongestReadFirst && HasNoSecret(json) ? Encoding.UTF8.GetString(json) : RedactJson(json);

    // Only short documents are checked first, because a document with a secret is then read twice.
    private const int LongestReadFirst = 16 * 1024;

    /// <summary>Whether a document certainly has no secret. False proves nothing.</summary>
    private static bool HasNoSecret(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonBody.MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
                continue;
            if (reader.ValueIsEscaped || (reader.TokenType == JsonTokenType.PropertyName && MayBeSecretName(reader.ValueSpan)))
                return false;

            // A short text can have a secret only after a mark.
            if (reader.ValueSpan.Length < EncodedText.MinLength && !reader.ValueSpan.ContainsAny(MarkBytes))
                continue;
            var text = Encoding.UTF8.GetString(reader.ValueSpan);
            if (Redact(text) != text)
                return false;
        }

        return true;
    }

    private static bool MayBeSecretName(ReadOnlySpan<byte> name)
    {
        Span<char> text = stackalloc char[64];
        return name.Length > text.Length
            || Ascii.ToUtf16(name, text, out var length) != OperationStatus.Done
            || (text[..length].ContainsAny(SecretWords) && SecretMember().IsMatch(text[..length]));
    }

    private static string RedactText(string text) => EncodedText.Redact(WithoutPlainSecrets(text), 0);

    /// <summary>Redacts a text that is JSON, or one word and JSON; null for any other text.</summary>
    private static string? WithRedactedJson(string text)
    {
        if (!text.Contains('"', StringComparison.Ordinal) || text.AsSpan().TrimEnd() is not [.., '}' or ']'])
            return null;

        var start = text.AsSpan().IndexOfAny('{', '[');
        if (start < 0 || !BeforeJson().IsMatch(text.AsSpan(0, start)))
            return null;
        // Check first: in a text that is not JSON, nested texts would be redacted for nothing at every level.
        var json = Encoding.UTF8.GetBytes(text, start, text.Length - start);
        return JsonText.IsValid(json) ? RedactText(text[..start]) + RedactJson(json) : null;
    }

    /// <summary>Redacts the secrets in a text that are not Base64-encoded.</summary>
    internal static string WithoutPlainSecrets(string text)
    {
        if (!text.AsSpan().ContainsAny(Marks))
            return text;

        if (text.Contains("hls", StringComparison.OrdinalIgnoreCase))
            text = WithoutOptions(text, HlsKey());
        if (text.AsSpan().ContainsAny(Archives) && text.Contains("password", StringComparison.OrdinalIgnoreCase))
            text = WithoutOptions(text, ArchivePassword());
        if (text.AsSpan().ContainsAny(Quotes))
        {
            text = QuotedMembers.Redact(text);
            text = OtherMembers.Redact(text);
        }

        if (text.AsSpan().ContainsAny(HeaderNames))
            text = Headers.Redact(text);
        if (text.AsSpan().ContainsAny(EqualsSigns))
            text = Credentials.Redact(text);
        if (text.AsSpan().ContainsAny(AtSigns))
            text = UserInfo().Replace(text, "${lead}" + Mask + "${at}");

        // After the credentials, which may contain what ends a URL.
        if (text.Contains("notify-filter", StringComparison.OrdinalIgnoreCase))
            text = NotifyFilter().Replace(text, "${lead}" + Mask);
        return MayHave(TokenPaths, text) ? NotifyToken().Replace(text, "${lead}" + Mask) : text;
    }

    // The expressions also match non-ASCII letters that differ from ASCII letters only in case.
    private static bool MayHave(SearchValues<string> words, string text) => text.AsSpan().ContainsAny(words) || !Ascii.IsValid(text);

    /// <summary>Redacts the values of options.</summary>
    private static string WithoutOptions(string text, Regex option)
    {
        StringBuilder? redacted = null;
        var copied = 0;
        for (var lead = option.Match(text); lead.Success;)
        {
            var start = lead.Index + lead.Length;
            var end = ValueBehind(text, lead).EndOfKey(start);
            if (end > start)
            {
                (redacted ??= new(text.Length)).Append(text, copied, start - copied).Append(Mask);
                copied = end;
            }

            lead = option.Match(text, end);
        }

        return redacted?.Append(text, copied, text.Length - copied).ToString() ?? text;
    }

    private static SecretValue ValueBehind(string text, Match lead) => new(text, lead.Groups["level"] is { Success: true } level ? level.Value : null);

    /// <summary>Whether a text is or contains a URL, encoded or not.</summary>
    internal static bool MayBeUrl(string text) => text.AsSpan().ContainsAny(UrlMarks) && Url().IsMatch(text);

    private static readonly NamedSecrets QuotedMembers = new(QuotedMember(), "\"'", "${lead}" + Mask);

    private static readonly NamedSecrets OtherMembers = new(OtherMember(), "\"'", "${lead}${quote}" + Mask + "${quote}");

    private static readonly NamedSecrets Headers = new(Header(), ":", "${lead}" + Mask);

    private static readonly NamedSecrets Credentials = new(Credential(), "=[]", "${lead}" + Mask, (text, lead) => ValueBehind(text, lead).EndOfCredential(lead.Index + lead.Length));

    // Every option with a value, URL and query contains one of these.
    private static readonly SearchValues<char> Marks = SearchValues.Create("=/:%\\");

    private static readonly SearchValues<byte> MarkBytes = SearchValues.Create("=/:%\\"u8);

    // Every command that takes the password of an archive contains one of these.
    private static readonly SearchValues<string> Archives = SearchValues.Create(["zip", "compress"], StringComparison.OrdinalIgnoreCase);

    // Every quoted text contains one of these.
    private static readonly SearchValues<string> Quotes =
        SearchValues.Create(["\"", "'", "u0022", "u0027", "%22", "%27", "2522", "2527"], StringComparison.Ordinal);

    // Every query parameter with a value contains one of the first, and every URL with a user one of the second.
    private static readonly SearchValues<string> EqualsSigns = SearchValues.Create(["=", "3d"], StringComparison.OrdinalIgnoreCase);

    private static readonly SearchValues<string> AtSigns = SearchValues.Create(["@", "40"], StringComparison.Ordinal);

    // Every header with a secret contains one of these.
    private static readonly SearchValues<string> HeaderNames =
        SearchValues.Create(["authorization", "token", "secret", "passw", "key", "hlsiv", "hls_iv", "hls-iv"], StringComparison.OrdinalIgnoreCase);

    // Every URL contains one of these.
    private static readonly SearchValues<string> UrlMarks = SearchValues.Create(["//", "%", "aHR0", "YUhSM"], StringComparison.Ordinal);

    // Every name of a secret contains one of these.
    private static readonly SearchValues<string> SecretWords = SearchValues.Create(
        ["token", "secret", "signature", "password", "key", "passwd", "pwd", "credential", "authorization", "hmac", "jwt", "auth_info", "hlsiv", "hls_iv", "hls-iv"],
        StringComparison.OrdinalIgnoreCase);

    // Every notify URL, every upload URL and every signed command contains one of these.
    private static readonly SearchValues<string> TokenPaths = SearchValues.Create(["api", "saveas"], StringComparison.OrdinalIgnoreCase);

    private const RegexOptions Options =
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture;

    // A slash, possibly escaped as in JSON.
    private const string PlainSlash = @"(?: \\*/ | \\+u002f )";

    // A slash, possibly percent-encoded, even repeatedly.
    private const string Slash = "(?: " + PlainSlash + " | %(?:25)*2f )";

    private const string KeyName = "(?: hls[_-]?(?: key | iv ) | (?: access | secret | api | auth | sign | enc | private )[_-]?key(?:[_-]?id)? )";

    // The names of JSON members that hold secrets; README.md lists them. Object keys, hashes, job ids, page tokens, short names and file metadata are not
    // secrets.
    private const string MemberName =
        "(?: (?! x-[a-z0-9]+-meta- ) (?: [a-z0-9_.-]*? (?: (?<! (?: page | next | continuation ) [_.-]? ) token | secret | signature | password | " + KeyName + " )"
        + " | (?: [a-z0-9_.-]*? [_-] )?? (?: passwd | pwd | credentials? | authorization ) | hmac | jwt | auth_info ) )";

    // The names among these that introduce only secrets when they precede a colon in prose.
    private const string HeaderName =
        "(?: (?! x-[a-z0-9]+-meta- ) (?: [a-z0-9_.-]*? (?: (?<! (?: page | next | continuation ) [_.-]? ) token | secret | password | " + KeyName + " )"
        + " | (?: [a-z0-9_.-]*? [_-] )?? (?: passwd | authorization ) ) )";

    // The names of query parameters that hold secrets.
    private const string ParameterName =
        "(?: [a-z0-9_.-]*? (?: token | secret | signature | password | " + KeyName + " )"
        + " | (?: [a-z0-9_.-]*? [_-] )?? (?: sign | passwd | credentials? )"
        + " | pwd | sig | hmac | jwt | ak | sk | hdn(?:ea|t[sl]?) | auth_info | _upt | authorization | Key-Pair-Id | GoogleAccessId"
        + " | x-(?:amz|oss|goog|cos|tos|obs|qn|qiniu|upyun)-(?! meta- )[a-z0-9-]+"
        + " | q-(?:ak|sign[a-z-]*|key-time|header-list|url-param-list) | (?:ws|tx)(?:Time|ABSTime) )";

    // Ambiguous names, which count only within a query.
    private const string QueryName = "(?: e | key | auth | ticket | exp(?:ires?)? | policy | session(?:_?id)? | st )";

    // The start of a name: after a character that cannot be part of a name, escaped or not.
    private const string NameStart =
        @"(?> (?<![a-z0-9_.-]) | (?<= \\u00(?:2[0-9a-f]|3[a-f]) ) | (?<= %(?:25)*(?:2[0-46-9a-c]|2f|3[a-f]|40|5[b-e]|60|7[b-e]) ) )";

    private const string NameChars = "(?> [a-z0-9_.-]+ )";

    private const string Quote = @"(?: \\*[""'] | \\+u002[27] )";

    // The separators of query parameters, including HTML's &amp; and the ~ of Akamai tokens.
    private const string QuerySeparator = @"(?: [?&\#;~] | (?<!\\) \\+u00(?:26|3f|23|3b) | %(?:25)*(?:3f|26|23|3b|7e) ) (?= [aekpst] )";

    // hlsKey/… and hlsKey%2F…, and the same with hlsIV, which may be sent encrypted like the key.
    [GeneratedRegex("hls (?: key | iv ) (?: " + PlainSlash + " | %(?<level>(?:25)*)2f )", Options)]
    private static partial Regex HlsKey();

    // unzip/…/password/…, where the option follows a slash.
    [GeneratedRegex("(?<= / | u002f | %(?:25)*2f ) password (?: " + PlainSlash + " | %(?<level>(?:25)*)2f )", Options)]
    private static partial Regex ArchivePassword();

    // notify-filter/<URL>. Whoever has the URL can call it, so all of it is a secret (providers.md, section 1). Its path may contain the names of options, so
    // only what separates operations and commands ends it, and the bracket around a command in prose. A separator that is encoded like the slash before the
    // URL ends it, too.
    [GeneratedRegex(
        "(?<lead> notify-filter " + PlainSlash + @" ) (?> (?: [^|;\s""'\]\\] | \] (?= [^|;\s""'\]\\,})>] ) | \\+ (?= / ) | \\+u00(?!7c|3b|20|22|27)[0-9a-f]{2} )+ )"
        + @" | (?<lead> notify-filter %(?<level>(?:25)*)2f ) (?> (?: (?! %(?-i:\k<level>)(?:7c|3b|20|22|27) ) [^|;\s""'\\] )+ )",
        Options)]
    private static partial Regex NotifyFilter();

    [GeneratedRegex("^" + MemberName + @"\z", Options)]
    private static partial Regex SecretMember();

    // JSON within text, with quotes escaped or not: "token": "…", %22token%22%3A%22…. A value ends at a quote in the form of its opening quote.
    [GeneratedRegex(
        @"\G (?: (?<lead> " + NameStart + "(?= " + NameChars + Quote + " ) " + MemberName + Quote + @" \s*:\s* (?<quote> " + Quote + " ) )"
        + @" (?> (?: (?! (?<!\\) (?-i:\k<quote>) ) [^\n] )+ )"
        + " | (?<lead> " + NameStart + "(?= " + NameChars + " %(?:25)*2[27] ) " + MemberName
        + @" %(?<level>(?:25)*)2[27] (?: : | %(?-i:\k<level>)3a ) (?: \s | \+ | %(?-i:\k<level>)20 )* %(?-i:\k<level>)(?<mark>2[27]) )"
        + @" (?> (?: (?! (?<! %(?:25)*5c ) %(?-i:\k<level>\k<mark>) ) [^\s""'] )+ ) )",
        Options)]
    private static partial Regex QuotedMember();

    // The same with other values: "token": 1, "token": ["…"], %22token%22%3A%7B…. An array or object ends where all its brackets outside strings are
    // closed, or at the end of the text.
    [GeneratedRegex(
        @"\G (?: (?<lead> " + NameStart + "(?= " + NameChars + Quote + " ) " + MemberName + "(?<quote> " + Quote + @" ) \s*:\s* )"
        + @" (?: (?<open> [[{] ) (?> (?: (?(open) (?: (?<!\\) (?-i:\k<quote>) (?> (?: (?! (?<!\\) (?-i:\k<quote>) ) [\s\S] )* ) (?: (?-i:\k<quote>) | \z )"
        + @" | (?<open> [[{] ) | (?<-open> [\]}] ) | [^[{\]}] ) | (?!) ) )* ) | [^\s""'\\,}\]{[]+ )"
        + " | (?<lead> " + NameStart + "(?= " + NameChars + " %(?:25)*2[27] ) " + MemberName
        + @" (?<quote> %(?<level>(?:25)*)2[27] ) (?: : | %(?-i:\k<level>)3a ) (?: \s | \+ | %(?-i:\k<level>)20 )* )"
        + @" (?: (?<open> [[{] | %(?-i:\k<level>)[57]b ) (?> (?: (?(open) (?: (?<! %(?:25)*5c ) (?-i:\k<quote>) (?> (?: (?! (?<! %(?:25)*5c ) (?-i:\k<quote>) ) [^\s""'] )* ) (?-i:\k<quote>)?"
        + @" | (?<open> [[{] | %(?-i:\k<level>)[57]b ) | (?<-open> [\]}] | %(?-i:\k<level>)[57]d ) | [^\s""'[{\]}] | (?<= [,:[{] ) \s ) | (?!) ) )* ) | [a-z0-9_.+*-]+ ) )",
        Options)]
    private static partial Regex OtherMember();

    // Authorization: Bearer …, x-auth-token: …, within prose and percent-encoded.
    [GeneratedRegex(
        @"\G (?<lead> " + NameStart + "(?= " + NameChars + @" (?: [ \t]* : | %(?:25)*3a ) ) " + HeaderName
        + @" (?: [ \t]* : (?: [ \t]+ | (?<= authorization \s* : ) ) | %(?:25)*3a (?: [ \t+] | %(?:25)*20 )* )"
        + @" (?: (?: Basic | Bearer | Digest | Negotiate | OSS | QBox | Qiniu | Token | UpToken | UpYun ) (?: [ \t+] | %(?:25)*20 )+ )? )"
        + @"(?> (?: [^\s""'<>|;\\)\]},`{[&%] | % (?! (?:25)*(?:0[ad]|20|22|26|27|2c|3b|3c|3e|5d|7d) ) | , (?! [\s""'<>(){}[\]\\|;&] | $ )"
        + " | [)\\]}] (?= [a-z0-9_~*!$+-] ) )+ )",
        Options)]
    private static partial Regex Header();

    // The text that may precede JSON: nothing, or the type of a workflow operation.
    [GeneratedRegex(@"^ \s* (?: [a-z0-9_./-]+ \s )? \z", Options)]
    private static partial Regex BeforeJson();

    // A query may be percent-encoded, even repeatedly. Then the end of a value is encoded the same way.
    [GeneratedRegex(
        @"\G (?<lead> (?: " + NameStart + "(?= " + NameChars + @" (?: [=[\]] | \\+u003d | %(?:25)*(?:3d|5b|5d) ) ) " + ParameterName + " | " + QuerySeparator + QueryName + " )"
        + @" (?: \[ [a-z0-9_]{0,32} \] | \] | %(?:25)*5b [a-z0-9_]{0,32} %(?:25)*5d | %(?:25)*5d )? (?: = | \\+u003d | %(?<level>(?:25)*)3d ) )",
        Options)]
    private static partial Regex Credential();

    // A password may contain the separators of commands, and @. The last @ before the path ends it.
    private const string UserChar = @"[^/?\#\s@""<>\\]";

    private const string EncodedAt = @"%(?-i:\k<level>)40";

    private const string EncodedUserChar = @"(?: (?! %(?-i:\k<level>)(?:2f|3f|23|40) | %(?:25)*3a (?: %(?:25)*2f ){2} ) " + UserChar + " )";

    // The search stops where the next URL begins. The scheme of a URL in an object key may have been mistaken for its bucket.
    [GeneratedRegex(
        @"(?<lead> (?: (?<![a-z0-9+.-]) [a-z][a-z0-9+.-]* : | ^ ) (?: \\*/ | \\+u002f ){2} )"
        + " (?> " + UserChar + "+ (?: @ (?= " + UserChar + "* @ ) " + UserChar + "* )* ) (?<at> @ )"
        + @" | (?<lead> (?<![a-z0-9+.-]) [a-z][a-z0-9+.-]* %(?<level>(?:25)*)3a (?: %(?-i:\k<level>)2f ){2} )"
        + " (?> " + EncodedUserChar + "+ (?: " + EncodedAt + " (?= " + EncodedUserChar + "* " + EncodedAt + " ) " + EncodedUserChar + "* )* ) (?<at> " + EncodedAt + " )",
        Options)]
    private static partial Regex UserInfo();

    // The notify and upload URLs of a FopWatch host, whose common token is enough to call both, and the signature of a command:
    // saveas/<file>/sign/<access key>:<signature>.
    [GeneratedRegex(
        "(?<lead> api " + Slash + " (?: notify | uploads ) " + Slash + " [a-z0-9_-]+ " + Slash + " ) [a-z0-9_-]+"
        + " | (?<lead> saveas " + Slash + " (?> [a-z0-9+_=-]+ ) " + Slash + " sign " + Slash + " ) [a-z0-9_-]{8,64} (?: : | %(?:25)*3a ) [a-z0-9+_=-]+",
        Options)]
    private static partial Regex NotifyToken();

    // A URL that is plain, without a scheme, percent-encoded, or Base64-encoded once or twice.
    [GeneratedRegex(":// | ^// | %(?:25)*3a %(?:25)*2f | (?-i: aHR0 | YUhSM )", Options)]
    private static partial Regex Url();
}
